//! How well a sentence is held by a source, as one number: for ranking, and as a threshold.
//!
//! Four things that a true restatement has and an invention lacks: its words are in the
//! source (the rarer the more they count: figures, names, long words); they are there
//! *together*, in few sentences rather than scattered; neighbours are neighbours there too;
//! and no figure and no name is foreign to the source. A meaning turned round counts little
//! here: in open text a negation is often said in other words.
//!
//! The weights and the way sentences make a text were chosen on `tests/trust/claims.jsonl`.
//! The embedder's likeness is no part of it: with it the score ranked worse than without,
//! because what is altered in one word is as like as what is not.

use std::collections::{HashMap, HashSet};

use super::polarity::{self, Clause, Grade};
use crate::core::answer::source::Source;
use crate::core::answer::words::{self, stem};

/// Parts of the lexical score; they add up to one.
const HELD: f32 = 0.45;
const TOGETHER: f32 = 0.30;
const IN_ORDER: f32 = 0.25;
/// What remains of the score where something is turned round.
const TURNED: f32 = 0.9;
/// What remains of it for each figure or name that the source does not have, and how many
/// of them count.
const FOREIGN: f32 = 0.7;
const FOREIGN_MOST: f32 = 2.0;
/// A word in another form ("repair" for "repaired") counts so much.
const ALIKE: f32 = 0.7;
/// A name counts so much more than another word of its length.
const NAME: f32 = 1.5;
/// Words apart at most for two to be neighbours in the source.
const APART: usize = 4;
/// The weakest sentence's part in the score of a text.
const WEAKEST: f32 = 0.3;

/// A source made ready to be compared with many sentences.
#[derive(Debug, Default)]
pub struct Ground {
    /// Stems of each segment.
    segments: Vec<HashSet<String>>,
    /// Every stem, under its first letters.
    near: HashMap<String, Vec<String>>,
    all: HashSet<String>,
    /// Stems that follow one another closely.
    pairs: HashSet<(String, String)>,
    clauses: Vec<Clause>,
}

