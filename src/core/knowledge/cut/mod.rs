//! Cuts a document's blocks into passages: a table's row, a numbered step, a code's own
//! entry each by itself; running text in pieces that stay within their section.
//!
//! A code's section that is short enough to be said is one passage, its steps and labelled
//! lines ("Cause: …") with it: torn apart, its parts no longer say which code they are about.

mod codes;
mod pieces;
#[cfg(test)]
mod tests;

use super::code::Shapes;
use super::outline::Outline;
use super::passage::{Figure, Passage, Span};
use super::read::{BlockKind, Document, unreadable};
use super::revision::{Identity, Origin};
use crate::core::Result;
use crate::core::answer::guard::injection;
use codes::Codes;
pub use codes::series_in;
use pieces::Cutter;

/// More warnings than this over one passage could not be spoken before an answer.
pub const MOST_WARNINGS: usize = 32;

/// The language tag of a document whose language is unknown (BCP 47 "undetermined").
pub const UNKNOWN_LANGUAGE: &str = "und";

/// A document in pieces.
pub struct Cut {
    /// The passages, in the document's order.
    pub passages: Vec<Passage>,
    /// The codes that the whole document is the entry of, as written.
    pub codes: Vec<String>,
    /// What its codes look like.
    pub shapes: Shapes,
}

/// Cuts `document`. `files` names, by the figure's place in the document, the pictures that
/// were kept.
///
/// # Errors
/// `Kind::Unreadable` where more than [`MOST_WARNINGS`] warnings govern one passage: the
/// file has warnings but no headings that would say what they are about.
pub fn cut(
    document: &Document,
    identity: &Identity,
    kb: &str,
    id: &str,
    files: &[Option<String>],
) -> Result<Cut> {
    let outline = Outline::of(document);
    let codes = Codes::of(document, identity, id);
    let pieces = Cutter::new(document, &outline, &codes.shapes).pieces();
    let root = title_above(document, identity);
    let mut passages = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let Some(text) = piece.span.of(&document.text) else {
            continue;
        };
        let warnings = outline.governing(piece.place()).ok_or_else(|| {
            unreadable(
                format!("{id}: more than {MOST_WARNINGS} warnings govern one passage"),
                "give the manual headings, so that each warning belongs to a section",
            )
        })?;
        let mut section = outline.path(piece.section);
        section.splice(0..0, root.clone());
        let (piece_codes, own) = codes.of_piece(&piece, text, &section);
        let page = document.pages.iter().take_while(|p| p.at <= piece.span.start).last();
        let language = &identity.language.value;
        let orders = injection::orders(text, piece.span.start);
        let mut passage = Passage {
            kb: kb.to_owned(),
            document: id.to_owned(),
            title: identity.title.value.clone(),
            revision: identity.revision.value.clone(),
            machine: identity.machine.value.clone(),
            model: identity.model.value.clone(),
            language: if language.is_empty() { UNKNOWN_LANGUAGE.to_owned() } else { language.clone() },
            section,
            page: page.map(|p| p.number),
            page_label: page.and_then(|p| p.label.clone()),
            span: piece.span,
            text: text.to_owned(),
            shape: piece.shape,
            fields: piece.fields,
            codes: piece_codes,
            own,
            warnings,
            figures: figures(document, piece.span, text, files),
            ocr: document.ocr.iter().any(|o| o.start < piece.span.end && piece.span.start < o.end),
            orders: Some(orders),
        };
        injection::clean_around(&mut passage);
        passages.push(passage);
    }
    Ok(Cut { passages, codes: codes.whole, shapes: codes.shapes })
}

/// The title as the first heading, where the document is given one but sets none itself.
fn title_above(document: &Document, identity: &Identity) -> Option<String> {
    let stated = !matches!(identity.title.origin, Origin::Heading | Origin::FileName | Origin::Unknown);
    let sets_one = document.blocks.iter().any(|b| matches!(b.kind, BlockKind::Heading { level: 1 }));
    (stated && !sets_one).then(|| identity.title.value.clone())
}

/// The figures that stand in a passage or are named by it ("see Figure 3").
fn figures(document: &Document, span: Span, text: &str, files: &[Option<String>]) -> Vec<Figure> {
    let named = |label: &str| {
        !label.is_empty()
            && text.match_indices(label).any(|(at, _)| {
                // "Figure 3" is not named by "Figure 31".
                let after = text.get(at + label.len()..).and_then(|t| t.chars().next());
                !after.is_some_and(char::is_alphanumeric)
            })
    };
    document
        .figures
        .iter()
        .enumerate()
        .filter(|(_, f)| (span.start <= f.span.start && f.span.end <= span.end) || named(&f.label))
        .map(|(place, f)| Figure {
            label: f.label.clone(),
            caption: f.caption.clone(),
            file: files.get(place).cloned().flatten(),
        })
        .collect()
}
