//! A source as it is compared: its segments read once, with their quantities, codes and words.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::polarity::{self, Clause};
use crate::core::answer::quantity::{self, Bound, Code, Reading, unit};
use crate::core::answer::source::{self, Source, stopped};
use crate::core::answer::words::{self, Term, terms};
use crate::core::knowledge::passage::{Field, Role, Shape};

/// Words with their weights: what stands beside one thing.
pub type Near = HashMap<String, f32>;

/// A sentence or a row, read. What is worked out of it is worked out once.
#[derive(Debug, Default)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// Its quantities and codes.
    pub reading: Reading,
    /// Its content words.
    pub terms: Vec<Term>,
    /// Their stems.
    pub stems: HashSet<String>,
    /// A row of a table.
    pub row: bool,
    /// Where one thing in it ends and the next may begin.
    pub pieces: OnceLock<Vec<Range<usize>>>,
    /// The kind of each quantity.
    pub kinds: OnceLock<Vec<String>>,
    /// The words beside each quantity.
    pub beside: OnceLock<Vec<Near>>,
    /// The words beside each code.
    pub beside_codes: OnceLock<Vec<Near>>,
    /// Does it go on with what the one before named?
    pub goes_on: OnceLock<bool>,
    clauses: OnceLock<Vec<Clause>>,
}

impl Line {
    /// Reads `text`.
    pub fn of(text: &str, row: bool) -> Line {
        let terms = terms(text);
        let stems = terms.iter().map(|t| t.stem.clone()).collect();
        Line { reading: quantity::read(text), terms, stems, text: text.to_owned(), row, ..Line::default() }
    }

    /// Its clauses with what turns them round.
    pub fn clauses(&self) -> &[Clause] {
        self.clauses.get_or_init(|| polarity::clauses(&self.text))
    }
}

/// A source with all that is compared of it.
#[derive(Debug, Default)]
pub struct Held {
    /// Its lines, as many as its segments at least: a row whose unit stands in a column of its
    /// own has one more, with the unit behind its numbers.
    pub lines: Vec<Line>,
    /// How many of them are its segments: the first ones.
    pub segments: usize,
    /// Stems of its title, machine and headings.
    pub about: HashSet<String>,
    /// Codes of the same, and those that the index found in it.
    pub about_codes: Vec<Code>,
    /// What its headings and headers say of bare values ("greatest speed").
    pub leaning: Option<Bound>,
}

impl Held {
    /// Reads `source`.
    pub fn of(source: &Source<'_>) -> Held {
        let passage = source.passage;
        let row = passage.shape == Shape::Row && !passage.fields.is_empty();
        let mut lines: Vec<Line> = source.segments.iter().map(|s| Line::of(&s.text, row)).collect();
        if row && let Some(text) = with_unit(&passage.fields) {
            lines.push(Line::of(&text, true));
        }
        let context = source.context();
        let named =
            passage.codes.iter().map(|c| Code { text: c.clone(), key: quantity::code_key(c), span: 0..0 });
        let about_codes = quantity::read(&context).codes.into_iter().chain(named).collect();
        let mut leans = words::words(&context);
        leans.extend(passage.fields.iter().flat_map(|f| words::words(&f.name)));
        if row {
            leans.extend(lines.first().map(|l| words::words(&l.text)).unwrap_or_default());
        }
        let leaning = leans.iter().find_map(|(_, w)| match w.as_str() {
            "max" | "maximum" | "greatest" | "highest" | "largest" | "longest" | "limit" | "permissible"
            | "admissible" | "allowed" | "máximo" | "máxima" => Some(Bound::Most),
            "min" | "minimum" | "lowest" | "smallest" | "least" | "shortest" | "mínimo" | "mínima" => {
                Some(Bound::Least)
            }
            _ => None,
        });
        let about = terms(&context).into_iter().map(|t| t.stem).collect();
        Held { lines, segments: source.segments.len(), about, about_codes, leaning }
    }

    /// Does it name the code `key` anywhere?
    pub fn names(&self, key: &str) -> bool {
        self.about_codes.iter().any(|c| c.key == key)
            || self.lines.iter().any(|l| l.reading.codes.iter().any(|c| c.key == key))
    }
}

/// The row with the unit of its unit column behind its bare numbers.
fn with_unit(fields: &[Field]) -> Option<String> {
    let unit = fields.iter().find(|f| f.role == Some(Role::Unit))?;
    let symbol = words::plain(&unit.value);
    unit::whole(&symbol)?;
    let cells = fields.iter().filter(|f| f.role != Some(Role::Unit)).map(|f| {
        let text = source::phrase(f);
        let bare = text.ends_with(|c: char| c.is_ascii_digit())
            && words::plain(&f.value).chars().all(|c| c.is_ascii_digit() || " .,±+-−–…/to<>≤≥".contains(c));
        if bare { format!("{text} {symbol}") } else { text }
    });
    Some(cells.filter(|c| !c.is_empty()).map(|c| stopped(&c)).collect::<Vec<_>>().join(" "))
}

/// Is `word` (a stem) one that the number lock compares: a figure, a unit, a number word?
pub fn is_measure(word: &str) -> bool {
    use crate::core::answer::quantity::numeral;
    let figure = word.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    let glued = word.starts_with(|c: char| c.is_ascii_digit())
        && unit::whole(word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ','))
            .is_some();
    figure
        || glued
        || unit::whole(word).is_some()
        || [
            "newton", "metr", "meter", "degre", "celsiu", "litr", "liter", "hour", "minut", "second", "bar",
            "percent", "minu", "plu", "volt", "amp",
        ]
        .contains(&word)
        || numeral::read(word, numeral::Style::Written).is_some_and(|n| n.len == word.len())
}

/// The content stems of `text`.
pub fn stems(text: &str) -> Vec<String> {
    terms(text).into_iter().map(|t| t.stem).collect()
}
