//! What Windows Installer calls while it installs, repairs or removes the agent.
//!
//! The package (`xtask/src/windows/msi`) copies files and registers the service by itself. What it
//! cannot do is here: [`answers`] says whether what was asked for makes sense before anything is
//! changed, and [`run`] runs the agent's own program without a window, hands it the token over its
//! standard input, where nobody else can read it, and shows what the program has to say; [`take_back`] has nothing of it left if the first installation
//! fails. `abi`
//! exports it under the names that the package calls.

pub mod answers;
pub mod run;
pub mod take_back;

#[cfg(windows)]
mod abi;
