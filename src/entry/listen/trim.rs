//! Where in an utterance the speech is, by energy: what lies before and after is cut,
//! and the last sample of speech is where a turn's clock starts.
//!
//! This is for an utterance that somebody marked as one (a held key, a file): it may
//! take noise for speech and then cuts nothing; it does not decide whether there is any.

use std::ops::Range;

use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::{dbfs, rms};

/// 10 ms.
const FRAME: usize = SAMPLE_RATE as usize / 100;
/// A burst shorter than this is a click of the key, not speech: 40 ms.
const SHORTEST: usize = 4;
/// Speech is at least this much above the quietest tenth of the utterance, in dB.
const ABOVE_FLOOR_DB: f32 = 9.0;
/// What is this far below the loudest frame is not speech, however quiet the room, in dB.
const BELOW_PEAK_DB: f32 = 35.0;
/// What stays around the speech: fricatives and plosives are quieter than vowels.
pub const MARGIN: usize = SAMPLE_RATE as usize / 5;

/// The samples from the first to the last that are speech; `None` where none stands out.
pub fn speech(samples: &[f32]) -> Option<Range<usize>> {
    let levels: Vec<f32> = samples
        .chunks(FRAME)
        .map(|frame| dbfs(rms(frame)))
        .collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let floor = *sorted.get(sorted.len() / 10)?;
    let peak = *sorted.last()?;
    let threshold = (floor + ABOVE_FLOOR_DB).max(peak - BELOW_PEAK_DB);
    let loud: Vec<bool> = levels.iter().map(|&level| level > threshold).collect();
    let mut runs = loud.chunk_by(|a, b| a == b).scan(0, |start, run| {
        let from = *start;
        *start += run.len();
        Some((from..*start, run.first() == Some(&true)))
    });
    let first = runs.find(|(run, loud)| *loud && run.len() >= SHORTEST)?.0;
    let last = runs
        .filter(|(run, loud)| *loud && run.len() >= SHORTEST)
        .last()
        .map_or(first.clone(), |(run, _)| run);
    Some(first.start * FRAME..(last.end * FRAME).min(samples.len()))
}

/// The part of an utterance to recognise: its speech with `margin` samples around it;
/// all of it where no speech stands out from the rest.
pub fn trim(samples: &[f32], margin: usize) -> Range<usize> {
    match speech(samples) {
        Some(speech) => {
            speech.start.saturating_sub(margin)
                ..speech.end.saturating_add(margin).min(samples.len())
        }
        None => 0..samples.len(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const SECOND: usize = SAMPLE_RATE as usize;

    /// A hum of the given loudness with something like speech (bursts of 120 ms, gaps of 40).
    fn utterance(hum: f32, voice: f32, from: usize, to: usize, len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| {
                let burst = (from..to).contains(&i) && (i - from) % 2_560 < 1_920;
                let swing = (i as f32 * 0.3).sin();
                swing * if burst { voice } else { hum }
            })
            .collect()
    }

    #[test]
    fn speech_is_found_to_within_a_frame() {
        let samples = utterance(0.001, 0.2, SECOND / 2, 2 * SECOND, 3 * SECOND);
        let found = speech(&samples).unwrap();
        assert!(found.start.abs_diff(SECOND / 2) <= FRAME, "{found:?}");
        // The last burst ends 640 samples before the end of its period.
        assert!(found.end.abs_diff(2 * SECOND) <= 640 + FRAME, "{found:?}");
    }

    #[test]
    fn it_is_found_in_plant_noise_too() {
        let samples = utterance(0.02, 0.2, SECOND, 2 * SECOND, 3 * SECOND);
        let found = speech(&samples).unwrap();
        assert!(
            found.start.abs_diff(SECOND) <= FRAME && found.end > SECOND * 19 / 10,
            "{found:?}"
        );
    }

    #[test]
    fn the_click_of_the_key_is_not_speech() {
        let mut samples = utterance(0.001, 0.2, SECOND, 2 * SECOND, 3 * SECOND);
        samples[100..300].fill(0.9);
        samples[3 * SECOND - 300..3 * SECOND - 100].fill(-0.9);
        let found = speech(&samples).unwrap();
        assert!(
            found.start >= SECOND - FRAME && found.end <= 2 * SECOND + FRAME,
            "{found:?}"
        );
    }

    #[test]
    fn the_margin_stays_and_stops_at_the_edges() {
        let samples = utterance(0.001, 0.2, 1_000, 2 * SECOND, 2 * SECOND + 100);
        let kept = trim(&samples, MARGIN);
        assert_eq!((kept.start, kept.end), (0, samples.len()));
        let samples = utterance(0.001, 0.2, SECOND, 2 * SECOND, 3 * SECOND);
        let (kept, found) = (trim(&samples, MARGIN), speech(&samples).unwrap());
        assert_eq!(
            (kept.start, kept.end),
            (found.start - MARGIN, found.end + MARGIN)
        );
    }

    #[test]
    fn where_nothing_stands_out_nothing_is_cut() {
        for samples in [
            vec![],
            vec![0.0; 10],
            vec![0.0; SECOND],
            utterance(0.1, 0.1, 0, 1, SECOND),
        ] {
            assert_eq!(speech(&samples), None);
            assert_eq!(trim(&samples, MARGIN), 0..samples.len());
        }
    }
}
