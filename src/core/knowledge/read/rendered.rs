//! Stored text for formats that are not text: one line a paragraph, a table's row as
//! `| cell | cell |`, with the exact span of each.

use super::signal::{self, Setting};
use super::table::{self, Grid};
use super::{Block, BlockKind, Document, Image, Picture, join_lone_signals, single_spaced, step};
use crate::core::knowledge::passage::{Signal, Span};

/// The stored text may grow to this many bytes: merged cells repeat text, and a hostile
/// file repeats without end.
const MOST_TEXT: usize = 128 << 20;

/// Builds a document's stored text and its blocks together.
///
/// Invariants: blocks rise, and each lies in the text.
#[derive(Default)]
pub(crate) struct Rendered {
    text: String,
    blocks: Vec<Block>,
    figures: Vec<Picture>,
    notes: Vec<String>,
    full: bool,
}

impl Rendered {
    /// A heading of level 1 to 6.
    pub(crate) fn heading(&mut self, level: u8, words: &str) {
        self.line("", words, BlockKind::Heading { level: level.clamp(1, 6) });
    }

    /// A paragraph, or the warning or the numbered step that it is.
    pub(crate) fn paragraph(&mut self, words: &str, setting: Setting) {
        let words = single_spaced(words);
        if let Some(signal) = signal::leading(&words, setting) {
            return self.line("", &words, BlockKind::Warning { signal });
        }
        match step::leading(&words) {
            Some((number, at)) => {
                let (mark, rest) = words.split_at(at);
                self.line(mark, rest, BlockKind::Item { number: Some(number) });
            }
            None => self.line("", &words, BlockKind::Paragraph),
        }
    }

    /// A warning whose box says so; the signal word is put before it where it is missing.
    pub(crate) fn warning(&mut self, words: &str, signal: Signal) {
        let words = single_spaced(words);
        if words.is_empty() {
            return;
        }
        let apart = Setting { quoted: true, bold: true };
        match signal::leading(&words, apart) {
            Some(own) => self.line("", &words, BlockKind::Warning { signal: own }),
            None => {
                let words = format!("{}: {words}", word_of(signal));
                self.line("", &words, BlockKind::Warning { signal });
            }
        }
    }

    /// An item of a list; a step where it has a number.
    pub(crate) fn item(&mut self, number: Option<u64>, words: &str) {
        match number {
            Some(n) => self.line(&format!("{n}. "), words, BlockKind::Item { number }),
            None => {
                let kind = match signal::leading(&single_spaced(words), Setting::default()) {
                    Some(signal) => BlockKind::Warning { signal },
                    None => BlockKind::Item { number: None },
                };
                self.line("- ", words, kind);
            }
        }
    }

    /// Preformatted text, with its line ends.
    pub(crate) fn code(&mut self, raw: &str) {
        let raw = raw.trim_matches(['\n', '\r']).trim_end();
        let words = single_spaced(raw);
        if words.is_empty() || !self.room(raw.len()) {
            return;
        }
        let start = self.text.len();
        self.text.push_str(raw);
        let span = super::trimmed(&self.text, start, self.text.len());
        self.text.push_str("\n\n");
        self.blocks.push(Block { span, text: words, kind: BlockKind::Code });
    }

    /// A table; the cells' spans are set here. A frame drawn as a table around a warning is
    /// that warning.
    pub(crate) fn table(&mut self, mut grid: Grid) {
        if let Some((words, signal)) = framed(&grid) {
            return self.warning(&words, signal);
        }
        let start = self.text.len();
        let mut fits = true;
        if !grid.header.is_empty() {
            fits = self.row(&mut grid.header).is_some();
        }
        let mut kept = 0;
        for row in &mut grid.rows {
            match if fits { self.row(&mut row.cells) } else { None } {
                Some(span) => row.span = span,
                None => break,
            }
            kept += 1;
        }
        grid.rows.truncate(kept);
        if grid.cut || !fits {
            self.note("a table has too many cells; its rest was left out");
        }
        let span = super::trimmed(&self.text, start, self.text.len());
        self.text.push('\n');
        self.blocks.extend(table::block(span, grid));
    }

    fn row(&mut self, cells: &mut [super::Cell]) -> Option<Span> {
        if !self.room(cells.iter().map(|c| c.text.len() + 3).sum()) {
            return None;
        }
        let start = self.text.len();
        self.text.push('|');
        for cell in cells {
            self.text.push(' ');
            let from = self.text.len();
            self.text.push_str(&cell.text);
            cell.span = Span { start: from, end: self.text.len() };
            self.text.push_str(" |");
        }
        let span = Span { start, end: self.text.len() };
        self.text.push('\n');
        Some(span)
    }

