//! The pictures of one segment: all that export knows of the codec.

use std::io::{ErrorKind, Read};

use anyhow::Context as _;
use eidetic_codec::{
    Decoder, DecoderLimits, MAX_HEADER_BYTES, MediaTime, PacketKind, PixelOrder, SegmentEnd,
    SegmentHeader, SegmentReader,
};
use eidetic_model::Timestamp;

use super::recording::{KeyFrame, Segment, SegmentStore};
use super::span::Span;

/// Decodes one segment from a key frame on.
pub struct Frames<'a> {
    bytes: Box<dyn Read + 'a>,
    reader: SegmentReader,
    header: SegmentHeader,
    decoder: Decoder,
    piece: Vec<u8>,
}

/// Why there is no next picture although the segment goes on.
#[derive(Debug, thiserror::Error)]
pub enum FramesError {
    /// The bytes cannot be had: nothing of the segment is to be trusted from here on.
    #[error("{0:#}")]
    Unavailable(anyhow::Error),
    /// The bytes are damaged: it may go on at the next key frame.
    #[error("{0}")]
    Damaged(String),
}

impl<'a> Frames<'a> {
    /// Begins at the last key frame before `moment`.
    pub fn open(
        store: &'a dyn SegmentStore,
        segment: &Segment,
        moment: Timestamp,
    ) -> Result<Self, FramesError> {
        let header = read_header(store, segment)?;
        let readable = segment
            .key_frames
            .iter()
            .filter(|key| key.offset < segment.bytes);
        let key = readable
            .clone()
            .rfind(|key| key.time <= moment)
            .or(readable.clone().next())
            .ok_or_else(|| FramesError::Damaged("there is no key frame".to_owned()))?;
        let decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx)
            .map_err(|error| FramesError::Damaged(error.to_string()))?;
        Ok(Self {
            bytes: store
                .open(segment, key.offset)
                .map_err(FramesError::Unavailable)?,
            reader: SegmentReader::at_key_frame(header, key.offset),
            header,
            decoder,
            piece: vec![0; PIECE_BYTES],
        })
    }

    /// Decodes the next picture and gives its time; `None` at the end of what there is.
    pub fn advance(&mut self) -> Result<Option<Timestamp>, FramesError> {
        loop {
            if let Some(time) = self.decoder.next_time() {
                self.decoder.next_frame().map_err(damaged)?;
                return Ok(Some(moment(&self.header, time)));
            }
            let packet = self.reader.next_packet().map_err(damaged)?;
            match packet {
                Some(packet) if packet.kind == PacketKind::End => return Ok(None),
                Some(packet) if packet.kind.is_frame() => {
                    self.decoder.begin(&packet).map_err(damaged)?;
                }
                Some(_) => {}
                None => {
                    let piece = fill(&mut self.bytes, &mut self.piece)?;
                    if piece.is_empty() {
                        return Ok(None);
                    }
                    self.reader.push(piece);
                }
            }
        }
    }

    /// The picture as it is now: four bytes a pixel (blue, green, red, unused), rows without
    /// padding.
    pub fn pixels(&self) -> &[u8] {
        self.decoder.pixels()
    }
}

/// Finds out what a segment of which nothing else is known holds, by reading all of it.
///
/// From a damaged segment comes what lies before the damage, and a word about it.
pub fn survey(
    name: &str,
    bytes: &mut dyn Read,
    length: u64,
) -> anyhow::Result<(Segment, Option<String>)> {
    let mut reader = SegmentReader::new();
    let mut piece = vec![0; PIECE_BYTES];
    let header = loop {
        if let Some(header) = reader.header().context("it is no recording")? {
            break header;
        }
        let piece = fill(bytes, &mut piece)?;
        anyhow::ensure!(!piece.is_empty(), "it is too short for a recording");
        reader.push(piece);
    };
    let mut key_frames = Vec::new();
    let mut last = MediaTime::ZERO;
    let damage = loop {
        match reader.next_packet() {
            Ok(Some(packet)) => {
                last = packet.last_time;
                match packet.kind {
                    PacketKind::Key => key_frames.push(KeyFrame {
                        time: moment(&header, packet.time),
                        offset: packet.offset,
                    }),
                    PacketKind::End => match SegmentEnd::read(packet.time, packet.payload) {
                        Ok(_) => {}
                        Err(error) => break Some(error.to_string()),
                    },
                    _ => {}
                }
            }
            Ok(None) => {
                let piece = fill(bytes, &mut piece)?;
                if piece.is_empty() {
                    let is_cut = reader.unread_bytes() > 0;
                    break is_cut.then(|| format!("it is cut at byte {}", reader.offset()));
                }
                reader.push(piece);
            }
            Err(error) => break Some(error.to_string()),
        }
    };
    let segment = Segment {
        name: name.to_owned(),
        span: Span {
            from: moment(&header, MediaTime::ZERO),
            until: moment(&header, last),
        },
        width: header.size.width(),
        height: header.size.height(),
        bytes: length.min(reader.offset()),
        key_frames,
        lost: None,
    };
    Ok((segment, damage))
}

fn read_header(store: &dyn SegmentStore, segment: &Segment) -> Result<SegmentHeader, FramesError> {
    let mut head = Vec::new();
    store
        .open(segment, 0)
        .and_then(|bytes| {
            let mut bytes = bytes.take(MAX_HEADER_BYTES as u64);
            Ok(bytes.read_to_end(&mut head)?)
        })
        .map_err(FramesError::Unavailable)?;
    let mut reader = SegmentReader::new();
    reader.push(&head);
    let header = reader.header().map_err(damaged)?;
    header.ok_or_else(|| FramesError::Damaged("it is too short for a recording".to_owned()))
}

/// The next bytes; none at the end.
fn fill<'a>(bytes: &mut dyn Read, piece: &'a mut [u8]) -> Result<&'a [u8], FramesError> {
    loop {
        match bytes.read(piece) {
            Ok(count) => return Ok(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(FramesError::Unavailable(error.into())),
        }
    }
}

fn moment(header: &SegmentHeader, time: MediaTime) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_unix_micros(header.start_unix_micros.saturating_add(micros))
}

fn damaged(error: impl std::fmt::Display) -> FramesError {
    FramesError::Damaged(error.to_string())
}

const PIECE_BYTES: usize = 1 << 16;
