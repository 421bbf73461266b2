//! An hour of office work: 500 actions at a person's pace.
//!
//! About half of them are typed words, a quarter scrolls, the others clicks, window switches and
//! dialogs. Whatever moves is recorded in real time, with keys at five characters a second; while
//! the person thinks and the screen rests, the recorder moves its clock on (and lets a cursor
//! blink at its pace), so that the frames are those of a real hour.

use std::{cell::Cell, path::Path, time::Duration};

use anyhow::Result;

use super::{
    SETTLE,
    hands::{Hands, Turn, Window},
    look::Look,
    programs::{self, Programs, page},
    recorder::Recorder,
    stage::Stage,
    start_recorder,
};
use crate::until::pause;

/// Records it.
pub fn record(path: &Path) -> Result<u64> {
    let mut stage = Stage::start(Look::Usual)?;
    programs::write_texts(&stage)?;
    let programs = Programs::start(&mut stage)?;
    pause(SETTLE);
    let recorder = start_recorder(&stage, path)?;
    let office = Office {
        hands: Hands::on(&stage),
        programs: &programs,
        recorder: &recorder,
        actions: Cell::new(0),
    };
    office.work()?;
    recorder.finish()
}

/// Somebody at work.
struct Office<'a> {
    hands: Hands<'a>,
    programs: &'a Programs,
    recorder: &'a Recorder,
    actions: Cell<u32>,
}

impl Office<'_> {
    /// Rounds through the applications until the work is done, and the hour with it.
    fn work(&self) -> Result<()> {
        let tasks: [fn(&Self, usize) -> Result<()>; 6] = [
            Self::write_minutes,
            Self::read,
            Self::fill_sheet,
            Self::use_terminal,
            Self::look_at_files,
            Self::look_something_up,
        ];
        for round in 0.. {
            for task in tasks {
                if self.actions.get() >= ACTIONS {
                    let left = HOUR.saturating_sub(self.recorder.now()?);
                    return self.recorder.rest(left);
                }
                task(self, round)?;
            }
            println!(
                "  {} of {ACTIONS} actions, {} minutes",
                self.actions.get(),
                self.recorder.now()?.as_secs() / 60
            );
        }
        Ok(())
    }

    fn write_minutes(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.editor)?;
        self.hands.press(&["ctrl+End"])?;
        for sentence in [2 * round, 2 * round + 1] {
            self.write(SENTENCES[sentence % SENTENCES.len()])?;
            self.hands.press(&["Return"])?;
            self.think()?;
        }
        self.hands.press(&["ctrl+s"])?;
        self.did(1)
    }

    fn read(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.browser)?;
        for notches in [3, 4] {
            self.scroll((1280, 560), Turn::Down, notches)?;
            pause(Duration::from_millis(700));
            self.scroll((1280, 560), Turn::Down, 3)?;
            self.did(2)?;
        }
        self.hands.click((1800, 500))?;
        self.did(1)?;
        self.hands.press(&["Page_Down"])?;
        self.did(1)?;
        self.hands.press(&["Page_Down"])?;
        self.did(1)?;
        if round % 2 == 1 {
            self.hands.press(&["Page_Up"])?;
        } else {
            self.scroll((1280, 560), Turn::Up, 5)?;
        }
        self.did(1)
    }

    fn fill_sheet(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.sheet)?;
        let supplier = SUPPLIERS[round % SUPPLIERS.len()];
        let net = round * 7919 % 5000 + 100;
        for row in 0..2 {
            let text = format!("2210-{round}{row}\t{supplier}\t{}\n", net + row * 35);
            self.hands.write(&text, KEY)?;
            self.did(3)?;
        }
        self.scroll((900, 600), Turn::Down, 3)?;
        self.did(1)?;
        self.scroll((900, 600), Turn::Up, 3)?;
        self.did(1)?;
        let dialog = ["ctrl+1", "ctrl+h", "ctrl+o"][round % 3];
        self.hands.press(&[dialog])?;
        self.did(1)?;
        self.hands.press(&["Tab", "Tab"])?;
        pause(Duration::from_millis(800));
        self.hands.press(&["Escape"])?;
        self.did(1)
    }

    fn use_terminal(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.terminal)?;
        let command = COMMANDS[round % COMMANDS.len()];
        self.write(command)?;
        self.hands.press(&["Return"])?;
        self.think()?;
        self.hands.press(&["shift+Page_Up"])?;
        self.did(1)?;
        self.hands.press(&["shift+Page_Down"])?;
        self.did(1)
    }

    fn look_at_files(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.files)?;
        self.scroll((520, 700), Turn::Down, 2)?;
        self.did(1)?;
        self.hands.click((760, 940))?;
        self.did(1)?;
        self.hands.press(&["Home"])?;
        self.hands.press(&vec!["Right"; 2 + round])?;
        self.did(1)?;
        self.hands.press(&["Return"])?;
        self.did(1)?;
        self.hands.press(&["alt+Up"])?;
        self.did(1)
    }

    fn look_something_up(&self, round: usize) -> Result<()> {
        self.switch(&self.programs.browser)?;
        self.hands.press(&["ctrl+l"])?;
        // Completed from what was looked at before, as browsers do.
        let address = page(PAGES[round % PAGES.len()])?;
        self.hands.write(&address, Duration::from_millis(10))?;
        self.hands.press(&["Return"])?;
        self.did(1)?;
        for notches in [4, 6] {
            self.scroll((1280, 560), Turn::Down, notches)?;
            self.did(1)?;
        }
        Ok(())
    }

    fn switch(&self, window: &Window) -> Result<()> {
        self.hands.activate(window)?;
        self.did(1)
    }

    /// Types words; the person thinks after them.
    fn write(&self, words: &str) -> Result<()> {
        self.hands.write(words, KEY)?;
        let count = words.split_whitespace().count();
        self.actions.set(self.actions.get() + u32::try_from(count)?);
        Ok(())
    }

    fn scroll(&self, at: (u32, u32), turn: Turn, notches: u32) -> Result<()> {
        self.hands
            .wheel(at, turn, notches, Duration::from_millis(110))
    }

    /// Counts actions, and thinks.
    fn did(&self, actions: u32) -> Result<()> {
        self.actions.set(self.actions.get() + actions);
        self.think()
    }

    /// Lets time pass until so much of the hour is over as was done of the work.
    fn think(&self) -> Result<()> {
        let due = HOUR * self.actions.get().min(ACTIONS) / ACTIONS;
        self.recorder.rest(due.saturating_sub(self.recorder.now()?))
    }
}

