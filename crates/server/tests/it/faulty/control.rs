//! Control data on a disk.

use eidetic_model::{
    AdjustmentRecord, AgentId, Entry, GapReason, IdleStretch, PlanId, RecordSequence, SegmentEnd,
    SegmentId, SessionId, SpoolId, Timestamp, UnmetCheck,
};
use eidetic_store::{
    StoreError,
    control::{
        Agent, AgentDescription, Applied, ControlStore, Enrolling, EnrolmentToken, KeyFrame,
        KnownChecks, LogMark, Looked, PlansReplaced, RecordedSession, Redeemed, SignIn, SignInId,
        StoredPlans, StoredSegment, TakenUp, User, ViewingEvent, ViewingFilter, ViewingId,
    },
};

super::on_a_disk! { ControlStore:
    write add_enrolment_token(token: EnrolmentToken) -> ();
    write redeem_enrolment_token(secret_sha256: [u8; 32], now: Timestamp) -> Redeemed;
    write enrol_agent(enrolling: Enrolling, now: Timestamp) -> Redeemed;
    write put_agent(agent: Agent) -> ();
    write describe_agent(id: AgentId, description: AgentDescription) -> ();
    write take_up_certificate(id: AgentId, serial: &[u8]) -> TakenUp;
    read agent(id: AgentId) -> Option<Agent>;
    read agents() -> Vec<Agent>;
    write note_contact(id: AgentId, at: Timestamp) -> ();
    read last_sequence(agent: AgentId, spool: SpoolId) -> RecordSequence;
    write apply(agent: AgentId, spool: SpoolId, plan: PlanId, entries: &[(RecordSequence, Entry)]) -> Applied;
    write grow_segment(id: SegmentId, bytes: u64, until: Timestamp, key_frames: &[KeyFrame]) -> ();
    write seal_segment(end: SegmentEnd) -> ();
    write lose_segment(id: SegmentId, reason: GapReason) -> ();
    write reset_segment(id: SegmentId) -> ();
    read plans_of_sessions() -> Vec<Option<PlanId>>;
    read segments_kept_before(plan: Option<PlanId>, before: Timestamp, leave_out: usize, limit: usize)
        -> Vec<SegmentId>;
    write remove_segment(id: SegmentId) -> ();
    read sessions_with_records_before(plan: Option<PlanId>, before: Timestamp, leave_out: usize, limit: usize)
        -> Vec<SessionId>;
    write say_records_removed(sessions: &[SessionId], before: Timestamp) -> ();
    write note_records_removed(sessions: &[(SessionId, u64)], before: Timestamp) -> ();
    write forget_sessions(plan: Option<PlanId>, before: Timestamp) -> u64;
    read session(id: SessionId) -> Option<RecordedSession>;
    read sessions(before: Option<(Timestamp, SessionId)>, limit: usize) -> Vec<RecordedSession>;
    read segments(session: SessionId) -> Vec<StoredSegment>;
    read segment(id: SegmentId) -> Option<(AgentId, StoredSegment)>;
    read segment_bytes() -> u64;
    read idle_stretches(session: SessionId) -> Vec<IdleStretch>;
    write put_user(user: User) -> ();
    read user(name: &str) -> Option<User>;
    read user_count() -> u64;
    write put_sign_in(sign_in: SignIn) -> ();
    read sign_in(id: SignInId, now: Timestamp) -> Option<SignIn>;
    write end_sign_in(id: SignInId) -> ();
    write end_other_sign_ins(user: &str, but: SignInId) -> ();
    write note_viewing(event: ViewingEvent) -> ViewingId;
    write note_looked(id: ViewingId, looked: Looked) -> ();
    read viewings(filter: ViewingFilter, before: Option<LogMark>, limit: usize)
        -> Vec<(LogMark, ViewingEvent)>;
    read plans() -> StoredPlans;
    write replace_plans(instead_of: u64, plans: StoredPlans) -> PlansReplaced;
    write keep_checks(agent: AgentId, at: Timestamp, unmet: Vec<UnmetCheck>) -> ();
    read checks() -> Vec<KnownChecks>;
    write note_adjustment(agent: AgentId, adjustment: AdjustmentRecord) -> ();
    read adjustments(agent: AgentId, limit: usize) -> Vec<AdjustmentRecord>;
    read setting(name: &str) -> Option<(u64, String)>;
    write put_setting(name: &str, value: &str) -> u64;
}
