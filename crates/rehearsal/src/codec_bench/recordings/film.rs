//! A minute of a film in a window, while somebody types into an editor beside it.
//!
//! The film is made here: photographs that the camera pans over and zooms into, one fading into
//! the next, with grain, compressed as films are.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use eidetic_codec::Rect;

use super::{
    SETTLE,
    hands::Hands,
    look::Look,
    programs::{NOTE, start_editor},
    stage::Stage,
    start_recorder,
};
use crate::until::pause;

/// Records it.
pub fn record(path: &Path) -> Result<u64> {
    let film = make_film(path)?;
    let mut stage = Stage::start(Look::Usual)?;
    let editor = start_editor(&mut stage, NOTE)?;
    let film = film.to_string_lossy();
    let options = [
        "--no-config",
        "--no-audio",
        "--vo=x11",
        "--loop-file=inf",
        "--no-osc",
        "--no-input-default-bindings",
        "--title=Film",
        "--geometry=640x360+160+140",
        "--",
        &film,
    ];
    stage.display_mut().spawn("mpv", options)?;
    let hands = Hands::on(&stage);
    hands.find("^Film$")?;
    hands.place(&editor, (980, 320), (820, 600))?;
    hands.activate(&editor)?;
    hands.press(&["ctrl+End"])?;
    hands.point((1400, 200))?;
    pause(SETTLE);
    let recorder = start_recorder(&stage, path)?;
    pause(Duration::from_secs(12));
    for line in LINES {
        hands.write(line, Duration::from_millis(200))?;
        pause(Duration::from_secs(4));
    }
    recorder.rest(Duration::from_secs(60).saturating_sub(recorder.now()?))?;
    recorder.finish()
}

/// Where the film is on the screen.
pub const WINDOW: Rect = Rect {
    x: 160,
    y: 140,
    width: 640,
    height: 360,
};

const LINES: &[&str] = &[
    "The film of the new hall, as shown on Tuesday:\n",
    "0:12 the roof, 0:31 the garden behind it.\n",
];

/// Makes the film beside the recording, if it is not there.
fn make_film(recording: &Path) -> Result<PathBuf> {
    let film = recording.with_file_name("film.mkv");
    if film.exists() {
        return Ok(film);
    }
    let unfinished = recording.with_file_name("film-unfinished.mkv");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-y", "-loglevel", "error"]);
    for name in PHOTOGRAPHS {
        let photograph = format!("{FOLDER}/{name}.jpg");
        ensure!(
            Path::new(&photograph).exists(),
            "there is no {photograph}: install the Debian package mate-backgrounds"
        );
        ffmpeg.args(["-i", &photograph]);
    }
    ffmpeg
        .args(["-filter_complex", &filters(), "-map", "[film]"])
        .args(["-c:v", "libx264", "-preset", "medium", "-crf", "20"])
        .args(["-pix_fmt", "yuv420p"])
        .arg(&unfinished)
        .stdin(Stdio::null());
    let status = ffmpeg
        .status()
        .context("failed to start ffmpeg (Debian package ffmpeg)")?;
    ensure!(status.success(), "ffmpeg ended with {status}");
    std::fs::rename(unfinished, &film)?;
    Ok(film)
}

/// Each photograph for ten seconds, the camera moving over it; then grain over all.
fn filters() -> String {
    let mut graph = String::new();
    for (index, camera) in CAMERAS.iter().enumerate() {
        graph += &format!(
            "[{index}:v]scale=2560:1440:force_original_aspect_ratio=increase,crop=2560:1440,\
             zoompan={camera}:d={FRAMES_EACH}:s=640x360:fps=24,format=yuv420p[shot{index}];"
        );
    }
    let mut last = "shot0".to_owned();
    for index in 1..CAMERAS.len() {
        let offset = index * 10 - index;
        graph += &format!(
            "[{last}][shot{index}]xfade=transition=fade:duration=1:offset={offset}[cut{index}];"
        );
        last = format!("cut{index}");
    }
    graph + &format!("[{last}]noise=alls=5:allf=t[film]")
}

const FRAMES_EACH: u32 = 240;

const FOLDER: &str = "/usr/share/backgrounds/mate/nature";

const PHOTOGRAPHS: &[&str] = &[
    "Garden",
    "LadyBird",
    "Storm",
    "YellowFlower",
    "Dune",
    "RainDrops",
    "GreenMeadow",
];

/// How the camera moves over each of them.
const CAMERAS: &[&str] = &[
    "z=1.3+on/600:x=(iw-iw/zoom)*on/240:y=(ih-ih/zoom)/2",
    "z=1.8-on/400:x=(iw-iw/zoom)/2:y=(ih-ih/zoom)*on/240",
    "z=1.5:x=(iw-iw/zoom)*(1-on/240):y=(ih-ih/zoom)*(0.5+0.3*sin(on/20))",
    "z=1+on/200:x=(iw-iw/zoom)/2:y=(ih-ih/zoom)/2",
    "z=2:x=(iw-iw/zoom)*on/240:y=(ih-ih/zoom)*(1-on/240)",
    "z=1.4+0.2*sin(on/15):x=(iw-iw/zoom)/2:y=(ih-ih/zoom)/2",
    "z=1.6:x=(iw-iw/zoom)*(0.5+0.5*sin(on/40)):y=(ih-ih/zoom)/2",
];
