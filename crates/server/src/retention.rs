//! Removing the screen's recordings once the time is over for which their plan keeps them.
//!
//! What remains is that they were there. The bytes go first: whatever happens in between, the next
//! round finds the segment again.

use std::time::Duration;

use eidetic_model::Timestamp;
use eidetic_runtime::{ShutdownSignal, Task};
use eidetic_store::{StoreError, control::Agent};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::{components::Components, plans::facts_of};

/// Removes what is due every hour, until the server shuts down.
pub fn start(components: Components, shutdown: ShutdownSignal) -> Task<()> {
    let began = Began {
        wall: components.clock.wall(),
        monotonic: components.clock.monotonic(),
    };
    Task::spawn("retention", async move {
        let mut hourly = interval(ROUND);
        hourly.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = hourly.tick() => {}
                () = shutdown.wait() => return,
            }
            if !began.clock_is_plausible(&components) {
                warn!(
                    "this computer's clock was moved: no recording is removed for its age until \
                     the server is started again"
                );
                continue;
            }
            match remove_due(&components, &shutdown).await {
                Ok(0) => {}
                Ok(removed) => info!(removed, "recordings removed: their retention is over"),
                Err(error) => error!(%error, "recordings that are due were not removed"),
            }
        }
    })
}

/// Removes the segments that are due now. Returns how many.
///
/// # Errors
///
/// If a store fails; what was removed before is.
pub async fn remove_due(
    components: &Components,
    shutdown: &ShutdownSignal,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    for agent in components.control.agents().await? {
        let Some(before) = kept_since(components, &agent) else {
            continue;
        };
        loop {
            let due = components
                .control
                .segments_kept_before(agent.id, before, AT_ONCE);
            let due = due.await?;
            for segment in &due {
                if shutdown.has_begun() {
                    return Ok(removed);
                }
                components.segments.delete(*segment).await?;
                components.control.remove_segment(*segment).await?;
                removed += 1;
            }
            if due.len() < AT_ONCE {
                break;
            }
        }
    }
    Ok(removed)
}

/// What tells only of the time before this is removed; `None` if all is kept.
fn kept_since(components: &Components, agent: &Agent) -> Option<Timestamp> {
    let book = components.plans.borrow().clone();
    let settings = &book.plan_of(&facts_of(agent)).document().settings;
    let days = settings.video_retention_days;
    let kept = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    (days > 0).then(|| components.clock.wall().saturating_sub(kept))
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
