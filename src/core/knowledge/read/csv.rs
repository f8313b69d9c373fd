//! CSV and its kin (semicolons, tabs, bars): each record is a row, each cell has its place.
//!
//! The scanner follows the `csv` crate's reading of quotes, which tests compare it with; the
//! crate itself does not say where in the file a cell stands.

use super::decode::decode_as;
use super::signal::Setting;
use super::table::{self, Header, MOST_CELLS, Stated, StatedRow};
use super::{Block, BlockKind, Cell, Document, Reader, signal, single_spaced, trimmed};
use crate::core::Result;
use crate::core::knowledge::passage::Span;

/// Reads CSV.
pub struct Csv;

impl Reader for Csv {
    fn format(&self) -> &'static str {
        "CSV"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, None)?;
        let (text, mut notes) = (decoded.text, decoded.notes);
        let (body, stated) = excel_separator(&text);
        let delimiter = stated.unwrap_or_else(|| sniff(text.get(body..).unwrap_or_default()));
        let (records, cut) = records(&text, body, delimiter, MOST_CELLS);
        let (blocks, wide) = blocks(&text, records);
        if cut || wide {
            notes.push("too many cells; the rest was left out".to_owned());
        }
        Ok(Document { text, blocks, notes, ..Document::default() })
    }
}

/// A cell in the file: its words, and its place without the quotes around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub text: String,
    pub span: Span,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub span: Span,
    pub cells: Vec<Raw>,
}

/// Excel's own first line: `sep=;`.
fn excel_separator(text: &str) -> (usize, Option<u8>) {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    match first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        Some(&[delimiter]) => (first.len(), Some(delimiter)),
        _ => (0, None),
    }
}

