//! What is mended, and what the server is told.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use eidetic_checks::{
    Adjusted, Adjustment, AgentFacts, CheckId, Finding, Installation, Machine, Scope, Verdict,
    check, examine_agent, mend_agent,
};
use eidetic_model::{
    AdjustmentId, AdjustmentRecord, CheckReport, Clock, IdSource, Prerequisites, Timestamp,
    UnmetCheck,
};
use tracing::{info, warn};

use super::Notes;

/// Looks at the prerequisites, again and again.
pub(super) struct Keeper {
    machine: Box<dyn Machine>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    installation: Installation,
    notes: Notes,
    path: PathBuf,
    /// When the server's clock was compared, by both of ours.
    compared: (Timestamp, Duration),
    /// What could not be mended, or takes its time: what was found then, and when.
    tried: HashMap<CheckId, (String, Duration)>,
    /// What was told last, and when.
    told: Option<(Vec<CheckId>, Duration)>,
}

impl Keeper {
    /// A keeper that has looked at nothing yet, and keeps its notes in this file.
    pub(super) fn new(
        machine: Box<dyn Machine>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        installation: Installation,
        path: PathBuf,
    ) -> Self {
        let mut notes = Notes::read(&path).unwrap_or_else(|error| {
            warn!("what was noted of prerequisites cannot be read: {error:#}");
            Notes::default()
        });
        // It was true for the last run.
        notes.ahead_micros = None;
        Self {
            compared: (clock.wall(), clock.monotonic()),
            machine,
            clock,
            ids,
            installation,
            notes,
            path,
            tried: HashMap::new(),
            told: None,
        }
    }

    /// By how many microseconds this computer's clock is ahead of the server's now: it may have
    /// been set since the two were compared.
    pub(super) fn ahead_micros(&self) -> Option<i64> {
        let ahead = self.notes.ahead_micros?;
        let (wall, monotonic) = self.compared;
        let passed = self.clock.monotonic().saturating_sub(monotonic);
        let passed = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let moved = self.clock.wall().as_unix_micros() - wall.as_unix_micros();
        Some(ahead.saturating_add(moved.saturating_sub(passed)))
    }

    /// The server's clock showed this when this computer's showed `here`.
    pub(super) fn compare_clocks(&mut self, server: Timestamp, here: Timestamp) {
        self.compared = (self.clock.wall(), self.clock.monotonic());
        let ahead = here
            .as_unix_micros()
            .saturating_sub(server.as_unix_micros());
        self.notes.ahead_micros = Some(ahead);
        self.write_notes();
    }

    /// The server has these adjustments.
    pub(super) fn stored(&mut self, ids: &[AdjustmentId]) {
        let before = self.notes.pending.len();
        self.notes
            .pending
            .retain(|pending| !ids.contains(&pending.id));
        if self.notes.pending.len() != before {
            self.write_notes();
        }
    }

    /// Looks, and mends if the plan says so. What the server is to be told, if there is news, if it
    /// `is_asked`, or if it was told long ago.
    pub(super) fn look(
        &mut self,
        facts: &AgentFacts,
        mode: Prerequisites,
        is_asked: bool,
    ) -> Option<CheckReport> {
        let now = self.clock.wall();
        let findings = examine_agent(&*self.machine, facts, &self.installation, now);
        let mut unmet: Vec<Finding> = findings.into_iter().filter(counts).collect();
        self.tried
            .retain(|check, _| unmet.iter().any(|found| found.check == *check));
        let mut has_adjusted = false;
        if mode == Prerequisites::Mend {
            unmet.retain(|found| match self.mend(found, facts, now) {
                Some(adjustment) => {
                    has_adjusted = true;
                    adjustment.outcome != Adjusted::Mended
                }
                None => true,
            });
        }
        let ids: Vec<_> = unmet.iter().map(|found| found.check).collect();
        let monotonic = self.clock.monotonic();
        let is_known = self
            .told
            .as_ref()
            .is_some_and(|(told, at)| *told == ids && monotonic.saturating_sub(*at) < TELL_EVERY);
        if is_known && !has_adjusted && !is_asked {
            return None;
        }
        self.told = Some((ids, monotonic));
        Some(CheckReport {
            at: now,
            unmet: unmet.into_iter().map(|found| self.unmet(found)).collect(),
            adjustments: self.notes.pending.clone(),
        })
    }

