//! A picture size as people write it.

use std::str::FromStr;

use eidetic_codec::PictureSize;

/// `WIDTHxHEIGHT`.
#[derive(Debug, Clone, Copy)]
pub struct SizeArgument(pub PictureSize);

impl FromStr for SizeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || "write it as WIDTHxHEIGHT, as in 1920x1080".to_owned();
        let (width, height) = text.split_once('x').ok_or_else(shape)?;
        let width = width.parse().map_err(|_| shape())?;
        let height = height.parse().map_err(|_| shape())?;
        PictureSize::new(width, height)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_nonsense_is_explained() {
        let size = |text: &str| text.parse::<SizeArgument>().map(|size| size.0);
        assert_eq!(size("640x480"), Ok(PictureSize::new(640, 480).unwrap()));
        assert!(size("640").unwrap_err().contains("WIDTHxHEIGHT"));
        assert!(size("640x-1").unwrap_err().contains("WIDTHxHEIGHT"));
        assert!(size("0x5").unwrap_err().contains("outside"));
        assert!(size("9000x5").unwrap_err().contains("outside"));
    }
}