const HOUR: Duration = Duration::from_secs(3600);

const ACTIONS: u32 = 500;

/// Five characters a second.
const KEY: Duration = Duration::from_millis(200);

const SENTENCES: &[&str] = &[
    "Bruno has the three offers, Leipzig is cheapest.",
    "Delivery is promised within ten working days.",
    "Carla ordered the second scanner on Monday morning.",
    "It stands in room 214 until summer.",
    "The travel expenses of Dmitri are still missing.",
    "Eve reminds everybody again before the month ends.",
    "New folders are numbered by year and department.",
    "Nobody needs the old list any more.",
    "Anna will ask the auditors about the deadline.",
    "We answer all open letters by Thursday noon.",
    "The heating contract was extended until next May.",
    "Prices rise by four percent in January.",
    "Please check the addresses of all suppliers again.",
    "Two invoices came back from Marta Oliveira.",
    "The small room is closed for the painters.",
    "Meetings take place in the library instead.",
    "Eve writes the summary for the annual report.",
    "A first version is due next Wednesday.",
    "Dmitri explains the new forms after lunch.",
    "Everybody gets a printed copy and a link.",
];

const SUPPLIERS: &[&str] = &[
    "Lindqvist",
    "Papermill",
    "Office Direct",
    "Kovacs",
    "Leipzig",
    "Oliveira",
];

const COMMANDS: &[&str] = &[
    "ls -l --color /usr/share",
    "grep -rn --color /etc/xdg -e menu",
    "cat /etc/os-release; uname -a",
    "ls -la --color .",
    "head -40 sect.apt-get.html build.sh",
];

const PAGES: &[&str] = &[
    "network-services",
    "sect.installation-steps",
    "sect.graphical-desktops",
    "sect.virtualization",
    "unix-services",
];
