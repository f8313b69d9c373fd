//! Is there speech in it? Whisper turns noise and silence into sentences ("Thank you.");
//! what cannot be trusted becomes "say that again", not a question.
//!
//! The evidence, from the cheapest on: no energy; a steady noise without the swing of
//! syllables; nothing but descriptions of sounds; the model's own no-speech and token
//! probabilities (the thresholds of the reference implementation); more words than anyone
//! can say in the time; the same words over and over; the phrases that it makes up, where
//! it is not sure of them.

use std::collections::HashSet;

use super::super::SAMPLE_RATE;
use super::super::loudness::sorted_frames;
use super::words::Said;

/// An utterance whose loudest 100 ms stay below this is silence, dBFS.
const SILENT_DBFS: f32 = -60.0;
/// Speech swings at least this much between its quiet and its loud frames of 20 ms, dB.
/// Machines at a constant speed stay within 2; speech in noise of its own level, 6.
const SWING_DB: f32 = 3.0;
/// Above this probability the model takes it for no speech, where it is not sure of its
/// words either (reference implementation: 0.6).
const NO_SPEECH: f32 = 0.6;
/// A mean token probability below this is not trusted (reference: log −1.0).
const UNSURE: f32 = 0.37;
/// A result less sure than this is heard again at the full window.
const DOUBTFUL: f32 = 0.5;
/// Below this a phrase that Whisper is known to make up is taken for made up.
const PHANTOM_SURE: f32 = 0.8;
/// Every group of three words so many times on average is a loop of the decoder
/// (reference: a compression ratio of 2.4).
const LOOP: f32 = 2.4;
/// So often is a question said twice, which a window that is too tight may do.
const TWICE: f32 = 1.4;
/// Nobody says more letters in a second.
const LETTERS_PER_SECOND: f32 = 45.0;

/// What Whisper says where nobody spoke: the ends of the videos that it learned from.
const PHANTOMS: [&str; 16] = [
    "you",
    "thank you",
    "thank you very much",
    "thank you for watching",
    "thanks for watching",
    "thank you so much for watching",
    "please subscribe",
    "bye",
    "bye bye",
    "so",
    "okay",
    "oh",
    "the end",
    "gracias",
    "subtítulos realizados por la comunidad de amara org",
    "谢谢观看",
];

/// Too quiet for anybody to have spoken, or without the swing of speech: why, or `None`.
/// Needs no model.
pub fn of_sound(samples: &[f32]) -> Option<&'static str> {
    let blocks = sorted_frames(samples, SAMPLE_RATE as usize / 10);
    // Shorter than a block: let the whole of it be one.
    let loudest = blocks
        .last()
        .copied()
        .or_else(|| sorted_frames(samples, samples.len()).pop())?;
    if loudest < SILENT_DBFS {
        return Some("silence");
    }
    let frames = sorted_frames(samples, SAMPLE_RATE as usize / 50);
    let at = |share: f32| {
        frames
            .get(((frames.len() as f32 - 1.0) * share) as usize)
            .copied()
    };
    // A syllable or two cannot be told from a burst of noise by their swing.
    let swing = at(0.95)? - at(0.1)?;
    (frames.len() >= 50 && swing < SWING_DB).then_some("a steady noise")
}

/// Should the utterance, of so many seconds, be heard again at the full window?
pub fn hear_again(said: &Said, seconds: f32) -> bool {
    said.p < DOUBTFUL || repetition(&said.text) >= TWICE || too_fast(&said.text, seconds)
}

/// Why what was heard in so many seconds is not to be taken for speech; `None` where it is.
pub fn of_words(said: &Said, no_speech: f32, seconds: f32) -> Option<&'static str> {
    let plain = plain(&said.text);
    if plain.is_empty() {
        return Some(if said.sounds {
            "a sound without words"
        } else {
            "no words"
        });
    }
    if said.p < UNSURE {
        return Some("the recogniser is not sure of any of it");
    }
    if no_speech > NO_SPEECH && said.p < DOUBTFUL {
        return Some("the recogniser hears no speech in it");
    }
    if too_fast(&said.text, seconds) {
        return Some("more words than can be said in the time");
    }
    if repetition(&said.text) >= LOOP {
        return Some("the same words over and over");
    }
    let unsure = said.p < PHANTOM_SURE || no_speech > NO_SPEECH;
    (unsure && PHANTOMS.contains(&plain.as_str()))
        .then_some("a phrase that the recogniser makes up")
}

fn too_fast(text: &str, seconds: f32) -> bool {
    text.chars().count() as f32 > LETTERS_PER_SECOND * seconds.max(0.5)
}

