//! How this computer is known on the network, for the plans that name it so.

use std::time::Duration;

use dns_lookup::{AddrInfoHints, getaddrinfo};
use eidetic_model::ComputerFacts;
use tokio::{task::spawn_blocking, time::timeout};
use tracing::warn;

/// Its names and addresses as they are now. Without a name service, what is known without it.
pub(super) async fn known_as(computer: &str) -> ComputerFacts {
    let name = computer.to_owned();
    let asking = spawn_blocking(move || full_name(&name));
    let full_name = match timeout(NAME_LIMIT, asking).await {
        Ok(Ok(full_name)) => full_name,
        Ok(Err(_)) | Err(_) => None,
    };
    let names = [Some(computer.to_owned()), full_name];
    let addresses = match spawn_blocking(if_addrs::get_if_addrs).await {
        Ok(Ok(interfaces)) => interfaces.iter().map(if_addrs::Interface::ip).collect(),
        Ok(Err(error)) => {
            warn!(%error, "this computer's addresses cannot be told");
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    ComputerFacts::new(names.into_iter().flatten(), addresses)
}

/// The computer's name with its domain, as the name service has it.
fn full_name(computer: &str) -> Option<String> {
    let hints = AddrInfoHints {
        // The canonical name of the computer is wanted (AI_CANONNAME, the same number everywhere).
        flags: 2,
        ..AddrInfoHints::default()
    };
    let mut found = getaddrinfo(Some(computer), None, Some(hints)).ok()?;
    let name = found.next()?.ok()?.canonname?;
    // Some answer with what they were asked, or with the name of the loopback.
    (name.contains('.') && !name.starts_with("localhost")).then_some(name)
}

/// Who asks a name service that is away does not wait for it.
const NAME_LIMIT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_computer_has_at_least_its_own_name_and_no_address_that_others_have() {
        let facts = known_as("no-such-computer.invalid").await;
        assert_eq!(facts.names, ["no-such-computer.invalid"]);
        assert!(!facts.addresses.iter().any(std::net::IpAddr::is_loopback));
    }
}
