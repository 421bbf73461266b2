//! H.264, by OpenH264.

use anyhow::{Context as _, bail, ensure};
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
    /// How coarse it is, by its place in [`QUANTIZERS`].
    coarseness: usize,
    parameter_sets: Option<ParameterSets>,
    /// Given to this encoder.
    pictures: u64,
}

/// Of the sequence, and of its pictures.
type ParameterSets = (Vec<u8>, Vec<u8>);

impl H264 {
    /// An encoder for pictures of this size.
    pub fn new(width: usize, height: usize) -> anyhow::Result<Self> {
        if width.max(height) > MAX_SIDE || width * height > MAX_PIXELS {
            bail!(
                "{width}x{height} is larger than players of H.264 must be able to show: \
                 export to a .webm file instead"
            );
        }
        Ok(Self {
            encoder: encoder(QUANTIZERS[0])?,
            coarseness: 0,
            parameter_sets: None,
            pictures: 0,
        })
    }

    /// Begins anew with another quantizer: the next picture is a key frame.
    fn replace(&mut self, coarseness: usize) -> anyhow::Result<()> {
        self.encoder = encoder(QUANTIZERS[coarseness])?;
        self.coarseness = coarseness;
        self.pictures = 0;
        Ok(())
    }

    /// Codes a picture; `None` if it does not fit into what the encoder has room for.
    fn code(&mut self, picture: &I420) -> anyhow::Result<Option<Coded>> {
        for _ in 0..MOST_TRIES {
            // Its rate control thinks in evenly spaced pictures.
            let millis = self.pictures * 1000 / FRAMES_PER_SECOND as u64;
            self.pictures += 1;
            let Ok(coded) = self
                .encoder
                .encode_at(&picture, Timestamp::from_millis(millis))
            else {
                return Ok(None);
            };
            let is_key = match coded.frame_type() {
                FrameType::IDR => true,
                FrameType::I | FrameType::P | FrameType::IPMixed => false,
                // Too much was spent lately: another picture's share is there at the next try.
                FrameType::Skip | FrameType::Invalid => continue,
            };
            let (data, parameter_sets) = for_container(&coded);
            if let Some(parameter_sets) = parameter_sets {
                let first = self
                    .parameter_sets
                    .get_or_insert_with(|| parameter_sets.clone());
                ensure!(
                    *first == parameter_sets,
                    "the H.264 encoder changed its parameters"
                );
            }
            return Ok(Some(Coded { data, is_key }));
        }
        bail!("the H.264 encoder leaves out a picture");
    }
}

fn encoder(quantizer: u8) -> anyhow::Result<OpenH264> {
    let config = EncoderConfig::new()
        .usage_type(UsageType::ScreenContentRealTime)
        .profile(Profile::High)
        .rate_control_mode(RateControlMode::Quality)
        .qp(QpRange::new(quantizer, quantizer))
        // What decides is the quantizer; this says what players must be able to cope with.
        .bitrate(BitRate::from_bps(BITS_PER_SECOND))
        .max_frame_rate(FrameRate::from_hz(FRAMES_PER_SECOND))
        .adaptive_quantization(false)
        .background_detection(false)
        .vui(VuiConfig::bt709());
    OpenH264::with_api_config(OpenH264API::from_source(), config)
        .context("failed to start the H.264 encoder")
}

