//! Records a display as the agent captures it, on a clock that can be moved on while the screen
//! rests.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use eidetic_capture::{Capture, Screen as _, linux::X11Screen};
use eidetic_codec::{PictureSize, Rect};

use super::{
    super::frames::FramesWriter,
    blink::{Blink, Changes},
};
use crate::until::pause;

/// A display that is being recorded, until [`Recorder::finish`]. Dropped before, it leaves no
/// recording.
pub struct Recorder {
    orders: Sender<Order>,
    thread: JoinHandle<Result<u64>>,
}

/// What the scripted person tells the recorder.
enum Order {
    /// Let this time pass, without waiting for it while the screen rests.
    Rest(Duration, SyncSender<()>),
    /// Tell how much time of the recording has passed.
    Tell(SyncSender<Duration>),
    /// End the recording.
    Finish,
}

/// A clock on the desktop that is told the time: a line for each minute.
pub struct MinuteHand(pub File);

impl Recorder {
    /// Starts to record into a file, and waits for the first picture. `hand` shows the
    /// recording's minutes on the desktop.
    pub fn start(
        display: &str,
        size: PictureSize,
        path: &Path,
        hand: Option<MinuteHand>,
    ) -> Result<Self> {
        let screen = X11Screen::open(display)?;
        let frames = FramesWriter::create(path, size)?;
        let (orders, received) = mpsc::channel();
        let (started, wait) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                let mut recording = Recording::begin(screen, frames, size, hand)?;
                // Whoever started this does not wait any more if that fails.
                let _told = started.send(());
                recording.run(&received)?;
                let end = recording.now();
                recording.frames.finish(end)
            })?;
        if wait.recv().is_err() {
            return Err(failure(thread));
        }
        Ok(Self { orders, thread })
    }

    /// Lets this much of the recording's time pass. While the screen rests the clock is moved on
    /// instead of waiting; a cursor that blinks goes on blinking at its pace.
    pub fn rest(&self, length: Duration) -> Result<()> {
        self.ask(|done| Order::Rest(length, done))
    }

    /// How much of the recording's time has passed.
    pub fn now(&self) -> Result<Duration> {
        self.ask(Order::Tell)
    }

    fn ask<T>(&self, order: impl FnOnce(SyncSender<T>) -> Order) -> Result<T> {
        let (answer, wait) = mpsc::sync_channel(1);
        self.orders
            .send(order(answer))
            .ok()
            .and_then(|()| wait.recv().ok())
            .context("the recorder has ended")
    }

    /// Ends the recording. Gives the number of its frames.
    pub fn finish(self) -> Result<u64> {
        // Where the thread has failed already, its own error follows.
        let _told = self.orders.send(Order::Finish);
        self.thread
            .join()
            .map_err(|_| anyhow!("the recorder panicked"))?
    }
}

fn failure(thread: JoinHandle<Result<u64>>) -> anyhow::Error {
    match thread.join() {
        Ok(Err(error)) => error,
        Ok(Ok(_)) | Err(_) => anyhow!("the recorder ended before its first picture"),
    }
}

struct Recording {
    screen: X11Screen,
    frames: FramesWriter,
    size: PictureSize,
    hand: Option<MinuteHand>,
    shown_minute: Option<u64>,
    start: Instant,
    /// When the last frame was taken.
    taken: Option<Instant>,
    /// How much time was passed over.
    skipped: Duration,
    last_change: Duration,
    changes: Changes,
    picture: Vec<u8>,
    seed: u64,
}

impl Recording {
    fn begin(
        screen: X11Screen,
        frames: FramesWriter,
        size: PictureSize,
        hand: Option<MinuteHand>,
    ) -> Result<Self> {
        let mut recording = Self {
            screen,
            frames,
            size,
            hand,
            shown_minute: None,
            start: instant(),
            taken: None,
            skipped: Duration::ZERO,
            last_change: Duration::ZERO,
            changes: Changes::default(),
            picture: vec![0; size.bytes()],
            seed: 1,
        };
        let patience = Duration::from_secs(20);
        while !recording.take_frame(Duration::from_millis(100))? {
            ensure!(recording.now() < patience, "the screen gives no picture");
        }
        Ok(recording)
    }

    /// The recording's time.
    fn now(&self) -> Duration {
        instant() - self.start + self.skipped
    }

    fn run(&mut self, orders: &Receiver<Order>) -> Result<()> {
        loop {
            match orders.try_recv() {
                Ok(Order::Rest(length, done)) => {
                    self.rest(length)?;
                    // The person may have gone.
                    let _told = done.send(());
                }
                Ok(Order::Tell(answer)) => {
                    let _told = answer.send(self.now());
                }
                Err(TryRecvError::Empty) => {}
                Ok(Order::Finish) => return Ok(()),
                // The script failed: half a recording must not be taken for a whole one.
                Err(TryRecvError::Disconnected) => bail!("the recording was given up"),
            }
            self.show_minute()?;
            self.take_frame(LOOK)?;
        }
    }

