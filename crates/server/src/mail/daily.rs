//! Sends the daily mail: once a day, also over restarts; what failed is tried again.

use std::time::Duration;

use eidetic_model::Timestamp;
use eidetic_runtime::{ShutdownSignal, Task};
use eidetic_store::{
    StoreError,
    control::{ControlStore, Day},
};
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use super::{
    plain,
    settings::{MailSettings, NotKept, PasswordChange, damaged},
    smtp::{MailError, Sent, Stage, send},
    summary::Summary,
};
use crate::{
    components::Components,
    health::{EventKind, Happened},
};

/// Until when the mails that were sent tell; kept over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailyState {
    told_until_us: i64,
    /// Whether a mail was sent then, and not only nothing before is to be told.
    was_sent: bool,
}

/// What goes wrong with the daily mail now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What went wrong the last time.
    pub error: MailError,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub again: Timestamp,
    /// The same by the monotonic clock.
    again_at: Duration,
}

/// What became of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is no daily mail, or it is not time.
    NotDue,
    /// It is due, failed before, and is not tried again yet.
    Waits,
    /// It was sent.
    Sent(Sent),
    /// It failed.
    Failed(MailError),
}

/// Sends the daily mail.
pub struct Daily {
    components: Components,
}

impl DailyState {
    /// Nothing of before this time is to be told.
    pub(super) const fn nothing_before(now: Timestamp) -> Self {
        Self {
            told_until_us: now.as_unix_micros(),
            was_sent: false,
        }
    }

    /// What is kept, if something is.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn load(control: &dyn ControlStore) -> Result<Option<Self>, StoreError> {
        let kept = control.setting(SETTING).await?;
        kept.map(|(_, text)| serde_json::from_str(&text).map_err(|error| damaged(&error)))
            .transpose()
    }

    pub(super) async fn save(self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let text = serde_json::to_string(&self).map_err(|error| damaged(&error))?;
        control.put_setting(SETTING, &text).await.map(drop)
    }

    /// Until when the mails that were sent tell.
    pub const fn told_until(self) -> Timestamp {
        Timestamp::from_unix_micros(self.told_until_us)
    }

    /// When a mail was sent last, if one was.
    pub fn sent(self) -> Option<Timestamp> {
        self.was_sent.then(|| self.told_until())
    }
}

/// The last time until now at which the mail is to be sent.
fn due(hour_utc: u8, now: Timestamp) -> Timestamp {
    let hour = Duration::from_secs(u64::from(hour_utc) * 3_600);
    let today = Day::of(now).start().saturating_add(hour);
    if today <= now {
        today
    } else {
        today.saturating_sub(A_DAY)
    }
}

/// The next time at which the mail is to be sent.
pub fn next_due(hour_utc: u8, now: Timestamp) -> Timestamp {
    due(hour_utc, now).saturating_add(A_DAY)
}

impl Daily {
    /// With what a server has.
    pub const fn new(components: Components) -> Self {
        Self { components }
    }

