//! What a plan asks of its agents, as an administrator writes it.

use std::time::Duration;

use eidetic_model::{
    ApplicationRule, ApplicationSelection, Notification, Policy, PolicyError, PolicyParts,
    Prerequisites, Quality, Recording, ScreenLimits, Selected, ShownPart, SpoolLimits, UserRule,
    UserSelection,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The settings of a plan. What is left out has its default; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanSettings {
    /// Whether the plan's computers are monitored: without it nothing is recorded.
    pub monitor: bool,
    /// Whether users are told of it, in a window that is shown when the recording of their session
    /// begins.
    pub notify_users: bool,
    /// What they are told: up to 2000 characters, with line breaks. What the user did with it is an
    /// activity record.
    #[schema(min_length = 1, max_length = 2_000)]
    pub notify_text: String,
    /// After how many seconds the window closes by itself, 5 to 3600.
    #[schema(minimum = 5, maximum = 3_600)]
    pub notify_closes_after_secs: u64,
    /// Whose sessions are recorded.
    pub users: Users,
    /// Whether the screen is recorded; activity records always are.
    pub record_screen: bool,
    /// In front of which windows the screen is recorded.
    pub applications: Applications,
    /// The screen's recording stops so many minutes after the session's began, 1 to 10080; 0: it
    /// does not.
    #[schema(maximum = 10_080)]
    pub stop_after_minutes: u32,
    /// The screen's recording stops after so many minutes without input, 1 to 1440, and goes on with
    /// the next input; 0: it does not stop.
    #[schema(maximum = 1_440)]
    pub stop_when_idle_minutes: u32,
    /// The screen's recording stops while the monitored computer's disk has fewer free bytes; 0: it
    /// does not.
    pub stop_below_free_bytes: u64,
    /// What of the screen may be lost for the sake of size.
    pub quality: QualityStep,
    /// Whether the screen is recorded in shades of grey.
    pub grayscale: bool,
    /// The ceiling for frames a second, 1 to 30.
    #[schema(minimum = 1, maximum = 30)]
    pub max_frames_per_second: u8,
    /// The ceiling for the processor time of a session's recorder, in percent of one core, 1 to
    /// 100. Over it, the recorder lowers the frame rate, down to a frame each two seconds.
    #[schema(minimum = 1, maximum = 100)]
    pub max_cpu_percent: u8,
    /// How many seconds without input count as idle, 10 to 86400.
    #[schema(minimum = 10, maximum = 86_400)]
    pub idle_after_secs: u64,
    /// How many title changes of one window in a second become records of their own, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub max_titles_per_second: u16,
    /// The most bytes that an agent keeps while the server cannot be reached.
    #[schema(minimum = 16_777_216)]
    pub spool_max_bytes: u64,
    /// An agent keeps nothing more once its disk has fewer free bytes than this.
    pub spool_min_free_bytes: u64,
    /// For how many days the server keeps the screen's recordings, up to 36500; 0: for ever.
    #[schema(maximum = 36_500)]
    pub video_retention_days: u32,
    /// For how many days the server keeps activity records, up to 36500; 0: for ever.
    #[schema(maximum = 36_500)]
    pub record_retention_days: u32,
    /// What agents do about prerequisites of their computers that are unmet.
    pub prerequisites: PrerequisiteMode,
}

/// What an agent does about prerequisites that are unmet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrerequisiteMode {
    /// It tells of them.
    #[default]
    Report,
    /// It mends what can be mended safely, puts back what somebody changes within a minute, and
    /// tells of both.
    Mend,
}

/// Whose sessions are recorded. In patterns `*` stands for any characters and `?` for one or none;
/// case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Users {
    /// Whether only those of `listed` are recorded; otherwise all are.
    pub only_listed: bool,
    /// Who is recorded, if `only_listed`. At most 200.
    pub listed: Vec<User>,
    /// Who is not recorded all the same. At most 200.
    pub except: Vec<User>,
}

/// A user, or the members of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum User {
    /// A pattern of `DOMAIN\user`; without a backslash it is of that name in every domain.
    User(String),
    /// A pattern of the names of groups.
    Group(String),
}

/// In front of which windows the screen is recorded. In patterns `*` stands for any characters and
/// `?` for one or none; case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Applications {
    /// Whether the screen is recorded only while one of `listed` is in front; otherwise always.
    pub only_listed: bool,
    /// In front of which it is recorded, if `only_listed`. At most 200.
    pub listed: Vec<Application>,
    /// In front of which it is not recorded all the same. At most 200.
    pub except: Vec<Application>,
    /// Whether only what is seen of the windows of `listed` is recorded, if `only_listed`: all else
    /// is black before it is encoded. Otherwise the whole screen is.
    pub only_their_windows: bool,
}

