//! The settings of the codec that each recording is measured with: the one place that chooses.

use std::time::Duration;

use eidetic_codec::{EncoderConfig, PictureSize, Quality};

use super::recordings::Recording;

/// A setting of the encoder.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name in the tables.
    pub name: &'static str,
    /// What may be lost.
    pub fidelity: Fidelity,
    quality: Quality,
}

/// What a setting promises of the pictures that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Each is the one that went in.
    Lossless,
    /// Photographs that move may have less detail, and have all of it once they stood still so long.
    ExactAfter(Duration),
    /// Photographs that move may have less detail, and keep it.
    NeverExact,
}

impl Setting {
    /// The encoder's configuration for pictures of a size.
    pub fn config(&self, size: PictureSize) -> EncoderConfig {
        EncoderConfig {
            quality: self.quality,
            ..EncoderConfig::new(size)
        }
    }
}

/// The settings that a recording is measured with. The first one is the default, which is the one
/// that is compared with the peers.
pub fn settings_for(recording: Recording) -> &'static [Setting] {
    match recording {
        Recording::Busy | Recording::Office | Recording::Static | Recording::Remote => {
            &[HIGH, LOSSLESS]
        }
        Recording::Film => &[HIGH, LOSSLESS, MEDIUM, LOW],
    }
}

/// As agents record unless their policy says otherwise.
const HIGH: Setting = Setting {
    name: "high (default)",
    fidelity: Fidelity::ExactAfter(Duration::from_secs(1)),
    quality: Quality::High,
};

const LOSSLESS: Setting = Setting {
    name: "lossless",
    fidelity: Fidelity::Lossless,
    quality: Quality::Lossless,
};

const MEDIUM: Setting = Setting {
    name: "medium",
    fidelity: Fidelity::ExactAfter(Duration::from_secs(30)),
    quality: Quality::Medium,
};

const LOW: Setting = Setting {
    name: "low",
    fidelity: Fidelity::NeverExact,
    quality: Quality::Low,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_setting_is_the_default() {
        let size = PictureSize::new(8, 8).unwrap();
        for &recording in Recording::ALL {
            let [first, ..] = settings_for(recording) else {
                panic!("no setting");
            };
            assert_eq!(first.config(size), EncoderConfig::new(size));
        }
    }
}
