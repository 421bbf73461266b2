//! `eidetic export` of files.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::run::{Folder, error_text};
use crate::segment::{COLOURED, Pictures, picture};
use crate::video;

/// In decibels: the strokes of the test pictures are finer than any text. Two different ones have
/// less than 20.
const ALIKE: f64 = 30.0;

/// Three pictures in five seconds.
const THREE: Pictures<'_> = Pictures {
    width: 160,
    height: 96,
    start: 0,
    at: &[0, 700, 3300],
    end: 5000,
};

fn write(folder: &Folder, name: &str, bytes: &[u8]) {
    std::fs::write(folder.path().join(name), bytes).unwrap();
}

/// Exports with these arguments, expects success and gives what it said.
fn export(folder: &Folder, arguments: &str) -> String {
    let mut command = folder.command(&format!("export {arguments}"));
    let output = command.env("TZ", "UTC").output().unwrap();
    assert!(output.status.success(), "{}", error_text(&output));
    assert!(output.stdout.is_empty());
    error_text(&output)
}

/// Exports with these arguments, expects failure and gives what it said.
fn fail(folder: &Folder, arguments: &str) -> String {
    let mut command = folder.command(&format!("export {arguments}"));
    let output = command.env("TZ", "UTC").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", error_text(&output));
    error_text(&output)
}