/// How often each group of three words comes on average; 1 where all differ. Where there
/// are no spaces, characters are the words. Numbers do not count: "alarm 0 0 0 0" is said.
fn repetition(text: &str) -> f32 {
    let plain = plain(text);
    let spaced = plain.is_ascii() || plain.contains(' ');
    let words: Vec<&str> = if spaced {
        plain.split(' ').collect()
    } else {
        plain.split("").filter(|c| !c.is_empty()).collect()
    };
    let says = |word: &&str| !word.chars().all(char::is_numeric) && word.len() > 1;
    let groups: Vec<&[&str]> = words
        .windows(3)
        .filter(|group| group.iter().any(says))
        .collect();
    let distinct: HashSet<&[&str]> = groups.iter().copied().collect();
    if distinct.is_empty() {
        1.0
    } else {
        groups.len() as f32 / distinct.len() as f32
    }
}

/// Lower case, without punctuation, single spaces.
fn plain(text: &str) -> String {
    let letters = text
        .to_lowercase()
        .replace(|c: char| !c.is_alphanumeric(), " ");
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, p: f32) -> Said {
        Said {
            text: text.to_owned(),
            p,
            ..Said::default()
        }
    }

    fn tone(level: impl Fn(usize) -> f32, seconds: f32) -> Vec<f32> {
        let n = (SAMPLE_RATE as f32 * seconds) as usize;
        (0..n).map(|i| level(i) * (i as f32 * 0.3).sin()).collect()
    }

    #[test]
    fn silence_needs_no_model() {
        for samples in [
            tone(|_| 0.0, 2.0),
            tone(|_| 0.0005, 2.0),
            tone(|_| 0.0, 0.01),
        ] {
            assert_eq!(of_sound(&samples), Some("silence"));
        }
    }

    #[test]
    fn a_machine_at_constant_speed_is_not_speech() {
        assert_eq!(of_sound(&tone(|_| 0.2, 2.0)), Some("a steady noise"));
    }

    #[test]
    fn the_swing_of_syllables_is_enough_to_listen() {
        let syllables = |i: usize| if i % 3_200 < 1_600 { 0.2 } else { 0.02 };
        assert_eq!(of_sound(&tone(syllables, 2.0)), None);
        assert_eq!(of_sound(&tone(|_| 0.2, 0.3)), None, "too short to tell");
        assert_eq!(of_sound(&[]), None);
    }

    #[test]
    fn a_question_is_speech() {
        assert_eq!(
            of_words(&said("What does the alarm E203 mean?", 0.8), 0.1, 3.0),
            None
        );
        assert!(!hear_again(
            &said("What does the alarm E203 mean?", 0.8),
            3.0
        ));
    }

    #[test]
    fn descriptions_of_sounds_are_no_words() {
        let wind = Said {
            sounds: true,
            ..Said::default()
        };
        assert_eq!(of_words(&wind, 0.0, 3.0), Some("a sound without words"));
        assert_eq!(of_words(&said(" . ", 0.9), 0.0, 3.0), Some("no words"));
    }

    #[test]
    fn phantoms_are_dropped_where_the_recogniser_is_not_sure() {
        assert!(of_words(&said("Thank you.", 0.6), 0.1, 3.0).is_some());
        assert!(of_words(&said("Thanks for watching!", 0.9), 0.7, 3.0).is_some());
        assert_eq!(of_words(&said("Thank you.", 0.95), 0.1, 3.0), None);
        assert_eq!(
            of_words(&said("Thank you for the torque.", 0.6), 0.1, 3.0),
            None
        );
    }

    #[test]
    fn what_the_model_does_not_believe_is_doubted() {
        assert!(of_words(&said("Oil the flange.", 0.3), 0.0, 3.0).is_some());
        assert!(of_words(&said("Oil the flange.", 0.45), 0.9, 3.0).is_some());
        assert_eq!(of_words(&said("Oil the flange.", 0.9), 0.9, 3.0), None);
    }

    #[test]
    fn a_question_heard_twice_is_heard_again_but_may_have_been_asked_twice() {
        let twice = said("What is GRBL-era1? What is GRBL-era1?", 0.8);
        assert!(hear_again(&twice, 3.0));
        assert_eq!(of_words(&twice, 0.0, 3.0), None);
    }

    #[test]
    fn a_loop_of_the_decoder_is_doubted() {
        for text in [
            "no no no no no",
            "and then it is, and then it is, and then it is, and then it is",
            "泵泵泵泵泵",
        ] {
            assert_eq!(
                of_words(&said(text, 0.9), 0.0, 3.0),
                Some("the same words over and over"),
                "{text}"
            );
        }
        assert_eq!(
            of_words(
                &said("Alarm one one one one on pump seven four two", 0.9),
                0.0,
                3.0
            ),
            None
        );
    }
}
