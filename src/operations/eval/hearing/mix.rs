//! Speech in plant noise at a chosen ratio, always the same for the same seed.
//!
//! The ratio is that of the active speech level (as ITU-T P.56 has it: pauses do not count;
//! here the mean power of the frames within 20 dB of the loudest) to the power of the noise
//! over the whole utterance.

use super::super::retrieval::dice::Dice;
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::rms;

/// A frame of the level meter, in samples (20 ms).
const FRAME: usize = SAMPLE_RATE as usize / 50;
/// Frames so far below the loudest are pauses, dB.
const ACTIVE_DB: f32 = 20.0;
/// Where a noise is shorter than the speech, its end runs into its beginning for so many
/// samples (50 ms): a hard cut would click.
const CROSSFADE: usize = SAMPLE_RATE as usize / 20;
/// No mixture is louder than this.
const PEAK: f32 = 0.99;

/// The first and the last sample (exclusive) that anybody speaks in, with the level of the
/// active frames (RMS, 0..1); `None` for silence.
fn active(samples: &[f32]) -> Option<(usize, usize, f32)> {
    let levels: Vec<f32> = samples.chunks(FRAME).map(rms).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    let threshold = loudest * 10_f32.powf(-ACTIVE_DB / 20.0);
    if loudest <= 0.0 {
        return None;
    }
    let is_active = |level: &f32| *level >= threshold;
    let first = levels.iter().position(is_active)?;
    let last = levels.iter().rposition(is_active)?;
    let (sum, count) = levels
        .iter()
        .filter(|l| is_active(l))
        .fold((0.0_f64, 0_usize), |(sum, n), l| (sum + f64::from(*l).powi(2), n + 1));
    let level = (sum / count.max(1) as f64).sqrt() as f32;
    Some((first * FRAME, ((last + 1) * FRAME).min(samples.len()), level))
}

/// The active speech level of samples, RMS 0..1; 0 for silence.
pub fn active_level(samples: &[f32]) -> f32 {
    active(samples).map_or(0.0, |(_, _, level)| level)
}

/// The utterance in a recording as the ear would cut it: `lead` samples before the first
/// speech and `tail` after the last, as far as the recording has them. In steady noise all
/// of it is speech, and nothing is cut.
pub fn trimmed(samples: &[f32], lead: usize, tail: usize) -> &[f32] {
    let Some((first, last, _)) = active(samples) else { return samples };
    let (begin, end) = (first.saturating_sub(lead), (last + tail).min(samples.len()));
    samples.get(begin..end).unwrap_or(samples)
}

/// A stretch of `noise` of `length` samples from a place that `dice` choose; a shorter noise
/// is looped, its end faded into its beginning. Silence where there is no noise.
pub fn stretch(noise: &[f32], length: usize, dice: &mut Dice) -> Vec<f32> {
    if noise.is_empty() {
        return vec![0.0; length];
    }
    if noise.len() >= length {
        let begin = dice.below(noise.len() - length + 1);
        return noise.iter().skip(begin).take(length).copied().collect();
    }
    let fade = CROSSFADE.min(noise.len() / 2);
    // A round of the loop is shorter by the fade: its first samples hold the end too.
    let round = noise.len() - fade;
    let looped = |n: usize| {
        let this = noise.get(n).copied().unwrap_or_default();
        if n >= fade {
            return this;
        }
        let end = noise.get(round + n).copied().unwrap_or_default();
        // Of equal power: noises are not alike in phase.
        let share = n as f32 / fade as f32;
        this * share.sqrt() + end * (1.0 - share).sqrt()
    };
    let begin = dice.below(round);
    (0..length).map(|n| looped((begin + n) % round)).collect()
}

/// `speech` with `noise` (as long, or it is cut to the shorter) at `snr_db`. Where the sum
/// would clip, both are made quieter, so that the ratio stays. Speech or noise that is
/// silent is returned as it is.
pub fn at_snr(speech: &[f32], noise: &[f32], snr_db: f32) -> Vec<f32> {
    let (level, noise_level) = (active_level(speech), rms(noise));
    let gain = if level > 0.0 && noise_level > 0.0 {
        level / noise_level * 10_f32.powf(-snr_db / 20.0)
    } else {
        0.0
    };
    let mut mixed: Vec<f32> = speech.iter().zip(noise).map(|(s, n)| s + gain * n).collect();
    let peak = mixed.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    if peak > PEAK {
        mixed.iter_mut().for_each(|s| *s *= PEAK / peak);
    }
    mixed
}

