//! Control data: agents, sessions and their segments, users, sign-ins, monitoring plans.

mod agents;
mod checks;
mod health;
mod plans;
mod recordings;
mod sqlite;
#[cfg(test)]
mod suite;
mod users;

pub use agents::{
    Agent, AgentDescription, AgentState, Enrolling, EnrolmentToken, Redeemed, TakenUp,
};
pub use checks::{KnownChecks, KnownUnmet};
pub use health::{
    AgentStatus, Day, HealthCounts, HealthEvent, HealthFilter, HealthStore, LogMark, SaidStatus,
    Severity, StorageSample,
};
pub use plans::{PlansReplaced, StoredPlan, StoredPlans};
pub use recordings::{KeyFrame, Presence, RecordedSession, SegmentState, StoredSegment};
pub use sqlite::SqliteControl;
pub use users::{Looked, SignIn, SignInId, User, ViewingEvent, ViewingFilter, ViewingId};

use async_trait::async_trait;
use eidetic_model::{
    AdjustmentRecord, AgentId, Entry, GapReason, IdleStretch, PlanId, RecordSequence, SegmentEnd,
    SegmentId, SessionId, SpoolId, Timestamp, UnmetCheck,
};

use crate::StoreError;

/// Control data. Every change is durable when its method returns.
#[async_trait]
pub trait ControlStore: Send + Sync {
    // Agents and their enrolment.

