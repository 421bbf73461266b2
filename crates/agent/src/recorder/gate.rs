//! Whether the screen is recorded at this moment, as far as the plan's limits and its rules for
//! applications say.

use std::time::Duration;

use eidetic_capture::{
    ActiveWindow,
    blackout::{Judge, Judgement},
};
use eidetic_model::{
    ApplicationRule, ApplicationSelection, Captured, Policy, ScreenLimits, Selected,
};
use eidetic_search::Wildcard;

/// Keeps what decides whether the screen is recorded: how long the session has been, whether
/// anybody is there, what is in front, and whether the disk has room.
#[derive(Debug)]
pub(crate) struct ScreenGate {
    limits: ScreenLimits,
    rules: WindowRules,
    /// How old the session's recording was at `created`, on the monotonic clock.
    age: Duration,
    created: Duration,
    /// What is in front is to be recorded; `None` if nothing is in front, or it is not known.
    front: Option<bool>,
    /// Whether the desktop has told what is in front, or that nothing is.
    is_front_known: bool,
    /// The window in front, for rules that come later.
    window: Option<(Captured, String)>,
    idle: Option<Idle>,
    disk_is_low: bool,
}

/// Why the screen is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClosedBy {
    /// The session has been recorded for as long as the plan allows.
    Age,
    /// The disk has less room than the plan leaves free.
    Disk,
    /// Nobody is there.
    Idle,
    /// What is in front is not to be recorded.
    Window,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    observed: Duration,
    idle: Duration,
}

impl ScreenGate {
    /// The gate of a session whose recording is so old, `now` on the monotonic clock.
    pub(crate) fn new(policy: &Policy, now: Duration, age: Duration, disk_is_low: bool) -> Self {
        Self {
            limits: policy.limits(),
            rules: WindowRules::new(policy.applications()),
            age,
            created: now,
            front: None,
            is_front_known: false,
            window: None,
            idle: None,
            disk_is_low,
        }
    }

    /// The policy is now this.
    pub(crate) fn set_policy(&mut self, policy: &Policy) {
        self.limits = policy.limits();
        self.rules = WindowRules::new(policy.applications());
        self.look_at_front();
    }

    /// This window is in front, or none.
    pub(crate) fn front_changed(&mut self, window: Option<&ActiveWindow>) {
        self.is_front_known = true;
        self.window = window.map(|window| {
            let description = window
                .application
                .as_ref()
                .map(|application| application.description.clone());
            (window.title.clone(), description.unwrap_or_default())
        });
        self.look_at_front();
    }

    fn look_at_front(&mut self) {
        let window = self.window.as_ref();
        self.front = window.map(|(title, description)| self.rules.fit(title.reveal(), description));
    }

    /// Nobody has been there for so long.
    pub(crate) fn idle_observed(&mut self, now: Duration, idle: Duration) {
        self.idle = Some(Idle {
            observed: now,
            idle,
        });
    }

    /// Whether the disk has less room than the plan leaves free.
    pub(crate) fn set_disk_is_low(&mut self, is_low: bool) {
        self.disk_is_low = is_low;
    }

    /// Why the screen is not recorded now; `None` if it is.
    pub(crate) fn closed_by(&self, now: Duration) -> Option<ClosedBy> {
        if self.closes_at().is_some_and(|at| at <= now) {
            Some(ClosedBy::Age)
        } else if self.disk_is_low {
            Some(ClosedBy::Disk)
        } else if self.is_idle() {
            Some(ClosedBy::Idle)
        } else if !self.records_front(now) {
            Some(ClosedBy::Window)
        } else {
            None
        }
    }

    fn records_front(&self, now: Duration) -> bool {
        match (self.front, self.opens_at()) {
            (Some(fits), _) => fits,
            (None, Some(at)) if now < at => false,
            (None, _) => self.rules.records_other_windows(),
        }
    }

    /// Until when what is in front is waited for, while it is not known: it may be what a rule
    /// excepts.
    pub(crate) fn opens_at(&self) -> Option<Duration> {
        let waits = !self.is_front_known && self.rules.are_any();
        waits.then(|| self.created + FRONT_TOLD_WITHIN)
    }

    /// When the recording has lasted as long as it may.
    pub(crate) fn closes_at(&self) -> Option<Duration> {
        let left = self.limits.stop_after?.saturating_sub(self.age);
        Some(self.created + left)
    }

    /// When to ask how long nobody has been there; `None` if it does not matter.
    pub(crate) fn ask_at(&self) -> Option<Duration> {
        let limit = self.limits.stop_when_idle_for?;
        Some(match self.idle {
            None => Duration::ZERO,
            Some(Idle { observed, .. }) if self.is_idle() => observed + ASK_WHILE_IDLE,
            Some(Idle { observed, idle }) => observed + limit.saturating_sub(idle),
        })
    }

    /// Whether the screen is not recorded because nobody is there.
    pub(crate) fn is_idle(&self) -> bool {
        let limit = self.limits.stop_when_idle_for;
        limit.is_some_and(|limit| self.idle.is_some_and(|known| known.idle >= limit))
    }
}

