//! Looks for as long as the service runs.

use std::{sync::Arc, time::Duration};

use eidetic_checks::{Machine, system::ThisComputer};
use eidetic_model::{AdjustmentId, CheckReport, Clock, IdSource, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tracing::error;

use super::{gather, installation, keeper::Keeper};
use crate::{os, service::SessionCounts, state_folder::StateFolder};

/// What the task works with.
pub(crate) struct PrerequisiteParts {
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ids for adjustments.
    pub(crate) ids: Arc<dyn IdSource>,
    /// The agent's folder.
    pub(crate) folder: StateFolder,
    /// How sessions are looked for.
    pub(crate) sessions: os::SessionProbe,
    /// The port for calls of the server; 0: none.
    pub(crate) control_port: u16,
    /// What the plan says.
    pub(crate) followed: watch::Receiver<SessionCounts>,
    /// What the server says.
    pub(crate) told: mpsc::Receiver<Told>,
    /// Where what was found goes.
    pub(crate) reports: watch::Sender<Option<CheckReport>>,
}

/// What the server says of prerequisites.
#[derive(Debug)]
pub(crate) enum Told {
    /// Look now.
    CheckNow,
    /// The server has these adjustments.
    Stored(Vec<AdjustmentId>),
    /// The server's clock showed the first when this computer's showed the second.
    Clock(Timestamp, Timestamp),
}

/// Looks at the start, every [`LOOK_EVERY`], when the plan changes and when the server asks.
pub(crate) async fn run(parts: PrerequisiteParts) {
    let PrerequisiteParts {
        clock,
        ids,
        folder,
        mut sessions,
        control_port,
        mut followed,
        mut told,
        reports,
    } = parts;
    let machine: Box<dyn Machine> = Box::new(ThisComputer);
    let path = folder.prerequisites();
    let mut keeper = Keeper::new(
        machine,
        clock,
        ids,
        installation(&folder, control_port),
        path,
    );
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_asked = tokio::select! {
            _ = looks.tick() => false,
            Ok(()) = followed.changed() => false,
            Some(told) = told.recv() => match told {
                Told::CheckNow => true,
                Told::Stored(ids) => {
                    keeper.stored(&ids);
                    continue;
                }
                Told::Clock(server, here) => {
                    keeper.compare_clocks(server, here);
                    continue;
                }
            },
        };
        let plan = *followed.borrow_and_update();
        let found = sessions.look().await;
        let folder = folder.clone();
        // Asks the system and the network, which takes its time.
        let look = spawn_blocking(move || {
            let ahead = keeper.ahead_micros();
            let facts = gather(&folder, found, ahead, plan.min_free_bytes);
            let report = keeper.look(&facts, plan.prerequisites, is_asked);
            (keeper, report)
        });
        match look.await {
            Ok((kept, report)) => {
                keeper = kept;
                if let Some(report) = report {
                    reports.send_replace(Some(report));
                }
            }
            Err(error) => {
                error!(%error, "prerequisites are not looked at any more");
                return;
            }
        }
    }
}

/// What somebody changes is put back within a minute, also where a look takes long.
const LOOK_EVERY: Duration = Duration::from_secs(20);
