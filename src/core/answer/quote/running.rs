//! Sentences of running text.

use super::{Hit, Quote, Quoted};
use crate::core::answer::asked::Asked;
use crate::core::answer::guard::warnings;
use crate::core::answer::source::{Segment, Source, stopped};
use crate::core::answer::words::{self, terms};
use crate::core::knowledge::passage::{Passage, Shape};

/// At most so many sentences of running text.
const MOST_SENTENCES: usize = 3;
/// A further sentence needs this share of the best one's score.
const FURTHER: f32 = 0.6;
/// A figure of the kind asked for makes a sentence's words count so much more.
const FIGURE: f32 = 1.6;

/// A sentence with how well it answers.
struct Scored<'p> {
    segment: Segment,
    passage: &'p Passage,
    score: f32,
}

/// The sentences of `passage`, best first.
fn rate<'p>(wanted: &[words::Term], asked: &Asked, passage: &'p Passage) -> Vec<Scored<'p>> {
    let source = Source::of(passage);
    let about: Vec<String> = terms(&source.context()).into_iter().map(|t| t.stem).collect();
    let score = |text: &str| -> f32 {
        let held: Vec<String> = terms(text).into_iter().map(|t| t.stem).collect();
        // What the heading says already tells sentences apart less.
        let words: f32 = wanted
            .iter()
            .filter(|t| held.contains(&t.stem))
            .map(|t| words::weight(&t.stem) * if about.contains(&t.stem) { 0.5 } else { 1.0 })
            .sum();
        words * if asked.figure && asked.is_met_by(text) { FIGURE } else { 1.0 }
    };
    // Where the passage is a warning, the warning is what answers.
    let labels: Vec<bool> = source.segments.iter().map(|s| is_label(s, passage)).collect();
    let only_labels = labels.iter().all(|l| *l);
    let mut rated: Vec<Scored<'p>> = source
        .segments
        .into_iter()
        .zip(labels)
        .filter(|(_, label)| only_labels || !label)
        .map(|(segment, _)| segment)
        .map(|segment| Scored { score: score(&segment.text), segment, passage })
        .collect();
    rated.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.segment.span.start.cmp(&b.segment.span.start)));
    rated
}

/// The best sentences of running text: those of `main` and of its neighbours in the same
/// section, and one of another section where it holds a word of the question that these do
/// not.
pub(super) fn prose<'p>(question: &str, asked: &Asked, main: &'p Passage, hits: &[Hit<'p>]) -> Quoted<'p> {
    let wanted = terms(question);
    let mut own = rate(&wanted, asked, main);
    let Some(top) = own.first().map(|s| s.score) else {
        return Quoted::default();
    };
    let neighbours = hits.iter().map(|h| h.passage).filter(|p| {
        p.shape == main.shape && p.span != main.span && same_document(p, main) && p.section == main.section
    });
    own.extend(neighbours.flat_map(|p| rate(&wanted, asked, p)));
    // Stable: the chosen passage's own best sentence stays first among equals.
    own.sort_by(|a, b| b.score.total_cmp(&a.score));
    // Beside a figure of the kind asked for, other sentences only hide it.
    if asked.figure && own.first().is_some_and(|s| asked.is_met_by(&s.segment.text)) {
        own.retain(|s| asked.is_met_by(&s.segment.text));
    }
    let mut chosen: Vec<Scored<'p>> = Vec::new();
    for scored in own {
        if chosen.len() < MOST_SENTENCES
            && (chosen.is_empty() || (top > 0.0 && scored.score >= FURTHER * top))
        {
            chosen.push(scored);
        }
    }
    chosen.sort_by_key(|s| s.segment.span.start);
    if chosen.len() < MOST_SENTENCES
        && let Some(other) = complement(&wanted, asked, &chosen, main, hits)
        && other.score >= 0.9 * top
    {
        chosen.push(other);
    }
    let sentences = chosen
        .into_iter()
        .map(|s| Quote { text: stopped(&s.segment.text), passage: s.passage, span: s.segment.span })
        .collect();
    Quoted { sentences, steps: None }
}

/// The opening sentences of a code's own section: what it means, why, what to do. Where the
/// question has words of the section, the sentence that fits best is among them.
pub(super) fn opening<'p>(question: &str, asked: &Asked, main: &'p Passage) -> Quoted<'p> {
    let mut own = rate(&terms(question), asked, main);
    let best = own.first().filter(|s| s.score > 0.0).map(|s| s.segment.span);
    own.sort_by_key(|s| s.segment.span.start);
    let late = own.iter().position(|s| Some(s.segment.span) == best).filter(|&i| i >= MOST_SENTENCES);
    let mut kept: Vec<Scored<'p>> = Vec::new();
    for (i, scored) in own.into_iter().enumerate() {
        let room = MOST_SENTENCES - usize::from(late.is_some());
        if i < room || late == Some(i) {
            kept.push(scored);
        }
    }
    let sentences = kept
        .into_iter()
        .map(|s| Quote { text: stopped(&s.segment.text), passage: main, span: s.segment.span })
        .collect();
    Quoted { sentences, steps: None }
}

/// The best sentence of the next hits that holds a word of the question not yet said.
fn complement<'p>(
    wanted: &[words::Term],
    asked: &Asked,
    chosen: &[Scored<'p>],
    main: &Passage,
    hits: &[Hit<'p>],
) -> Option<Scored<'p>> {
    let said: Vec<String> = chosen.iter().flat_map(|s| terms(&s.segment.text)).map(|t| t.stem).collect();
    let open: Vec<&words::Term> = wanted.iter().filter(|t| !said.contains(&t.stem)).collect();
    hits.iter()
        .take(3)
        .filter(|h| {
            let p = h.passage;
            p.shape == Shape::Prose && p.section != main.section && same_document(p, main)
        })
        .flat_map(|h| rate(wanted, asked, h.passage))
        .filter(|s| {
            let held: Vec<String> = terms(&s.segment.text).into_iter().map(|t| t.stem).collect();
            open.iter().any(|t| held.contains(&t.stem))
        })
        .max_by(|a, b| a.score.total_cmp(&b.score))
}

/// Never a second revision of the same text, nor another machine's.
fn same_document(a: &Passage, b: &Passage) -> bool {
    a.document == b.document && a.revision == b.revision
}

/// A heading, or a lead-in like "Proceed as follows:", says nothing alone; neither does
/// the text of a warning, which is said before.
fn is_label(segment: &Segment, passage: &Passage) -> bool {
    let heading = passage.section.last().is_some_and(|h| warnings::same(h, &segment.text));
    let within_warning =
        passage.warnings.iter().any(|w| w.span.start <= segment.span.start && segment.span.end <= w.span.end);
    // A question answers nothing, whoever put it there.
    heading || within_warning || segment.text.ends_with([':', '?', '？'])
}