/// The delimiter that gives the most even table.
fn sniff(text: &str) -> u8 {
    const LOOKED_AT: usize = 64 << 10;
    let mut limit = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    let sample = text.get(..limit).unwrap_or_default();
    let mut best = (b',', 0.0);
    for delimiter in [b',', b';', b'\t', b'|'] {
        let (found, _) = records(sample, 0, delimiter, 2_000);
        let widths: Vec<usize> = found.iter().map(|r| r.cells.len()).collect();
        let Some(common) = widths.iter().copied().max_by_key(|w| widths.iter().filter(|v| *v == w).count())
        else {
            continue;
        };
        let widest = widths.iter().copied().filter(|w| *w > 1).count() as f64 / widths.len() as f64;
        let even = widths.iter().filter(|w| **w == common && common > 1).count() as f64 / widths.len() as f64;
        let score = even * 2.0 + widest + (common.min(20) as f64) * 0.001;
        if common > 1 && score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// The records of `text` from `from` on, and whether `most` cells were reached before the end.
pub(super) fn records(text: &str, from: usize, delimiter: u8, most: usize) -> (Vec<Record>, bool) {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut cells = 0;
    let mut at = from;
    loop {
        while bytes.get(at).is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            at += 1;
        }
        if at >= bytes.len() {
            return (out, false);
        }
        if cells >= most {
            return (out, true);
        }
        let start = at;
        let mut record = Vec::new();
        loop {
            let (raw, end) = field(text, at, delimiter);
            record.push(raw);
            at = end;
            if bytes.get(at) == Some(&delimiter) {
                at += 1;
                continue;
            }
            break;
        }
        cells += record.len();
        out.push(Record { span: Span { start, end: at }, cells: record });
    }
}

/// The field at `at`, and where its delimiter, its line end or the end of the text stands.
fn field(text: &str, at: usize, delimiter: u8) -> (Raw, usize) {
    let bytes = text.as_bytes();
    let mut end = at;
    let mut words = String::new();
    let ends = |b: &u8| *b == delimiter || matches!(b, b'\n' | b'\r');
    if bytes.get(at) != Some(&b'"') {
        while bytes.get(end).is_some_and(|b| !ends(b)) {
            end += 1;
        }
        words.push_str(text.get(at..end).unwrap_or_default());
        return (Raw { text: words, span: Span { start: at, end } }, end);
    }
    // Quoted: up to a quote that is not doubled; what follows it is taken as it stands.
    let mut from = at + 1;
    loop {
        match bytes.get(from..).and_then(|rest| rest.iter().position(|b| *b == b'"')) {
            None => {
                words.push_str(text.get(from..).unwrap_or_default());
                let span = Span { start: at + 1, end: bytes.len() };
                return (Raw { text: words, span }, bytes.len());
            }
            Some(length) => {
                let quote = from + length;
                words.push_str(text.get(from..quote).unwrap_or_default());
                if bytes.get(quote + 1) == Some(&b'"') {
                    words.push('"');
                    from = quote + 2;
                    continue;
                }
                let mut end = quote + 1;
                while bytes.get(end).is_some_and(|b| !ends(b)) {
                    end += 1;
                }
                let tail = text.get(quote + 1..end).unwrap_or_default();
                words.push_str(tail);
                let inner = if tail.is_empty() { quote } else { end };
                return (Raw { text: words, span: Span { start: at + 1, end: inner } }, end);
            }
        }
    }
}

/// Lines of one cell above the table are its title or remarks; the rest is the table.
fn blocks(text: &str, records: Vec<Record>) -> (Vec<Block>, bool) {
    let filled = |r: &Record| r.cells.iter().filter(|c| !c.text.trim().is_empty()).count();
    let above = table::preamble(records.iter().take(64).map(filled));
    let mut out = Vec::new();
    let mut rows = Vec::new();
    for (i, record) in records.into_iter().enumerate() {
        if i < above {
            let words = record.cells.iter().find(|c| !c.text.trim().is_empty());
            let Some(raw) = words else { continue };
            let words = single_spaced(&raw.text);
            let kind = match signal::leading(&words, Setting::default()) {
                Some(signal) => BlockKind::Warning { signal },
                None => BlockKind::Paragraph,
            };
            out.push(Block { span: trimmed(text, raw.span.start, raw.span.end), text: words, kind });
            continue;
        }
        let cells = record.cells.into_iter().map(|raw| {
            let span = trimmed(text, raw.span.start, raw.span.end);
            Stated::new(Cell { span, text: single_spaced(&raw.text) }, false)
        });
        let span = trimmed(text, record.span.start, record.span.end);
        rows.push(StatedRow { span, cells: cells.collect(), head: false });
    }
    let span = match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => Span { start: first.span.start, end: last.span.end },
        _ => return (out, false),
    };
    let grid = table::grid(rows, Header::Likely);
    let cut = grid.cut;
    out.extend(table::block(span, grid));
    (out, cut)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Document {
        Csv.read(text.as_bytes(), "m.csv").unwrap()
    }

    fn table(d: &Document) -> (Vec<&str>, Vec<Vec<&str>>) {
        let block = d.blocks.iter().find(|b| matches!(b.kind, BlockKind::Table { .. })).unwrap();
        let BlockKind::Table { header, rows } = &block.kind else { panic!() };
        (
            header.iter().map(|c| c.text.as_str()).collect(),
            rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect(),
        )
    }

    #[test]
    fn records_have_a_header_and_cells_with_spans() {
        let d = read("\"Code\",\"Meaning, short\"\r\n\"E1\",\"say \"\"stop\"\"\"\r\n\r\nE2,plain\r\n");
        let (header, rows) = table(&d);
        assert_eq!(header, ["Code", "Meaning, short"]);
        assert_eq!(rows, [["E1", "say \"stop\""], ["E2", "plain"]]);
        let BlockKind::Table { rows, .. } = &d.blocks[0].kind else { panic!() };
        assert_eq!(rows[0].cells[1].span.of(&d.text), Some("say \"\"stop\"\""));
        assert_eq!(rows[0].span.of(&d.text), Some("\"E1\",\"say \"\"stop\"\"\""));
    }

    #[test]
    fn the_delimiter_is_found() {
        for (text, want) in [
            ("Code;Value\nE1;1,5\nE2;2,5\n", [["E1", "1,5"], ["E2", "2,5"]]),
            ("Code\tValue\nE1\ta, b\nE2\tc\n", [["E1", "a, b"], ["E2", "c"]]),
            ("Code|Value\nE1|a\nE2|b, c\n", [["E1", "a"], ["E2", "b, c"]]),
            ("sep=;\nCode;Value\nE1;a\nE2;b\n", [["E1", "a"], ["E2", "b"]]),
        ] {
            assert_eq!(table(&read(text)).1, want, "{text}");
        }
    }

    #[test]
    fn titles_above_the_table_are_paragraphs() {
        let d = read("Fault list HP-20;;\n\nCode;Cause;Remedy\nE1;low oil;fill\n");
        assert_eq!(d.blocks[0].text, "Fault list HP-20");
        assert_eq!(table(&d).0, ["Code", "Cause", "Remedy"]);
    }

    #[test]
    fn records_without_a_header_keep_their_first() {
        let d = read("E1,12\nE2,15\n");
        assert_eq!(table(&d), (vec![], vec![vec!["E1", "12"], vec!["E2", "15"]]));
    }

    proptest! {
        #[test]
        fn the_scanner_agrees_with_the_csv_crate(text in "[a,;\"é \n\r]{0,40}", delimiter in "[,;]") {
            let delimiter = delimiter.as_bytes()[0];
            let (found, cut) = records(&text, 0, delimiter, 1000);
            prop_assert!(!cut);
            let theirs: Vec<Vec<String>> = ::csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(delimiter)
                .from_reader(text.as_bytes())
                .records()
                .map(|r| r.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let ours: Vec<Vec<String>> =
                found.iter().map(|r| r.cells.iter().map(|c| c.text.clone()).collect()).collect();
            prop_assert_eq!(ours, theirs);
            for record in &found {
                for cell in &record.cells {
                    let raw = cell.span.of(&text).unwrap();
                    if !raw.contains('"') {
                        prop_assert_eq!(raw, &cell.text);
                    }
                    prop_assert!(record.span.start <= cell.span.start && cell.span.end <= record.span.end);
                }
            }
        }
    }
}
