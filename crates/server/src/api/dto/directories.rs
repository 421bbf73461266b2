//! Directories, as clients see them.

use eidetic_directory::{ListedContainer, Trust};
use eidetic_model::Item;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::problem::{ApiError, ApiResult},
    components::Components,
    directory::{
        AskError, LeftContainer,
        settings::{DirectorySettings, SecurityWord},
    },
    plans::is_distinguished_name,
};

/// The directories of which containers can be items of plans.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DirectoryList {
    /// The directories, by name.
    pub directories: Vec<DirectoryView>,
}

/// A directory, and how it is asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DirectoryView {
    /// What plans and people call it.
    pub name: String,
    /// The name or address of its server.
    pub server: String,
    /// The port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SecurityWord,
    /// Whether its certificate must be of an authority that was given.
    pub has_authority: bool,
    /// The SHA-256 of the certificate that it showed first and must show again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pinned: Option<String>,
    /// The distinguished name under which everything is, if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub base: Option<String>,
    /// The name of the account with which it is asked.
    pub account: String,
    /// How often it is asked for its computers.
    pub refresh_minutes: u32,
}

/// How a directory is to be asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryRequest {
    /// What plans and people call it: 1 to 100 characters; case does not count.
    pub name: String,
    /// The name or address of its server.
    pub server: String,
    /// The port. Default: 636 for LDAPS, 389 for StartTLS.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is encrypted; in the open it is never asked. Default: LDAPS.
    #[serde(default = "ldaps")]
    pub security: SecurityWord,
    /// The certificate of the authority that made the server's, as PEM text. Without it, the
    /// certificate that the server shows first is kept, and must be shown again.
    #[serde(default)]
    pub authority: Option<String>,
    /// Keeps the authority that is there; `authority` is left out then.
    #[serde(default)]
    pub keep_authority: bool,
    /// The distinguished name under which everything is. Default: what the directory says.
    #[serde(default)]
    pub base: Option<String>,
    /// The name of an account for collecting data, with a password. Its user is written
    /// `user@domain`, `DOMAIN\user` or as a distinguished name.
    pub account: String,
    /// How often it is asked for its computers, 5 to 1440 minutes. Default: 30.
    #[serde(default)]
    pub refresh_minutes: Option<u32>,
}

/// Which directory is meant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryName {
    /// Its name.
    pub name: String,
}

/// What came of trying a directory.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct DirectoryTest {
    /// Whether it answered as it should.
    pub is_good: bool,
    /// The kind of failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<&'static str>,
    /// What failed, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<String>,
    /// The distinguished name under which everything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub base: Option<String>,
    /// The SHA-256 of the certificate that it showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub certificate: Option<String>,
}

/// Into which container to look.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainersRequest {
    /// The name of the directory.
    pub directory: String,
    /// The container's distinguished name. Default: the base.
    #[serde(default)]
    pub container: Option<String>,
}

/// What is directly in a container.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Containers {
    /// The container's distinguished name, as the directory writes it.
    pub container: String,
    /// The containers in it.
    pub containers: Vec<ContainerName>,
    /// Whether there are more than are listed.
    pub are_more: bool,
}

/// A container.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContainerName {
    /// What it is called.
    pub name: String,
    /// Its distinguished name.
    pub container: String,
}

/// What a directory said last of a container that is an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContainerState {
    /// How many computers it has there.
    pub found: u64,
    /// How many others are disabled, and left out.
    pub disabled: u32,
    /// How many others have no name that a computer can have, and are left out.
    pub nameless: u32,
    /// When it said so; not there if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub read_us: Option<i64>,
    /// Why it did not answer when it was asked last. What it said before stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<ContainerProblem>,
    /// Computers that were there and are not any more, the latest first: at most 100.
    pub gone: Vec<GoneComputer>,
}

/// Why a directory did not answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContainerProblem {
    /// The kind of failure.
    pub code: String,
    /// What failed, and what to do about it.
    pub message: String,
}

/// A computer that is not in its container any more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoneComputer {
    /// Its name.
    pub name: String,
    /// Since when that is known.
    pub since_us: i64,
}

/// Where a computer was in a directory, and is not any more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeftDirectory {
    /// The directory and container, in words.
    pub container: String,
    /// Since when that is known.
    pub since_us: i64,
}

