//! From messages to the model.
//!
//! Each function fails with [`ConvertError`], which names the field that is wrong.

use std::{net::IpAddr, time::Duration};

use eidetic_model::{
    ActivityRecord, AdjustmentId, AdjustmentRecord, Application, ApplicationRule,
    ApplicationSelection, Captured, CheckReport, ComputerFacts, DisplayIndex, Entry, GapReason,
    IdleStretch, MAX_RULES, Notification, Policy, PolicyError, PolicyParts, Prerequisites, Quality,
    RecordSequence, RecordedMoment, Recording, ScreenLimits, SegmentDescription, SegmentEnd,
    SegmentId, Selected, SessionDescription, SessionEnding, SessionId, SessionOrigin, ShownPart,
    SpoolId, SpoolLimits, Timestamp, UnmetCheck, UserRule, UserSelection,
};

use super::{
    ConvertError, Hello, MAX_CHECKS, MAX_DETAILS, MAX_DISPLAY_SIDE, MAX_HAND_LINES, MAX_NAME_BYTES,
    MAX_TEXT_BYTES, MAX_UNIX_MICROS, SegmentChunk,
};
use crate::{MAX_ENTRIES_PER_MESSAGE, MAX_SEGMENT_BYTES_PER_MESSAGE, ProtocolVersion, proto};

/// What an agent says first.
pub fn hello(hello: proto::Hello) -> Result<Hello, ConvertError> {
    let (oldest, newest) = protocol_range(hello.protocol)?;
    Ok(Hello {
        oldest,
        newest,
        agent_version: name("agent_version", hello.agent_version)?,
        computer_name: name("computer_name", hello.computer_name)?,
        operating_system: name("operating_system", hello.operating_system)?,
        spool: SpoolId::from_slice(&hello.spool_id)
            .ok_or_else(|| not_an_id("spool_id", &hello.spool_id))?,
        facts: computer_facts(hello.host_names, &hello.addresses)?,
        run: run_id(&hello.run_id)?,
        control_port: u16::try_from(hello.control_port)
            .ok()
            .filter(|port| *port > 0),
    })
}

fn run_id(bytes: &[u8]) -> Result<Option<[u8; 16]>, ConvertError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let id = bytes.try_into().map_err(|_| not_an_id("run_id", bytes))?;
    Ok(Some(id))
}

fn computer_facts(
    names: Vec<String>,
    addresses: &[bytes::Bytes],
) -> Result<ComputerFacts, ConvertError> {
    at_most("host_names", names.len(), MAX_HOST_FACTS)?;
    at_most("addresses", addresses.len(), MAX_HOST_FACTS)?;
    let names: Result<Vec<_>, _> = names
        .into_iter()
        .map(|text| name("host_names", text))
        .collect();
    let addresses: Result<Vec<_>, _> = addresses.iter().map(|bytes| address(bytes)).collect();
    Ok(ComputerFacts::new(names?, addresses?))
}

fn address(bytes: &[u8]) -> Result<IpAddr, ConvertError> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Ok(v4.into());
    }
    let v6 = <[u8; 16]>::try_from(bytes).map_err(|_| not_an_id("addresses", bytes))?;
    Ok(IpAddr::from(v6))
}

/// The versions of the protocol that one side speaks: the oldest and the newest.
pub fn protocol_range(
    range: Option<proto::ProtocolRange>,
) -> Result<(ProtocolVersion, ProtocolVersion), ConvertError> {
    let range = range.ok_or(ConvertError::Missing { field: "protocol" })?;
    if range.oldest > range.newest {
        return Err(out_of_range("protocol.oldest", range.oldest));
    }
    Ok((ProtocolVersion(range.oldest), ProtocolVersion(range.newest)))
}

