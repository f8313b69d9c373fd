//! What the codes of one document look like, learned from where it lists them: columns that
//! are headed as codes, headings that start with or end in a code, stated front matter.
//!
//! A learned shape recognises codes elsewhere in the same document, and tells of a question
//! whether a word could be one of its codes.

mod learn;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rows::{self, Accept, bracketed, cell_codes, under};
use super::shape::{is_snake, shape};
use super::text::{self, header_words, is_after_code_word, is_counted};
use super::words::{Class, class_of, folded, name_of};
use super::{CodeMention, normalise};
use crate::core::knowledge::passage::{Field, Span};

/// The shapes that the codes of a document, or of all documents of an index, have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shapes {
    /// Codes with digits: a shape ("E#", "P#-#", "$#"), and the fewest and most digits of
    /// each of its numbers.
    written: BTreeMap<String, Vec<(u8, u8)>>,
    /// Codes without digits, as listed: "HE".
    letters: BTreeSet<String>,
    /// Code words that numbers follow: "ALARM", "BIT".
    words: BTreeSet<String>,
    /// Has it identifiers in capitals with underscores?
    snake: bool,
    /// Identifiers of one word, as listed: "OVERSPEED".
    names: BTreeSet<String>,
    /// Does it head its entries with bare numbers?
    numbers: bool,
    /// Columns of codes, by [`column_key`]: the word that their bare numbers are codes of.
    #[serde(skip)]
    columns: BTreeMap<String, Column>,
    /// The shapes of the machine's own designations, which headings do not make codes of.
    #[serde(skip)]
    models: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Column {
    word: String,
    letters: bool,
}

/// A table's headers and the place of one among them.
fn column_key<'h>(headers: impl Iterator<Item = &'h str>, column: usize) -> String {
    let mut key = String::new();
    for header in headers {
        key.push_str(header);
        key.push('|');
    }
    format!("{key}{column}")
}

