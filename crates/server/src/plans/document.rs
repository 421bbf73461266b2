//! A plan as an administrator writes it.

use std::{collections::HashMap, net::IpAddr};

use eidetic_model::{
    AddressRange, ComputerKind, ContainerItem, DirectoryContainer, Item, ItemProblem, MAX_EXCLUDED,
    Policy, Range,
};
use eidetic_search::fold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    book::PlanError,
    deployment::DeploymentDocument,
    settings::{PlanSettings, field_of},
};

/// A monitoring plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// Its name: 1 to 100 characters, another for each plan; case does not count.
    pub name: String,
    /// What it is for, up to 1000 characters.
    #[serde(default)]
    pub description: String,
    /// Which computers belong to it. At most 500; none in the default plan.
    #[serde(default)]
    pub items: Vec<ItemDocument>,
    /// What its agents do.
    #[serde(default)]
    pub settings: PlanSettings,
    /// How the agent comes to its computers.
    #[serde(default, skip_serializing_if = "DeploymentDocument::is_default")]
    pub deployment: DeploymentDocument,
}

/// Something that says which computers belong to a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemDocument {
    /// One computer.
    Computer(ComputerItem),
    /// All computers with an address in a range.
    IpRange(AddressesItem),
    /// All computers that a directory has in a container.
    DirectoryContainer(DirectoryItem),
}

/// One computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputerItem {
    /// Its name with the domain (`rds01.corp.example`), its NetBIOS name (`RDS01`), or its IPv4 or
    /// IPv6 address.
    pub computer: String,
    /// The account for it, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// All computers with an address in a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressesItem {
    /// The first address.
    #[schema(value_type = String)]
    pub from: IpAddr,
    /// The last address.
    #[schema(value_type = String)]
    pub to: IpAddr,
    /// Parts of it that are left out. At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<RangeDocument>,
    /// The account for its computers, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// All computers that a directory has in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryItem {
    /// The name of the directory, as it is in the server's settings.
    pub directory: String,
    /// The distinguished name of the container, with all that are in it; the whole domain, if it is
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What the computers are. All, if it is left out.
    #[serde(default = "all_types", skip_serializing_if = "is_all_types")]
    pub types: Vec<ComputerType>,
    /// The distinguished names of containers in it that are left out. At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The account for its computers, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What computers of a directory are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComputerType {
    /// They keep the domain's directory.
    DomainControllers,
    /// Their operating system has "Server" in its name, and they are no domain controllers.
    Servers,
    /// All others.
    Workstations,
}

/// Addresses from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeDocument {
    /// The first address.
    #[schema(value_type = String)]
    pub from: IpAddr,
    /// The last address.
    #[schema(value_type = String)]
    pub to: IpAddr,
}

/// A document that was found good.
pub(super) struct Checked {
    pub document: PlanDocument,
    pub items: Vec<Item>,
    pub policy: Policy,
}

impl PlanDocument {
    /// Finds everything that is wrong with the document by itself.
    pub(super) fn checked(mut self) -> Result<Checked, PlanError> {
        let mut wrong = Vec::new();
        self.name = self.name.trim().to_owned();
        let characters = self.name.chars().count();
        if !(1..=MAX_NAME_CHARACTERS).contains(&characters) {
            let message = format!("must have 1 to {MAX_NAME_CHARACTERS} characters");
            wrong.push(("name".to_owned(), message));
        } else if self.name.chars().any(char::is_control) {
            wrong.push(("name".to_owned(), "has a control character".to_owned()));
        }
        if self.description.chars().count() > MAX_DESCRIPTION_CHARACTERS {
            let message = format!("must have at most {MAX_DESCRIPTION_CHARACTERS} characters");
            wrong.push(("description".to_owned(), message));
        }
        let items = self.check_items(&mut wrong);
        let policy = Policy::try_from(&self.settings)
            .map_err(|error| {
                let field = format!("settings.{}", field_of(&error));
                wrong.push((field, error.to_string()));
            })
            .unwrap_or_default();
        for (field, days) in [
            ("video_retention_days", self.settings.video_retention_days),
            ("record_retention_days", self.settings.record_retention_days),
        ] {
            if days > MAX_RETENTION_DAYS {
                let message =
                    format!("is {days}, must be at most {MAX_RETENTION_DAYS}; 0 is for ever");
                wrong.push((format!("settings.{field}"), message));
            }
        }
        wrong.extend(self.deployment.check(&self.items));
        if !wrong.is_empty() {
            return Err(PlanError::Fields(wrong));
        }
        Ok(Checked {
            document: self,
            items,
            policy,
        })
    }

