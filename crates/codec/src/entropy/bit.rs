//! The probability of a binary decision, learnt from its outcomes.

/// How probable `true` is, and how sure that is.
///
/// The first outcomes count for much, later ones for less: after `n` outcomes the probability
/// moves by `RATES[n]` of its error. That is the mean of the outcomes at first, and an
/// exponential mean later, which follows changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bit {
    /// In parts of 65,536; never 0.
    pub(super) probability: u16,
    seen: u8,
}

impl Bit {
    /// Nothing is known.
    pub(crate) const NEW: Self = Self {
        probability: 1 << 15,
        seen: 0,
    };

    /// Takes in an outcome.
    #[inline(always)]
    pub(super) fn learn(&mut self, outcome: bool) {
        let rate = u32::from(RATES[usize::from(self.seen) & (RATES.len() - 1)]);
        let probability = u32::from(self.probability);
        self.probability = if outcome {
            probability + (((65_535 - probability) * rate) >> 16)
        } else {
            probability - ((probability * rate) >> 16)
        } as u16;
        self.seen += u8::from(usize::from(self.seen) < RATES.len() - 1);
    }
}

impl Default for Bit {
    fn default() -> Self {
        Self::NEW
    }
}

/// `65536 / (n + 1.6)` in whole numbers, for `n` from 0 to 31.
const RATES: [u16; 32] = {
    let mut rates = [0; 32];
    let mut n = 0;
    while n < rates.len() {
        rates[n] = (655_360 / (10 * n as u32 + 16)) as u16;
        n += 1;
    }
    rates
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_stays_inside_its_range_whatever_happens() {
        for outcome in [false, true] {
            let mut bit = Bit::NEW;
            for _ in 0..10_000 {
                bit.learn(outcome);
                assert!(bit.probability > 0);
            }
            let probability = u32::from(bit.probability);
            assert!(if outcome {
                probability > 65_000
            } else {
                probability < 500
            });
            for _ in 0..40 {
                bit.learn(!outcome);
            }
            assert_eq!(bit.probability > 1 << 15, !outcome, "it follows a change");
        }
    }
}