impl Shapes {
    /// Were no codes found to learn from?
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
            && self.letters.is_empty()
            && self.words.is_empty()
            && !self.snake
            && !self.numbers
    }

    /// Adds what another document's codes look like.
    pub fn merge(&mut self, other: &Shapes) {
        for (shape, runs) in &other.written {
            self.add(shape.clone(), runs.iter().copied());
        }
        self.letters.extend(other.letters.iter().cloned());
        self.words.extend(other.words.iter().cloned());
        self.names.extend(other.names.iter().cloned());
        self.snake |= other.snake;
        self.numbers |= other.numbers;
    }

    fn add(&mut self, shape: String, runs: impl Iterator<Item = (u8, u8)>) {
        let known = self.written.entry(shape).or_default();
        for (place, (fewest, most)) in runs.enumerate() {
            match known.get_mut(place) {
                Some(run) => *run = (run.0.min(fewest), run.1.max(most)),
                None => known.push((fewest, most)),
            }
        }
    }

    /// Does the document head its entries with bare numbers?
    pub fn heads_by_number(&self) -> bool {
        self.numbers
    }

    /// The codes whose own entry a table row is; see [`own_codes_of_row`](rows::own_codes_of_row).
    pub fn own_codes_of_row(&self, fields: &[Field]) -> Vec<String> {
        let mut own: Vec<String> = Vec::new();
        for (place, field) in fields.iter().enumerate() {
            let key = || column_key(fields.iter().map(|f| f.name.as_str()), place);
            let Some(column) = self.columns.get(&key()) else { continue };
            let accept = Accept { letters: column.letters, ..Accept::HEADED };
            let codes = cell_codes(&field.value, accept).into_iter().map(|code| under(&column.word, code));
            own.extend(codes.filter(|c| !own.contains(c)).collect::<Vec<_>>());
        }
        if own.is_empty() { rows::own_codes_of_row(fields) } else { own }
    }

    /// The codes whose entry a heading opens; see [`heading_codes`](rows::heading_codes).
    pub fn heading_codes(&self, heading: &str) -> Vec<String> {
        let start = start_token(heading);
        if self.is_name(start) {
            return vec![start.to_owned()];
        }
        let everywhere = rows::heading_codes(heading, self.numbers);
        if !everywhere.is_empty() {
            return everywhere;
        }
        let after_word =
            heading.find(start).is_some_and(|at| is_after_code_word(heading.get(..at).unwrap_or_default()));
        if self.is_written(start) && lettered(start) || after_word && self.letters.contains(start) {
            return vec![start.to_owned()];
        }
        end_tokens(heading)
            .into_iter()
            .filter(|t| self.is_written(t) && lettered(t))
            .map(str::to_owned)
            .collect()
    }

    /// The codes in `text`, in its order: those that any document could have
    /// ([`codes_in`](text::codes_in)), and those of this document's own shapes.
    pub fn codes_in(&self, text: &str) -> Vec<CodeMention> {
        let mut found = self.own_mentions(text);
        found.extend(text::codes_in(text));
        found.sort_by_key(|m| (m.span.start, std::cmp::Reverse(m.span.end)));
        let mut end = 0;
        found.retain(|m| {
            let fresh = m.span.start >= end;
            end = if fresh { m.span.end } else { end };
            fresh
        });
        found
    }

    fn own_mentions(&self, text: &str) -> Vec<CodeMention> {
        let mut out = Vec::new();
        if self.is_empty() {
            return out;
        }
        let mention = |span: Span| {
            let written = span.of(text)?.to_owned();
            Some(CodeMention { normal: normalise(&written), text: written, span })
        };
        let mut before: Option<(Class, usize)> = None;
        for span in tokens(text) {
            let Some(token) = span.of(text) else { continue };
            let class = class_of(&folded(token));
            let numbered = before.take().filter(|(class, start)| {
                let gap = text.get(*start..span.start).unwrap_or_default();
                self.has_word(*class) && gap.len() <= 24
            });
            let bare = token.chars().all(|c| c.is_ascii_digit());
            if let Some(class) = class {
                before = Some((class, span.start));
            } else if bare {
                let counted = is_counted(text.get(span.end..).unwrap_or_default().trim_start());
                if let Some((_, start)) = numbered
                    && !counted
                {
                    out.extend(mention(Span { start, end: span.end }));
                }
            } else if self.is_name(token) || (self.is_written(token) && lettered(token)) {
                out.extend(mention(span));
            } else if self.letters.contains(token) {
                let ahead = text.get(..span.start).unwrap_or_default();
                let quoted = ahead.ends_with(['"', '“', '«', '`', '\'', '「', '‘']);
                if quoted || is_after_code_word(ahead) {
                    out.extend(mention(span));
                }
            }
        }
        out
    }

    /// An identifier in capitals.
    fn is_name(&self, token: &str) -> bool {
        self.snake && is_snake(token) || self.names.contains(token)
    }

    /// Has a written token a shape that was learned, with as many digits?
    fn is_written(&self, token: &str) -> bool {
        shape(token)
            .is_some_and(|(shape, runs)| self.written.get(&shape).is_some_and(|known| holds(known, &runs)))
    }

    /// Could a written token be a code of this index? Its letters or separators are those of
    /// a code, however many digits it has within reason.
    pub fn fits_written(&self, token: &str) -> bool {
        shape(token).is_some_and(|(shape, _)| lettered(token) && self.written.contains_key(&shape))
            || self.snake && is_snake(token)
    }

    /// Could a canonical form be a code of this index? As [`Shapes::fits_written`], without
    /// the separators.
    pub fn fits(&self, normal: &str) -> bool {
        let Some((shape, _)) = shape(normal) else { return false };
        self.lists(normal) || self.fits_any_letter(&shape)
    }

    /// Has the index codes of a canonical form's very letters?
    pub(super) fn lists(&self, normal: &str) -> bool {
        let Some((shape, _)) = shape(normal) else { return false };
        shape.contains(|c: char| c.is_ascii_alphabetic())
            && (self.written.contains_key(&shape) || self.written.keys().any(|known| joined(known) == shape))
    }

    /// Where a document's codes start with three letters or more, a fourth is one too.
    fn fits_any_letter(&self, shape: &str) -> bool {
        const ENOUGH: usize = 3;
        let single = |s: &str| s.strip_suffix('#').is_some_and(|l| l.len() == 1 && l != "$");
        single(shape) && self.written.keys().filter(|known| single(known)).count() >= ENOUGH
    }

    /// Could letters alone be a code of this index?
    pub fn fits_letters(&self, letters: &str) -> bool {
        letters.len() >= 2 && self.letters.iter().any(|known| known.len() == letters.len())
    }

    /// Are numbers after a code word codes of this index?
    pub(super) fn has_word(&self, class: Class) -> bool {
        self.words.contains(&name_of(class))
    }

    /// Has the index codes of these letters (or "$") and a number?
    pub(super) fn has_prefix(&self, letters: &str) -> bool {
        self.written.contains_key(&format!("{letters}#"))
    }

    /// The letters, one or two, that codes of a single number start with.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.written.keys().filter_map(|shape| shape.strip_suffix('#')).filter(|letters| {
            (1..=2).contains(&letters.len()) && letters.chars().all(|c| c.is_ascii_uppercase())
        })
    }

    /// May zeros be put before the number of a code of these letters? Not where all such
    /// codes are pairs: "P28" is not "P0-28".
    pub(super) fn pads(&self, letters: &str) -> bool {
        let pair = format!("{letters}#-");
        self.has_prefix(letters)
            || letters.is_empty()
            || !self.written.keys().any(|shape| shape.starts_with(&pair))
    }
}

