//! Puts the agent on other computers: installs it, upgrades it, removes it. Linux is reached by SSH,
//! Windows by SMB and its service manager.
//!
//! A [`Target`] is a computer and the account with which to sign in there; [`install`] and
//! [`remove`] do the work, step by step, and tell of each [`Step`]. Both may be repeated: what is
//! done already is done again or found done. What goes wrong is a [`DeployError`], whose text says
//! what to do about it.
//!
//! Secrets travel inside the encrypted connection only, and are in no list of processes that another
//! account of the computer can read. Which computers, when, and what becomes of
//! them on the server's side is left to others.

mod account;
mod commands;
mod computer;
mod connection;
mod error;
mod host_key;
mod install;
mod network;
mod package;
mod privilege;
mod progress;
mod remove;
mod secret;
mod upload;
mod windows;

pub use account::{Account, SignInWith};
pub use computer::{Architecture, Computer};
pub use error::{DeployError, Refusal};
pub use host_key::{HostKey, HostKeyRule};
pub use install::{Diagnosis, Install, Installed, install};
pub use network::{Reach, System, Target, find_system};
pub use package::{Package, Packages};
pub use progress::{Cancel, Observer, Step};
pub use remove::{Data, Remove, remove};
pub use secret::Secret;
