//! How well a sentence is held by a source, as one number: for ranking, and as a threshold.
//!
//! Four things that a true restatement has and an invention lacks: its words are in the
//! source (the rarer the more they count: figures, names, long words); they are there
//! *together*, in few sentences rather than scattered; neighbours are neighbours there too;
//! and nothing is turned round. Where an embedder is at hand, the likeness of the nearest
//! source sentence stands beside them, for what is said in other words.

use std::collections::{HashMap, HashSet};

use super::polarity::{self, Clause, Grade};
use crate::core::answer::source::Source;
use crate::core::answer::words::{self, stem};

/// Parts of the lexical score; they add up to one.
const HELD: f32 = 0.45;
const TOGETHER: f32 = 0.30;
const IN_ORDER: f32 = 0.25;
/// What remains of the score where something is turned round.
const TURNED: f32 = 0.8;
/// The embedder's part of the score, where there is one.
const LIKENESS: f32 = 0.4;
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

    /// How well `sentence` is held, from 0 to 1. `similarity` is the embedder's cosine of the
    /// sentence with the source sentence nearest to it, where there is an embedder.
    pub fn score(&self, sentence: &str, similarity: Option<f32>) -> f32 {
        let wanted = wanted(sentence);
        let total: f32 = wanted.iter().map(|w| w.1).sum();
        if total <= 0.0 {
            return similarity.unwrap_or(0.0).clamp(0.0, 1.0);
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
        if let Some(similarity) = similarity {
            score = (1.0 - LIKENESS) * score + LIKENESS * similarity.clamp(0.0, 1.0);
        }
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

/// The score of a whole text from those of its sentences: their mean, drawn towards the
/// weakest. 0 where there are none.
pub fn of_text(sentences: &[f32]) -> f32 {
    let weakest = sentences.iter().copied().fold(f32::INFINITY, f32::min);
    if sentences.is_empty() {
        return 0.0;
    }
    let mean = sentences.iter().sum::<f32>() / sentences.len() as f32;
    (1.0 - WEAKEST) * mean + WEAKEST * weakest
}

fn head(stem: &str) -> String {
    stem.chars().take(4).collect()
}

/// The content words of a sentence in order with what each weighs.
fn wanted(sentence: &str) -> Vec<(String, f32)> {
    let names: HashSet<String> = sentence
        .split_whitespace()
        .skip(1)
        .filter(|w| w.starts_with(char::is_uppercase))
        .map(|w| stem(&w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()))
        .collect();
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
        Ground::of(&[Source::of(&passage)]).score(sentence, None)
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
        assert!(score("Never open the valve by hand.") > score("Open the valve by hand.") + 0.1);
        assert!(score("The pump starts.") > score("The pump does not start."));
    }

    #[test]
    fn likeness_counts_where_there_is_an_embedder() {
        let passage = prose(TEXT);
        let ground = Ground::of(&[Source::of(&passage)]);
        let sentence = "It begins to run at a low level.";
        assert!(ground.score(sentence, Some(0.9)) > ground.score(sentence, Some(0.1)));
    }

    #[test]
    fn the_weakest_sentence_draws_a_text_down() {
        assert!(of_text(&[1.0, 0.2]) < 0.6 && of_text(&[]) == 0.0);
    }

    proptest! {
        #[test]
        fn a_score_is_from_0_to_1(sentence in "(?s).{0,80}", text in "(?s).{1,80}", similarity in proptest::option::of(-1f32..1.0)) {
            let passage = prose(&text);
            let score = Ground::of(&[Source::of(&passage)]).score(&sentence, similarity);
            prop_assert!((0.0..=1.0).contains(&score));
        }
    }
}
