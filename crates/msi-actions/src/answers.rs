//! What the administrator said, on the command line or in the wizard.

/// Server, port and token.
#[derive(Clone, PartialEq, Eq)]
pub struct Answers {
    /// The server's name or address; may be empty.
    pub server: String,
    /// The server's TCP port.
    pub port: String,
    /// The enrolment token; may be empty.
    pub token: String,
}

impl Answers {
    /// What is wrong with them, in words for the administrator; `None` if nothing is.
    ///
    /// Only their form is looked at: whether there is such a server is seen when the agent enrols.
    pub fn problem(&self) -> Option<String> {
        let odd = |character: char| character.is_whitespace() || r#"/\@|[]"#.contains(character);
        let server = self.server.trim();
        let bare = server
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(server);
        let is_ipv6 = bare.parse::<std::net::Ipv6Addr>().is_ok();
        if bare.contains(odd) || (bare.contains(':') && !is_ipv6) {
            return Some(format!(
                "{server} is not the name or the address of a server. \
                 Write it without a port: the port has a field of its own (PORT)."
            ));
        }
        if !matches!(self.port.trim().parse(), Ok(1..=u16::MAX)) {
            return Some(format!(
                "{} is not a TCP port: it is a number from 1 to 65535, 9004 unless your server \
                 was told otherwise.",
                self.port
            ));
        }
        let token = self.token.trim();
        if !token.is_empty() && server.is_empty() {
            return Some(
                "A token is of use only with the server that gave it (SERVER).".to_owned(),
            );
        }
        let is_token = token.len() >= SHORTEST_TOKEN
            && token.starts_with("eidetic1.")
            && !token.contains(|c: char| !c.is_ascii_graphic());
        if !token.is_empty() && !is_token {
            return Some(
                "This is not an enrolment token: it begins with eidetic1. and is given by the \
                 console's page Computers, or by eidetic-server token. Copy all of it."
                    .to_owned(),
            );
        }
        None
    }
}

/// A hash and a secret of 32 bytes each, in base64.
const SHORTEST_TOKEN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(server: &str, port: &str, token: &str) -> String {
        let answers = Answers {
            server: server.to_owned(),
            port: port.to_owned(),
            token: token.to_owned(),
        };
        answers.problem().unwrap_or_default()
    }

    #[test]
    fn answers_that_make_sense_are_taken() {
        let token = format!("eidetic1.{}", "A".repeat(86));
        for server in ["host", "host.example.org", "10.0.0.1", "::1", "[::1]"] {
            assert_eq!(problem(server, "9004", &token), "");
        }
        assert_eq!(problem("host", " 1 ", ""), "");
        assert_eq!(problem("", "9004", ""), "");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for server in ["host:9004", "https://host", "a b", "[::1", r"\\host"] {
            assert!(problem(server, "9004", "").contains("without a port"));
        }
        for port in ["", "0", "65536", "-1", "port"] {
            assert!(problem("host", port, "").contains("not a TCP port"));
        }
        let token = format!("eidetic1.{}", "A".repeat(86));
        assert!(problem("", "9004", &token).contains("with the server that gave it"));
        for token in ["secret", "eidetic1.AAAA", &token[1..]] {
            let problem = problem("host", "9004", token);
            assert!(problem.contains("not an enrolment token"));
            assert!(!problem.contains(token));
        }
    }
}
