//! The daily mail as HTML. Mail programs want the styles where they count.

use eidetic_store::control::Severity;
use maud::{DOCTYPE, Markup, html};

use super::{
    plain::{MOST_COMPUTERS, counts, day, gaps, moment, records, severity, stored},
    summary::{Attention, Summary, Told},
};

/// The mail as a page. What computers and people named is escaped.
pub(super) fn page(summary: &Summary, console_url: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Eidetic, " (day(summary.now)) }
            }
            body style=(BODY) {
                h1 style="font-size:20px;margin:0 0 4px" { "Eidetic" }
                p style=(SOFT) {
                    "From " (moment(summary.since)) " to " (moment(summary.now)) " (UTC)"
                }
                (part("Activity records", &lines(&records(summary))))
                (part("Computers", &computers(summary)))
                @if !summary.attention.is_empty() {
                    (part("Need attention", &attention(summary, console_url)))
                }
                @if !summary.unmet.is_empty() {
                    (part("Prerequisites unmet", &unmet(summary)))
                }
                (part("Gaps in recordings", &html! {
                    p style=(LINE) { (gaps(summary.gaps)) }
                    (events(&summary.latest_gaps))
                }))
                (part("Health log", &html! {
                    p style=(LINE) { (counts(summary)) }
                    (events(&summary.worst))
                }))
                (part("Database and archive", &lines(&stored(&summary.stored))))
                @if !console_url.is_empty() {
                    p style="margin:24px 0 0" {
                        a href={ (console_url) "/dashboard" } { "Open the dashboard" }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn part(title: &str, content: &Markup) -> Markup {
    html! {
        h2 style="font-size:15px;margin:22px 0 6px;border-bottom:1px solid #d5d8dd" { (title) }
        (content)
    }
}

fn lines(lines: &[String]) -> Markup {
    html! { @for line in lines { p style=(LINE) { (line) } } }
}

fn computers(summary: &Summary) -> Markup {
    html! {
        @if summary.by_status.is_empty() { p style=(LINE) { "There is none." } }
        @for (status, count) in &summary.by_status {
            p style=(LINE) { strong { (count) } " " (status.word()) }
        }
    }
}

fn attention(summary: &Summary, console_url: &str) -> Markup {
    html! {
        @for one in summary.attention.iter().take(MOST_COMPUTERS) {
            div style="margin:0 0 12px" {
                p style=(LINE) {
                    strong { (name(one, console_url)) }
                    " (" (one.status.word()) "; plan: " (one.plan) ")"
                }
                @for matter in &one.concerns {
                    p style=(LINE) { (mark(matter.severity)) " " (matter.explanation) }
                    p style=(SOFT) { "What to do: " (matter.advice) }
                }
            }
        }
        (more(summary.attention.len()))
    }
}

fn name(one: &Attention, console_url: &str) -> Markup {
    html! {
        @if console_url.is_empty() { (one.computer) }
        @else { a href={ (console_url) "/computers/" (one.agent) } { (one.computer) } }
    }
}

fn unmet(summary: &Summary) -> Markup {
    html! {
        @for one in summary.unmet.iter().take(MOST_COMPUTERS) {
            p style=(LINE) { strong { (one.computer) } ": " (one.checks.join("; ")) }
        }
        (more(summary.unmet.len()))
    }
}

fn events(events: &[Told]) -> Markup {
    html! {
        @for event in events {
            p style=(LINE) {
                span style="color:#5b6370" { (moment(event.when)) }
                " " (mark(event.severity)) " " (event.kind) " – "
                @if !event.computer.is_empty() { strong { (event.computer) } ": " }
                (event.text)
            }
        }
    }
}

fn mark(of: Severity) -> Markup {
    let colour = match of {
        Severity::Error => "#b3261e",
        Severity::Warning => "#8a5a00",
        Severity::Information => "#5b6370",
    };
    html! { strong style={ "color:" (colour) } { (severity(of)) } }
}

fn more(all: usize) -> Markup {
    html! {
        @if all > MOST_COMPUTERS {
            p style=(SOFT) { "and " (all - MOST_COMPUTERS) " more, on the page Computers" }
        }
    }
}

const BODY: &str = "font:14px/1.5 -apple-system,'Segoe UI',Roboto,sans-serif;color:#1c2024;\
    max-width:720px;margin:0 auto;padding:20px";
const LINE: &str = "margin:0 0 2px";
const SOFT: &str = "margin:0 0 2px;color:#5b6370";
