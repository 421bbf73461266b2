//! Removing the agent.

use std::time::Duration;

use crate::{
    Cancel, Computer, DeployError, Observer, Packages, Reach, Step, Target, commands,
    connection::Connection,
    install::{or_cancelled, succeeded},
    windows,
};

/// What becomes of what was recorded and not sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It stays, with who the computer is: an agent that is installed again sends it.
    Keep,
    /// It is deleted.
    Delete,
}

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remove {
    /// The computer, as it was found; its `installed` is what was there.
    pub computer: Computer,
}

/// Stops the agent, which sends what it can, and removes it. Where there is none, nothing happens.
/// On Windows it takes the program out of a package for it.
///
/// # Errors
///
/// If it fails.
pub async fn remove(
    target: &Target,
    data: Data,
    packages: &Packages,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Remove, DeployError> {
    if target.reach == Reach::Smb {
        let computer = windows::remove(target, packages, data, observer, cancel).await?;
        return Ok(Remove { computer });
    }
    let connection = or_cancelled(cancel, Connection::open(target, observer)).await?;
    observer.at(Step::LookingAround);
    let examined = Computer::examine(&connection, &target.account);
    let (computer, privilege) = or_cancelled(cancel, examined).await?;
    observer.at(Step::Removing);
    let attempt = "removing the agent";
    let script = commands::remove(data == Data::Delete);
    let output = privilege
        .run(&connection, attempt, &script, "", LIMIT)
        .await?;
    succeeded(attempt, output)?;
    connection.close().await;
    Ok(Remove { computer })
}

const LIMIT: Duration = Duration::from_secs(5 * 60);
