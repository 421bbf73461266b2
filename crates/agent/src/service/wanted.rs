//! Whether a session is recorded at all.

use eidetic_model::{Policy, Recording, Selected, UserRule};
use eidetic_search::Wildcard;

/// Whether a policy asks for a session's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It does.
    Yes,
    /// It does not, for this reason.
    No(&'static str),
    /// It depends on groups, and those of the user cannot be told now.
    Unknown,
}

/// Whether a policy asks for the recording of this user's session. `who` is `DOMAIN\user`; his
/// groups, `None` if they cannot be told now, are asked for only if a rule names groups.
pub(super) fn is_wanted(
    policy: &Policy,
    who: &str,
    groups: impl FnOnce() -> Option<Vec<String>>,
) -> Wanted {
    if policy.recording() == Recording::Off {
        return Wanted::No("monitoring is off in this computer's plan");
    }
    let users = policy.users();
    let mut rules = users.who.rules().iter().chain(&users.except);
    let groups = match rules.any(|rule| matches!(rule, UserRule::Group(_))) {
        true => groups(),
        false => Some(Vec::new()),
    };
    let Some(groups) = groups else {
        return Wanted::Unknown;
    };
    let named = |rules: &[UserRule]| rules.iter().any(|rule| fits(rule, who, &groups));
    if let Selected::Listed(listed) = &users.who
        && !named(listed)
    {
        return Wanted::No("the user is not among those that the plan lists");
    }
    if named(&users.except) {
        return Wanted::No("the user is among those that the plan excepts");
    }
    Wanted::Yes
}

fn fits(rule: &UserRule, who: &str, groups: &[String]) -> bool {
    match rule {
        UserRule::User(pattern) => named_so(pattern, who),
        UserRule::Group(pattern) => groups.iter().any(|group| named_so(pattern, group)),
    }
}

/// A pattern without a domain is of the name in every domain.
fn named_so(pattern: &str, name: &str) -> bool {
    let name = match pattern.contains('\\') {
        true => name,
        false => name.rsplit('\\').next().unwrap_or(name),
    };
    Wildcard::new(pattern).matches(name)
}

#[cfg(test)]
mod tests {
    use eidetic_model::{PolicyParts, UserSelection};

    use super::*;

    fn user(pattern: &str) -> UserRule {
        UserRule::User(pattern.to_owned())
    }

    fn group(pattern: &str) -> UserRule {
        UserRule::Group(pattern.to_owned())
    }

    fn policy(who: Selected<UserRule>, except: &[UserRule]) -> Policy {
        Policy::new(PolicyParts {
            users: UserSelection {
                who,
                except: except.to_vec(),
            },
            ..PolicyParts::default()
        })
        .unwrap()
    }

    fn records(policy: &Policy, who: &str, groups: &[&str]) -> bool {
        let groups = || Some(groups.iter().map(|group| (*group).to_owned()).collect());
        is_wanted(policy, who, groups) == Wanted::Yes
    }

    #[test]
    fn all_users_are_recorded_but_the_excepted_ones() {
        let policy = policy(Selected::All, &[user("backup"), user("CORP\\svc-*")]);
        assert!(records(&policy, "CORP\\anna", &[]));
        assert!(!records(&policy, "HOST\\Backup", &[]));
        assert!(!records(&policy, "corp\\SVC-sql", &[]));
        assert!(records(&policy, "HOST\\svc-sql", &[]));
    }

    #[test]
    fn of_listed_users_only_those_are_recorded_and_exceptions_count_more() {
        let listed = Selected::Listed(vec![user("CORP\\*"), user("ann?")]);
        let policy = policy(listed, &[user("CORP\\boss")]);
        assert!(records(&policy, "CORP\\eve", &[]));
        assert!(records(&policy, "HOST\\anna", &[]));
        assert!(records(&policy, "HOST\\ann", &[]));
        assert!(!records(&policy, "HOST\\annabel", &[]));
        assert!(!records(&policy, "CORP\\Boss", &[]));
    }

    #[test]
    fn members_of_groups_are_found_by_the_groups_name() {
        let listed = Selected::Listed(vec![group("contract*")]);
        let policy = policy(listed, &[group("wheel")]);
        assert!(records(&policy, "HOST\\eve", &["users", "Contractors"]));
        assert!(!records(&policy, "HOST\\eve", &["users"]));
        assert!(
            !records(&policy, "HOST\\contractor", &[]),
            "a user is no group"
        );
        assert!(!records(&policy, "HOST\\eve", &["contractors", "wheel"]));
    }

    #[test]
    fn nothing_is_decided_by_groups_that_cannot_be_told() {
        let excepted = policy(Selected::All, &[group("wheel")]);
        assert_eq!(is_wanted(&excepted, "HOST\\eve", || None), Wanted::Unknown);
        let listed = policy(Selected::Listed(vec![group("staff")]), &[]);
        assert_eq!(is_wanted(&listed, "HOST\\eve", || None), Wanted::Unknown);
    }

    #[test]
    fn groups_are_not_looked_up_where_no_rule_names_one() {
        let policy = policy(Selected::All, &[user("backup")]);
        let wanted = is_wanted(&policy, "HOST\\eve", || panic!("nobody asks"));
        assert_eq!(wanted, Wanted::Yes);
    }

    #[test]
    fn with_monitoring_off_nobody_is_recorded() {
        let off = Policy::new(PolicyParts {
            recording: Recording::Off,
            ..PolicyParts::default()
        });
        let Wanted::No(reason) = is_wanted(&off.unwrap(), "HOST\\eve", || None) else {
            panic!("recorded");
        };
        assert!(reason.contains("monitoring is off"));
    }
}
