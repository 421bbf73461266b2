//! A computer that plays a script: it is as it was told to be, until something is changed on it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{Answer, CannotTell, Firewall, Machine, MendFailed, Opening, Reach, Service};

/// A computer in memory. Clones are the same computer.
#[derive(Clone, Debug, Default)]
pub struct Computer(Arc<Mutex<State>>);

/// How it is. Everything can be set.
#[derive(Debug, Default)]
pub struct State {
    /// Its services: whether each runs and whether it starts with the computer.
    pub services: HashMap<String, (bool, bool)>,
    /// What its firewall keeps out.
    pub kept_out: Vec<Opening>,
    /// Free bytes on its disk.
    pub free_bytes: u64,
    /// Why nothing can be written, if nothing can.
    pub read_only: Option<String>,
    /// The folders that are open to others.
    pub open_folders: Vec<PathBuf>,
    /// What becomes of a connection to a host and port; those not named are silent.
    pub network: HashMap<(String, u16), Reach>,
    /// Whether its clock is kept right.
    pub clock_is_kept: bool,
    /// Whether its administrative shares are on.
    pub shares: bool,
    /// Its programs.
    pub programs: Vec<String>,
    /// Whether changes are refused, as to an account without rights.
    pub refuses_changes: bool,
    /// Whether it answers nothing, as to an account without rights.
    pub tells_nothing: bool,
    /// What was changed on it, in order.
    pub changes: Vec<String>,
}

impl Computer {
    /// Its state, to look at and to change.
    ///
    /// # Panics
    ///
    /// If something panicked while it held the state.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    fn tell<T>(&self, answer: impl FnOnce(&State) -> T) -> Answer<T> {
        let state = self.state();
        if state.tells_nothing {
            return Err(CannotTell(
                "an administrator's rights are needed".to_owned(),
            ));
        }
        Ok(answer(&state))
    }

    fn change(&self, what: String, change: impl FnOnce(&mut State)) -> Result<(), MendFailed> {
        let mut state = self.state();
        if state.refuses_changes {
            return Err(MendFailed("access is denied".to_owned()));
        }
        change(&mut state);
        state.changes.push(what);
        Ok(())
    }
}

impl Machine for Computer {
    fn service(&self, name: &str) -> Answer<Option<Service>> {
        self.tell(|state| {
            let (runs, starts) = *state.services.get(name)?;
            Some(Service {
                runs,
                starts_with_computer: Some(starts),
                words: format!(
                    "{}, {}",
                    if runs { "running" } else { "stopped" },
                    if starts { "automatic" } else { "disabled" }
                ),
            })
        })
    }

    fn firewall(&self, opening: &Opening) -> Answer<Firewall> {
        self.tell(|state| match state.kept_out.contains(opening) {
            true => Firewall::KeepsOut("no rule lets it in".to_owned()),
            false => Firewall::LetsIn("a rule lets it in".to_owned()),
        })
    }

    fn free_bytes(&self, _folder: &Path) -> Answer<u64> {
        self.tell(|state| state.free_bytes)
    }

    fn can_write(&self, _folder: &Path) -> Answer<Result<(), String>> {
        self.tell(|state| state.read_only.clone().map_or(Ok(()), Err))
    }

    fn open_to_others(&self, folder: &Path) -> Answer<Option<String>> {
        self.tell(|state| {
            let is_open = state.open_folders.iter().any(|open| open == folder);
            is_open.then(|| "others can enter it".to_owned())
        })
    }

    fn reach(&self, host: &str, port: u16) -> Answer<Reach> {
        self.tell(|state| {
            let known = state.network.get(&(host.to_owned(), port));
            known.cloned().unwrap_or(Reach::Silent)
        })
    }

    fn clock_is_kept(&self) -> Answer<bool> {
        self.tell(|state| state.clock_is_kept)
    }

    fn administrative_shares(&self) -> Answer<bool> {
        self.tell(|state| state.shares)
    }

    fn has_program(&self, name: &str) -> Answer<bool> {
        self.tell(|state| state.programs.iter().any(|program| program == name))
    }

    fn start_service(&self, name: &str) -> Result<(), MendFailed> {
        if !self.state().services.contains_key(name) {
            return Err(MendFailed(format!("there is no service {name}")));
        }
        self.change(format!("started {name}"), |state| {
            state.services.insert(name.to_owned(), (true, true));
        })
    }

    fn let_in(&self, opening: &Opening) -> Result<(), MendFailed> {
        self.change(format!("let in {opening:?}"), |state| {
            state.kept_out.retain(|kept_out| kept_out != opening);
        })
    }

    fn close_folder(&self, folder: &Path) -> Result<(), MendFailed> {
        self.change(format!("closed {}", folder.display()), |state| {
            state.open_folders.retain(|open| open != folder);
        })
    }

    fn keep_clock(&self) -> Result<(), MendFailed> {
        self.change("kept the clock".to_owned(), |state| {
            state.clock_is_kept = true;
        })
    }
}