/// A shape without its separators: the numbers on both sides of one are one number.
fn joined(shape: &str) -> String {
    shape.replace("#-#", "#")
}

fn holds(known: &[(u8, u8)], runs: &[u8]) -> bool {
    known.len() == runs.len()
        && known.iter().zip(runs).all(|((fewest, most), run)| (fewest..=most).contains(&run))
}

/// Has it a letter or a "$", or is it a bare number?
fn lettered(token: &str) -> bool {
    token.contains(|c: char| c.is_ascii_alphabetic()) || token.starts_with('$')
}

/// The words of ASCII in a text, each with what joins inside a code.
fn tokens(text: &str) -> impl Iterator<Item = Span> {
    let inside = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '$' | '.' | ':' | '/' | '-')
            || !c.is_ascii() && c.is_alphabetic() && !crate::core::knowledge::language::is_han(c)
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(start) = text.get(at..)?.find(inside).map(|i| at + i) {
            let rest = text.get(start..)?;
            let end = start + rest.find(|c| !inside(c)).unwrap_or(rest.len());
            at = end;
            let token = text.get(start..end)?;
            let trimmed = token.trim_end_matches(['.', ':', '/', '-', '_']);
            let lead = token.len() - token.trim_start_matches(['.', ':', '/', '-', '_']).len();
            if lead < trimmed.len() {
                return Some(Span { start: start + lead, end: start + trimmed.len() });
            }
        }
        None
    })
}

/// The token that a heading starts with, after code words ("Error HE" → "HE") and a
/// section's number ("3.1 E5 …" → "E5").
fn start_token(heading: &str) -> &str {
    let mut spans = tokens(heading).filter_map(|s| s.of(heading)).peekable();
    let is_number = |t: &str| t.chars().all(|c| c.is_ascii_digit() || c == '.');
    if spans.peek().is_some_and(|t| t.contains('.') && is_number(t)) {
        spans.next();
    }
    spans.find(|t| class_of(&folded(t)).is_none()).unwrap_or_default()
}

/// What stands in brackets at a heading's end, or after its last dash or colon.
fn end_tokens(heading: &str) -> Vec<&str> {
    if let Some(inner) = bracketed(heading) {
        return inner.split([',', ';', '/', '、']).map(str::trim).filter(|t| !t.is_empty()).collect();
    }
    let end = heading.rsplit(['–', '—', ':', '：']).next().filter(|e| e.len() < heading.len());
    let end = end.or_else(|| heading.rsplit_once(" - ").map(|(_, e)| e));
    end.map(str::trim).filter(|e| !e.is_empty() && !e.contains(' ')).into_iter().collect()
}

#[cfg(test)]
mod tests;
