//! The guard: the model proposes, the manual disposes.
//!
//! [`judge`] splits a draft into sentences, finds the passage that says each of them, and
//! holds it against that passage: its words ([`grounding`]), its numbers, units and codes
//! ([`numbers`]). [`warnings`] knows what must be said first, [`injection`] which passages
//! speak to the assistant instead of the technician. Everything here is a pure function of
//! its arguments.

pub mod grounding;
pub mod held;
pub mod injection;
pub mod numbers;
mod owner;
pub mod polarity;
pub mod score;
pub mod warnings;

use std::sync::OnceLock;

use regex::Regex;

use held::{Held, Line, stems};
use polarity::{Clause, Grade};

use super::sentence;
use super::source::Source;
use super::words::plain;
use super::{Verdict, quantity::Quantity};
use crate::core::knowledge::passage::{Passage, Span};

/// A sentence of a draft that a passage says.
#[derive(Debug, Clone, PartialEq)]
pub struct Grounded {
    /// The sentence, without citation marks.
    pub text: String,
    /// The passages (indices) that say it, best first. Never empty.
    pub passages: Vec<usize>,
    /// For each of them the spans of the sentences that say it, in the stored text.
    pub spans: Vec<Vec<Span>>,
    /// Its numbers, each with the passage that holds it.
    pub numbers: Vec<(Quantity, usize)>,
}

/// What was found about a draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// May it be delivered?
    pub verdict: Verdict,
    /// Its sentences that passed.
    pub sentences: Vec<Grounded>,
}

/// Judges `draft` against `passages`, which the prompt numbered from 1.
///
/// Every sentence must pass: one that does not fails the draft, because what remains
/// without it may say something else. Citation marks ("[2]") are taken as hints and
/// removed. A last sentence that was cut off in the middle is left out if others stand.
pub fn judge(draft: &str, passages: &[Passage]) -> Judgement {
    let sources: Vec<Source<'_>> = passages.iter().map(Source::of).collect();
    let usable: Vec<bool> = passages.iter().map(injection::is_masked).collect();
    // A passage that was not masked holds nothing and is nobody's rival.
    let held: Vec<Held> = sources
        .iter()
        .zip(&usable)
        .map(|(s, usable)| if *usable { Held::of(s) } else { Held::default() })
        .collect();
    let mut verdict = Verdict::default();
    let mut sentences = Vec::new();
    let pieces = pieces(draft);
    if pieces.is_empty() {
        verdict.reasons.push("the draft is empty".to_owned());
        return Judgement { verdict, sentences };
    }
    let mut failed = false;
    let last = pieces.len() - 1;
    for (i, piece) in pieces.iter().enumerate() {
        let unfinished = i == last && i > 0 && !piece.text.ends_with(['.', '!', '?', '。', ')', '"', '”']);
        if unfinished {
            verdict.reasons.push(format!("left out, unfinished: {}", piece.text));
            continue;
        }
        // What is in the warnings already is not said twice.
        if passages.iter().flat_map(|p| &p.warnings).any(|w| warnings::same(&w.text, &piece.text)) {
            continue;
        }
        match ground(piece, &context(&pieces, i), &sources, &held, &usable) {
            Ok(grounded) => sentences.push(grounded),
            Err(fault) => {
                failed = true;
                verdict.unsupported.extend(fault.unsupported);
                verdict.reasons.extend(fault.reasons.into_iter().map(|r| format!("\"{}\": {r}", piece.text)));
            }
        }
    }
    if sentences.is_empty() && !failed {
        verdict.reasons.push("the draft says nothing but the warnings".to_owned());
    }
    verdict.passed = !failed && !sentences.is_empty();
    Judgement { verdict, sentences }
}

/// What in `draft` contradicts `passages`, whoever's words it is said in: figures, units and
/// codes that they do not hold, or hold otherwise or for something else, and negations,
/// exceptions, obligations and opposites that stand otherwise there.
///
/// The half of [`judge`] that does not ask whether the passages say it at all: a paraphrase
/// passes, and so does an invention that names nothing. Nothing is delivered on it alone.
pub fn contradictions(draft: &str, passages: &[Passage]) -> Verdict {
    let sources: Vec<Source<'_>> = passages.iter().map(Source::of).collect();
    let held: Vec<Held> = sources.iter().map(Held::of).collect();
    let segments = || held.iter().flat_map(|h| h.lines.get(..h.segments).unwrap_or_default());
    let clauses: Vec<&Clause> = segments().flat_map(Line::clauses).collect();
    let mut verdict = Verdict::default();
    let pieces = pieces(draft);
    for (i, piece) in pieces.iter().enumerate() {
        let line = Line::of(&piece.text, false);
        let (_, unsupported) = numbers::check_held(&line, &stems(&context(&pieces, i)), &held);
        // A comparison that only one side makes may still be true.
        let contrary = unsupported.iter().filter(|u| u.flaw != numbers::Flaw::Uncompared);
        verdict.unsupported.extend(contrary.map(ToString::to_string));
        let verbatim = segments().any(|s| s.text.contains(piece.text.as_str()));
        if !verbatim {
            let reasons = polarity::turned(&piece.text, &clauses, Grade::Paraphrase);
            verdict.reasons.extend(reasons.into_iter().map(|r| format!("\"{}\": {r}", piece.text)));
        }
    }
    verdict.passed = verdict.unsupported.is_empty() && verdict.reasons.is_empty();
    verdict
}

