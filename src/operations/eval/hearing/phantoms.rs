//! Hours of noise through the live path: what is asked of nobody.
//!
//! Noise comes in blocks of a minute, made from the clips of `noise/` by a seeded script
//! ([`Hours`]), and go through the product's own ear, recogniser and attention. Each question
//! that comes out is a phantom. Babble is people speaking: it is counted apart.

use std::ops::Range;

use super::super::report::Want;
use super::super::retrieval::dice::Dice;
use super::corpora::{self, samples};
use super::live::{Happened, Live, Setup, What};
use super::mix::stretch;
use super::{Options, SEED, Sheet, Told};
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::{FLOOR_DBFS, sorted_frames};
use crate::entry::listen::attention::Out;
use crate::operations::outcome::{Error, Kind, Result};

/// Samples of a block: a minute.
const BLOCK: usize = SAMPLE_RATE as usize * 60;
/// A scene within a block takes 4 to 16 s.
const SCENE: Range<usize> = SAMPLE_RATE as usize * 4..SAMPLE_RATE as usize * 16;
/// Scenes run into each other for so many samples (250 ms).
const CROSSFADE: usize = SAMPLE_RATE as usize / 4;
/// At most so many clips sound at once.
const OVERLAP: usize = 3;
/// The loudest 100 ms of a clip are at one of these levels, dBFS.
const LEVELS: std::ops::RangeInclusive<i32> = -40..=-6;
/// Minutes of noise without voices, and of babble; fewer where it is to be quick.
const MINUTES: (usize, usize) = (180, 60);
const QUICK_MINUTES: (usize, usize) = (10, 5);

/// Noises of one kind, to make hours of.
pub struct Hours {
    clips: Vec<(String, Vec<f32>)>,
    dice: Dice,
}

/// A minute of noise.
pub struct Block {
    /// What sounds in it.
    pub labels: Vec<String>,
    /// Mono, 16 kHz.
    pub samples: Vec<f32>,
}

impl Hours {
    /// Of the clips of `from/noise` whose category is wanted. The same seed gives the same hours.
    ///
    /// # Errors
    /// `Missing` where there are none, or one cannot be read.
    pub fn load(from: &std::path::Path, seed: u64, wanted: impl Fn(&str) -> bool) -> Result<Hours> {
        let clips = corpora::noise(from)?
            .into_iter()
            .filter(|n| wanted(&n.category))
            .map(|n| Ok((n.id, samples(&n.audio)?)))
            .collect::<Result<Vec<_>>>()?;
        if clips.is_empty() {
            return Err(Error::new(Kind::Missing, "there are no such noises"));
        }
        Ok(Hours { clips, dice: Dice::new(seed) })
    }

    /// The next minute.
    pub fn block(&mut self) -> Block {
        let mut block = Block { labels: Vec::new(), samples: vec![0.0; BLOCK] };
        let mut at = 0;
        while at < BLOCK {
            let length = SCENE.start + self.dice.below(SCENE.len());
            for _ in 0..=self.dice.below(OVERLAP) {
                let pick = self.dice.below(self.clips.len());
                let Some((label, clip)) = self.clips.get(pick) else { continue };
                let crop = stretch(clip, length, &mut self.dice);
                let level = LEVELS.start() + self.dice.below(LEVELS.count()) as i32;
                let gain = gain_to(&crop, level as f32);
                let place = block.samples.iter_mut().skip(at).zip(crop).enumerate();
                place.for_each(|(i, (sum, sample))| *sum += gain * sample * fade(i, length));
                block.labels.push(label.clone());
            }
            at += length - CROSSFADE;
        }
        // A microphone clips too.
        block.samples.iter_mut().for_each(|s| *s = s.clamp(-1.0, 1.0));
        block
    }
}

/// What brings the loudest 100 ms to `level` dBFS; 1 for silence.
fn gain_to(samples: &[f32], level: f32) -> f32 {
    let loudest = sorted_frames(samples, SAMPLE_RATE as usize / 10).last().copied().unwrap_or(FLOOR_DBFS);
    if loudest <= FLOOR_DBFS { 1.0 } else { 10_f32.powf((level - loudest) / 20.0) }
}

/// Of equal power at both ends of a scene.
fn fade(at: usize, length: usize) -> f32 {
    let edge = at.min(length - 1 - at) as f32 / CROSSFADE as f32;
    edge.min(1.0).sqrt()
}

