//! Is there speech in it? Whisper turns noise and silence into sentences ("Thank you.");
//! what cannot be trusted becomes "say that again", not a question.
//!
//! The evidence, from the cheapest on: no energy; a steady noise without the swing of
//! syllables; hardly a frame that the detector of voice activity took for speech; nothing but
//! descriptions of sounds; the model's own no-speech and token probabilities (the thresholds
//! of the reference implementation); more words than anyone can say in the time that was
//! spoken; the same words over and over; the phrases that it makes up, where anything speaks
//! against them.
//!
//! No rule looks at length alone: "stop" and "seven" are whole commands. The reference's
//! compression ratio is that of long texts; what it is there to find, the loop of a decoder,
//! [`repetition`] finds in a short one too.

use std::collections::HashSet;

use super::super::SAMPLE_RATE;
use super::super::loudness::sorted_frames;
use super::{Heard, Seen};

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
/// A result less sure than this is heard again at a wider window.
const DOUBTFUL: f32 = 0.5;
/// A command of one word is believed down to this, where the model takes it for speech: alone,
/// without a sentence around it, even a right word seldom has more than 0.5.
const UNSURE_COMMAND: f32 = 0.25;
/// Below this a phrase that Whisper is known to make up is taken for made up.
const PHANTOM_SURE: f32 = 0.8;
/// Every group of three words so many times on average is a loop of the decoder
/// (reference: a compression ratio of 2.4).
const LOOP: f32 = 2.4;
/// So often is a question said twice, which a window that is too tight may do.
const TWICE: f32 = 1.4;
/// Nobody says more letters in a second.
const LETTERS_PER_SECOND: f32 = 45.0;
/// A detector of voice activity may miss so much of what was spoken, in seconds: the soft
/// beginnings and ends of words.
const MISSED: f32 = 0.3;
/// The shortest word takes this long, in seconds (three frames of the detector).
const SHORTEST_WORD: f32 = 0.09;
/// Where less than this share was speech the words must be likely. A single word between
/// pre-roll and the silence that ended it has 0.2 to 0.4.
const THIN: f32 = 0.15;
/// A whole result with a word less likely than this, and taken for no speech, is noise.
const GUESS: f32 = 0.2;

/// What Whisper says where nobody spoke: the ends of the videos that it learned from.
const PHANTOMS: [&str; 21] = [
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
    "i m sorry",
    "see you next time",
    "we ll be right back",
    "thank you for your time",
    "hmm",
    "gracias",
    "subtítulos realizados por la comunidad de amara org",
    "谢谢观看",
];

/// Whole utterances of one word, beside numbers: what is said to a procedure or a voice.
const COMMANDS: [&str; 42] = [
    "stop",
    "wait",
    "next",
    "done",
    "yes",
    "no",
    "back",
    "repeat",
    "again",
    "cancel",
    "continue",
    "help",
    "skip",
    "warnings",
    "understood",
    "go",
    "on",
    "off",
    "up",
    "down",
    "left",
    "right",
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "sí",
    "si",
    "para",
    "siguiente",
    "listo",
    "停",
    "停止",
    "下一步",
    "是",
    "不",
];

/// Too quiet for anybody to have spoken, or without the swing of speech: why, or `None`.
/// Needs no model.
pub fn of_sound(samples: &[f32]) -> Option<&'static str> {
    let blocks = sorted_frames(samples, SAMPLE_RATE as usize / 10);
    // Shorter than a block: let the whole of it be one.
    let loudest = blocks.last().copied().or_else(|| sorted_frames(samples, samples.len()).pop())?;
    if loudest < SILENT_DBFS {
        return Some("silence");
    }
    let frames = sorted_frames(samples, SAMPLE_RATE as usize / 50);
    let at = |share: f32| frames.get(((frames.len() as f32 - 1.0) * share) as usize).copied();
    // A syllable or two cannot be told from a burst of noise by their swing.
    let swing = at(0.95)? - at(0.1)?;
    (frames.len() >= 50 && swing < SWING_DB).then_some("a steady noise")
}

/// Should the utterance be heard again at a wider window?
pub fn hear_again(heard: &Heard, seen: &Seen) -> bool {
    let text = &heard.said.text;
    let bare = plain(text);
    let enough = if is_command(&bare) { UNSURE_COMMAND } else { DOUBTFUL };
    // Where nothing at all was written the model is sure that nothing was said.
    let unsure = !bare.is_empty() && heard.said.p < enough;
    unsure || heard.capped || repetition(text) >= TWICE || too_fast(text, seen)
}

