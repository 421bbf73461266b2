//! What is done when the spool or the disk is full, and when there is room again.

use eidetic_model::{Entry, GapReason, Timestamp};
use tracing::{info, warn};

use super::{
    super::{
        alive::{Alive, AliveSession},
        journal::{Journal, Kept, Loss},
        session::{RecordedSession, loss_record},
    },
    Core,
};
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

    /// Tells the recorders whether the disk has less room than the policy leaves free. Once it has,
    /// there has to be some more again before the screen is recorded.
    pub(super) fn watch_disk(&mut self) {
        let wanted = self.policy.limits().stop_below_free_bytes;
        let is_low = wanted > 0 && {
            let more = if self.disk_is_low { wanted / 10 } else { 0 };
            match self.parts.spool.lock().free_bytes() {
                Ok(free) => free < wanted.saturating_add(more),
                Err(error) => {
                    warn!(%error, "free space cannot be told");
                    return;
                }
            }
        };
        if is_low == self.disk_is_low {
            return;
        }
        self.disk_is_low = is_low;
        info!(is_low, "room on the disk for the screen, as the plan says");
        for session in self.sessions.values() {
            if let Some(run) = session.run() {
                self.parts.recorders.order(run, Order::DiskIsLow(is_low));
            }
        }
    }

    /// Adds an entry that is not to be lost. One that does not fit is noted for the next start.
    pub(super) fn keep(&mut self, entry: Entry) -> anyhow::Result<()> {
        let owed_before = self.journal.owed().len();
        self.journal.keep(entry)?;
        if self.journal.owed().len() > owed_before {
            self.note_alive();
        }
        Ok(())
    }

    /// Once there is room again: writes what is owed, tells what was lost, and goes on recording
    /// the screen, if it was paused.
    pub(super) fn make_up_for_losses(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if self.full_since.is_none() && !self.journal.is_behind() {
            return Ok(());
        }
        if !self.journal.has_room_again()? {
            return Ok(());
        }
        if self.journal.owed().len() > 0 {
            // Killed in here, the next start knows how far this one came.
            let mut note = self.note();
            let newest = self.journal.spool().lock().newest_entry();
            note.begin_closing(newest, self.journal.owed().len());
            self.write_note(&note);
            if self.journal.pay()? == Kept::Full {
                return Ok(());
            }
        }
        for session in self.sessions.values() {
            if let Some(loss) = whole_loss(&self.journal, self.full_since, session) {
                let record = loss_record(&session.description, loss, now);
                self.journal.take_loss_of(session.description.id);
                self.journal.keep(Entry::Activity(record))?;
            }
            if self.full_since.is_some()
                && let Some(run) = session.run()
            {
                self.parts.recorders.order(run, Order::ResumeScreen);
            }
        }
        self.journal.forget_losses();
        if self.full_since.take().is_some() {
            info!("spool has room again: the screen is recorded");
        }
        self.journal.sync()?;
        self.note_alive();
        Ok(())
    }

    /// A session with what is to be told of it if it ended now.
    pub(super) fn unfinished(&self, session: &RecordedSession) -> AliveSession {
        AliveSession {
            description: session.description.clone(),
            idle_since: session.idle_since,
            gap: session.gap,
            loss: whole_loss(&self.journal, self.full_since, session),
        }
    }

    /// Notes for the next start what is being recorded and what is owed. A full disk does not stop
    /// recording: the next tick tries again.
    pub(super) fn note_alive(&mut self) {
        let note = self.note();
        self.write_note(&note);
    }

    fn note(&self) -> Alive {
        let sessions = self.sessions.values();
        Alive {
            at: self.parts.clock.wall(),
            sessions: sessions.map(|session| self.unfinished(session)).collect(),
            owed: self.journal.owed().cloned().collect(),
            closing: None,
        }
    }

    fn write_note(&mut self, note: &Alive) {
        let written = note.write(&self.parts.folder.alive());
        if let Err(error) = &written
            && !self.is_note_missing
        {
            warn!("what is being recorded cannot be noted, trying again and again: {error:#}");
        }
        self.is_note_missing = written.is_err();
    }
}

/// What is missing of a session since the spool is full: its screen, or records, or both.
fn whole_loss(
    journal: &Journal,
    full_since: Option<Timestamp>,
    session: &RecordedSession,
) -> Option<Loss> {
    let lost = journal.loss_of(session.description.id);
    let Some(full_since) = full_since else {
        return lost;
    };
    let since = full_since.max(session.description.start);
    Some(Loss {
        reason: GapReason::SpoolFull,
        from: lost.map_or(since, |lost| lost.from.min(since)),
        entries: lost.map_or(0, |lost| lost.entries),
    })
}
