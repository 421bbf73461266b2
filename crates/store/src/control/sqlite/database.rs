//! The database as its callers see it.

use async_trait::async_trait;
use eidetic_model::{
    AdjustmentRecord, AgentId, Entry, GapReason, IdleStretch, PlanId, RecordSequence, SegmentEnd,
    SegmentId, SessionId, SpoolId, Timestamp, UnmetCheck,
};

use super::{
    SqliteControl, agents, apply, checks, plans, recordings, records_retention, segments, users,
};
use crate::{
    StoreError,
    control::{
        Agent, AgentDescription, Applied, ControlStore, Enrolling, EnrolmentToken, KeyFrame,
        KnownChecks, LogMark, Looked, PlansReplaced, RecordedSession, Redeemed, SignIn, SignInId,
        StoredPlans, StoredSegment, TakenUp, User, ViewingEvent, ViewingFilter, ViewingId,
    },
};

#[async_trait]
impl ControlStore for SqliteControl {
    async fn add_enrolment_token(&self, token: EnrolmentToken) -> Result<(), StoreError> {
        self.change("keep an enrolment token", move |c| {
            agents::add_token(c, &token)
        })
        .await
    }

    async fn redeem_enrolment_token(
        &self,
        secret_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        self.change("use an enrolment token", move |c| {
            agents::redeem_token(c, secret_sha256, now)
        })
        .await
    }

    async fn enrol_agent(
        &self,
        enrolling: Enrolling,
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        self.change("enrol an agent", move |c| agents::enrol(c, &enrolling, now))
            .await
    }

    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError> {
        self.change("keep an agent", move |c| agents::put(c, &agent))
            .await
    }

    async fn describe_agent(
        &self,
        id: AgentId,
        description: AgentDescription,
    ) -> Result<(), StoreError> {
        self.change("keep what an agent is", move |c| {
            agents::describe(c, id, &description)
        })
        .await
    }

    async fn take_up_certificate(&self, id: AgentId, serial: &[u8]) -> Result<TakenUp, StoreError> {
        let serial = serial.to_vec();
        self.change("keep an agent's certificate", move |c| {
            agents::take_up_certificate(c, id, &serial)
        })
        .await
    }