/// A policy and its revision. What an older server does not send has its default.
pub fn policy(policy: proto::Policy) -> Result<(u64, Policy), ConvertError> {
    let quality = quality(policy.quality());
    let made = Policy::new(PolicyParts {
        notification: policy.notification.as_ref().map(notification).transpose()?,
        recording: match (policy.monitoring_off, policy.record_screen) {
            (true, _) => Recording::Off,
            (false, true) => Recording::Screen,
            (false, false) => Recording::MetadataOnly,
        },
        users: policy.users.map(users).transpose()?.unwrap_or_default(),
        applications: policy
            .applications
            .map(applications)
            .transpose()?
            .unwrap_or_default(),
        limits: ScreenLimits {
            stop_after: seconds(policy.stop_after_secs),
            stop_when_idle_for: seconds(policy.stop_when_idle_secs),
            stop_below_free_bytes: policy.stop_below_free_bytes,
        },
        quality,
        grayscale: policy.grayscale,
        max_frames_per_second: u8::try_from(policy.max_frames_per_second)
            .map_err(|_| PolicyError::FramesPerSecond(u8::MAX))?,
        max_cpu_percent: match policy.max_cpu_percent {
            0 => PolicyParts::default().max_cpu_percent,
            percent => u8::try_from(percent).map_err(|_| PolicyError::CpuPercent(u8::MAX))?,
        },
        idle_after: Duration::from_secs(policy.idle_after_secs.into()),
        max_titles_per_second: u16::try_from(policy.max_titles_per_second)
            .map_err(|_| PolicyError::TitlesPerSecond(u16::MAX))?,
        spool: SpoolLimits {
            max_bytes: policy.spool_max_bytes,
            min_free_bytes: policy.spool_min_free_bytes,
        },
        prerequisites: match policy.mend_prerequisites {
            true => Prerequisites::Mend,
            false => Prerequisites::Report,
        },
    })?;
    Ok((policy.revision, made))
}

/// What an agent found of its prerequisites.
pub fn check_report(report: proto::CheckReport) -> Result<CheckReport, ConvertError> {
    at_most("unmet", report.unmet.len(), MAX_CHECKS)?;
    at_most("adjustments", report.adjustments.len(), MAX_CHECKS)?;
    let unmet: Result<Vec<_>, _> = report.unmet.into_iter().map(unmet_check).collect();
    let adjustments: Result<Vec<_>, _> = report.adjustments.into_iter().map(adjustment).collect();
    Ok(CheckReport {
        at: time("at", report.at)?,
        unmet: unmet?,
        adjustments: adjustments?,
    })
}

fn unmet_check(message: proto::UnmetCheck) -> Result<UnmetCheck, ConvertError> {
    at_most("by_hand", message.by_hand.len(), MAX_HAND_LINES)?;
    let lines = message.by_hand.into_iter();
    Ok(UnmetCheck {
        check: name("check", message.check)?,
        found: name("found", message.found)?,
        by_hand: lines
            .map(|line| name("by_hand", line))
            .collect::<Result<_, _>>()?,
    })
}

fn adjustment(message: proto::Adjustment) -> Result<AdjustmentRecord, ConvertError> {
    Ok(AdjustmentRecord {
        id: adjustment_id(&message.adjustment_id)?,
        check: name("check", message.check)?,
        at: time("at", message.at)?,
        before: name("before", message.before)?,
        after: name("after", message.after)?,
        problem: match name("problem", message.problem)? {
            problem if problem.is_empty() => None,
            problem => Some(problem),
        },
    })
}

/// The adjustments that are durable, and the server's clock, if it tells.
pub fn check_report_stored(
    stored: &proto::CheckReportStored,
) -> Result<(Vec<AdjustmentId>, Option<Timestamp>), ConvertError> {
    let ids = stored.adjustment_ids.iter().map(|id| adjustment_id(id));
    let ids = ids.collect::<Result<_, _>>()?;
    Ok((ids, server_time(stored.server_time)?))
}

/// The server's clock, if it tells.
pub fn server_time(micros: i64) -> Result<Option<Timestamp>, ConvertError> {
    match micros {
        0 => Ok(None),
        micros => time("server_time", micros).map(Some),
    }
}

fn adjustment_id(bytes: &[u8]) -> Result<AdjustmentId, ConvertError> {
    AdjustmentId::from_slice(bytes).ok_or_else(|| not_an_id("adjustment_id", bytes))
}

fn notification(message: &proto::Notification) -> Result<Notification, PolicyError> {
    let closes_after = Duration::from_secs(message.closes_after_secs.into());
    Ok(Notification::new(&message.text, closes_after)?)
}

fn seconds(secs: u32) -> Option<Duration> {
    (secs > 0).then(|| Duration::from_secs(secs.into()))
}

fn users(message: proto::UserSelection) -> Result<UserSelection, ConvertError> {
    Ok(UserSelection {
        who: selected(message.only_listed, user_rules(message.listed)?),
        except: user_rules(message.except)?,
    })
}

fn user_rules(messages: Vec<proto::UserRule>) -> Result<Vec<UserRule>, ConvertError> {
    use proto::user_rule::Rule;
    at_most("users", messages.len(), MAX_RULES)?;
    // A kind of rule that this agent does not know would be left out without a word.
    let rule = |message: proto::UserRule| match message.rule {
        Some(Rule::User(pattern)) => Ok(UserRule::User(pattern)),
        Some(Rule::Group(pattern)) => Ok(UserRule::Group(pattern)),
        None => Err(ConvertError::Missing { field: "rule" }),
    };
    messages.into_iter().map(rule).collect()
}

