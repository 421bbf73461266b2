//! Looking at sessions, for the prerequisites.

use eidetic_checks::Sessions;

use super::SessionSource;

/// The service, as Windows calls it.
pub(crate) use super::service::NAME as SERVICE_NAME;

/// Windows always tells of its sessions, and needs no key to their screens.
#[derive(Debug)]
pub(crate) struct SessionProbe;

impl SessionProbe {
    /// Looks where the service does.
    pub(crate) fn of(_source: &SessionSource) -> Self {
        Self
    }

    /// Looks. It takes its time on other systems.
    pub(crate) async fn look(&mut self) -> Sessions {
        Sessions::BySystem
    }
}
