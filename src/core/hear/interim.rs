//! Transcripts of an utterance that still goes on: which of their words may be relied on, and
//! when the next one is due. Both are pure; time comes as an argument.

use super::{Transcript, is_spaced};
use crate::core::Moment;
use std::time::Duration;

/// What of an utterance that goes on can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Words that never change any more.
    pub stable: String,
    /// What follows them as it is heard now; the next transcript may say otherwise.
    pub rest: String,
}

/// The words of one utterance as they settle.
///
/// LocalAgreement-2 (Macháček, Dabre and Bojar 2023, "Turning Whisper into Real-Time
/// Transcription System"): a word is stable once two transcripts in a row agree on it and on all
/// before it. Words are compared without case and punctuation, and kept as the second had them.
/// Invariant: what was once stable is the beginning of all that is stable later.
#[derive(Debug, Clone, Default)]
pub struct Interim {
    stable: Vec<String>,
    last: Vec<String>,
    spaced: Option<bool>,
}

impl Interim {
    /// Takes the next transcript of the same utterance, from its beginning. One that is not
    /// speech counts as without words.
    pub fn update(&mut self, heard: &Transcript) -> Shown {
        // The language of the first is kept: another one would join what is stable differently.
        let spaced = *self.spaced.get_or_insert_with(|| is_spaced(&heard.language));
        let words: Vec<String> =
            if heard.speech { heard.words.iter().map(|w| w.word.clone()).collect() } else { Vec::new() };
        let agreed = words.iter().zip(&self.last).take_while(|(a, b)| same(a, b)).count();
        let keeps = self.stable.iter().zip(&words).all(|(a, b)| same(a, b));
        if keeps {
            for (at, word) in words.iter().enumerate().take(agreed).skip(self.stable.len()) {
                // An end that was heard in mid-sentence is a guess.
                let last = at + 1 == words.len();
                self.stable.push(if last { open_ended(word).to_owned() } else { word.clone() });
            }
        }
        let rest = words.get(self.stable.len()..).unwrap_or_default();
        let shown = Shown { stable: join(&self.stable, spaced), rest: join(rest, spaced) };
        self.last = words;
        shown
    }
}

/// When the next interim transcript is due.
///
/// Invariants: never two at once; none while a final one is pending; at most half of the time
/// is spent on them once one takes longer than [`Pace::CHEAP`].
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// When the utterance, or the run before, began.
    from: Option<Moment>,
    runs: bool,
    took: Duration,
}

impl Pace {
    /// From the beginning of one run to that of the next.
    pub const EVERY: Duration = Duration::from_millis(400);
    /// A run that takes longer than this stretches the time to the next.
    pub const CHEAP: Duration = Duration::from_millis(200);
    /// They are never further apart than this, unless one run takes longer.
    pub const RARELY: Duration = Duration::from_secs(2);

    /// An utterance begins. A run of the one before may still go on: it counts until
    /// [`Pace::finished`].
    pub fn utterance(&mut self, now: Moment) {
        self.from = Some(now);
    }

    /// The utterance is over: nothing is due until the next.
    pub fn ended(&mut self) {
        self.from = None;
    }

    /// Should a run begin now? `final_pending`: a final transcript waits or is being made.
    pub fn is_due(&self, now: Moment, final_pending: bool) -> bool {
        let Some(from) = self.from else { return false };
        !self.runs && !final_pending && now.saturating_sub(from) >= self.apart()
    }

    /// A run begins.
    pub fn started(&mut self, now: Moment) {
        self.runs = true;
        self.from = self.from.map(|_| now);
    }

    /// The run is done, was given up, or was not taken.
    pub fn finished(&mut self, took: Duration) {
        self.runs = false;
        self.took = took;
    }

    /// Does one run now?
    pub fn runs(&self) -> bool {
        self.runs
    }

    fn apart(&self) -> Duration {
        if self.took <= Self::CHEAP { Self::EVERY } else { (self.took * 2).min(Self::RARELY) }
    }
}