    /// What is different in `other`, for a person.
    pub fn changes_in(&self, other: &Self) -> String {
        let mut changes = Vec::new();
        if self.name != other.name {
            changes.push(format!("name {:?} to {:?}", self.name, other.name));
        }
        if self.description != other.description {
            changes.push("description".to_owned());
        }
        let gone = self.items.iter().filter(|item| !other.items.contains(item));
        let come = other.items.iter().filter(|item| !self.items.contains(item));
        changes.extend(
            gone.take(MAX_SHOWN)
                .map(|item| format!("without {}", item.in_words())),
        );
        changes.extend(
            come.take(MAX_SHOWN)
                .map(|item| format!("with {}", item.in_words())),
        );
        if self.deployment != other.deployment {
            changes.push("how agents are installed".to_owned());
        }
        let settings = self.settings.changes_in(&other.settings);
        if !settings.is_empty() {
            changes.push(settings);
        }
        changes.join(", ")
    }

    fn check_items(&self, wrong: &mut Vec<(String, String)>) -> Vec<Item> {
        if self.items.len() > MAX_ITEMS {
            let message = format!(
                "there are {}, at most {MAX_ITEMS} are taken",
                self.items.len()
            );
            wrong.push(("items".to_owned(), message));
            return Vec::new();
        }
        let mut items = Vec::new();
        let mut places = HashMap::new();
        for (place, document) in self.items.iter().enumerate() {
            let item = match document.read() {
                Ok(item) => item,
                Err((field, problem)) => {
                    wrong.push((format!("items[{place}].{field}"), problem.to_string()));
                    continue;
                }
            };
            if let Some(first) = places.insert(item.clone(), place) {
                let message = format!("is the same as items[{first}]");
                wrong.push((format!("items[{place}]"), message));
            }
            items.push(item);
        }
        items
    }
}

impl ItemDocument {
    /// The item, or which field is wrong and how.
    fn read(&self) -> Result<Item, (String, ItemProblem)> {
        match self {
            Self::Computer(item) => {
                let name = item.computer.parse();
                let name = name.map_err(|problem| ("computer".to_owned(), problem));
                Ok(Item::Computer(name?))
            }
            Self::IpRange(item) => {
                let range = Range::new(item.from, item.to);
                let range = range.map_err(|problem| ("to".to_owned(), problem))?;
                let excluded = item.exclude.iter().enumerate().map(|(place, part)| {
                    let range = Range::new(part.from, part.to);
                    range.map_err(|problem| (format!("exclude[{place}].to"), problem))
                });
                let excluded = excluded.collect::<Result<_, _>>()?;
                let range = AddressRange::new(range, excluded);
                let range = range.map_err(|problem| ("exclude".to_owned(), problem))?;
                Ok(Item::Addresses(range))
            }
            Self::DirectoryContainer(item) => item.read().map(Item::Container),
        }
    }

    /// The name of the account that it has for its computers.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Computer(item) => item.account.as_deref(),
            Self::IpRange(item) => item.account.as_deref(),
            Self::DirectoryContainer(item) => item.account.as_deref(),
        }
    }

    /// For a person, on one line.
    pub fn in_words(&self) -> String {
        match self {
            Self::DirectoryContainer(item) => item.in_words(),
            Self::Computer(item) => format!("computer {}", item.computer.trim()),
            Self::IpRange(item) if item.exclude.is_empty() => {
                format!("addresses {} – {}", item.from, item.to)
            }
            Self::IpRange(item) => {
                let parts = item.exclude.iter().map(|part| match part.from == part.to {
                    true => part.from.to_string(),
                    false => format!("{} – {}", part.from, part.to),
                });
                let parts: Vec<_> = parts.collect();
                let without = parts.join(", ");
                format!("addresses {} – {} without {without}", item.from, item.to)
            }
        }
    }
}

impl DirectoryItem {
    fn read(&self) -> Result<ContainerItem, (String, ItemProblem)> {
        let name = |field: &str, dn: &str| match dn.trim() {
            dn if is_distinguished_name(dn) => Ok(fold(dn)),
            dn => {
                let dn = dn.chars().take(80).collect();
                Err((field.to_owned(), ItemProblem::Container(dn)))
            }
        };
        if self.types.is_empty() {
            return Err(("types".to_owned(), ItemProblem::NoKind));
        }
        if self.exclude.len() > MAX_EXCLUDED {
            let many = ItemProblem::TooManyExcluded(self.exclude.len());
            return Err(("exclude".to_owned(), many));
        }
        let container = self.container.as_deref().map(|dn| name("container", dn));
        let excluded = self.exclude.iter().enumerate();
        let excluded = excluded.map(|(place, dn)| name(&format!("exclude[{place}]"), dn));
        Ok(ContainerItem::new(DirectoryContainer {
            directory: fold(self.directory.trim()),
            container: container.transpose()?,
            kinds: self.types.iter().copied().map(ComputerKind::from).collect(),
            excluded: excluded.collect::<Result<_, _>>()?,
        }))
    }

