//! What is news: what is of concern now and was not before, and what is not any more.

use std::collections::HashMap;

use eidetic_model::AgentId;
use eidetic_store::control::AgentState;

use super::{Concern, EventKind, Happened, Observed};

/// What was of concern when somebody looked last.
#[derive(Debug, Default)]
pub struct KnownConcerns(Option<HashMap<AgentId, Vec<EventKind>>>);

impl KnownConcerns {
    /// What is news since the last time; nothing the first time.
    pub fn news<'a>(&mut self, computers: impl Iterator<Item = Observed<'a>>) -> Vec<Happened> {
        let before = self.0.take();
        let mut events = Vec::new();
        let mut known = HashMap::new();
        for computer in computers.filter(|computer| computer.agent.state == AgentState::Active) {
            let concerns = computer.concerns();
            let mut now: Vec<_> = concerns.iter().map(|concern| concern.kind()).collect();
            if let Some(before) = &before {
                let before = before.get(&computer.agent.id);
                if before.is_none() {
                    let text = format!("{} was enrolled.", computer.agent.computer_name);
                    events.push(to(EventKind::Enrolled, &computer, text));
                }
                let before = before.map_or(&[][..], Vec::as_slice);
                // What an agent said stays true until it says something else.
                if computer.says().is_none() {
                    let stay = before.iter().filter(|kind| is_said(**kind));
                    now.extend(stay.copied());
                }
                tell(&computer, before, &now, &concerns, &mut events);
            }
            known.insert(computer.agent.id, now);
        }
        self.0 = Some(known);
        events
    }
}

fn tell(
    computer: &Observed<'_>,
    before: &[EventKind],
    now: &[EventKind],
    concerns: &[Concern],
    events: &mut Vec<Happened>,
) {
    for concern in concerns {
        // That one is told when it is found, with both computers.
        if !before.contains(&concern.kind()) && concern.kind() != EventKind::Duplicate {
            events.push(to(concern.kind(), computer, concern.explanation()));
        }
    }
    for gone in before.iter().filter(|kind| !now.contains(kind)) {
        let (kind, text) = match gone {
            EventKind::NotResponding => (
                EventKind::Responds,
                "Its agent is heard of again.".to_owned(),
            ),
            gone => (
                EventKind::Resolved,
                format!("Not so any more: {}.", gone.title()),
            ),
        };
        events.push(to(kind, computer, text));
    }
}

/// Whether a concern is known from what an agent says.
const fn is_said(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::SpoolFull
            | EventKind::Backlog
            | EventKind::Clock
            | EventKind::AgentDiskLow
            | EventKind::OverBudget
            | EventKind::PlanNotApplied
    )
}

fn to(kind: EventKind, computer: &Observed<'_>, text: String) -> Happened {
    Happened {
        plan: computer.plan.document().name.clone(),
        ..Happened::to(kind, computer.agent, text)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::observed::tests::Case, *};

    fn kinds(known: &mut KnownConcerns, case: &Case) -> Vec<EventKind> {
        let events = case.observed(|computer| known.news(std::iter::once(*computer)));
        events.into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn what_begins_and_what_ends_is_told_once() {
        let mut known = KnownConcerns::default();
        let mut case = Case::connected();
        assert_eq!(kinds(&mut known, &case), [], "nothing is news at first");
        case.says().spool_full = true;
        assert_eq!(kinds(&mut known, &case), [EventKind::SpoolFull]);
        assert_eq!(kinds(&mut known, &case), []);
        // Whether the spool is full is not known while the computer is away.
        case.away_for(80);
        assert_eq!(kinds(&mut known, &case), [EventKind::NotResponding]);
        assert_eq!(kinds(&mut known, &case), []);
        let case = Case::connected();
        let again = kinds(&mut known, &case);
        assert_eq!(again, [EventKind::Responds, EventKind::Resolved]);
    }

    #[test]
    fn a_new_computer_is_told_and_a_removed_one_is_forgotten() {
        let mut known = KnownConcerns::default();
        assert!(known.news(std::iter::empty()).is_empty());
        let mut case = Case::connected();
        assert_eq!(kinds(&mut known, &case), [EventKind::Enrolled]);
        case.agent.state = AgentState::Removed;
        assert_eq!(kinds(&mut known, &case), []);
    }
}
