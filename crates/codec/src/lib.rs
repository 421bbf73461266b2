//! Turns screen frames into packets and back; only photographs that move may lose anything.
//!
//! [`Encoder`] compares a frame with the one before and says in a packet what changed;
//! [`Decoder`] applies packets to a picture. [`SegmentWriter`] strings packets into a segment,
//! which [`SegmentReader`] and [`PacketScanner`] take apart again, also while it grows and when
//! it was cut. The format is specified in `docs/codec.md`.
//!
//! This crate does no input or output, reads no clock and starts no thread; bytes, frames and
//! times are given to it. The decoder needs only `core` and `alloc` and also runs in browsers.
//! It trusts nothing: any bytes give an error or a picture, within the memory that
//! [`decoder_memory_bytes`] states.

#![no_std]
#![cfg_attr(
    not(feature = "encode"),
    expect(
        dead_code,
        reason = "modules that both sides share keep their writing half"
    )
)]

extern crate alloc;
#[cfg(any(feature = "encode", test))]
extern crate std;

mod bytes;
mod cache;
mod decoder;
#[cfg(feature = "encode")]
mod encoder;
mod entropy;
mod geometry;
mod limits;
mod media_time;
#[cfg(all(feature = "encode", any(test, feature = "fuzzing")))]
pub mod oracle;
mod photo;
mod picture;
mod pixels;
mod segment;
mod state;
mod syntax;

pub use decoder::{DecodeError, Decoder, HashCheck};
#[cfg(feature = "encode")]
pub use encoder::{
    Damage, EncodeError, Encoded, EncodedPacket, Encoder, EncoderConfig, FrameRef, KeyFramePolicy,
    Quality,
};
pub use geometry::{MAX_SIDE, PictureSize, Rect, SizeError, TILE_SIDE};
pub use limits::{DecoderLimits, decoder_memory_bytes};
pub use media_time::MediaTime;
pub use picture::PixelOrder;
#[cfg(feature = "encode")]
pub use segment::{AppendError, SegmentWriter, Totals};
pub use segment::{
    BadEnd, END_LOCATOR_BYTES, FormatVersion, FrameInterval, HEADER_BYTES, HeaderError,
    HeaderProgress, KeyFrame, MAX_HEADER_BYTES, Packet, PacketError, PacketInfo, PacketKind,
    PacketScanner, SegmentEnd, SegmentError, SegmentHeader, SegmentReader, check_readable_by,
    end_packet_bytes,
};
