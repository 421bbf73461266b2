//! Accounts for collecting data: with whom the server signs in on other computers.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eidetic_deploy::{Account, Secret, SignInWith};
use eidetic_search::fold;
use eidetic_store::{StoreError, control::ControlStore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::vault::Vault;

/// An account, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// What plans and people call it.
    pub name: String,
    /// The user's name on the computers.
    pub user: String,
    /// How it signs in.
    pub kind: AccountKind,
    /// Which directory has its password, if it is a managed one.
    pub directory: Option<String>,
}

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// With a password.
    Password,
    /// With an SSH key.
    SshKey,
    /// As a group Managed Service Account, of which nothing secret is kept.
    ManagedServiceAccount,
}

/// All accounts, sealed, as they are kept in the control data.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Accounts {
    accounts: Vec<Sealed>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    name: String,
    user: String,
    kind: AccountKind,
    sealed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    secret: String,
    passphrase: Option<String>,
    sudo_password: Option<String>,
}

impl Drop for Content {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.passphrase.zeroize();
        self.sudo_password.zeroize();
    }
}

impl Accounts {
    pub(super) async fn load(control: &dyn ControlStore) -> Result<Self, StoreError> {
        match control.setting(SETTING).await? {
            None => Ok(Self::default()),
            Some((_, text)) => serde_json::from_str(&text).map_err(|error| damaged(&error)),
        }
    }

    pub(super) async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).map_err(|error| damaged(&error))?;
        control.put_setting(SETTING, &text).await.map(drop)
    }

    pub(super) fn list(&self) -> Vec<StoredAccount> {
        self.accounts.iter().map(Sealed::shown).collect()
    }

    /// Keeps an account, in place of one of that name.
    pub(super) fn put(
        &mut self,
        vault: &Vault,
        name: &str,
        account: &Account,
    ) -> Result<(), StoreError> {
        let sealed = Sealed::seal(vault, name, account)?;
        match self.place(name) {
            Some(place) => self.accounts[place] = sealed,
            None => self.accounts.push(sealed),
        }
        self.accounts
            .sort_by_cached_key(|account| fold(&account.name));
        Ok(())
    }

    /// Forgets an account. Whether there was one.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let place = self.place(name);
        if let Some(place) = place {
            self.accounts.remove(place);
        }
        place.is_some()
    }

    /// An account with its secrets; `None` if there is none of that name.
    pub(super) fn open(&self, vault: &Vault, name: &str) -> Option<Result<Account, StoreError>> {
        self.place(name)
            .map(|place| self.accounts[place].open(vault))
    }

    fn place(&self, name: &str) -> Option<usize> {
        let name = fold(name);
        self.accounts
            .iter()
            .position(|account| fold(&account.name) == name)
    }
}

impl Sealed {
    fn seal(vault: &Vault, name: &str, account: &Account) -> Result<Self, StoreError> {
        let keep = |secret: &Secret| secret.reveal().to_owned();
        let (kind, content) = match &account.with {
            SignInWith::ManagedServiceAccount { directory } => {
                return Ok(Self {
                    name: name.to_owned(),
                    user: account.user.clone(),
                    kind: AccountKind::ManagedServiceAccount,
                    sealed: String::new(),
                    directory: Some(directory.clone()),
                });
            }
            SignInWith::Password(password) => (
                AccountKind::Password,
                Content {
                    secret: keep(password),
                    passphrase: None,
                    sudo_password: None,
                },
            ),
            SignInWith::Key {
                key,
                passphrase,
                sudo_password,
            } => (
                AccountKind::SshKey,
                Content {
                    secret: keep(key),
                    passphrase: passphrase.as_ref().map(keep),
                    sudo_password: sudo_password.as_ref().map(keep),
                },
            ),
        };
        let text = serde_json::to_vec(&content).map_err(|error| damaged(&error))?;
        let text = Zeroizing::new(text);
        let sealed = vault.seal(&text, &bound(name, &account.user));
        let sealed = sealed.map_err(|error| StoreError::Failed {
            attempt: "encrypt an account",
            source: Box::new(error),
        })?;
        Ok(Self {
            name: name.to_owned(),
            user: account.user.clone(),
            kind,
            sealed: STANDARD.encode(sealed),
            directory: None,
        })
    }

