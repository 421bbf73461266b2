//! Every way in which it fails, with what to do about it.

use std::{io, path::PathBuf};

use crate::HostKey;

/// Why the agent was not put on a computer, or not taken from it. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The name means no address.
    #[error(
        "no address is known for {host:?}: check its name, or name it by its address ({source})"
    )]
    NoAddress {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// Nothing answers.
    #[error(
        "nothing answers at {address}: check that the computer is on, that {service}, and that no \
         firewall is between ({reason})"
    )]
    Unreachable {
        /// The address and port.
        address: String,
        /// What should answer, and how to have it do so.
        service: &'static str,
        /// What the network said.
        reason: String,
    },
    /// Something answers that is no SSH server, or none with which this one can speak.
    #[error("what answers at {address} is no SSH server that can be spoken with: {reason}")]
    NotSsh {
        /// The address and port.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// Something answers that is no SMB server.
    #[error("what answers at {address} does not speak SMB: {reason}")]
    NotSmb {
        /// The address and port.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// It speaks SMB, and not safely enough.
    #[error(
        "the computer speaks too old an SMB: {reason}. What is sent must be signed and encrypted, \
         which takes SMB 3.1.1 (Windows 10, Server 2016 and later): switch it on there, or install \
         the agent by hand"
    )]
    SmbTooOld {
        /// What it lacks.
        reason: String,
    },
    /// Windows shares its folder with nobody.
    #[error(
        "the computer has no share {name}: administrative shares are switched off there. Set \
         HKLM\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Parameters\\AutoShareWks (on \
         servers AutoShareServer) to 1 or remove it, and restart the service Server"
    )]
    NoAdminShare {
        /// The share.
        name: &'static str,
    },
    /// The service manager did not do what was asked.
    #[error("{attempt} was refused by Windows' service manager: {reason}")]
    ServiceManager {
        /// What was tried.
        attempt: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// Another installation is under way.
    #[error("Windows Installer installs something else there at the moment (code 1618)")]
    AnotherInstallation,
    /// Windows Installer failed.
    #[error("Windows Installer ended with code {code}: {meaning}.{said}")]
    Installer {
        /// Its exit code.
        code: u32,
        /// What it means, and what to do.
        meaning: &'static str,
        /// What it said itself.
        said: String,
    },
    /// The computer has another key than before.
    #[error(
        "the computer's SSH key is another one than before: it was {pinned}, now it is {shown}. \
         If it was set up anew, forget the old key and try again; if not, somebody may be \
         pretending to be this computer, and nothing was sent to it"
    )]
    HostKeyChanged {
        /// The key that was kept.
        pinned: HostKey,
        /// The key that it shows now.
        shown: HostKey,
    },
    /// The computer does not let the account in.
    #[error("{user:?} is not let in: {reason}")]
    NotLetIn {
        /// The account.
        user: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The account may not install.
    #[error("{user:?} may not install on this computer: {reason}")]
    NoRight {
        /// The account.
        user: String,
        /// Why, and what to do.
        reason: Refusal,
    },
    /// There is no agent for such a computer.
    #[error("there is no agent for this computer: {0}")]
    Unsupported(String),
    /// The package is not where it should be.
    #[error(
        "there is no package of the agent for {wanted} in {folder}: put {names} there (the option \
         `packages` of the server's configuration names the folder)"
    )]
    NoPackage {
        /// The folder.
        folder: PathBuf,
        /// The kind of computer.
        wanted: String,
        /// What would do.
        names: String,
    },
    /// The package cannot be read.
    #[error("the package {path} cannot be read: {source}")]
    PackageUnreadable {
        /// The package.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The computer has no room.
    #[error(
        "the disk of the computer is full: {place} has {free_mib} MiB free, and {needed_mib} MiB \
         are needed; make room there and try again"
    )]
    DiskFull {
        /// The folder.
        place: String,
        /// What is free.
        free_mib: u64,
        /// What is needed.
        needed_mib: u64,
    },
    /// The package did not arrive whole.
    #[error("the package could not be copied to the computer: {0}")]
    NotCopied(String),
    /// A command on the computer failed.
    #[error("{attempt} failed on the computer: {said}")]
    Command {
        /// What was tried.
        attempt: &'static str,
        /// What the computer said.
        said: String,
    },
    /// The connection ended.
    #[error("the connection to the computer was lost: {0}")]
    Lost(String),
    /// It took too long.
    #[error("{attempt} took longer than {limit_secs} seconds and was given up")]
    TooLong {
        /// What was tried.
        attempt: &'static str,
        /// How long it was waited.
        limit_secs: u64,
    },
    /// Whoever asked for it does not want it any more.
    #[error("cancelled")]
    Cancelled,
}

/// Why an account may not install.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no `sudo`.
    #[error("it is not root, and there is no `sudo`; install `sudo`, or use the account of root")]
    NoSudo,
    /// `sudo` does not know the account.
    #[error("`sudo` does not allow it; add it to the group `sudo` (or `wheel`)")]
    NotAllowed,
    /// `sudo` wants a password and there is none.
    #[error(
        "`sudo` asks for its password; give the account that password too, or allow it to use \
         `sudo` without one (NOPASSWD)"
    )]
    PasswordNeeded,
    /// `sudo` does not take the password.
    #[error("`sudo` does not take its password; check the account's password")]
    PasswordWrong,
    /// `sudo` wants a terminal.
    #[error("`sudo` insists on a terminal; take `requiretty` out of its settings for this account")]
    TerminalNeeded,
    /// Windows takes it for no administrator.
    #[error("{}", Self::NO_ADMINISTRATOR)]
    NoAdministrator,
}

impl DeployError {
    /// Whether it may go better by itself a little later: then try again. Otherwise somebody has
    /// to do something first.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoAddress { .. }
                | Self::Unreachable { .. }
                | Self::Lost(_)
                | Self::AnotherInstallation
                | Self::TooLong { .. }
        )
    }

    /// A short word for the kind of error, which does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAddress { .. } => "no_address",
            Self::Unreachable { .. } => "unreachable",
            Self::NotSsh { .. } => "not_ssh",
            Self::NotSmb { .. } => "not_smb",
            Self::SmbTooOld { .. } => "smb_too_old",
            Self::NoAdminShare { .. } => "no_admin_share",
            Self::ServiceManager { .. } => "service_manager",
            Self::AnotherInstallation => "another_installation",
            Self::Installer { .. } => "installer_failed",
            Self::HostKeyChanged { .. } => "host_key_changed",
            Self::NotLetIn { .. } => "not_let_in",
            Self::NoRight { .. } => "no_right",
            Self::Unsupported(_) => "unsupported",
            Self::NoPackage { .. } => "no_package",
            Self::PackageUnreadable { .. } => "package_unreadable",
            Self::DiskFull { .. } => "disk_full",
            Self::NotCopied(_) => "not_copied",
            Self::Command { .. } => "command_failed",
            Self::Lost(_) => "connection_lost",
            Self::TooLong { .. } => "too_long",
            Self::Cancelled => "cancelled",
        }
    }
}
