//! The passage's own sentences, chosen without any generation: always available, in a
//! millisecond. Every word comes from the passage (headers of a table included); only
//! punctuation is added.

use super::asked::Asked;
use super::guard::injection;
use super::quantity;
use super::source::{self, Segment, Source, phrase, stopped};
use super::words::{self, terms};
use crate::core::knowledge::passage::{Field, Passage, Shape, Span};

/// A passage that search found, with its score (higher is better).
#[derive(Debug, Clone, Copy)]
pub struct Hit<'p> {
    /// The passage.
    pub passage: &'p Passage,
    /// The ranker's score; only its order counts here.
    pub score: f32,
}

/// One sentence quoted from a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote<'p> {
    /// What is said.
    pub text: String,
    /// The passage that it was taken from.
    pub passage: &'p Passage,
    /// The bytes of the stored text that it was taken from.
    pub span: Span,
}

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quoted<'p> {
    /// The sentences in the order in which they are said; empty where nothing fits.
    pub sentences: Vec<Quote<'p>>,
    /// For a procedure: which of its steps are quoted.
    pub steps: Option<Steps>,
}

/// Which steps of a procedure are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first one, from 1.
    pub first: usize,
    /// How many.
    pub shown: usize,
    /// How many there are.
    pub total: usize,
}

/// At most so many sentences of running text.
const MOST_SENTENCES: usize = 3;
/// At most so many steps of a procedure at once: what a person keeps in mind.
const MOST_STEPS: usize = 6;
/// At most so many rows, where the question does not tell them apart.
const MOST_ROWS: usize = 4;
/// A further sentence needs this share of the best one's score.
const FURTHER: f32 = 0.6;
/// Up to this length a record's cause is said without being asked for.
const SHORT_ENTRY: usize = 320;

/// Quotes what answers `question` best.
///
/// `hits` are best first. `siblings` are all passages of the sections that hits of shape
/// [`Shape::Step`] stand in, so that a procedure can be quoted from its first step; it may
/// be empty. Passages that speak to the assistant are passed over.
pub fn quote<'p>(question: &str, hits: &[Hit<'p>], siblings: &'p [Passage]) -> Quoted<'p> {
    let asked = Asked::of(question);
    let clean: Vec<Hit<'p>> =
        hits.iter().copied().filter(|h| injection::sign(&h.passage.text).is_none()).collect();
    let Some(main) = choose(question, &asked, &clean) else {
        return Quoted::default();
    };
    match main.shape {
        Shape::Row if !main.fields.is_empty() => rows(question, &asked, main, &clean),
        Shape::Step if asked.how || !asked.figure => steps(question, main, siblings),
        _ => prose(question, &asked, main, &clean),
    }
}

/// The hit that answers best: an entry of a code asked for, else the ranker's order
/// tempered by how much of the question each hit holds.
fn choose<'p>(question: &str, asked: &Asked, hits: &[Hit<'p>]) -> Option<&'p Passage> {
    if let Some(hit) = hits.iter().find(|h| is_entry(h.passage, asked)) {
        return Some(hit.passage);
    }
    let wanted = terms(question);
    let mut best: Option<(f32, &'p Passage)> = None;
    for (rank, hit) in hits.iter().take(5).enumerate() {
        let source = Source::of(hit.passage);
        let text = source.text();
        let held = share(&wanted, &format!("{} {}", text, source.context()));
        let meets = if asked.figure && asked.is_met_by(&text) { 1.3 } else { 1.0 };
        let procedure = if asked.how && hit.passage.shape == Shape::Step { 1.2 } else { 1.0 };
        let score = (0.3 + held) * meets * procedure / (1.0 + 0.12 * rank as f32);
        if best.is_none_or(|(top, _)| score > top) {
            best = Some((score, hit.passage));
        }
    }
    best.map(|(_, p)| p)
}

/// Is `passage` the own entry of a code that was asked for?
fn is_entry(passage: &Passage, asked: &Asked) -> bool {
    let own = passage.codes.first().filter(|_| passage.own_code).map(|c| quantity::code_key(c));
    own.is_some_and(|own| asked.codes.iter().any(|a| a.key == own))
}

