//! The wake phrase, found in a transcript by its sound: "Hey, mill right" is it too.
//!
//! A recogniser writes a word that it does not know as words that it does. So phrase and
//! transcript become rough sounds (English letter-to-sound rules, enough to make "wright",
//! "right" and "write" one), and the phrase is looked for at the beginning of a clause, by
//! an edit distance in which sounds that are taken for each other cost less. Sounds alone
//! cannot tell "they will write" from a phrase heard badly: the recogniser must be told to
//! expect the phrase ([`Wake::prompt`]), and what ordinary speech may say is not a match.

mod sound;
mod stop;

pub use stop::is_stop;

use sound::Sounds;

/// The distance at which two phrases are no longer one, per sound of the phrase.
const FAR: f32 = 0.125;
/// The same where the recogniser holds the phrase for likely.
const FAR_BUT_LIKELY: f32 = 0.45;
/// From this probability on ([`crate::core::hear::Transcript::phrase`]) it does. With tiny.en
/// all but a few utterances without the phrase stay below it, and nearly all with it reach it
/// in noise of 10 dB.
const LIKELY: f32 = 0.12;
/// From this one on the phrase was said, whatever was written for it: the recogniser may have
/// taken it for said before.
const CERTAIN: f32 = 0.5;
/// What follows the phrase in its prompt; nobody asks it without saying of what.
const PROMPTED: [&str; 2] = ["what does it mean", "how do I do it"];
/// The phrase may begin after so many other words ("okay, hey millwright").
const LEAD: usize = 2;

/// A wake phrase to listen for.
#[derive(Debug, Clone)]
pub struct Wake {
    phrase: String,
    sounds: Sounds,
    words: usize,
}

impl Wake {
    /// Listens for `phrase` ("hey millwright"); an empty one is never found.
    pub fn new(phrase: &str) -> Self {
        Self {
            phrase: phrase.trim().to_owned(),
            sounds: Sounds::of(phrase),
            words: phrase.split_whitespace().count(),
        }
    }

    /// What the recogniser is to be given as the text that went before, so that it writes
    /// the phrase as it is spelled; it goes at the end of other prompts. Two whole sentences:
    /// a bare name is taken for something that was said already, and left out. Empty for an
    /// empty phrase or one that is not in Latin letters.
    pub fn prompt(&self) -> String {
        if self.sounds.is_empty() {
            return String::new();
        }
        let name = self.name();
        let [one, other] = PROMPTED;
        format!("{name}, {one}? {name}, {other}?")
    }

    /// Is there no phrase, so that every utterance is for us?
    pub fn is_empty(&self) -> bool {
        self.phrase.is_empty()
    }

    /// The phrase as the recogniser would write it: "Hey Millwright".
    pub fn name(&self) -> String {
        self.phrase.split_whitespace().map(capital).collect::<Vec<_>>().join(" ")
    }

    /// What follows the phrase in what was heard (trimmed, perhaps empty); `None` where the
    /// phrase is not in it. `likelihood` is the recogniser's own for the phrase, where it was
    /// asked: then words that sound less like it will do.
    pub fn command<'t>(&self, heard: &'t str, likelihood: Option<f32>) -> Option<&'t str> {
        let at_least = |p: f32| likelihood.is_some_and(|likelihood| likelihood >= p);
        let near = || at_least(LIKELY).then(|| self.find(heard, FAR_BUT_LIKELY)).flatten();
        let whole = || at_least(CERTAIN).then(|| trimmed(heard));
        let rest = self.find(heard, FAR).or_else(near).or_else(whole)?;
        // On noise the recogniser may give its own prompt back.
        let is_prompt = |rest: &str| {
            PROMPTED.map(str::to_lowercase).iter().any(|p| p == rest.trim_end_matches(['?', '.', '!']))
        };
        (!is_prompt(&rest.to_lowercase())).then_some(rest)
    }

    fn find<'t>(&self, heard: &'t str, far: f32) -> Option<&'t str> {
        if self.phrase.is_empty() {
            return None;
        }
        if self.sounds.is_empty() {
            return plain(&self.phrase, heard);
        }
        let words = words(heard);
        let most = far * self.sounds.len() as f32;
        let mut best: Option<(f32, usize)> = None;
        for from in starts(heard, &words) {
            for count in 1..=self.words + 2 {
                let Some(window) = words.get(from..from + count) else { break };
                let mut spoken = Sounds::default();
                window.iter().for_each(|(at, end)| spoken.word(heard.get(*at..*end).unwrap_or_default()));
                let distance = self.sounds.distance(&spoken);
                let end = window.last().map_or(0, |(_, end)| *end);
                if distance <= most && best.is_none_or(|(least, _)| distance < least) {
                    best = Some((distance, end));
                }
            }
        }
        best.and_then(|(_, end)| heard.get(end..)).map(trimmed)
    }
}

/// Where words begin and end, in bytes.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let is_word = c.is_alphanumeric() || c == '\'' || c == '’';
        match start {
            None if is_word => start = Some(at),
            Some(from) if !is_word => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The words at which the phrase may begin.
fn starts<'w>(text: &'w str, words: &'w [(usize, usize)]) -> impl Iterator<Item = usize> + 'w {
    (0..words.len()).filter(move |&n| {
        let Some((_, before)) = n.checked_sub(1).and_then(|before| words.get(before)) else { return true };
        let here = words.get(n).map_or(text.len(), |(at, _)| *at);
        n <= LEAD || text.get(*before..here).is_some_and(|gap| gap.contains(|c: char| !c.is_whitespace()))
    })
}

/// The phrase letter by letter, whatever the case, spaces and punctuation.
fn plain<'t>(phrase: &str, heard: &'t str) -> Option<&'t str> {
    let folded = |text: &str| -> Vec<(char, usize)> {
        text.char_indices()
            .filter(|(_, c)| c.is_alphanumeric())
            .flat_map(|(at, c)| c.to_lowercase().map(move |l| (l, at + c.len_utf8())))
            .collect()
    };
    let phrase = folded(phrase);
    let heard_letters = folded(heard);
    let is_there = |window: &&[(char, usize)]| window.iter().zip(&phrase).all(|(a, b)| a.0 == b.0);
    let found = heard_letters.windows(phrase.len().max(1)).find(is_there)?;
    let (_, end) = found.last()?;
    (!phrase.is_empty()).then(|| heard.get(*end..).map(trimmed)).flatten()
}

/// Without the punctuation that parted it from the phrase.
fn trimmed(rest: &str) -> &str {
    rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