/// What the draft spoke of before its sentence `at`: its first sentence, which names the
/// thing, and the last one.
fn context(pieces: &[Piece], at: usize) -> String {
    let text = |i: usize| pieces.get(i).map_or("", |p| p.text.as_str());
    match at {
        0 => String::new(),
        1 => text(0).to_owned(),
        _ => format!("{} {}", text(0), text(at - 1)),
    }
}

/// A sentence of the draft with the passages (from 1) that it claims.
struct Piece {
    text: String,
    claims: Vec<usize>,
}

/// Citation marks, `None` only if the pattern did not compile.
fn marks() -> Option<&'static Regex> {
    static MARKS: OnceLock<Option<Regex>> = OnceLock::new();
    MARKS.get_or_init(|| Regex::new(r"\s*\[(?:passage\s*)?(\d{1,2}(?:\s*,\s*\d{1,2})*)\]").ok()).as_ref()
}

/// The draft's sentences. A mark behind the full stop belongs to the sentence before it.
fn pieces(draft: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for span in sentence::split(draft) {
        let Some(raw) = span.of(draft) else { continue };
        let claims_of = |text: &str| -> Vec<usize> {
            marks().map_or(Vec::new(), |m| {
                m.captures_iter(text)
                    .filter_map(|c| c.get(1))
                    .flat_map(|g| {
                        g.as_str().split(',').filter_map(|n| n.trim().parse().ok()).collect::<Vec<usize>>()
                    })
                    .collect()
            })
        };
        let mut body = raw;
        // "[1] Then …" after "….": the mark belongs to what came before.
        if let (Some(re), Some(before)) = (marks(), pieces.last_mut())
            && let Some(found) = re.find(body)
            && found.start() == 0
        {
            before.claims.extend(claims_of(found.as_str()));
            body = body[found.end()..].trim_start();
        }
        let text = match marks() {
            Some(re) => re.replace_all(body, "").into_owned(),
            None => body.to_owned(),
        };
        let text = plain(&text);
        if text.chars().any(char::is_alphanumeric) {
            pieces.push(Piece { text, claims: claims_of(body) });
        }
    }
    pieces
}

/// Why a sentence is not delivered.
struct Refused {
    unsupported: Vec<String>,
    reasons: Vec<String>,
}

/// Finds the passage that says a sentence.
fn ground(
    piece: &Piece,
    before: &str,
    sources: &[Source<'_>],
    held: &[Held],
    usable: &[bool],
) -> Result<Grounded, Refused> {
    // Against all of them together: a value that stands in one passage may belong to another's.
    let (line, before) = (Line::of(&piece.text, false), stems(before));
    let (_, misplaced) = numbers::check_held(&line, &before, held);
    let wanted = grounding::content(&piece.text);
    let aligned: Vec<grounding::Alignment> = held.iter().map(|h| grounding::align(&wanted, h)).collect();
    let mut order: Vec<usize> = (0..sources.len()).filter(|&i| usable.get(i) == Some(&true)).collect();
    // Best covered first; the draft's own claim decides between equals.
    order.sort_by(|&a, &b| {
        let key = |i: usize| {
            aligned.get(i).map_or(0.0, |al| al.covered)
                + if piece.claims.contains(&(i + 1)) { 0.05 } else { 0.0 }
        };
        key(b).total_cmp(&key(a))
    });
    let mut nearest: Option<Refused> = None;
    for &i in &order {
        let (Some(source), Some(alignment), Some(holds)) = (sources.get(i), aligned.get(i), held.get(i))
        else {
            continue;
        };
        let segment_spans: Vec<Span> =
            alignment.segments.iter().filter_map(|&s| source.segments.get(s)).map(|s| s.span).collect();
        // A sentence of the passage's own, word for word.
        let own = source.segments.iter().find(|s| exact(&s.text, &piece.text));
        let (locked, mut unsupported) = numbers::check_held(&line, &before, std::slice::from_ref(holds));
        if unsupported.is_empty() {
            unsupported.clone_from(&misplaced);
        }
        let reasons =
            if own.is_some() { Vec::new() } else { grounding::check(&piece.text, holds, alignment) };
        if unsupported.is_empty() && reasons.is_empty() {
            return Ok(Grounded {
                text: piece.text.clone(),
                passages: vec![i],
                spans: vec![own.map_or(segment_spans, |s| vec![s.span])],
                numbers: locked.into_iter().map(|l| (l.quantity, i)).collect(),
            });
        }
        if nearest.is_none() {
            nearest =
                Some(Refused { unsupported: unsupported.iter().map(ToString::to_string).collect(), reasons });
        }
    }
    Err(nearest.unwrap_or_else(|| Refused {
        unsupported: Vec::new(),
        reasons: vec!["no passage to stand on".to_owned()],
    }))
}

/// Same words and marks, whatever the blanks and a closing full stop?
fn exact(a: &str, b: &str) -> bool {
    let key = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned();
    key(a) == key(b)
}

#[cfg(test)]
mod tests;
