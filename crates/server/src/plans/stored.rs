//! The book in the control data.

use std::sync::Arc;

use eidetic_model::Policy;
use eidetic_store::{
    StoreError,
    control::{ControlStore, PlansReplaced, StoredPlan, StoredPlans},
};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    book::{Plan, PlanBook},
    document::PlanDocument,
    settings::PlanSettings,
};

/// The plans as they were stored last. A server that had one policy for all of its agents has it
/// in the default plan from now on.
///
/// # Errors
///
/// If the store fails, or holds plans that this server does not understand.
pub async fn load(control: &dyn ControlStore) -> Result<PlanBook, StoreError> {
    let stored = control.plans().await?;
    if stored.plans.is_empty() {
        return load_policy(control).await;
    }
    let plans = stored.plans.iter().map(read).collect::<Result<_, _>>()?;
    let book = PlanBook::from_plans(stored.revision, plans);
    book.ok_or_else(|| damaged("the default plan is not the last".to_owned()))
}

/// Stores a book in place of another, and gives it to those who watch. [`PlansReplaced::Conflict`]
/// if somebody else was faster: then those who watch have that one's book.
///
/// # Errors
///
/// If the store fails.
pub async fn save(
    control: &dyn ControlStore,
    shown: &watch::Sender<Arc<PlanBook>>,
    before: &PlanBook,
    book: PlanBook,
) -> Result<PlansReplaced, StoreError> {
    let outcome = control
        .replace_plans(before.revision(), stored(&book)?)
        .await?;
    let newest = match outcome {
        PlansReplaced::Yes => book,
        PlansReplaced::Conflict => load(control).await?,
    };
    // Of two changes at once, the one that was stored last counts.
    shown.send_if_modified(|current| {
        let is_newer = newest.revision() > current.revision();
        if is_newer {
            // What directories say is never stored here, and may be newer than the change.
            *current = Arc::new(newest.with_members(current.members().clone()));
        }
        is_newer
    });
    Ok(outcome)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    revision: u64,
    settings_revision: u64,
    plan: PlanDocument,
}

fn read(stored: &StoredPlan) -> Result<Plan, StoreError> {
    let unreadable = |error: serde_json::Error| damaged(error.to_string());
    let mut value: serde_json::Value = serde_json::from_str(&stored.value).map_err(unreadable)?;
    // A plan of the time when records were kept for ever keeps them until somebody says otherwise.
    if let Some(settings) = value.pointer_mut("/plan/settings")
        && let Some(settings) = settings.as_object_mut()
    {
        settings
            .entry("record_retention_days")
            .or_insert_with(|| 0.into());
    }
    let value: Stored = serde_json::from_value(value).map_err(unreadable)?;
    let checked = value.plan.checked();
    let checked = checked.map_err(|error| damaged(format!("{error:?}")))?;
    Ok(Plan {
        settings_revision: value.settings_revision,
        ..Plan::new(stored.id, value.revision, checked)
    })
}

fn write(plan: &Plan) -> Result<StoredPlan, StoreError> {
    let value = serde_json::to_string(&Stored {
        revision: plan.revision(),
        settings_revision: plan.settings_revision(),
        plan: plan.document().clone(),
    });
    Ok(StoredPlan {
        id: plan.id(),
        value: value.map_err(|error| StoreError::Failed {
            attempt: "write a monitoring plan as JSON",
            source: Box::new(error),
        })?,
    })
}

/// Of the time before there were plans: then recordings were kept for ever, and that stays so until
/// somebody says otherwise.
async fn load_policy(control: &dyn ControlStore) -> Result<PlanBook, StoreError> {
    let book = match control.setting(POLICY).await? {
        None if control.agents().await?.is_empty() => PlanBook::default(),
        policy => {
            let (revision, text) = policy.unwrap_or_else(|| (0, "{}".to_owned()));
            let mut settings: PlanSettings =
                serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
            settings.video_retention_days = 0;
            settings.record_retention_days = 0;
            let policy = Policy::try_from(&settings).map_err(|error| damaged(error.to_string()))?;
            PlanBook::with_default(revision, settings, policy)
        }
    };
    // A new server's, too: the next start must not take it for an older one.
    control.replace_plans(0, stored(&book)?).await?;
    Ok(book)
}

fn stored(book: &PlanBook) -> Result<StoredPlans, StoreError> {
    Ok(StoredPlans {
        revision: book.revision(),
        plans: book.plans().iter().map(write).collect::<Result<_, _>>()?,
    })
}

fn damaged(reason: String) -> StoreError {
    StoreError::Damaged {
        what: "monitoring plan".to_owned(),
        reason,
    }
}

/// The setting in which the one policy was.
const POLICY: &str = "policy";