    fn open(&self, vault: &Vault) -> Result<Account, StoreError> {
        if self.kind == AccountKind::ManagedServiceAccount {
            return Ok(Account {
                user: self.user.clone(),
                with: SignInWith::ManagedServiceAccount {
                    directory: self.directory.clone().unwrap_or_default(),
                },
            });
        }
        let sealed = STANDARD.decode(&self.sealed).unwrap_or_default();
        let opened = vault.open_sealed(&sealed, &bound(&self.name, &self.user));
        let opened = opened.ok_or_else(|| StoreError::Damaged {
            what: "account".to_owned(),
            reason: "it was encrypted with another key; give its secret again".to_owned(),
        })?;
        let content: Content = serde_json::from_slice(&opened).map_err(|error| damaged(&error))?;
        let secret = |text: &String| Secret::new(text.as_str());
        let with = match self.kind {
            AccountKind::Password => SignInWith::Password(secret(&content.secret)),
            AccountKind::SshKey => SignInWith::Key {
                key: secret(&content.secret),
                passphrase: content.passphrase.as_ref().map(secret),
                sudo_password: content.sudo_password.as_ref().map(secret),
            },
            // Handed out above: there is nothing to open.
            AccountKind::ManagedServiceAccount => {
                return Err(StoreError::Damaged {
                    what: "account".to_owned(),
                    reason: "it has a secret and is of a kind that has none".to_owned(),
                });
            }
        };
        Ok(Account {
            user: self.user.clone(),
            with,
        })
    }

    fn shown(&self) -> StoredAccount {
        StoredAccount {
            name: self.name.clone(),
            user: self.user.clone(),
            kind: self.kind,
            directory: self.directory.clone(),
        }
    }
}

/// A secret that is moved to another account does not open there.
fn bound(name: &str, user: &str) -> Vec<u8> {
    [name.as_bytes(), user.as_bytes()].join(&0)
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        what: "accounts".to_owned(),
        // Not what the reader says: it may quote what it read.
        reason: format!("at column {}", error.column()),
    }
}

const SETTING: &str = "collecting_accounts";

#[cfg(test)]
mod tests {
    use eidetic_store::control::SqliteControl;

    use super::*;

    fn account(password: &str) -> Account {
        Account {
            user: "root".into(),
            with: SignInWith::Password(Secret::new(password)),
        }
    }

    #[tokio::test]
    async fn a_secret_is_kept_sealed_and_is_the_accounts_own() {
        let control = SqliteControl::in_memory().unwrap();
        let vault = Vault::new([3; 32]);
        let mut accounts = Accounts::load(&control).await.unwrap();
        accounts
            .put(&vault, "Jump hosts", &account("first"))
            .unwrap();
        accounts
            .put(&vault, "jump HOSTS", &account("hunter2"))
            .unwrap();
        accounts.put(&vault, "Office", &account("other")).unwrap();
        accounts.save(&control).await.unwrap();

        let (_, text) = control.setting(SETTING).await.unwrap().unwrap();
        assert!(!text.contains("hunter2") && !text.contains("first"));
        let mut accounts = Accounts::load(&control).await.unwrap();
        let names: Vec<_> = accounts.list().into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["jump HOSTS", "Office"]);
        let opened = accounts.open(&vault, "JUMP hosts").unwrap().unwrap();
        assert_eq!(opened, account("hunter2"));
        assert!(
            accounts
                .open(&Vault::new([4; 32]), "office")
                .unwrap()
                .is_err()
        );

        let sealed = accounts.accounts[1].sealed.clone();
        accounts.accounts[0].sealed = sealed;
        assert!(accounts.open(&vault, "jump hosts").unwrap().is_err());
        assert!(accounts.remove("OFFICE") && !accounts.remove("office"));
    }
}
