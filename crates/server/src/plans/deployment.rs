//! What a plan says about putting the agent on its computers.

use eidetic_search::fold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the agent comes to the computers of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeploymentDocument {
    /// Whether the server installs the agent by itself, by SSH, on each computer that an item
    /// names and that has none. Ranges of addresses are not searched.
    pub automatic: bool,
    /// The name of the account with which to sign in there.
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
    /// The name of the account for a computer.
    pub fn account_of(&self, computer: &str) -> Option<&str> {
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
    pub(super) fn check(&self) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if self.automatic && self.account.is_none() && self.accounts.is_empty() {
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
        assert_eq!(document.account_of("rds01"), Some("servers"));
        assert_eq!(document.account_of("pc7"), Some("office"));
        assert!(document.check().is_empty());
        let document: DeploymentDocument = serde_json::from_str(r#"{"automatic": true}"#).unwrap();
        assert_eq!(document.check().len(), 1);
    }
}
