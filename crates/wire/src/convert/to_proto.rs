//! From the model to messages.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use eidetic_model::{
    ActivityRecord, AdjustmentId, AdjustmentRecord, ApplicationRule, ApplicationSelection,
    Captured, CheckReport, Entry, Notification, Policy, Prerequisites, Quality, RecordSequence,
    Recording, SegmentDescription, SegmentEnd, SegmentId, Selected, SessionDescription, SessionId,
    SessionOrigin, ShownPart, Timestamp, UserRule, UserSelection,
};

use super::{
    Hello, MAX_CHECKS, MAX_DETAILS, MAX_HAND_LINES, MAX_NAME_BYTES, MAX_TEXT_BYTES,
    MAX_UNIX_MICROS, SegmentChunk,
};
use crate::{ProtocolVersion, proto};

/// What an agent says first.
pub fn hello(hello: &Hello) -> proto::Hello {
    proto::Hello {
        protocol: Some(protocol_range(hello.oldest, hello.newest)),
        agent_version: name(&hello.agent_version),
        computer_name: name(&hello.computer_name),
        operating_system: name(&hello.operating_system),
        spool_id: id(hello.spool.to_bytes()),
        host_names: hello.facts.names.iter().map(|text| name(text)).collect(),
        addresses: hello.facts.addresses.iter().map(address).collect(),
        run_id: hello.run.map_or_else(Bytes::new, id),
        control_port: hello.control_port.map_or(0, u32::from),
    }
}

fn address(address: &IpAddr) -> Bytes {
    match address {
        IpAddr::V4(address) => Bytes::copy_from_slice(&address.octets()),
        IpAddr::V6(address) => Bytes::copy_from_slice(&address.octets()),
    }
}

/// The versions of the protocol that one side speaks.
pub fn protocol_range(oldest: ProtocolVersion, newest: ProtocolVersion) -> proto::ProtocolRange {
    proto::ProtocolRange {
        oldest: oldest.0,
        newest: newest.0,
    }
}

/// A policy and its revision.
pub fn policy(revision: u64, policy: &Policy) -> proto::Policy {
    proto::Policy {
        revision,
        record_screen: policy.recording() == Recording::Screen,
        max_frames_per_second: policy.max_frames_per_second().into(),
        // INVARIANT: a policy's idle time is at most a day.
        idle_after_secs: u32::try_from(policy.idle_after().as_secs()).unwrap_or(u32::MAX),
        max_titles_per_second: policy.max_titles_per_second().into(),
        spool_max_bytes: policy.spool().max_bytes,
        spool_min_free_bytes: policy.spool().min_free_bytes,
        quality: quality(policy.quality()).into(),
        grayscale: policy.grayscale(),
        max_cpu_percent: policy.max_cpu_percent().into(),
        monitoring_off: policy.recording() == Recording::Off,
        stop_after_secs: seconds(policy.limits().stop_after),
        stop_when_idle_secs: seconds(policy.limits().stop_when_idle_for),
        stop_below_free_bytes: policy.limits().stop_below_free_bytes,
        users: (!policy.users().is_everybody()).then(|| users(policy.users())),
        applications: (!policy.applications().is_everything())
            .then(|| applications(policy.applications())),
        mend_prerequisites: policy.prerequisites() == Prerequisites::Mend,
        notification: policy.notification().map(notification),
    }
}

/// What an agent found of its prerequisites. More than the other side takes is left out.
pub fn check_report(report: &CheckReport) -> proto::CheckReport {
    let lines = |lines: &[String]| {
        lines
            .iter()
            .take(MAX_HAND_LINES)
            .map(|line| name(line))
            .collect()
    };
    let unmet = report.unmet.iter().take(MAX_CHECKS);
    let adjustments = report.adjustments.iter().take(MAX_CHECKS);
    proto::CheckReport {
        at: time(report.at),
        unmet: unmet
            .map(|unmet| proto::UnmetCheck {
                check: name(&unmet.check),
                found: name(&unmet.found),
                by_hand: lines(&unmet.by_hand),
            })
            .collect(),
        adjustments: adjustments.map(adjustment).collect(),
    }
}

fn adjustment(adjustment: &AdjustmentRecord) -> proto::Adjustment {
    proto::Adjustment {
        adjustment_id: id(adjustment.id.to_bytes()),
        check: name(&adjustment.check),
        at: time(adjustment.at),
        before: name(&adjustment.before),
        after: name(&adjustment.after),
        problem: adjustment.problem.as_deref().map(name).unwrap_or_default(),
    }
}

/// A report is durable, with these adjustments.
pub fn check_report_stored(
    adjustments: &[AdjustmentId],
    server_time: Timestamp,
) -> proto::CheckReportStored {
    let ids = adjustments
        .iter()
        .map(|adjustment| id(adjustment.to_bytes()));
    proto::CheckReportStored {
        adjustment_ids: ids.collect(),
        server_time: time(server_time),
    }
}

fn notification(notification: &Notification) -> proto::Notification {
    proto::Notification {
        text: notification.text().to_owned(),
        closes_after_secs: seconds(Some(notification.closes_after())),
    }
}

