//! The peers and their arguments.

/// An encoder and how it is called.
pub struct Peer {
    /// Its name in the tables.
    pub name: &'static str,
    /// What becomes of the pixels.
    pub loss: &'static str,
    /// The pixels that it takes.
    pub pixels: Pixels,
    /// Its arguments for ffmpeg.
    pub arguments: &'static [&'static str],
    /// What its stream is put into.
    pub container: Container,
}

/// A format of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// As they are recorded.
    Bgr0,
    /// Brightness in full, colour at a quarter of the resolution.
    Yuv420,
}

/// A container that adds a known number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// None: the file is the elementary stream.
    Bare,
    /// IVF.
    Ivf,
}

impl Pixels {
    /// ffmpeg's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bgr0 => "bgr0",
            Self::Yuv420 => "yuv420p",
        }
    }
}

impl Container {
    /// ffmpeg's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "h264",
            Self::Ivf => "ivf",
        }
    }

    /// How many of a file's bytes are the stream's.
    pub const fn stream_bytes(self, file_bytes: u64, frames: u64) -> u64 {
        match self {
            Self::Bare => file_bytes,
            // A header of 32 bytes, and 12 before each frame.
            Self::Ivf => file_bytes.saturating_sub(32 + 12 * frames),
        }
    }
}

/// Names that the targets speak of.
pub const LOSSLESS_H264: &str = "x264 RGB lossless, veryfast";
/// See [`LOSSLESS_H264`].
pub const SLOW_AV1: &str = "SVT-AV1 preset 8, crf 35, screen";

/// All of them.
pub const PEERS: &[Peer] = &[
    Peer {
        name: LOSSLESS_H264,
        loss: "none",
        pixels: Pixels::Bgr0,
        arguments: &["-c:v", "libx264rgb", "-qp", "0", "-preset", "veryfast"],
        container: Container::Bare,
    },
    Peer {
        name: "x264 4:2:0 crf 23, veryfast",
        loss: "visible on text",
        pixels: Pixels::Yuv420,
        arguments: &["-c:v", "libx264", "-crf", "23", "-preset", "veryfast"],
        container: Container::Bare,
    },
    Peer {
        name: "VP9 realtime, crf 30, screen",
        loss: "visible on text",
        pixels: Pixels::Yuv420,
        arguments: &[
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-tune-content",
            "screen",
            "-crf",
            "30",
            "-b:v",
            "0",
        ],
        container: Container::Ivf,
    },
    Peer {
        name: "SVT-AV1 preset 12, crf 35, screen",
        loss: "visible on text",
        pixels: Pixels::Yuv420,
        arguments: &[
            "-c:v",
            "libsvtav1",
            "-preset",
            "12",
            "-crf",
            "35",
            "-svtav1-params",
            "scm=1:lp=1",
        ],
        container: Container::Ivf,
    },
    Peer {
        name: SLOW_AV1,
        loss: "visible on text",
        pixels: Pixels::Yuv420,
        arguments: &[
            "-c:v",
            "libsvtav1",
            "-preset",
            "8",
            "-crf",
            "35",
            "-svtav1-params",
            "scm=1:lp=1",
        ],
        container: Container::Ivf,
    },
];
