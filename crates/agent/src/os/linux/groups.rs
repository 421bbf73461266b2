//! The groups of users.

use eidetic_capture::LoginSession;

/// The names of the groups in which a session's user is, as the name service has them; `None` if it
/// does not know the user now.
pub(crate) fn groups_of(login: &LoginSession) -> Option<Vec<String>> {
    let user = uzers::get_user_by_uid(login.user_id)?;
    let groups = uzers::get_user_groups(user.name(), user.primary_group_id())?;
    let names = groups.into_iter();
    Some(
        names
            .map(|group| group.name().to_string_lossy().into_owned())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use eidetic_capture::fake::login_session;

    use super::*;

    #[test]
    fn root_is_in_roots_group_and_nobody_knows_of_a_stranger() {
        let login = |user_id| LoginSession {
            user_id,
            ..login_session("1", "root", ":1")
        };
        assert!(groups_of(&login(0)).unwrap().contains(&"root".to_owned()));
        assert_eq!(groups_of(&login(3_999_999_999)), None);
    }
}