/// The share of `wanted`, by weight, that `text` holds.
fn share(wanted: &[words::Term], text: &str) -> f32 {
    let held: Vec<String> = terms(text).into_iter().map(|t| t.stem).collect();
    let total: f32 = wanted.iter().map(|t| words::weight(&t.stem)).sum();
    let found: f32 = wanted.iter().filter(|t| held.contains(&t.stem)).map(|t| words::weight(&t.stem)).sum();
    if total > 0.0 { found / total } else { 0.0 }
}

/// What a column holds, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Code,
    Meaning,
    Cause,
    Remedy,
    Other,
}

const ROLES: &[(Role, &[&str])] = &[
    (Role::Cause, &["cause", "reason", "why", "trigger", "causa", "原因"]),
    (
        Role::Remedy,
        &[
            "remedy",
            "action",
            "what to do",
            "measure",
            "correct",
            "solution",
            "countermeasure",
            "fix",
            "response",
            "repair",
            "rectif",
            "remedio",
            "solución",
            "acción",
            "对策",
            "处理",
            "措施",
        ],
    ),
    (
        Role::Meaning,
        &[
            "meaning",
            "description",
            "message",
            "name",
            "fault",
            "alarm",
            "error",
            "condition",
            "symptom",
            "problem",
            "significado",
            "descripción",
            "含义",
            "名称",
            "故障",
        ],
    ),
];

fn role(field: &Field, passage: &Passage) -> Role {
    let own = passage.codes.first().map(|c| quantity::code_key(c));
    if own.is_some() && own == Some(quantity::code_key(&words::plain(&field.value))) {
        return Role::Code;
    }
    let name = field.name.to_lowercase();
    ROLES
        .iter()
        .find(|(_, names)| names.iter().any(|n| name.contains(n)))
        .map_or(Role::Other, |(role, _)| *role)
}

fn rows<'p>(question: &str, asked: &Asked, main: &'p Passage, hits: &[Hit<'p>]) -> Quoted<'p> {
    if main.own_code {
        return Quoted { sentences: entry(question, asked, main), steps: None };
    }
    // Rows of the same table that the question fits as well are said too: which of the
    // bolts is meant is not for us to guess.
    let wanted = terms(question);
    let fit = |p: &Passage| share(&wanted, &source::row(p.fields.iter()));
    let best = fit(main);
    let mut chosen = vec![main];
    for hit in hits {
        let p = hit.passage;
        let table = p.shape == Shape::Row
            && p.document == main.document
            && p.revision == main.revision
            && p.section == main.section;
        if table && !p.own_code && !chosen.contains(&p) && fit(p) >= best - 1e-6 && chosen.len() < MOST_ROWS {
            chosen.push(p);
        }
    }
    Quoted { sentences: chosen.into_iter().flat_map(|p| values(question, asked, p)).collect(), steps: None }
}

/// A fault table's entry: "E203: Return filter blocked. Cause: … Remedy: …"
fn entry<'p>(question: &str, asked: &Asked, passage: &'p Passage) -> Vec<Quote<'p>> {
    let filled: Vec<(&Field, Role)> = passage
        .fields
        .iter()
        .filter(|f| f.value.chars().any(char::is_alphanumeric))
        .map(|f| (f, role(f, passage)))
        .collect();
    let wanted: Vec<String> = terms(question).into_iter().map(|t| t.stem).collect();
    let length: usize = filled.iter().map(|(f, _)| f.value.len()).sum();
    let known = filled.iter().any(|(_, r)| matches!(r, Role::Meaning | Role::Remedy | Role::Cause));
    let takes = |field: &Field, role: Role| match role {
        Role::Code | Role::Meaning | Role::Remedy => true,
        Role::Cause => asked.cause || length <= SHORT_ENTRY,
        Role::Other => !known || terms(&field.name).iter().any(|t| wanted.contains(&t.stem)),
    };
    let mut out: Vec<Quote<'p>> = Vec::new();
    let mut code: Option<&Field> = None;
    for (field, role) in filled {
        if !takes(field, role) {
            continue;
        }
        if role == Role::Code {
            code = Some(field);
            continue;
        }
        // The code opens the first sentence: "E203: Return filter blocked."
        let said = match code.take() {
            Some(head) if role == Role::Meaning => Quote {
                text: stopped(&format!("{}: {}", words::plain(&head.value), source::value(field))),
                passage,
                span: cover(passage, &[head.span, field.span]),
            },
            Some(head) => {
                let text = format!("{}, {}", words::plain(&head.value), phrase(field));
                Quote { text: stopped(&text), passage, span: cover(passage, &[head.span, field.span]) }
            }
            None => Quote { text: stopped(&phrase(field)), passage, span: cover(passage, &[field.span]) },
        };
        out.push(said);
    }
    out
}

