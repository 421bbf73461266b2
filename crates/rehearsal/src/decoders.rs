//! The browser's decoder against the native one.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::stack::{beside_this, fresh_folder};

/// What is compared.
#[derive(Args)]
pub struct Arguments {
    /// The decoder, as WebAssembly.
    #[arg(long)]
    wasm: PathBuf,
    /// The script that decodes a segment with it.
    #[arg(long)]
    script: PathBuf,
}

/// Encodes frames with the command line, and decodes them with both.
pub fn compare(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    for (width, height) in [(1, 1), (333, 217), (1280, 720)] {
        let segment = folder.path().join(format!("{width}x{height}.eid"));
        encode(width, height, File::create(&segment)?)?;
        let decoded = beside_this("eidetic")?
            .args(["frames", "decode"])
            .stdin(File::open(&segment)?)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(
            decoded.status.success(),
            "eidetic frames decode ended with {}",
            decoded.status
        );
        ensure!(
            decoded.stdout.len() == width * height * 4 * FRAMES,
            "eidetic frames decode gave {} bytes",
            decoded.stdout.len()
        );
        let hash = Sha256::digest(&decoded.stdout)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        let status = Command::new("node")
            .arg(&arguments.script)
            .args([&arguments.wasm, &segment])
            .arg(hash)
            .status()
            .context("failed to start node")?;
        ensure!(
            status.success(),
            "the decoders differ on {}",
            segment.display()
        );
    }
    Ok(())
}

fn encode(width: usize, height: usize, segment: File) -> Result<()> {
    let mut encoder = beside_this("eidetic")?
        .args(["frames", "encode", "--fps", "10"])
        .args(["--size", &format!("{width}x{height}")])
        .stdin(Stdio::piped())
        .stdout(segment)
        .spawn()?;
    let mut input = encoder
        .stdin
        .take()
        .context("eidetic has no standard input")?;
    for index in 0..FRAMES {
        input.write_all(&frame(width, height, index))?;
    }
    drop(input);
    let status = encoder.wait()?;
    ensure!(
        status.success(),
        "eidetic frames encode ended with {status}"
    );
    Ok(())
}

/// A page of letter-like marks that scrolls, with a box on it that moves, and a photo-like patch
/// that is new in each tenth frame. Every third frame is like the one before.
fn frame(width: usize, height: usize, index: usize) -> Vec<u8> {
    let turn = index - index % 3;
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let line = y + turn * 5;
            let mark = (x * 7 + line * 13 + (x / 9) * (line / 15) * 31) % 11 < 4 && line % 15 < 11;
            let boxed = (x + width - turn * 3 % width) % width < 60 && y < 40;
            let photo = x > width / 2 && y > height / 2 && (turn / 10) % 2 == 1;
            let colour: [u8; 3] = if boxed {
                [200, 120, 40]
            } else if photo {
                let noise = (x * x * 31 + y * y * 17 + x * y + turn / 10 * 97).to_le_bytes();
                [noise[0], noise[1], noise[0] ^ noise[1]]
            } else if mark {
                [20, 20, 30]
            } else {
                [250, 250, 250]
            };
            pixels.extend_from_slice(&[colour[0], colour[1], colour[2], 0]);
        }
    }
    pixels
}

const FRAMES: usize = 60;
