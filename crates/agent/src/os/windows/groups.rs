//! The groups of users.

use eidetic_capture::LoginSession;
use eidetic_winapi::account::local_groups;
use tracing::warn;

/// The names of this computer's groups in which a session's user is, also by being in a group of
/// his domain; `None` if that cannot be told now, such as without a domain controller.
pub(crate) fn groups_of(login: &LoginSession) -> Option<Vec<String>> {
    local_groups(&login.user_name)
        .inspect_err(|error| warn!(%error, "the groups of a session's user cannot be told"))
        .ok()
}