/// Windows, by patterns of which both have to fit. An empty pattern fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Application {
    /// The window's title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The program's description, such as `LibreOffice Calc`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The ladder between quality and size, from the largest recordings to the smallest. Text is
/// legible at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualityStep {
    /// Nothing is lost: every frame comes back pixel by pixel, whatever it takes.
    Lossless,
    /// Text, lines and areas exactly. Film and photographs that move are kept at a bounded rate
    /// and become exact once they stand still for a second. The default.
    High,
    /// As `high`, with film and photographs at a smaller rate.
    Medium,
    /// Film and photographs at the smallest rate; they never become exact.
    Low,
}

impl From<Quality> for QualityStep {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Lossless => Self::Lossless,
            Quality::High => Self::High,
            Quality::Medium => Self::Medium,
            Quality::Low => Self::Low,
        }
    }
}

impl From<QualityStep> for Quality {
    fn from(step: QualityStep) -> Self {
        match step {
            QualityStep::Lossless => Self::Lossless,
            QualityStep::High => Self::High,
            QualityStep::Medium => Self::Medium,
            QualityStep::Low => Self::Low,
        }
    }
}

impl PlanSettings {
    /// What is different in `other`, for a person: each value's name, and its value there.
    pub fn changes_in(&self, other: &Self) -> String {
        let (before, after) = (self.values(), other.values());
        let changed = before.iter().zip(&after).filter(|(old, new)| old != new);
        let words = changed.map(|((name, old), (_, new))| format!("{name} {old} to {new}"));
        words.collect::<Vec<_>>().join(", ")
    }

    fn values(&self) -> [(&'static str, String); 21] {
        // Taken apart, so that a value that is new fails to compile here.
        let Self {
            monitor,
            notify_users,
            notify_text,
            notify_closes_after_secs,
            users,
            record_screen,
            applications,
            stop_after_minutes,
            stop_when_idle_minutes,
            stop_below_free_bytes,
            quality,
            grayscale,
            max_frames_per_second,
            max_cpu_percent,
            idle_after_secs,
            max_titles_per_second,
            spool_max_bytes,
            spool_min_free_bytes,
            video_retention_days,
            record_retention_days,
            prerequisites,
        } = self;
        [
            ("monitor", monitor.to_string()),
            ("notify_users", notify_users.to_string()),
            ("notify_text", short_json(notify_text)),
            (
                "notify_closes_after_secs",
                notify_closes_after_secs.to_string(),
            ),
            ("users", short_json(users)),
            ("record_screen", record_screen.to_string()),
            ("applications", short_json(applications)),
            ("stop_after_minutes", stop_after_minutes.to_string()),
            ("stop_when_idle_minutes", stop_when_idle_minutes.to_string()),
            ("stop_below_free_bytes", stop_below_free_bytes.to_string()),
            ("quality", Quality::from(*quality).as_str().to_owned()),
            ("grayscale", grayscale.to_string()),
            ("max_frames_per_second", max_frames_per_second.to_string()),
            ("max_cpu_percent", max_cpu_percent.to_string()),
            ("idle_after_secs", idle_after_secs.to_string()),
            ("max_titles_per_second", max_titles_per_second.to_string()),
            ("spool_max_bytes", spool_max_bytes.to_string()),
            ("spool_min_free_bytes", spool_min_free_bytes.to_string()),
            ("video_retention_days", video_retention_days.to_string()),
            ("record_retention_days", record_retention_days.to_string()),
            ("prerequisites", prerequisites.in_words().to_owned()),
        ]
    }
}

/// For a line in a log: long lists are cut.
fn short_json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

const MAX_SHOWN: usize = 400;

impl Default for PlanSettings {
    fn default() -> Self {
        let parts = PolicyParts::default();
        Self {
            monitor: true,
            notify_users: false,
            notify_text: Notification::DEFAULT_TEXT.to_owned(),
            notify_closes_after_secs: Notification::DEFAULT_CLOSES_AFTER.as_secs(),
            users: Users::default(),
            record_screen: parts.recording == Recording::Screen,
            applications: Applications::default(),
            stop_after_minutes: 0,
            stop_when_idle_minutes: 0,
            stop_below_free_bytes: parts.limits.stop_below_free_bytes,
            quality: parts.quality.into(),
            grayscale: parts.grayscale,
            max_cpu_percent: parts.max_cpu_percent,
            max_frames_per_second: parts.max_frames_per_second,
            idle_after_secs: parts.idle_after.as_secs(),
            max_titles_per_second: parts.max_titles_per_second,
            spool_max_bytes: parts.spool.max_bytes,
            spool_min_free_bytes: parts.spool.min_free_bytes,
            video_retention_days: 7,
            record_retention_days: 180,
            prerequisites: PrerequisiteMode::default(),
        }
    }
}

impl TryFrom<&PlanSettings> for Policy {
    type Error = PolicyError;

