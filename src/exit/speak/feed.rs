//! The audio callback's side of playback: an endless source that plays what it is handed.
//!
//! It runs on the sound system's thread, so it neither allocates, frees, locks nor logs:
//! sentences come through one ring, spent ones and what happened to them go back through
//! another, and to be cut short is a number that changes ([`Shared::flushes`]).
//!
//! ```text
//! idle ──sentence──▶ playing ──its end──▶ idle
//!                       ├──flush──▶ fading (5 ms) ──▶ idle
//!                       └──hush───▶ fading (5 ms) ──▶ waiting ──▶ playing, or flushed
//! ```

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use super::tap::Block;

/// Blocks of the tap on their way out: a third of a second and more.
const TAP_BLOCKS: usize = 128;

/// What both sides of the ring see.
#[derive(Default)]
pub(super) struct Shared {
    /// How often all sound has been flushed; a sentence of an earlier count is not played.
    pub flushes: AtomicU64,
    /// The sound holds its breath: what plays fades out and waits where it is.
    pub hushed: AtomicBool,
    /// Samples pulled since the device was opened.
    pub frames: AtomicU64,
}

/// Sound for the callback.
pub(super) struct Sentence {
    pub id: u64,
    /// [`Shared::flushes`] when it was said.
    pub flushes: u64,
    /// At the device's rate.
    pub samples: Vec<f32>,
}

/// What the callback has to tell.
pub(super) enum Note {
    Started {
        id: u64,
        at: Instant,
    },
    /// The sentence comes back so that it is freed elsewhere.
    Ended {
        sentence: Sentence,
        cut: bool,
        at: Instant,
    },
}

/// The other ends of a [`Feed`].
pub(super) struct Ends {
    pub sentences: Producer<Sentence>,
    pub notes: Consumer<Note>,
    pub tap: Consumer<Block>,
}

/// A rodio source: mono, at the device's rate, never ending.
pub(super) struct Feed {
    rate: NonZero<u32>,
    shared: Arc<Shared>,
    sentences: Consumer<Sentence>,
    notes: Producer<Note>,
    tap: Producer<Block>,
    block: Option<Block>,
    playing: Option<Playing>,
    frame: u64,
    fade: f32,
}

struct Playing {
    sentence: Sentence,
    next: usize,
    /// Loudness; below one only while fading or hushed.
    level: f32,
}

impl Feed {
    /// A feed for at most `most` sentences at a time.
    pub(super) fn new(rate: NonZero<u32>, most: usize, shared: Arc<Shared>) -> (Self, Ends) {
        let (to_feed, sentences) = RingBuffer::new(most);
        // Two notes a sentence, and the thread that reads them may be late.
        let (notes, from_feed) = RingBuffer::new(4 * most);
        let (tap, from_tap) = RingBuffer::new(TAP_BLOCKS);
        let fade = 1.0 / (0.005 * rate.get() as f32);
        let feed = Self { rate, shared, sentences, notes, tap, block: None, playing: None, frame: 0, fade };
        (feed, Ends { sentences: to_feed, notes: from_feed, tap: from_tap })
    }

    fn note(&mut self, note: Note) {
        // The ring holds more than there can be; a full one would only lose a note.
        let _ = self.notes.push(note);
    }

    /// The next sentence that has not been flushed.
    fn begin(&mut self, flushes: u64) -> Option<Playing> {
        while let Ok(sentence) = self.sentences.pop() {
            if sentence.flushes == flushes && !sentence.samples.is_empty() {
                self.note(Note::Started { id: sentence.id, at: Instant::now() });
                return Some(Playing { sentence, next: 0, level: 1.0 });
            }
            let cut = sentence.flushes != flushes;
            self.note(Note::Ended { sentence, cut, at: Instant::now() });
        }
        None
    }

