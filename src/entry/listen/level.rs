//! How loud it is at the microphone: a meter over the last second, and a verdict on the last
//! utterance.

use std::collections::VecDeque;

use super::vad::Frame;
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::dbfs;

/// One block is 100 ms; ten of them are the last second.
const BLOCK: usize = SAMPLE_RATE as usize / 10;
const BLOCKS: usize = 10;

/// From this magnitude on a sample is at full scale (−0.1 dBFS; converters rarely reach 1.0).
const FULL: f32 = 0.989;
/// One sample at full scale is a peak; so many in a row are a peak that was cut off.
const CUT_OFF: u32 = 3;
/// Speech below this is too quiet for the recogniser, dBFS: normal speech into a headset
/// lies at −30 to −15.
const QUIET_DBFS: f32 = -45.0;
/// Speech that stands out of the noise by less is hardly understood, dB.
const NOISY_DB: f32 = 5.0;
/// So many frames of speech (of 32 ms) are judged; a click is not.
const FRAMES: u32 = 8;
/// From this probability on a frame is speech.
const SPEECH: f32 = 0.5;
/// How fast the noise level follows, a share per frame: about 2 s.
const FOLLOW: f64 = 0.016;

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
    /// The last utterance was too quiet to be understood surely.
    TooQuiet,
    /// The last utterance hardly stood out of the noise.
    TooNoisy,
    /// Distorted in the last second.
    Clipping,
}

/// A verdict for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// What is wrong, in a few words.
    pub text: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

impl Verdict {
    /// What to say; `None` where all is well.
    pub fn warning(self) -> Option<Warning> {
        let (text, hint) = match self {
            Verdict::Good => return None,
            Verdict::TooQuiet => ("too quiet", "hold the microphone nearer, or turn its gain up"),
            Verdict::TooNoisy => {
                ("too noisy", "hold the microphone nearer to the mouth, or turn away from the noise")
            }
            Verdict::Clipping => ("clipping", "hold the microphone farther away, or turn its gain down"),
        };
        Some(Warning { text, hint })
    }
}

/// A meter over the last second of 16 kHz samples, and over the last utterance.
#[derive(Debug, Default)]
pub struct Meter {
    blocks: VecDeque<Block>,
    filling: Block,
    /// Samples at full scale in a row, up to now.
    run: u32,
    utterance: Utterance,
    last: Option<Verdict>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Block {
    samples: usize,
    energy: f64,
    peak: f32,
    clipped: bool,
}

/// Powers (1 is full scale) of the frames of an utterance and of the noise around it.
#[derive(Debug, Default)]
struct Utterance {
    speech: f64,
    frames: u32,
    clipped: bool,
    noise: Option<f64>,
}

impl Block {
    fn rms(&self) -> f32 {
        if self.samples == 0 { 0.0 } else { (self.energy / self.samples as f64).sqrt() as f32 }
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
            self.run = if magnitude >= FULL { self.run + 1 } else { 0 };
            if self.run >= CUT_OFF {
                self.clipped();
            }
            if self.filling.samples == BLOCK {
                self.blocks.push_back(std::mem::take(&mut self.filling));
                if self.blocks.len() > BLOCKS {
                    self.blocks.pop_front();
                }
            }
        }
    }

    /// The source itself has seen cut-off peaks ([`Health::clipped`] has grown): conversion
    /// to 16 kHz rounds them off, so that [`Meter::push`] may not.
    ///
    /// [`Health::clipped`]: crate::entry::microphone::Health::clipped
    pub fn clipped(&mut self) {
        self.filling.clipped = true;
        self.utterance.clipped = true;
    }

    /// Takes what the voice detector found in the next 512 samples.
    pub fn frame(&mut self, frame: Frame) {
        let power = 10_f64.powf(f64::from(frame.level_dbfs) / 10.0);
        if frame.speech >= SPEECH {
            self.utterance.speech += power;
            self.utterance.frames += 1;
        } else {
            let noise = self.utterance.noise.get_or_insert(power);
            *noise += FOLLOW * (power - *noise);
        }
    }

    /// An utterance has ended: judges it. The verdict stands until the next one.
    pub fn ended(&mut self) -> Verdict {
        let Utterance { speech, frames, clipped, noise } = std::mem::take(&mut self.utterance);
        self.utterance.noise = noise;
        if frames < FRAMES {
            return self.last.unwrap_or(Verdict::Good);
        }
        let power = speech / f64::from(frames);
        let decibels = |power: f64| 10.0 * power.max(1e-12).log10() as f32;
        // Frames of speech hold the noise too.
        let above = noise.map(|noise| decibels((power - noise).max(0.0)) - decibels(noise));
        let verdict = if clipped {
            Verdict::Clipping
        } else if decibels(power) < QUIET_DBFS {
            Verdict::TooQuiet
        } else if above.is_some_and(|db| db < NOISY_DB) {
            Verdict::TooNoisy
        } else {
            Verdict::Good
        };
        self.last = Some(verdict);
        verdict
    }

