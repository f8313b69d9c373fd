//! How much of Whisper's 30 s window an utterance needs.
//!
//! The encoder's cost grows with its window (`audio_ctx`, 50 positions per second), and
//! most questions take 2 to 6 s. A window that fits too tightly makes the decoder repeat
//! itself or mishear the last word, hence the margin; what is doubtful all the same is
//! heard again at the full window (see [`super::doubt`]).

use super::super::SAMPLE_RATE;

/// Encoder positions per second of audio.
const PER_SECOND: usize = 50;
/// Silence that stays behind the last sample, in positions: 1 s.
const MARGIN: usize = PER_SECOND;
/// The smallest window: 7.68 s.
const SMALLEST: usize = 384;
/// Windows are multiples of this, so that few different sizes are ever computed.
const STEP: usize = 64;
/// From here on the whole window is used, in seconds.
const WHOLE_FROM: usize = 20;

/// The window of an utterance, in encoder positions; 0 is the full window.
pub fn audio_ctx(samples: usize) -> usize {
    let rate = SAMPLE_RATE as usize;
    if samples > WHOLE_FROM * rate {
        return 0;
    }
    let positions = (samples * PER_SECOND).div_ceil(rate) + MARGIN;
    positions.next_multiple_of(STEP).max(SMALLEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_leaves_a_second_behind_the_last_sample() {
        for ms in (0..=20_000).step_by(10) {
            let samples = SAMPLE_RATE as usize * ms / 1000;
            let ctx = audio_ctx(samples);
            assert!(ctx * 20 >= ms + 1_000, "{ms} ms got {ctx} positions");
            assert!((SMALLEST..=1_500).contains(&ctx) && ctx.is_multiple_of(STEP));
        }
    }

    #[test]
    fn a_short_question_takes_a_quarter_of_the_window_and_a_long_speech_all_of_it() {
        assert_eq!(audio_ctx(SAMPLE_RATE as usize * 3), 384);
        assert_eq!(audio_ctx(SAMPLE_RATE as usize * 21), 0);
    }
}
