//! A document's blocks gathered into pieces, by layout and heading alone.

use crate::core::knowledge::code::{self, Shapes};
use crate::core::knowledge::outline::{Outline, Place};
use crate::core::knowledge::passage::{Field, Shape, Span};
use crate::core::knowledge::read::{Block, BlockKind, Cell, Document, Row, trimmed};
use crate::core::knowledge::role;

/// Running text is gathered up to this many bytes.
const PROSE_BYTES: usize = 900;
/// A single block longer than this is cut at line or sentence ends.
pub(super) const LONGEST_PROSE: usize = 1800;

/// A passage to be: what is known of it from the blocks alone.
pub(super) struct Piece {
    /// Its section, as the outline numbers them.
    pub(super) section: usize,
    /// The block that it starts with.
    block: usize,
    pub(super) span: Span,
    pub(super) shape: Shape,
    pub(super) fields: Vec<Field>,
    /// The code that running text defines ("E203: …").
    pub(super) defines: Option<String>,
}

impl Piece {
    pub(super) fn place(&self) -> Place {
        Place { section: self.section, block: self.block, is_step: self.shape == Shape::Step }
    }
}

/// Walks the blocks and gathers pieces.
pub(super) struct Cutter<'d> {
    document: &'d Document,
    outline: &'d Outline,
    pieces: Vec<Piece>,
    shapes: &'d Shapes,
    /// Running text that is being gathered: first block, its place.
    prose: Option<(usize, Span)>,
}

impl<'d> Cutter<'d> {
    pub(super) fn new(document: &'d Document, outline: &'d Outline, shapes: &'d Shapes) -> Self {
        Cutter { document, outline, pieces: Vec::new(), shapes, prose: None }
    }

    pub(super) fn pieces(mut self) -> Vec<Piece> {
        let document = self.document;
        let mut entry_ends = 0;
        for (at, block) in document.blocks.iter().enumerate() {
            if at < entry_ends {
                continue;
            }
            match &block.kind {
                BlockKind::Heading { .. } => {
                    self.flush();
                    // "E203 Oil level low" says what the code means: it belongs to the entry.
                    if !self.shapes.heading_codes(&block.text).is_empty() {
                        let start = self.without_marks(block.span);
                        match self.short_entry(at, start.start) {
                            Some((end, span)) => {
                                entry_ends = end;
                                self.piece(at, span, Shape::Prose, labelled(document, at..end), None);
                            }
                            None => self.prose = Some((at, start)),
                        }
                    }
                }
                BlockKind::Table { header, rows } => {
                    self.flush();
                    for row in rows {
                        self.piece(at, row.span, Shape::Row, fields(header, row), None);
                    }
                }
                BlockKind::Item { number: Some(_) } => {
                    self.flush();
                    self.piece(at, block.span, Shape::Step, Vec::new(), defined(block));
                }
                BlockKind::Warning { .. } => {
                    self.flush();
                    self.piece(at, block.span, Shape::Prose, Vec::new(), None);
                }
                BlockKind::Paragraph | BlockKind::Item { number: None } | BlockKind::Code => {
                    self.gather(at, block)
                }
            }
        }
        self.flush();
        self.pieces
    }

    fn piece(&mut self, block: usize, span: Span, shape: Shape, fields: Vec<Field>, defines: Option<String>) {
        let section = self.outline.of_block.get(block).copied().unwrap_or(0);
        self.pieces.push(Piece { section, block, span, shape, fields, defines });
    }

    fn gather(&mut self, at: usize, block: &Block) {
        if let Some(code) = defined(block) {
            self.flush();
            self.piece(at, block.span, Shape::Prose, Vec::new(), Some(code));
            return;
        }
        match self.prose {
            Some((first, span)) if block.span.end.saturating_sub(span.start) <= PROSE_BYTES => {
                self.prose = Some((first, Span { start: span.start, end: block.span.end.max(span.end) }));
            }
            _ => {
                self.flush();
                self.prose = Some((at, block.span));
            }
        }
    }

    /// The section below the code heading at `at`, where it is short enough to be one passage
    /// and holds no table and no warning, whose reach depends on its place: one past its last
    /// block, and its span.
    fn short_entry(&self, at: usize, start: usize) -> Option<(usize, Span)> {
        let after = at + 1;
        let blocks = self.document.blocks.get(after..)?;
        let length = blocks.iter().position(|b| matches!(b.kind, BlockKind::Heading { .. }));
        let own = blocks.get(..length.unwrap_or(blocks.len()))?;
        let plain = own.iter().all(|b| {
            matches!(b.kind, BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Code)
                && defined(b).is_none()
        });
        let end = own.iter().map(|b| b.span.end).max()?;
        (plain && end > start && end - start <= LONGEST_PROSE)
            .then_some((after + own.len(), Span { start, end }))
    }

    /// A heading's place without Markdown's `#` before it.
    fn without_marks(&self, span: Span) -> Span {
        let raw = span.of(&self.document.text).unwrap_or_default();
        let marks = raw.len() - raw.trim_start_matches(['#', ' ', '\t']).len();
        Span { start: span.start + marks, end: span.end }
    }

    fn flush(&mut self) {
        let Some((block, span)) = self.prose.take() else {
            return;
        };
        for part in split(&self.document.text, span) {
            self.piece(block, part, Shape::Prose, Vec::new(), None);
        }
    }
}

/// The labelled lines of some blocks ("Cause: stuck throttle").
fn labelled(document: &Document, blocks: std::ops::Range<usize>) -> Vec<Field> {
    let mut fields = Vec::new();
    for block in document.blocks.get(blocks).unwrap_or_default() {
        let mut at = block.span.start;
        for line in block.span.of(&document.text).unwrap_or_default().split_inclusive('\n') {
            if let Some((role, name, value)) = role::label(line) {
                fields.push(Field {
                    name: line.get(name).unwrap_or_default().to_owned(),
                    value: line.get(value.clone()).unwrap_or_default().to_owned(),
                    span: Span { start: at + value.start, end: at + value.end },
                    role: Some(role),
                });
            }
            at += line.len();
        }
    }
    fields
}

fn defined(block: &Block) -> Option<String> {
    code::defined_code(&block.text).map(|m| m.text)
}

fn fields(header: &[Cell], row: &Row) -> Vec<Field> {
    let name = |column: usize| header.get(column).map(|h| h.text.clone()).unwrap_or_default();
    row.cells
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            let name = name(column);
            let role = role::of(&name);
            Field { name, value: cell.text.clone(), span: cell.span, role }
        })
        .collect()
}

/// Cuts an overlong piece of running text at line ends, else sentence ends, else spaces.
fn split(text: &str, span: Span) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = span.start;
    while span.end.saturating_sub(start) > LONGEST_PROSE {
        let mut limit = start + PROSE_BYTES;
        while !text.is_char_boundary(limit) {
            limit += 1;
        }
        let window = text.get(start..limit).unwrap_or_default();
        let ends = [window.rfind('\n'), window.rfind(". ").map(|i| i + 1), window.rfind(' ')];
        let end = ends.into_iter().flatten().find(|i| *i > PROSE_BYTES / 3).map_or(limit, |i| start + i);
        parts.push(trimmed(text, start, end));
        start = end;
    }
    parts.push(trimmed(text, start, span.end));
    parts.retain(|p| p.start < p.end);
    parts
}
