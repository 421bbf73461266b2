//! Looks into videos with ffmpeg's programs (Debian's package of that name).

use std::path::Path;
use std::process::Command;

/// What ffprobe says about the whole file: one `name=value` a line.
pub fn about(path: &Path) -> String {
    let entries = "stream=codec_name,width,height,color_range,color_space:format=duration";
    probed(path, entries)
}

/// When pictures are shown, in milliseconds.
pub fn times(path: &Path) -> Vec<u64> {
    let told = probed(path, "packet=pts_time");
    let times = told
        .lines()
        .filter_map(|line| line.strip_prefix("pts_time="));
    times
        .map(|time| (time.parse::<f64>().unwrap() * 1000.0).round() as u64)
        .collect()
}

/// How long the video is, in milliseconds.
pub fn duration(path: &Path) -> u64 {
    let told = about(path);
    let seconds = told.lines().find_map(|line| line.strip_prefix("duration="));
    (seconds.unwrap().parse::<f64>().unwrap() * 1000.0).round() as u64
}

/// The picture that a player shows at this time, as pixels of blue, green, red and 0.
pub fn shown_at(path: &Path, millis: u64) -> Vec<u8> {
    // All that are shown by then, of which the last counts; half a millisecond is for rounding.
    let chosen = format!("select=lte(t\\,{}.{:03}5)", millis / 1000, millis % 1000);
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-vf", &chosen, "-fps_mode", "passthrough"])
        .args(["-pix_fmt", "bgr0", "-f", "rawvideo", "-"])
        .output()
        .expect(NEEDED);
    assert!(output.status.success());
    let told = about(path);
    let number = |name: &str| -> usize {
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse().unwrap()
    };
    let bytes = number("width=") * number("height=") * 4;
    let mut picture = output.stdout[output.stdout.len() - bytes..].to_vec();
    for pixel in picture.chunks_exact_mut(4) {
        pixel[3] = 0;
    }
    picture
}

/// How alike two pictures are, in decibels of brightness.
pub fn likeness(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let brightness = |pixel: &[u8]| {
        0.0722 * f64::from(pixel[0]) + 0.7152 * f64::from(pixel[1]) + 0.2126 * f64::from(pixel[2])
    };
    let pairs = one.chunks_exact(4).zip(other.chunks_exact(4));
    let squares: f64 = pairs
        .map(|(one, other)| (brightness(one) - brightness(other)).powi(2))
        .sum();
    let mean = squares / (one.len() / 4) as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

fn probed(path: &Path, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "default=noprint_wrappers=1",
            "-show_entries",
            entries,
        ])
        .arg(path)
        .output()
        .expect(NEEDED);
    assert!(
        output.status.success(),
        "ffprobe cannot read {}",
        path.display()
    );
    String::from_utf8(output.stdout).unwrap()
}

const NEEDED: &str = "these tests need Debian's package ffmpeg";
