//! Subtitles: what was in front of the user.

use super::pace::VideoTime;
use super::recording::Title;

/// A text that is shown for some time. Cues do not overlap.
#[derive(Clone, PartialEq, Eq)]
pub struct Cue {
    /// From when.
    pub from: VideoTime,
    /// Until when.
    pub until: VideoTime,
    /// What: lines without anything that a player would take for more than text.
    pub text: String,
}

/// Makes subtitles of titles, which are in order of time; `at` says when they are in the video,
/// which ends at `end`.
///
/// A title stands until the next one, but at least [`SHORTEST`]: what comes too fast is shown
/// together, the older above.
pub fn cues(titles: &[Title], at: impl Fn(&Title) -> VideoTime, end: VideoTime) -> Vec<Cue> {
    let mut starts: Vec<(u64, String)> = Vec::new();
    for title in titles {
        let start = at(title).0;
        if start >= end.0 {
            break;
        }
        // What happened at the same time, such as all that was before the video, is over.
        if let Some(last) = starts.last_mut()
            && last.0 == start
        {
            last.1 = clean(&title.text);
        } else {
            starts.push((start, clean(&title.text)));
        }
    }
    let ends: Vec<u64> = (0..starts.len())
        .map(|index| {
            let next = starts.get(index + 1).map_or(end.0, |next| next.0);
            next.max((starts[index].0 + SHORTEST).min(end.0))
        })
        .collect();

    let mut changes: Vec<u64> = starts
        .iter()
        .map(|start| start.0)
        .chain(ends.iter().copied())
        .collect();
    changes.sort_unstable();
    changes.dedup();
    let mut cues: Vec<Cue> = Vec::new();
    let mut oldest = 0;
    for pair in changes.windows(2) {
        let &[from, until] = pair else { continue };
        // Ends are in order, too: each title but the last ends when or after the next one begins.
        while ends.get(oldest).is_some_and(|&end| end <= from) {
            oldest += 1;
        }
        let newest = starts.partition_point(|start| start.0 <= from);
        let text = together(&starts[oldest.min(newest)..newest]);
        if text.is_empty() {
            continue;
        }
        match cues.last_mut() {
            Some(last) if last.text == text && last.until.0 == from => last.until.0 = until,
            _ => cues.push(Cue {
                from: VideoTime(from),
                until: VideoTime(until),
                text,
            }),
        }
    }
    cues
}

/// The newest of these as lines, each text once.
fn together(titles: &[(u64, String)]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for (_, text) in titles.iter().rev() {
        if lines.len() < MOST_LINES && !text.is_empty() && !lines.contains(&text.as_str()) {
            lines.push(text);
        }
    }
    lines.reverse();
    lines.join("\n")
}

/// One line of at most [`LONGEST`] characters, without characters that control something.
fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|&character| !changes_direction(character))
        .map(|character| match character.is_control() {
            true => ' ',
            false => character,
        })
        .collect();
    let mut line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

/// Whether a character turns the text around it, with which a title can look like another one.
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// In milliseconds: shorter, nobody can read it.
const SHORTEST: u64 = 1000;

const MOST_LINES: usize = 3;

/// In characters: two lines of a player.
const LONGEST: usize = 120;

#[cfg(test)]
mod tests {
    use eidetic_model::Timestamp;

    use super::*;

    /// Subtitles of a video of 60 s, as text; times in milliseconds.
    fn told(titles: &[(i64, &str)]) -> String {
        let titles: Vec<_> = titles
            .iter()
            .map(|&(millis, text)| Title {
                at: Timestamp::from_unix_micros(millis * 1000),
                text: text.to_owned(),
            })
            .collect();
        let at =
            |title: &Title| VideoTime(u64::try_from(title.at.as_unix_micros() / 1000).unwrap_or(0));
        let cues = cues(&titles, at, VideoTime(60_000));
        let lines = cues.iter().map(|cue| {
            let (VideoTime(from), VideoTime(until)) = (cue.from, cue.until);
            format!("{from}-{until} {}", cue.text.replace('\n', " / "))
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_title_stands_until_the_next_one() {
        assert_eq!(
            told(&[(0, "Mail"), (5000, "Payroll"), (70_000, "later")]),
            "0-5000 Mail; 5000-60000 Payroll"
        );
    }

    #[test]
    fn of_what_was_before_the_video_the_last_is_shown() {
        assert_eq!(
            told(&[(-9000, "a"), (-5, "b"), (3000, "c")]),
            "0-3000 b; 3000-60000 c"
        );
    }

    #[test]
    fn titles_that_come_too_fast_are_shown_together() {
        assert_eq!(
            told(&[(0, "a"), (200, "b"), (5000, "c")]),
            "0-200 a; 200-1000 a / b; 1000-5000 b; 5000-60000 c"
        );
        assert_eq!(
            told(&[(0, "a"), (10, "b"), (20, "c"), (30, "d"), (9000, "")]),
            "0-10 a; 10-20 a / b; 20-30 a / b / c; 30-1010 b / c / d; 1010-1020 c / d; \
             1020-9000 d"
        );
        assert_eq!(told(&[(0, "a"), (200, "a")]), "0-60000 a");
    }

    #[test]
    fn an_empty_title_shows_nothing() {
        assert_eq!(
            told(&[(0, "a"), (4000, ""), (6000, "b")]),
            "0-4000 a; 6000-60000 b"
        );
    }

    #[test]
    fn a_title_is_one_line_of_plain_text() {
        assert_eq!(
            told(&[(0, "a\r\n\tb \u{7}c\u{1b}[1m")]),
            "0-60000 a b c [1m"
        );
        assert_eq!(
            told(&[(0, "invoice\u{202e}fdp.exe")]),
            "0-60000 invoicefdp.exe"
        );
    }

    #[test]
    fn a_long_title_is_cut_between_characters() {
        let long = "ä".repeat(121);
        assert_eq!(told(&[(0, &long)]), format!("0-60000 {}…", "ä".repeat(120)));
        let fits = "ä".repeat(120);
        assert_eq!(told(&[(0, &fits)]), format!("0-60000 {fits}"));
    }
}
