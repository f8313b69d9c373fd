//! Rows of tables: a fault table's entry, a torque table's row.

use super::{Hit, Quote, Quoted, cover, share};
use crate::core::answer::asked::Asked;
use crate::core::answer::quantity;
use crate::core::answer::source::{self, phrase, stopped};
use crate::core::answer::words::{self, terms};
use crate::core::knowledge::passage::{Field, Passage, Role, Shape, Span};
use crate::core::knowledge::role;

/// At most so many rows, where the question does not tell them apart.
const MOST_ROWS: usize = 4;
/// Up to this length a record's cause is said without being asked for.
const SHORT_ENTRY: usize = 320;

/// What a field says; the passage's own code, whatever its column is called.
fn role(field: &Field, passage: &Passage) -> Option<Role> {
    let own = passage.codes.first().map(|c| quantity::code_key(c));
    if own.is_some() && own == Some(quantity::code_key(&words::plain(&field.value))) {
        return Some(Role::Code);
    }
    field.role.or_else(|| role::of(&field.name)).filter(|r| *r != Role::Code)
}

/// Quotes a row of a table: a fault table's entry, or a row of values.
pub(super) fn rows<'p>(question: &str, asked: &Asked, main: &'p Passage, hits: &[Hit<'p>]) -> Quoted<'p> {
    if main.is_entry() {
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
        if table && !p.is_entry() && !chosen.contains(&p) && fit(p) >= best - 1e-6 && chosen.len() < MOST_ROWS
        {
            chosen.push(p);
        }
    }
    Quoted { sentences: chosen.into_iter().flat_map(|p| values(question, asked, p)).collect(), steps: None }
}

/// A fault table's entry: "E203: Return filter blocked. Cause: … Remedy: …"
fn entry<'p>(question: &str, asked: &Asked, passage: &'p Passage) -> Vec<Quote<'p>> {
    let filled: Vec<(&Field, Option<Role>)> = passage
        .fields
        .iter()
        .filter(|f| f.value.chars().any(char::is_alphanumeric))
        .map(|f| (f, role(f, passage)))
        .collect();
    let wanted: Vec<String> = terms(question).into_iter().map(|t| t.stem).collect();
    let length: usize = filled.iter().map(|(f, _)| f.value.len()).sum();
    let known = filled.iter().any(|(_, r)| matches!(r, Some(Role::Meaning | Role::Remedy | Role::Cause)));
    let takes = |field: &Field, role: Option<Role>| match role {
        Some(Role::Code | Role::Meaning | Role::Remedy) => true,
        Some(Role::Cause) => asked.cause || length <= SHORT_ENTRY,
        Some(Role::Value | Role::Unit) | None => {
            !known || terms(&field.name).iter().any(|t| wanted.contains(&t.stem))
        }
    };
    let mut out: Vec<Quote<'p>> = Vec::new();
    let mut code: Option<&Field> = None;
    for (field, role) in filled {
        if !takes(field, role) {
            continue;
        }
        if role == Some(Role::Code) {
            code = Some(field);
            continue;
        }
        // The code opens the first sentence: "E203: Return filter blocked."
        let said = match code.take() {
            Some(head) if role == Some(Role::Meaning) => Quote {
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
