//! How loud it is at the microphone: a meter over the last second.

use std::collections::VecDeque;

use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::dbfs;

/// One block is 100 ms; ten of them are the last second.
const BLOCK: usize = SAMPLE_RATE as usize / 10;
const BLOCKS: usize = 10;

/// From this magnitude on a sample counts as clipped (−0.1 dBFS; converters rarely reach 1.0).
const CLIPPED: f32 = 0.989;
/// So many clipped samples in a second are heard as distortion.
const CLIPPING: u32 = 8;
/// Speech whose loudest 100 ms stay below this is too quiet for the recogniser, in dBFS.
const QUIET_DBFS: f32 = -45.0;

/// What the meter shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square of the newest 100 ms, dBFS.
    pub rms_dbfs: f32,
    /// Highest magnitude in the last second, dBFS.
    pub peak_dbfs: f32,
    /// What to tell the speaker.
    pub verdict: Verdict,
}

/// What to tell the speaker about the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to say.
    Good,
    /// Speech would not be understood: nearer to the microphone, or its gain up.
    TooQuiet,
    /// Distorted: farther from the microphone, or its gain down.
    Clipping,
}

/// A meter over the last second of 16 kHz samples.
#[derive(Debug, Default)]
pub struct Meter {
    blocks: VecDeque<Block>,
    filling: Block,
}

#[derive(Debug, Default, Clone, Copy)]
struct Block {
    samples: usize,
    energy: f64,
    peak: f32,
    clipped: u32,
}

impl Block {
    fn rms(&self) -> f32 {
        if self.samples == 0 {
            0.0
        } else {
            (self.energy / self.samples as f64).sqrt() as f32
        }
    }
}

impl Meter {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            let magnitude = sample.abs();
            self.filling.samples += 1;
            self.filling.energy += f64::from(sample) * f64::from(sample);
            self.filling.peak = self.filling.peak.max(magnitude);
            self.filling.clipped += u32::from(magnitude >= CLIPPED);
            if self.filling.samples == BLOCK {
                self.blocks.push_back(std::mem::take(&mut self.filling));
                if self.blocks.len() > BLOCKS {
                    self.blocks.pop_front();
                }
            }
        }
    }

    /// What the meter shows now.
    pub fn level(&self) -> Level {
        let newest = self.blocks.back().copied().unwrap_or(self.filling);
        let peak = self
            .blocks
            .iter()
            .chain([&self.filling])
            .fold(0.0_f32, |p, b| p.max(b.peak));
        let loudest = self.blocks.iter().fold(0.0_f32, |l, b| l.max(b.rms()));
        let clipped: u32 = self.blocks.iter().map(|b| b.clipped).sum();
        let verdict = if clipped >= CLIPPING {
            Verdict::Clipping
        } else if self.blocks.len() == BLOCKS && dbfs(loudest) < QUIET_DBFS {
            Verdict::TooQuiet
        } else {
            Verdict::Good
        };
        Level {
            rms_dbfs: dbfs(newest.rms()),
            peak_dbfs: dbfs(peak),
            verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hear::loudness::FLOOR_DBFS;

    fn after(samples: &[f32]) -> Level {
        let mut meter = Meter::default();
        meter.push(samples);
        meter.level()
    }

    fn square(magnitude: f32, seconds: f32) -> Vec<f32> {
        let n = (SAMPLE_RATE as f32 * seconds) as usize;
        (0..n)
            .map(|i| if i % 2 == 0 { magnitude } else { -magnitude })
            .collect()
    }

    #[test]
    fn a_square_wave_of_a_tenth_reads_minus_twenty() {
        let level = after(&square(0.1, 1.0));
        assert!((level.rms_dbfs + 20.0).abs() < 0.01 && (level.peak_dbfs + 20.0).abs() < 0.01);
        assert_eq!(level.verdict, Verdict::Good);
    }

    #[test]
    fn silence_reads_the_floor_and_is_too_quiet() {
        let level = after(&[0.0; 16_000]);
        assert_eq!((level.rms_dbfs, level.peak_dbfs), (FLOOR_DBFS, FLOOR_DBFS));
        assert_eq!(level.verdict, Verdict::TooQuiet);
    }

    #[test]
    fn nothing_is_said_about_quiet_before_a_second_has_passed() {
        assert_eq!(after(&[0.0; 8_000]).verdict, Verdict::Good);
    }

    #[test]
    fn full_scale_is_clipping_for_a_second_and_then_forgotten() {
        let mut meter = Meter::default();
        meter.push(&square(1.0, 0.1));
        assert_eq!(meter.level().verdict, Verdict::Clipping);
        meter.push(&square(0.2, 1.0));
        assert_eq!(meter.level().verdict, Verdict::Good);
    }
}
