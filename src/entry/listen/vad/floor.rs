//! The noise under the speech, by minimum statistics (R. Martin, "Noise power spectral
//! density estimation based on optimal smoothing and minimum statistics", IEEE Trans. Speech
//! and Audio Processing 9, 2001), on the level alone: speech pauses somewhere within two
//! seconds, noise does not.

/// Frames of one part of the window, and parts: 8 × 8 × 32 ms = 2 s.
const PART: usize = 8;
const PARTS: usize = 8;
/// Share of the old level in the smoothed one.
const SMOOTH: f32 = 0.7;
/// From this floor on it is noisy, and below the other no more, dBFS.
const NOISY_DBFS: f32 = -50.0;
const QUIET_DBFS: f32 = -56.0;

/// The tracker of the noise floor.
#[derive(Debug, Clone, Default)]
pub struct Floor {
    smoothed: Option<f32>,
    /// Minima of the last parts, the newest last.
    minima: std::collections::VecDeque<f32>,
    part: Option<f32>,
    frames: usize,
    noisy: Option<bool>,
}

impl Floor {
    /// Takes the level of the next frame, dBFS.
    pub fn push(&mut self, level_dbfs: f32) {
        let smoothed = self.smoothed.map_or(level_dbfs, |old| SMOOTH * old + (1.0 - SMOOTH) * level_dbfs);
        self.smoothed = Some(smoothed);
        self.part = Some(self.part.map_or(smoothed, |least| least.min(smoothed)));
        self.frames += 1;
        if self.frames == PART {
            self.frames = 0;
            self.minima.extend(self.part.take());
            if self.minima.len() > PARTS {
                self.minima.pop_front();
            }
        }
        let noisy = self.noisy.unwrap_or(true);
        self.noisy = self.level().map(|floor| floor > if noisy { QUIET_DBFS } else { NOISY_DBFS });
    }

    /// The noise floor, dBFS; unknown for the first quarter of a second.
    pub fn level(&self) -> Option<f32> {
        (!self.minima.is_empty())
            .then(|| self.minima.iter().chain(&self.part).copied().fold(f32::INFINITY, f32::min))
    }

    /// Is it noisy? Taken for so while it is not known.
    pub fn is_noisy(&self) -> bool {
        self.noisy.unwrap_or(true)
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn after(levels: impl IntoIterator<Item = f32>) -> Floor {
        let mut floor = Floor::default();
        levels.into_iter().for_each(|level| floor.push(level));
        floor
    }

    #[test]
    fn speech_over_noise_does_not_raise_the_floor() {
        // 400 ms of speech, 100 ms of gap.
        let floor = after((0..200).map(|i| if i % 16 < 13 { -20.0 } else { -62.0 }));
        assert!(floor.level().unwrap() < -45.0, "{floor:?}");
        let steady = after([-40.0; 100]);
        assert!((steady.level().unwrap() + 40.0).abs() < 0.1 && steady.is_noisy());
    }

    #[test]
    fn between_the_two_bounds_it_stays_what_it_was() {
        let mut floor = after([-60.0; 100]);
        assert!(!floor.is_noisy());
        (0..100).for_each(|_| floor.push(-53.0));
        assert!(!floor.is_noisy());
        (0..100).for_each(|_| floor.push(-45.0));
        assert!(floor.is_noisy());
        (0..100).for_each(|_| floor.push(-53.0));
        assert!(floor.is_noisy());
        (0..100).for_each(|_| floor.push(-60.0));
        assert!(!floor.is_noisy());
    }

    #[test]
    fn what_is_not_known_yet_is_taken_for_noisy() {
        assert!(after([-90.0; 3]).is_noisy());
        assert_eq!(after([-90.0; 3]).level(), None);
    }
}
