//! Somebody who does more than a person can.

use std::time::Duration;

use anyhow::Result;

use super::{
    hands::{Hands, Turn, Window},
    programs::{Programs, page},
};
use crate::until::pause;

/// Somebody in a hurry, at a desktop with all applications.
pub struct Busy<'a> {
    pub hands: Hands<'a>,
    pub programs: &'a Programs,
}

/// How long somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// More than four minutes.
    Whole,
    /// A minute or so, of everything a little.
    Brief,
}

impl Busy<'_> {
    /// Works for so long.
    pub fn work(&self, length: Length) -> Result<()> {
        match length {
            Length::Whole => self.work_long(),
            Length::Brief => self.work_briefly(),
        }
    }

    fn work_long(&self) -> Result<()> {
        self.terminal_listings()?;
        self.browse("sect.installation-steps")?;
        self.fill_sheet(1, 12)?;
        self.switch_windows()?;
        self.terminal_programs()?;
        self.edit()?;
        self.look_at_files()?;
        self.drag_windows()?;
        wait(20_000);
        self.browse("network-services")?;
        self.dialogs()?;
        self.terminal_build()?;
        self.fill_sheet(13, 10)?;
        self.switch_windows()?;
        self.browse("sect.virtualization")?;
        self.drag_windows()?;
        wait(20_000);
        Ok(())
    }

    fn work_briefly(&self) -> Result<()> {
        self.terminal_listings()?;
        self.browse("sect.installation-steps")?;
        self.edit()?;
        self.fill_sheet(1, 5)?;
        self.switch_windows()?;
        self.drag_windows()
    }

    fn terminal_listings(&self) -> Result<()> {
        self.front(&self.programs.terminal)?;
        self.command("ls -l --color /usr/share | head -60")?;
        self.command("cd; ls -la; cat /etc/os-release")?;
        self.command("ls -lR --color /usr/share/doc | head -1500")?;
        wait(1_500);
        self.command("grep -rn --color the /etc/xdg /etc/fonts | head -300")?;
        wait(1_500);
        Ok(())
    }

    fn terminal_programs(&self) -> Result<()> {
        self.front(&self.programs.terminal)?;
        self.command("top -d 1")?;
        wait(6_000);
        self.hands.press(&["q"])?;
        self.command("vi -c 'syntax on' sect.apt-get.html")?;
        for _ in 0..6 {
            self.hands.press(&["ctrl+f"])?;
            wait(400);
        }
        self.hands.press(&["j"; 25])?;
        self.hands.press(&["O"])?;
        self.write("A line that somebody writes into the middle of the source.")?;
        self.hands.press(&["Escape", "ctrl+b", "ctrl+b"])?;
        wait(500);
        self.write(":q!\n")?;
        wait(500);
        Ok(())
    }

    fn terminal_build(&self) -> Result<()> {
        self.front(&self.programs.terminal)?;
        self.command("sh build.sh 250")?;
        wait(14_000);
        self.command("clear")?;
        Ok(())
    }

    fn edit(&self) -> Result<()> {
        self.front(&self.programs.editor)?;
        self.hands.press(&["ctrl+End"])?;
        self.write(
            "4. Anna has found the missing invoices: 2210-17 and 2210-18 of November. They are\n\
             paid, but were booked under travel. Dmitri corrects it before the 27th.\n\n",
        )?;
        self.hands.press(&["ctrl+Home"])?;
        self.hands.press(&["Down"; 8])?;
        self.hands.press(&["ctrl+f"])?;
        wait(700);
        self.write("quarter\n")?;
        wait(500);
        self.hands.press(&["Escape", "ctrl+s", "ctrl+End"])?;
        self.write("5. Any other business: none.\n")?;
        self.hands.press(&["ctrl+a"])?;
        wait(400);
        self.hands.press(&["ctrl+c", "ctrl+End", "ctrl+v"])?;
        wait(600);
        self.hands.press(&["Page_Up", "Page_Up", "Page_Down"])?;
        wait(400);
        Ok(())
    }

    fn browse(&self, name: &str) -> Result<()> {
        self.front(&self.programs.browser)?;
        self.hands.press(&["ctrl+l"])?;
        self.hands.write(&page(name)?, Duration::from_millis(5))?;
        self.hands.press(&["Return"])?;
        wait(1_500);
        let middle = (1280, 560);
        self.hands.click((1800, 500))?;
        for _ in 0..7 {
            self.hands.press(&["Page_Down"])?;
            wait(700);
        }
        for (turn, notches) in [
            (Turn::Down, 4),
            (Turn::Down, 6),
            (Turn::Up, 3),
            (Turn::Down, 9),
            (Turn::Up, 12),
            (Turn::Down, 5),
        ] {
            let pace = Duration::from_millis(90);
            self.hands.wheel(middle, turn, notches, pace)?;
            wait(500);
        }
        for key in ["End", "Page_Up", "Page_Up", "Home"] {
            self.hands.press(&[key])?;
            wait(800);
        }
        self.hands.press(&["ctrl+f"])?;
        self.write("server\n\n\n")?;
        wait(700);
        self.hands.press(&["Escape"])?;
        Ok(())
    }

    fn fill_sheet(&self, first: u32, rows: u32) -> Result<()> {
        self.front(&self.programs.sheet)?;
        if first == 1 {
            self.write("Number\tSupplier\tNet\tTax\tGross\n")?;
        }
        for row in first..first + rows {
            let line = row + 1;
            let supplier = SUPPLIERS[row as usize % SUPPLIERS.len()];
            let net = row * 7919 % 5000 + 100;
            let sum = format!("=C{line}*0.19\t=C{line}+D{line}\n");
            self.write(&format!("2210-{row}\t{supplier}\t{net}\t{sum}"))?;
        }
        let middle = (900, 600);
        let pace = Duration::from_millis(90);
        self.hands.wheel(middle, Turn::Down, 8, pace)?;
        wait(500);
        self.hands.wheel(middle, Turn::Up, 8, pace)?;
        wait(500);
        Ok(())
    }

    fn dialogs(&self) -> Result<()> {
        self.front(&self.programs.sheet)?;
        for keys in ["ctrl+1", "ctrl+h", "ctrl+o"] {
            self.hands.press(&[keys])?;
            wait(2_000);
            self.hands.press(&["Tab", "Tab", "Down"])?;
            wait(500);
            self.hands.press(&["Escape"])?;
            wait(500);
        }
        self.front(&self.programs.editor)?;
        self.hands.press(&["ctrl+shift+s"])?;
        wait(1_500);
        self.write("Minutes")?;
        self.hands.press(&["Escape"])?;
        wait(500);
        Ok(())
    }

    fn look_at_files(&self) -> Result<()> {
        self.front(&self.programs.files)?;
        let middle = (520, 700);
        let pace = Duration::from_millis(90);
        self.hands.wheel(middle, Turn::Down, 8, pace)?;
        wait(400);
        self.hands.wheel(middle, Turn::Up, 4, pace)?;
        wait(400);
        for folder in ["/usr/share/backgrounds", "/usr/share/icons/Adwaita", "/etc"] {
            self.hands.press(&["ctrl+l"])?;
            self.write(folder)?;
            self.hands.press(&["Return"])?;
            wait(1_200);
            self.hands.wheel(middle, Turn::Down, 5, pace)?;
            wait(400);
        }
        self.hands.press(&["Home"])?;
        self.hands.press(&["Right", "Right", "Down", "Down"])?;
        self.hands.press(&["alt+Return"])?;
        wait(1_500);
        self.hands.press(&["Escape", "ctrl+2"])?;
        wait(1_000);
        self.hands.wheel(middle, Turn::Down, 5, pace)?;
        self.hands.press(&["ctrl+1"])?;
        wait(1_000);
        Ok(())
    }

    fn drag_windows(&self) -> Result<()> {
        self.front(&self.programs.browser)?;
        self.front(&self.programs.editor)?;
        // By its title, there and back.
        for (from, to) in [
            ((1300, 388), (700, 240)),
            ((700, 240), (900, 520)),
            ((900, 520), (1300, 388)),
        ] {
            self.hands.drag(from, to, 40)?;
            wait(600);
        }
        Ok(())
    }

    fn switch_windows(&self) -> Result<()> {
        let all = self.programs;
        for window in [
            &all.browser,
            &all.sheet,
            &all.terminal,
            &all.files,
            &all.editor,
            &all.browser,
            &all.terminal,
        ] {
            self.front(window)?;
            wait(400);
        }
        Ok(())
    }

    fn command(&self, text: &str) -> Result<()> {
        self.write(text)?;
        self.hands.press(&["Return"])?;
        wait(1_200);
        Ok(())
    }

    fn front(&self, window: &Window) -> Result<()> {
        self.hands.activate(window)?;
        wait(500);
        Ok(())
    }

    fn write(&self, text: &str) -> Result<()> {
        self.hands.write(text, Duration::from_millis(45))
    }
}

fn wait(millis: u64) {
    pause(Duration::from_millis(millis));
}

const SUPPLIERS: &[&str] = &[
    "Lindqvist & Sons",
    "Paper Mill Aue",
    "Office Direct",
    "Kovacs Print",
    "City of Leipzig",
    "Marta Oliveira",
];