    /// What the meter shows now.
    pub fn level(&self) -> Level {
        let newest = self.blocks.back().copied().unwrap_or(self.filling);
        let peak = self.blocks.iter().chain([&self.filling]).fold(0.0_f32, |p, b| p.max(b.peak));
        let clipped = self.filling.clipped || self.blocks.iter().any(|b| b.clipped);
        let verdict = match self.last {
            _ if clipped => Verdict::Clipping,
            // That lies in the past: it may have been a single shout.
            None | Some(Verdict::Clipping) => Verdict::Good,
            Some(verdict) => verdict,
        };
        Level { rms_dbfs: dbfs(newest.rms()), peak_dbfs: dbfs(peak), verdict }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
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
        (0..n).map(|i| if i % 2 == 0 { magnitude } else { -magnitude }).collect()
    }

    #[test]
    fn a_square_wave_of_a_tenth_reads_minus_twenty() {
        let level = after(&square(0.1, 1.0));
        assert!((level.rms_dbfs + 20.0).abs() < 0.01 && (level.peak_dbfs + 20.0).abs() < 0.01);
        assert_eq!(level.verdict, Verdict::Good);
    }

    #[test]
    fn silence_reads_the_floor_and_nobody_is_told_off_for_it() {
        let level = after(&[0.0; 16_000]);
        assert_eq!((level.rms_dbfs, level.peak_dbfs), (FLOOR_DBFS, FLOOR_DBFS));
        assert_eq!(level.verdict, Verdict::Good);
    }

    #[test]
    fn full_scale_is_clipping_for_a_second_and_then_forgotten() {
        let mut meter = Meter::default();
        meter.push(&square(1.0, 0.1));
        assert_eq!(meter.level().verdict, Verdict::Clipping);
        meter.push(&square(0.2, 1.0));
        assert_eq!(meter.level().verdict, Verdict::Good);
    }

    #[test]
    fn a_loud_peak_that_is_whole_is_no_clipping() {
        let mut meter = Meter::default();
        for _ in 0..100 {
            meter.push(&[0.5, 0.95, 1.0, 0.995, 0.9, 0.2]);
        }
        assert_eq!(meter.level().verdict, Verdict::Good);
        meter.push(&[1.0, 1.0]);
        meter.push(&[1.0]);
        assert_eq!(meter.level().verdict, Verdict::Clipping, "in a row across two pushes");
    }

    /// The verdict on half a second of speech at this level in noise at that one.
    fn heard(speech_dbfs: f32, noise_dbfs: f32) -> Verdict {
        let mut meter = Meter::default();
        for _ in 0..60 {
            meter.frame(Frame { speech: 0.0, level_dbfs: noise_dbfs });
        }
        for _ in 0..16 {
            meter.frame(Frame { speech: 1.0, level_dbfs: speech_dbfs });
        }
        assert_eq!(meter.level().verdict, Verdict::Good, "nothing is said before the end");
        let verdict = meter.ended();
        assert_eq!(meter.level().verdict, verdict);
        verdict
    }

    #[test]
    fn an_utterance_is_judged_by_its_own_level_and_by_the_noise_around_it() {
        assert_eq!(heard(-25.0, -60.0), Verdict::Good);
        assert_eq!(heard(-50.0, -80.0), Verdict::TooQuiet);
        assert_eq!(heard(-25.0, -27.0), Verdict::TooNoisy);
        assert_eq!(heard(-15.0, -27.0), Verdict::Good);
    }

    #[test]
    fn a_click_is_not_judged_and_a_good_utterance_takes_the_warning_back() {
        let mut meter = Meter::default();
        let mut say = |frames, level_dbfs| {
            for _ in 0..frames {
                meter.frame(Frame { speech: 1.0, level_dbfs });
            }
            meter.ended()
        };
        assert_eq!(say(2, -70.0), Verdict::Good);
        assert_eq!(say(20, -50.0), Verdict::TooQuiet);
        assert_eq!(say(2, -20.0), Verdict::TooQuiet);
        assert_eq!(say(20, -20.0), Verdict::Good);
    }

    #[test]
    fn every_verdict_but_the_good_one_says_what_to_do() {
        for verdict in [Verdict::TooQuiet, Verdict::TooNoisy, Verdict::Clipping] {
            let warning = verdict.warning().unwrap();
            assert!(!warning.text.is_empty() && !warning.hint.is_empty());
        }
        assert_eq!(Verdict::Good.warning(), None);
    }
}
