//! The export from its arguments to the file.

use std::time::Duration;

use anyhow::{Context as _, bail};
use eidetic_model::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::{Arguments, Source};
use super::canvas::Canvas;
use super::container::{Film, Track, mp4, webm};
use super::coverage::{self, Stretch};
use super::encoder::{Av1, Encoder, H264};
use super::frames::{Frames, FramesError};
use super::moment::Moment;
use super::output::{Format, Output, folder_of};
use super::pace::{Clock, Pacer};
use super::progress::{self, Progress};
use super::projector::Projector;
use super::recording::{Recording, Segment};
use super::server::{Session, choose_display};
use super::span::Span;
use super::{files, titles, words};

/// Exports.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let source = arguments.source()?;
    let format = Format::of(&arguments.output)?;
    let zone = TimeZone::system();
    let mut output = Output::create(&arguments.output, arguments.force)?;
    let (recording, wanted, notes) = open(arguments, &source, &zone)?;

    let stretches = coverage::stretches(&recording.segments, wanted);
    let Some(shown) = covered(&stretches) else {
        bail!("{}", nothing_recorded(&recording, wanted, &zone));
    };
    let progress = Progress::new(shown, arguments.quiet);
    for note in notes {
        match note {
            Note::Warning(text) => progress.warn(&text),
            Note::Remark(text) => progress.say(&text),
        }
    }
    let projector = projector(arguments, format, &recording, &stretches, shown)?;
    let mut show = Show {
        recording: &recording,
        zone: &zone,
        projector,
        progress,
    };
    for stretch in &stretches {
        show.stretch(stretch)?;
    }
    let Show {
        projector,
        progress,
        ..
    } = show;
    let mut film = projector.end(shown.until)?;

    let at = |title: &super::recording::Title| film.clock.at(title.at);
    let cues = titles::cues(&recording.titles, at, film.end);
    let pictures = film.track.samples().len();
    let made = Film {
        name: &format!("{}, {}", recording.name, words::range(shown, &zone)),
        recorded: shown.from,
        width: film.width,
        height: film.height,
        end: film.end,
        setup: film.setup,
        cues: &cues,
    };
    let file = output.file();
    match format {
        Format::Mp4 => mp4::write(&made, &mut film.track, file),
        Format::WebM => webm::write(&made, &mut film.track, folder_of(&arguments.output), file),
    }
    .with_context(|| format!("failed to write {}", arguments.output.display()))?;
    let bytes = output.complete()?;
    progress.end();
    progress.say(&format!(
        "{}: {} of {}, {pictures} pictures of {}x{}, {} subtitles, {:.1} MB",
        arguments.output.display(),
        progress::clock(Duration::from_millis(film.end.0)),
        words::range(shown, &zone),
        film.width,
        film.height,
        cues.len(),
        bytes as f64 / 1e6,
    ));
    Ok(())
}

/// Something to tell before it begins.
enum Note {
    Warning(String),
    Remark(String),
}

/// Opens what is to be exported, and finds out which time is wanted of it.
fn open(
    arguments: &Arguments,
    source: &Source,
    zone: &TimeZone,
) -> anyhow::Result<(Recording, Span, Vec<Note>)> {
    match source {
        Source::Files(paths) => {
            let (recording, warnings) = files::open(paths)?;
            let wanted = wanted(arguments, recording.span, zone)?;
            let notes = warnings.into_iter().map(Note::Warning).collect();
            Ok((recording, wanted, notes))
        }
        Source::Session(id) => {
            let session = Session::open(arguments.server.connect()?, id)?;
            let wanted = wanted(arguments, session.span(), zone)?;
            let displays = session.displays();
            let display = choose_display(&displays, arguments.display)?;
            let mut notes = Vec::new();
            if displays.len() > 1 && arguments.display.is_none() {
                let others = displays.iter().filter(|&&other| other != display);
                let others: Vec<_> = others
                    .map(|other| format!("--display {}", other + 1))
                    .collect();
                notes.push(Note::Remark(format!(
                    "this is display {}; the session has more: {}",
                    display + 1,
                    others.join(", ")
                )));
            }
            let recording = session.recording(display, wanted.until)?;
            Ok((recording, wanted, notes))
        }
    }
}

fn wanted(arguments: &Arguments, recorded: Span, zone: &TimeZone) -> anyhow::Result<Span> {
    let resolve = |moment: Option<Moment>, otherwise: Timestamp| match moment {
        Some(moment) => moment.resolve(recorded, zone),
        None => Ok(otherwise),
    };
    let wanted = Span {
        from: resolve(arguments.from, recorded.from)?,
        until: resolve(arguments.to, recorded.until)?,
    };
    if wanted.from > wanted.until || wanted.from == wanted.until && recorded.from < recorded.until {
        bail!(
            "--to is not after --from: {} (the recording goes {})",
            words::from_to(wanted, zone),
            words::from_to(recorded, zone)
        );
    }
    // Beyond the ends there is nothing to show, and nothing that is missing.
    Ok(wanted.common(recorded).unwrap_or(wanted))
}

/// The time that all of these cover.
fn covered(stretches: &[Stretch]) -> Option<Span> {
    let span = |stretch: &Stretch| match stretch {
        Stretch::Recorded { span, .. } | Stretch::Missing { span, .. } => *span,
    };
    Some(Span {
        from: span(stretches.first()?).from,
        until: span(stretches.last()?).until,
    })
}