fn applications(
    message: proto::ApplicationSelection,
) -> Result<ApplicationSelection, ConvertError> {
    at_most("applications", message.listed.len(), MAX_RULES)?;
    at_most("applications", message.except.len(), MAX_RULES)?;
    let rules = |messages: Vec<proto::ApplicationRule>| {
        let rule = |message: proto::ApplicationRule| ApplicationRule {
            title: message.title,
            description: message.description,
        };
        messages.into_iter().map(rule).collect()
    };
    Ok(ApplicationSelection {
        which: selected(message.only_listed, rules(message.listed)),
        except: rules(message.except),
        shown: match message.only_their_windows {
            true => ShownPart::ListedWindows,
            false => ShownPart::WholeScreen,
        },
    })
}

fn selected<T>(only_listed: bool, listed: Vec<T>) -> Selected<T> {
    match only_listed {
        true => Selected::Listed(listed),
        false => Selected::All,
    }
}

/// Entries with their sequences.
pub fn entries(entries: proto::Entries) -> Result<Vec<(RecordSequence, Entry)>, ConvertError> {
    let count = entries.entries.len();
    at_most("entries", count, MAX_ENTRIES_PER_MESSAGE)?;
    if count == 0 {
        return Err(ConvertError::Missing { field: "entries" });
    }
    let first = entries.first_sequence;
    if first == 0 || first.checked_add(count as u64).is_none() {
        return Err(out_of_range("first_sequence", first));
    }
    (first..)
        .map(RecordSequence)
        .zip(entries.entries)
        .map(|(sequence, message)| Ok((sequence, entry(message)?)))
        .collect()
}

/// One entry.
pub fn entry(message: proto::Entry) -> Result<Entry, ConvertError> {
    use proto::entry::Entry as Proto;
    let message = message
        .entry
        .ok_or(ConvertError::Missing { field: "entry" })?;
    Ok(match message {
        Proto::SessionOpened(session) => Entry::SessionOpened(session_opened(session)?),
        Proto::Activity(record) => Entry::Activity(activity(record)?),
        Proto::Idle(idle) => Entry::Idle(IdleStretch {
            session: session_id(&idle.session_id)?,
            from: time("from", idle.from)?,
            until: time("until", idle.until)?,
        }),
        Proto::SessionClosed(ending) => Entry::SessionClosed(SessionEnding {
            session: session_id(&ending.session_id)?,
            end: time("end", ending.end)?,
        }),
        Proto::SegmentOpened(segment) => Entry::SegmentOpened(segment_opened(&segment)?),
        Proto::SegmentLost(lost) => Entry::SegmentLost {
            segment: segment_id(&lost.segment_id)?,
            reason: lost
                .reason
                .parse::<GapReason>()
                .map_err(|_| ConvertError::UnknownWord { field: "reason" })?,
        },
    })
}

/// Some bytes of a segment.
pub fn segment_bytes(message: proto::SegmentBytes) -> Result<SegmentChunk, ConvertError> {
    let count = message.bytes.len();
    at_most("bytes", count, MAX_SEGMENT_BYTES_PER_MESSAGE)?;
    if count == 0 {
        return Err(ConvertError::Missing { field: "bytes" });
    }
    if message.offset.checked_add(count as u64).is_none() {
        return Err(out_of_range("offset", message.offset));
    }
    Ok(SegmentChunk {
        id: segment_id(&message.segment_id)?,
        offset: message.offset,
        bytes: message.bytes,
    })
}

/// The end of a segment.
pub fn segment_end(message: &proto::SegmentEnd) -> Result<SegmentEnd, ConvertError> {
    Ok(SegmentEnd {
        id: segment_id(&message.segment_id)?,
        end: time("end", message.end)?,
        bytes: message.bytes,
        sha256: message.sha256[..]
            .try_into()
            .map_err(|_| ConvertError::WrongLength {
                field: "sha256",
                bytes: message.sha256.len(),
                needed: 32,
            })?,
    })
}

/// The id of a segment.
pub fn segment_id(bytes: &[u8]) -> Result<SegmentId, ConvertError> {
    SegmentId::from_slice(bytes).ok_or_else(|| not_an_id("segment_id", bytes))
}

/// A name, path or address.
pub fn name(field: &'static str, text: String) -> Result<String, ConvertError> {
    at_most(field, text.len(), MAX_NAME_BYTES)?;
    Ok(text)
}

