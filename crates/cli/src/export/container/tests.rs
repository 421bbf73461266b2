//! Both containers, read back by ffmpeg (Debian's package of that name).

use std::path::Path;
use std::process::Command;

use super::*;
use crate::export::encoder::{Av1, Encoder, H264};
use crate::export::i420::I420;
use crate::export::output::Format;

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

/// Writes a film of a picture a second, with a key frame each five, and these subtitles.
fn film(format: Format, cues: &[(u64, u64, &str)], folder: &Path) -> std::path::PathBuf {
    let mut encoder: Box<dyn Encoder> = match format {
        Format::Mp4 => Box::new(H264::new(WIDTH, HEIGHT).unwrap()),
        Format::WebM => Box::new(Av1::new(WIDTH, HEIGHT).unwrap()),
    };
    let mut track = Track::new(folder).unwrap();
    for second in 0..SECONDS {
        let picture = I420 {
            width: WIDTH,
            height: HEIGHT,
            y: vec![brightness(second); WIDTH * HEIGHT],
            u: vec![128; WIDTH * HEIGHT / 4],
            v: vec![128; WIDTH * HEIGHT / 4],
        };
        track.expect(VideoTime(second * 1000));
        track
            .push(encoder.encode(&picture, second % 5 == 0).unwrap())
            .unwrap();
    }
    track.push(encoder.finish().unwrap()).unwrap();
    let cues: Vec<_> = cues
        .iter()
        .map(|&(from, until, text)| Cue {
            from: VideoTime(from),
            until: VideoTime(until),
            text: text.to_owned(),
        })
        .collect();
    let film = Film {
        name: "anna on desk-7",
        recorded: "2026-11-20T13:05:10Z".parse().unwrap(),
        width: WIDTH,
        height: HEIGHT,
        end: VideoTime(SECONDS * 1000),
        setup: encoder.setup().unwrap(),
        cues: &cues,
    };
    let mut bytes = Vec::new();
    let name = match format {
        Format::Mp4 => {
            mp4::write(&film, &mut track, &mut bytes).unwrap();
            "film.mp4"
        }
        Format::WebM => {
            webm::write(&film, &mut track, folder, &mut bytes).unwrap();
            "film.webm"
        }
    };
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn brightness(second: u64) -> u8 {
    40 + second as u8 * 4
}

/// Standard output of one of ffmpeg's programs, which must not complain.
fn told(program: &str, arguments: &str, path: &Path) -> String {
    let arguments = arguments.split_whitespace().map(|word| {
        if word == "FILE" {
            path.as_os_str()
        } else {
            word.as_ref()
        }
    });
    let output = Command::new(program)
        .args(["-v", "warning"])
        .args(arguments)
        .output()
        .expect("these tests need Debian's package ffmpeg");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn subtitles_are_read_back_with_their_times() {
    for format in [Format::Mp4, Format::WebM] {
        let folder = tempfile::tempdir().unwrap();
        let cues = [
            (1_500, 3_000, "Mail – übersicht"),
            (3_000, 3_250, "one\ntwo"),
            (12_000, 19_900, "日本語"),
        ];
        let path = film(format, &cues, folder.path());
        let text = told("ffmpeg", "-i FILE -map 0:s -f srt -", &path);
        assert_eq!(
            text.replace('\r', ""),
            "1\n00:00:01,500 --> 00:00:03,000\nMail – übersicht\n\n\
             2\n00:00:03,000 --> 00:00:03,250\none\ntwo\n\n\
             3\n00:00:12,000 --> 00:00:19,900\n日本語\n\n"
        );
    }
}

#[test]
fn a_title_that_looks_like_markup_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(
        Format::WebM,
        &[(0, 1000, "<b>bold</b> {\\an8}")],
        folder.path(),
    );
    let text = told("ffmpeg", "-i FILE -map 0:s -f srt -", &path);
    let visible = text.replace('\u{2060}', "");
    assert!(visible.contains("<b>bold</b> {\\an8}"), "{text}");
}

#[test]
fn pictures_have_their_times_and_the_files_say_what_they_are() {
    for format in [Format::Mp4, Format::WebM] {
        let folder = tempfile::tempdir().unwrap();
        let path = film(format, &[(0, 500, "a")], folder.path());
        let times = told(
            "ffprobe",
            "-select_streams v -show_entries packet=pts_time,flags -of csv=p=0 FILE",
            &path,
        );
        let expected: Vec<_> = (0..SECONDS)
            .map(|second| {
                format!(
                    "{second}.000000,{}_",
                    if second % 5 == 0 { "K" } else { "_" }
                )
            })
            .collect();
        assert_eq!(times.lines().collect::<Vec<_>>(), expected);

        let about = told("ffprobe", "-show_format -show_streams FILE", &path);
        for line in [
            "width=64",
            "height=48",
            "color_range=tv",
            "color_space=bt709",
            "color_transfer=bt709",
            "color_primaries=bt709",
            "duration=20.000000",
            "TAG:creation_time=2026-11-20T13:05:10.000000Z",
        ] {
            assert!(about.lines().any(|told| told == line), "{line}: {about}");
        }
        assert!(about.contains("anna on desk-7"), "{about}");
    }
}

#[test]
fn players_can_begin_anywhere() {
    for format in [Format::Mp4, Format::WebM] {
        let folder = tempfile::tempdir().unwrap();
        let path = film(format, &[(0, 20_000, "a")], folder.path());
        for second in [0, 3, 5, 13, 19] {
            let arguments = format!(
                "-ss {second} -i FILE -frames:v 1 -pix_fmt gray -color_range tv -f framecrc -"
            );
            let seeked = told("ffmpeg", &arguments, &path);
            let arguments = format!(
                "-i FILE -vf select=eq(n\\,{second}) -frames:v 1 -pix_fmt gray -color_range tv \
                 -f framecrc -"
            );
            let played = told("ffmpeg", &arguments, &path);
            let picture = |text: &str| {
                text.lines()
                    .last()
                    .unwrap()
                    .rsplit(", ")
                    .next()
                    .map(str::to_owned)
            };
            assert_eq!(picture(&seeked), picture(&played), "{format:?} at {second}");
        }
    }
}

#[test]
fn a_film_without_titles_has_no_subtitles() {
    for format in [Format::Mp4, Format::WebM] {
        let folder = tempfile::tempdir().unwrap();
        let path = film(format, &[], folder.path());
        let streams = told(
            "ffprobe",
            "-show_entries stream=codec_type -of csv=p=0 FILE",
            &path,
        );
        assert_eq!(streams, "video\n");
    }
}

const SECONDS: u64 = 20;
