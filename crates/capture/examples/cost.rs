//! What it costs to watch a screen: `cost DISPLAY SECONDS [FRAMES_PER_SECOND]`.

#[cfg(target_os = "linux")]
#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement for a person, in real time"
)]
fn main() -> anyhow::Result<()> {
    use std::time::{Duration, Instant};

    use anyhow::Context;
    use eidetic_capture::{Capture, Screen as _, linux::X11Screen};
    use procfs::process::Process;

    let mut arguments = std::env::args().skip(1);
    let display = arguments.next().context("which display?")?;
    let seconds: u64 = arguments.next().context("for how long?")?.parse()?;
    let rate: u32 = arguments.next().map_or(Ok(4), |rate| rate.parse())?;
    let pause = Duration::from_secs(1) / rate.max(1);

    let mut screen = X11Screen::open(&display)?;
    let (mut wakes, mut frames, mut pixels) = (0_u64, 0_u64, 0_u64);
    // The first whole picture is not what watching costs.
    while !matches!(screen.next(pause)?, Capture::Frame(_)) {}
    let process = Process::myself()?;
    let spent = || process.schedstat().map(|times| times.sum_exec_runtime);
    let (start, spent_before) = (Instant::now(), spent()?);
    let end = start + Duration::from_secs(seconds);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        wakes += 1;
        if let Capture::Frame(frame) = screen.next(left)? {
            frames += 1;
            let areas = frame.damage.iter();
            pixels += areas
                .map(|rect| u64::from(rect.width) * u64::from(rect.height))
                .sum::<u64>();
            std::thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
        }
    }
    let cpu = Duration::from_nanos(spent()? - spent_before);
    let share = cpu.as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    let memory = process.status()?.vmrss.unwrap_or(0) / 1024;
    println!(
        "{seconds} s: {wakes} waits, {frames} frames, {pixels} pixels, \
         {cpu:?} of CPU = {share:.3} % of a core, {memory} MiB"
    );
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
