//! Pictures to coded pictures.

mod av1;
mod h264;

pub use av1::Av1;
pub use h264::H264;

use super::i420::I420;

/// A video encoder. It gives one coded picture for each picture, in the same order, perhaps some
/// pictures later.
pub trait Encoder {
    /// Takes a picture, and gives what is ready by now. `key` asks for a picture that can be
    /// decoded without those before.
    fn encode(&mut self, picture: &I420, key: bool) -> anyhow::Result<Vec<Coded>>;

    /// Gives all that is not given yet.
    fn finish(&mut self) -> anyhow::Result<Vec<Coded>>;

    /// What a player needs to know before the first picture. To be asked after the last one.
    fn setup(&self) -> anyhow::Result<Setup>;
}

/// A coded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// As containers take it.
    pub data: Vec<u8>,
    /// Whether it can be decoded without those before.
    pub is_key: bool,
}

/// What a player needs to know before the first picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setup {
    /// H.264's parameter sets.
    H264 {
        /// Of the sequence.
        sps: Vec<u8>,
        /// Of its pictures.
        pps: Vec<u8>,
    },
    /// AV1's configuration record.
    Av1(Vec<u8>),
}

/// The code points of BT.709 in both codecs and both containers (ITU-T H.273).
pub const BT709: u8 = 1;