impl DirectoryRequest {
    /// The settings, or what is wrong with them. `before` is the directory of that name.
    pub fn read(self, before: Option<&DirectorySettings>) -> ApiResult<DirectorySettings> {
        let mut wrong = Vec::new();
        let mut check = |field: &str, text: &str, most: usize| {
            if !(1..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                let message = format!("must have 1 to {most} characters, and no control character");
                wrong.push((field.to_owned(), message));
            }
        };
        let filled = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        let name = self.name.trim().to_owned();
        let server = self.server.trim().trim_matches(['[', ']']).to_owned();
        check("name", &name, 100);
        check("server", &server, 253);
        check("account", self.account.trim(), 100);
        let base = filled(self.base);
        if base.as_deref().is_some_and(|dn| !is_distinguished_name(dn)) {
            let message = "must be a distinguished name, such as DC=corp,DC=example";
            wrong.push(("base".to_owned(), message.to_owned()));
        }
        let authority = match self.keep_authority {
            true => before.and_then(|before| before.authority.clone()),
            false => filled(self.authority),
        };
        if let Some(text) = &authority {
            if text.len() > MAX_AUTHORITY {
                wrong.push(("authority".to_owned(), "is too long".to_owned()));
            } else if let Err(error) = Trust::Authorities(text.clone()).check() {
                wrong.push(("authority".to_owned(), error.to_string()));
            }
        }
        if self.port == Some(0) {
            wrong.push(("port".to_owned(), "must be 1 to 65535".to_owned()));
        }
        let refresh_minutes = self.refresh_minutes.unwrap_or(DEFAULT_REFRESH);
        if !(5..=1_440).contains(&refresh_minutes) {
            wrong.push(("refresh_minutes".to_owned(), "must be 5 to 1440".to_owned()));
        }
        if !wrong.is_empty() {
            return Err(ApiError::fields(wrong));
        }
        Ok(DirectorySettings {
            name,
            server,
            port: self.port.unwrap_or(match self.security {
                SecurityWord::Ldaps => 636,
                SecurityWord::Starttls => 389,
            }),
            security: self.security,
            authority,
            pinned: None,
            base,
            account: self.account.trim().to_owned(),
            refresh_minutes,
        })
    }
}

impl From<DirectorySettings> for DirectoryView {
    fn from(settings: DirectorySettings) -> Self {
        Self {
            name: settings.name,
            server: settings.server,
            port: settings.port,
            security: settings.security,
            has_authority: settings.authority.is_some(),
            pinned: settings.pinned,
            base: settings.base,
            account: settings.account,
            refresh_minutes: settings.refresh_minutes,
        }
    }
}

impl From<&AskError> for DirectoryTest {
    fn from(error: &AskError) -> Self {
        Self {
            code: Some(error.code()),
            message: Some(error.to_string()),
            ..Self::default()
        }
    }
}

impl From<ListedContainer> for Containers {
    fn from(listed: ListedContainer) -> Self {
        let containers = listed.containers.into_iter();
        Self {
            container: listed.dn,
            containers: containers
                .map(|(name, container)| ContainerName { name, container })
                .collect(),
            are_more: listed.are_more,
        }
    }
}

impl ContainerState {
    /// What is known of an item, if it is a container.
    pub fn of(item: &Item, components: &Components) -> Option<Self> {
        let Item::Container(item) = item else {
            return None;
        };
        let snapshot = components.directories.snapshot(&item.container);
        let Some(snapshot) = snapshot else {
            return Some(Self {
                found: 0,
                disabled: 0,
                nameless: 0,
                read_us: None,
                problem: None,
                gone: Vec::new(),
            });
        };
        let gone = snapshot.gone.into_iter().take(MAX_GONE);
        Some(Self {
            found: snapshot.computers.len() as u64,
            disabled: snapshot.disabled,
            nameless: snapshot.nameless,
            read_us: snapshot.read_us,
            problem: snapshot.problem.map(|problem| ContainerProblem {
                code: problem.code,
                message: problem.message,
            }),
            gone: gone
                .map(|gone| GoneComputer {
                    name: gone.computer.dns_name.unwrap_or(gone.computer.name),
                    since_us: gone.since_us,
                })
                .collect(),
        })
    }
}

impl From<LeftContainer> for LeftDirectory {
    fn from(left: LeftContainer) -> Self {
        Self {
            container: match left.container {
                Some(dn) => format!("{dn} of directory {}", left.directory),
                None => format!("directory {}", left.directory),
            },
            since_us: left.since.as_unix_micros(),
        }
    }
}

const fn ldaps() -> SecurityWord {
    SecurityWord::Ldaps
}

const DEFAULT_REFRESH: u32 = 30;
const MAX_AUTHORITY: usize = 100_000;
const MAX_GONE: usize = 100;
