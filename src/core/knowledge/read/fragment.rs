//! HTML inside a text format: its tables, headings and paragraphs, with spans into the
//! source.

use std::collections::BTreeMap;
use std::ops::Range;

use super::signal::{self, Setting};
use super::table::{self, Header, Stated, StatedRow, grid};
use super::tags::{MOST_TOKENS, Token, attribute, tokens, words};
use super::{Block, BlockKind, Cell, Image, Picture, figure, trimmed};
use crate::core::knowledge::passage::Span;

type Tokens<'t> = [(Range<usize>, Token<'t>)];

/// What was found in a stretch of HTML.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Blocks in order.
    pub blocks: Vec<Block>,
    /// Pictures in order.
    pub figures: Vec<Picture>,
    /// Was a table cut?
    pub cut: bool,
}

/// Reads the HTML at `range` of `text`.
pub(crate) fn read(text: &str, range: Range<usize>) -> Found {
    let tokens = tokens(text, range);
    let full = tokens.len() >= MOST_TOKENS;
    let mut reading = Reading { text, found: Found::default(), from: 0, kind: BlockKind::Paragraph };
    let mut i = 0;
    while let Some((place, token)) = tokens.get(i) {
        match token {
            Token::Open(name, _) if name == "table" => {
                reading.flush(tokens.get(reading.from..i).unwrap_or_default());
                let end = matching(&tokens, i);
                reading.table(tokens.get(i..end).unwrap_or_default());
                i = end;
                reading.from = end;
                continue;
            }
            Token::Open(name, _) if matches!(name.as_str(), "script" | "style" | "svg") => {
                reading.flush(tokens.get(reading.from..i).unwrap_or_default());
                i = matching(&tokens, i);
                reading.from = i;
                continue;
            }
            Token::Open(name, attributes) if name == "img" => {
                reading.image(place, attributes);
            }
            Token::Open(name, _) | Token::Close(name) if super::tags::parts_words(name) && name != "br" => {
                reading.flush(tokens.get(reading.from..i).unwrap_or_default());
                reading.from = i + 1;
                reading.kind = match (token, name.as_bytes()) {
                    (Token::Open(..), [b'h', level @ b'1'..=b'6']) => {
                        BlockKind::Heading { level: level - b'0' }
                    }
                    (Token::Open(..), b"li") => BlockKind::Item { number: None },
                    (Token::Open(..), b"pre") => BlockKind::Code,
                    _ => BlockKind::Paragraph,
                };
            }
            _ => {}
        }
        i += 1;
    }
    reading.flush(tokens.get(reading.from..).unwrap_or_default());
    reading.found.cut |= full;
    reading.found
}

/// Where each table of the text starts and ends; one that is never closed is left out.
pub(crate) fn tables(text: &str) -> BTreeMap<usize, usize> {
    let mut open = Vec::new();
    let mut found = BTreeMap::new();
    if !text.contains("<table") && !text.contains("<TABLE") {
        return found;
    }
    for (place, token) in tokens(text, 0..text.len()) {
        match token {
            Token::Open(name, _) if name == "table" => open.push(place.start),
            Token::Close(name) if name == "table" => {
                if let Some(start) = open.pop() {
                    found.insert(start, place.end);
                }
            }
            _ => {}
        }
    }
    found
}

fn matching(tokens: &Tokens<'_>, open: usize) -> usize {
    let Some((_, Token::Open(wanted, _))) = tokens.get(open) else { return open + 1 };
    let mut depth = 0usize;
    for (i, (_, token)) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Open(name, _) if name == wanted => depth += 1,
            Token::Close(name) if name == wanted => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

struct Reading<'t> {
    text: &'t str,
    found: Found,
    /// The first token of the block that is being gathered.
    from: usize,
    kind: BlockKind,
}

impl Reading<'_> {
    fn flush(&mut self, tokens: &Tokens<'_>) {
        let kind = std::mem::replace(&mut self.kind, BlockKind::Paragraph);
        let holds = |(_, t): &&(Range<usize>, Token<'_>)| matches!(t, Token::Text(t) if !t.trim().is_empty());
        let (Some(first), Some(last)) = (tokens.iter().find(holds), tokens.iter().rfind(holds)) else {
            return;
        };
        let span = trimmed(self.text, first.0.start, last.0.end);
        let text = words(tokens);
        if text.is_empty() || span.start >= span.end {
            return;
        }
        let before = tokens.iter().take_while(|t| t.0.start < first.0.start);
        let bold =
            before.into_iter().any(|(_, t)| matches!(t, Token::Open(n, _) if n == "b" || n == "strong"));
        let kind = match (&kind, signal::leading(&text, Setting { quoted: false, bold })) {
            (BlockKind::Paragraph | BlockKind::Item { .. }, Some(signal)) => BlockKind::Warning { signal },
            _ => kind,
        };
        self.found.blocks.push(Block { span, text, kind });
    }

    fn image(&mut self, place: &Range<usize>, attributes: &str) {
        let caption = attribute(attributes, "alt").map(|a| super::single_spaced(&a)).unwrap_or_default();
        let Some(source) = attribute(attributes, "src") else { return };
        let image = if figure::is_beside(&source) { Image::Beside(source) } else { Image::None };
        let span = Span { start: place.start, end: place.end };
        self.found.figures.push(Picture { span, label: figure::label(&caption), caption, image });
    }

    fn table(&mut self, tokens: &Tokens<'_>) {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
        let span = Span { start: first.0.start, end: last.0.end };
        let inside = tokens.get(1..).unwrap_or_default();
        if let Some(at) = inside.iter().position(|(_, t)| matches!(t, Token::Open(n, _) if n == "caption")) {
            let end = matching(inside, at);
            let caption = inside.get(at + 1..end.saturating_sub(1)).unwrap_or_default();
            self.flush(caption);
        }
        for (place, token) in inside {
            if let Token::Open(name, attributes) = token
                && name == "img"
            {
                self.image(place, attributes);
            }
        }
        let grid = grid(rows(self.text, inside), Header::Guessed);
        self.found.cut |= grid.cut;
        // The caption may stand first inside: blocks rise, so the table starts at its rows.
        let start = grid
            .header
            .first()
            .map(|c| c.span.start)
            .into_iter()
            .chain(grid.rows.first().map(|r| r.span.start))
            .min()
            .unwrap_or(span.start);
        self.found.blocks.extend(table::block(Span { start, end: span.end.max(start) }, grid));
    }
}

