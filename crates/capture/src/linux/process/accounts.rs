//! Names of accounts.

use std::collections::HashMap;

/// Names of accounts by number. Each is asked for once: where accounts come from the network, the
/// question may take long.
#[derive(Default)]
pub(crate) struct Accounts(HashMap<u32, String>);

impl Accounts {
    /// The name of an account; its number, if it has none.
    pub(crate) fn name(&mut self, user_id: u32) -> String {
        if let Some(name) = self.0.get(&user_id) {
            return name.clone();
        }
        let name = uzers::get_user_by_uid(user_id).map_or_else(
            || user_id.to_string(),
            |user| user.name().to_string_lossy().into_owned(),
        );
        if self.0.len() >= MOST_NAMES {
            self.0.clear();
        }
        self.0.insert(user_id, name.clone());
        name
    }
}

const MOST_NAMES: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_without_a_name_goes_by_its_number() {
        let mut accounts = Accounts::default();
        assert_eq!(accounts.name(0), "root");
        assert_eq!(accounts.name(3_999_999_999), "3999999999");
    }
}