/// The files in the folder.
fn files(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_picture_is_shown_from_its_time_on() {
    for (name, codec) in [("clip.mp4", "h264"), ("clip.webm", "av1")] {
        let folder = Folder::new();
        write(&folder, "one.eid", &THREE.segment());
        export(&folder, &format!("one.eid -o {name}"));
        let clip = folder.path().join(name);

        let about = video::about(&clip);
        assert!(about.contains(&format!("codec_name={codec}")), "{about}");
        assert!(about.contains("color_space=bt709"), "{about}");
        assert_eq!(video::duration(&clip), 5000);
        let times = video::times(&clip);
        for at in [0, 700, 3300] {
            assert!(times.contains(&at), "{times:?}");
        }
        for (at, number) in [(0, 0), (699, 0), (700, 1), (3299, 1), (3300, 2), (4900, 2)] {
            let likeness = video::likeness(&video::shown_at(&clip, at), &picture(160, 96, number));
            assert!(likeness > ALIKE, "{name} at {at}: {likeness} dB");
        }
        assert_eq!(files(&folder), [name, "one.eid"]);
    }
}

#[test]
fn colours_come_back_where_they_are_even() {
    let folder = Folder::new();
    let coloured = Pictures {
        at: &[0, 100, 200, 300, 400],
        ..THREE
    };
    write(&folder, "one.eid", &coloured.segment());
    for name in ["clip.mp4", "clip.webm"] {
        export(&folder, &format!("one.eid -o {name}"));
        let shown = video::shown_at(&folder.path().join(name), 1000);
        // Row 13 has no strokes.
        let pixel = &shown[(13 * 160 + 80) * 4..][..3];
        for (found, expected) in pixel.iter().zip(COLOURED) {
            // With the colours of BT.601, or in full range, it would be more than 15.
            assert!(found.abs_diff(expected) <= 10, "{name}: {pixel:?}");
        }
    }
}

#[test]
fn a_part_is_cut_out_exactly_and_may_go_faster() {
    let folder = Folder::new();
    write(&folder, "one.eid", &THREE.segment());
    let clip = folder.path().join("clip.mp4");
    export(&folder, "one.eid -o clip.mp4 --from +2s --to 13:05:14");
    assert_eq!(video::duration(&clip), 2000);
    let first = video::shown_at(&clip, 0);
    assert!(video::likeness(&first, &picture(160, 96, 1)) > ALIKE);
    assert!(video::times(&clip).contains(&1300));

    export(
        &folder,
        "one.eid -o clip.mp4 --force --from 2026-11-20T13:05:12Z --speed 4",
    );
    assert_eq!(video::duration(&clip), 750);
    assert!(video::times(&clip).contains(&325));
}

#[test]
fn no_more_pictures_a_second_than_are_asked_for() {
    let folder = Folder::new();
    let at: Vec<u64> = (0..50).map(|number| number * 50).collect();
    let fast = Pictures {
        at: &at,
        end: 2500,
        ..THREE
    };
    write(&folder, "fast.eid", &fast.segment());
    let clip = folder.path().join("clip.mp4");
    export(&folder, "fast.eid -o clip.mp4 --fps 4");
    let times = video::times(&clip);
    assert_eq!(
        times,
        (0..10).map(|number| number * 250).collect::<Vec<_>>()
    );
    assert_eq!(video::duration(&clip), 2500);
    let shown = video::shown_at(&clip, 1000);
    assert!(video::likeness(&shown, &picture(160, 96, 20)) > ALIKE);
}

#[test]
fn odd_and_changing_sizes_fit_into_one_picture() {
    for name in ["clip.mp4", "clip.webm"] {
        let folder = Folder::new();
        let small = Pictures {
            width: 101,
            height: 77,
            ..THREE
        };
        let wide = Pictures {
            width: 140,
            height: 60,
            start: 5,
            ..THREE
        };
        write(&folder, "small.eid", &small.segment());
        write(&folder, "wide.eid", &wide.segment());
        export(&folder, &format!("wide.eid small.eid -o {name}"));
        let clip = folder.path().join(name);
        let about = video::about(&clip);
        assert!(
            about.contains("width=140") && about.contains("height=78"),
            "{about}"
        );
        assert_eq!(video::duration(&clip), 10_000);

        for (at, width, height, left, top) in [(0, 101, 77, 18, 0), (5000, 140, 60, 0, 8)] {
            let shown = video::shown_at(&clip, at);
            let mut inside = Vec::new();
            for row in top..top + height {
                inside.extend(&shown[(row * 140 + left) * 4..][..width * 4]);
            }
            let expected = picture(width as u32, height as u32, 0);
            let likeness = video::likeness(&inside, &expected);
            assert!(likeness > ALIKE, "{name} at {at}: {likeness} dB");
        }
        // Beside the narrow picture it is dark.
        let shown = video::shown_at(&clip, 0);
        let beside = &shown[(40 * 140 + 4) * 4..][..3];
        assert!(beside.iter().all(|&byte| byte < 24), "{name}: {beside:?}");
    }
}

/// Two segments with half a minute between them, of which nothing was recorded.
fn with_a_gap() -> Folder {
    let folder = Folder::new();
    let size = Pictures {
        width: 480,
        height: 120,
        ..THREE
    };
    write(&folder, "one.eid", &size.segment());
    write(
        &folder,
        "two.eid",
        &Pictures { start: 35, ..size }.segment(),
    );
    folder
}

#[test]
fn a_gap_is_dark_and_says_so() {
    let folder = with_a_gap();
    export(&folder, "one.eid two.eid -o clip.mp4");
    let clip = folder.path().join("clip.mp4");
    assert_eq!(video::duration(&clip), 40_000);
    assert!(video::times(&clip).contains(&5000));
    let before = video::shown_at(&clip, 4999);
    assert!(video::likeness(&before, &picture(480, 120, 2)) > ALIKE);
    for at in [5000, 20_000, 34_900] {
        let gap = video::shown_at(&clip, at);
        let dark = gap.chunks_exact(4).filter(|pixel| pixel[1] < 40).count();
        let letters = gap.chunks_exact(4).filter(|pixel| pixel[1] > 150).count();
        assert!(dark > 480 * 120 * 8 / 10, "{dark} at {at}");
        assert!(letters > 300, "{letters} at {at}");
    }
    let after = video::shown_at(&clip, 35_000);
    assert!(video::likeness(&after, &picture(480, 120, 0)) > ALIKE);
}

#[test]
fn idle_time_is_skipped_on_demand() {
    let folder = with_a_gap();
    let still = Pictures {
        start: 40,
        at: &[0, 60_000],
        end: 62_000,
        ..THREE
    };
    write(&folder, "three.eid", &still.segment());
    export(&folder, "one.eid two.eid three.eid --skip-idle -o clip.mp4");
    let clip = folder.path().join("clip.mp4");
    // 5 s, 2 of 30 s, 5 s, 2 of 60 s, 2 s.
    assert_eq!(video::duration(&clip), 16_000);
    let times = video::times(&clip);
    for at in [5000, 7000, 12_000, 14_000] {
        assert!(times.contains(&at), "{times:?}");
    }
}

#[test]
fn what_is_before_damage_is_exported_with_a_warning() {
    let folder = Folder::new();
    let segment = THREE.segment();
    write(&folder, "cut.eid", &segment[..segment.len() - 10]);
    let said = export(&folder, "cut.eid --quiet -o clip.mp4");
    assert!(
        said.contains("warning: cut.eid: it is cut at byte"),
        "{said}"
    );
    let shown = video::shown_at(&folder.path().join("clip.mp4"), 0);
    assert!(video::likeness(&shown, &picture(160, 96, 0)) > ALIKE);
}

#[test]
fn it_tells_how_far_it_is_or_says_nothing() {
    let folder = Folder::new();
    write(&folder, "one.eid", &THREE.segment());
    let said = export(&folder, "one.eid -o clip.mp4");
    assert!(said.contains("60 % of 0:05"), "{said}");
    assert!(
        said.contains("clip.mp4: 0:05 of 2026-11-20 13:05:10 to 13:05:15"),
        "{said}"
    );
    assert_eq!(export(&folder, "one.eid -o clip.mp4 --force --quiet"), "");
}

#[test]
fn errors_say_what_to_do_and_leave_nothing() {
    let folder = Folder::new();
    write(&folder, "one.eid", &THREE.segment());
    write(
        &folder,
        "text.eid",
        b"this is no recording, but long enough to be one, or nearly so",
    );
    write(&folder, "there.mp4", b"precious");
    for (arguments, expected) in [
        ("one.eid -o clip.avi", ".mp4 or .webm"),
        ("one.eid -o there.mp4", "--force"),
        ("none.eid -o clip.mp4", "none.eid: failed to open it"),
        ("text.eid -o clip.mp4", "text.eid: it is no recording"),
        (
            "one.eid -o clip.mp4 --from 2026-11-21T10:00:00Z --to 2026-11-21T11:00:00Z",
            "There are pictures of\n  2026-11-20 13:05:10 to 13:05:15",
        ),
        (
            "one.eid -o clip.mp4 --from +4s --to +1s",
            "--to is not after --from",
        ),
        (
            "one.eid -o no/such/folder/clip.mp4",
            "failed to make a file beside",
        ),
        (
            "0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11 -o clip.mp4",
            "--server https://HOST:9443",
        ),
        (
            "0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11 -o clip.mp4 --server https://127.0.0.1:1 \
             --password-stdin",
            "cannot be reached",
        ),
    ] {
        let mut command = folder.command(&format!("export {arguments}"));
        write(&folder, "password", b"secret\n");
        let password = std::fs::File::open(folder.path().join("password")).unwrap();
        let output = command.env("TZ", "UTC").stdin(password).output().unwrap();
        let said = error_text(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
        assert!(said.contains(expected), "{arguments}: {said}");
        assert!(!said.contains("secret"));
    }
    let left = ["one.eid", "password", "text.eid", "there.mp4"];
    assert_eq!(files(&folder), left);
    assert_eq!(
        std::fs::read(folder.path().join("there.mp4")).unwrap(),
        b"precious"
    );
}

#[test]
fn without_a_password_or_a_terminal_it_says_how_to_give_one() {
    let folder = Folder::new();
    let session = "0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11";
    let said = fail(
        &folder,
        &format!("{session} -o clip.mp4 --server https://127.0.0.1:1"),
    );
    assert!(said.contains("EIDETIC_PASSWORD"), "{said}");
    assert_eq!(files(&folder), [""; 0]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_export_leaves_no_file() {
    use rustix::process::{Pid, Signal, kill_process};

    let folder = Folder::new();
    let at: Vec<u64> = (0..600).map(|number| number * 100).collect();
    let long = Pictures {
        width: 480,
        height: 320,
        at: &at,
        end: 60_000,
        ..THREE
    };
    write(&folder, "long.eid", &long.segment());
    let mut child = folder
        .command("export long.eid -o clip.webm")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains('%'), "{line}");
    let begun = files(&folder);
    assert!(
        begun.len() == 2 && !begun.contains(&"clip.webm".to_owned()),
        "{begun:?}"
    );

    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(files(&folder), ["long.eid"]);
}