    fn try_from(document: &PlanSettings) -> Result<Self, PolicyError> {
        let minutes =
            |minutes: u32| (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60));
        // Also one that is not shown now has to be one that can be.
        let closes_after = Duration::from_secs(document.notify_closes_after_secs);
        let notification = Notification::new(&document.notify_text, closes_after)?;
        Self::new(PolicyParts {
            notification: document.notify_users.then_some(notification),
            recording: match (document.monitor, document.record_screen) {
                (false, _) => Recording::Off,
                (true, true) => Recording::Screen,
                (true, false) => Recording::MetadataOnly,
            },
            users: (&document.users).into(),
            applications: (&document.applications).into(),
            limits: ScreenLimits {
                stop_after: minutes(document.stop_after_minutes),
                stop_when_idle_for: minutes(document.stop_when_idle_minutes),
                stop_below_free_bytes: document.stop_below_free_bytes,
            },
            quality: document.quality.into(),
            grayscale: document.grayscale,
            max_frames_per_second: document.max_frames_per_second,
            max_cpu_percent: document.max_cpu_percent,
            idle_after: Duration::from_secs(document.idle_after_secs),
            max_titles_per_second: document.max_titles_per_second,
            spool: SpoolLimits {
                max_bytes: document.spool_max_bytes,
                min_free_bytes: document.spool_min_free_bytes,
            },
            prerequisites: document.prerequisites.into(),
        })
    }
}

impl PrerequisiteMode {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Mend => "mend",
        }
    }
}

impl From<PrerequisiteMode> for Prerequisites {
    fn from(mode: PrerequisiteMode) -> Self {
        match mode {
            PrerequisiteMode::Report => Self::Report,
            PrerequisiteMode::Mend => Self::Mend,
        }
    }
}

impl From<&Users> for UserSelection {
    fn from(users: &Users) -> Self {
        let rules = |users: &[User]| users.iter().map(user_rule).collect();
        Self {
            who: match users.only_listed {
                true => Selected::Listed(rules(&users.listed)),
                false => Selected::All,
            },
            except: rules(&users.except),
        }
    }
}

fn user_rule(user: &User) -> UserRule {
    match user {
        User::User(pattern) => UserRule::User(pattern.clone()),
        User::Group(pattern) => UserRule::Group(pattern.clone()),
    }
}

impl From<&Applications> for ApplicationSelection {
    fn from(applications: &Applications) -> Self {
        let rule = |application: &Application| ApplicationRule {
            title: application.title.clone(),
            description: application.description.clone(),
        };
        Self {
            which: match applications.only_listed {
                true => Selected::Listed(applications.listed.iter().map(rule).collect()),
                false => Selected::All,
            },
            except: applications.except.iter().map(rule).collect(),
            shown: match applications.only_their_windows {
                true => ShownPart::ListedWindows,
                false => ShownPart::WholeScreen,
            },
        }
    }
}