    /// Mends one, if that can be done and was not tried in vain just now.
    fn mend(&mut self, found: &Finding, facts: &AgentFacts, now: Timestamp) -> Option<Adjustment> {
        let monotonic = self.clock.monotonic();
        if let Some((before, at)) = self.tried.get(&found.check)
            && (*before == found.found || found.check == CheckId::ClockInStep)
            && monotonic.saturating_sub(*at) < TRY_EVERY
        {
            return None;
        }
        let adjustment = mend_agent(found, &*self.machine, facts, &self.installation, now)?;
        let problem = match &adjustment.outcome {
            Adjusted::Mended => None,
            Adjusted::UnderWay => {
                self.tried
                    .insert(found.check, (found.found.clone(), monotonic));
                None
            }
            Adjusted::Failed(reason) => {
                self.tried
                    .insert(found.check, (found.found.clone(), monotonic));
                Some(reason.clone())
            }
        };
        match &problem {
            None => info!(check = %found.check, before = found.found, after = adjustment.after,
                "prerequisite is mended"),
            Some(problem) => warn!(check = %found.check, found = found.found, problem,
                "prerequisite cannot be mended"),
        }
        let has_dropped = self.notes.add(AdjustmentRecord {
            id: AdjustmentId::from_uuid(self.ids.new_id(now)),
            check: found.check.as_str().to_owned(),
            at: now,
            before: adjustment.before.clone(),
            after: adjustment.after.clone(),
            problem,
        });
        if has_dropped {
            warn!("too many adjustments wait for the server: the oldest is dropped");
        }
        self.write_notes();
        Some(adjustment)
    }

    fn unmet(&self, found: Finding) -> UnmetCheck {
        UnmetCheck {
            check: found.check.as_str().to_owned(),
            by_hand: self.installation.by_hand(check(found.check)),
            found: found.found,
        }
    }

    /// Nothing that is recorded depends on it: a failure is only logged.
    fn write_notes(&self) {
        if let Err(error) = self.notes.write(&self.path) {
            warn!("what is to be told of prerequisites cannot be noted: {error:#}");
        }
    }
}

/// Whether it is unmet, and an agent that is installed needs it.
fn counts(found: &Finding) -> bool {
    found.verdict == Verdict::Unmet && Scope::Lasting.includes(found.check)
}

/// How often the server is told what it knows.
const TELL_EVERY: Duration = Duration::from_secs(600);