#[cfg(test)]
mod tests {
    use eidetic_model::{AgentId, ComputerFacts, Timestamp};
    use eidetic_store::control::{Agent, AgentState, SqliteControl};

    use super::super::book::tests::{id, named};
    use super::*;

    #[tokio::test]
    async fn a_new_servers_retention_is_the_same_after_its_first_restart() {
        let control = SqliteControl::in_memory().unwrap();
        let new = load(&control).await.unwrap();
        let agent = Agent {
            id: AgentId::from_uuid(uuid::Uuid::from_u128(1)),
            computer_name: "pc7".to_owned(),
            agent_version: "0.1.0".to_owned(),
            operating_system: "Debian 12".to_owned(),
            facts: ComputerFacts::default(),
            enrolled: Timestamp::from_unix_micros(1),
            last_seen: None,
            state: AgentState::Active,
            certificate_serial: vec![1],
        };
        control.put_agent(agent).await.unwrap();
        assert_eq!(load(&control).await.unwrap(), new);
        let days = new.default_plan().document().settings.video_retention_days;
        assert!(days > 0);
    }

    #[tokio::test]
    async fn what_was_saved_is_loaded_and_told_to_those_who_watch() {
        let control = SqliteControl::in_memory().unwrap();
        let before = load(&control).await.unwrap();
        assert_eq!(before, PlanBook::default());
        let shown = watch::Sender::new(Arc::new(before.clone()));
        let mut document = named("A", &["pc7", "10.0.0.4"]);
        document.settings.quality = super::super::settings::QualityStep::Low;
        let book = before.with(id(1), document).unwrap();
        let saved = save(&control, &shown, &before, book.clone()).await.unwrap();
        assert_eq!(saved, PlansReplaced::Yes);
        assert_eq!(load(&control).await.unwrap(), book);
        assert_eq!(**shown.borrow(), book);

        let other = before.with(id(2), named("B", &[])).unwrap();
        let saved = save(&control, &shown, &before, other).await.unwrap();
        assert_eq!(saved, PlansReplaced::Conflict);
        assert_eq!(**shown.borrow(), book);
    }

    #[tokio::test]
    async fn the_one_policy_of_before_is_the_default_plans_with_its_number() {
        let control = SqliteControl::in_memory().unwrap();
        let old = r#"{"record_screen": false, "quality": "medium", "grayscale": true,
            "max_frames_per_second": 9, "max_cpu_percent": 12, "idle_after_secs": 60,
            "max_titles_per_second": 7, "spool_max_bytes": 33554432,
            "spool_min_free_bytes": 5}"#;
        for _ in 0..3 {
            control.put_setting("policy", old).await.unwrap();
        }
        let book = load(&control).await.unwrap();
        let plan = book.default_plan();
        assert_eq!((plan.revision(), plan.settings_revision()), (3, 3));
        assert_eq!(plan.policy().max_frames_per_second(), 9);
        assert_eq!(plan.policy().spool().min_free_bytes, 5);
        assert!(plan.document().settings.monitor);
        assert_eq!(
            plan.document().settings.video_retention_days,
            0,
            "as before"
        );
        // From now on it is the plan that counts.
        control.put_setting("policy", "{}").await.unwrap();
        assert_eq!(load(&control).await.unwrap(), book);
        let shown = watch::Sender::new(Arc::new(book.clone()));
        let next = book.with(id(1), named("A", &[])).unwrap();
        let saved = save(&control, &shown, &book, next).await.unwrap();
        assert_eq!(saved, PlansReplaced::Yes);
    }

    #[tokio::test]
    async fn a_plan_of_before_keeps_its_records_for_ever() {
        let control = SqliteControl::in_memory().unwrap();
        let mut stored = write(PlanBook::default().default_plan()).unwrap();
        let days = "\"record_retention_days\":180,";
        assert!(stored.value.contains(days));
        let now = read(&stored).unwrap().document().settings.clone();
        assert_eq!(now.record_retention_days, 180);
        stored.value = stored.value.replace(days, "");
        let plans = StoredPlans {
            revision: 1,
            plans: vec![stored],
        };
        control.replace_plans(0, plans).await.unwrap();
        let book = load(&control).await.unwrap();
        let settings = &book.default_plan().document().settings;
        assert_eq!(settings.record_retention_days, 0);
        assert_eq!(settings.video_retention_days, 7);
    }

    #[tokio::test]
    async fn plans_that_make_no_sense_are_refused() {
        let control = SqliteControl::in_memory().unwrap();
        let plan = StoredPlan {
            id: id(1),
            value: "{}".into(),
        };
        let plans = StoredPlans {
            revision: 1,
            plans: vec![plan],
        };
        control.replace_plans(0, plans).await.unwrap();
        let refused = load(&control).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })));
    }
}
