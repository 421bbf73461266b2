//! By which key each computer was known first.

use std::collections::BTreeMap;

use eidetic_deploy::{HostKey, HostKeyRule};
use eidetic_store::{StoreError, control::ControlStore};

/// The keys of the computers that were spoken with, by `host:port`.
#[derive(Clone, Debug, Default)]
pub(super) struct HostKeys(BTreeMap<String, HostKey>);

impl HostKeys {
    pub(super) async fn load(control: &dyn ControlStore) -> Result<Self, StoreError> {
        let Some((_, text)) = control.setting(SETTING).await? else {
            return Ok(Self::default());
        };
        let kept: BTreeMap<String, String> =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let keys = kept.into_iter().map(|(computer, text)| {
            let key = HostKey::from_text(&text);
            let key = key.ok_or_else(|| damaged(format!("the key of {computer} is none")))?;
            Ok((computer, key))
        });
        Ok(Self(keys.collect::<Result<_, StoreError>>()?))
    }

    pub(super) async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let kept: BTreeMap<_, _> = self.0.iter().map(|(k, v)| (k, v.to_text())).collect();
        let text = serde_json::to_string(&kept).map_err(|error| damaged(error.to_string()))?;
        control.put_setting(SETTING, &text).await.map(drop)
    }

    /// Which key a computer must have.
    pub(super) fn rule(&self, computer: &str) -> HostKeyRule {
        match self.0.get(computer) {
            Some(key) => HostKeyRule::Pinned(key.clone()),
            None => HostKeyRule::First,
        }
    }

    /// Keeps the first key of a computer. Whether it is news.
    pub(super) fn pin(&mut self, computer: &str, key: HostKey) -> bool {
        let is_first = !self.0.contains_key(computer);
        if is_first {
            self.0.insert(computer.to_owned(), key);
        }
        is_first
    }

    /// Forgets the key of a computer. Whether there was one.
    pub(super) fn forget(&mut self, computer: &str) -> bool {
        self.0.remove(computer).is_some()
    }

    /// All of them.
    pub(super) fn list(&self) -> Vec<(String, HostKey)> {
        self.0.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

fn damaged(reason: String) -> StoreError {
    StoreError::Damaged {
        what: "SSH host keys".to_owned(),
        reason,
    }
}

const SETTING: &str = "ssh_host_keys";
