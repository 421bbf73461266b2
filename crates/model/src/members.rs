//! Which computers a directory has in a container.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::ComputerFacts;

/// What a computer is in its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComputerKind {
    /// It keeps the domain's directory, perhaps only to read.
    DomainController,
    /// Its operating system has "Server" in its name.
    Server,
    /// Everything else.
    Workstation,
}

/// A container of a directory, of which the computers are meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryContainer {
    /// The name of the directory, in lower case.
    pub directory: String,
    /// The container's distinguished name, in lower case; `None` for all of the directory.
    pub container: Option<String>,
    /// What its computers are.
    pub kinds: BTreeSet<ComputerKind>,
    /// The distinguished names of containers in it that are left out, in lower case.
    pub excluded: BTreeSet<String>,
}

/// All computers that a directory has in a container.
#[derive(Clone, Debug)]
pub struct ContainerItem {
    /// The container.
    pub container: DirectoryContainer,
    /// What the directory said last.
    pub members: Arc<Members>,
}

/// The computers that a directory has in a container, found by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    members: Vec<Member>,
    /// With the domain.
    full: HashMap<String, usize>,
    /// Without, of those that have no other.
    only_short: HashMap<String, usize>,
    /// Without, of those that have one with the domain, too.
    also_short: HashMap<String, usize>,
}

/// A computer that a directory has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, without the domain.
    pub name: String,
    /// Its name with the domain, if the directory knows it.
    pub dns_name: Option<String>,
}

impl Members {
    /// These computers.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Self {
        let mut all = Self::default();
        for member in members {
            let place = all.members.len();
            let short = match &member.dns_name {
                None => &mut all.only_short,
                Some(name) => {
                    all.full.entry(fold(name)).or_insert(place);
                    &mut all.also_short
                }
            };
            short.entry(fold(&member.name)).or_insert(place);
            all.members.push(member);
        }
        all
    }

    /// All of them.
    pub fn all(&self) -> &[Member] {
        &self.members
    }

    /// The place in [`Members::all`] of a computer that is known by this. It is found as one computer
    /// would be by its name; where both names are known with their domains, both have to be the same.
    pub fn place_of(&self, computer: &ComputerFacts) -> Option<usize> {
        let names: Vec<_> = computer.names.iter().map(|name| fold(name)).collect();
        if let Some(place) = names.iter().find_map(|name| self.full.get(name)) {
            return Some(*place);
        }
        let says_domain = names.iter().any(|name| name.contains('.'));
        let labels = names.iter().filter_map(|name| name.split('.').next());
        let by_label = |names: &HashMap<String, usize>, label: &str| {
            let cut = label.get(..NETBIOS_CHARACTERS);
            let cut = cut.and_then(|cut| names.get(cut));
            names.get(label).or(cut).copied()
        };
        labels
            .filter_map(|label| {
                let also = || by_label(&self.also_short, label).filter(|_| !says_domain);
                by_label(&self.only_short, label).or_else(also)
            })
            .next()
    }
}

impl ContainerItem {
    /// A container of which nothing is known yet.
    pub fn new(container: DirectoryContainer) -> Self {
        Self {
            container,
            members: Arc::default(),
        }
    }
}

// What the directory said last does not make it another item.
impl PartialEq for ContainerItem {
    fn eq(&self, other: &Self) -> bool {
        self.container == other.container
    }
}

impl Eq for ContainerItem {}

impl Hash for ContainerItem {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.container.hash(state);
    }
}

fn fold(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// NetBIOS names are the first fifteen characters of longer ones.
const NETBIOS_CHARACTERS: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[(&str, &str)]) -> Members {
        Members::new(names.iter().map(|(name, dns)| Member {
            name: (*name).to_owned(),
            dns_name: (!dns.is_empty()).then(|| (*dns).to_owned()),
        }))
    }

    fn place(members: &Members, names: &[&str]) -> Option<usize> {
        let names = names.iter().map(|name| (*name).to_owned());
        members.place_of(&ComputerFacts::new(names, []))
    }

    #[test]
    fn a_computer_is_found_by_its_name_with_the_domain_or_alone_where_that_is_all() {
        let all = members(&[("PC7", "pc7.corp.example"), ("PC8", "")]);
        assert_eq!(place(&all, &["pc7", "PC7.Corp.Example."]), Some(0));
        assert_eq!(place(&all, &["pc7"]), Some(0));
        assert_eq!(place(&all, &["pc7", "pc7.lab.example"]), None);
        assert_eq!(place(&all, &["pc8", "pc8.lab.example"]), Some(1));
        assert_eq!(place(&all, &["pc9"]), None);
        assert_eq!(place(&all, &[]), None);
    }

    #[test]
    fn a_netbios_name_is_the_first_fifteen_characters() {
        let all = members(&[("CONTRACTOR-LAPT", "")]);
        assert_eq!(place(&all, &["contractor-laptop-17"]), Some(0));
        assert_eq!(place(&all, &["contractor-lap"]), None);
    }
}
