//! Seeded randomness: the same seed, the same run.

/// SplitMix64. Good enough to resample and to place things; nothing secret hangs on it.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The bias at these sizes is below 2⁻⁴⁰.
        ((u128::from(self.roll()) * n as u128) >> 64) as usize
    }

    /// One of `all`; `all` must not be empty.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_stays_below() {
        let roll =
            |seed| (0..100).map(|_| 6).scan(Dice::new(seed), |d, n| Some(d.below(n))).collect::<Vec<_>>();
        assert_eq!(roll(1), roll(1));
        assert_ne!(roll(1), roll(2));
        assert!((0..6).all(|n| roll(1).contains(&n)) && roll(1).iter().all(|r| *r < 6));
        assert_eq!(Dice::new(1).below(0), 0);
    }
}
