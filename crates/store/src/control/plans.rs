//! Monitoring plans, as their owner writes them.

use eidetic_model::PlanId;

/// All plans, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPlans {
    /// Counts up with each change of any plan; 0 before the first.
    pub revision: u64,
    /// The plans, in their order.
    pub plans: Vec<StoredPlan>,
}

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlan {
    /// Its id.
    pub id: PlanId,
    /// What it says, as its owner wrote it.
    pub value: String,
}

/// What became of plans that were to replace others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlansReplaced {
    /// They hold now.
    Yes,
    /// Somebody else changed them meanwhile. Nothing was written.
    Conflict,
}
