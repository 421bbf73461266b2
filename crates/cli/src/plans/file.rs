//! Plans as they stand in a file.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A file with plans, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The plans.
    #[serde(default, rename = "plan")]
    pub plans: Vec<Plan>,
}

/// One plan, as the server takes it. What it says in detail is for the server to judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What its agents do.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Which computers belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Map<String, Value>>,
    /// How the agent comes to them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub deployment: Map<String, Value>,
}

impl PlanFile {
    /// Reads a file.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let file: Self = toml::from_str(text).context("this is no file with plans")?;
        if file.plans.is_empty() {
            bail!("there is no plan in it: each begins with a line [[plan]]");
        }
        let mut names = HashSet::new();
        for plan in &file.plans {
            if !names.insert(plan.key()) {
                bail!("the plan {:?} is in it twice", plan.name);
            }
        }
        Ok(file)
    }

    /// Writes the file.
    pub fn write(&self) -> anyhow::Result<String> {
        let text = toml::to_string(self).context("failed to write the plans as TOML")?;
        Ok(format!("{HEAD}\n{text}"))
    }
}

impl Plan {
    /// By what plans are told apart: case does not count.
    pub fn key(&self) -> String {
        key(&self.name)
    }
}

/// By what a name is found.
pub fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

const HEAD: &str = "\
# Monitoring plans, in their order: of those that name a computer the first counts.
# `eidetic plan diff FILE` shows what applying this changes, `eidetic plan apply FILE` does it.
";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(value: Value) -> Plan {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let file = PlanFile {
            plans: vec![
                plan(json!({
                    "name": "Jump \"hosts\"",
                    "description": "in\ntwo lines",
                    "settings": {
                        "monitor": true,
                        "spool_max_bytes": 9_007_199_254_740_992_u64,
                        "users": {
                            "only_listed": true,
                            "listed": [{"user": "CORP\\*"}, {"group": "ops"}],
                            "except": [],
                        },
                        "quality": "high",
                    },
                    "items": [
                        {"kind": "computer", "computer": "RDS01"},
                        {"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9",
                         "exclude": [{"from": "10.0.0.2", "to": "10.0.0.2"}]},
                        {"kind": "directory_container", "directory": "Corp",
                         "container": "OU=A,DC=b", "types": ["servers"], "account": "own"},
                    ],
                    "deployment": {"automatic": true, "account": "office"},
                })),
                plan(json!({"name": "Default plan"})),
            ],
        };
        let text = file.write().unwrap();
        assert!(text.starts_with("# Monitoring plans"), "{text}");
        assert_eq!(PlanFile::read(&text).unwrap(), file);
    }

    #[test]
    fn a_file_written_by_hand_says_what_is_wrong_with_it() {
        for (text, words) in [
            ("", "there is no plan in it"),
            ("[[plan]]\n", "missing field `name`"),
            (
                "[[plan]]\nname = \"A\"\ncolour = 1",
                "unknown field `colour`",
            ),
            (
                "[[plan]]\nname = \"A\"\n[[plan]]\nname = \" a\"",
                "in it twice",
            ),
            ("[[plan]\n", "this is no file with plans"),
        ] {
            let error = format!("{:#}", PlanFile::read(text).unwrap_err());
            assert!(error.contains(words), "{text:?}: {error}");
        }
        let hand = "[[plan]]\nname = 'A'\nitems = [{ kind = 'computer', computer = 'pc7' }]\n\
            [plan.settings]\nquality = 'low'\nusers.except = [{ user = 'backup' }]\n";
        let file = PlanFile::read(hand).unwrap();
        assert_eq!(
            file.plans[0].settings["users"]["except"][0]["user"],
            "backup"
        );
    }
}