/// The rows of a table; a table inside a cell belongs to the cell's words.
fn rows(text: &str, tokens: &Tokens<'_>) -> Vec<StatedRow> {
    let mut rows: Vec<StatedRow> = Vec::new();
    // The tag of the open cell.
    let mut open: Option<usize> = None;
    let mut depth = 0usize;
    let mut in_head = false;
    for (i, (_, token)) in tokens.iter().enumerate() {
        let (name, opens) = match token {
            Token::Open(name, _) => (name.as_str(), true),
            Token::Close(name) => (name.as_str(), false),
            _ => continue,
        };
        match (name, opens) {
            ("table", true) => depth += 1,
            ("table", false) if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            ("td" | "th" | "tr" | "thead" | "tbody" | "tfoot" | "table", _) => {
                if let Some(from) = open.take() {
                    push(&mut rows, cell(text, tokens.get(from..i).unwrap_or_default()));
                }
                match (name, opens) {
                    ("td" | "th", true) => open = Some(i),
                    ("tr", true) => rows.push(StatedRow { head: in_head, ..StatedRow::default() }),
                    ("thead", _) => in_head = opens,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if let Some(from) = open {
        push(&mut rows, cell(text, tokens.get(from..).unwrap_or_default()));
    }
    rows.retain(|row| !row.cells.is_empty());
    for row in &mut rows {
        if let (Some(first), Some(last)) = (row.cells.first(), row.cells.last()) {
            row.span = trimmed(text, first.cell.span.start, last.cell.span.end);
        }
    }
    rows
}

fn push(rows: &mut Vec<StatedRow>, cell: Stated) {
    match rows.last_mut() {
        Some(row) => row.cells.push(cell),
        None => rows.push(StatedRow { cells: vec![cell], ..StatedRow::default() }),
    }
}

/// The cell of a tag and what follows it.
fn cell(text: &str, tokens: &Tokens<'_>) -> Stated {
    let Some(((tag, Token::Open(name, attributes)), inside)) = tokens.split_first() else {
        return Stated::new(Cell { span: Span { start: 0, end: 0 }, text: String::new() }, false);
    };
    let span = trimmed(text, tag.end, inside.last().map_or(tag.end, |t| t.0.end));
    let count =
        |key: &str| attribute(attributes, key).and_then(|v| v.trim().parse().ok()).unwrap_or(1).max(1);
    let cell = Cell { span, text: words(inside) };
    Stated { cell, columns: count("colspan"), rows: count("rowspan"), head: name == "th" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        read(text, 0..text.len())
    }

    #[test]
    fn a_table_becomes_rows_with_spans_in_the_source() {
        let text = "<table>\n<tr><th>Code</th><th>Cause</th></tr>\n<tr><td rowspan=\"2\">E1</td><td>low<br>oil</br>level</td></tr>\n<tr><td>a &amp; b</td></tr>\n</table>";
        let f = found(text);
        let BlockKind::Table { header, rows } = &f.blocks[0].kind else { panic!("{f:?}") };
        assert_eq!(header[1].text, "Cause");
        assert_eq!(rows[0].cells[1].text, "low oil level");
        assert_eq!(rows[0].cells[1].span.of(text), Some("low<br>oil</br>level"));
        assert_eq!(rows[0].span.of(text), Some("E1</td><td>low<br>oil</br>level"));
        assert_eq!(rows[1].cells[0].text, "E1");
        assert_eq!(rows[1].cells[0].span.of(text), Some("E1"));
        assert_eq!(rows[1].cells[1].text, "a & b");
    }

    #[test]
    fn unclosed_cells_and_tables_in_cells_are_read() {
        let f = found("<table><tr><td>a1<td>b<table><tr><td>c</td></tr></table><tr><td>d<td></table> after");
        let BlockKind::Table { rows, .. } = &f.blocks[0].kind else { panic!("{f:?}") };
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].cells[1].text, "b c");
        assert_eq!(rows[1].cells.len(), 2);
        assert_eq!(f.blocks[1].text, "after");
    }

    #[test]
    fn headings_paragraphs_and_pictures_are_told_apart() {
        let f = found(
            "<h2 align=center>Oil</h2><p><b>DANGER</b> hot</p><img src=\"a.png\" alt=\"Figure 2: pump\"><p>see</p>",
        );
        let kinds: Vec<_> = f.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        assert_eq!(kinds[0], (BlockKind::Heading { level: 2 }, "Oil"));
        assert!(matches!(kinds[1], (BlockKind::Warning { .. }, "DANGER hot")));
        assert_eq!(f.figures[0].label, "Figure 2");
        assert_eq!(f.figures[0].image, Image::Beside("a.png".to_owned()));
    }
}
