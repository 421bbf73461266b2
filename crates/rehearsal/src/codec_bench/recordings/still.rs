//! An hour in which nobody is there: a cursor blinks and a clock shows the minutes.
//!
//! The hour is not waited for. The recorder sees the real cursor of a real terminal blink once in
//! each minute, repeats what it saw at its pace until the minute is over, tells the panel's clock
//! the next minute, and records the panel as it draws it: 60 real pictures of the clock, and a
//! change of the cursor each half second.

use std::{path::Path, time::Duration};

use anyhow::Result;

use super::{
    SETTLE,
    hands::Hands,
    look::Look,
    programs::{NOTE, start_editor, start_terminal},
    stage::Stage,
    start_recorder,
};
use crate::until::pause;

/// Records it.
pub fn record(path: &Path) -> Result<u64> {
    let mut stage = Stage::start(Look::Usual)?;
    let editor = start_editor(&mut stage, NOTE)?;
    // Half a second on, half a second off, forever.
    let blinking = ["-bc", "-bcn", "500", "-bcf", "500"];
    let terminal = start_terminal(&mut stage, &blinking)?;
    let hands = Hands::on(&stage);
    hands.place(&editor, (1000, 380), (820, 600))?;
    hands.activate(&terminal)?;
    hands.write("ls -l /usr/share | head -24\n", Duration::from_millis(60))?;
    hands.point((1400, 200))?;
    pause(SETTLE);
    let recorder = start_recorder(&stage, path)?;
    recorder.rest(Duration::from_secs(3600))?;
    recorder.finish()
}