/// Samples as 16 bit have them: who reads them from a file hears the same as we.
pub fn quantised(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|s| (s * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone that pauses for half of the time.
    fn speech(amplitude: f32) -> Vec<f32> {
        let rate = SAMPLE_RATE as usize;
        (0..rate * 3)
            .map(|i| if i % rate < rate / 2 { amplitude * (i as f32 * 0.2).sin() } else { 0.0 })
            .collect()
    }

    fn noise(length: usize, amplitude: f32) -> Vec<f32> {
        let mut dice = Dice::new(3);
        (0..length).map(|_| amplitude * (dice.below(2_001) as f32 / 1_000.0 - 1.0)).collect()
    }

    #[test]
    fn pauses_do_not_count_for_the_speech_level() {
        let level = active_level(&speech(0.5));
        assert!((level - 0.5 / 2_f32.sqrt()).abs() < 0.005, "{level}");
        assert_eq!(active_level(&[0.0; 1_000]), 0.0);
    }

    #[test]
    fn the_ratio_is_what_was_asked_for_within_a_tenth_of_a_decibel() {
        for amplitude in [0.01, 0.3, 0.98] {
            let speech = speech(amplitude);
            let noise = stretch(&noise(20_000, 0.2), speech.len(), &mut Dice::new(1));
            for snr in [20.0, 10.0, 5.0, 0.0, -5.0] {
                let mixed = at_snr(&speech, &noise, snr);
                // The speech is known up to one gain: least squares finds it.
                let dot = |a: &[f32], b: &[f32]| -> f64 {
                    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let (ss, nn, sn) = (dot(&speech, &speech), dot(&noise, &noise), dot(&speech, &noise));
                let (ms, mn) = (dot(&mixed, &speech), dot(&mixed, &noise));
                let determinant = ss * nn - sn * sn;
                let (a, b) = ((ms * nn - mn * sn) / determinant, (mn * ss - ms * sn) / determinant);
                let scaled = |samples: &[f32], gain: f64| -> Vec<f32> {
                    samples.iter().map(|s| s * gain as f32).collect()
                };
                let got = 20.0 * (active_level(&scaled(&speech, a)) / rms(&scaled(&noise, b))).log10();
                assert!((got - snr).abs() < 0.1, "{amplitude}: wanted {snr}, got {got}");
                assert!(mixed.iter().all(|s| s.abs() <= 1.0), "clipped");
            }
        }
    }

    #[test]
    fn a_short_noise_is_looped_without_a_click() {
        let ramp: Vec<f32> = (0..4_000).map(|n| n as f32 / 4_000.0).collect();
        let long = stretch(&ramp, 20_000, &mut Dice::new(5));
        assert_eq!(long.len(), 20_000);
        let jump = long.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(jump < 0.05, "a jump of {jump}");
        let one = stretch(&ramp, 100, &mut Dice::new(5));
        assert_eq!(one, stretch(&ramp, 100, &mut Dice::new(5)), "a seed repeats");
        assert_ne!(one, stretch(&ramp, 100, &mut Dice::new(6)));
        assert_eq!(stretch(&[], 3, &mut Dice::new(1)), [0.0; 3]);
        assert_eq!(stretch(&[0.5], 3, &mut Dice::new(1)), [0.5; 3]);
    }

    #[test]
    fn an_utterance_keeps_a_lead_and_a_tail() {
        let mut samples = vec![0.0; 16_000];
        samples.extend(speech(0.5).iter().take(8_000));
        samples.extend(vec![0.0; 16_000]);
        let cut = trimmed(&samples, 3_200, 2_048);
        assert!(cut.len().abs_diff(8_000 + 3_200 + 2_048) <= 2 * FRAME, "{}", cut.len());
        assert_eq!(trimmed(&noise(5_000, 0.1), 320, 320).len(), 5_000);
        assert_eq!(trimmed(&[0.0; 500], 1, 1).len(), 500);
    }
}
