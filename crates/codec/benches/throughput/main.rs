//! What a frame costs: encoding and decoding of a synthetic desktop at 1920x1080.
//!
//! `cargo bench -p eidetic-codec` prints a table; it needs no more than half a minute.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a table is what this program is for, and a panic is its report"
)]

mod desktop;

use std::time::{Duration, Instant};

use desktop::{Desktop, Step};
use eidetic_codec::{
    Damage, Decoder, DecoderLimits, Encoded, EncodedPacket, Encoder, EncoderConfig, FrameInterval,
    MediaTime, Packet, PictureSize, PixelOrder, SegmentHeader,
};

fn main() {
    println!(
        "action           frames   encode ms: mean     p99  without damage    decode      bytes/frame"
    );
    for step in Step::ALL {
        let known = measure(step, Knowledge::Damage);
        let unknown = measure(step, Knowledge::Nothing);
        println!(
            "{:16} {:6} {:17.3} {:7.3} {:15.3} {:9.3} {:16.0}",
            step.name(),
            known.encode.len(),
            mean(&known.encode),
            percentile(&known.encode, 99),
            mean(&unknown.encode),
            mean(&known.decode),
            known.bytes as f64 / known.encode.len() as f64,
        );
    }
    key_frame();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    Damage,
    Nothing,
}

/// Milliseconds for each frame.
struct Measured {
    encode: Vec<f64>,
    decode: Vec<f64>,
    bytes: usize,
}

fn measure(step: Step, knowledge: Knowledge) -> Measured {
    let mut desktop = Desktop::new();
    let (mut encoder, header) = encoder(desktop.size());
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba).unwrap();
    let first = encoder
        .encode(desktop.frame(), Damage::Unknown, MediaTime::ZERO)
        .unwrap();
    decode(&mut decoder, &packet(first));
    let mut measured = Measured {
        encode: Vec::new(),
        decode: Vec::new(),
        bytes: 0,
    };
    for index in 1..=FRAMES {
        let rects = desktop.act(step, index);
        let damage = match knowledge {
            Knowledge::Damage => Damage::Rects(&rects),
            Knowledge::Nothing => Damage::Unknown,
        };
        let time = MediaTime::from_micros(u64::from(index) * 250_000);
        let (encoded, took) = timed(|| encoder.encode(desktop.frame(), damage, time).unwrap());
        measured.encode.push(took);
        for packet in encoded.packets() {
            measured.bytes += packet.payload.len() + 12;
            let ((), took) = timed(|| decode(&mut decoder, &packet));
            measured.decode.push(took);
        }
    }
    measured
}

/// The first frame, and what the encoder holds after it.
fn key_frame() {
    let desktop = Desktop::new();
    let (mut encoder, header) = encoder(desktop.size());
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba).unwrap();
    let (encoded, encode) = timed(|| {
        encoder
            .encode(desktop.frame(), Damage::Unknown, MediaTime::ZERO)
            .unwrap()
    });
    let packet = packet(encoded);
    let ((), took) = timed(|| decode(&mut decoder, &packet));
    println!(
        "key frame: {} bytes, encode {encode:.1} ms, decode {took:.1} ms",
        packet.payload.len(),
    );
}

fn encoder(size: PictureSize) -> (Encoder, SegmentHeader) {
    let encoder = Encoder::new(EncoderConfig::new(size)).unwrap();
    let header = encoder.segment_header(0, FrameInterval::Variable);
    (encoder, header)
}

fn packet(encoded: Encoded) -> EncodedPacket {
    let packet = encoded.packets().pop();
    packet.expect("the frame is the first")
}

fn decode(decoder: &mut Decoder, packet: &EncodedPacket) {
    decoder
        .decode(&Packet {
            kind: packet.kind,
            time: packet.time,
            last_time: packet.last_time,
            offset: 0,
            number: 0,
            hash: packet.hash,
            payload: &packet.payload,
        })
        .unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, milliseconds(start.elapsed()))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(sorted.len() * percent / 100)
        .copied()
        .unwrap_or(0.0)
}

const FRAMES: u32 = 200;