/// Why what was heard is not to be taken for speech; `None` where it is.
pub fn of_words(heard: &Heard, seen: &Seen) -> Option<&'static str> {
    let (said, no_speech) = (&heard.said, heard.no_speech > NO_SPEECH);
    let plain = plain(&said.text);
    if plain.is_empty() {
        return Some(if said.sounds { "a sound without words" } else { "no words" });
    }
    if seen.coverage.is_some_and(|share| share * seen.seconds < SHORTEST_WORD) {
        return Some("nobody spoke");
    }
    if said.p < if is_command(&plain) && !no_speech { UNSURE_COMMAND } else { UNSURE } {
        return Some("the recogniser is not sure of any of it");
    }
    if no_speech && (said.p < DOUBTFUL || said.least < GUESS) {
        return Some("the recogniser hears no speech in it");
    }
    if heard.capped || too_fast(&said.text, seen) {
        return Some("more words than can be said in the time");
    }
    if repetition(&said.text) >= LOOP {
        return Some("the same words over and over");
    }
    let thin = seen.coverage.is_some_and(|share| share < THIN);
    if thin && said.p < DOUBTFUL {
        return Some("hardly any of it is speech");
    }
    let unsure = said.p < PHANTOM_SURE || no_speech || thin;
    (unsure && PHANTOMS.contains(&plain.as_str())).then_some("a phrase that the recogniser makes up")
}

fn is_command(plain: &str) -> bool {
    COMMANDS.contains(&plain) || (!plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit()))
}

/// More than can be said in the time that was spoken, or in all of it where that is unknown.
fn too_fast(text: &str, seen: &Seen) -> bool {
    let spoken = seen.coverage.map_or(seen.seconds, |share| seen.seconds.min(seen.seconds * share + MISSED));
    text.chars().count() as f32 > LETTERS_PER_SECOND * spoken.max(0.5)
}

/// How often each group of three words comes on average; 1 where all differ. Where there
/// are no spaces, characters are the words. Numbers do not count: "alarm 0 0 0 0" is said.
fn repetition(text: &str) -> f32 {
    let plain = plain(text);
    let spaced = plain.is_ascii() || plain.contains(' ');
    let words: Vec<&str> =
        if spaced { plain.split(' ').collect() } else { plain.split("").filter(|c| !c.is_empty()).collect() };
    let says = |word: &&str| !word.chars().all(char::is_numeric) && word.len() > 1;
    let groups: Vec<&[&str]> = words.windows(3).filter(|group| group.iter().any(says)).collect();
    let distinct: HashSet<&[&str]> = groups.iter().copied().collect();
    if distinct.is_empty() { 1.0 } else { groups.len() as f32 / distinct.len() as f32 }
}