    async fn agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.read("find an agent", move |c| agents::one(c, id))
            .await
    }

    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read("list the agents", agents::all).await
    }

    async fn note_contact(&self, id: AgentId, at: Timestamp) -> Result<(), StoreError> {
        self.change("note a contact", move |c| agents::note_contact(c, id, at))
            .await
    }

    async fn last_sequence(
        &self,
        agent: AgentId,
        spool: SpoolId,
    ) -> Result<RecordSequence, StoreError> {
        self.read("find the last entry of a spool", move |c| {
            apply::last_sequence(c, agent, spool)
        })
        .await
    }

    async fn apply(
        &self,
        agent: AgentId,
        spool: SpoolId,
        plan: PlanId,
        entries: &[(RecordSequence, Entry)],
    ) -> Result<Applied, StoreError> {
        let entries = entries.to_vec();
        self.change("take in entries", move |c| {
            apply::apply(c, agent, spool, plan, &entries)
        })
        .await
    }

    async fn grow_segment(
        &self,
        id: SegmentId,
        bytes: u64,
        until: Timestamp,
        key_frames: &[KeyFrame],
    ) -> Result<(), StoreError> {
        let key_frames = key_frames.to_vec();
        self.change("note a segment's growth", move |c| {
            segments::grow(c, id, bytes, until, &key_frames)
        })
        .await
    }

    async fn seal_segment(&self, end: SegmentEnd) -> Result<(), StoreError> {
        self.change("note that a segment is whole", move |c| {
            segments::seal(c, &end)
        })
        .await
    }

    async fn lose_segment(&self, id: SegmentId, reason: GapReason) -> Result<(), StoreError> {
        self.change("note that a segment is lost", move |c| {
            segments::lose(c, id, reason)
        })
        .await
    }

    async fn reset_segment(&self, id: SegmentId) -> Result<(), StoreError> {
        self.change("take back a segment", move |c| segments::reset(c, id))
            .await
    }

    async fn plans_of_sessions(&self) -> Result<Vec<Option<PlanId>>, StoreError> {
        self.read("list the plans of sessions", recordings::plans)
            .await
    }

    async fn segments_kept_before(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
        leave_out: usize,
        limit: usize,
    ) -> Result<Vec<SegmentId>, StoreError> {
        self.read("list old segments", move |c| {
            segments::kept_before(c, plan, before, leave_out, limit)
        })
        .await
    }

    async fn remove_segment(&self, id: SegmentId) -> Result<(), StoreError> {
        self.change("note that a segment was removed", move |c| {
            segments::remove(c, id)
        })
        .await
    }

    async fn sessions_with_records_before(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
        leave_out: usize,
        limit: usize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.read("list sessions with old records", move |c| {
            records_retention::sessions(c, plan, before, leave_out, limit)
        })
        .await
    }

    async fn say_records_removed(
        &self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sessions = sessions.to_vec();
        self.change("say that records are removed", move |c| {
            records_retention::say(c, &sessions, before)
        })
        .await
    }

    async fn note_records_removed(
        &self,
        sessions: &[(SessionId, u64)],
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sessions = sessions.to_vec();
        self.change("note that records were removed", move |c| {
            records_retention::note(c, &sessions, before)
        })
        .await
    }

    async fn forget_sessions(
        &self,
        plan: Option<PlanId>,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        self.change("forget sessions of which nothing is left", move |c| {
            records_retention::forget_sessions(c, plan, before)
        })
        .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<RecordedSession>, StoreError> {
        self.read("find a session", move |c| recordings::one(c, id))
            .await
    }

    async fn sessions(
        &self,
        before: Option<(Timestamp, SessionId)>,
        limit: usize,
    ) -> Result<Vec<RecordedSession>, StoreError> {
        self.read("list sessions", move |c| recordings::page(c, before, limit))
            .await
    }

    async fn segments(&self, session: SessionId) -> Result<Vec<StoredSegment>, StoreError> {
        self.read("list the segments of a session", move |c| {
            segments::of_session(c, session)
        })
        .await
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<(AgentId, StoredSegment)>, StoreError> {
        self.read("find a segment", move |c| segments::one(c, id))
            .await
    }

    async fn segment_bytes(&self) -> Result<u64, StoreError> {
        self.read("measure the segments", segments::all_bytes).await
    }

    async fn idle_stretches(&self, session: SessionId) -> Result<Vec<IdleStretch>, StoreError> {
        self.read("list the idle stretches of a session", move |c| {
            recordings::idle_stretches(c, session)
        })
        .await
    }

    async fn put_user(&self, user: User) -> Result<(), StoreError> {
        self.change("keep a user", move |c| users::put(c, &user))
            .await
    }

    async fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        let name = name.to_owned();
        self.read("find a user", move |c| users::one(c, &name))
            .await
    }

    async fn user_count(&self) -> Result<u64, StoreError> {
        self.read("count the users", users::count).await
    }

    async fn put_sign_in(&self, sign_in: SignIn) -> Result<(), StoreError> {
        self.change("keep a sign-in", move |c| users::put_sign_in(c, &sign_in))
            .await
    }

    async fn sign_in(&self, id: SignInId, now: Timestamp) -> Result<Option<SignIn>, StoreError> {
        self.read("find a sign-in", move |c| users::sign_in(c, id, now))
            .await
    }

    async fn end_sign_in(&self, id: SignInId) -> Result<(), StoreError> {
        self.change("end a sign-in", move |c| users::end_sign_in(c, id))
            .await
    }

    async fn end_other_sign_ins(&self, user: &str, but: SignInId) -> Result<(), StoreError> {
        let user = user.to_owned();
        self.change("end the sign-ins of a user", move |c| {
            users::end_other_sign_ins(c, &user, but)
        })
        .await
    }

    async fn note_viewing(&self, event: ViewingEvent) -> Result<ViewingId, StoreError> {
        self.change("keep what a user saw", move |c| {
            users::note_viewing(c, &event)
        })
        .await
    }

    async fn note_looked(&self, id: ViewingId, looked: Looked) -> Result<(), StoreError> {
        self.change("keep how much a user saw", move |c| {
            users::note_looked(c, id, looked)
        })
        .await
    }

    async fn viewings(
        &self,
        filter: ViewingFilter,
        before: Option<LogMark>,
        limit: usize,
    ) -> Result<Vec<(LogMark, ViewingEvent)>, StoreError> {
        self.read("list what users saw", move |c| {
            users::viewings(c, &filter, before, limit)
        })
        .await
    }

    async fn plans(&self) -> Result<StoredPlans, StoreError> {
        self.read("list the monitoring plans", plans::all).await
    }

    async fn replace_plans(
        &self,
        instead_of: u64,
        plans: StoredPlans,
    ) -> Result<PlansReplaced, StoreError> {
        self.change("keep the monitoring plans", move |c| {
            plans::replace(c, instead_of, &plans)
        })
        .await
    }

    async fn keep_checks(
        &self,
        agent: AgentId,
        at: Timestamp,
        unmet: Vec<UnmetCheck>,
    ) -> Result<(), StoreError> {
        self.change("keep what an agent found", move |c| {
            checks::keep(c, agent, at, &unmet)
        })
        .await
    }

    async fn checks(&self) -> Result<Vec<KnownChecks>, StoreError> {
        self.read("list what agents found", checks::all).await
    }

    async fn note_adjustment(
        &self,
        agent: AgentId,
        adjustment: AdjustmentRecord,
    ) -> Result<(), StoreError> {
        self.change("keep what an agent changed", move |c| {
            checks::note_adjustment(c, agent, &adjustment)
        })
        .await
    }

    async fn adjustments(
        &self,
        agent: AgentId,
        limit: usize,
    ) -> Result<Vec<AdjustmentRecord>, StoreError> {
        self.read("list what an agent changed", move |c| {
            checks::adjustments(c, agent, limit)
        })
        .await
    }

    async fn setting(&self, name: &str) -> Result<Option<(u64, String)>, StoreError> {
        let name = name.to_owned();
        self.read("read a setting", move |c| users::setting(c, &name))
            .await
    }

    async fn put_setting(&self, name: &str, value: &str) -> Result<u64, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.change("keep a setting", move |c| {
            users::put_setting(c, &name, &value)
        })
        .await
    }
}
