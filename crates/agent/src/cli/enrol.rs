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
    if !replace && let Some(identity) = Identity::read(&folder.identity(), &secrets)? {
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
