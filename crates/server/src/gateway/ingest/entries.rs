//! Entries: the activities to the audit database, all of them to the control data.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use eidetic_model::{
    Action, AgentId, Entry, GapReason, NotificationOutcome, RecordSequence, SegmentId, SessionId,
    SpoolId,
};
use eidetic_store::{
    audit::Batch,
    control::{Agent, Applied},
};

use super::failure::Failure;
use crate::{
    components::{Change, Components},
    gateway::copies,
    health::{EventKind, Happened},
    plans::facts_of,
};

/// Stores the entries of one spool.
pub struct Entries {
    components: Components,
    agent: Agent,
    spool: SpoolId,
    /// Sessions that are known to be this agent's.
    own_sessions: HashSet<SessionId>,
    /// The agent of which this one was a copy, if it was one; nothing while that was not asked.
    copy_of: Option<Option<AgentId>>,
}

impl Entries {
    /// Stores entries of this spool.
    pub fn new(components: Components, agent: Agent, spool: SpoolId) -> Self {
        Self {
            components,
            agent,
            spool,
            own_sessions: HashSet::new(),
            copy_of: None,
        }
    }

    /// Stores consecutive entries. They are durable when it returns the last of them.
    pub async fn store(
        &mut self,
        entries: &[(RecordSequence, Entry)],
    ) -> Result<RecordSequence, Failure> {
        let own = self.own(entries).await?;
        let entries = own.as_deref().unwrap_or(entries);
        self.check_owner(entries).await?;
        // Audit first: what is acknowledged below must be in both, and both skip what they have.
        let records: BTreeMap<_, _> = entries
            .iter()
            .filter_map(|(sequence, entry)| match entry {
                Entry::Activity(record) => Some((*sequence, record.clone())),
                _ => None,
            })
            .collect();
        if !records.is_empty() {
            let batch = Batch {
                agent: self.agent.id,
                spool: self.spool,
                records,
            };
            self.components.audit.append(batch).await?;
        }
        let control = &self.components.control;
        let book = self.components.plans.borrow().clone();
        let plan = book.plan_of(&facts_of(&self.agent)).id();
        let applied = control.apply(self.agent.id, self.spool, plan, entries);
        let applied = applied.await?;
        match applied {
            Applied::Through(through) => {
                self.tell(entries).await?;
                self.note_gaps(entries).await;
                Ok(through)
            }
            Applied::Hole(last) => Err(Failure::Misbehaved(format!(
                "the entry after {last} is missing"
            ))),
            Applied::NotOwned(sequence) => Err(not_owned(sequence)),
        }
    }

    /// If the agent was a copy of another one: without what is that one's.
    async fn own(
        &mut self,
        entries: &[(RecordSequence, Entry)],
    ) -> Result<Option<Vec<(RecordSequence, Entry)>>, Failure> {
        let control = self.components.control.as_ref();
        let agent = self.agent.id;
        let first = match self.copy_of {
            Some(known) => known,
            None => copies::of_agent(control, agent).await?,
        };
        self.copy_of = Some(first);
        match first {
            None => Ok(None),
            Some(first) => {
                let own = copies::own_entries(control, agent, first, entries).await?;
                Ok(Some(own))
            }
        }
    }

    /// Gaps in recordings are in the health log, too, unless the plan wants them; and so are users
    /// that could not be told of their being monitored.
    async fn note_gaps(&self, entries: &[(RecordSequence, Entry)]) {
        let mut gaps: BTreeMap<&'static str, u32> = BTreeMap::new();
        for (_, entry) in entries {
            if let Some(reason) = gap_reason(entry)
                && reason != GapReason::StoppedByPlan
            {
                *gaps.entry(reason.what()).or_default() += 1;
            }
        }
        let mut events = untold_users(entries, &self.agent);
        events.extend(gaps.into_iter().map(|(what, count)| {
            let text = match count {
                1 => format!("A recording has a gap: {what}."),
                count => format!("Recordings have {count} gaps: {what}."),
            };
            Happened::to(EventKind::Gap, &self.agent, text)
        }));
        self.components.health_log().note(events).await;
    }

    /// An agent must not add to what another one recorded.
    async fn check_owner(&mut self, entries: &[(RecordSequence, Entry)]) -> Result<(), Failure> {
        let mut asked = HashSet::new();
        for (sequence, entry) in entries {
            let Entry::Activity(record) = entry else {
                continue;
            };
            let session = record.session;
            if self.own_sessions.contains(&session) || !asked.insert(session) {
                continue;
            }
            match self.components.control.session(session).await? {
                Some(found) if found.agent == self.agent.id => self.remember(session),
                Some(_) => return Err(not_owned(*sequence)),
                // An entry before opens it; else there is nothing that it adds to.
                None => {}
            }
        }
        Ok(())
    }

    fn remember(&mut self, session: SessionId) {
        if self.own_sessions.len() >= MAX_REMEMBERED {
            self.own_sessions.clear();
        }
        self.own_sessions.insert(session);
    }

    async fn tell(&self, entries: &[(RecordSequence, Entry)]) -> Result<(), Failure> {
        let mut sessions = BTreeSet::new();
        let mut activities = BTreeSet::new();
        let mut segments: BTreeSet<(SessionId, SegmentId)> = BTreeSet::new();
        for (_, entry) in entries {
            match entry {
                Entry::SessionOpened(session) => _ = sessions.insert(session.id),
                Entry::Activity(record) => _ = activities.insert(record.session),
                Entry::Idle(idle) => _ = sessions.insert(idle.session),
                Entry::SessionClosed(ending) => _ = sessions.insert(ending.session),
                Entry::SegmentOpened(segment) => {
                    segments.insert((segment.session, segment.id));
                }
                Entry::SegmentLost { segment, .. } => {
                    if let Some((_, lost)) = self.components.control.segment(*segment).await? {
                        segments.insert((lost.description.session, *segment));
                    }
                }
            }
        }
        let news = &self.components.news;
        for session in sessions {
            news.tell(Change::Session(session));
        }
        for session in activities {
            news.tell(Change::Activities(session));
        }
        for (session, segment) in segments {
            news.tell(Change::Segment { session, segment });
        }
        Ok(())
    }
}

fn untold_users(entries: &[(RecordSequence, Entry)], agent: &Agent) -> Vec<Happened> {
    let is_untold = |entry: &Entry| {
        matches!(entry, Entry::Activity(record) if record.action == Action::UserNotified
            && record.what.reveal() == NotificationOutcome::NotShown.what())
    };
    let untold = entries.iter().filter(|(_, entry)| is_untold(entry)).count();
    let text = match untold {
        0 => return Vec::new(),
        1 => "The message to a user could not be shown: the session's record says why.".to_owned(),
        untold => {
            format!("The message could not be shown in {untold} sessions: their records say why.")
        }
    };
    vec![Happened::to(EventKind::NotNotified, agent, text)]
}

fn gap_reason(entry: &Entry) -> Option<GapReason> {
    match entry {
        Entry::Activity(record) if record.action == Action::RecordingGap => {
            record.what.reveal().parse().ok()
        }
        Entry::SegmentLost { reason, .. } => Some(*reason),
        _ => None,
    }
}

fn not_owned(sequence: RecordSequence) -> Failure {
    Failure::Misbehaved(format!(
        "entry {sequence} is about a session or segment that is another agent's"
    ))
}

const MAX_REMEMBERED: usize = 4_096;