    /// A figure; its caption is a paragraph of the text.
    pub(crate) fn figure(&mut self, caption: &str, image: Image) {
        let caption = single_spaced(caption);
        let before = self.blocks.len();
        self.paragraph(&caption, Setting::default());
        let at = self.text.len();
        let span = match self.blocks.get(before) {
            Some(block) => block.span,
            None => Span { start: at, end: at },
        };
        self.figures.push(Picture { span, label: super::figure::label(&caption), caption, image });
    }

    /// Something that could not be read; the same is said once.
    pub(crate) fn note(&mut self, line: &str) {
        if !self.notes.iter().any(|n| n == line) {
            self.notes.push(line.to_owned());
        }
    }

    /// Is there nothing yet?
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.figures.is_empty()
    }

    fn line(&mut self, mark: &str, words: &str, kind: BlockKind) {
        let words = single_spaced(words);
        if words.is_empty() || !self.room(words.len()) {
            return;
        }
        let start = self.text.len();
        self.text.push_str(mark);
        self.text.push_str(&words);
        let span = Span { start, end: self.text.len() };
        self.text.push_str("\n\n");
        self.blocks.push(Block { span, text: words, kind });
    }

    fn room(&mut self, bytes: usize) -> bool {
        if self.full || self.text.len().saturating_add(bytes) > MOST_TEXT {
            self.full = true;
            self.note("the text is longer than 128 MiB; its rest was left out");
            return false;
        }
        true
    }

    /// The document.
    pub(crate) fn finish(self) -> Document {
        let blocks = join_lone_signals(&self.text, self.blocks);
        Document { text: self.text, blocks, figures: self.figures, notes: self.notes, ..Document::default() }
    }
}

/// The warning that a table of a few cells is: a signal word first, then its words.
fn framed(grid: &Grid) -> Option<(String, Signal)> {
    if grid.rows.len() + usize::from(!grid.header.is_empty()) > 3 {
        return None;
    }
    let cells = grid.header.iter().chain(grid.rows.iter().flat_map(|r| r.cells.iter()));
    let mut words: Vec<&str> = cells.map(|c| c.text.as_str()).filter(|t| !t.is_empty()).collect();
    words.dedup();
    let (first, rest) = words.split_first()?;
    let apart = Setting { quoted: true, bold: true };
    match rest {
        [] => Some((first.to_string(), signal::leading(first, apart)?)),
        [text] | [text, _] if text.len() > first.len() || rest.len() == 1 => {
            Some((words.join(" "), signal::lone(first)?)).filter(|_| text.contains(' ') || !text.is_ascii())
        }
        _ => None,
    }
}

/// The signal word as ANSI Z535.6 sets it.
pub(crate) fn word_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Notice => "NOTICE",
        Signal::Caution => "CAUTION",
        Signal::Warning => "WARNING",
        Signal::Danger => "DANGER",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::{Cell, Row};

    #[test]
    fn text_and_blocks_are_built_together() {
        let mut r = Rendered::default();
        r.heading(1, "Pump");
        r.item(Some(2), "Vent\n it.");
        let cell = |t: &str| Cell { span: Span { start: 0, end: 0 }, text: t.to_owned() };
        let zero = Span { start: 0, end: 0 };
        r.table(Grid {
            header: vec![cell("Code"), cell("Meaning")],
            rows: vec![Row { span: zero, cells: vec![cell("E1"), cell("low")] }],
            cut: false,
        });
        r.warning("Hot oil.", Signal::Caution);
        r.figure("Figure 3: valve", Image::None);
        let d = r.finish();
        assert_eq!(
            d.text,
            "Pump\n\n2. Vent it.\n\n| Code | Meaning |\n| E1 | low |\n\nCAUTION: Hot oil.\n\nFigure 3: valve\n\n"
        );
        let BlockKind::Table { rows, .. } = &d.blocks[2].kind else { panic!() };
        assert_eq!(rows[0].span.of(&d.text), Some("| E1 | low |"));
        assert_eq!(rows[0].cells[1].span.of(&d.text), Some("low"));
        assert_eq!(d.blocks[1].span.of(&d.text), Some("2. Vent it."));
        assert_eq!(d.blocks[1].text, "Vent it.");
        assert_eq!(d.figures[0].label, "Figure 3");
        assert_eq!(d.figures[0].span.of(&d.text), Some("Figure 3: valve"));
    }
}
