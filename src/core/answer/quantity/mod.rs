//! Quantities and codes in a text: value, unit, sign, range, tolerance and comparison,
//! read alike from a manual, a draft and a rendering, so that they can be compared.
//!
//! The reader is lenient (whatever it does not know is a word) and symmetrical: the same
//! sentence always reads the same, whatever its line breaks.

mod bound;
pub mod convert;
mod lex;
pub mod numeral;
pub mod unit;

use std::ops::Range;

use bound::bound;
use lex::{Lexeme, Literal, Piece, lex};
use unit::Unit;

/// On which side of a value something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The value itself.
    Exact,
    /// Above it, or at least it.
    Least,
    /// Below it, or at most it.
    Most,
}

/// One quantity of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// As it stands in the text, sign, range, tolerance and unit included.
    pub text: String,
    /// Where.
    pub span: Range<usize>,
    /// The value, or the lower end of the range as written.
    pub value: f64,
    /// The other end of a range.
    pub to: Option<f64>,
    /// "± 5".
    pub tolerance: Option<f64>,
    /// The unit's symbol with what it measures, `None` for a bare count.
    pub unit: Option<Unit>,
    /// "above", "at most", …
    pub bound: Bound,
    /// Written in words ("three").
    pub spelled: bool,
    /// The number behind "step" or "item" ("step 3").
    pub ordinal: bool,
}

impl Quantity {
    /// The unit's symbol, `""` where there is none.
    pub fn symbol(&self) -> &str {
        self.unit.as_ref().map_or("", |u| u.symbol.as_str())
    }

    /// Same value (or range), sign and unit?
    pub fn same_value(&self, other: &Quantity) -> bool {
        let to = match (self.to, other.to) {
            (None, None) => true,
            (Some(a), Some(b)) => equal(a, b),
            _ => false,
        };
        equal(self.value, other.value) && to && self.symbol() == other.symbol()
    }
}

/// Equal as decimal numbers written in a text are.
pub fn equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// A code-shaped word: an alarm's code, a thread size, a type designation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// As written.
    pub text: String,
    /// Capitals, without hyphens and blanks: how codes are compared.
    pub key: String,
    /// Where.
    pub span: Range<usize>,
}

impl Code {
    /// The letters that it begins with ("M" of "M16").
    pub fn prefix(&self) -> &str {
        let end = self.key.find(|c: char| c.is_ascii_digit()).unwrap_or(self.key.len());
        &self.key[..end]
    }
}

/// `text` as codes are compared: capitals, without hyphens, blanks and underscores.
pub fn code_key(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '-' | ' ' | '_')).flat_map(char::to_uppercase).collect()
}

/// What a text holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Its quantities, in order. List markers are not among them.
    pub quantities: Vec<Quantity>,
    /// Its codes, in order.
    pub codes: Vec<Code>,
    /// The numbers of its list items.
    pub markers: Vec<f64>,
}