impl Encoder for H264 {
    fn encode(&mut self, picture: &I420, key: bool) -> anyhow::Result<Vec<Coded>> {
        if key && self.coarseness > 0 {
            self.replace(0)?;
        } else if key {
            self.encoder.force_intra_frame();
        }
        loop {
            if let Some(coded) = self.code(picture)? {
                return Ok(vec![coded]);
            }
            // A screen full of noise: nobody misses a detail.
            let coarser = self.coarseness + 1;
            ensure!(
                coarser < QUANTIZERS.len(),
                "the H.264 encoder refuses a picture"
            );
            self.replace(coarser)?;
        }
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
fn for_container(coded: &EncodedBitStream<'_>) -> (Vec<u8>, Option<ParameterSets>) {
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

/// Tried one after the other. With the first, text stays legible to the pixel: 50 dB at 1920x1080,
/// measured on pages of text.
const QUANTIZERS: [u8; 4] = [20, 28, 36, 44];
const FRAMES_PER_SECOND: f32 = 10.0;
/// Level 4.1 at 1920x1080.
const BITS_PER_SECOND: u32 = 50_000_000;
const MOST_TRIES: usize = 100;

/// Level 5.2.
const MAX_PIXELS: usize = 36_864 * 256;
const MAX_SIDE: usize = 4096;

const UNIT_TYPE: u8 = 0x1F;
const UNIT_SPS: u8 = 7;
const UNIT_PPS: u8 = 8;

#[cfg(test)]
mod tests {
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource as _;

    use super::*;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 96;

    fn picture(brightness: impl Fn(usize) -> u8) -> I420 {
        I420 {
            width: WIDTH,
            height: HEIGHT,
            y: (0..WIDTH * HEIGHT).map(brightness).collect(),
            u: vec![128; WIDTH * HEIGHT / 4],
            v: vec![128; WIDTH * HEIGHT / 4],
        }
    }

    /// A picture that nothing can be predicted of.
    fn noise() -> I420 {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut noise = picture(|_| 0);
        for plane in [&mut noise.y, &mut noise.u, &mut noise.v] {
            plane.fill_with(&mut random);
        }
        noise
    }

    #[test]
    fn pictures_come_back_and_key_frames_are_where_they_are_asked_for() {
        let mut encoder = H264::new(WIDTH, HEIGHT).unwrap();
        let mut decoder = Decoder::new().unwrap();
        for (number, key) in [true, false, false, true, false].into_iter().enumerate() {
            // A square in the middle changes.
            let is_square = |at: usize| {
                (at % WIDTH).abs_diff(WIDTH / 2) < 8 && (at / WIDTH).abs_diff(HEIGHT / 2) < 8
            };
            let picture = picture(|at| match is_square(at) {
                true => 40 + number as u8 * 30,
                false => 60,
            });
            let coded = encoder.encode(&picture, key).unwrap();
            assert_eq!(coded.len(), 1);
            assert_eq!(coded[0].is_key, key, "picture {number}");
            let Setup::H264 { sps, pps } = encoder.setup().unwrap() else {
                panic!("not H.264");
            };
            let mut stream = Vec::new();
            for unit in [&sps, &pps] {
                stream.extend([0, 0, 0, 1]);
                stream.extend(unit);
            }
            let mut rest = coded[0].data.as_slice();
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let (unit, after) = after.split_at(u32::from_be_bytes(*length) as usize);
                stream.extend([0, 0, 0, 1]);
                stream.extend(unit);
                rest = after;
            }
            let shown = decoder.decode(&stream).unwrap().unwrap();
            assert_eq!(shown.dimensions(), (WIDTH, HEIGHT));
            let middle = shown.strides().0 * HEIGHT / 2 + WIDTH / 2;
            let expected = picture.y[WIDTH * HEIGHT / 2 + WIDTH / 2];
            assert!(shown.y()[middle].abs_diff(expected) < 8, "picture {number}");
        }
    }

    #[test]
    fn noise_is_coded_more_coarsely_until_the_next_key_frame() {
        let mut encoder = H264::new(WIDTH, HEIGHT).unwrap();
        let plain = picture(|_| 90);
        encoder.encode(&plain, true).unwrap();
        let coded = encoder.encode(&noise(), false).unwrap();
        assert!(coded[0].is_key && encoder.coarseness > 0);
        assert_eq!(encoder.encode(&plain, false).unwrap().len(), 1);
        encoder.encode(&plain, true).unwrap();
        assert_eq!(encoder.coarseness, 0);
    }

    #[test]
    fn a_picture_beyond_the_format_is_refused_with_a_way_out() {
        let refused = H264::new(5120, 2880).err().unwrap().to_string();
        assert!(refused.contains(".webm"), "{refused}");
    }
}