    /// Sends what is due until shutdown begins.
    pub fn start(mut self, shutdown: ShutdownSignal) -> Task<()> {
        Task::spawn("daily mail", async move {
            let mail = self.components.mail.clone();
            let mut looks = interval(LOOK_INTERVAL);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = looks.tick() => {}
                    () = mail.changed() => {}
                    () = shutdown.wait() => return,
                }
                let turn = tokio::select! {
                    turn = self.turn() => turn,
                    () = shutdown.wait() => return,
                };
                match turn {
                    Ok(Turn::Sent(_)) => info!("daily mail sent"),
                    Ok(_) => {}
                    Err(error) => error!(%error, "the daily mail could not be looked after"),
                }
            }
        })
    }

    /// Sends the mail if it is due.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn turn(&mut self) -> Result<Turn, StoreError> {
        let components = self.components.clone();
        let control = components.control.as_ref();
        let settings = components.mail.kept(control).await?.settings;
        if !settings.daily {
            return Ok(Turn::NotDue);
        }
        let now = components.clock.wall();
        let due = due(settings.hour_utc, now);
        let told_until = match DailyState::load(control).await? {
            // A clock that was in the future and was set right must not silence the mail.
            Some(state) if state.told_until() <= now.saturating_add(A_DAY) => state.told_until(),
            _ => due.saturating_sub(A_DAY),
        };
        if told_until >= due {
            return Ok(Turn::NotDue);
        }
        let waits = |trouble: &Trouble| trouble.again_at > components.clock.monotonic();
        if components.mail.trouble().as_ref().is_some_and(waits) {
            return Ok(Turn::Waits);
        }
        let since = told_until.max(now.saturating_sub(MOST_TOLD));
        let summary = Summary::gather(&components, since).await?;
        match self.send(&settings, &summary).await? {
            Ok(sent) => {
                let state = DailyState {
                    told_until_us: now.as_unix_micros(),
                    was_sent: true,
                };
                state.save(control).await?;
                self.tell_sent(&sent).await;
                Ok(Turn::Sent(sent))
            }
            Err(error) => {
                self.tell_failed(now, &error).await;
                Ok(Turn::Failed(error))
            }
        }
    }

    async fn send(
        &self,
        settings: &MailSettings,
        summary: &Summary,
    ) -> Result<Result<Sent, MailError>, StoreError> {
        let control = self.components.control.as_ref();
        let mail = &self.components.mail;
        let password = mail.password_for(control, settings, PasswordChange::Stays);
        let password = match password.await {
            Ok(password) => password,
            Err(NotKept::Store(error)) => return Err(error),
            Err(NotKept::Fields(_)) => {
                return Ok(Err(MailError {
                    stage: Stage::Settings,
                    reason: "the password cannot be read any more; give it again".to_owned(),
                }));
            }
        };
        let letter = plain::letter(summary, settings.console_url.trim_end_matches('/'));
        Ok(send(settings, password.as_ref(), &letter, SEND_WITHIN).await)
    }

    async fn tell_sent(&self, sent: &Sent) {
        let mut events = Vec::new();
        if let Some(trouble) = self.components.mail.trouble().take() {
            let text = format!(
                "The daily mail was sent after {} failed attempts.",
                trouble.attempts
            );
            events.push(Happened::here(EventKind::Resolved, text));
        }
        for (recipient, reason) in &sent.refused {
            let text = format!("The mail server refused {recipient} for the daily mail: {reason}");
            events.push(Happened::here(EventKind::MailFailed, text));
        }
        self.components.health_log().note(events).await;
    }

    /// It is told once, and again when something else goes wrong.
    async fn tell_failed(&self, now: Timestamp, error: &MailError) {
        let (is_news, pause) = {
            let mut trouble = self.components.mail.trouble();
            let before = trouble.take();
            let attempts = before.as_ref().map_or(0, |before| before.attempts) + 1;
            let pause = pause_after(attempts);
            *trouble = Some(Trouble {
                since: before.as_ref().map_or(now, |before| before.since),
                error: error.clone(),
                attempts,
                again: now.saturating_add(pause),
                again_at: self.components.clock.monotonic() + pause,
            });
            (before.is_none_or(|before| before.error != *error), pause)
        };
        if is_news {
            let text = format!(
                "The daily mail could not be sent: {error}. {} It is tried again in {} minutes.",
                error.stage.advice(),
                pause.as_secs() / 60
            );
            let happened = Happened::here(EventKind::MailFailed, text);
            self.components.health_log().note(vec![happened]).await;
        }
    }
}

/// For how long nothing is tried after so many attempts.
fn pause_after(attempts: u32) -> Duration {
    let minutes = PAUSES.get(attempts.saturating_sub(1) as usize);
    Duration::from_secs(60 * minutes.copied().unwrap_or(60))
}

const SETTING: &str = "mail_daily";
const A_DAY: Duration = Duration::from_secs(86_400);
const LOOK_INTERVAL: Duration = Duration::from_secs(20);
const SEND_WITHIN: Duration = Duration::from_secs(120);
/// In minutes.
const PAUSES: [u64; 5] = [1, 2, 5, 15, 30];
/// A mail that was not sent for long does not tell of all that time.
const MOST_TOLD: Duration = Duration::from_secs(7 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_counts_in_utc_and_every_day_has_one() {
        // 2026-01-01 00:00.
        let day = Timestamp::from_unix_micros(1_767_225_600_000_000);
        let at = |hours: u64| day.saturating_add(Duration::from_secs(hours * 3_600));
        assert_eq!(due(6, at(6)), at(6));
        assert_eq!(due(6, at(29)), at(6));
        assert_eq!(due(6, at(30)), at(30));
        assert_eq!(due(6, at(5)), at(6).saturating_sub(A_DAY));
        assert_eq!(due(0, day), day);
        assert_eq!(next_due(6, at(7)), at(30));
        assert_eq!(next_due(6, at(5)), at(6));
    }

    #[test]
    fn pauses_become_longer_up_to_an_hour() {
        let minutes = |attempts| pause_after(attempts).as_secs() / 60;
        assert_eq!(
            (minutes(1), minutes(3), minutes(6), minutes(99)),
            (1, 5, 60, 60)
        );
    }
}
