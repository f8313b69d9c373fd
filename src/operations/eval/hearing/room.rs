//! A room with a loudspeaker, a microphone and somebody in it.
//!
//! ```text
//!  played ─▶ drift ─▶ delay ─▶ a small loudspeaker's bend ─▶ room ─▶ level ─┐
//!                                            somebody ─▶ room ─▶ level ──────┼─▶ microphone
//!                                                         the room's noise ──┘
//! ```
//! Everything is at 16 kHz and follows from the seed.

use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::{dbfs, rms};
use crate::operations::eval::retrieval::dice::Dice;

const RATE: f32 = SAMPLE_RATE as f32;

/// Evenly in 0..1.
pub fn unit(dice: &mut Dice) -> f32 {
    (dice.roll() >> 40) as f32 / (1u64 << 24) as f32
}

/// Normal, by the sum of twelve.
fn normal(dice: &mut Dice) -> f32 {
    (0..12).map(|_| unit(dice)).sum::<f32>() - 6.0
}

/// How sound gets from the loudspeaker to the microphone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// The echo beside what is played, dB.
    pub level_db: f32,
    /// From the pull of the mixer to the microphone, milliseconds.
    pub delay_ms: f32,
    /// Time in which the room falls silent by 60 dB, seconds.
    pub rt60: f32,
    /// The microphone's clock is faster than the loudspeaker's by so much.
    pub drift_ppm: f32,
    /// Of the room and its noise.
    pub seed: u64,
}

/// The room's answer to a clap: the direct sound, early reflections, an exponential tail
/// (about −10 dB of the direct sound's energy at 0.2 s, −3 dB at 0.6 s). Energy 1.
pub fn response(rt60: f32, dice: &mut Dice) -> Vec<f32> {
    let len = (rt60 * 0.8 * RATE) as usize;
    let mut h = vec![0.0; len.max(1)];
    let decay = -6.9 / (rt60 * RATE);
    let tail = 0.5 * rt60.sqrt() / (0.6_f32 * RATE * rt60 / 6.9).sqrt();
    for (i, slot) in h.iter_mut().enumerate().skip((0.004 * RATE) as usize) {
        *slot = tail * normal(dice) * (decay * i as f32).exp();
    }
    for _ in 0..6 {
        let at = ((0.001 + 0.02 * unit(dice)) * RATE) as usize;
        let gain = 0.5 * unit(dice) * if unit(dice) < 0.5 { -1.0 } else { 1.0 };
        if let Some(slot) = h.get_mut(at) {
            *slot += gain;
        }
    }
    if let Some(direct) = h.first_mut() {
        *direct = 1.0;
    }
    let energy: f32 = h.iter().map(|s| s * s).sum::<f32>().sqrt();
    h.iter_mut().for_each(|s| *s /= energy);
    h
}

/// The samples through the room.
pub fn convolve(samples: &[f32], h: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0_f32; samples.len()];
    for (i, &s) in samples.iter().enumerate().filter(|(_, s)| **s != 0.0) {
        for (slot, tap) in out[i..].iter_mut().zip(h) {
            *slot += s * tap;
        }
    }
    out
}

/// The same sound by a clock that is faster by `ppm`, and `delay` samples later (linear
/// interpolation: speech has little near 8 kHz).
fn drifted(samples: &[f32], ppm: f32, delay: f64) -> Vec<f32> {
    let at = |i: i64| usize::try_from(i).ok().and_then(|i| samples.get(i)).copied().unwrap_or(0.0);
    let slow = 1.0 / (1.0 + f64::from(ppm) * 1e-6);
    (0..samples.len())
        .map(|i| {
            let x = i as f64 * slow - delay;
            let (whole, part) = (x.floor(), (x - x.floor()) as f32);
            at(whole as i64) * (1.0 - part) + at(whole as i64 + 1) * part
        })
        .collect()
}

