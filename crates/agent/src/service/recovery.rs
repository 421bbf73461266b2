//! What a service that was killed left undone, done by the next one.

use std::path::Path;

use eidetic_model::{GapReason, SegmentId};
use eidetic_spool::SegmentState;
use tracing::{error, warn};

use super::{
    alive::Alive,
    journal::{Journal, Kept},
};

/// Writes the ends of the sessions that the last service was recording when it was killed, as the
/// file `alive.toml` tells; and the segments of which a crash left nothing.
///
/// The file is to be written anew after this. A service that is killed in here goes on where it
/// was: the file says how far the spool was before, and the records are the same each time.
pub(super) fn close_what_was_left_open(journal: &mut Journal, path: &Path) -> anyhow::Result<()> {
    let alive = Alive::read(path).unwrap_or_else(|error| {
        // Recording now is worth more than the ends of sessions that nobody can tell any more.
        error!("what was being recorded is not known, its end is not told: {error:#}");
        Alive::default()
    });
    let newest = journal.spool().lock().newest_entry();
    let written = alive.written_already(newest);
    let entries: Vec<_> = alive.late_entries().into_iter().skip(written).collect();
    if !entries.is_empty() {
        warn!(sessions = alive.sessions.len(), owed = alive.owed.len(), last_alive = %alive.at,
            "the agent was killed while it recorded: it writes the ends of the sessions now");
        let mut note = Alive {
            at: alive.at,
            sessions: Vec::new(),
            owed: entries,
            closing: None,
        };
        note.begin_closing(newest, note.owed.len());
        if let Err(error) = note.write(path) {
            warn!("the ends of sessions may be told twice: {error:#}");
        }
        for entry in note.owed {
            journal.owe(entry);
        }
        if journal.pay()? == Kept::Full {
            warn!("spool is full: the ends of the sessions are told later");
        }
    }
    give_up_lost_segments(journal)?;
    journal.sync()?;
    Ok(())
}

fn give_up_lost_segments(journal: &mut Journal) -> anyhow::Result<()> {
    let lost: Vec<SegmentId> = journal
        .spool()
        .lock()
        .segments()
        .filter(|segment| segment.state == SegmentState::Lost)
        .map(|segment| segment.id)
        .collect();
    for segment in lost {
        journal.lose(segment, GapReason::RecorderDied)?;
        // The gap is durable before what it stands for is gone.
        journal.sync()?;
        journal.spool().lock().forget_segment(segment)?;
    }
    Ok(())
}
