//! Asks directories on a schedule, and whenever a plan or a directory changes.

use std::{sync::Arc, time::Duration};

use eidetic_directory::{ContainerQuery, Found};
use eidetic_model::DirectoryContainer;
use eidetic_runtime::ShutdownSignal;
use eidetic_store::StoreError;
use tokio::{sync::watch, time::sleep};
use tracing::{error, info, warn};

use super::{AskError, snapshot::Snapshot};
use crate::components::Components;

/// Asks until the server leaves.
pub async fn serve(components: Components, shutdown: ShutdownSignal) {
    let mut plans = components.plans.subscribe();
    plans.mark_changed();
    let work = async {
        loop {
            if let Err(error) = refresh_due(&components).await {
                error!(%error, "what directories say was not kept");
            }
            tokio::select! {
                () = components.directories.news() => {}
                () = sleep(LOOK_EVERY) => {}
                Ok(()) = watch::Receiver::changed(&mut plans) => {}
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = shutdown.wait() => {}
    }
}

/// Asks for the containers that were not asked for lately, or for all if somebody wants that.
///
/// # Errors
///
/// If the store fails.
pub async fn refresh_due(components: &Components) -> Result<(), StoreError> {
    let book = components.plans.borrow().clone();
    let containers: Vec<_> = book.containers().into_iter().cloned().collect();
    let control = components.control.as_ref();
    let directories = &components.directories;
    directories.forget_others(control, &containers).await?;
    let all = directories.take_wanted();
    let settings = directories.list(control).await?;
    for container in containers {
        let before = directories.snapshot(&container);
        let every = settings
            .iter()
            .find(|it| eidetic_search::fold(&it.name) == container.directory)
            .map_or(TRY_AGAIN, |it| {
                Duration::from_secs(60 * u64::from(it.refresh_minutes))
            });
        if !all
            && before
                .as_ref()
                .is_some_and(|it| !is_due(components, it, every))
        {
            continue;
        }
        let before = before.unwrap_or(Snapshot::new());
        refresh(components, &container, &before).await?;
    }
    Ok(())
}

fn is_due(components: &Components, snapshot: &Snapshot, every: Duration) -> bool {
    let every = match snapshot.problem {
        Some(_) => every.min(TRY_AGAIN),
        None => every,
    };
    let now = components.clock.wall().as_unix_micros();
    let since = now.saturating_sub(snapshot.asked_us);
    // A clock that was set back must not stop it.
    since < 0 || u128::from(since.unsigned_abs()) >= every.as_micros()
}

async fn refresh(
    components: &Components,
    container: &DirectoryContainer,
    before: &Snapshot,
) -> Result<(), StoreError> {
    let asked = match ask(components, container).await {
        Err(AskError::Store(error)) => return Err(error),
        asked => asked,
    };
    let after = before.after(asked.as_ref(), components.clock.wall());
    let directory = &container.directory;
    match (&before.problem, &after.problem) {
        (None, Some(problem)) => {
            warn!(
                directory,
                code = problem.code,
                "a directory cannot be asked"
            );
        }
        (Some(_), None) => info!(directory, "a directory can be asked again"),
        _ => {}
    }
    let is_news = before.computers != after.computers;
    let control = components.control.as_ref();
    components
        .directories
        .keep(control, container, after)
        .await?;
    if is_news {
        let members = components.directories.members();
        components.plans.send_modify(|book| {
            *book = Arc::new(book.with_members(members));
        });
    }
    Ok(())
}

async fn ask(components: &Components, container: &DirectoryContainer) -> Result<Found, AskError> {
    let control = components.control.as_ref();
    let directories = &components.directories;
    let (settings, with) = directories
        .how(control, &components.deployment, &container.directory)
        .await?;
    let query = ContainerQuery {
        container: container.container.clone(),
        kinds: container.kinds.clone(),
        excluded: container.excluded.iter().cloned().collect(),
    };
    let answer = eidetic_directory::computers(&settings.directory(), &with, &query).await?;
    directories.answered(control, &settings, answer).await
}

/// After so long a directory that could not be asked is asked again.
const TRY_AGAIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_secs(30);
