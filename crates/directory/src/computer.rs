//! A computer, as a directory has it.

use eidetic_model::ComputerKind;
use ldap3::SearchEntry;
use uuid::Uuid;

/// A computer that a directory has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryComputer {
    /// What stays the same when it is renamed or moved: its `objectGUID`; where there is none, its
    /// distinguished name.
    pub id: String,
    /// Its name, without the domain.
    pub name: String,
    /// Its name with the domain, once it has joined.
    pub dns_name: Option<String>,
    /// What it is.
    pub kind: ComputerKind,
    /// What it runs, as it said itself.
    pub operating_system: String,
}

/// What a directory's entry of a computer comes to.
pub(crate) enum Entry {
    Computer(DirectoryComputer),
    Disabled,
    Nameless,
    /// A managed service account: it is of a class of computers, and is none.
    Account,
}

pub(crate) const ATTRIBUTES: [&str; 7] = [
    "objectClass",
    "objectGUID",
    "name",
    "cn",
    "dNSHostName",
    "userAccountControl",
    "operatingSystem",
];

pub(crate) fn read(entry: &SearchEntry) -> Entry {
    // Not in the filter: a directory that does not know the classes would find nothing with it.
    let mut classes = values(entry, "objectClass").iter();
    if classes.any(|class| class.to_lowercase().ends_with("managedserviceaccount")) {
        return Entry::Account;
    }
    let control = first(entry, "userAccountControl").unwrap_or_default();
    // It is a signed number of 32 bits in the directory.
    let control = control.parse::<i64>().unwrap_or_default();
    if control & ACCOUNT_DISABLED != 0 {
        return Entry::Disabled;
    }
    let name = first(entry, "name").or_else(|| first(entry, "cn"));
    let Some(name) = name.filter(|name| is_name(name)) else {
        return Entry::Nameless;
    };
    let operating_system: String = first(entry, "operatingSystem").unwrap_or_default();
    let kind = if control & (SERVER_TRUST | PARTIAL_SECRETS) != 0 {
        ComputerKind::DomainController
    } else if operating_system.to_lowercase().contains("server") {
        ComputerKind::Server
    } else {
        ComputerKind::Workstation
    };
    Entry::Computer(DirectoryComputer {
        id: id(entry),
        name,
        dns_name: first(entry, "dNSHostName").filter(|name| is_name(name)),
        kind,
        operating_system: operating_system.chars().take(MAX_SYSTEM).collect(),
    })
}

fn id(entry: &SearchEntry) -> String {
    let guid = bytes(entry, "objectGUID");
    let guid = guid.and_then(|bytes| Uuid::from_slice_le(bytes).ok());
    guid.map_or_else(|| entry.dn.to_lowercase(), |guid| guid.to_string())
}

/// The text of an attribute, whose name may be in any case.
fn values<'a>(entry: &'a SearchEntry, attribute: &str) -> &'a [String] {
    let mut named = entry.attrs.iter();
    let named = named.find(|(name, _)| name.eq_ignore_ascii_case(attribute));
    named.map_or(&[], |(_, values)| values)
}

/// The first value of an attribute, if it is text.
pub(crate) fn first(entry: &SearchEntry, attribute: &str) -> Option<String> {
    let value = values(entry, attribute).first()?.trim();
    let fits = !value.is_empty() && !value.chars().any(char::is_control);
    fits.then(|| value.to_owned())
}

/// Bytes of a value, also where they happen to be text.
fn bytes<'a>(entry: &'a SearchEntry, attribute: &str) -> Option<&'a [u8]> {
    let is_it = |name: &str| name.eq_ignore_ascii_case(attribute);
    let binary = entry.bin_attrs.iter().find(|(name, _)| is_it(name));
    if let Some(value) = binary.and_then(|(_, values)| values.first()) {
        return Some(value);
    }
    values(entry, attribute).first().map(String::as_bytes)
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

// The bits of userAccountControl, [MS-ADTS] section 2.2.16.
const ACCOUNT_DISABLED: i64 = 0x2;
const SERVER_TRUST: i64 = 0x2000;
const PARTIAL_SECRETS: i64 = 0x0400_0000;

const MAX_NAME: usize = 253;
const MAX_SYSTEM: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &str)]) -> SearchEntry {
        let attrs = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
        SearchEntry {
            dn: "CN=pc7,DC=corp,DC=example".to_owned(),
            attrs: attrs.collect(),
            bin_attrs: Default::default(),
        }
    }

    fn kind(control: &str, system: &str) -> ComputerKind {
        let entry = entry(&[
            ("name", "PC7"),
            ("userAccountControl", control),
            ("operatingSystem", system),
        ]);
        match read(&entry) {
            Entry::Computer(computer) => computer.kind,
            _ => panic!("it is a computer"),
        }
    }

    #[test]
    fn a_computer_is_what_its_account_and_its_system_say() {
        assert_eq!(
            kind("4096", "Windows Server 2022 Standard"),
            ComputerKind::Server
        );
        assert_eq!(kind("4096", "Windows 11 Pro"), ComputerKind::Workstation);
        assert_eq!(kind("4096", ""), ComputerKind::Workstation);
        let controller = ComputerKind::DomainController;
        assert_eq!(kind("532480", "Windows Server 2022 Standard"), controller);
        // A read-only one: WORKSTATION_TRUST_ACCOUNT and PARTIAL_SECRETS_ACCOUNT.
        assert_eq!(kind("83890176", "Windows Server 2022"), controller);
    }

    #[test]
    fn what_is_disabled_or_has_no_name_is_none() {
        let disabled = entry(&[("name", "PC7"), ("userAccountControl", "4098")]);
        assert!(matches!(read(&disabled), Entry::Disabled));
        for name in ["", "a b", "PC7\u{7}"] {
            assert!(matches!(read(&entry(&[("name", name)])), Entry::Nameless));
        }
        let long = "a".repeat(300);
        assert!(matches!(read(&entry(&[("name", &long)])), Entry::Nameless));
    }

    #[test]
    fn a_computer_is_known_by_its_guid_however_its_bytes_look() {
        let mut named = entry(&[("name", "PC7")]);
        let Entry::Computer(computer) = read(&named) else {
            panic!("it is a computer");
        };
        assert_eq!(computer.id, "cn=pc7,dc=corp,dc=example");
        let text = "abcdefghijklmnop";
        named
            .attrs
            .insert("objectguid".to_owned(), vec![text.to_owned()]);
        let Entry::Computer(computer) = read(&named) else {
            panic!("it is a computer");
        };
        assert_eq!(computer.id, "64636261-6665-6867-696a-6b6c6d6e6f70");
    }
}
