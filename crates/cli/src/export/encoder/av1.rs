//! AV1, by rav1e.

use anyhow::{Context as _, anyhow};
use rav1e::color::{
    ColorDescription, ColorPrimaries, MatrixCoefficients, PixelRange, TransferCharacteristics,
};
use rav1e::config::SpeedSettings;
use rav1e::prelude::{
    Config, Context, EncoderConfig, EncoderStatus, FrameParameters, FrameType, FrameTypeOverride,
    Opaque, Rational, SceneDetectionSpeed,
};

use super::{Coded, Encoder, Setup};
use crate::export::i420::I420;

/// Encodes to AV1 for a WebM container.
pub struct Av1 {
    context: Context<u8>,
}

impl Av1 {
    /// An encoder for pictures of this size.
    pub fn new(width: usize, height: usize) -> anyhow::Result<Self> {
        let mut speed_settings = SpeedSettings::from_preset(FASTEST);
        // Key frames come when they are asked for.
        speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
        let config = EncoderConfig {
            width,
            height,
            time_base: Rational::new(1, 1000),
            pixel_range: PixelRange::Limited,
            color_description: Some(ColorDescription {
                color_primaries: ColorPrimaries::BT709,
                transfer_characteristics: TransferCharacteristics::BT709,
                matrix_coefficients: MatrixCoefficients::BT709,
            }),
            low_latency: true,
            quantizer: QUANTIZER,
            min_key_frame_interval: 0,
            max_key_frame_interval: NEVER,
            // What can be worked on at the same time.
            tiles: TILES,
            speed_settings,
            ..EncoderConfig::with_speed_preset(FASTEST)
        };
        let context = Config::new()
            .with_encoder_config(config)
            .new_context()
            .context("failed to start the AV1 encoder")?;
        Ok(Self { context })
    }

    fn ready(&mut self) -> anyhow::Result<Vec<Coded>> {
        let mut coded = Vec::new();
        loop {
            match self.context.receive_packet() {
                Ok(packet) => coded.push(Coded {
                    is_key: packet.frame_type == FrameType::KEY,
                    data: without_delimiter(packet.data),
                }),
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => {
                    return Ok(coded);
                }
                Err(error) => return Err(anyhow!("failed to encode a picture: {error}")),
            }
        }
    }
}

impl Encoder for Av1 {
    fn encode(&mut self, picture: &I420, key: bool) -> anyhow::Result<Vec<Coded>> {
        let mut frame = self.context.new_frame();
        let planes = [
            (&picture.y, picture.width),
            (&picture.u, picture.width / 2),
            (&picture.v, picture.width / 2),
        ];
        for (plane, (bytes, stride)) in frame.planes.iter_mut().zip(planes) {
            plane.copy_from_raw_u8(bytes, stride, 1);
        }
        let parameters = FrameParameters {
            frame_type_override: match key {
                true => FrameTypeOverride::Key,
                false => FrameTypeOverride::No,
            },
            opaque: None::<Opaque>,
            t35_metadata: Box::default(),
        };
        self.context
            .send_frame((frame, parameters))
            .map_err(|error| anyhow!("the AV1 encoder refuses a picture: {error}"))?;
        self.ready()
    }

    fn finish(&mut self) -> anyhow::Result<Vec<Coded>> {
        self.context.flush();
        self.ready()
    }

    fn setup(&self) -> anyhow::Result<Setup> {
        Ok(Setup::Av1(self.context.container_sequence_header()))
    }
}

/// Containers leave out the delimiter with which each picture begins (an OBU of type 2).
fn without_delimiter(mut data: Vec<u8>) -> Vec<u8> {
    if data.starts_with(&[0x12, 0x00]) {
        data.drain(..2);
    }
    data
}

/// Of 255, from finest to coarsest.
const QUANTIZER: usize = 80;
const FASTEST: u8 = 10;
const TILES: usize = 4;
/// In pictures: the longest interval that rav1e takes is not much longer.
const NEVER: u64 = 1 << 28;