fn nothing_recorded(recording: &Recording, wanted: Span, zone: &TimeZone) -> String {
    let there_is = coverage::recorded(&recording.segments);
    let told: Vec<_> = there_is
        .iter()
        .take(RANGES_TOLD)
        .map(|span| format!("\n  {}", words::range(*span, zone)))
        .collect();
    let more = match there_is.len().saturating_sub(RANGES_TOLD) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    match told.is_empty() {
        true => "no picture was recorded".to_owned(),
        false => format!(
            "no picture was recorded {}. There are pictures of{}{more}",
            words::from_to(wanted, zone),
            told.concat()
        ),
    }
}

fn projector(
    arguments: &Arguments,
    format: Format,
    recording: &Recording,
    stretches: &[Stretch],
    shown: Span,
) -> anyhow::Result<Projector> {
    let sizes = stretches.iter().filter_map(|stretch| match stretch {
        Stretch::Recorded { segment, .. } => {
            let segment = &recording.segments[*segment];
            Some((segment.width, segment.height))
        }
        Stretch::Missing { .. } => None,
    });
    let canvas = Canvas::for_sizes(sizes);
    let (width, height) = (canvas.width(), canvas.height());
    let (encoder, repeat): (Box<dyn Encoder>, _) = match format {
        Format::Mp4 => (Box::new(H264::new(width, height)?), H264_REPEAT),
        Format::WebM => (Box::new(Av1::new(width, height)?), AV1_REPEAT),
    };
    let clock = Clock::new(shown.from, arguments.speed, arguments.skip_idle);
    let pacer = Pacer::new(arguments.fps, repeat);
    let track = Track::new(folder_of(&arguments.output))?;
    Ok(Projector::new(clock, pacer, canvas, encoder, track))
}

/// Shows one stretch after the other.
struct Show<'a> {
    recording: &'a Recording,
    zone: &'a TimeZone,
    projector: Projector,
    progress: Progress,
}

impl Show<'_> {
    fn stretch(&mut self, stretch: &Stretch) -> anyhow::Result<()> {
        match stretch {
            Stretch::Recorded { segment, span } => {
                self.recorded(&self.recording.segments[*segment], *span)
            }
            Stretch::Missing { span, reason } => self.missing(*span, reason.as_deref()),
        }
    }

    fn missing(&mut self, span: Span, reason: Option<&str>) -> anyhow::Result<()> {
        let mut lines = vec![format!("Not recorded {}", words::from_to(span, self.zone))];
        lines.extend(reason.map(str::to_owned));
        self.projector
            .show(span.from, |canvas| canvas.write(&lines))?;
        self.progress.reach(span.until);
        Ok(())
    }

    /// Shows what a segment has of this time; what of it is damaged is shown as missing.
    fn recorded(&mut self, segment: &Segment, span: Span) -> anyhow::Result<()> {
        let mut from = span.from;
        while from < span.until {
            let rest = Span { from, ..span };
            let Err((last, damage)) = self.pictures(segment, rest)? else {
                break;
            };
            let next = segment.key_frames.iter().map(|key| key.time);
            let resumed = next
                .filter(|&time| time > last.unwrap_or(from) && time < span.until)
                .min()
                .unwrap_or(span.until);
            // The last good picture is not hidden by what is said of the time after it.
            let lost = Span {
                from: last.map_or(from, |last| last.saturating_add(STANDS).min(resumed)),
                until: resumed,
            };
            let when = words::from_to(lost, self.zone);
            self.progress.warn(&format!(
                "segment {} is damaged {when}: {damage}",
                segment.name
            ));
            self.missing(lost, Some("the recording is damaged"))?;
            from = resumed;
        }
        self.progress.reach(span.until);
        Ok(())
    }

    /// Shows pictures until the end, or until damage: then says when the last good one was, and what
    /// is wrong.
    fn pictures(
        &mut self,
        segment: &Segment,
        span: Span,
    ) -> anyhow::Result<Result<(), (Option<Timestamp>, String)>> {
        let read = || format!("failed to read segment {}", segment.name);
        let store = self.recording.store.as_ref();
        let mut frames = match Frames::open(store, segment, span.from) {
            Ok(frames) => frames,
            Err(FramesError::Damaged(damage)) => return Ok(Err((None, damage))),
            Err(FramesError::Unavailable(error)) => return Err(error.context(read())),
        };
        // Pictures from before are decoded, but only the last of them is shown.
        let mut last = None;
        loop {
            match frames.advance() {
                Ok(Some(time)) if time >= span.until && last.is_some() => break,
                Ok(Some(time)) => {
                    let at = match last {
                        // Its time may lie a moment after the segment's own.
                        None => span.from,
                        Some(_) => time.clamp(span.from, span.until),
                    };
                    let draw = |canvas: &mut Canvas| {
                        canvas.draw(segment.width, segment.height, frames.pixels());
                    };
                    self.projector.show(at, draw)?;
                    self.progress.reach(at);
                    last = Some(at);
                }
                Ok(None) => break,
                Err(FramesError::Damaged(damage)) => {
                    return Ok(Err((last, damage)));
                }
                Err(FramesError::Unavailable(error)) => return Err(error.context(read())),
            }
        }
        Ok(Ok(()))
    }
}

/// How long a still picture stands in one piece. Coding it again costs H.264 next to nothing.
const H264_REPEAT: Duration = Duration::from_secs(2);
const AV1_REPEAT: Duration = Duration::from_secs(10);

/// How long the last picture before damage is shown.
const STANDS: Duration = Duration::from_secs(1);

const RANGES_TOLD: usize = 10;

#[cfg(test)]
mod tests;
