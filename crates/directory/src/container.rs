//! What is in a container.

use std::collections::BTreeSet;

use eidetic_model::ComputerKind;
use ldap3::Scope;

use crate::{
    Directory, DirectoryComputer, DirectoryError,
    computer::{self, ATTRIBUTES, Entry, first},
    connect::Connection,
    search,
};

/// Which computers are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerQuery {
    /// The distinguished name of the container, with all that are in it; `None` for the base.
    pub container: Option<String>,
    /// What they are.
    pub kinds: BTreeSet<ComputerKind>,
    /// The distinguished names of containers in it that are left out, with all that are in them.
    pub excluded: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The computers, in the directory's order.
    pub computers: Vec<DirectoryComputer>,
    /// How many others are disabled.
    pub disabled: u32,
    /// How many others have no name that a computer can have.
    pub nameless: u32,
}

/// A container and what is directly in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedContainer {
    /// Its distinguished name, as the directory writes it.
    pub dn: String,
    /// The containers directly in it: what they are called, and their distinguished names.
    pub containers: Vec<(String, String)>,
    /// Whether there are more than are listed.
    pub are_more: bool,
}

/// The most computers that are taken from a container.
pub const MAX_COMPUTERS: usize = 50_000;

pub(crate) async fn computers(
    connection: &mut Connection,
    directory: &Directory,
    query: &ContainerQuery,
) -> Result<Found, DirectoryError> {
    let container = container(connection, directory, query.container.as_deref()).await?;
    // One that is not there any more may have another name now: what was to be left out would be
    // taken in. So that is an error, not nothing.
    let mut excluded = Vec::new();
    for dn in &query.excluded {
        excluded.push(search::canonical(connection, dn).await?);
    }
    let mut found = Found::default();
    let place = (&*container, Scope::Subtree);
    search::each(connection, place, COMPUTERS, &ATTRIBUTES, |entry| {
        if excluded.iter().any(|container| is_in(&entry.dn, container)) {
            return Ok(());
        }
        match computer::read(&entry) {
            Entry::Disabled => found.disabled += 1,
            Entry::Nameless => found.nameless += 1,
            Entry::Computer(computer) if query.kinds.contains(&computer.kind) => {
                if found.computers.len() >= MAX_COMPUTERS {
                    return Err(DirectoryError::TooMany(MAX_COMPUTERS));
                }
                found.computers.push(computer);
            }
            Entry::Computer(_) | Entry::Account => {}
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

pub(crate) async fn list(
    connection: &mut Connection,
    directory: &Directory,
    parent: Option<String>,
) -> Result<ListedContainer, DirectoryError> {
    let dn = container(connection, directory, parent.as_deref()).await?;
    let mut listed = ListedContainer {
        dn: dn.clone(),
        containers: Vec::new(),
        are_more: false,
    };
    let place = (&*dn, Scope::OneLevel);
    let names = ["name", "ou", "cn"];
    let done = search::each(connection, place, CONTAINERS, &names, |entry| {
        if listed.containers.len() >= MAX_LISTED {
            listed.are_more = true;
            return Err(DirectoryError::TooMany(MAX_LISTED));
        }
        let name = names.iter().find_map(|name| first(&entry, name));
        let name = name.unwrap_or_else(|| entry.dn.clone());
        listed.containers.push((name, entry.dn));
        Ok(())
    })
    .await;
    match done {
        Err(DirectoryError::TooMany(_)) | Ok(()) => {}
        Err(error) => return Err(error),
    }
    listed
        .containers
        .sort_by_cached_key(|(name, _)| name.to_lowercase());
    Ok(listed)
}

async fn container(
    connection: &mut Connection,
    directory: &Directory,
    named: Option<&str>,
) -> Result<String, DirectoryError> {
    match named {
        Some(dn) => search::canonical(connection, dn).await,
        None => search::base(connection, directory).await,
    }
}

/// Whether an entry is in a container or is it. Both names are as the directory writes them, in
/// which commas that separate nothing stand behind a backslash.
fn is_in(dn: &str, container: &str) -> bool {
    let (dn, container) = (dn.to_lowercase(), container.to_lowercase());
    let Some(before) = dn.strip_suffix(&container) else {
        return false;
    };
    let Some(inner) = before.strip_suffix(',') else {
        return before.is_empty();
    };
    let backslashes = inner.len() - inner.trim_end_matches('\\').len();
    backslashes % 2 == 0
}

const COMPUTERS: &str = "(objectClass=computer)";

const CONTAINERS: &str = "(|(objectClass=organizationalUnit)(objectClass=container)\
    (objectClass=builtinDomain)(objectClass=domainDNS)(objectClass=domain))";

/// More than anybody looks through.
const MAX_LISTED: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_what_its_name_ends() {
        let lab = "OU=Lab,DC=corp,DC=example";
        assert!(is_in("CN=pc7,ou=lab,DC=corp,DC=example", lab));
        assert!(is_in("CN=pc7,OU=Deep,OU=Lab,DC=corp,DC=example", lab));
        assert!(is_in("OU=Lab,DC=corp,DC=example", lab));
        assert!(!is_in("CN=pc7,OU=Other,DC=corp,DC=example", lab));
        assert!(!is_in("CN=pc7,OU=NotOU=Lab,DC=corp,DC=example", lab));
        assert!(!is_in("CN=pc7\\,OU=Lab,DC=corp,DC=example", lab));
        assert!(is_in("CN=pc7\\\\,OU=Lab,DC=corp,DC=example", lab));
    }
}
