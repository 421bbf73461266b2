//! The applications on the desktop.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use eidetic_testkit::VirtualDisplay;

use super::WANTED_TITLE;
use crate::until::until;

/// The applications that the scripted person uses, by their windows.
pub struct Applications {
    /// A terminal.
    pub terminal: String,
    /// A text editor with a short document.
    pub editor: String,
    /// A browser with a long document.
    pub browser: String,
}

impl Applications {
    /// Starts them and waits for their windows.
    pub fn start(display: &mut VirtualDisplay, folder: &Path) -> Result<Self> {
        let note = folder.join(format!("{WANTED_TITLE}.txt"));
        fs::write(&note, "Salaries to check before the 27th:\n")?;
        let document = folder.join("handbook.html");
        fs::write(&document, handbook())?;
        let profile = folder.join("browser");

        display.spawn(
            "xterm",
            [
                "-T",
                "Terminal",
                "-geometry",
                "110x34+20+40",
                "-fa",
                "DejaVu Sans Mono",
                "-fs",
                "11",
                // A plain prompt, the same on each computer.
                "-e",
                "env",
                "PS1=$ ",
                "bash",
                "--norc",
                "--noprofile",
            ],
        )?;
        let note = note.to_string_lossy().into_owned();
        display.spawn("mousepad", ["--disable-server", note.as_str()])?;
        let profile = format!("--user-data-dir={}", profile.display());
        let address = format!("file://{}", document.display());
        let size = ["--window-size=1100,900", "--window-position=760,60"];
        let arguments = BROWSER_SWITCHES
            .iter()
            .copied()
            .chain(size)
            .chain([profile.as_str(), address.as_str()]);
        display.spawn("chromium", arguments)?;
        Ok(Self {
            terminal: window(display, &["--class", "xterm"])?,
            editor: window(display, &["--name", WANTED_TITLE])?,
            browser: window(display, &["--name", "Handbook"])?,
        })
    }
}

/// Waits for a visible window that xdotool finds with these words.
pub(super) fn window(display: &VirtualDisplay, search: &[&str]) -> Result<String> {
    until("a window is there", Duration::from_secs(60), || {
        let output = display
            .command("xdotool")
            .args(["search", "--onlyvisible"])
            .args(search)
            .stdout(std::process::Stdio::piped())
            .output()
            .context("failed to start xdotool")?;
        let found = String::from_utf8_lossy(&output.stdout);
        Ok(found.lines().next_back().map(str::to_owned))
    })
    .with_context(|| format!("no window for {search:?}"))
}

/// A long document with headings, paragraphs and tables.
fn handbook() -> String {
    let mut html = String::from(
        "<!doctype html><meta charset=utf-8><title>Handbook</title>\
         <style>body{font:16px/1.6 sans-serif;max-width:52em;margin:2em auto}\
         table{border-collapse:collapse}td{border:1px solid #999;padding:4px 12px}</style>",
    );
    for chapter in 1..=40 {
        let _infallible = write!(html, "<h2>{chapter}. {}</h2>", pick(chapter * 7, 4));
        for paragraph in 0..4 {
            let _infallible = write!(html, "<p>{}.</p>", pick(chapter * 31 + paragraph * 5, 70));
        }
        html.push_str("<table>");
        for row in 0..6 {
            let seed = chapter * 13 + row;
            let _infallible = write!(
                html,
                "<tr><td>{}<td>{}<td>{}",
                pick(seed, 2),
                seed * 37 % 991,
                pick(seed * 3, 3)
            );
        }
        html.push_str("</table>");
    }
    html
}

/// Words, the same ones for the same number.
fn pick(seed: usize, count: usize) -> String {
    (0..count)
        .map(|index| WORDS[(seed * 17 + index * index * 3 + index * 5) % WORDS.len()])
        .collect::<Vec<_>>()
        .join(" ")
}

const WORDS: &[&str] = &[
    "account",
    "agreement",
    "approval",
    "archive",
    "budget",
    "change",
    "client",
    "contract",
    "customer",
    "delivery",
    "department",
    "discount",
    "document",
    "employee",
    "evidence",
    "invoice",
    "ledger",
    "letter",
    "manager",
    "meeting",
    "notice",
    "order",
    "payment",
    "period",
    "policy",
    "project",
    "quarter",
    "receipt",
    "record",
    "report",
    "review",
    "salary",
    "schedule",
    "server",
    "signature",
    "supplier",
    "ticket",
    "transfer",
    "travel",
    "warranty",
];

const BROWSER_SWITCHES: &[&str] = &[
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--password-store=basic",
    "--disable-dev-shm-usage",
];