    /// Keeps a token. Only the hash of its secret is kept.
    async fn add_enrolment_token(&self, token: EnrolmentToken) -> Result<(), StoreError>;
    /// Uses a token up: of two calls at once, one gets it.
    async fn redeem_enrolment_token(
        &self,
        secret_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<Redeemed, StoreError>;
    /// Uses a token up and keeps the agent: both, or neither.
    async fn enrol_agent(
        &self,
        enrolling: Enrolling,
        now: Timestamp,
    ) -> Result<Redeemed, StoreError>;
    /// Adds an agent, or replaces all that is known of it.
    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError>;
    /// Keeps what an agent says that it is, and changes nothing else of it: an agent that was
    /// removed meanwhile stays removed. One that is not known stays unknown.
    async fn describe_agent(
        &self,
        id: AgentId,
        description: AgentDescription,
    ) -> Result<(), StoreError>;
    /// From now on an active agent has the certificate with this serial number, and no other.
    async fn take_up_certificate(&self, id: AgentId, serial: &[u8]) -> Result<TakenUp, StoreError>;
    /// One agent.
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError>;
    /// All agents, by name.
    async fn agents(&self) -> Result<Vec<Agent>, StoreError>;
    /// Keeps when an agent was last heard of.
    async fn note_contact(&self, id: AgentId, at: Timestamp) -> Result<(), StoreError>;

    // What agents report.

    /// The last entry of a spool that was taken in.
    async fn last_sequence(
        &self,
        agent: AgentId,
        spool: SpoolId,
    ) -> Result<RecordSequence, StoreError>;
    /// Takes in consecutive entries of a spool, in one transaction: sessions, idle stretches,
    /// segments and what is counted from activities. Entries that were taken in before are
    /// skipped, so that a batch may be given again. The activities themselves go to the audit
    /// database, before this is called. Sessions that begin with them are recorded under `plan`.
    async fn apply(
        &self,
        agent: AgentId,
        spool: SpoolId,
        plan: PlanId,
        entries: &[(RecordSequence, Entry)],
    ) -> Result<Applied, StoreError>;
    /// A growing segment has these further key frames, and tells until `until`.
    async fn grow_segment(
        &self,
        id: SegmentId,
        bytes: u64,
        until: Timestamp,
        key_frames: &[KeyFrame],
    ) -> Result<(), StoreError>;
    /// A segment is whole.
    async fn seal_segment(&self, end: SegmentEnd) -> Result<(), StoreError>;
    /// A segment will not come whole.
    async fn lose_segment(&self, id: SegmentId, reason: GapReason) -> Result<(), StoreError>;
    /// Forgets the key frames of a growing segment whose bytes were dropped.
    async fn reset_segment(&self, id: SegmentId) -> Result<(), StoreError>;

    /// The plans under which sessions were recorded; `None` for those of before there were plans.
    async fn plans_of_sessions(&self) -> Result<Vec<Option<PlanId>>, StoreError>;
    /// The oldest segments of a plan's sessions that tell of nothing after a time, do not grow, and
    /// have not been removed. `None` is for the sessions of before there were plans. `leave_out` of
    /// them are left out.
    async fn segments_kept_before(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
        leave_out: usize,
        limit: usize,
    ) -> Result<Vec<SegmentId>, StoreError>;
    /// Keeps of a segment only that it was there, as lost because its retention is over. Its bytes
    /// have been deleted before.
    async fn remove_segment(&self, id: SegmentId) -> Result<(), StoreError>;

    /// Sessions of a plan of which there may be records from before a time, the oldest first;
    /// `leave_out` of them are left out.
    async fn sessions_with_records_before(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
        leave_out: usize,
        limit: usize,
    ) -> Result<Vec<SessionId>, StoreError>;
    /// Keeps that the records of these sessions from before a time are not there any more. To be
    /// called before they are removed: what is gone is always said to be.
    async fn say_records_removed(
        &self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<(), StoreError>;
    /// Keeps that these records were removed, so many of each session, and removes the idle
    /// stretches of that time. Of a session without records no applications are kept.
    async fn note_records_removed(
        &self,
        sessions: &[(SessionId, u64)],
        before: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets sessions of a plan that ended before a time and of which nothing is left: neither
    /// records nor segments. Returns how many.
    async fn forget_sessions(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
    ) -> Result<u64, StoreError>;

    // Recordings.

    /// One session.
    async fn session(&self, id: SessionId) -> Result<Option<RecordedSession>, StoreError>;
    /// Sessions, the latest start first, before a start and id.
    async fn sessions(
        &self,
        before: Option<(Timestamp, SessionId)>,
        limit: usize,
    ) -> Result<Vec<RecordedSession>, StoreError>;
    /// The segments of a session, by display and start.
    async fn segments(&self, session: SessionId) -> Result<Vec<StoredSegment>, StoreError>;
    /// One segment, with the agent that it comes from.
    async fn segment(&self, id: SegmentId) -> Result<Option<(AgentId, StoredSegment)>, StoreError>;
    /// How many bytes of all segments can be played.
    async fn segment_bytes(&self) -> Result<u64, StoreError>;
    /// The idle stretches of a session, in order.
    async fn idle_stretches(&self, session: SessionId) -> Result<Vec<IdleStretch>, StoreError>;

    // Users and their sign-ins.

    /// Adds a user, or replaces what is known of him.
    async fn put_user(&self, user: User) -> Result<(), StoreError>;
    /// One user, by name; case does not count.
    async fn user(&self, name: &str) -> Result<Option<User>, StoreError>;
    /// How many users there are.
    async fn user_count(&self) -> Result<u64, StoreError>;
    /// Keeps a sign-in.
    async fn put_sign_in(&self, sign_in: SignIn) -> Result<(), StoreError>;
    /// One sign-in that has not expired. One that was made later than now, by more than clocks
    /// are corrected by, does not count either: a clock that was set back must not make it last.
    async fn sign_in(&self, id: SignInId, now: Timestamp) -> Result<Option<SignIn>, StoreError>;
    /// Ends a sign-in.
    async fn end_sign_in(&self, id: SignInId) -> Result<(), StoreError>;
    /// Ends all sign-ins of a user but one.
    async fn end_other_sign_ins(&self, user: &str, but: SignInId) -> Result<(), StoreError>;
    /// Keeps that a user watched, searched or changed something.
    async fn note_viewing(&self, event: ViewingEvent) -> Result<ViewingId, StoreError>;
    /// Replaces how much was looked at, as it becomes more.
    async fn note_looked(&self, id: ViewingId, looked: Looked) -> Result<(), StoreError>;
    /// A page of what was watched, searched and changed, the latest first, before a mark.
    async fn viewings(
        &self,
        filter: ViewingFilter,
        before: Option<LogMark>,
        limit: usize,
    ) -> Result<Vec<(LogMark, ViewingEvent)>, StoreError>;

    // Monitoring plans.

    /// All plans.
    async fn plans(&self) -> Result<StoredPlans, StoreError>;
    /// Replaces all plans, if they have not been changed since this revision.
    async fn replace_plans(
        &self,
        instead_of: u64,
        plans: StoredPlans,
    ) -> Result<PlansReplaced, StoreError>;

    // Prerequisites of the agents' computers.

    /// Keeps what an agent found: everything that is unmet, instead of what it found before.
    async fn keep_checks(
        &self,
        agent: AgentId,
        at: Timestamp,
        unmet: Vec<UnmetCheck>,
    ) -> Result<(), StoreError>;
    /// What each agent found last.
    async fn checks(&self) -> Result<Vec<KnownChecks>, StoreError>;
    /// Keeps what an agent changed. One that is told twice is kept once.
    async fn note_adjustment(
        &self,
        agent: AgentId,
        adjustment: AdjustmentRecord,
    ) -> Result<(), StoreError>;
    /// What an agent changed, the latest first.
    async fn adjustments(
        &self,
        agent: AgentId,
        limit: usize,
    ) -> Result<Vec<AdjustmentRecord>, StoreError>;

    // Settings.

    /// A setting as its owner wrote it, with its revision.
    async fn setting(&self, name: &str) -> Result<Option<(u64, String)>, StoreError>;
    /// Replaces a setting. Returns its new revision, which counts up.
    async fn put_setting(&self, name: &str, value: &str) -> Result<u64, StoreError>;
}

/// What became of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All up to this one are taken in.
    Through(RecordSequence),
    /// They begin after a hole: the last one taken in is this. Nothing was taken in.
    Hole(RecordSequence),
    /// An entry names a session or segment that belongs to another agent. Nothing was taken in.
    NotOwned(RecordSequence),
}
