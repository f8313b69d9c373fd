#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const ROOM: Frame = Frame { speech: 0.02, level_dbfs: -62.0 };
const VOICE: Frame = Frame { speech: 0.95, level_dbfs: -22.0 };
/// The last sound is over, the detector has not noticed yet.
const TRAILING: Frame = Frame { speech: 0.8, level_dbfs: -61.0 };

/// A stream: what was said at which frame.
#[derive(Default)]
struct Bench {
    endpointer: Endpointer,
    at: usize,
    said: Vec<(usize, Cue)>,
}

impl Bench {
    fn hear(&mut self, frame: Frame, count: usize) -> &mut Self {
        for _ in 0..count {
            self.at += 1;
            self.said.extend(self.endpointer.frame(frame).map(|cue| (self.at, cue)));
        }
        self
    }

    fn sounds(&mut self, completeness: Completeness) -> &mut Self {
        self.endpointer.sounds(completeness);
        self
    }

    fn said(&mut self) -> Vec<(usize, Cue)> {
        std::mem::take(&mut self.said)
    }

    /// Silence until it ends, in frames from the last one of speech.
    fn frames_to_the_end(&mut self) -> usize {
        let from = self.at;
        while !self.said.iter().any(|(_, cue)| matches!(cue, Cue::Ended { .. } | Cue::Dropped)) {
            assert!(self.at < from + 200, "it never ends");
            self.hear(ROOM, 1);
        }
        self.said.clear();
        self.at - from
    }

    /// Frames of silence that end a sentence which sounds so.
    fn patience(&mut self, completeness: Completeness) -> usize {
        self.hear(ROOM, 60).hear(VOICE, 30).sounds(completeness);
        self.said.clear();
        self.frames_to_the_end()
    }
}

fn fresh() -> Bench {
    let mut bench = Bench::default();
    bench.hear(ROOM, 40);
    bench
}

#[test]
fn a_sentence_starts_with_its_pre_roll_pauses_and_ends() {
    let mut bench = fresh();
    bench.hear(VOICE, 30).sounds(Completeness::Finished);
    bench.hear(TRAILING, 2).hear(ROOM, 40);
    // Decided at the third frame of speech; the onset is where it began.
    let started = Cue::Started { back: 3 * FRAME + PRE_ROLL };
    let paused = Cue::Paused { speech_end: 3 * FRAME };
    let ended = Cue::Ended { speech_end: 8 * FRAME, cut: false };
    assert_eq!(bench.said(), [(43, started), (73, paused), (78, ended)]);
    assert!(!bench.endpointer.is_open());
}

#[test]
fn the_first_sounds_of_a_word_reach_back_before_the_decision() {
    let mut bench = fresh();
    bench.hear(Frame { speech: 0.3, level_dbfs: -50.0 }, 2).hear(VOICE, 3);
    assert_eq!(bench.said(), [(45, Cue::Started { back: 5 * FRAME + PRE_ROLL })]);
}

#[test]
fn where_the_noise_is_near_the_trail_is_taken_off() {
    let noise = Frame { speech: 0.1, level_dbfs: -30.0 };
    let mut bench = Bench::default();
    bench.hear(noise, 40).hear(VOICE, 30).hear(noise, 1);
    assert!(!bench.said().iter().any(|(_, cue)| matches!(cue, Cue::Paused { .. })));
    bench.hear(noise, 1);
    assert_eq!(bench.said(), [(72, Cue::Paused { speech_end: (2 + TRAIL) * FRAME })]);
}

#[test]
fn patience_follows_the_words() {
    let mut bench = fresh();
    let finished = bench.patience(Completeness::Finished);
    let unsure = bench.patience(Completeness::Unsure);
    let unfinished = bench.patience(Completeness::Unfinished);
    // At most 300, 600 and 900 ms after the last sample, which may be a frame earlier.
    assert_eq!((finished, unsure, unfinished), (8, 17, 27));
}

#[test]
fn what_the_words_sounded_like_is_forgotten_when_speech_goes_on() {
    let mut bench = fresh();
    bench.hear(VOICE, 20).sounds(Completeness::Finished).hear(VOICE, STALE + 1);
    bench.said.clear();
    assert_eq!(bench.frames_to_the_end(), 17);
    let mut bench = fresh();
    bench.hear(VOICE, 20).hear(ROOM, 4).sounds(Completeness::Finished).hear(VOICE, 3);
    let resumed = bench.said().iter().filter(|(_, cue)| *cue == Cue::Resumed).count();
    assert_eq!((resumed, bench.frames_to_the_end()), (1, 17));
}

#[test]
fn a_bang_is_no_utterance_and_one_likely_frame_is_nothing() {
    let mut bench = fresh();
    bench.hear(VOICE, 3).hear(ROOM, 60);
    let said = bench.said();
    assert!(matches!(said.first(), Some((43, Cue::Started { .. }))), "{said:?}");
    assert_eq!(said.last(), Some(&(51, Cue::Dropped)), "no longer than a finished sentence");
    bench.hear(VOICE, 1).hear(ROOM, 9).hear(VOICE, 1).hear(ROOM, 9);
    assert_eq!(bench.said(), []);
}

