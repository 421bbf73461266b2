//! How far the export is: a bar on a terminal, else a line now and then.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use eidetic_model::Timestamp;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::span::Span;

/// Tells how much of a stretch of time is done.
pub struct Progress {
    span: Span,
    teller: Teller,
}

enum Teller {
    Nobody,
    Bar(ProgressBar),
    /// The tenths told so far.
    Lines(u128),
}

impl Progress {
    /// Nothing is done yet.
    pub fn new(span: Span, quiet: bool) -> Self {
        let teller = if quiet {
            Teller::Nobody
        } else if io::stderr().is_terminal() {
            Teller::Bar(bar(span.length()))
        } else {
            Teller::Lines(0)
        };
        Self { span, teller }
    }

    /// Everything before `moment` is done.
    pub fn reach(&mut self, moment: Timestamp) {
        let done = moment.min(self.span.until).saturating_since(self.span.from);
        match &mut self.teller {
            Teller::Nobody => {}
            Teller::Bar(bar) => {
                bar.set_message(format!("{} of {}", clock(done), clock(self.span.length())));
                bar.set_position(u64::try_from(done.as_millis()).unwrap_or(u64::MAX));
            }
            Teller::Lines(told) => {
                let tenths = done.as_micros() * 10 / self.span.length().as_micros().max(1);
                if tenths > *told && tenths < 10 {
                    *told = tenths;
                    let whole = clock(self.span.length());
                    let _ = writeln!(io::stderr(), "{tenths}0 % of {whole}");
                }
            }
        }
    }

    /// Says something for whoever looks on.
    pub fn say(&self, text: &str) {
        match &self.teller {
            Teller::Nobody => {}
            Teller::Bar(bar) => bar.println(text),
            Teller::Lines(_) => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    /// Says something that must not be overlooked.
    pub fn warn(&self, text: &str) {
        let warn = || {
            let _ = writeln!(io::stderr(), "eidetic: warning: {text}");
        };
        match &self.teller {
            Teller::Bar(bar) => bar.suspend(warn),
            Teller::Nobody | Teller::Lines(_) => warn(),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Teller::Bar(bar) = &self.teller {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: Duration) -> ProgressBar {
    let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left")
        .expect("a template that is always the same");
    ProgressBar::with_draw_target(Some(millis.max(1)), ProgressDrawTarget::stderr())
        .with_style(style)
}

/// A length of time as `1:02:03` or `2:03`.
pub fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_clocks_show_them() {
        let clock = |seconds| clock(Duration::from_secs(seconds));
        assert_eq!(clock(5), "0:05");
        assert_eq!(clock(725), "12:05");
        assert_eq!(clock(3723), "1:02:03");
    }
}