/// Lower case, without punctuation, single spaces.
fn plain(text: &str) -> String {
    let letters = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::words::Said;
    use super::*;

    fn said(text: &str, p: f32) -> Heard {
        let said = Said { text: text.to_owned(), p, least: p, ..Said::default() };
        Heard { said, no_speech: 0.1, capped: false }
    }

    fn seen(seconds: f32) -> Seen {
        Seen { seconds, coverage: None }
    }

    fn doubt(text: &str, p: f32, no_speech: f32) -> Option<&'static str> {
        of_words(&Heard { no_speech, ..said(text, p) }, &seen(3.0))
    }

    fn tone(level: impl Fn(usize) -> f32, seconds: f32) -> Vec<f32> {
        let n = (SAMPLE_RATE as f32 * seconds) as usize;
        (0..n).map(|i| level(i) * (i as f32 * 0.3).sin()).collect()
    }

    #[test]
    fn silence_needs_no_model() {
        for samples in [tone(|_| 0.0, 2.0), tone(|_| 0.0005, 2.0), tone(|_| 0.0, 0.01)] {
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
        assert_eq!(doubt("What does the alarm E203 mean?", 0.8, 0.1), None);
        assert!(!hear_again(&said("What does the alarm E203 mean?", 0.8), &seen(3.0)));
    }

    #[test]
    fn descriptions_of_sounds_are_no_words() {
        let sounds = Said { sounds: true, ..Said::default() };
        let wind = Heard { said: sounds, ..said("", 0.0) };
        assert_eq!(of_words(&wind, &seen(3.0)), Some("a sound without words"));
        assert_eq!(doubt(" . ", 0.9, 0.0), Some("no words"));
        assert!(!hear_again(&wind, &seen(3.0)), "it would hear the wind again");
    }

    #[test]
    fn phantoms_are_dropped_where_anything_speaks_against_them() {
        assert!(doubt("Thank you.", 0.6, 0.1).is_some());
        assert!(doubt("Thanks for watching!", 0.9, 0.7).is_some());
        assert_eq!(doubt("Thank you.", 0.95, 0.1), None);
        assert_eq!(doubt("Thank you for the torque.", 0.6, 0.1), None);
        let thin = Seen { seconds: 3.0, coverage: Some(0.1) };
        assert!(of_words(&said("Thank you.", 0.95), &thin).is_some());
    }

    #[test]
    fn what_the_model_does_not_believe_is_doubted() {
        assert!(doubt("Oil the flange.", 0.3, 0.0).is_some());
        assert!(doubt("Oil the flange.", 0.45, 0.9).is_some());
        assert_eq!(doubt("Oil the flange.", 0.9, 0.9), None);
        let guess = Heard { no_speech: 0.9, ..said("Oil the flange.", 0.6) };
        let guess = Heard { said: Said { least: 0.1, ..guess.said }, ..guess };
        assert_eq!(of_words(&guess, &seen(3.0)), Some("the recogniser hears no speech in it"));
    }

    #[test]
    fn a_command_of_one_word_survives_where_some_of_it_was_voiced() {
        for word in ["Stop.", "Next.", "Done.", "Yes.", "No.", "7"] {
            for coverage in [None, Some(0.4), Some(0.2)] {
                assert_eq!(of_words(&said(word, 0.6), &Seen { seconds: 1.2, coverage }), None, "{word}");
            }
        }
        assert_eq!(of_words(&said("Stop.", 0.3), &seen(1.2)), None, "alone it is never sure");
        assert!(!hear_again(&said("Stop.", 0.3), &seen(1.2)), "it must be quick");
        assert!(of_words(&said("Dine.", 0.3), &seen(1.2)).is_some());
        assert!(of_words(&Heard { no_speech: 0.7, ..said("Stop.", 0.3) }, &seen(1.2)).is_some());
        let quiet = Seen { seconds: 1.2, coverage: Some(0.05) };
        assert_eq!(of_words(&said("Stop.", 0.9), &quiet), Some("nobody spoke"));
    }

    #[test]
    fn words_need_the_time_that_was_voiced() {
        let sentence = said("What does the alarm E203 mean on the pump?", 0.9);
        let brief = Seen { seconds: 3.0, coverage: Some(0.1) };
        assert_eq!(of_words(&sentence, &brief), Some("more words than can be said in the time"));
        assert_eq!(of_words(&sentence, &Seen { coverage: Some(0.4), ..brief }), None);
    }

    #[test]
    fn a_decoder_that_had_to_be_stopped_is_heard_again_and_then_doubted() {
        let capped = Heard { capped: true, ..said("Oil the flange", 0.9) };
        assert!(hear_again(&capped, &seen(3.0)) && of_words(&capped, &seen(3.0)).is_some());
    }

    #[test]
    fn a_question_heard_twice_is_heard_again_but_may_have_been_asked_twice() {
        let twice = said("What is GRBL-era1? What is GRBL-era1?", 0.8);
        assert!(hear_again(&twice, &seen(3.0)));
        assert_eq!(of_words(&twice, &seen(3.0)), None);
    }

    #[test]
    fn a_word_that_may_be_another_is_heard_again() {
        assert!(hear_again(&said("Will the flange", 0.48), &seen(3.0)));
    }

    #[test]
    fn a_loop_of_the_decoder_is_doubted() {
        for text in
            ["no no no no no", "and then it is, and then it is, and then it is, and then it is", "泵泵泵泵泵"]
        {
            assert_eq!(doubt(text, 0.9, 0.0), Some("the same words over and over"), "{text}");
        }
        assert_eq!(doubt("Alarm one one one one on pump seven four two", 0.9, 0.0), None);
    }
}