/// Judges which windows may be seen, where only the listed ones may be.
pub(crate) fn judge(selection: &ApplicationSelection) -> Judge {
    let rules = WindowRules::new(selection);
    Box::new(move |title, description| rules.judge(title, description))
}

/// In front of which windows the screen is recorded.
#[derive(Debug)]
struct WindowRules {
    /// `None` for all.
    listed: Option<Vec<WindowRule>>,
    except: Vec<WindowRule>,
}

#[derive(Debug)]
struct WindowRule {
    title: Wildcard,
    description: Wildcard,
}

impl WindowRules {
    fn new(selection: &ApplicationSelection) -> Self {
        let rules = |rules: &[ApplicationRule]| rules.iter().map(WindowRule::new).collect();
        Self {
            listed: match &selection.which {
                Selected::All => None,
                Selected::Listed(listed) => Some(rules(listed)),
            },
            except: rules(&selection.except),
        }
    }

    /// Whether the screen is recorded in front of this window.
    fn fit(&self, title: &str, description: &str) -> bool {
        let any = |rules: &[WindowRule]| rules.iter().any(|rule| rule.fits(title, description));
        self.listed.as_deref().is_none_or(any) && !any(&self.except)
    }

    fn judge(&self, title: &str, description: &str) -> Judgement {
        if self.except.iter().any(|rule| rule.fits(title, description)) {
            Judgement::Excepted
        } else if self.fit(title, description) {
            Judgement::Listed
        } else {
            Judgement::Unlisted
        }
    }

    fn are_any(&self) -> bool {
        self.listed.is_some() || !self.except.is_empty()
    }

    /// Whether it is recorded in front of what no rule names, such as the empty desktop.
    fn records_other_windows(&self) -> bool {
        self.listed.is_none()
    }
}

impl WindowRule {
    fn new(rule: &ApplicationRule) -> Self {
        let pattern = |pattern: &str| match pattern.trim() {
            "" => Wildcard::new("*"),
            _ => Wildcard::new(pattern),
        };
        Self {
            title: pattern(&rule.title),
            description: pattern(&rule.description),
        }
    }

    fn fits(&self, title: &str, description: &str) -> bool {
        self.title.matches(title) && self.description.matches(description)
    }
}

/// How often to ask whether somebody came back, while the screen is not recorded for that: so much
/// of what he does first is missing.
const ASK_WHILE_IDLE: Duration = Duration::from_secs(1);

