//! `eidetic-agent enrol`.

use super::ServerArguments;
use crate::{
    identity::{Enrolment, Identity, enrol},
    os,
    secrets::SecretFiles,
    state_folder::StateFolder,
};

/// Enrols this computer.
pub(super) async fn run(
    folder: &StateFolder,
    server: ServerArguments,
    replace: bool,
) -> anyhow::Result<()> {
    let ticket = server.ticket()?;
    let secrets = SecretFiles::in_folder(folder.secrets());
    let until_now = match Identity::read(&folder.identity(), &secrets) {
        // One that is damaged is what is to be replaced.
        Err(_) if replace => None,
        read => read?,
    };
    if !replace && let Some(identity) = until_now {
        anyhow::bail!(
            "this computer is enrolled with {} already; `--replace` enrols it again",
            identity.server
        );
    }
    let identity = enrol(Enrolment {
        server: server.server,
        ticket,
        computer_name: os::computer_name(),
        operating_system: os::operating_system(),
        until_now,
    })
    .await?;
    identity.write(&folder.identity(), &secrets)?;
    tell(&identity);
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the answer to the person at the terminal"
)]
fn tell(identity: &Identity) {
    println!(
        "enrolled with {} as agent {}",
        identity.server, identity.agent
    );
}
