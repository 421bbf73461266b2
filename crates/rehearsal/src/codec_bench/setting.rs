//! The settings of the codec that each recording is measured with: the one place that chooses.

use eidetic_codec::{EncoderConfig, PictureSize};

use super::recordings::Recording;

/// A setting of the encoder.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name in the tables.
    pub name: &'static str,
    /// What may be lost.
    pub fidelity: Fidelity,
    configure: fn(&mut EncoderConfig),
}

/// What a setting promises of the pictures that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Each is the one that went in.
    Exact,
}

impl Setting {
    /// The encoder's configuration for pictures of a size.
    pub fn config(&self, size: PictureSize) -> EncoderConfig {
        let mut config = EncoderConfig::new(size);
        (self.configure)(&mut config);
        config
    }
}

/// The settings that a recording is measured with. The first one is the default, which is the one
/// that is compared with the peers.
pub fn settings_for(recording: Recording) -> &'static [Setting] {
    match recording {
        Recording::Busy | Recording::Office | Recording::Static | Recording::Remote => &[DEFAULT],
        Recording::Film => &[DEFAULT],
    }
}

/// As the agent records.
const DEFAULT: Setting = Setting {
    name: "default",
    fidelity: Fidelity::Exact,
    configure: |_config| {},
};
