//! Is a sentence said by a passage? By its words: most of its content stands there, and
//! what turns a meaning round (negation, "only", modality, opposites) stands alike on
//! both sides.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::held::{Held, is_measure, stems};
use super::polarity::{self, Clause, Grade};
use crate::core::answer::words::{self, stem};

/// The share of a sentence's content, by weight, that the passage must hold.
///
/// A sentence of five content words may bring one short word of its own. It is strict on
/// purpose: what falls through is quoted instead, which costs a person little, while an
/// invented part or action may cost a hand.
pub const LEAST_COVERED: f32 = 0.8;

/// Words that a draft may use to talk about what a passage says: they assert nothing.
const SCAFFOLD: &[&str] = &[
    "mean",
    "means",
    "meaning",
    "indicate",
    "indicates",
    "cause",
    "caused",
    "causes",
    "reason",
    "remedy",
    "need",
    "needs",
    "required",
    "make",
    "sure",
    "ensure",
    "following",
    "follows",
    "first",
    "next",
    "finally",
    "value",
    "order",
    "due",
    "possible",
    "according",
    "manual",
    "error",
    "code",
    "alarm",
    "fault",
    "step",
    "steps",
    "use",
    "set",
    "specified",
    "necessary",
    "action",
    "should",
];

/// How far a sentence is held by a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// Share of its content (by weight) that the source holds, 0..=1.
    pub covered: f32,
    /// The source's segments that say it, best first.
    pub segments: Vec<usize>,
    /// Content words that the source does not hold.
    pub foreign: Vec<String>,
}

/// Aligns a sentence's `wanted` words ([`content`]) with `held`.
pub fn align(wanted: &[String], held: &Held) -> Alignment {
    let segments = held.lines.get(..held.segments).unwrap_or_default();
    let mut covered = 0.0;
    let mut total = 0.0;
    let mut foreign = Vec::new();
    for stem in wanted {
        let weight = words::weight(stem);
        total += weight;
        if held.about.contains(stem) || segments.iter().any(|s| s.stems.contains(stem)) {
            covered += weight;
        } else {
            foreign.push(stem.clone());
        }
    }
    // Cover the sentence with as few segments as do, each adding at least two words.
    let mut open: Vec<&String> = wanted.iter().collect();
    let mut chosen = Vec::new();
    while chosen.len() < 3 {
        let gain =
            |i: usize| open.iter().filter(|w| segments.get(i).is_some_and(|s| s.stems.contains(**w))).count();
        let Some(best) = (0..segments.len())
            .filter(|i| !chosen.contains(i))
            .max_by_key(|&i| (gain(i), std::cmp::Reverse(i)))
        else {
            break;
        };
        if gain(best) < if chosen.is_empty() { 1 } else { 2 } {
            break;
        }
        open.retain(|w| !segments.get(best).is_some_and(|s| s.stems.contains(*w)));
        chosen.push(best);
    }
    let covered = if total > 0.0 { covered / total } else { 0.0 };
    Alignment { covered, segments: chosen, foreign }
}

/// Why `sentence` is not what `held` says, or nothing.
pub fn check(sentence: &str, held: &Held, alignment: &Alignment) -> Vec<String> {
    let mut reasons = Vec::new();
    if alignment.covered < LEAST_COVERED {
        reasons.push(match alignment.foreign.is_empty() {
            true => "says nothing that can be looked up".to_owned(),
            false => format!("not in the passage: {}", alignment.foreign.join(", ")),
        });
        return reasons;
    }
    contradicted(sentence, held, alignment)
}

/// What in `sentence` stands otherwise in the segments that it is aligned with.
fn contradicted(sentence: &str, held: &Held, alignment: &Alignment) -> Vec<String> {
    let segments = alignment.segments.iter().filter_map(|&i| held.lines.get(i));
    let clauses: Vec<&Clause> = segments.flat_map(|s| s.clauses()).collect();
    polarity::turned(sentence, &clauses, Grade::Draft)
}

/// The content of a draft's sentence: its terms without scaffold, unless scaffold is all
/// that it has. Pure numbers are the number lock's business.
pub fn content(sentence: &str) -> Vec<String> {
    static STEMS: OnceLock<HashSet<String>> = OnceLock::new();
    let scaffold = STEMS.get_or_init(|| SCAFFOLD.iter().map(|w| stem(w)).collect());
    let mut all: Vec<String> = Vec::new();
    for stem in stems(sentence) {
        let figure = stem.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
        if !figure && !all.contains(&stem) && !is_measure(&stem) {
            all.push(stem);
        }
    }
    let lean: Vec<String> = all.iter().filter(|s| !scaffold.contains(*s)).cloned().collect();
    if lean.is_empty() { all } else { lean }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::answer::source::Source;
    use crate::core::answer::source::tests::{fault, prose};
    use crate::core::knowledge::passage::Passage;

    fn reasons(draft: &str, passage: &Passage) -> Vec<String> {
        let held = Held::of(&Source::of(passage));
        check(draft, &held, &align(&content(draft), &held))
    }

    #[test]
    fn what_the_passage_says_in_other_order_is_grounded() {
        let row =
            fault("E203", "Return filter blocked", "Filter element saturated", "Replace the filter element");
        let text = prose(
            "Do not open valve V1 while the pump is running. Close the drain valve and wait. The guard must be fitted. The cover may be removed.",
        );
        for (draft, passage) in [
            ("E203 means that the return filter is blocked.", &row),
            ("The cause is a saturated filter element, so replace the filter element.", &row),
            ("Never open valve V1 while the pump is running.", &text),
            ("Close the drain valve.", &text),
            ("Fit the guard.", &text),
            ("The cover may be removed.", &text),
            ("Wait, and close the drain valve.", &text),
        ] {
            assert_eq!(reasons(draft, passage), Vec::<String>::new(), "{draft}");
        }
    }

    #[test]
    fn what_it_does_not_say_is_not() {
        let row =
            fault("E203", "Return filter blocked", "Filter element saturated", "Replace the filter element");
        let text = prose(
            "Do not open valve V1 while the pump is running. Tighten the cover clockwise. The guard must be fitted. \
             The cover may be removed. Adjust it only when the drive is isolated. There is no pressure in the line.",
        );
        for (draft, passage) in [
            ("The motor temperature sensor is broken.", &row),
            ("Replace the hydraulic pump.", &row),
            ("Open valve V1 while the pump is running.", &text),
            ("Open valve V1 and do not tighten the cover clockwise.", &text),
            ("Do not tighten the cover clockwise.", &text),
            ("Tighten the cover counterclockwise.", &text),
            ("Loosen the cover clockwise.", &text),
            ("The guard may be fitted.", &text),
            ("The cover must be removed.", &text),
            ("Adjust it when the drive is isolated.", &text),
            ("There is pressure in the line.", &text),
            ("Yes, the cover may be removed.", &text),
            ("Yes.", &text),
            ("", &text),
        ] {
            assert_ne!(reasons(draft, passage), Vec::<String>::new(), "{draft}");
        }
    }

    #[test]
    fn alignment_names_the_sentences_that_say_it() {
        let text =
            prose("The pump is green. Replace the filter element yearly. Bleed the return line slowly.");
        let held = Held::of(&Source::of(&text));
        assert_eq!(align(&content("The filter element is replaced yearly."), &held).segments, [1]);
        let two = align(&content("Replace the filter element and bleed the return line."), &held);
        assert_eq!(two.segments.len(), 2);
        assert!(two.covered > 0.99 && two.foreign.is_empty());
    }
}
