//! What is done when the spool or the disk is full, and when there is room again.

use eidetic_model::{Entry, GapReason, Timestamp};
use tracing::{info, warn};

use super::{super::session::gap_record, Core};
use crate::channel::Order;

impl Core {
    /// The spool is full: what there is of the open segments is kept, and no new ones begin.
    pub(super) fn pause_screens(&mut self) -> anyhow::Result<()> {
        if self.full_since.is_some() {
            return Ok(());
        }
        warn!("spool is full: the screen is not recorded until there is room");
        self.full_since = Some(self.parts.clock.wall());
        for session in self.sessions.values_mut() {
            for segment in std::mem::take(&mut session.open_segments) {
                self.journal.seal(segment, GapReason::SpoolFull)?;
            }
            if let Some(run) = session.run() {
                self.parts.recorders.order(run, Order::PauseScreen);
            }
        }
        Ok(())
    }

    /// Goes on recording the screen, if it was paused and there is room again.
    pub(super) fn resume_screens(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let Some(from) = self.full_since else {
            return Ok(());
        };
        if !self.journal.has_room_again()? {
            return Ok(());
        }
        info!("spool has room again: the screen is recorded");
        self.full_since = None;
        let lost = self.journal.take_lost_entries();
        for session in self.sessions.values() {
            let from = from.max(session.description.start);
            let mut record = gap_record(&session.description, GapReason::SpoolFull, from, now);
            if lost > 0 {
                record
                    .details
                    .push(format!("Records lost: {lost}").as_str().into());
            }
            self.journal.entry(&Entry::Activity(record))?;
            if let Some(run) = session.run() {
                self.parts.recorders.order(run, Order::ResumeScreen);
            }
        }
        Ok(())
    }
}
