//! Removing what was recorded once the time is over for which its plan keeps it: the screen's
//! recordings here, activity records in [`records`].
//!
//! Of the screen's recordings remains that they were there. The bytes go first: whatever happens in
//! between, the next round finds the segment again.

mod records;

pub use records::remove_due_records;

use std::time::Duration;

use eidetic_model::{PlanId, SegmentId, Timestamp};
use eidetic_runtime::{ShutdownSignal, Task};
use eidetic_store::StoreError;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{error, info, warn};

use crate::{
    components::Components,
    plans::{Plan, PlanSettings},
};

/// Removes what is due every hour, until the server shuts down.
pub fn start(components: Components, shutdown: ShutdownSignal) -> Task<()> {
    let began = Began {
        wall: components.clock.wall(),
        monotonic: components.clock.monotonic(),
    };
    Task::spawn("retention", async move {
        // Not at once: a clock that is wrong when the computer starts is mended by then, and that
        // it was is seen.
        let mut hourly = interval_at(Instant::now() + ROUND, ROUND);
        hourly.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = hourly.tick() => {}
                () = shutdown.wait() => return,
            }
            if !began.clock_is_plausible(&components) {
                warn!(
                    "this computer's clock was moved: nothing is removed for its age until \
                     the clock is right and the server was started again after that"
                );
                continue;
            }
            match remove_due(&components, &shutdown).await {
                Ok(0) => {}
                Ok(removed) => info!(removed, "recordings removed: their retention is over"),
                Err(error) => error!(%error, "recordings that are due were not removed"),
            }
            match remove_due_records(&components, &shutdown).await {
                Ok(0) => {}
                Ok(removed) => info!(removed, "activity records removed: their retention is over"),
                Err(error) => error!(%error, "activity records that are due were not removed"),
            }
        }
    })
}

/// Removes the segments that are due now. Returns how many. One that cannot be removed is told of,
/// and stays for the next round.
///
/// # Errors
///
/// If it cannot be known what is due; what was removed before is.
pub async fn remove_due(
    components: &Components,
    shutdown: &ShutdownSignal,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    for plan in components.control.plans_of_sessions().await? {
        let Some(before) = kept_since(components, plan, |settings| settings.video_retention_days)
        else {
            continue;
        };
        let mut failed = 0;
        loop {
            let due = components
                .control
                .segments_kept_before(plan, before, failed, AT_ONCE);
            let due = due.await?;
            for segment in &due {
                if shutdown.has_begun() {
                    return Ok(removed);
                }
                match remove(components, *segment).await {
                    Ok(()) => removed += 1,
                    Err(error) => {
                        error!(%segment, %error, "a recording that is due was not removed");
                        failed += 1;
                    }
                }
            }
            if due.len() < AT_ONCE {
                break;
            }
        }
    }
    Ok(removed)
}

async fn remove(components: &Components, segment: SegmentId) -> Result<(), StoreError> {
    components.segments.delete(segment).await?;
    components.control.remove_segment(segment).await
}

/// Of the sessions that were recorded under a plan, what tells only of the time before this is
/// removed; `None` if all is kept. What a computer says of itself now changes nothing for what it
/// recorded before. Where the plan is not there any more, the one that keeps longest counts.
fn kept_since(
    components: &Components,
    plan: Option<PlanId>,
    days: fn(&PlanSettings) -> u32,
) -> Option<Timestamp> {
    let book = components.plans.borrow().clone();
    let days_of = |plan: &Plan| match days(&plan.document().settings) {
        0 => None,
        days => Some(days),
    };
    let days = match plan.and_then(|plan| book.plan(plan)) {
        Some(plan) => days_of(plan),
        None => book
            .plans()
            .iter()
            .map(days_of)
            .try_fold(0, |longest, days| Some(longest.max(days?))),
    }?;
    let kept = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    Some(components.clock.wall().saturating_sub(kept))
}

/// When the server began, on both clocks.
struct Began {
    wall: Timestamp,
    monotonic: Duration,
}

impl Began {
    /// Whether the wall clock has gone on as far as the other one: one that was set to a wrong year
    /// must not cost recordings.
    fn clock_is_plausible(&self, components: &Components) -> bool {
        let elapsed = components.clock.monotonic().saturating_sub(self.monotonic);
        let expected = self.wall.saturating_add(elapsed);
        components.clock.wall() <= expected.saturating_add(CLOCK_TOLERANCE)
    }
}

const ROUND: Duration = Duration::from_secs(60 * 60);
const CLOCK_TOLERANCE: Duration = Duration::from_secs(6 * 60 * 60);
const AT_ONCE: usize = 200;
