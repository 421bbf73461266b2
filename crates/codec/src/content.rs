//! A packet's content after decompression: motion vectors and five sections of bytes.
//!
//! The operations run over the tiles in raster order; the other sections feed them.

use alloc::vec::Vec;

use crate::bytes::{ByteReader, put_varint};

/// What a run of tiles does; the number is the top three bits of its operation byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As before.
    Skip = 0,
    /// Copied from the previous picture at a motion vector.
    Copy = 1,
    /// A tile from the cache.
    Cached = 2,
    /// One colour for the whole run.
    Solid = 3,
    /// A palette and packed indices.
    Palette = 4,
    /// Predicted pixels.
    Raw = 5,
}

impl Mode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Skip,
            1 => Self::Copy,
            2 => Self::Cached,
            3 => Self::Solid,
            4 => Self::Palette,
            5 => Self::Raw,
            _ => return None,
        })
    }
}

/// Where a copied tile comes from, relative to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MotionVector {
    pub(crate) dx: i16,
    pub(crate) dy: i16,
}

/// The sections of a packet as they are read.
#[derive(Debug)]
pub(crate) struct Sections<'a> {
    pub(crate) vectors: Vec<MotionVector>,
    pub(crate) operations: ByteReader<'a>,
    pub(crate) references: ByteReader<'a>,
    pub(crate) palettes: ByteReader<'a>,
    pub(crate) indices: ByteReader<'a>,
    pub(crate) raw: ByteReader<'a>,
}

impl<'a> Sections<'a> {
    pub(crate) fn read(content: &'a [u8]) -> Option<Self> {
        let mut reader = ByteReader::new(content);
        let vector_count = usize::from(reader.u8()?);
        let mut vectors = Vec::with_capacity(vector_count);
        for _ in 0..vector_count {
            vectors.push(MotionVector {
                dx: reader.i16()?,
                dy: reader.i16()?,
            });
        }
        let operations = reader.length()?;
        let references = reader.length()?;
        let palettes = reader.length()?;
        let indices = reader.length()?;
        Some(Self {
            vectors,
            operations: ByteReader::new(reader.take(operations)?),
            references: ByteReader::new(reader.take(references)?),
            palettes: ByteReader::new(reader.take(palettes)?),
            indices: ByteReader::new(reader.take(indices)?),
            raw: ByteReader::new(reader.rest()),
        })
    }

    /// The next run of operations: its mode and how many tiles it covers; `None` at the end.
    pub(crate) fn next_run(
        operations: &mut ByteReader<'_>,
    ) -> Result<Option<(Mode, u64)>, BadOperation> {
        let Some(byte) = operations.u8() else {
            return Ok(None);
        };
        let mode = Mode::from_bits(byte >> 5).ok_or(BadOperation)?;
        let short = u64::from(byte & 31);
        let count = if short == LONG_RUN {
            operations
                .varint()
                .and_then(|more| more.checked_add(LONG_RUN + 1))
                .ok_or(BadOperation)?
        } else {
            short + 1
        };
        Ok(Some((mode, count)))
    }
}

/// An operation byte with an unknown mode or without its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadOperation;

/// The sections of a packet as they are written.
#[derive(Debug, Default)]
pub(crate) struct SectionWriter {
    vectors: Vec<MotionVector>,
    operations: Vec<u8>,
    pub(crate) references: Vec<u8>,
    pub(crate) palettes: Vec<u8>,
    pub(crate) indices: Vec<u8>,
    pub(crate) raw: Vec<u8>,
    run: Option<Run>,
}

/// A run that may still grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    mode: Mode,
    /// The colour of solid tiles or the number of the copied ones' vector, else 0.
    shared: u32,
    count: u64,
}

impl SectionWriter {
    /// Starts a packet with these motion vectors.
    pub(crate) fn begin(&mut self, vectors: &[MotionVector]) {
        self.vectors.clear();
        self.vectors.extend_from_slice(vectors);
        self.operations.clear();
        self.references.clear();
        self.palettes.clear();
        self.indices.clear();
        self.raw.clear();
        self.run = None;
    }

    /// Adds `count` tiles of a mode. What single tiles need goes to the sections after this.
    pub(crate) fn tiles(&mut self, mode: Mode, shared: u32, count: u64) {
        match &mut self.run {
            Some(run) if run.mode == mode && run.shared == shared => run.count += count,
            _ => {
                self.end_run();
                self.run = Some(Run {
                    mode,
                    shared,
                    count,
                });
                // INVARIANT: what a whole run shares precedes what its tiles add.
                match mode {
                    Mode::Solid => self.palettes.extend_from_slice(&colour_bytes(shared)),
                    Mode::Copy if self.vectors.len() > 1 => self.references.push(shared as u8),
                    _ => {}
                }
            }
        }
    }

    /// Ends the packet and writes everything before the index and raw sections to `head`.
    pub(crate) fn finish(&mut self, head: &mut Vec<u8>) {
        // Tiles after the last operation stay as they are.
        if self.run.is_some_and(|run| run.mode == Mode::Skip) {
            self.run = None;
        }
        self.end_run();
        head.clear();
        head.push(self.vectors.len() as u8);
        for vector in &self.vectors {
            head.extend_from_slice(&vector.dx.to_le_bytes());
            head.extend_from_slice(&vector.dy.to_le_bytes());
        }
        for section in [
            &self.operations,
            &self.references,
            &self.palettes,
            &self.indices,
        ] {
            put_varint(head, section.len() as u64);
        }
        for section in [&self.operations, &self.references, &self.palettes] {
            head.extend_from_slice(section);
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else {
            return;
        };
        let mode = (run.mode as u8) << 5;
        if run.count <= LONG_RUN {
            self.operations.push(mode | (run.count - 1) as u8);
        } else {
            self.operations.push(mode | LONG_RUN as u8);
            put_varint(&mut self.operations, run.count - LONG_RUN - 1);
        }
    }
}

/// A colour as the format writes it: blue, green, red.
pub(crate) fn colour_bytes(colour: u32) -> [u8; 3] {
    let [blue, green, red, _] = colour.to_le_bytes();
    [blue, green, red]
}

/// The most bytes that the content of a packet for so many tiles can have.
pub(crate) const fn max_content_bytes(tiles: u32) -> usize {
    HEAD_BYTES + tiles as usize * TILE_BYTES
}

/// In an operation byte: a count follows.
const LONG_RUN: u64 = 31;
/// 255 vectors and four lengths.
const HEAD_BYTES: usize = 1 + 255 * 4 + 4 * 10;
/// An operation byte and three planes of 256 bytes is more than a full palette with indices.
const TILE_BYTES: usize = 1 + 3 * 256;