/// Root mean square of where something sounds.
fn sounding(samples: &[f32]) -> f32 {
    let loud: Vec<f32> =
        samples.chunks(320).map(rms).filter(|level| *level > 1e-3).map(|level| level * level).collect();
    (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt()
}

/// What of `played` comes to the microphone.
pub fn echo(played: &[f32], path: &Path) -> Vec<f32> {
    let mut dice = Dice::new(path.seed);
    let h = response(path.rt60, &mut dice);
    let late = drifted(played, path.drift_ppm, f64::from(path.delay_ms * RATE / 1000.0));
    // A small loudspeaker bends what is loud: some 2 % at full scale.
    let bent: Vec<f32> = late.iter().map(|s| s - 0.05 * s * s * s + 0.02 * s * s).collect();
    let mut echo = convolve(&bent, &h);
    let gain = 10_f32.powf(path.level_db / 20.0) * sounding(played) / sounding(&echo).max(1e-6);
    echo.iter_mut().for_each(|s| *s *= gain);
    echo
}

/// Adds the noise of a quiet room (falling by 6 dB an octave above 300 Hz) at a level, dBFS.
pub fn murmur(samples: &mut [f32], level_dbfs: f32, dice: &mut Dice) {
    let (mut low, mut noise) = (0.0_f32, Vec::with_capacity(samples.len()));
    for _ in 0..samples.len() {
        low += 0.11 * (normal(dice) - low);
        noise.push(low);
    }
    let gain = 10_f32.powf((level_dbfs - dbfs(rms(&noise))) / 20.0);
    for (slot, sample) in samples.iter_mut().zip(noise) {
        *slot = (*slot + gain * sample).clamp(-1.0, 1.0);
    }
}

/// Lays an utterance into `microphone` at a sample, as loud as `rms_there` where it sounds. Returns the
/// sample at which its first sound begins.
pub fn speak(microphone: &mut [f32], utterance: &[f32], at: usize, rms_there: f32) -> usize {
    let gain = rms_there / sounding(utterance).max(1e-6);
    for (slot, sample) in microphone.iter_mut().skip(at).zip(utterance) {
        *slot += gain * sample;
    }
    at + onset(utterance, 30.0)
}

/// Where an utterance begins: the first 5 ms within so many dB of its loudest.
pub fn onset(utterance: &[f32], within_db: f32) -> usize {
    let levels: Vec<f32> = utterance.chunks(80).map(|c| dbfs(rms(c))).collect();
    let top = levels.iter().copied().fold(f32::MIN, f32::max);
    levels.iter().position(|level| *level > top - within_db).unwrap_or(0) * 80
}

/// The level of the echo where it sounds.
pub fn level_of(echo: &[f32]) -> f32 {
    sounding(echo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn click(at: usize, len: usize) -> Vec<f32> {
        let mut samples = vec![0.0; len];
        samples[at] = 0.5;
        samples
    }

    #[test]
    fn the_echo_is_as_late_and_as_loud_as_the_path_says() {
        let mut dice = Dice::new(3);
        let played: Vec<f32> = (0..32_000).map(|_| 0.1 * normal(&mut dice)).collect();
        let path = Path { level_db: -12.0, delay_ms: 100.0, rt60: 0.3, drift_ppm: 0.0, seed: 5 };
        let echo = echo(&played, &path);
        assert!((dbfs(sounding(&echo)) - dbfs(sounding(&played)) + 12.0).abs() < 0.5);
        let of = super::echo(&click(100, 8_000), &path);
        let first = of.iter().position(|s| s.abs() > 1e-4);
        assert!(first.is_some_and(|f| f.abs_diff(1_700) <= 1), "{first:?}");
    }

    #[test]
    fn a_fast_clock_hears_the_end_later() {
        let late = drifted(&click(100_000, 200_000), 100.0, 0.0);
        let at = late.iter().position(|s| *s > 0.1);
        assert!(at.is_some_and(|at| at.abs_diff(100_010) <= 1), "{at:?}");
    }

    #[test]
    fn the_room_falls_silent_in_its_time() {
        let h = response(0.4, &mut Dice::new(1));
        let level = |from: f32| {
            let from = (from * RATE) as usize;
            dbfs(rms(&h[from..from + 800]))
        };
        let slope = (level(0.05) - level(0.2)) / 0.15;
        assert!((120.0..180.0).contains(&slope), "{slope} dB/s");
    }

    #[test]
    fn an_utterance_begins_where_it_begins() {
        let mut utterance = vec![0.0; 1_600];
        utterance.extend((0..1_600).map(|i| (i as f32).sin()));
        assert_eq!(onset(&utterance, 30.0), 1_600);
        let mut microphone = vec![0.0; 8_000];
        assert_eq!(speak(&mut microphone, &utterance, 2_000, 0.1), 3_600);
    }
}
