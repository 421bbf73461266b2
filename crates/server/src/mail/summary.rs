//! What a daily mail tells.

use eidetic_checks::CheckId;
use eidetic_model::Timestamp;
use eidetic_store::{
    StoreError,
    control::{
        AgentState, Day, HealthCounts, HealthEvent, HealthFilter, HealthStore, Severity,
        StorageSample,
    },
};

use crate::{
    components::Components,
    health::{ComputerStatus, EventKind, Observed, Overview, forecast},
};

/// What a daily mail tells. Nothing of what was captured.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// From when on it tells of what happened.
    pub since: Timestamp,
    /// When it was gathered.
    pub now: Timestamp,
    /// The activity records.
    pub records: RecordsOfDay,
    /// How many computers have each status, those of which there is none left out.
    pub by_status: Vec<(ComputerStatus, usize)>,
    /// The computers at which somebody should look, the worst first.
    pub attention: Vec<Attention>,
    /// How many events there were of each severity.
    pub counts: HealthCounts,
    /// The worst of them, the latest first.
    pub worst: Vec<Told>,
    /// Prerequisites that are unmet, by computer.
    pub unmet: Vec<Unmet>,
    /// How many gaps there are in what came in.
    pub gaps: usize,
    /// The latest of them.
    pub latest_gaps: Vec<Told>,
    /// What is stored.
    pub stored: Stored,
}

/// The activity records of the last days, in UTC and by their own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordsOfDay {
    /// Of the last whole day.
    pub yesterday: u64,
    /// Of today until now.
    pub today: u64,
    /// Of a day on average, over the seven whole days before now.
    pub average: u64,
}

/// A computer at which somebody should look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Its name.
    pub computer: String,
    /// Its agent's id.
    pub agent: String,
    /// The name of its plan.
    pub plan: String,
    /// Its status.
    pub status: ComputerStatus,
    /// What the matter is, and what to do; the worst first.
    pub concerns: Vec<Matter>,
}

/// What the matter is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub explanation: String,
    /// What to do.
    pub advice: &'static str,
}

/// Something of the health log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub when: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of event it is, for people.
    pub kind: String,
    /// The computer that it concerns; empty if none.
    pub computer: String,
    /// What happened.
    pub text: String,
}

/// Prerequisites of a computer that are unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The computer.
    pub computer: String,
    /// What they are, in a few words each.
    pub checks: Vec<String>,
}

/// What is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stored {
    /// Activity records.
    pub records: u64,
    /// Their bytes.
    pub audit_bytes: u64,
    /// The bytes of the recordings.
    pub segment_bytes: u64,
    /// By how much records and recordings are more than at the end of the day before, if that was
    /// measured.
    pub grown: Option<(i64, i64)>,
    /// What is free on their disk, if that was measured.
    pub free_bytes: Option<u64>,
    /// In how many days the disk is full if it goes on like this.
    pub full_in_days: Option<f64>,
}

impl Summary {
    /// What is to be told of the time since `since`.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn gather(components: &Components, since: Timestamp) -> Result<Self, StoreError> {
        let health = components.health.as_ref();
        let overview = Overview::look(components).await?;
        let now = overview.now();
        let counts = health.health_counts(since..now).await?;
        let gaps = Asked {
            severities: vec![],
            kinds: vec![EventKind::Gap],
            limit: MOST_COUNTED,
        };
        let gaps = gaps.of(health, since, now).await?;
        Ok(Self {
            since,
            now,
            records: records(health, Day::of(now)).await?,
            by_status: by_status(&overview),
            attention: attention(&overview),
            counts,
            worst: worst(health, since, now).await?,
            unmet: unmet(&overview),
            gaps: gaps.len(),
            latest_gaps: gaps.into_iter().take(MOST_TOLD).collect(),
            stored: stored(components, Day::of(now)).await?,
        })
    }

    /// How many computers there are.
    pub fn computers(&self) -> usize {
        self.by_status.iter().map(|(_, count)| count).sum()
    }
}

async fn records(health: &dyn HealthStore, today: Day) -> Result<RecordsOfDay, StoreError> {
    let days = health.records_by_day(Day(today.0 - 7)..Day(today.0 + 1));
    let days = days.await?;
    let of = |wanted: Day| {
        let found = days.iter().find(|(day, _)| *day == wanted);
        found.map_or(0, |(_, records)| *records)
    };
    let whole = days.iter().filter(|(day, _)| *day < today);
    Ok(RecordsOfDay {
        yesterday: of(Day(today.0 - 1)),
        today: of(today),
        average: whole.map(|(_, records)| records).sum::<u64>() / 7,
    })
}