/// Reads all quantities and codes of `text`.
pub fn read(text: &str) -> Reading {
    let pieces = lex(text);
    let mut reading = Reading::default();
    let mut i = 0;
    while let Some(lexeme) = pieces.get(i) {
        match &lexeme.piece {
            Piece::Code => {
                let written = &text[lexeme.start..lexeme.end];
                reading.codes.push(Code {
                    text: written.to_owned(),
                    key: code_key(written),
                    span: lexeme.start..lexeme.end,
                });
            }
            Piece::Number(literal) if literal.marker => reading.markers.push(literal.value),
            Piece::Number(literal) => {
                let (quantity, next) = quantity(text, &pieces, i, literal);
                reading.quantities.push(quantity);
                i = next;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    spread_units(text, &mut reading.quantities);
    reading
}

/// "10 x 20 mm": the unit stands for both.
fn spread_units(text: &str, quantities: &mut [Quantity]) {
    for i in (1..quantities.len()).rev() {
        let (head, tail) = quantities.split_at_mut(i);
        let (Some(left), Some(right)) = (head.last_mut(), tail.first()) else {
            continue;
        };
        let between = text.get(left.span.end..right.span.start).unwrap_or_default().trim();
        if left.unit.is_none() && matches!(between, "x" | "X" | "×" | "by") {
            left.unit = right.unit.clone();
        }
    }
}

/// The quantity whose first number is piece `i`, and the piece after it.
fn quantity(text: &str, pieces: &[Lexeme], i: usize, first: &Literal) -> (Quantity, usize) {
    let number = |at: usize| match pieces.get(at).map(|l| &l.piece) {
        Some(Piece::Number(l)) if !l.marker => Some(l),
        _ => None,
    };
    let mut from = i;
    let mut value = first.value;
    let mut unit = first.unit.clone();
    match sign_before(text, pieces, i) {
        Some((true, at)) => {
            value = -value;
            from = at;
        }
        Some((false, at)) => from = at,
        None => {}
    }
    let mut next = i + 1;
    let mut to = None;
    let mut tolerance = None;
    if plus_minus_before(pieces, i) {
        tolerance = Some(first.value);
    }
    if let Some((far, after)) = range_end(text, pieces, i, next) {
        let other = number(after - 1);
        let far_unit = other.and_then(|l| l.unit.clone());
        let agree = match (&unit, &far_unit) {
            (Some(a), Some(b)) => a == b,
            (Some(_), None) => false,
            _ => true,
        };
        if agree {
            unit = far_unit.or(unit);
            to = Some(far);
            next = after;
        }
    }
    if let Some(at) = plus_minus(pieces, next)
        && let Some(l) = number(at)
    {
        tolerance = Some(l.value);
        if unit.is_none() {
            unit = l.unit.clone();
        }
        next = at + 1;
    }
    let start = pieces.get(from).map_or(0, |l| l.start);
    let end = pieces.get(next - 1).map_or(text.len(), |l| l.end);
    let quantity = Quantity {
        text: text[start..end].split_whitespace().collect::<Vec<_>>().join(" "),
        span: start..end,
        value,
        to,
        tolerance,
        unit,
        bound: bound(pieces, from, next),
        spelled: first.spelled,
        ordinal: from > 0
            && word_at(pieces, from - 1).is_some_and(|w| matches!(w, "step" | "steps" | "item" | "schritt")),
    };
    (quantity, next)
}

fn word_at(pieces: &[Lexeme], at: usize) -> Option<&str> {
    match pieces.get(at).map(|l| &l.piece) {
        Some(Piece::Word(w)) => Some(w),
        _ => None,
    }
}

fn sign_at(pieces: &[Lexeme], at: usize) -> Option<char> {
    match pieces.get(at).map(|l| &l.piece) {
        Some(Piece::Sign(c)) => Some(*c),
        _ => None,
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '−' | '–' | '—' | '‑')
}

/// A sign of the number at piece `i`: is it a minus, and its piece. A dash is a minus
/// where it touches the number and nothing before it.
fn sign_before(text: &str, pieces: &[Lexeme], i: usize) -> Option<(bool, usize)> {
    let at = i.checked_sub(1)?;
    let lexeme = pieces.get(at)?;
    match &lexeme.piece {
        Piece::Word(w) if w == "menos" || w == "负" || w == "零下" => {
            // "al menos 5", "por lo menos 5" compare.
            let compares = at.checked_sub(1).and_then(|p| word_at(pieces, p));
            (!matches!(compares, Some("al" | "lo"))).then_some((true, at))
        }
        Piece::Word(w) if w == "minus" => {
            let plus_or = word_at(pieces, at.checked_sub(1).unwrap_or(at)).is_some_and(|w| w == "or");
            (!plus_or).then_some((true, at))
        }
        Piece::Sign(c) if is_dash(*c) || *c == '+' => {
            let touches = lexeme.end == pieces.get(i)?.start;
            let before = text[..lexeme.start].chars().next_back();
            let free = before.is_none_or(|b| {
                b.is_whitespace()
                    || matches!(b, '(' | '[' | ':' | '=' | '±' | '/' | ',' | '…' | '.' | '<' | '>' | '|')
            });
            (touches && free).then_some((*c != '+', at))
        }
        _ => None,
    }
}

/// Does "±" stand before the number at piece `i`, with no number before that?
fn plus_minus_before(pieces: &[Lexeme], i: usize) -> bool {
    i > 0 && sign_at(pieces, i - 1) == Some('±')
        || i >= 3
            && word_at(pieces, i - 1) == Some("minus")
            && word_at(pieces, i - 2) == Some("or")
            && word_at(pieces, i - 3) == Some("plus")
}

/// The piece after "±", "plus or minus" at `at`.
fn plus_minus(pieces: &[Lexeme], at: usize) -> Option<usize> {
    let at = if sign_at(pieces, at) == Some('(') { at + 1 } else { at };
    if sign_at(pieces, at) == Some('±') {
        return Some(at + 1);
    }
    let words = [word_at(pieces, at)?, word_at(pieces, at + 1)?, word_at(pieces, at + 2)?];
    (words == ["plus", "or", "minus"]).then_some(at + 3)
}

/// The far end of a range whose near end is piece `i`: its value and the piece after it.
fn range_end(text: &str, pieces: &[Lexeme], i: usize, at: usize) -> Option<(f64, usize)> {
    let joint = pieces.get(at)?;
    let near = pieces.get(i)?;
    match &joint.piece {
        Piece::Word(w) if matches!(w.as_str(), "to" | "through" | "till" | "a" | "hasta" | "至" | "到") => {
        }
        Piece::Word(w) if w == "and" && i > 0 && word_at(pieces, i - 1) == Some("between") => {}
        Piece::Word(w) if w == "y" && i > 0 && word_at(pieces, i - 1) == Some("entre") => {}
        Piece::Sign('…' | '~') => {}
        Piece::Sign(c) if is_dash(*c) => {
            // "10-15" and "10 - 15", but "10 -15" has a minus.
            let left = joint.start > near.end;
            let right = text[joint.end..].starts_with(char::is_whitespace);
            if left != right {
                return None;
            }
        }
        _ => return None,
    }
    let mut at = at + 1;
    let mut sign = 1.0;
    let signed = match pieces.get(at).map(|l| &l.piece) {
        Some(Piece::Sign(c)) => is_dash(*c) || *c == '+',
        Some(Piece::Word(w)) => w == "minus" || w == "plus",
        _ => false,
    };
    if signed {
        let minus = sign_at(pieces, at).is_some_and(is_dash) || word_at(pieces, at) == Some("minus");
        sign = if minus { -1.0 } else { 1.0 };
        at += 1;
    }
    match pieces.get(at).map(|l| &l.piece) {
        Some(Piece::Number(l)) if !l.marker => Some((sign * l.value, at + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
