//! What the system knows of the process of a window.

use std::collections::HashMap;

use eidetic_model::{Application, RunAs};
use eidetic_winapi::{
    self as winapi,
    process::{ElevationType, Process, Token},
    version::file_description,
};

use super::{
    name::application,
    run_as::{Rights, TokenKind},
};
use crate::{CaptureError, ProcessId, windows::failed};

/// Looks up the processes of windows in this session.
pub(crate) struct ProcessInspector {
    session: Rights,
    /// Reading a program's file may take long: each is read once.
    descriptions: HashMap<String, Option<String>>,
}

/// What is known of the program of a window.
pub(crate) struct Program {
    pub(crate) process: Option<ProcessId>,
    pub(crate) application: Option<Application>,
    pub(crate) run_as: RunAs,
}

impl ProcessInspector {
    /// For the session of the account that this process runs as.
    pub(crate) fn new() -> Result<Self, CaptureError> {
        let rights = Token::own().and_then(|token| rights(&token));
        Ok(Self {
            session: rights.map_err(failed("ask who the session's user is"))?,
            descriptions: HashMap::new(),
        })
    }

    /// Looks up a process. Of one that is no more nothing is known; one that may not be asked
    /// about has more rights than the session.
    pub(crate) fn inspect(&mut self, process: Option<u32>) -> Program {
        let Some(living) = process.and_then(|process| Process::open(process).ok()) else {
            return Program {
                process: None,
                application: None,
                run_as: RunAs::SessionUser,
            };
        };
        let path = living.image_path().unwrap_or_default();
        let run_as = match living.token().and_then(|token| rights(&token)) {
            Ok(rights) => rights.run_as(&self.session),
            Err(_) => RunAs::ElevatedSelf,
        };
        Program {
            process: process.map(ProcessId),
            application: application(&path, self.description(&path)),
            run_as,
        }
    }

    fn description(&mut self, path: &str) -> Option<String> {
        if let Some(known) = self.descriptions.get(path) {
            return known.clone();
        }
        if self.descriptions.len() >= MOST_DESCRIPTIONS {
            self.descriptions.clear();
        }
        let description = file_description(path);
        self.descriptions
            .insert(path.to_owned(), description.clone());
        description
    }
}

fn rights(token: &Token) -> winapi::Result<Rights> {
    let account = token.account()?;
    Ok(Rights {
        sid: account.sid,
        account: account.name,
        kind: match token.elevation_type()? {
            ElevationType::Default => TokenKind::Only,
            ElevationType::Full => TokenKind::Full,
            ElevationType::Limited => TokenKind::Limited,
        },
        is_elevated: token.is_elevated()?,
        integrity: token.integrity()?,
    })
}

const MOST_DESCRIPTIONS: usize = 1_024;
