//! H.264, by OpenH264.

use anyhow::{Context as _, bail};
use openh264::encoder::{
    BitRate, EncodedBitStream, Encoder as OpenH264, EncoderConfig, FrameRate, FrameType, Profile,
    QpRange, RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};

use super::{Coded, Encoder, Setup};
use crate::export::i420::I420;

/// Encodes to H.264 for an MP4 container: each part of a picture after its length.
pub struct H264 {
    encoder: OpenH264,
    parameter_sets: Option<(Vec<u8>, Vec<u8>)>,
    pictures: u64,
}

impl H264 {
    /// An encoder for pictures of this size.
    pub fn new(width: usize, height: usize) -> anyhow::Result<Self> {
        if width.max(height) > MAX_SIDE || width * height > MAX_PIXELS {
            bail!(
                "{width}x{height} is larger than players of H.264 must be able to show: \
                 export to a .webm file instead"
            );
        }
        let config = EncoderConfig::new()
            .usage_type(UsageType::ScreenContentRealTime)
            .profile(Profile::High)
            .rate_control_mode(RateControlMode::Quality)
            .qp(QpRange::new(QUANTIZER, QUANTIZER))
            // So much that it never leaves out a picture; what decides is the quantizer.
            .bitrate(BitRate::from_bps(MAX_BITS_PER_SECOND))
            .max_frame_rate(FrameRate::from_hz(FRAMES_PER_SECOND))
            .adaptive_quantization(false)
            .background_detection(false)
            .vui(VuiConfig::bt709());
        let encoder = OpenH264::with_api_config(OpenH264API::from_source(), config)
            .context("failed to start the H.264 encoder")?;
        Ok(Self {
            encoder,
            parameter_sets: None,
            pictures: 0,
        })
    }
}

impl Encoder for H264 {
    fn encode(&mut self, picture: &I420, key: bool) -> anyhow::Result<Vec<Coded>> {
        if key {
            self.encoder.force_intra_frame();
        }
        for _ in 0..MOST_TRIES {
            // Its rate control thinks in evenly spaced pictures.
            let millis = self.pictures * 1000 / FRAMES_PER_SECOND as u64;
            self.pictures += 1;
            let coded = self
                .encoder
                .encode_at(&picture, Timestamp::from_millis(millis))
                .context("failed to encode a picture")?;
            let is_key = match coded.frame_type() {
                FrameType::IDR => true,
                FrameType::I | FrameType::P | FrameType::IPMixed => false,
                // Too much was spent lately: another picture's share is there at the next try.
                FrameType::Skip | FrameType::Invalid => continue,
            };
            let (data, parameter_sets) = for_container(&coded);
            self.parameter_sets = self.parameter_sets.take().or(parameter_sets);
            return Ok(vec![Coded { data, is_key }]);
        }
        bail!("the H.264 encoder refuses a picture");
    }

    fn finish(&mut self) -> anyhow::Result<Vec<Coded>> {
        Ok(Vec::new())
    }

    fn setup(&self) -> anyhow::Result<Setup> {
        let (sps, pps) = self
            .parameter_sets
            .clone()
            .context("the H.264 encoder gave no parameter sets")?;
        Ok(Setup::H264 { sps, pps })
    }
}

/// The units of a picture, each after its length, and the parameter sets, if they are there.
fn for_container(coded: &EncodedBitStream<'_>) -> (Vec<u8>, Option<(Vec<u8>, Vec<u8>)>) {
    let mut data = Vec::new();
    let (mut sps, mut pps) = (None, None);
    let layers = (0..coded.num_layers()).filter_map(|index| coded.layer(index));
    for layer in layers {
        for unit in (0..layer.nal_count()).filter_map(|index| layer.nal_unit(index)) {
            let unit = without_start_code(unit);
            match unit.first().map(|head| head & UNIT_TYPE) {
                Some(UNIT_SPS) => sps = Some(unit.to_vec()),
                Some(UNIT_PPS) => pps = Some(unit.to_vec()),
                _ => {
                    let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                    data.extend_from_slice(&length.to_be_bytes());
                    data.extend_from_slice(unit);
                }
            }
        }
    }
    (data, sps.zip(pps))
}

fn without_start_code(unit: &[u8]) -> &[u8] {
    unit.strip_prefix(&[0, 0, 0, 1])
        .or_else(|| unit.strip_prefix(&[0, 0, 1]))
        .unwrap_or(unit)
}

impl YUVSource for &I420 {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }

    fn y(&self) -> &[u8] {
        &self.y
    }

    fn u(&self) -> &[u8] {
        &self.u
    }

    fn v(&self) -> &[u8] {
        &self.v
    }
}

/// Text stays legible to the pixel: 50 dB at 1920x1080, measured on pages of text.
const QUANTIZER: u8 = 20;
const FRAMES_PER_SECOND: f32 = 10.0;
const MAX_BITS_PER_SECOND: u32 = 200_000_000;
const MOST_TRIES: usize = 100;

/// Level 5.2.
const MAX_PIXELS: usize = 36_864 * 256;
const MAX_SIDE: usize = 4096;

const UNIT_TYPE: u8 = 0x1F;
const UNIT_SPS: u8 = 7;
const UNIT_PPS: u8 = 8;