/// A desktop that has not told by then what is in front has nothing in front.
const FRONT_TOLD_WITHIN: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use eidetic_capture::fake::window;
    use eidetic_model::{Application, PolicyParts};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn limited(limits: ScreenLimits) -> Policy {
        Policy::new(PolicyParts {
            limits,
            ..PolicyParts::default()
        })
        .unwrap()
    }

    fn rule(title: &str, description: &str) -> ApplicationRule {
        ApplicationRule {
            title: title.into(),
            description: description.into(),
        }
    }

    fn with_rules(which: Selected<ApplicationRule>, except: Vec<ApplicationRule>) -> ScreenGate {
        let policy = Policy::new(PolicyParts {
            applications: ApplicationSelection {
                which,
                except,
                ..ApplicationSelection::default()
            },
            ..PolicyParts::default()
        });
        ScreenGate::new(&policy.unwrap(), Duration::ZERO, Duration::ZERO, false)
    }

    /// Whether the screen is recorded while this window is in front.
    fn records(gate: &mut ScreenGate, title: &str, description: &str) -> bool {
        let window = ActiveWindow {
            application: Some(Application {
                path: "/usr/bin/program".into(),
                description: description.into(),
            }),
            ..window(1, title)
        };
        gate.front_changed(Some(&window));
        gate.closed_by(Duration::ZERO).is_none()
    }

    #[test]
    fn without_limits_and_rules_the_screen_is_recorded() {
        let mut gate = with_rules(Selected::All, vec![]);
        assert_eq!(gate.closed_by(Duration::ZERO), None);
        assert_eq!((gate.ask_at(), gate.closes_at()), (None, None));
        gate.idle_observed(MINUTE, MINUTE * 1_000);
        assert_eq!(gate.closed_by(MINUTE * 100_000), None);
        assert!(records(&mut gate, "anything", ""));
    }

    #[test]
    fn the_limit_of_time_counts_from_the_beginning_of_the_session() {
        let policy = limited(ScreenLimits {
            stop_after: Some(MINUTE * 30),
            ..ScreenLimits::default()
        });
        // The recorder was started again when the session was ten minutes old.
        let mut gate = ScreenGate::new(&policy, MINUTE, MINUTE * 10, false);
        assert_eq!(gate.closes_at(), Some(MINUTE * 21));
        assert_eq!(gate.closed_by(MINUTE * 21 - Duration::from_millis(1)), None);
        assert_eq!(gate.closed_by(MINUTE * 21), Some(ClosedBy::Age));
        gate.set_policy(&limited(ScreenLimits::default()));
        assert_eq!(gate.closed_by(MINUTE * 21), None);

        let late = ScreenGate::new(&policy, MINUTE, MINUTE * 31, false);
        assert_eq!(late.closed_by(MINUTE), Some(ClosedBy::Age));
    }

    #[test]
    fn without_input_it_stops_and_goes_on_with_the_next() {
        let policy = limited(ScreenLimits {
            stop_when_idle_for: Some(MINUTE * 5),
            ..ScreenLimits::default()
        });
        let mut gate = ScreenGate::new(&policy, Duration::ZERO, Duration::ZERO, false);
        assert_eq!(gate.ask_at(), Some(Duration::ZERO));
        gate.idle_observed(MINUTE, Duration::from_secs(30));
        assert_eq!(gate.ask_at(), Some(MINUTE + MINUTE * 9 / 2));
        assert_eq!(gate.closed_by(MINUTE), None);
        gate.idle_observed(MINUTE * 6, MINUTE * 5);
        assert_eq!(gate.closed_by(MINUTE * 6), Some(ClosedBy::Idle));
        assert_eq!(gate.ask_at(), Some(MINUTE * 6 + ASK_WHILE_IDLE));
        gate.idle_observed(MINUTE * 8, Duration::from_secs(1));
        assert_eq!(gate.closed_by(MINUTE * 8), None);
    }

    #[test]
    fn while_the_disk_is_low_it_stops() {
        let policy = limited(ScreenLimits::default());
        let mut gate = ScreenGate::new(&policy, Duration::ZERO, Duration::ZERO, true);
        assert_eq!(gate.closed_by(Duration::ZERO), Some(ClosedBy::Disk));
        gate.set_disk_is_low(false);
        assert_eq!(gate.closed_by(Duration::ZERO), None);
    }

    #[test]
    fn listed_windows_are_recorded_by_title_and_description() {
        let listed = vec![rule("* - Notepad", ""), rule("*payroll*", "LibreOffice*")];
        let mut gate = with_rules(Selected::Listed(listed), vec![rule("", "KeePass*")]);
        let closed = gate.closed_by(Duration::ZERO);
        assert_eq!(closed, Some(ClosedBy::Window), "nothing is in front yet");
        assert!(records(&mut gate, "Untitled - Notepad", "Notepad"));
        assert!(!records(&mut gate, "Untitled - Notepad++", "Notepad++"));
        assert!(records(&mut gate, "Payroll.ods", "LibreOffice Calc"));
        assert!(!records(&mut gate, "Payroll.ods", "Firefox"));
        assert!(!records(&mut gate, "x - Notepad", "KeePassXC"), "excepted");
        gate.front_changed(None);
        assert_eq!(gate.closed_by(Duration::ZERO), Some(ClosedBy::Window));
    }

    #[test]
    fn an_exception_counts_more_than_a_list_also_for_what_may_be_seen() {
        let selection = ApplicationSelection {
            which: Selected::Listed(vec![rule("*Notepad*", "")]),
            except: vec![rule("*salary*", "")],
            ..ApplicationSelection::default()
        };
        let judge = judge(&selection);
        assert_eq!(judge("a - Notepad", ""), Judgement::Listed);
        assert_eq!(judge("salary - Notepad", ""), Judgement::Excepted);
        assert_eq!(judge("Mail", ""), Judgement::Unlisted);
    }

    #[test]
    fn the_model_products_vectors_hold() {
        let mut gate = with_rules(Selected::Listed(vec![rule("colo?r *", "")]), vec![]);
        assert!(records(&mut gate, "Color settings", ""));
        assert!(records(&mut gate, "colour settings", ""));
        assert!(!records(&mut gate, "The color settings", ""));
        let listed = vec![rule("Document1.txt - Notepad", "Notepad")];
        let mut gate = with_rules(Selected::Listed(listed), vec![]);
        assert!(records(&mut gate, "Document1.txt - Notepad", "Notepad"));
        assert!(!records(&mut gate, "Document1.txt - Notepad", "Notepad++"));
    }

    #[test]
    fn excepted_windows_are_not_recorded_and_all_else_is() {
        let mut gate = with_rules(Selected::All, vec![rule("*bank*", "")]);
        let closed = gate.closed_by(Duration::ZERO);
        assert_eq!(closed, Some(ClosedBy::Window), "it may be the bank");
        let told = gate.opens_at().unwrap();
        assert_eq!(gate.closed_by(told), None, "nothing is in front");
        assert!(!records(&mut gate, "My Bank - Firefox", "Firefox"));
        gate.front_changed(None);
        assert_eq!(gate.closed_by(Duration::ZERO), None);
        assert!(records(&mut gate, "Mail", "Firefox"));
    }

    #[test]
    fn rules_that_come_later_hold_for_what_is_in_front_already() {
        let mut gate = with_rules(Selected::All, vec![]);
        assert!(records(&mut gate, "Mail", "Firefox"));
        let policy = Policy::new(PolicyParts {
            applications: ApplicationSelection {
                which: Selected::Listed(vec![rule("*Notepad*", "")]),
                ..ApplicationSelection::default()
            },
            ..PolicyParts::default()
        });
        gate.set_policy(&policy.unwrap());
        assert_eq!(gate.closed_by(Duration::ZERO), Some(ClosedBy::Window));
    }
}
