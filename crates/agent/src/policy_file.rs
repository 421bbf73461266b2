//! The last policy from the server, so that a start without the server follows it too.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use eidetic_model::{
    ApplicationRule, ApplicationSelection, Notification, Policy, PolicyError, PolicyParts,
    Prerequisites, Quality, Recording, ScreenLimits, Selected, ShownPart, SpoolLimits, UserRule,
    UserSelection,
};
use serde::{Deserialize, Serialize};

use crate::state_folder::replace_file;

/// The policy and its revision; `None` if none was ever received.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<(u64, Policy)>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("failed to read the last policy"),
    };
    let file: PolicyFile = toml::from_str(&text).context("failed to parse policy.toml")?;
    let default = PolicyParts::default();
    let notification = match &file.notify_text {
        None => None,
        Some(text) => {
            let closes_after =
                Duration::from_secs(file.notify_closes_after_secs.unwrap_or_default());
            Some(Notification::new(text, closes_after).map_err(PolicyError::from)?)
        }
    };
    let policy = Policy::new(PolicyParts {
        notification,
        recording: match (file.monitoring_off, file.record_screen) {
            (true, _) => Recording::Off,
            (false, true) => Recording::Screen,
            (false, false) => Recording::MetadataOnly,
        },
        users: file.users.into(),
        applications: file.applications.into(),
        limits: ScreenLimits {
            stop_after: file.stop_after_secs.map(Duration::from_secs),
            stop_when_idle_for: file.stop_when_idle_secs.map(Duration::from_secs),
            stop_below_free_bytes: file.stop_below_free_bytes,
        },
        quality: match file.quality {
            None => default.quality,
            Some(word) => Quality::ALL
                .into_iter()
                .find(|quality| quality.as_str() == word)
                .with_context(|| format!("unknown quality {word:?}"))?,
        },
        grayscale: file.grayscale.unwrap_or(default.grayscale),
        max_frames_per_second: file.max_frames_per_second,
        max_cpu_percent: file.max_cpu_percent.unwrap_or(default.max_cpu_percent),
        idle_after: Duration::from_secs(file.idle_after_secs),
        max_titles_per_second: file.max_titles_per_second,
        spool: SpoolLimits {
            max_bytes: file.spool_max_bytes,
            min_free_bytes: file.spool_min_free_bytes,
        },
        prerequisites: match file.mend_prerequisites {
            true => Prerequisites::Mend,
            false => Prerequisites::Report,
        },
    })?;
    Ok(Some((file.revision, policy)))
}

