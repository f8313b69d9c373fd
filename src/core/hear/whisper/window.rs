//! How much of Whisper's 30 s window an utterance needs.
//!
//! The encoder's cost grows with its window (`audio_ctx`, 50 positions per second), and
//! most questions take 2 to 6 s. In a window that fits too tightly the decoder repeats itself
//! until it is stopped, or mishears the last word; what is doubtful all the same is heard
//! again at a wider window (see [`super::doubt`]).
//!
//! Measured on 131 utterances of 0.6 to 7 s (the golden audio; flite and espeak-ng, cut to
//! 0.2 s before and 0.12 to 0.3 s after), a second behind the last sample, CPU time on one core,
//! words wrong with the loops left in (a loop is what counts above one half):
//!
//! | model | full window | at least 384 | 320 | 256 | none |
//! |---|---|---|---|---|---|
//! | tiny.en | 0.196, 691 ms | **0.191, 138 ms** | 0.574, 120 ms | 0.746, 101 ms | 3.241, 98 ms |
//! | base, 66 of them | -, 1,555 ms | 0.221, 294 ms | 0.219, 247 ms | **0.213, 212 ms** | 0.227, 175 ms |
//!
//! Two seconds behind the last sample in place of one do not help tiny.en at 256 (0.906): it is
//! the window that must not be small, not the silence that must be long.

use super::super::SAMPLE_RATE;

/// Encoder positions per second of audio.
const PER_SECOND: usize = 50;
/// Silence that stays behind the last sample, in positions: 1 s.
const MARGIN: usize = PER_SECOND;
/// The smallest window of a model with four encoder layers (tiny): 7.68 s.
const SMALLEST_OF_TINY: usize = 384;
/// The smallest window of the others: 5.12 s.
const SMALLEST: usize = 256;
/// Windows are multiples of this: the blocks of the matrix products.
const STEP: usize = 16;
/// From here on the whole window is used, in seconds.
const WHOLE_FROM: usize = 20;

/// The smallest window of a model with so many encoder layers.
pub fn smallest(layers: usize) -> usize {
    if layers <= 4 { SMALLEST_OF_TINY } else { SMALLEST }
}

/// The full window, in positions: 30 s.
const FULL: usize = 1_500;

/// The window of an utterance, in encoder positions; 0 is the full window.
pub fn audio_ctx(samples: usize, smallest: usize) -> usize {
    let rate = SAMPLE_RATE as usize;
    if samples > WHOLE_FROM * rate {
        return 0;
    }
    let positions = (samples * PER_SECOND).div_ceil(rate) + MARGIN;
    positions.next_multiple_of(STEP).max(smallest)
}

/// The window for whoever hears again what was doubtful: twice as wide, which takes half of
/// the time of the full one; 0, the full one, from there on.
pub fn wider(window: usize) -> usize {
    if 2 * window >= FULL { 0 } else { 2 * window }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_again_has_twice_the_room_or_all_of_it() {
        assert_eq!(wider(384), 768);
        assert_eq!(wider(768), 0);
        assert_eq!(wider(0), 0);
    }

    #[test]
    fn every_window_leaves_a_second_behind_the_last_sample() {
        for ms in (0..=20_000).step_by(10) {
            let samples = SAMPLE_RATE as usize * ms / 1000;
            let ctx = audio_ctx(samples, SMALLEST);
            assert!(ctx * 20 >= ms + 1_000, "{ms} ms got {ctx} positions");
            assert!((SMALLEST..=1_500).contains(&ctx) && ctx.is_multiple_of(STEP));
        }
    }

    #[test]
    fn a_short_question_takes_a_part_of_the_window_and_a_long_speech_all_of_it() {
        assert_eq!(audio_ctx(SAMPLE_RATE as usize * 3, smallest(4)), 384);
        assert_eq!(audio_ctx(SAMPLE_RATE as usize * 3, smallest(6)), 256);
        assert_eq!(audio_ctx(SAMPLE_RATE as usize * 21, smallest(4)), 0);
    }
}
