//! The cosine transform of 8x8 pixels in whole numbers.
//!
//! The matrix is that of HEVC (ITU-T H.265, 8.6.4.2). Coefficients are eight times those of the
//! orthonormal transform.

/// Pixels or coefficients, row by row.
pub(super) type Block = [i32; 64];

/// Pixels to coefficients.
#[cfg(any(feature = "encode", test))]
pub(super) fn forward(pixels: &Block) -> Block {
    let mut half = [0; 64];
    for u in 0..8 {
        for x in 0..8 {
            half[u * 8 + x] = (0..8).map(|y| MATRIX[u][y] * pixels[y * 8 + x]).sum();
        }
    }
    let mut coefficients = [0; 64];
    for u in 0..8 {
        for v in 0..8 {
            let sum: i32 = (0..8).map(|x| half[u * 8 + x] * MATRIX[v][x]).sum();
            coefficients[u * 8 + v] = (sum + (1 << 11)) >> 12;
        }
    }
    coefficients
}

/// Coefficients, each from -32,767 to 32,767, to pixels.
pub(super) fn inverse(coefficients: &Block) -> Block {
    let mut half = [0; 64];
    for y in 0..8 {
        for v in 0..8 {
            let sum: i32 = (0..8).map(|u| MATRIX[u][y] * coefficients[u * 8 + v]).sum();
            half[y * 8 + v] = (sum + (1 << 5)) >> 6;
        }
    }
    let mut pixels = [0; 64];
    for y in 0..8 {
        for x in 0..8 {
            let sum: i32 = (0..8).map(|v| half[y * 8 + v] * MATRIX[v][x]).sum();
            pixels[y * 8 + x] = (sum + (1 << 11)) >> 12;
        }
    }
    pixels
}

const MATRIX: [[i32; 8]; 8] = [
    [64, 64, 64, 64, 64, 64, 64, 64],
    [89, 75, 50, 18, -18, -50, -75, -89],
    [83, 36, -36, -83, -83, -36, 36, 83],
    [75, -18, -89, -50, 50, 89, 18, -75],
    [64, -64, -64, 64, 64, -64, -64, 64],
    [50, -89, 18, 75, -75, -18, 89, -50],
    [36, -83, 83, -36, -36, 83, -83, 36],
    [18, -50, 75, -89, 89, -75, 50, -18],
];

/// Where the coefficients are in the order in which they are told: low frequencies first.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pixels_come_back_almost(pixels in proptest::collection::vec(-255i32..=255, 64)) {
            let pixels: Block = pixels.try_into().unwrap();
            let coefficients = forward(&pixels);
            for (back, pixel) in inverse(&coefficients).iter().zip(pixels) {
                prop_assert!((back - pixel).abs() <= 2);
            }
        }

        #[test]
        fn any_coefficients_stay_inside_of_the_numbers(
            coefficients in proptest::collection::vec(-32_767i32..=32_767, 64),
        ) {
            inverse(&coefficients.try_into().unwrap());
        }
    }

    #[test]
    fn the_zigzag_has_each_place_once() {
        let mut seen = [false; 64];
        for place in ZIGZAG {
            seen[usize::from(place)] = true;
        }
        assert!(seen.into_iter().all(|seen| seen));
    }
}
