//! Reading recorded segments.

use anyhow::{Context, Result, ensure};
use eidetic_codec::{
    Decoder, DecoderLimits, MediaTime, PacketKind, PictureSize, PixelOrder, SegmentReader,
};

/// Plays the frames of a whole segment, oldest first. `see` is given the size of each frame, its
/// time and its pixels: rows without padding of blue, green, red and an unused byte.
///
/// Gives how many frames there were. Fails if the segment does not begin with a header, is
/// damaged, or has no frame.
pub fn play(
    segment: &[u8],
    mut see: impl FnMut(PictureSize, MediaTime, &[u8]) -> Result<()>,
) -> Result<u64> {
    let mut reader = SegmentReader::new();
    reader.push(segment);
    let header = reader.header()?.context("no header")?;
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx)?;
    let mut frames = 0;
    while let Some(packet) = reader.next_packet()? {
        if matches!(packet.kind, PacketKind::Key | PacketKind::Delta) {
            decoder.begin(&packet)?;
            while let Some(time) = decoder.next_time() {
                decoder.next_frame()?;
                see(header.size, time, decoder.pixels())?;
                frames += 1;
            }
        }
    }
    ensure!(frames > 0, "no frame");
    Ok(frames)
}

/// Whether a picture has more than one colour.
pub fn shows_something(pixels: &[u8]) -> bool {
    let mut colours = pixels.chunks_exact(4).map(|pixel| &pixel[..3]);
    let first = colours.next();
    colours.any(|colour| Some(colour) != first)
}