fn active(overview: &Overview) -> impl Iterator<Item = Observed<'_>> {
    let all = overview.computers();
    all.filter(|computer| computer.agent.state == AgentState::Active)
}

fn by_status(overview: &Overview) -> Vec<(ComputerStatus, usize)> {
    let statuses: Vec<_> = active(overview).map(|computer| computer.status()).collect();
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    let counted = ComputerStatus::ALL.map(|status| (status, count(status)));
    counted
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn attention(overview: &Overview) -> Vec<Attention> {
    let look = |computer: Observed<'_>| {
        let concerns: Vec<_> = computer
            .concerns()
            .into_iter()
            .map(|concern| Matter {
                severity: concern.severity(),
                explanation: concern.explanation(),
                advice: concern.advice(),
            })
            .collect();
        (!concerns.is_empty()).then(|| Attention {
            computer: computer.agent.computer_name.clone(),
            agent: computer.agent.id.to_string(),
            plan: computer.plan.document().name.clone(),
            status: computer.status(),
            concerns,
        })
    };
    let mut found: Vec<_> = active(overview).filter_map(look).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.concerns[0].severity));
    found
}

fn unmet(overview: &Overview) -> Vec<Unmet> {
    let look = |computer: Observed<'_>| {
        let checks = computer.checks.iter().flat_map(|checks| &checks.unmet);
        let checks: Vec<_> = checks
            .map(|unmet| match CheckId::called(&unmet.check.check) {
                Some(id) => eidetic_checks::check(id).title.to_owned(),
                None => unmet.check.check.clone(),
            })
            .collect();
        (!checks.is_empty()).then(|| Unmet {
            computer: computer.agent.computer_name.clone(),
            checks,
        })
    };
    active(overview).filter_map(look).collect()
}

/// Errors come before warnings, whatever their time.
async fn worst(
    health: &dyn HealthStore,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Told>, StoreError> {
    let mut told = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        let asked = Asked {
            severities: vec![severity],
            kinds: vec![],
            limit: MOST_TOLD - told.len(),
        };
        told.extend(asked.of(health, since, now).await?);
        if told.len() == MOST_TOLD {
            break;
        }
    }
    Ok(told)
}

struct Asked {
    severities: Vec<Severity>,
    kinds: Vec<EventKind>,
    limit: usize,
}

impl Asked {
    async fn of(
        self,
        health: &dyn HealthStore,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Told>, StoreError> {
        let filter = HealthFilter {
            severities: self.severities,
            kinds: self
                .kinds
                .iter()
                .map(|kind| kind.name().to_owned())
                .collect(),
            from: Some(since),
            until: Some(now),
            ..HealthFilter::default()
        };
        let events = health.health_events(filter, None, self.limit).await?;
        Ok(events.into_iter().map(|(_, event)| event.into()).collect())
    }
}

impl From<HealthEvent> for Told {
    fn from(event: HealthEvent) -> Self {
        let kind = EventKind::named(&event.kind);
        Self {
            when: event.when,
            severity: event.severity,
            kind: kind.map_or(event.kind, |kind| kind.title().to_owned()),
            computer: event.computer,
            text: event.text,
        }
    }
}

async fn stored(components: &Components, today: Day) -> Result<Stored, StoreError> {
    let audit = components.audit.health().await?;
    let segment_bytes = components.control.segment_bytes().await?;
    let samples = components
        .health
        .storage_samples(Day(today.0 - LOOK_BACK_DAYS))
        .await?;
    let before = samples.iter().rev().find(|sample| sample.day < today);
    let more = |now: u64, before: u64| {
        let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(now).saturating_sub(signed(before))
    };
    let grown = |before: &StorageSample| {
        (
            more(audit.bytes, before.audit_bytes),
            more(segment_bytes, before.segment_bytes),
        )
    };
    Ok(Stored {
        records: audit.records,
        audit_bytes: audit.bytes,
        segment_bytes,
        grown: before.map(grown),
        free_bytes: samples.last().map(|sample| sample.free_bytes),
        full_in_days: forecast::growth(&samples).and_then(|growth| growth.full_in_days),
    })
}

/// Of events there are only so many in a mail: the console has the others.
const MOST_TOLD: usize = 12;
const MOST_COUNTED: usize = 1_000;
const LOOK_BACK_DAYS: i64 = 14;