/// Where in the settings a problem is.
pub fn field_of(error: &PolicyError) -> &'static str {
    match error {
        PolicyError::FramesPerSecond(_) => "max_frames_per_second",
        PolicyError::CpuPercent(_) => "max_cpu_percent",
        PolicyError::IdleAfterSecs(_) => "idle_after_secs",
        PolicyError::TitlesPerSecond(_) => "max_titles_per_second",
        PolicyError::SpoolMaxBytes(_) => "spool_max_bytes",
        PolicyError::StopAfterMinutes(_) => "stop_after_minutes",
        PolicyError::StopWhenIdleMinutes(_) => "stop_when_idle_minutes",
        PolicyError::StopBelowFreeBytes(_) => "stop_below_free_bytes",
        PolicyError::NotifyText(_) => "notify_text",
        PolicyError::NotifyClosesAfterSecs(_) => "notify_closes_after_secs",
        PolicyError::Rule { list, .. } => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default_and_unknown_keys_are_refused() {
        let document: PlanSettings = serde_json::from_str(r#"{"idle_after_secs": 60}"#).unwrap();
        let policy = Policy::try_from(&document).unwrap();
        assert_eq!(policy.idle_after(), Duration::from_secs(60));
        assert_eq!(policy.max_frames_per_second(), 4);

        let error = serde_json::from_str::<PlanSettings>(r#"{"idle": 60}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `idle`"));
    }

    #[test]
    fn what_was_stored_before_there_was_quality_means_the_defaults() {
        let stored = r#"{"record_screen": true, "max_frames_per_second": 4,
            "idle_after_secs": 300, "max_titles_per_second": 4,
            "spool_max_bytes": 2147483648, "spool_min_free_bytes": 1073741824}"#;
        let document: PlanSettings = serde_json::from_str(stored).unwrap();
        assert_eq!(Policy::try_from(&document), Ok(Policy::default()));
    }

    #[test]
    fn every_step_of_the_ladder_is_written_by_its_word_and_comes_back() {
        for quality in Quality::ALL {
            let step = QualityStep::from(quality);
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(text, format!("\"{}\"", quality.as_str()));
            let read: QualityStep = serde_json::from_str(&text).unwrap();
            assert_eq!(Quality::from(read), quality);
        }
    }

    #[test]
    fn the_default_settings_mean_the_default_policy() {
        assert_eq!(
            Policy::try_from(&PlanSettings::default()),
            Ok(Policy::default())
        );
    }

    #[test]
    fn rules_are_written_as_people_would_and_mean_what_they_say() {
        let settings: PlanSettings = serde_json::from_str(
            r#"{"users": {"only_listed": true, "listed": [{"user": "CORP\\*"}, {"group": "ops"}]},
                "applications": {"except": [{"title": "*bank*"}], "only_their_windows": true},
                "stop_after_minutes": 90}"#,
        )
        .unwrap();
        let policy = Policy::try_from(&settings).unwrap();
        let listed = vec![
            UserRule::User("CORP\\*".into()),
            UserRule::Group("ops".into()),
        ];
        assert_eq!(policy.users().who, Selected::Listed(listed));
        assert_eq!(policy.applications().except[0].title, "*bank*");
        assert_eq!(policy.applications().shown, ShownPart::ListedWindows);
        assert!(
            !policy.applications().shows_only_windows(),
            "nothing is listed"
        );
        assert_eq!(policy.limits().stop_after, Some(Duration::from_secs(5_400)));
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            serde_json::from_str::<PlanSettings>(&text).unwrap(),
            settings
        );
    }

    #[test]
    fn users_are_told_what_the_plan_says_and_only_if_it_says_so() {
        let mut settings = PlanSettings {
            notify_text: "Recorded.\nAsk IT.".to_owned(),
            ..PlanSettings::default()
        };
        assert_eq!(Policy::try_from(&settings).unwrap().notification(), None);
        settings.notify_users = true;
        let policy = Policy::try_from(&settings).unwrap();
        let notification = policy.notification().unwrap();
        assert_eq!(notification.text(), "Recorded.\nAsk IT.");
        assert_eq!(notification.closes_after(), Duration::from_secs(60));

        settings.notify_users = false;
        settings.notify_text.clear();
        let error = Policy::try_from(&settings).unwrap_err();
        assert_eq!(field_of(&error), "notify_text");
        assert_eq!(
            error.to_string(),
            "notify_text is empty: write what users are to read"
        );
    }

    #[test]
    fn monitoring_off_is_off_and_remembers_whether_the_screen_is_wanted() {
        let settings = PlanSettings {
            monitor: false,
            ..PlanSettings::default()
        };
        let policy = Policy::try_from(&settings).unwrap();
        assert_eq!(policy.recording(), Recording::Off);
        assert!(settings.record_screen);
    }

    #[test]
    fn a_rule_that_cannot_be_is_found_by_its_list() {
        let settings = PlanSettings {
            applications: Applications {
                only_listed: true,
                ..Applications::default()
            },
            ..PlanSettings::default()
        };
        let error = Policy::try_from(&settings).unwrap_err();
        assert_eq!(field_of(&error), "applications.listed");
    }

    #[test]
    fn changes_are_named_with_what_was_and_what_is() {
        let before = PlanSettings::default();
        let after = PlanSettings {
            quality: QualityStep::Low,
            max_cpu_percent: 20,
            ..before.clone()
        };
        let words = "quality high to low, max_cpu_percent 5 to 20";
        assert_eq!(before.changes_in(&after), words);
        assert_eq!(before.changes_in(&before), "");
    }
}
