//! The seam to the system: what a computer can be asked, and what can be changed on it.

pub mod fake;

use std::{path::Path, time::Duration};

/// A computer, as the checks ask it. Every question ends within some seconds.
pub trait Machine: Send {
    /// A service of the system; `None` if it is not installed.
    fn service(&self, name: &str) -> Answer<Option<Service>>;
    /// Whether the firewall lets something in.
    fn firewall(&self, opening: &Opening) -> Answer<Firewall>;
    /// How many bytes are free on the disk of a folder, for those who are not root.
    fn free_bytes(&self, folder: &Path) -> Answer<u64>;
    /// Whether a file can be made in a folder; why not, if it cannot.
    fn can_write(&self, folder: &Path) -> Answer<Result<(), String>>;
    /// Whether other accounts can enter a folder; how, if they can.
    fn open_to_others(&self, folder: &Path) -> Answer<Option<String>>;
    /// Connects to a TCP port, and hangs up.
    fn reach(&self, host: &str, port: u16) -> Answer<Reach>;
    /// Whether the system's time service keeps the clock right.
    fn clock_is_kept(&self) -> Answer<bool>;
    /// Whether the administrative shares are on.
    fn administrative_shares(&self) -> Answer<bool>;
    /// Whether there is a program of this name in the usual places.
    fn has_program(&self, name: &str) -> Answer<bool>;

    /// Has a service start with the computer, and starts it.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn start_service(&self, name: &str) -> Result<(), MendFailed>;
    /// Has the firewall let something in.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn let_in(&self, opening: &Opening) -> Result<(), MendFailed>;
    /// Closes a folder to other accounts.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn close_folder(&self, folder: &Path) -> Result<(), MendFailed>;
    /// Turns the system's time service on.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn keep_clock(&self) -> Result<(), MendFailed>;
}

/// What a computer answers.
pub type Answer<T> = Result<T, CannotTell>;

/// The computer cannot be asked that, or not by this account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotTell(pub String);

/// Something could not be changed. The text says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MendFailed(pub String);

/// A service of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whether it runs.
    pub runs: bool,
    /// Whether it starts with the computer. `None` if nothing starts it so, and nothing has to:
    /// the system starts it when it is asked.
    pub starts_with_computer: Option<bool>,
    /// How it is, in the system's words.
    pub words: String,
}

/// Something that a firewall lets in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Opening {
    /// Windows' own group of rules, by its language-independent name.
    Group(&'static str),
    /// A TCP port of one program.
    Port {
        /// The port.
        port: u16,
        /// The program.
        program: String,
    },
}

/// What a firewall does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Firewall {
    /// It is off, or there is none that can be asked; which.
    Off(String),
    /// It lets it in.
    LetsIn(String),
    /// It does not.
    KeepsOut(String),
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It came about.
    Answers,
    /// The name is not known.
    NoSuchName(String),
    /// The computer is there, and nothing listens on the port.
    Refused,
    /// Nothing answered in time: switched off, or a firewall in between that drops it.
    Silent,
    /// The network has no way to it, or something else; what the system says.
    Failed(String),
}

impl Opening {
    /// "File and Printer Sharing".
    pub const FILE_SHARING: Self = Self::Group("@FirewallAPI.dll,-28502");
    /// "Windows Management Instrumentation (WMI)".
    pub const WMI: Self = Self::Group("@FirewallAPI.dll,-34251");
}

/// How long a connection may take.
pub(crate) const REACH_LIMIT: Duration = Duration::from_secs(4);