    fn in_words(&self) -> String {
        let all = "everything".to_owned();
        let mut words = format!(
            "{} of directory {}",
            self.container
                .as_deref()
                .map_or(all, |dn| dn.trim().to_owned()),
            self.directory.trim()
        );
        if !is_all_types(&self.types) {
            let types = self.types.iter().map(|kind| match kind {
                ComputerType::DomainControllers => "domain controllers",
                ComputerType::Servers => "servers",
                ComputerType::Workstations => "workstations",
            });
            let types: Vec<_> = types.collect();
            words = format!("{} in {words}", types.join(" and "));
        }
        if !self.exclude.is_empty() {
            words = format!("{words} without {}", self.exclude.join("; "));
        }
        words
    }
}

impl From<ComputerType> for ComputerKind {
    fn from(computer: ComputerType) -> Self {
        match computer {
            ComputerType::DomainControllers => Self::DomainController,
            ComputerType::Servers => Self::Server,
            ComputerType::Workstations => Self::Workstation,
        }
    }
}

/// Only the directory itself knows whether it is one; this finds slips of the pen.
pub(crate) fn is_distinguished_name(text: &str) -> bool {
    let has_type = text.split(',').next().is_some_and(|first| {
        let type_of = first.split_once('=').map(|(name, _)| name.trim());
        type_of.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        })
    });
    has_type && text.len() <= MAX_DN_BYTES && !text.chars().any(char::is_control)
}

fn all_types() -> Vec<ComputerType> {
    vec![
        ComputerType::DomainControllers,
        ComputerType::Servers,
        ComputerType::Workstations,
    ]
}

fn is_all_types(types: &[ComputerType]) -> bool {
    all_types().iter().all(|kind| types.contains(kind))
}

const MAX_DN_BYTES: usize = 2_000;
const MAX_NAME_CHARACTERS: usize = 100;
const MAX_DESCRIPTION_CHARACTERS: usize = 1_000;
const MAX_ITEMS: usize = 500;
const MAX_RETENTION_DAYS: u32 = 36_500;

/// So many items that came or went are told of.
const MAX_SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> Vec<String> {
        let document: PlanDocument = serde_json::from_str(json).unwrap();
        match document.checked().map(|_| ()) {
            Err(PlanError::Fields(fields)) => fields.into_iter().map(|(field, _)| field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_by_its_field() {
        let fields = wrong(
            r#"{"name": " ", "items": [
                {"kind": "computer", "computer": "rds01"},
                {"kind": "computer", "computer": "10.0.0.256"},
                {"kind": "ip_range", "from": "10.0.0.9", "to": "10.0.0.1"},
                {"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9",
                 "exclude": [{"from": "10.0.0.8", "to": "10.0.0.12"}]},
                {"kind": "computer", "computer": "RDS01"},
                {"kind": "directory_container", "directory": "Corp", "container": "Servers"},
                {"kind": "directory_container", "directory": "Corp", "exclude": ["OU=A", "-"]},
                {"kind": "directory_container", "directory": "Corp", "types": []},
                {"kind": "directory_container", "directory": "Corp", "container": "OU=A,DC=b"},
                {"kind": "directory_container", "directory": "CORP", "container": "ou=a,dc=B"}
            ], "settings": {"max_cpu_percent": 0, "video_retention_days": 99999,
                "record_retention_days": 99998}}"#,
        );
        let expected = [
            "name",
            "items[1].computer",
            "items[2].to",
            "items[3].exclude",
            "items[4]",
            "items[5].container",
            "items[6].exclude[1]",
            "items[7].types",
            "items[9]",
            "settings.max_cpu_percent",
            "settings.video_retention_days",
            "settings.record_retention_days",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn an_item_says_in_words_what_it_means() {
        let item = |json: &str| {
            serde_json::from_str::<ItemDocument>(json)
                .unwrap()
                .in_words()
        };
        assert_eq!(
            item(
                r#"{"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9",
                "exclude": [{"from": "10.0.0.2", "to": "10.0.0.2"}]}"#
            ),
            "addresses 10.0.0.1 – 10.0.0.9 without 10.0.0.2"
        );
        assert_eq!(
            item(
                r#"{"kind": "directory_container", "directory": "Corp", "container": "OU=A,DC=b",
                "types": ["servers"], "exclude": ["OU=X,OU=A,DC=b"]}"#
            ),
            "servers in OU=A,DC=b of directory Corp without OU=X,OU=A,DC=b"
        );
        let computer = item(r#"{"kind": "computer", "computer": "RDS01"}"#);
        assert_eq!(computer, "computer RDS01");
    }
}
