//! How to open the display of somebody's session.

use std::{collections::HashMap, ffi::OsString, path::PathBuf};

use procfs::process::{Process, all_processes};

use crate::LoginSession;

/// An X display and the key to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDisplay {
    /// The display's name, such as `:0`.
    pub name: String,
    /// The file with the key, if it is known.
    pub key_file: Option<PathBuf>,
}

impl SessionDisplay {
    /// Finds the display of a session. What logind says of its name counts; the rest is in the
    /// environment of the processes that the session's leader started. Reads `/proc`, which takes
    /// some milliseconds. `None` if the session has no X display, or not yet.
    pub fn find(session: &LoginSession) -> Option<Self> {
        let environments = session
            .leader
            .and_then(|leader| i32::try_from(leader).ok())
            .map(|leader| environments_below(leader, session.user_id))
            .unwrap_or_default();
        let mut found: Vec<Self> = environments
            .iter()
            .filter_map(Self::of_environment)
            .filter(|found| {
                let known = session.display.as_deref();
                known.is_none_or(|known| without_screen(known) == without_screen(&found.name))
            })
            .collect();
        // One with a key opens the display where one without does not.
        found.sort_by_key(|found| found.key_file.is_none());
        let found = found.into_iter().next();
        let known = session.display.clone();
        Some(Self {
            name: known.or_else(|| Some(found.as_ref()?.name.clone()))?,
            key_file: found
                .and_then(|found| found.key_file)
                .or_else(|| key_at_home(session.user_id)),
        })
    }

    /// What a process that is to open the display needs in its environment.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        let key = self.key_file.clone().map(PathBuf::into_os_string);
        std::iter::once(("DISPLAY", OsString::from(&self.name)))
            .chain(key.map(|key| ("XAUTHORITY", key)))
    }

    fn of_environment(environment: &HashMap<OsString, OsString>) -> Option<Self> {
        let name = environment.get(&OsString::from("DISPLAY"))?.to_str()?;
        let key_file = environment.get(&OsString::from("XAUTHORITY"));
        (!name.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_file: key_file.map(PathBuf::from),
        })
    }
}

/// The environments of the processes of an account that come from `leader`, itself included.
fn environments_below(leader: i32, user_id: u32) -> Vec<HashMap<OsString, OsString>> {
    let processes: HashMap<i32, (Process, i32)> = all_processes()
        .into_iter()
        .flatten()
        .filter_map(|process| {
            let process = process.ok()?;
            let parent = process.stat().ok()?.ppid;
            Some((process.pid(), (process, parent)))
        })
        .collect();
    let comes_from_leader = |mut number: i32| {
        for _ in 0..DEEPEST {
            if number == leader {
                return true;
            }
            match processes.get(&number) {
                Some((_, parent)) => number = *parent,
                None => return false,
            }
        }
        false
    };
    let mut below: Vec<&Process> = processes
        .iter()
        .filter(|(number, _)| comes_from_leader(**number))
        .map(|(_, (process, _))| process)
        .filter(|process| process.uid().is_ok_and(|owner| owner == user_id))
        .collect();
    below.sort_by_key(|process| process.pid());
    below
        .into_iter()
        .take(MOST_PROCESSES)
        .filter_map(|process| process.environ().ok())
        .collect()
}

/// `:0.0` and `:0` are the same display.
fn without_screen(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((display, screen)) if display.contains(':') && !screen.contains(':') => display,
        _ => name,
    }
}

fn key_at_home(user_id: u32) -> Option<PathBuf> {
    use uzers::os::unix::UserExt as _;
    let file = uzers::get_user_by_uid(user_id)?
        .home_dir()
        .join(".Xauthority");
    file.is_file().then_some(file)
}

const DEEPEST: usize = 64;

const MOST_PROCESSES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_number_does_not_make_another_display() {
        assert_eq!(without_screen(":0.0"), ":0");
        assert_eq!(without_screen(":0"), ":0");
        assert_eq!(without_screen("host.example:10.0"), "host.example:10");
        assert_eq!(without_screen("host.example:10"), "host.example:10");
    }
}
