//! The codes of a document's pieces: whose own entry each is, and what else it mentions.

use super::pieces::Piece;
use crate::core::knowledge::analyse;
use crate::core::knowledge::code::{self, Shapes};
use crate::core::knowledge::language::is_han;
use crate::core::knowledge::passage::{Field, Role, Shape};
use crate::core::knowledge::read::Document;
use crate::core::knowledge::revision::Identity;

/// The codes that a whole document is the entry of: its front matter's `codes`, or the one
/// that its title defines ("M42 – set a pin").
fn document_codes(document: &Document, identity: &Identity) -> Vec<String> {
    let stated = document.front.get("codes").map(|list| code::stated_codes(list)).unwrap_or_default();
    if !stated.is_empty() {
        return stated;
    }
    code::defined_code(&identity.title.value).map(|m| m.text).into_iter().collect()
}

/// The machines' designations in a document's path ("GX4000-Series/faults.md"), canonical.
/// A single letter with digits is left out: there it is more often a code.
pub fn series_in(id: &str) -> impl Iterator<Item = String> {
    analyse::designations(id).filter(|d| d.chars().take_while(|c| c.is_alphabetic()).count() >= 2)
}

/// What a document as a whole says about codes.
pub(super) struct Codes {
    pub(super) whole: Vec<String>,
    pub(super) shapes: Shapes,
    /// The machine's own designations, which are no codes.
    names: Vec<String>,
}

impl Codes {
    pub(super) fn of(document: &Document, identity: &Identity, id: &str) -> Self {
        let whole = document_codes(document, identity);
        let defined: Vec<String> = whole.iter().map(|c| code::normalise(c)).collect();
        let mut names: Vec<String> = analyse::designations(&identity.title.value).collect();
        names.extend(series_in(id));
        names.retain(|n| !defined.contains(n));
        names.push(code::normalise(&identity.model.value));
        Codes { whole, shapes: Shapes::learn(document, &names), names }
    }

    /// The codes of a piece, its own first, and how many are its own.
    pub(super) fn of_piece(&self, piece: &Piece, text: &str, section: &[String]) -> (Vec<String>, usize) {
        let mut seen = self.names.clone();
        let mut fresh = |c: &String| {
            let normal = code::normalise(c);
            let fresh = !seen.contains(&normal);
            seen.push(normal);
            fresh
        };
        let mut named =
            if piece.shape == Shape::Row { self.shapes.own_codes_of_row(&piece.fields) } else { Vec::new() };
        named.extend(fault_name(&piece.fields).filter(|_| piece.shape == Shape::Row));
        named.extend(piece.defines.clone());
        if named.is_empty() {
            named = self.heading_codes(section);
        }
        if named.is_empty() {
            named.clone_from(&self.whole);
        }
        named.retain(&mut fresh);
        let own = named.len();
        named.extend(self.shapes.codes_in(text).into_iter().map(|m| m.text).filter(&mut fresh));
        (named, own)
    }

    /// The codes of the nearest heading that has any: its section is their entry.
    fn heading_codes(&self, section: &[String]) -> Vec<String> {
        let codes = section.iter().rev().map(|h| self.shapes.heading_codes(h));
        codes.into_iter().find(|c| !c.is_empty()).unwrap_or_default()
    }
}

/// More than this is a sentence, no name: words, or characters of Chinese.
const LONGEST_NAME: usize = 6;
const LONGEST_HAN_NAME: usize = 12;

/// The name of the fault that a row is the record of, where the table has no codes: a display
/// that shows words ("Start overload") is asked about by its words.
fn fault_name(fields: &[Field]) -> Option<String> {
    let has = |role| fields.iter().any(|f| f.role == Some(role));
    if has(Role::Code) || !(has(Role::Cause) && has(Role::Remedy)) {
        return None;
    }
    let name = fields.iter().find(|f| f.role == Some(Role::Meaning))?.value.trim();
    let han = name.chars().filter(|c| is_han(*c)).count();
    let words = name.split_whitespace().count();
    let fits = match han {
        0 => (2..=LONGEST_NAME).contains(&words),
        _ => (3..=LONGEST_HAN_NAME).contains(&name.chars().count()),
    };
    (fits && !name.contains(['.', '。', ',', '，', ';', '；'])).then(|| name.to_owned())
}
