//! Searches, page by page.

use ldap3::{
    Scope, SearchEntry,
    adapters::{Adapter, EntriesOnly, PagedResults},
};

use crate::{Directory, DirectoryError, computer::first, connect::Connection};

/// Everything that a filter fits, page by page, until `take` has enough. References to other servers
/// are left out.
pub(crate) async fn each(
    connection: &mut Connection,
    (base, scope): (&str, Scope),
    filter: &str,
    attributes: &[&'static str],
    mut take: impl FnMut(SearchEntry) -> Result<(), DirectoryError> + Send,
) -> Result<(), DirectoryError> {
    let failed = |error| DirectoryError::of(error, base);
    let adapters: Vec<Box<dyn Adapter<'_, _, _>>> = vec![
        Box::new(EntriesOnly::new()),
        Box::new(PagedResults::new(PAGE)),
    ];
    let ldap = connection.ldap();
    let mut found = ldap
        .streaming_search_with(adapters, base, scope, filter, attributes.to_vec())
        .await
        .map_err(failed)?;
    while let Some(entry) = found.next().await.map_err(failed)? {
        // Who has enough leaves: the connection ends with the question, and the search with it.
        take(SearchEntry::construct(entry))?;
    }
    let result = found.finish().await;
    match result.rc {
        0 => Ok(()),
        _ => Err(DirectoryError::of_result(&result, base)),
    }
}

/// One entry by its name.
pub(crate) async fn one(
    connection: &mut Connection,
    dn: &str,
    attributes: &[&'static str],
) -> Result<SearchEntry, DirectoryError> {
    let mut found = None;
    let place = (dn, Scope::Base);
    each(connection, place, ANYTHING, attributes, |entry| {
        found = Some(entry);
        Ok(())
    })
    .await?;
    found.ok_or_else(|| DirectoryError::NoContainer {
        dn: dn.to_owned(),
        closest: String::new(),
    })
}

/// The name under which everything is: the one that was given, else what the directory says of
/// itself.
pub(crate) async fn base(
    connection: &mut Connection,
    directory: &Directory,
) -> Result<String, DirectoryError> {
    if let Some(base) = &directory.base {
        return canonical(connection, base).await;
    }
    let root = one(connection, "", &["defaultNamingContext", "namingContexts"]).await?;
    let base = first(&root, "defaultNamingContext").or_else(|| first(&root, "namingContexts"));
    base.ok_or(DirectoryError::NoBase)
}

/// A container's name as the directory writes it, by which the names of what is in it end.
pub(crate) async fn canonical(
    connection: &mut Connection,
    dn: &str,
) -> Result<String, DirectoryError> {
    Ok(one(connection, dn, &["1.1"]).await?.dn)
}

const ANYTHING: &str = "(objectClass=*)";

/// Half of what Active Directory gives at most.
const PAGE: i32 = 500;
