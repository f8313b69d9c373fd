//! Short tones that need no voice. Up means "go on", down means "no"; they differ in
//! rhythm as well as in pitch, for people who hear one of the two badly.

use std::f32::consts::TAU;

use super::voice::Pcm;

/// Sample rate of every earcon, the usual one of the voices.
pub const SAMPLE_RATE: u32 = 22_050;
/// A tone rises and falls over this long: without it, it clicks.
const EDGE_MS: u32 = 8;
const LEVEL: f32 = 0.35;

/// What a tone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earcon {
    /// Speak now.
    Listening,
    /// The question has been heard.
    Heard,
    /// No answer from the manuals.
    Refused,
    /// Something is broken.
    Error,
}

impl Earcon {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Listening, Self::Heard, Self::Refused, Self::Error];

    /// (hertz, milliseconds) of each tone; 0 Hz is a rest.
    const fn tones(self) -> &'static [(f32, u32)] {
        match self {
            Self::Listening => &[(660.0, 70), (880.0, 90)],
            Self::Heard => &[(880.0, 80)],
            Self::Refused => &[(520.0, 120), (390.0, 180)],
            Self::Error => &[(300.0, 90), (0.0, 50), (300.0, 90), (0.0, 50), (300.0, 160)],
        }
    }

    /// The sound.
    #[must_use]
    pub fn pcm(self) -> Pcm {
        let mut samples = Vec::new();
        for (hertz, ms) in self.tones() {
            let count = ms * SAMPLE_RATE / 1000;
            let edge = (EDGE_MS * SAMPLE_RATE / 1000) as f32;
            samples.extend((0..count).map(|i| {
                let to_edge = i.min(count - 1 - i) as f32;
                let envelope = (to_edge / edge).min(1.0);
                (TAU * hertz * i as f32 / SAMPLE_RATE as f32).sin() * envelope * LEVEL
            }));
        }
        Pcm { samples, sample_rate: SAMPLE_RATE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earcons_are_short_smooth_and_different() {
        let sounds: Vec<Pcm> = Earcon::ALL.iter().map(|e| e.pcm()).collect();
        for sound in &sounds {
            assert!((60..=500).contains(&sound.ms()), "{} ms", sound.ms());
            assert!(sound.samples.iter().all(|s| s.abs() <= LEVEL));
            assert!(sound.samples.iter().any(|s| s.abs() > 0.9 * LEVEL));
            let jump = sound.samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(jump < 0.12, "a click of {jump}");
        }
        assert!(sounds.iter().enumerate().all(|(i, a)| sounds[..i].iter().all(|b| a != b)));
    }
}