/// How long what could not be mended is left alone.
const TRY_EVERY: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use eidetic_checks::{Reach, Sessions, System, fake::Computer};
    use eidetic_testkit::{CountedIds, SimulatedClock};
    use tempfile::TempDir;

    use super::*;

    struct Tested {
        folder: TempDir,
        computer: Computer,
        clock: SimulatedClock,
        keeper: Keeper,
    }

    fn keeper(computer: &Computer, clock: &SimulatedClock, folder: &TempDir) -> Keeper {
        Keeper::new(
            Box::new(computer.clone()),
            Arc::new(clock.clone()),
            Arc::new(CountedIds::default()),
            Installation::usual_agent(System::Linux),
            folder.path().join("prerequisites.toml"),
        )
    }

    fn tested() -> Tested {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimulatedClock::at(Timestamp::from_unix_micros(1_000_000_000_000));
        let computer = Computer::default();
        let mut state = computer.state();
        state
            .services
            .insert("eidetic-agent".to_owned(), (true, true));
        state.free_bytes = 1 << 40;
        state.clock_is_kept = true;
        state
            .network
            .insert(("srv".to_owned(), 9004), Reach::Answers);
        drop(state);
        Tested {
            keeper: keeper(&computer, &clock, &folder),
            folder,
            computer,
            clock,
        }
    }

    impl Tested {
        fn look(&mut self, mode: Prerequisites, is_asked: bool) -> Option<CheckReport> {
            let day = Duration::from_secs(86_400);
            let now = self.clock.wall();
            let facts = AgentFacts {
                server: Ok(Some(("srv".to_owned(), 9004))),
                certificate: Ok(Some(eidetic_checks::Certificate {
                    from: Timestamp::from_unix_micros(0),
                    until: now.saturating_add(day * 10_000),
                })),
                ahead_micros: self.keeper.ahead_micros(),
                min_free_bytes: 1 << 30,
                sessions: Sessions::Told(Vec::new()),
            };
            self.keeper.look(&facts, mode, is_asked)
        }

        fn disable_service(&self) {
            let mut state = self.computer.state();
            state
                .services
                .insert("eidetic-agent".to_owned(), (true, false));
        }
    }

    fn names(report: &CheckReport) -> Vec<&str> {
        report.unmet.iter().map(|unmet| &*unmet.check).collect()
    }

    #[test]
    fn the_server_is_told_at_once_when_something_changes_and_now_and_then_otherwise() {
        let mut tested = tested();
        let first = tested.look(Prerequisites::Report, false).unwrap();
        assert!(first.unmet.is_empty(), "{first:?}");
        assert_eq!(tested.look(Prerequisites::Report, false), None);
        assert!(tested.look(Prerequisites::Report, true).is_some());
        tested.computer.state().free_bytes = 1 << 20;
        let full = tested.look(Prerequisites::Report, false).unwrap();
        assert_eq!(names(&full), ["spool-space"]);
        assert!(full.unmet[0].found.contains("1.0 MiB free"));
        assert!(full.unmet[0].by_hand[0].contains("/var/lib/eidetic/agent"));
        // Another number is no news.
        tested.computer.state().free_bytes = 2 << 20;
        assert_eq!(tested.look(Prerequisites::Report, false), None);
        tested.clock.advance(TELL_EVERY);
        assert!(tested.look(Prerequisites::Report, false).is_some());
    }

    #[test]
    fn a_plan_that_only_wants_reports_has_nothing_changed() {
        let mut tested = tested();
        tested.disable_service();
        let report = tested.look(Prerequisites::Report, false).unwrap();
        assert_eq!(names(&report), ["agent-service"]);
        assert!(report.adjustments.is_empty());
        assert!(tested.computer.state().changes.is_empty());
    }

    #[test]
    fn a_plan_that_mends_has_it_put_back_again_and_again_with_before_and_after() {
        let mut tested = tested();
        for round in 1..=3 {
            tested.disable_service();
            let report = tested.look(Prerequisites::Mend, false).unwrap();
            assert!(report.unmet.is_empty(), "{report:?}");
            assert_eq!(report.adjustments.len(), round);
            let last = report.adjustments.last().unwrap();
            assert_eq!(last.before, "eidetic-agent: running, disabled");
            assert_eq!(last.after, "eidetic-agent: running, automatic");
            assert_eq!(last.problem, None);
            tested.clock.advance(Duration::from_secs(20));
        }
        assert_eq!(tested.computer.state().changes.len(), 3);
    }

    #[test]
    fn what_cannot_be_mended_is_told_and_left_alone_for_a_while() {
        let mut tested = tested();
        tested.disable_service();
        tested.computer.state().refuses_changes = true;
        let report = tested.look(Prerequisites::Mend, false).unwrap();
        assert_eq!(names(&report), ["agent-service"]);
        let problem = report.adjustments[0].problem.as_deref();
        assert_eq!(problem, Some("access is denied"));
        assert_eq!(tested.look(Prerequisites::Mend, false), None);
        tested.clock.advance(TRY_EVERY);
        let again = tested.look(Prerequisites::Mend, false).unwrap();
        assert_eq!(again.adjustments.len(), 2);
    }

    #[test]
    fn an_adjustment_is_told_until_the_server_has_it_also_after_a_restart() {
        let mut tested = tested();
        tested.disable_service();
        let report = tested.look(Prerequisites::Mend, false).unwrap();
        let id = report.adjustments[0].id;
        tested.keeper = keeper(&tested.computer, &tested.clock, &tested.folder);
        let again = tested.look(Prerequisites::Mend, false).unwrap();
        assert_eq!(again.adjustments, report.adjustments);
        tested.keeper.stored(&[id]);
        let later = tested.look(Prerequisites::Mend, true).unwrap();
        assert!(later.adjustments.is_empty());
        let notes = Notes::read(&tested.folder.path().join("prerequisites.toml")).unwrap();
        assert!(notes.pending.is_empty());
    }

    #[test]
    fn a_clock_that_is_set_is_found_before_the_server_is_asked_again() {
        let mut tested = tested();
        let here = tested.clock.wall();
        tested.keeper.compare_clocks(here, here);
        tested.look(Prerequisites::Report, false);
        tested.clock.advance(Duration::from_secs(3_600));
        assert_eq!(tested.keeper.ahead_micros(), Some(0));
        let moved = tested.clock.wall().saturating_add(Duration::from_secs(90));
        tested.clock.jump_to(moved);
        let report = tested.look(Prerequisites::Mend, false).unwrap();
        assert_eq!(names(&report), ["clock-in-step"]);
        assert_eq!(report.unmet[0].found, "90.0 s ahead of the server's");
        assert_eq!(report.adjustments[0].check, "clock-in-step");
        assert_eq!(tested.computer.state().changes, ["kept the clock"]);
        // It takes its time: nothing more is changed meanwhile.
        assert_eq!(tested.look(Prerequisites::Mend, false), None);
    }
}