/// What is not known is the default: it loses the least that nobody asked to be lost.
fn quality(quality: proto::policy::Quality) -> Quality {
    use proto::policy::Quality as Proto;
    match quality {
        Proto::Unspecified => Quality::default(),
        Proto::Lossless => Quality::Lossless,
        Proto::High => Quality::High,
        Proto::Medium => Quality::Medium,
        Proto::Low => Quality::Low,
    }
}

fn session_opened(message: proto::SessionOpened) -> Result<SessionDescription, ConvertError> {
    let workstation = name("workstation", message.workstation)?;
    let origin = if message.remote {
        SessionOrigin::Remote { workstation }
    } else {
        SessionOrigin::Local
    };
    Ok(SessionDescription {
        id: session_id(&message.session_id)?,
        who: name("who", message.who)?,
        where_: name("where", message.r#where)?,
        origin,
        display_name: name("display_name", message.display_name)?,
        start: time("start", message.start)?,
    })
}

fn activity(message: proto::Activity) -> Result<ActivityRecord, ConvertError> {
    at_most("details", message.details.len(), MAX_DETAILS)?;
    let workstation = name("workstation", message.workstation)?;
    Ok(ActivityRecord {
        session: session_id(&message.session_id)?,
        when: time("when", message.when)?,
        who: name("who", message.who)?,
        action: message
            .action
            .parse()
            .map_err(|_| ConvertError::UnknownWord { field: "action" })?,
        object_type: message
            .object_type
            .parse()
            .map_err(|_| ConvertError::UnknownWord {
                field: "object_type",
            })?,
        what: text("what", message.what)?,
        where_: name("where", message.r#where)?,
        workstation: (!workstation.is_empty()).then_some(workstation),
        details: message
            .details
            .into_iter()
            .map(|line| text("details", line))
            .collect::<Result<_, _>>()?,
        application: message.application.map(application).transpose()?,
        coalesced: message.coalesced,
        moment: message.moment.as_ref().map(moment).transpose()?,
    })
}

fn application(message: proto::Application) -> Result<Application, ConvertError> {
    Ok(Application {
        path: name("application.path", message.path)?,
        description: name("application.description", message.description)?,
    })
}

fn moment(message: &proto::Moment) -> Result<RecordedMoment, ConvertError> {
    Ok(RecordedMoment {
        display: display("moment.display", message.display)?,
        time: time("moment.time", message.time)?,
    })
}

fn segment_opened(message: &proto::SegmentOpened) -> Result<SegmentDescription, ConvertError> {
    Ok(SegmentDescription {
        id: segment_id(&message.segment_id)?,
        session: session_id(&message.session_id)?,
        display: display("display", message.display)?,
        start: time("start", message.start)?,
        width: side("width", message.width)?,
        height: side("height", message.height)?,
        left: message.left,
        top: message.top,
    })
}

fn session_id(bytes: &[u8]) -> Result<SessionId, ConvertError> {
    SessionId::from_slice(bytes).ok_or_else(|| not_an_id("session_id", bytes))
}

fn display(field: &'static str, value: u32) -> Result<DisplayIndex, ConvertError> {
    u16::try_from(value)
        .map(DisplayIndex)
        .map_err(|_| out_of_range(field, value))
}

fn side(field: &'static str, value: u32) -> Result<u32, ConvertError> {
    if (1..=MAX_DISPLAY_SIDE).contains(&value) {
        Ok(value)
    } else {
        Err(out_of_range(field, value))
    }
}

fn time(field: &'static str, micros: i64) -> Result<Timestamp, ConvertError> {
    if (0..=MAX_UNIX_MICROS).contains(&micros) {
        Ok(Timestamp::from_unix_micros(micros))
    } else {
        Err(out_of_range(field, micros))
    }
}

fn text(field: &'static str, text: String) -> Result<Captured, ConvertError> {
    at_most(field, text.len(), MAX_TEXT_BYTES)?;
    Ok(Captured::new(text))
}

fn at_most(field: &'static str, found: usize, limit: usize) -> Result<(), ConvertError> {
    if found <= limit {
        Ok(())
    } else {
        Err(ConvertError::TooMany {
            field,
            found,
            limit,
        })
    }
}

/// More names or addresses than a computer has.
const MAX_HOST_FACTS: usize = 64;

fn not_an_id(field: &'static str, bytes: &[u8]) -> ConvertError {
    ConvertError::WrongLength {
        field,
        bytes: bytes.len(),
        needed: 16,
    }
}

fn out_of_range(field: &'static str, value: impl Into<i128>) -> ConvertError {
    ConvertError::OutOfRange {
        field,
        value: value.into(),
    }
}