/// Keeps the policy.
pub(crate) fn write(path: &Path, revision: u64, policy: &Policy) -> anyhow::Result<()> {
    let file = PolicyFile {
        revision,
        record_screen: policy.recording() == Recording::Screen,
        quality: Some(policy.quality().as_str().to_owned()),
        grayscale: Some(policy.grayscale()),
        max_cpu_percent: Some(policy.max_cpu_percent()),
        max_frames_per_second: policy.max_frames_per_second(),
        idle_after_secs: policy.idle_after().as_secs(),
        max_titles_per_second: policy.max_titles_per_second(),
        spool_max_bytes: policy.spool().max_bytes,
        spool_min_free_bytes: policy.spool().min_free_bytes,
        monitoring_off: policy.recording() == Recording::Off,
        notify_text: policy.notification().map(|it| it.text().to_owned()),
        notify_closes_after_secs: policy.notification().map(|it| it.closes_after().as_secs()),
        stop_after_secs: policy.limits().stop_after.map(|time| time.as_secs()),
        stop_when_idle_secs: policy
            .limits()
            .stop_when_idle_for
            .map(|time| time.as_secs()),
        stop_below_free_bytes: policy.limits().stop_below_free_bytes,
        users: policy.users().into(),
        applications: policy.applications().into(),
        mend_prerequisites: policy.prerequisites() == Prerequisites::Mend,
    };
    replace_file(path, toml::to_string(&file)?.as_bytes())?;
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct PolicyFile {
    revision: u64,
    record_screen: bool,
    max_frames_per_second: u8,
    idle_after_secs: u64,
    max_titles_per_second: u16,
    spool_max_bytes: u64,
    spool_min_free_bytes: u64,
    /// These three are missing in files of older agents.
    quality: Option<String>,
    grayscale: Option<bool>,
    max_cpu_percent: Option<u8>,
    /// From here on, too.
    #[serde(default)]
    monitoring_off: bool,
    notify_text: Option<String>,
    notify_closes_after_secs: Option<u64>,
    stop_after_secs: Option<u64>,
    stop_when_idle_secs: Option<u64>,
    #[serde(default)]
    stop_below_free_bytes: u64,
    #[serde(default)]
    mend_prerequisites: bool,
    #[serde(default)]
    users: Users,
    #[serde(default)]
    applications: Applications,
}

#[derive(Default, Serialize, Deserialize)]
struct Users {
    only_listed: bool,
    listed: Vec<User>,
    except: Vec<User>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum User {
    User(String),
    Group(String),
}

#[derive(Default, Serialize, Deserialize)]
struct Applications {
    only_listed: bool,
    #[serde(default)]
    only_their_windows: bool,
    listed: Vec<Application>,
    except: Vec<Application>,
}

#[derive(Serialize, Deserialize)]
struct Application {
    title: String,
    description: String,
}

impl From<Users> for UserSelection {
    fn from(file: Users) -> Self {
        let rules = |users: Vec<User>| {
            let rule = |user| match user {
                User::User(pattern) => UserRule::User(pattern),
                User::Group(pattern) => UserRule::Group(pattern),
            };
            users.into_iter().map(rule).collect()
        };
        Self {
            who: match file.only_listed {
                true => Selected::Listed(rules(file.listed)),
                false => Selected::All,
            },
            except: rules(file.except),
        }
    }
}

impl From<&UserSelection> for Users {
    fn from(selection: &UserSelection) -> Self {
        let users = |rules: &[UserRule]| {
            let user = |rule: &UserRule| match rule.clone() {
                UserRule::User(pattern) => User::User(pattern),
                UserRule::Group(pattern) => User::Group(pattern),
            };
            rules.iter().map(user).collect()
        };
        Self {
            only_listed: selection.who != Selected::All,
            listed: users(selection.who.rules()),
            except: users(&selection.except),
        }
    }
}

impl From<Applications> for ApplicationSelection {
    fn from(file: Applications) -> Self {
        let rules = |applications: Vec<Application>| {
            let rule = |Application { title, description }| ApplicationRule { title, description };
            applications.into_iter().map(rule).collect()
        };
        Self {
            which: match file.only_listed {
                true => Selected::Listed(rules(file.listed)),
                false => Selected::All,
            },
            except: rules(file.except),
            shown: match file.only_their_windows {
                true => ShownPart::ListedWindows,
                false => ShownPart::WholeScreen,
            },
        }
    }
}

impl From<&ApplicationSelection> for Applications {
    fn from(selection: &ApplicationSelection) -> Self {
        let applications = |rules: &[ApplicationRule]| {
            let application = |rule: &ApplicationRule| Application {
                title: rule.title.clone(),
                description: rule.description.clone(),
            };
            rules.iter().map(application).collect()
        };
        Self {
            only_listed: selection.which != Selected::All,
            listed: applications(selection.which.rules()),
            except: applications(&selection.except),
            only_their_windows: selection.shown == ShownPart::ListedWindows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        assert_eq!(read(&path).unwrap(), None);
        let policy = Policy::new(PolicyParts {
            notification: Notification::new("Recorded.\nAsk IT.", Duration::from_secs(30)).ok(),
            quality: Quality::Medium,
            grayscale: true,
            max_cpu_percent: 40,
            recording: Recording::Off,
            users: UserSelection {
                who: Selected::Listed(vec![UserRule::Group("ops".into())]),
                except: vec![UserRule::User("CORP\\*".into())],
            },
            applications: ApplicationSelection {
                which: Selected::All,
                except: vec![ApplicationRule {
                    title: "*bank*".into(),
                    description: String::new(),
                }],
                shown: ShownPart::ListedWindows,
            },
            limits: ScreenLimits {
                stop_after: Some(Duration::from_secs(120)),
                stop_when_idle_for: Some(Duration::from_secs(60)),
                stop_below_free_bytes: 7,
            },
            prerequisites: Prerequisites::Mend,
            ..PolicyParts::default()
        })
        .unwrap();
        write(&path, 7, &policy).unwrap();
        assert_eq!(read(&path).unwrap(), Some((7, policy)));
        std::fs::write(&path, "revision = \"many\"").unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn a_file_of_an_older_agent_means_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        let old = "revision = 7\nrecord_screen = true\nmax_frames_per_second = 4\n\
            idle_after_secs = 300\nmax_titles_per_second = 4\n\
            spool_max_bytes = 2147483648\nspool_min_free_bytes = 1073741824\n";
        std::fs::write(&path, old).unwrap();
        assert_eq!(read(&path).unwrap(), Some((7, Policy::default())));
    }
}