/// A row of values: "Flange bolt, M16, Torque: 195 Nm."
fn values<'p>(question: &str, asked: &Asked, passage: &'p Passage) -> Option<Quote<'p>> {
    let filled: Vec<&Field> =
        passage.fields.iter().filter(|f| f.value.chars().any(char::is_alphanumeric)).collect();
    let wanted: Vec<String> = terms(question).into_iter().map(|t| t.stem).collect();
    let measured = |f: &Field| !quantity::read(&phrase(f)).quantities.is_empty();
    // What the row is about stands before its first value.
    let first_value = filled.iter().position(|f| measured(f)).unwrap_or(filled.len());
    let subject = filled.get(..first_value.max(1)).unwrap_or_default();
    let rest = filled.get(subject.len()..).unwrap_or_default();
    let by_name = |f: &Field| terms(&f.name).iter().any(|t| wanted.contains(&t.stem));
    let by_kind = |f: &Field| asked.figure && !asked.dimensions.is_empty() && asked.is_met_by(&phrase(f));
    let mut chosen: Vec<&Field> = rest.iter().copied().filter(|f| by_name(f) || by_kind(f)).collect();
    if chosen.is_empty() {
        chosen = rest.to_vec();
    } else {
        // A remark qualifies the value ("oiled thread"): it goes with it.
        let remark = |f: &Field| {
            ["note", "remark", "condition", "comment"].iter().any(|n| f.name.to_lowercase().contains(n))
        };
        let extra: Vec<&Field> =
            rest.iter().copied().filter(|f| remark(f) && !chosen.iter().any(|c| c.span == f.span)).collect();
        chosen.extend(extra);
    }
    let mut parts: Vec<String> =
        subject.iter().map(|f| if chosen.is_empty() { phrase(f) } else { source::value(f) }).collect();
    parts.extend(chosen.iter().map(|f| phrase(f)));
    if parts.is_empty() {
        return None;
    }
    let spans: Vec<Span> = subject.iter().chain(chosen.iter()).map(|f| f.span).collect();
    let joined = parts.iter().map(|p| p.trim_end_matches('.')).collect::<Vec<_>>().join(", ");
    Some(Quote { text: stopped(&joined), passage, span: cover(passage, &spans) })
}

/// The steps of the procedure that `main` stands in, from the first.
fn steps<'p>(question: &str, main: &'p Passage, siblings: &'p [Passage]) -> Quoted<'p> {
    let mut all: Vec<&'p Passage> = siblings
        .iter()
        .filter(|p| {
            p.shape == Shape::Step
                && p.document == main.document
                && p.revision == main.revision
                && p.section == main.section
        })
        .filter(|p| injection::sign(&p.text).is_none())
        .collect();
    if !all.iter().any(|p| p.span == main.span) {
        all.push(main);
    }
    all.sort_by_key(|p| p.span.start);
    let total = all.len();
    // A question for one late step is answered from there, not from the beginning.
    let begins = match named_step(question) {
        Some(n) if (1..=total).contains(&n) => n - 1,
        _ => 0,
    };
    let sentences: Vec<Quote<'p>> = all
        .into_iter()
        .skip(begins)
        .take(MOST_STEPS)
        .map(|p| Quote { text: stopped(&words::plain(&p.text)), passage: p, span: p.span })
        .collect();
    let steps = Steps { first: begins + 1, shown: sentences.len(), total };
    Quoted { sentences, steps: Some(steps) }
}

