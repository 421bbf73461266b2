//! What the system knows of the process of a window.

use eidetic_model::{Application, RunAs};
use procfs::process::Process;

use super::{Accounts, ApplicationCatalog, run_as::Identity};
use crate::ProcessId;

/// Looks up the processes of windows in one session.
pub(crate) struct ProcessInspector {
    session_user: u32,
    accounts: Accounts,
    catalog: ApplicationCatalog,
}

/// What is known of the program of a window.
pub(crate) struct Program {
    pub(crate) process: Option<ProcessId>,
    pub(crate) application: Option<Application>,
    pub(crate) run_as: RunAs,
}

impl ProcessInspector {
    /// For the session of this account.
    pub(crate) fn new(session_user: u32) -> Self {
        Self {
            session_user,
            accounts: Accounts::default(),
            catalog: ApplicationCatalog::of_this_computer(),
        }
    }

    /// Looks up the process of a window of this class. A process that is no more is none: what
    /// is left is what the window said of itself.
    pub(crate) fn inspect(&mut self, process: Option<u32>, class: &[String]) -> Program {
        let living = process
            .and_then(|process| i32::try_from(process).ok())
            .and_then(|process| Process::new(process).ok());
        let known = living.as_ref().and_then(|living| {
            let identity = Identity::of(living)?;
            Some((identity, living.status().ok()?.name))
        });
        let Some((living, (identity, name))) = living.as_ref().zip(known) else {
            return Program {
                process: None,
                application: self.application(String::new(), "", class),
                run_as: RunAs::SessionUser,
            };
        };
        let path = living
            .exe()
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default();
        let path = path.strip_suffix(DELETED).unwrap_or(&path).to_owned();
        Program {
            process: process.map(ProcessId),
            application: self.application(path, &name, class),
            run_as: identity.run_as(self.session_user, |user| self.accounts.name(user)),
        }
    }

    fn application(&mut self, path: String, name: &str, class: &[String]) -> Option<Application> {
        let description = self.catalog.describe(&path, name, class);
        (!description.is_empty()).then_some(Application { path, description })
    }
}

/// What the kernel adds to the path of an executable that was replaced while it runs.
const DELETED: &str = " (deleted)";
