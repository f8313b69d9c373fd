//! What the loudspeaker plays comes back to the microphone: it is taken out of what the ear
//! hears, and what is left of it is known by its words.
//!
//! ```text
//!   tap ──▶ reference: one line of time at 16 kHz ─┐
//!                                                  ▼
//!   microphone ──▶ 4 ms blocks ─────────────▶ canceller ──▶ 8 ms later, cleaned
//!                                                  └─energies─▶ barge: is that somebody?
//! ```
//! The canceller runs while something was played in the last second; else the microphone
//! passes through, by the same 8 ms late, and costs nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::core::Moment;
use crate::core::hear::SAMPLE_RATE;

pub mod barge;
mod canceller;
mod reference;
mod words;

pub use words::is_own;

use canceller::{BLOCK, Canceller, Energy};

use reference::Reference;

/// By so many samples the cleaned signal is late: a block that fills, and one in the
/// canceller.
pub const LATENCY: usize = 2 * BLOCK;
/// What is pulled is heard up to 60 ms later, up to 200 ms more on its way, and rings in the
/// room.
const HEARD: Duration = Duration::from_millis(500);
/// After that the canceller has nothing to do.
const IDLE: Duration = Duration::from_millis(1_000);
/// The reference is read so many samples behind the microphone (12 ms): the tap gives a
/// block once it is full. An echo that comes sooner than this cannot be cancelled.
const BEHIND: i64 = 192;
/// Stamps tremble by less than this, samples (30 ms): within it the two streams stay as
/// they are joined.
const TREMBLE: i64 = 480;

/// A block of samples, silent at first.
#[derive(Clone, Copy)]
struct Block([f32; BLOCK]);

impl Default for Block {
    fn default() -> Self {
        Self([0.0; BLOCK])
    }
}

/// What was heard beside what is left of it, over the samples since it was asked last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// The microphone, dBFS.
    pub heard_dbfs: f32,
    /// After the linear filter, dBFS.
    pub linear_dbfs: f32,
    /// After the suppressor, dBFS.
    pub left_dbfs: f32,
}

/// Takes the loudspeaker's sound out of the microphone's. State of one stream.
#[derive(Default)]
pub struct OwnVoice {
    reference: Reference,
    canceller: Option<Box<Canceller>>,
    is_running: bool,
    /// Samples that wait for their block to fill.
    rest: Vec<f32>,
    /// The block before, as it was heard.
    before: Block,
    /// Samples to give.
    ready: VecDeque<f32>,
    /// Samples heard.
    heard: i64,
    /// When sample 0 was heard, seconds.
    origin: Option<f64>,
    /// From a place in the microphone's stream to one on the reference's line.
    offset: Option<i64>,
    behind: i64,
    energy: Energy,
}

impl OwnVoice {
    /// Nothing is played yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the mixer was given: mono, at `rate`, the first sample the device's number
    /// `frame`, pulled at `at` by the ear's clock. It is heard some tens of milliseconds later.
    pub fn played(&mut self, samples: &[f32], rate: u32, frame: u64, at: Moment) {
        if samples.is_empty() || rate == 0 {
            return;
        }
        let start = self.reference.push(samples, rate, frame, at);
        // It should have been read already: from now on the reference is read later.
        if let Some(offset) = &mut self.offset
            && self.is_running
        {
            let late = self.heard - self.rest.len() as i64 + *offset - start;
            if (1..i64::from(SAMPLE_RATE) / 2).contains(&late) {
                let more = late + BLOCK as i64;
                *offset -= more;
                self.behind += more;
            }
        }
    }

    /// Takes the loudspeaker's sound out of `samples` (16 kHz, the last of them heard at
    /// `now`), in place and as long as it was, [`LATENCY`] samples late.
    pub fn clean(&mut self, samples: &mut Vec<f32>, now: Moment) {
        if self.ready.is_empty() && self.heard == 0 {
            // A block that is not full yet holds back up to so many.
            self.ready.resize(BLOCK, 0.0);
        }
        let count = samples.len();
        self.heard += count as i64;
        self.clock(now);
        let runs = self.plays_until(IDLE).is_some_and(|end| now < end);
        self.rest.extend_from_slice(samples);
        let mut used = 0;
        while let Some(block) = self.rest.get(used..used + BLOCK) {
            let mut block: [f32; BLOCK] = block.try_into().unwrap_or([0.0; BLOCK]);
            let place = self.heard - (self.rest.len() - used) as i64;
            used += BLOCK;
            if runs {
                self.cancel(&mut block, place);
            } else {
                self.is_running = false;
                block = std::mem::replace(&mut self.before, Block(block)).0;
            }
            self.ready.extend(block);
        }
        self.rest.drain(..used);
        samples.clear();
        samples.extend(self.ready.drain(..count.min(self.ready.len())));
    }

    /// May what is heard at `now` hold what is being played?
    pub fn is_playing(&self, now: Moment) -> bool {
        self.plays_until(HEARD).is_some_and(|end| now < end)
    }

    /// How loud it was since this was last asked; `None` while the canceller does not run.
    pub fn levels(&mut self) -> Option<Levels> {
        let energy = std::mem::take(&mut self.energy);
        let n = energy.samples.max(1) as f64;
        let dbfs = |sum: f64| crate::core::hear::loudness::dbfs((sum / n).sqrt() as f32);
        (energy.samples > 0).then(|| Levels {
            heard_dbfs: dbfs(energy.heard),
            linear_dbfs: dbfs(energy.linear),
            left_dbfs: dbfs(energy.left),
        })
    }

    /// Forgets the stream (another device).
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn plays_until(&self, tail: Duration) -> Option<Moment> {
        self.reference.end().map(|end| end + tail)
    }

    /// Keeps the count of samples and the ear's clock together.
    fn clock(&mut self, now: Moment) {
        let origin = now.as_secs_f64() - self.heard as f64 / f64::from(SAMPLE_RATE);
        let off = self.origin.map_or(f64::INFINITY, |o| (o - origin).abs());
        if off > 0.15 {
            (self.origin, self.offset) = (Some(origin), None);
        }
    }

    /// Cancels the echo in a block that begins at `place`.
    fn cancel(&mut self, block: &mut [f32; BLOCK], place: i64) {
        if !self.is_running {
            self.is_running = true;
            self.behind = self.behind.max(BEHIND);
            let start = self.origin.unwrap_or(0.0) + place as f64 / f64::from(SAMPLE_RATE);
            let wanted = self.reference.at(start) - self.behind - place;
            if self.offset.is_none_or(|offset| (offset - wanted).abs() > TREMBLE) {
                self.offset = Some(wanted);
            }
            // Its output is that of the block before, which it has not seen.
            let mut before = self.before.0;
            self.run(&mut before, place - BLOCK as i64);
        }
        self.before = Block(*block);
        let energy = self.run(block, place);
        self.energy.heard += energy.heard;
        self.energy.linear += energy.linear;
        self.energy.left += energy.left;
        self.energy.samples += energy.samples;
    }

    fn run(&mut self, block: &mut [f32; BLOCK], place: i64) -> Energy {
        let mut played = [0.0; BLOCK];
        self.reference.read(place + self.offset.unwrap_or(0), &mut played);
        self.canceller.get_or_insert_with(|| Box::new(Canceller::new())).block(&played, block)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
