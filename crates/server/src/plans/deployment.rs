//! What a plan says about putting the agent on its computers.

use eidetic_search::fold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::ItemDocument;

/// How the agent comes to the computers of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeploymentDocument {
    /// Whether the server installs the agent by itself, by SSH, on each computer that an item
    /// names, or that a directory has in a container, and that has none. Ranges of addresses are
    /// not searched.
    pub automatic: bool,
    /// The name of the account with which to sign in there, where an item has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Other accounts for some of the computers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<ItemAccount>,
}

/// The account of one computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemAccount {
    /// The computer, as the item names it.
    pub computer: String,
    /// The name of its account.
    pub account: String,
}

impl DeploymentDocument {
    /// The name of the account for a computer that an item means: the item's own, one that is given
    /// for the computer here, or the plan's.
    pub fn account_of<'a>(&'a self, item: &'a ItemDocument, computer: &str) -> Option<&'a str> {
        item.account().or_else(|| self.account_for(computer))
    }

    /// The name of the account for a computer, whatever item means it.
    pub fn account_for(&self, computer: &str) -> Option<&str> {
        let computer = fold(computer.trim());
        let mut own = self.accounts.iter();
        let own = own.find(|own| fold(own.computer.trim()) == computer);
        own.map(|own| &*own.account).or(self.account.as_deref())
    }

    /// Whether it says anything.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong with it, by field.
    pub(super) fn check(&self, items: &[ItemDocument]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let has_own = items.iter().any(|item| item.account().is_some());
        if self.automatic && self.account.is_none() && self.accounts.is_empty() && !has_own {
            let message = "agents cannot be installed without an account: name one";
            wrong.push(("deployment.account".to_owned(), message.to_owned()));
        }
        if self.accounts.len() > MAX_ACCOUNTS {
            let message = format!("at most {MAX_ACCOUNTS} are taken");
            wrong.push(("deployment.accounts".to_owned(), message));
        }
        wrong
    }
}

const MAX_ACCOUNTS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computers_own_account_goes_before_the_plans() {
        let document: DeploymentDocument = serde_json::from_str(
            r#"{"automatic": true, "account": "office",
                "accounts": [{"computer": "RDS01", "account": "servers"}]}"#,
        )
        .unwrap();
        let item = |json: &str| serde_json::from_str::<ItemDocument>(json).unwrap();
        let plain = item(r#"{"kind": "computer", "computer": "RDS01"}"#);
        assert_eq!(document.account_of(&plain, "rds01"), Some("servers"));
        assert_eq!(document.account_of(&plain, "pc7"), Some("office"));
        assert!(document.check(&[]).is_empty());
        let items = [
            r#"{"kind": "computer", "computer": "RDS01", "account": "own"}"#,
            r#"{"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9", "account": "own"}"#,
            r#"{"kind": "directory_container", "directory": "Corp", "account": "own"}"#,
        ]
        .map(item);
        for item in &items {
            assert_eq!(document.account_of(item, "rds01"), Some("own"));
        }
        let document: DeploymentDocument = serde_json::from_str(r#"{"automatic": true}"#).unwrap();
        assert_eq!(document.check(&[plain]).len(), 1);
        assert!(document.check(&items).is_empty());
    }
}
