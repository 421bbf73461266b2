//! What the programs of this session tell, heard on a thread of its own: Windows tells it to the
//! thread that asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak, mpsc::sync_channel},
    thread,
    time::Duration,
};

use eidetic_winapi::desktop::{Listener, Told};
use tracing::{info, warn};

use crate::{CaptureError, windows::failed};

/// What was heard and not taken yet. The thread ends with this value.
#[derive(Debug)]
pub(super) struct Heard(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    news: Mutex<News>,
    came: Condvar,
}

/// What was heard since it was last asked for.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Whether there is anything.
    is_new: bool,
    /// How often each window has changed its title.
    pub(super) titles: BTreeMap<u64, u32>,
    /// What was told of the session: the system's codes.
    pub(super) session: Vec<u32>,
}

impl Heard {
    /// Begins to listen.
    pub(super) fn listen() -> Result<Self, CaptureError> {
        let shared = Arc::new(Shared::default());
        let listener = Arc::downgrade(&shared);
        let (begun, begins) = sync_channel(1);
        thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || match Listener::new() {
                Ok(mut ear) => {
                    let _nobody_waits = begun.send(Ok(()));
                    if let Err(error) = ear.hear_the_session() {
                        info!(%error, "only the service is told what happens to the session");
                    }
                    listen(ear, &listener);
                }
                Err(error) => {
                    let _nobody_waits = begun.send(Err(error));
                }
            })
            .map_err(|error| CaptureError::Failed {
                attempt: "listen to the desktop",
                reason: error.to_string(),
            })?;
        begins
            .recv()
            .map_err(|error| CaptureError::Failed {
                attempt: "listen to the desktop",
                reason: error.to_string(),
            })?
            .map_err(failed("listen to the desktop"))?;
        Ok(Self(shared))
    }

    /// What was heard, for which it waits up to `wait`.
    pub(super) fn take(&self, wait: Duration) -> News {
        let shared = &*self.0;
        let (mut news, _) = shared
            .came
            .wait_timeout_while(shared.lock(), wait, |news| !news.is_new)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut news)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen(mut ear: Listener, shared: &Weak<Shared>) {
    loop {
        let told = ear.next(LOOK_UP_EVERY);
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let told = match told {
            Ok(Some(told)) => told,
            Ok(None) => continue,
            Err(error) => {
                warn!(%error, "the desktop is not heard any more: it is asked once a second");
                return;
            }
        };
        let mut news = shared.lock();
        news.is_new = true;
        match told {
            Told::Title(window) => {
                // Windows that never come to the front matter to nobody.
                if news.titles.len() >= MOST_WINDOWS {
                    news.titles.clear();
                }
                let times = news.titles.entry(window.number()).or_default();
                *times = times.saturating_add(1);
            }
            // The service is told too: what is lost here is not lost.
            Told::Session(code) if news.session.len() < MOST_OF_THE_SESSION => {
                news.session.push(code);
            }
            Told::Session(_) | Told::Foreground | Told::DesktopSwitch => {}
        }
        shared.came.notify_all();
    }
}

/// How often the thread looks whether anybody listens to it.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);

const MOST_WINDOWS: usize = 1_024;

const MOST_OF_THE_SESSION: usize = 64;
