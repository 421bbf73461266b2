//! What the server may ask of the service.

use eidetic_model::SessionEvent;
use eidetic_wire::proto::ControlCall;
use tracing::info;

use super::Core;

impl Core {
    /// Does what the server asks.
    pub(super) fn carry_out(&mut self, call: ControlCall) -> anyhow::Result<()> {
        match call {
            ControlCall::Unspecified | ControlCall::Status => Ok(()),
            // Only what is durable is sent.
            ControlCall::Collect => Ok(self.journal.sync()?),
            ControlCall::Stop => self.stop_recording(),
            ControlCall::Restart => self.begin_anew(),
        }
    }

    /// Nothing is recorded until [`Self::begin_anew`] or the next start of the service.
    fn stop_recording(&mut self) -> anyhow::Result<()> {
        if self.stopped_since.is_some() {
            return Ok(());
        }
        info!("an administrator stops recording");
        self.stopped_since = Some(self.parts.clock.wall());
        self.begin_and_end_by_policy()?;
        self.write_status();
        Ok(())
    }

    /// Ends what is recorded, which begins anew by itself, with new recorders.
    fn begin_anew(&mut self) -> anyhow::Result<()> {
        info!("an administrator has recording begin anew");
        if self.stopped_since.take().is_some() {
            self.begin_and_end_by_policy()?;
        } else if !self.stopping {
            self.end_all_sessions(SessionEvent::MonitoringEnd)?;
        }
        self.write_status();
        Ok(())
    }
}