impl Ground {
    /// Of all `sources` together.
    pub fn of(sources: &[Source<'_>]) -> Ground {
        let mut ground = Ground::default();
        for source in sources {
            ground.add(&source.context(), false);
            for segment in &source.segments {
                ground.add(&segment.text, true);
                ground.clauses.extend(polarity::clauses(&segment.text));
            }
        }
        ground
    }

    fn add(&mut self, text: &str, segment: bool) {
        let stems: Vec<String> = words::terms(text).into_iter().map(|t| t.stem).collect();
        for (i, stem) in stems.iter().enumerate() {
            for next in stems.iter().skip(i + 1).take(APART) {
                self.pairs.insert((stem.clone(), next.clone()));
            }
            if self.all.insert(stem.clone()) {
                self.near.entry(head(stem)).or_default().push(stem.clone());
            }
        }
        if segment {
            self.segments.push(stems.into_iter().collect());
        }
    }

    /// How much of the word the source has: all, its stem in another form, or nothing.
    fn holds(&self, stem: &str) -> f32 {
        if self.all.contains(stem) {
            return 1.0;
        }
        let like = |other: &String| {
            let common = stem.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            common >= 5 && common * 10 >= stem.len().max(other.len()) * 6
        };
        let close = stem.is_ascii() && self.near.get(&head(stem)).is_some_and(|all| all.iter().any(like));
        if close { ALIKE } else { 0.0 }
    }

    /// How well `sentence` is held, from 0 to 1.
    pub fn score(&self, sentence: &str) -> f32 {
        let wanted = wanted(sentence);
        let total: f32 = wanted.iter().map(|w| w.1).sum();
        if total <= 0.0 {
            return 0.0;
        }
        let held: f32 = wanted.iter().map(|(s, w)| w * self.holds(s)).sum::<f32>() / total;
        let together = self.together(&wanted) / total;
        let steps: Vec<_> = wanted.windows(2).collect();
        let kept = steps
            .iter()
            .filter(|w| matches!(w, [(a, _), (b, _)] if self.pairs.contains(&(a.clone(), b.clone())) || self.pairs.contains(&(b.clone(), a.clone()))))
            .count();
        let in_order = if steps.is_empty() { held } else { kept as f32 / steps.len() as f32 };
        let mut score = HELD * held + TOGETHER * together + IN_ORDER * in_order;
        if !polarity::turned(sentence, &self.clauses.iter().collect::<Vec<_>>(), Grade::Paraphrase).is_empty()
        {
            score *= TURNED;
        }
        let names = names(sentence);
        let telling = |s: &str| names.contains(s) || s.starts_with(|c: char| c.is_ascii_digit());
        let foreign: f32 = wanted.iter().filter(|w| telling(&w.0)).map(|w| 1.0 - self.holds(&w.0)).sum();
        score *= FOREIGN.powf(foreign.min(FOREIGN_MOST));
        score.clamp(0.0, 1.0)
    }

    /// The weight that the two best segments hold between them.
    fn together(&self, wanted: &[(String, f32)]) -> f32 {
        let of = |segment: &HashSet<String>, open: &[&(String, f32)]| -> f32 {
            open.iter().filter(|w| segment.contains(&w.0)).map(|w| w.1).sum()
        };
        let mut open: Vec<&(String, f32)> = wanted.iter().collect();
        let mut sum = 0.0;
        for _ in 0..2 {
            let best = self.segments.iter().max_by(|a, b| of(a, &open).total_cmp(&of(b, &open)));
            let Some(best) = best else { break };
            sum += of(best, &open);
            open.retain(|w| !best.contains(&w.0));
        }
        sum
    }
}

/// The score of a whole text from those of its sentences, each with its number of words:
/// the mean over its words, drawn towards the weakest sentence. 0 where there are none.
pub fn of_text(sentences: &[(f32, usize)]) -> f32 {
    let weakest = sentences.iter().map(|s| s.0).fold(f32::INFINITY, f32::min);
    let words: usize = sentences.iter().map(|s| s.1).sum();
    if words == 0 {
        return 0.0;
    }
    let mean = sentences.iter().map(|(s, n)| s * *n as f32).sum::<f32>() / words as f32;
    (1.0 - WEAKEST) * mean + WEAKEST * weakest
}

fn head(stem: &str) -> String {
    stem.chars().take(4).collect()
}

/// Stems of the words that are written with a capital within the sentence.
fn names(sentence: &str) -> HashSet<String> {
    sentence
        .split_whitespace()
        .skip(1)
        .filter(|w| w.starts_with(char::is_uppercase))
        .map(|w| stem(&w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()))
        .collect()
}

/// The content words of a sentence in order with what each weighs.
fn wanted(sentence: &str) -> Vec<(String, f32)> {
    let names = names(sentence);
    words::terms(sentence)
        .into_iter()
        .map(|t| {
            let weight = words::weight(&t.stem) * if names.contains(&t.stem) { NAME } else { 1.0 };
            (t.stem, weight)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::answer::source::tests::prose;
    use proptest::prelude::*;

    const TEXT: &str = "The feed pump starts when the tank falls below 40 %. It stops at 85 %. \
        A locked pump is released at the local panel. Never open the valve by hand.";

    fn score(sentence: &str) -> f32 {
        let passage = prose(TEXT);
        Ground::of(&[Source::of(&passage)]).score(sentence)
    }

    #[test]
    fn what_is_said_comes_before_what_is_not() {
        let order = [
            "The feed pump starts when the tank falls below 40 %.",
            "When the tank is below 40 %, the feed pump starts.",
            "The feed pump starts at a tank temperature of 70 °C.",
            "Hydraulic cylinders leak in winter.",
        ];
        let scores: Vec<f32> = order.iter().map(|s| score(s)).collect();
        assert!(scores.windows(2).all(|w| w[0] > w[1]), "{scores:?}");
        assert!(scores[0] > 0.95 && scores[3] < 0.2, "{scores:?}");
    }

    #[test]
    fn a_meaning_turned_round_scores_lower() {
        assert!(score("Never open the valve by hand.") > score("Open the valve by hand.") + 0.05);
        assert!(score("The pump starts.") > score("The pump does not start."));
    }

    #[test]
    fn a_foreign_figure_or_name_counts_much() {
        let right = score("The feed pump stops at 85 %.");
        assert!(score("The feed pump stops at 58 %.") < right * 0.75);
        assert!(score("The Harlow feed pump stops at 85 %.") < right * 0.8);
    }

    #[test]
    fn the_weakest_sentence_draws_a_text_down() {
        assert!(of_text(&[(1.0, 5), (0.2, 5)]) < 0.6 && of_text(&[]) == 0.0);
    }

    proptest! {
        #[test]
        fn a_score_is_from_0_to_1(sentence in "(?s).{0,80}", text in "(?s).{1,80}") {
            let passage = prose(&text);
            let score = Ground::of(&[Source::of(&passage)]).score(&sentence);
            prop_assert!((0.0..=1.0).contains(&score));
        }
    }
}