// INVARIANT: a policy's times are at most a week.
fn seconds(time: Option<Duration>) -> u32 {
    time.map_or(0, |time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
}

fn users(selection: &UserSelection) -> proto::UserSelection {
    proto::UserSelection {
        only_listed: selection.who != Selected::All,
        listed: selection.who.rules().iter().map(user_rule).collect(),
        except: selection.except.iter().map(user_rule).collect(),
    }
}

fn user_rule(rule: &UserRule) -> proto::UserRule {
    use proto::user_rule::Rule;
    let rule = match rule {
        UserRule::User(pattern) => Rule::User(pattern.clone()),
        UserRule::Group(pattern) => Rule::Group(pattern.clone()),
    };
    proto::UserRule { rule: Some(rule) }
}

fn applications(selection: &ApplicationSelection) -> proto::ApplicationSelection {
    let rule = |rule: &ApplicationRule| proto::ApplicationRule {
        title: rule.title.clone(),
        description: rule.description.clone(),
    };
    proto::ApplicationSelection {
        only_listed: selection.which != Selected::All,
        listed: selection.which.rules().iter().map(rule).collect(),
        except: selection.except.iter().map(rule).collect(),
        only_their_windows: selection.shown == ShownPart::ListedWindows,
    }
}

/// Entries from a sequence on.
pub fn entries<'a>(
    first: RecordSequence,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> proto::Entries {
    proto::Entries {
        first_sequence: first.0,
        entries: entries.into_iter().map(entry).collect(),
    }
}

/// One entry.
pub fn entry(entry: &Entry) -> proto::Entry {
    use proto::entry::Entry as Proto;
    let message = match entry {
        Entry::SessionOpened(session) => Proto::SessionOpened(session_opened(session)),
        Entry::Activity(record) => Proto::Activity(activity(record)),
        Entry::Idle(idle) => Proto::Idle(proto::Idle {
            session_id: session_id(idle.session),
            from: time(idle.from),
            until: time(idle.until),
        }),
        Entry::SessionClosed(ending) => Proto::SessionClosed(proto::SessionClosed {
            session_id: session_id(ending.session),
            end: time(ending.end),
        }),
        Entry::SegmentOpened(segment) => Proto::SegmentOpened(segment_opened(segment)),
        Entry::SegmentLost { segment, reason } => Proto::SegmentLost(proto::SegmentLost {
            segment_id: segment_id(*segment),
            reason: reason.what().to_owned(),
        }),
    };
    proto::Entry {
        entry: Some(message),
    }
}

/// Some bytes of a segment.
pub fn segment_bytes(chunk: &SegmentChunk) -> proto::SegmentBytes {
    proto::SegmentBytes {
        segment_id: segment_id(chunk.id),
        offset: chunk.offset,
        bytes: chunk.bytes.clone(),
    }
}

/// The end of a segment.
pub fn segment_end(end: &SegmentEnd) -> proto::SegmentEnd {
    proto::SegmentEnd {
        segment_id: segment_id(end.id),
        end: time(end.end),
        bytes: end.bytes,
        sha256: Bytes::copy_from_slice(&end.sha256),
    }
}

/// The id of a segment.
pub fn segment_id(segment: SegmentId) -> Bytes {
    id(segment.to_bytes())
}

const fn quality(quality: Quality) -> proto::policy::Quality {
    use proto::policy::Quality as Proto;
    match quality {
        Quality::Lossless => Proto::Lossless,
        Quality::High => Proto::High,
        Quality::Medium => Proto::Medium,
        Quality::Low => Proto::Low,
    }
}

fn session_opened(session: &SessionDescription) -> proto::SessionOpened {
    let (remote, workstation) = match &session.origin {
        SessionOrigin::Local => (false, String::new()),
        SessionOrigin::Remote { workstation } => (true, name(workstation)),
    };
    proto::SessionOpened {
        session_id: session_id(session.id),
        who: name(&session.who),
        r#where: name(&session.where_),
        remote,
        workstation,
        display_name: name(&session.display_name),
        start: time(session.start),
    }
}

fn activity(record: &ActivityRecord) -> proto::Activity {
    proto::Activity {
        session_id: session_id(record.session),
        when: time(record.when),
        who: name(&record.who),
        action: record.action.as_str().to_owned(),
        object_type: record.object_type.as_str().to_owned(),
        what: text(&record.what),
        r#where: name(&record.where_),
        workstation: record.workstation.as_deref().map(name).unwrap_or_default(),
        details: record.details.iter().take(MAX_DETAILS).map(text).collect(),
        application: record
            .application
            .as_ref()
            .map(|application| proto::Application {
                path: name(&application.path),
                description: name(&application.description),
            }),
        coalesced: record.coalesced,
        moment: record.moment.map(|moment| proto::Moment {
            display: moment.display.0.into(),
            time: time(moment.time),
        }),
    }
}

fn segment_opened(segment: &SegmentDescription) -> proto::SegmentOpened {
    proto::SegmentOpened {
        segment_id: segment_id(segment.id),
        session_id: session_id(segment.session),
        display: segment.display.0.into(),
        start: time(segment.start),
        width: segment.width,
        height: segment.height,
        left: segment.left,
        top: segment.top,
    }
}

fn session_id(session: SessionId) -> Bytes {
    id(session.to_bytes())
}

fn id(bytes: [u8; 16]) -> Bytes {
    Bytes::copy_from_slice(&bytes)
}

/// Clocks of monitored computers may be anywhere; what they say is kept within the calendar.
pub fn time(time: Timestamp) -> i64 {
    time.as_unix_micros().clamp(0, MAX_UNIX_MICROS)
}

fn name(text: &str) -> String {
    cut(text, MAX_NAME_BYTES).to_owned()
}

fn text(text: &Captured) -> String {
    cut(text.reveal(), MAX_TEXT_BYTES).to_owned()
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
