//! Where the password comes from.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// A password, which is wiped from memory after use.
pub struct Password(Zeroizing<String>);

impl Password {
    /// From standard input, the environment, or whoever sits at the terminal.
    pub fn obtain(from_stdin: bool, user: &str) -> anyhow::Result<Self> {
        if from_stdin {
            return Self::first_line(&mut io::stdin().lock());
        }
        if let Ok(password) = std::env::var(VARIABLE) {
            return Ok(Self(Zeroizing::new(password)));
        }
        if !io::stdin().is_terminal() {
            bail!("no password: put it into {VARIABLE}, or say --password-stdin");
        }
        let password = rpassword::prompt_password(format!("Password of {user}: "))
            .context("failed to ask for the password")?;
        Ok(Self(Zeroizing::new(password)))
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn first_line(input: &mut impl io::BufRead) -> anyhow::Result<Self> {
        let mut line = Zeroizing::new(String::new());
        input
            .read_line(&mut line)
            .context("failed to read the password from standard input")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("the first line of standard input, where the password should be, is empty");
        }
        Ok(Self(Zeroizing::new(password.to_owned())))
    }
}

const VARIABLE: &str = "EIDETIC_PASSWORD";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_line_with_its_spaces_but_without_its_end() {
        let read = |text: &str| {
            Password::first_line(&mut text.as_bytes()).map(|password| password.reveal().to_owned())
        };
        assert_eq!(read(" two words \r\nrest").unwrap(), " two words ");
        assert_eq!(read("no end").unwrap(), "no end");
        assert!(read("\n").is_err());
    }
}
