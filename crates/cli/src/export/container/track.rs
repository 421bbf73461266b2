//! Coded pictures, on disk until the file is written.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::export::encoder::Coded;
use crate::export::pace::VideoTime;

/// The coded pictures of a video.
#[derive(Debug)]
pub struct Track {
    bytes: BufWriter<File>,
    samples: Vec<Sample>,
    /// When the pictures are shown that the encoder has and did not give yet.
    awaited: VecDeque<VideoTime>,
    length: u64,
}

/// A coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it is shown from.
    pub at: VideoTime,
    /// Where it is in the track.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u32,
    /// Whether it can be decoded without those before.
    pub is_key: bool,
}

impl Track {
    /// An empty track. Its bytes are kept in a file without name in this folder.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let file = tempfile::tempfile_in(folder)
            .with_context(|| format!("failed to make a file in {}", folder.display()))?;
        Ok(Self {
            bytes: BufWriter::with_capacity(BUFFER_BYTES, file),
            samples: Vec::new(),
            awaited: VecDeque::new(),
            length: 0,
        })
    }

    /// The encoder was given a picture that is shown from `at`.
    pub fn expect(&mut self, at: VideoTime) {
        self.awaited.push_back(at);
    }

    /// The encoder gave the next pictures.
    pub fn push(&mut self, pictures: Vec<Coded>) -> anyhow::Result<()> {
        for picture in pictures {
            let at = self.awaited.pop_front();
            let sample = Sample {
                at: at.context("the encoder gave more pictures than it was given")?,
                offset: self.length,
                bytes: u32::try_from(picture.data.len()).context("a picture is too large")?,
                is_key: picture.is_key,
            };
            self.bytes.write_all(&picture.data)?;
            self.length += u64::from(sample.bytes);
            self.samples.push(sample);
        }
        Ok(())
    }

    /// The pictures in order.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// How many bytes all of them have.
    pub fn bytes(&self) -> u64 {
        self.length
    }

    /// Copies all of them to a file, one after the other.
    pub fn copy_to(&mut self, output: &mut impl io::Write) -> anyhow::Result<()> {
        self.bytes.seek(SeekFrom::Start(0))?;
        let copied = io::copy(self.bytes.get_mut(), output)?;
        anyhow::ensure!(copied == self.length, "a temporary file was changed");
        Ok(())
    }

    /// Reads one of them.
    pub fn read(&mut self, sample: Sample) -> anyhow::Result<Vec<u8>> {
        let mut data = vec![0; sample.bytes as usize];
        self.bytes.seek(SeekFrom::Start(sample.offset))?;
        self.bytes.get_mut().read_exact(&mut data)?;
        Ok(data)
    }
}

const BUFFER_BYTES: usize = 1 << 18;