    /// One sample, or `None` when there is nothing to play.
    fn sample(&mut self) -> Option<f32> {
        let flushes = self.shared.flushes.load(Acquire);
        let mut playing = match self.playing.take() {
            Some(playing) => playing,
            None => self.begin(flushes)?,
        };
        let flushed = playing.sentence.flushes != flushes;
        let hushed = self.shared.hushed.load(Acquire);
        if flushed || hushed {
            // Cut at once it would click.
            playing.level -= self.fade;
        } else {
            playing.level = (playing.level + self.fade).min(1.0);
        }
        if hushed && !flushed && playing.level <= 0.0 {
            playing.level = 0.0;
            self.playing = Some(playing);
            return None;
        }
        let sample =
            playing.sentence.samples.get(playing.next).copied().unwrap_or(0.0) * playing.level.max(0.0);
        playing.next += 1;
        if playing.next >= playing.sentence.samples.len() || playing.level <= 0.0 {
            self.note(Note::Ended { sentence: playing.sentence, cut: flushed, at: Instant::now() });
        } else {
            self.playing = Some(playing);
        }
        Some(sample)
    }

    /// Keeps the sample for the tap; `None` ends the run.
    fn record(&mut self, sample: Option<f32>) {
        let full = match sample {
            Some(sample) => {
                let frame = self.frame;
                self.block.get_or_insert_with(|| Block::new(frame, Instant::now())).push(sample)
            }
            None => true,
        };
        if full && let Some(block) = self.block.take() {
            // A tap that nobody empties loses its newest block, never the sound.
            let _ = self.tap.push(block);
        }
    }
}

impl Iterator for Feed {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        let sample = self.sample();
        self.record(sample);
        self.frame += 1;
        self.shared.frames.store(self.frame, Relaxed);
        Some(sample.unwrap_or(0.0))
    }
}

impl rodio::Source for Feed {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn feed() -> (Feed, Ends, Arc<Shared>) {
        let shared = Arc::new(Shared::default());
        let (feed, ends) = Feed::new(NonZero::new(1000).unwrap(), 4, Arc::clone(&shared));
        (feed, ends, shared)
    }

    fn say(ends: &mut Ends, id: u64, flushes: u64, count: usize) {
        let sentence = Sentence { id, flushes, samples: vec![1.0; count] };
        assert!(ends.sentences.push(sentence).is_ok());
    }

    fn notes(ends: &mut Ends) -> Vec<String> {
        std::iter::from_fn(|| ends.notes.pop().ok())
            .map(|note| match note {
                Note::Started { id, .. } => format!("{id} started"),
                Note::Ended { sentence, cut, .. } => {
                    format!("{} {}", sentence.id, if cut { "cut" } else { "finished" })
                }
            })
            .collect()
    }

    #[test]
    fn sentences_play_one_after_the_other_without_a_gap() {
        let (mut feed, mut ends, shared) = feed();
        assert_eq!(feed.next(), Some(0.0));
        say(&mut ends, 1, 0, 3);
        say(&mut ends, 2, 0, 2);
        let heard: Vec<f32> = feed.by_ref().take(7).collect();
        assert_eq!(heard, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(notes(&mut ends), ["1 started", "1 finished", "2 started", "2 finished"]);
        assert_eq!(shared.frames.load(Relaxed), 8);
        let block = ends.tap.pop().unwrap();
        assert_eq!((block.frame, block.samples().len()), (1, 5));
    }

    #[test]
    fn a_flush_fades_what_plays_and_drops_what_waits() {
        let (mut feed, mut ends, shared) = feed();
        say(&mut ends, 1, 0, 500);
        say(&mut ends, 2, 0, 500);
        assert_eq!(feed.by_ref().take(10).sum::<f32>(), 10.0);
        shared.flushes.store(1, std::sync::atomic::Ordering::Release);
        let tail: Vec<f32> = feed.by_ref().take(10).collect();
        assert!(tail.windows(2).all(|w| w[1] <= w[0]), "{tail:?}");
        assert_eq!(tail[5..], [0.0; 5]);
        say(&mut ends, 3, 1, 2);
        assert_eq!(feed.by_ref().take(3).collect::<Vec<_>>(), [1.0, 1.0, 0.0]);
        assert_eq!(notes(&mut ends), ["1 started", "1 cut", "2 cut", "3 started", "3 finished"]);
    }
}
