//! What agents change on their computers to meet prerequisites.

use eidetic_model::{AdjustmentRecord, AgentId};
use eidetic_store::{StoreError, control::ControlStore};
use tracing::{info, warn};

/// Keeps what an agent changed: the one place by which every adjustment goes. One that is told
/// twice is kept once.
///
/// # Errors
///
/// If it cannot be kept: the agent tells it again.
pub async fn record_adjustment(
    control: &dyn ControlStore,
    agent: AgentId,
    adjustment: AdjustmentRecord,
) -> Result<(), StoreError> {
    let check = adjustment.check.clone();
    let problem = adjustment.problem.clone();
    control.note_adjustment(agent, adjustment).await?;
    match problem {
        None => info!(%agent, check, "agent mended a prerequisite"),
        Some(problem) => warn!(%agent, check, problem, "agent could not mend a prerequisite"),
    }
    Ok(())
}