/// Are two words the same to the ear? Punctuation alone is no word, so that it agrees with
/// itself only.
fn same(a: &str, b: &str) -> bool {
    let plain = |word: &str| -> String {
        word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (pa, pb) = (plain(a), plain(b));
    if pa.is_empty() || pb.is_empty() { a == b } else { pa == pb }
}

/// Without the punctuation that ends a sentence.
fn open_ended(word: &str) -> &str {
    let bare = word.trim_end_matches(['.', ',', '?', '!', ';', ':', '…', '。', '，', '？', '！']);
    if bare.is_empty() { word } else { bare }
}

fn join(words: &[String], spaced: bool) -> String {
    words.join(if spaced { " " } else { "" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Word;
    use super::*;

    fn heard(text: &str) -> Transcript {
        Transcript {
            text: text.into(),
            words: text.split(' ').map(|word| Word { word: word.into(), ..Word::default() }).collect(),
            language: "en".into(),
            speech: true,
            ..Transcript::default()
        }
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn words_settle_once_two_in_a_row_agree() {
        let mut interim = Interim::default();
        let mut shown = |text: &str| {
            let shown = interim.update(&heard(text));
            (shown.stable, shown.rest)
        };
        let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(shown("What does"), both("", "What does"));
        assert_eq!(shown("What does the alarm?"), both("What does", "the alarm?"));
        assert_eq!(shown("What does the alarm E20"), both("What does the alarm", "E20"));
        assert_eq!(shown("what does the alarm E203 mean."), both("What does the alarm", "E203 mean."));
        assert_eq!(shown("What does the alarm E203 mean."), both("What does the alarm E203 mean", ""));
    }

    #[test]
    fn what_is_stable_stays_where_later_hearing_contradicts_it() {
        let mut interim = Interim::default();
        interim.update(&heard("Oil the flange"));
        interim.update(&heard("Oil the flange"));
        for _ in 0..2 {
            let shown = interim.update(&heard("Boil the flange bolts"));
            assert_eq!((shown.stable.as_str(), shown.rest.as_str()), ("Oil the flange", "bolts"));
        }
        let nothing = interim.update(&Transcript { doubt: "no words".into(), ..Transcript::default() });
        assert_eq!((nothing.stable.as_str(), nothing.rest.as_str()), ("Oil the flange", ""));
    }

    #[test]
    fn chinese_is_joined_without_spaces() {
        let mut interim = Interim::default();
        let pump = Transcript { language: "zh".into(), ..heard("液 压 泵。") };
        interim.update(&pump);
        assert_eq!(interim.update(&pump).stable, "液压泵");
    }

    #[test]
    fn a_run_is_due_every_400_ms_of_speech_and_never_beside_another_or_a_final() {
        let mut pace = Pace::default();
        assert!(!pace.is_due(ms(9_000), false), "nobody speaks");
        pace.utterance(ms(1_000));
        assert!(!pace.is_due(ms(1_399), false) && pace.is_due(ms(1_400), false));
        assert!(!pace.is_due(ms(1_400), true), "the final one goes first");
        pace.started(ms(1_400));
        assert!(!pace.is_due(ms(5_000), false), "one at a time");
        pace.finished(ms(150));
        assert!(!pace.is_due(ms(1_799), false) && pace.is_due(ms(1_800), false));
        pace.ended();
        assert!(!pace.is_due(ms(9_000), false));
    }

    #[test]
    fn a_slow_machine_is_asked_less_often() {
        let mut pace = Pace::default();
        pace.utterance(ms(0));
        pace.started(ms(400));
        pace.finished(ms(300));
        assert!(!pace.is_due(ms(999), false) && pace.is_due(ms(1_000), false));
        pace.started(ms(1_000));
        pace.finished(ms(9_000));
        assert!(pace.is_due(ms(3_000), false), "but it is asked");
    }

    proptest! {
        #[test]
        fn stable_words_only_grow_and_were_agreed_on(
            texts in prop::collection::vec(prop::collection::vec("[ab][.?]?", 1..6), 1..12)
        ) {
            let mut interim = Interim::default();
            let mut before = String::new();
            let mut last: Vec<String> = Vec::new();
            for words in texts {
                let shown = interim.update(&heard(&words.join(" ")));
                prop_assert!(shown.stable.starts_with(&before));
                if shown.stable.len() > before.len() {
                    let stable: Vec<&str> = shown.stable.split(' ').collect();
                    for (at, word) in stable.iter().enumerate() {
                        prop_assert!(same(word, &words[at]) && same(word, &last[at]));
                    }
                }
                before = shown.stable;
                last = words;
            }
        }

        #[test]
        fn runs_take_at_most_half_of_the_time_where_they_are_not_cheap(
            took in prop::collection::vec(1_u64..1_000, 1..40)
        ) {
            let mut pace = Pace::default();
            let (mut now, mut spent) = (0, 0);
            pace.utterance(ms(0));
            for took in took {
                while !pace.is_due(ms(now), false) {
                    now += 10;
                    prop_assert!(now < 100_000, "never due again");
                }
                pace.started(ms(now));
                now += took;
                spent += took;
                pace.finished(ms(took));
                prop_assert!(spent * 2 <= now + took + 400);
            }
        }
    }
}
