//! `eidetic-agent setup` for a person at a terminal: asks what installers ask.

use anyhow::Context as _;
use dialoguer::{Confirm, Input, Password, theme::ColorfulTheme};
use eidetic_wire::{DEFAULT_PORT, EnrolmentTicket};

use crate::{server_address::ServerAddress, state_folder::StateFolder};

/// What was answered: the lines that an installer would send.
pub(super) fn ask(folder: &StateFolder) -> anyhow::Result<String> {
    say("Eidetic agent: records the user sessions of this computer for an Eidetic server.\n");
    say("It is free software under the Apache License 2.0 or the MIT license, at your choice,");
    say("and comes without any warranty. What it records is the business of the law of your");
    say("country: see to it that those who are recorded know it.\n");
    let theme = ColorfulTheme::default();
    let accepted = Confirm::with_theme(&theme)
        .with_prompt("Do you accept the licence?")
        .default(false)
        .interact()
        .context(NOT_ASKED)?;
    anyhow::ensure!(
        accepted,
        "the licence was not accepted: nothing was changed"
    );
    let place = folder.path().display();
    say(&format!(
        "What is recorded waits in {place} until the server has it (`--state-folder` names another)."
    ));
    let host: String = Input::with_theme(&theme)
        .with_prompt("Host server (name or address)")
        .validate_with(|host: &String| ServerAddress::of(host.trim(), DEFAULT_PORT).map(drop))
        .interact_text()
        .context(NOT_ASKED)?;
    let port: u16 = Input::with_theme(&theme)
        .with_prompt("Server TCP port")
        .default(DEFAULT_PORT)
        .validate_with(|port: &u16| match port {
            0 => Err("a TCP port is from 1 to 65535"),
            _ => Ok(()),
        })
        .interact_text()
        .context(NOT_ASKED)?;
    let token = Password::with_theme(&theme)
        .with_prompt("Enrolment token (from the console's page Computers; empty if enrolled)")
        .allow_empty_password(true)
        .validate_with(|token: &String| match token.trim() {
            "" => Ok(()),
            token => token.parse::<EnrolmentTicket>().map(drop),
        })
        .interact()
        .context(NOT_ASKED)?;
    Ok(lines(&host, port, &token))
}

/// The lines that [`super::setup`] reads.
pub(super) fn lines(host: &str, port: u16, token: &str) -> String {
    format!("{}\n{port}\n{}\n", host.trim(), token.trim())
}

#[expect(clippy::print_stderr, reason = "the person at the terminal reads it")]
fn say(text: &str) {
    eprintln!("{text}");
}

const NOT_ASKED: &str = "the terminal cannot be asked; say --server, --port and --token instead";