    /// Waits this long for a frame, once one may be taken again. Whether there was one.
    fn take_frame(&mut self, wait: Duration) -> Result<bool> {
        if let Some(taken) = self.taken {
            pause(FRAME_INTERVAL.saturating_sub(taken.elapsed()));
        }
        let capture = self.screen.next(wait)?;
        let now = instant() - self.start + self.skipped;
        let Capture::Frame(frame) = capture else {
            return Ok(false);
        };
        self.taken = Some(instant());
        let shape = (frame.width, frame.height, frame.stride);
        let (width, height) = (self.size.width(), self.size.height());
        ensure!(
            shape == (width, height, width as usize * 4),
            "the display has another size"
        );
        let damage: Vec<Rect> = frame.damage.iter().copied().map(codec_rect).collect();
        let changed = self.frames.frame(now, &damage, frame.pixels)?;
        if let Some(bounds) = changed {
            let pictures = (&self.picture[..], frame.pixels);
            self.changes.add(now, self.size, bounds, &damage, pictures);
            self.picture.copy_from_slice(frame.pixels);
            self.last_change = now;
        }
        Ok(true)
    }

    fn rest(&mut self, length: Duration) -> Result<()> {
        let end = self.now() + length;
        self.changes.clear();
        while self.now() < end {
            self.show_minute()?;
            let minute_ends = Duration::from_secs(60 * (self.minute() + 1));
            let until = match self.hand {
                Some(_) => end.min(minute_ends),
                None => end,
            };
            if let Some(blink) = self.changes.blink() {
                self.repeat(&blink, until)?;
                self.changes.clear();
                self.wait_for_real(until)?;
            } else if self.now() - self.last_change > STILL {
                self.pass_over(until);
            } else {
                self.take_frame(LOOK)?;
            }
        }
        Ok(())
    }

    /// Lets a cursor blink until shortly before a moment.
    fn repeat(&mut self, blink: &Blink, until: Duration) -> Result<()> {
        let mut time = blink.since;
        let mut picture = self.frames.picture().to_vec();
        while time + blink.period() < until {
            let damage = blink.draw_other(&mut picture, self.size);
            let other = time + blink.first + self.unevenness();
            self.frames.frame(other, damage, &picture)?;
            time += blink.period();
            let damage = blink.draw_present(&mut picture, self.size);
            let present = time + self.unevenness();
            self.frames.frame(present, damage, &picture)?;
        }
        self.skipped += time - blink.since;
        self.last_change = time;
        Ok(())
    }

    /// Up to four milliseconds: no real clock sees a cursor blink at exactly equal distances, and
    /// equal ones would be cheaper to store.
    fn unevenness(&mut self) -> Duration {
        // Numbers that look random are enough (Knuth's MMIX generator).
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((self.seed >> 40) % 4_000)
    }

    /// Moves the clock on to a moment, or leaves it if it is further already.
    fn pass_over(&mut self, until: Duration) {
        self.skipped += until.saturating_sub(self.now());
        self.changes.clear();
    }

    /// Records what is left until a moment, less than a blink, as it comes.
    fn wait_for_real(&mut self, until: Duration) -> Result<()> {
        loop {
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return Ok(());
            }
            self.take_frame(left)?;
        }
    }

    fn minute(&self) -> u64 {
        self.now().as_secs() / 60
    }

    fn show_minute(&mut self) -> Result<()> {
        let minute = self.minute();
        if let Some(MinuteHand(file)) = &mut self.hand
            && self.shown_minute != Some(minute)
        {
            let of_day = FIRST_MINUTE + minute;
            writeln!(file, "{:02}:{:02}", of_day / 60 % 24, of_day % 60)
                .context("failed to tell the time to the panel")?;
            self.shown_minute = Some(minute);
            // The picture of it comes in a moment: the screen does not rest.
            self.last_change = self.now();
        }
        Ok(())
    }
}

fn codec_rect(rect: eidetic_capture::Rect) -> Rect {
    Rect {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "real applications live on the real clock"
)]
fn instant() -> Instant {
    Instant::now()
}

/// The agent's default: at most four frames a second.
const FRAME_INTERVAL: Duration = Duration::from_millis(250);

/// How long one look waits for a change.
const LOOK: Duration = Duration::from_millis(50);

/// A screen on which nothing changed for so long rests: no cursor shows one picture longer.
const STILL: Duration = Duration::from_millis(1_100);

/// The day on the desktop begins at 09:41.
const FIRST_MINUTE: u64 = 9 * 60 + 41;

#[cfg(test)]
mod tests {
    use eidetic_testkit::VirtualDisplay;

    use super::{
        super::super::frames::{FramesReader, Recorded},
        *,
    };

    fn start(display: &VirtualDisplay, path: &Path) -> Recorder {
        let size = PictureSize::new(64, 48).unwrap();
        Recorder::start(display.name(), size, path, None).unwrap()
    }

    #[test]
    fn recording_holds_what_the_display_shows() {
        let display = VirtualDisplay::start(64, 48).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        assert_eq!(start(&display, &path).finish().unwrap(), 1);
        let mut reader = FramesReader::open(&path).unwrap();
        assert!(matches!(reader.next().unwrap(), Recorded::Frame { .. }));
        assert!(matches!(reader.next().unwrap(), Recorded::End(_)));
    }

    #[test]
    fn recording_that_was_given_up_leaves_none() {
        let display = VirtualDisplay::start(64, 48).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        let Recorder { orders, thread } = start(&display, &path);
        drop(orders);
        assert!(thread.join().unwrap().is_err());
        assert!(!path.exists());
    }
}