/// The exact upper 95 % bound on the mean of a Poisson count of which `events` were seen:
/// where so few or fewer have a probability of 5 %.
pub fn poisson_upper95(events: usize) -> f64 {
    let at_most = |mean: f64| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for k in 1..=events {
            term *= mean / k as f64;
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (0.0, 10.0 + 3.0 * events as f64);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if at_most(middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

/// What one way of listening made of the hours.
#[derive(Default)]
struct Count {
    /// Utterances that were transcribed.
    candidates: usize,
    /// Questions that nobody asked.
    asked: usize,
    /// "Say that again", said to nobody.
    again: usize,
}

/// Measures it, hands-free: with the wake phrase, and with every utterance a question.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let minutes = if options.quick { QUICK_MINUTES } else { MINUTES };
    for (prefix, babble, minutes) in [("", false, minutes.0), ("babble_", true, minutes.1)] {
        let hours = minutes as f64 / 60.0;
        sheet.put(&format!("{prefix}phantom_hours"), hours);
        for (suffix, needs_wake) in [("", false), ("_wake", true)] {
            let mut noise = Hours::load(&options.from, SEED, |category| (category == "babble") == babble)?;
            let mut live = Live::new(Setup::of(options, needs_wake)?)?;
            let mut count = Count::default();
            for minute in 0..minutes {
                told.progress(&format!("{prefix}phantoms{suffix}"), minute, minutes);
                let block = noise.block();
                for Happened { at, what } in live.play(&block.samples)? {
                    let row = count.take(&what);
                    if let Some((text, doubt)) = row {
                        told.row(&serde_json::json!({
                            "section": "phantoms", "babble": babble, "wake": needs_wake, "minute": minute,
                            "at_s": at.as_secs_f64(), "text": text, "doubt": doubt, "labels": block.labels,
                        }))?;
                    }
                }
            }
            let put = |sheet: &mut Sheet, name: &str, value: f64| {
                sheet.put(&format!("{prefix}{name}{suffix}"), value);
            };
            put(sheet, "phantom_candidates", count.candidates as f64);
            put(sheet, "phantoms", count.asked as f64);
            put(sheet, "phantoms_say_again", count.again as f64);
            put(sheet, "phantoms_per_hour", count.asked as f64 / hours);
            put(sheet, "phantoms_per_hour_upper95", poisson_upper95(count.asked) / hours);
        }
    }
    sheet.want("phantoms", Want::Equal(0.0));
    sheet.want("phantoms_wake", Want::Equal(0.0));
    Ok(())
}

impl Count {
    /// Counts what happened; what was transcribed, and why it was not taken.
    fn take(&mut self, what: &What) -> Option<(String, String)> {
        match what {
            What::Heard(transcript) => {
                self.candidates += 1;
                let doubt = if transcript.speech { "taken" } else { &transcript.doubt };
                Some((transcript.text.clone(), doubt.to_owned()))
            }
            What::Do(Out::Ask(question)) if question.transcript.speech => {
                self.asked += 1;
                Some((question.transcript.text.clone(), "asked".to_owned()))
            }
            What::Do(Out::Ask(_)) => {
                self.again += 1;
                Some((String::new(), "say that again".to_owned()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hear::loudness::dbfs;

    fn hours(seed: u64) -> Hours {
        let tone = |hz: f32| (0..32_000).map(|i| 0.3 * (i as f32 * hz).sin()).collect();
        Hours { clips: vec![("low".into(), tone(0.05)), ("high".into(), tone(0.9))], dice: Dice::new(seed) }
    }

    #[test]
    fn the_same_seed_gives_the_same_hours_and_another_gives_others() {
        let (mut a, mut b, mut c) = (hours(1), hours(1), hours(2));
        for _ in 0..2 {
            let (a, b, c) = (a.block(), b.block(), c.block());
            assert_eq!((a.samples.len(), &a.labels), (BLOCK, &b.labels));
            assert!(a.samples == b.samples && a.samples != c.samples);
        }
    }

    #[test]
    fn no_second_of_a_block_is_silent_or_clips_out_of_range() {
        let block = hours(3).block();
        for second in block.samples.chunks(SAMPLE_RATE as usize) {
            let loud = sorted_frames(second, second.len());
            assert!(loud.iter().all(|l| (-60.0..=0.0).contains(l)), "{loud:?}");
        }
        assert!(block.samples.iter().all(|s| s.abs() <= 1.0));
    }

    #[test]
    fn a_gain_brings_the_loudest_tenth_of_a_second_to_its_level() {
        let clip: Vec<f32> = (0..16_000).map(|i| if i < 8_000 { 0.01 } else { 0.5 }).collect();
        let gain = gain_to(&clip, -20.0);
        assert!((dbfs(0.5 * gain) + 20.0).abs() < 0.01);
        assert_eq!(gain_to(&[0.0; 3_200], -20.0), 1.0);
    }

    #[test]
    fn the_bound_is_that_of_the_tables() {
        // Garwood 1936: one-sided 95 %.
        for (events, bound) in [(0, 2.996), (1, 4.744), (2, 6.296), (10, 16.962)] {
            assert!((poisson_upper95(events) - bound).abs() < 0.001, "{events}");
        }
    }
}
