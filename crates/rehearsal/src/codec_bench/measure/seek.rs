//! Seeking with nothing but a segment's bytes and its index: a fresh decoder for each moment.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use eidetic_codec::{
    Decoder, DecoderLimits, END_LOCATOR_BYTES, KeyFrame, MediaTime, PacketKind, PixelOrder,
    SegmentEnd, SegmentHeader, SegmentReader, end_packet_bytes,
};

use super::{
    cpu,
    segments::{Segment, media_time},
};
use crate::codec_bench::statistics::Spread;

/// A moment, and where its picture comes from.
pub struct Spot<'a> {
    /// The segment's number.
    pub number: usize,
    /// The whole segment.
    pub segment: &'a Segment,
    /// Its header.
    pub header: SegmentHeader,
    /// The bytes from the key frame to the next one.
    pub bytes: std::ops::Range<usize>,
    /// The moment, in the segment's time.
    pub time: MediaTime,
}

/// Looks moments of the recording up in the indexes of its segments.
pub fn spots<'a>(segments: &'a [Segment], moments: &[Duration]) -> Result<Vec<Spot<'a>>> {
    let indexes: Vec<_> = segments.iter().map(index).collect::<Result<_>>()?;
    moments
        .iter()
        .map(|&moment| {
            let begun = segments.partition_point(|segment| segment.start <= moment);
            let number = begun.saturating_sub(1);
            let segment = &segments[number];
            let (header, keys, index_at) = &indexes[number];
            let time = media_time(moment.saturating_sub(segment.start));
            let after = keys.partition_point(|key| key.time <= time).max(1);
            let place = |key: &KeyFrame| usize::try_from(key.offset);
            let from = place(keys.get(after - 1).context("no key frame")?)?;
            let to = keys.get(after).map_or(Ok(*index_at), place)?;
            Ok(Spot {
                number,
                segment,
                header: *header,
                bytes: from..to,
                time,
            })
        })
        .collect()
}

/// Header, key frames and the index's offset of a segment.
fn index(segment: &Segment) -> Result<(SegmentHeader, Vec<KeyFrame>, usize)> {
    let mut reader = SegmentReader::new();
    let bytes = &segment.bytes;
    reader.push(&bytes[..bytes.len().min(1024)]);
    let header = reader.header()?.context("no header")?;
    let tail = &bytes[bytes.len().saturating_sub(END_LOCATOR_BYTES)..];
    let length = end_packet_bytes(tail).context("no index")? as usize;
    let at = bytes.len().checked_sub(length).context("no index")?;
    let mut reader = SegmentReader::at_key_frame(header, at as u64);
    reader.push(&bytes[at..]);
    let packet = reader.next_packet()?.context("no index")?;
    ensure!(packet.kind == PacketKind::End, "no index");
    let end = SegmentEnd::read(packet.time, packet.payload)?;
    Ok((header, end.key_frames, at))
}

/// Seeks to each of the spots.
pub fn seek(spots: &[Spot<'_>]) -> Result<Spread> {
    let times = spots.iter().map(|spot| {
        let (result, took) = cpu::timed(|| show(spot));
        result.map(|()| took)
    });
    Ok(Spread::of(times.collect::<Result<_>>()?))
}

/// Decodes the picture of a moment, as the player does: hashes are verified.
fn show(spot: &Spot<'_>) -> Result<()> {
    let limits = DecoderLimits {
        max_memory_bytes: 1 << 30,
        ..DecoderLimits::default()
    };
    let mut decoder = Decoder::new(&spot.header, limits, PixelOrder::Rgba)?;
    let mut reader = SegmentReader::at_key_frame(spot.header, spot.bytes.start as u64);
    let mut shown = false;
    for piece in spot.segment.bytes[spot.bytes.clone()].chunks(PIECE) {
        reader.push(piece);
        while let Some(time) = reader.peek_time()? {
            if time > spot.time && shown {
                return Ok(());
            }
            let packet = reader.next_packet()?.context("a packet went away")?;
            decoder.begin(&packet)?;
            while let Some(time) = decoder.next_time() {
                if time > spot.time && shown {
                    return Ok(());
                }
                decoder.next_frame()?;
                shown = true;
            }
        }
    }
    ensure!(shown, "no picture");
    Ok(())
}

/// Bytes that arrive at once.
const PIECE: usize = 64 << 10;