#[test]
fn thirty_seconds_are_cut_and_speech_goes_on_in_the_next_utterance() {
    let mut bench = fresh();
    bench.hear(VOICE, 1_000);
    let said = bench.said();
    let Some((_, Cue::Started { back })) = said.first() else { panic!("{said:?}") };
    let (at, cut) = said[1];
    assert_eq!(cut, Cue::Ended { speech_end: 0, cut: true });
    let length = (at - 43) * FRAME + back;
    assert!((LONGEST - FRAME..=LONGEST).contains(&length), "{length}");
    let Cue::Started { back } = said[2].1 else { panic!("{said:?}") };
    assert_eq!(back, (said[2].0 - at) * FRAME, "not a sample twice");
}

#[test]
fn who_pauses_long_within_sentences_gets_more_time_but_never_more_than_the_longest() {
    let mut bench = fresh();
    let before = bench.patience(Completeness::Finished);
    for _ in 0..6 {
        bench.hear(ROOM, 30).hear(VOICE, 20).hear(ROOM, 4).sounds(Completeness::Unfinished);
        bench.hear(ROOM, 10).hear(VOICE, 20).hear(ROOM, 40);
    }
    let after = bench.patience(Completeness::Finished);
    assert!(after > before && after <= 14, "{before} {after}");
    assert_eq!(bench.patience(Completeness::Unfinished), 27);
    bench.endpointer.reset();
    assert_eq!(bench.patience(Completeness::Finished), after, "a reset keeps the pace");
    // Short pauses again, and the patience comes down.
    for _ in 0..12 {
        bench.hear(ROOM, 50).hear(VOICE, 20).hear(ROOM, 4).hear(VOICE, 20).hear(ROOM, 40);
    }
    bench.said.clear();
    assert_eq!(bench.patience(Completeness::Finished), before);
}

#[test]
fn who_was_cut_off_gets_more_time() {
    let mut bench = fresh();
    let before = bench.patience(Completeness::Finished);
    for _ in 0..4 {
        // Goes on 400 ms after the last word, when it is over already.
        bench.hear(ROOM, 60).hear(VOICE, 20).sounds(Completeness::Finished).hear(ROOM, 13).hear(VOICE, 20);
        bench.hear(ROOM, 60);
    }
    bench.said.clear();
    assert!(bench.patience(Completeness::Finished) > before);
}

#[test]
fn slow_speech_gets_more_time() {
    let syllables = |bench: &mut Bench, up: usize, down: usize, count: usize| {
        bench.hear(ROOM, 40);
        for _ in 0..count {
            bench.hear(VOICE, up).hear(Frame { level_dbfs: -32.0, ..VOICE }, down);
        }
        bench.sounds(Completeness::Finished);
        bench.said.clear();
        bench.frames_to_the_end()
    };
    // 5.2 and 2.2 syllables a second.
    let (mut fast, mut slow) = (fresh(), fresh());
    (0..3).for_each(|_| {
        syllables(&mut fast, 4, 2, 12);
        syllables(&mut slow, 10, 4, 12);
    });
    let (fast, slow) = (syllables(&mut fast, 4, 2, 12), syllables(&mut slow, 10, 4, 12));
    assert!(fast == 8 && slow > 9 && slow <= 14, "{fast} {slow}");
}

#[test]
fn after_a_reset_nothing_of_the_past_is_given() {
    let mut bench = fresh();
    bench.hear(VOICE, 2);
    bench.endpointer.reset();
    bench.hear(VOICE, 3);
    assert_eq!(bench.said(), [(45, Cue::Started { back: 3 * FRAME })]);
    bench.endpointer.reset();
    assert!(!bench.endpointer.is_open());
    assert_eq!(bench.hear(ROOM, 100).said(), []);
}

proptest! {
    #[test]
    fn cues_alternate_and_no_position_lies_outside_the_stream(
        parts in prop::collection::vec(
            ((0.0_f32..=1.0), (-100.0_f32..=0.0), 1_usize..80, 0_u8..12), 0..60),
    ) {
        let mut bench = Bench::default();
        let (mut open, mut paused, mut floor) = (false, false, 0);
        for (speech, level_dbfs, count, also) in parts {
            match also {
                0 => {
                    bench.endpointer.reset();
                    (open, paused, floor) = (false, false, bench.at * FRAME);
                }
                1 => bench.endpointer.sounds(Completeness::Finished),
                2 => bench.endpointer.sounds(Completeness::Unfinished),
                _ => {}
            }
            bench.hear(Frame { speech, level_dbfs }, count);
            for (at, cue) in bench.said() {
                let now = at * FRAME;
                match cue {
                    Cue::Started { back } => {
                        prop_assert!(!open && back > 0 && now - floor >= back);
                        (open, paused) = (true, false);
                    }
                    Cue::Paused { speech_end } => {
                        prop_assert!(open && !paused && speech_end <= now - floor);
                        paused = true;
                    }
                    Cue::Resumed => {
                        prop_assert!(open && paused);
                        paused = false;
                    }
                    Cue::Ended { speech_end, cut } => {
                        prop_assert!(open && (paused || cut) && speech_end <= now - floor);
                        floor = if cut { now } else { now - speech_end };
                        open = false;
                    }
                    Cue::Dropped => {
                        prop_assert!(open);
                        open = false;
                    }
                }
            }
            prop_assert_eq!(bench.endpointer.is_open(), open);
        }
    }
}