/// "step 3" in a question.
fn named_step(question: &str) -> Option<usize> {
    let reading = quantity::read(question);
    let step = reading.quantities.iter().find(|q| q.ordinal && q.unit.is_none())?;
    (step.value >= 1.0 && step.value <= 999.0).then_some(step.value as usize)
}

/// A sentence with how well it answers.
struct Scored<'p> {
    segment: Segment,
    passage: &'p Passage,
    score: f32,
}

/// The best sentences of running text: those of `main`, and one of another hit where it
/// holds a word of the question that `main` does not.
fn prose<'p>(question: &str, asked: &Asked, main: &'p Passage, hits: &[Hit<'p>]) -> Quoted<'p> {
    let wanted = terms(question);
    let rate = |passage: &'p Passage| -> Vec<Scored<'p>> {
        let source = Source::of(passage);
        let about: Vec<String> = terms(&source.context()).into_iter().map(|t| t.stem).collect();
        source
            .segments
            .into_iter()
            .filter(|s| !is_label(s, passage))
            .map(|segment| {
                let held: Vec<String> = terms(&segment.text).into_iter().map(|t| t.stem).collect();
                // What the heading says already tells sentences apart less.
                let mut score: f32 = wanted
                    .iter()
                    .filter(|t| held.contains(&t.stem))
                    .map(|t| words::weight(&t.stem) * if about.contains(&t.stem) { 0.5 } else { 1.0 })
                    .sum();
                if asked.figure && asked.is_met_by(&segment.text) {
                    score += 3.0;
                }
                Scored { segment, passage, score }
            })
            .collect()
    };
    let mut own = rate(main);
    own.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.segment.span.start.cmp(&b.segment.span.start)));
    let Some(top) = own.first().map(|s| s.score) else {
        return Quoted::default();
    };
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
        && let Some(other) = complement(&wanted, &chosen, main, hits, &rate)
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
fn opening<'p>(main: &'p Passage, mut own: Vec<Scored<'p>>) -> Quoted<'p> {
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
    chosen: &[Scored<'p>],
    main: &Passage,
    hits: &[Hit<'p>],
    rate: &dyn Fn(&'p Passage) -> Vec<Scored<'p>>,
) -> Option<Scored<'p>> {
    let said: Vec<String> = chosen.iter().flat_map(|s| terms(&s.segment.text)).map(|t| t.stem).collect();
    let open: Vec<&words::Term> = wanted.iter().filter(|t| !said.contains(&t.stem)).collect();
    hits.iter()
        .take(3)
        // Never a second revision of the same text, nor another machine's.
        .filter(|h| {
            h.passage.shape == Shape::Prose
                && h.passage.span != main.span
                && h.passage.document == main.document
                && h.passage.revision == main.revision
        })
        .flat_map(|h| rate(h.passage))
        .filter(|s| {
            let held: Vec<String> = terms(&s.segment.text).into_iter().map(|t| t.stem).collect();
            open.iter().any(|t| held.contains(&t.stem))
        })
        .max_by(|a, b| a.score.total_cmp(&b.score))
}

/// A heading, or a lead-in like "Proceed as follows:", says nothing alone; neither does
/// the text of a warning, which is said before.
fn is_label(segment: &Segment, passage: &Passage) -> bool {
    let heading = passage.section.last().is_some_and(|h| super::guard::warnings::same(h, &segment.text));
    let within_warning =
        passage.warnings.iter().any(|w| w.span.start <= segment.span.start && segment.span.end <= w.span.end);
    heading || within_warning || segment.text.ends_with(':')
}

/// The smallest span that holds `spans`, kept within the passage.
fn cover(passage: &Passage, spans: &[Span]) -> Span {
    let start = spans.iter().map(|s| s.start).min().unwrap_or(passage.span.start);
    let end = spans.iter().map(|s| s.end).max().unwrap_or(passage.span.end);
    if start >= passage.span.start && end <= passage.span.end && start < end {
        Span { start, end }
    } else {
        passage.span
    }
}

#[cfg(test)]
mod tests;
