//! Tables written as lists (`list-table`) and as CSV (`csv-table`).

use super::directive::Directive;
use super::inline;
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::table::{MOST_CELLS, Stated, StatedRow};
use crate::core::knowledge::read::{Cell, csv, trimmed};

/// The rows of a `list-table`: `* - cell` starts a row, `- cell` a cell.
pub(super) fn list_table(text: &str, d: &Directive<'_, '_>) -> Vec<StatedRow> {
    let heads = d.number("header-rows");
    let indent = d.content.iter().filter(|l| !l.is_blank()).map(|l| l.indent).min().unwrap_or(0);
    let mut rows: Vec<Vec<Span>> = Vec::new();
    let mut cell_indent = None;
    for line in d.content.iter().filter(|l| !l.is_blank()) {
        let words = line.words();
        let mut cell = None;
        if line.indent == indent
            && let Some(rest) =
                words.strip_prefix('*').filter(|r| r.is_empty() || r.starts_with(char::is_whitespace))
        {
            rows.push(Vec::new());
            let inner = rest.trim_start();
            cell_indent = Some(indent + words.len() - inner.len());
            cell = bullet(inner);
        } else if Some(line.indent) == cell_indent || (cell_indent.is_some() && line.indent == indent + 2) {
            cell = bullet(words);
        }
        let end = line.end();
        match (cell, rows.last_mut()) {
            (Some(inner), Some(row)) => row.push(Span { start: end - inner.len(), end }),
            (None, Some(row)) => {
                if let Some(open) = row.last_mut() {
                    open.end = end;
                }
            }
            (_, None) => {}
        }
    }
    let rows = rows.into_iter().filter(|row| !row.is_empty()).enumerate().map(|(i, row)| {
        let (start, end) = (row.first().map_or(0, |s| s.start), row.last().map_or(0, |s| s.end));
        let cells = row.into_iter().map(|span| {
            let span = trimmed(text, span.start, span.end);
            Stated::new(Cell { span, text: cell_words(span.of(text).unwrap_or_default()) }, false)
        });
        StatedRow { cells: cells.collect(), span: trimmed(text, start, end), head: i < heads }
    });
    rows.collect()
}

/// What follows a cell's `-`.
fn bullet(words: &str) -> Option<&str> {
    let rest = words.strip_prefix('-')?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

/// A cell's words; `| ` starts a line of its own.
fn cell_words(raw: &str) -> String {
    let lines: Vec<&str> = raw.lines().map(|l| l.trim().strip_prefix("| ").unwrap_or(l)).collect();
    inline::words(&lines.join("\n"))
}

/// The rows of a `csv-table`, its `:header:` first.
pub(super) fn csv_table(text: &str, d: &Directive<'_, '_>) -> Vec<StatedRow> {
    let delimiter = match d.option("delim").map(str::trim) {
        Some("tab") => b'\t',
        Some("space") => b' ',
        Some(mark) => mark.bytes().next().filter(u8::is_ascii).unwrap_or(b','),
        None => b',',
    };
    let heads = d.number("header-rows");
    let mut rows = Vec::new();
    if let Some((_, value, at)) = d.options.iter().find(|o| o.0 == "header") {
        let mut dense = Dense::default();
        dense.line(value, *at);
        rows.extend(dense.rows(text, delimiter, true));
    }
    let mut dense = Dense::default();
    for line in d.content {
        dense.line(line.words(), line.words_at());
    }
    let body = dense.rows(text, delimiter, false);
    rows.extend(body.into_iter().enumerate().map(|(i, mut row)| {
        row.head = i < heads;
        row
    }));
    rows
}

/// Lines without their indents, and without the spaces between a delimiter and a quote; each
/// byte knows where it came from.
#[derive(Default)]
struct Dense {
    text: String,
    from: Vec<usize>,
}

impl Dense {
    fn line(&mut self, words: &str, at: usize) {
        let mut quoted = self.text.matches('"').count() % 2 == 1;
        for (i, c) in words.char_indices() {
            let after = words.get(i..).unwrap_or_default().trim_start();
            let before = self.text.as_bytes().last().copied();
            // `a, "b"`: the quote opens a field all the same.
            if c == ' ' && !quoted && before.is_some_and(|b| b == b',' || b == b';') && after.starts_with('"')
            {
                continue;
            }
            if c == '"' {
                quoted = !quoted;
            }
            self.text.push(c);
            self.from.extend((0..c.len_utf8()).map(|k| at + i + k));
        }
        self.text.push('\n');
        self.from.push(at + words.len());
    }

    fn rows(&self, text: &str, delimiter: u8, head: bool) -> Vec<StatedRow> {
        let place = |span: Span| {
            let start = self.from.get(span.start).copied().unwrap_or(0);
            let last = span.end.checked_sub(1).filter(|l| *l >= span.start);
            // A line end stands for whatever white space the line ended in.
            let end = last.and_then(|l| {
                let width = usize::from(self.text.as_bytes().get(l) != Some(&b'\n'));
                Some(self.from.get(l)? + width)
            });
            let end = end.unwrap_or(start).max(start);
            trimmed(text, start, end)
        };
        let (records, _) = csv::records(&self.text, 0, delimiter, MOST_CELLS);
        let rows = records.into_iter().map(|record| StatedRow {
            span: place(record.span),
            cells: record
                .cells
                .into_iter()
                .map(|raw| Stated::new(Cell { span: place(raw.span), text: cell_words(&raw.text) }, false))
                .collect(),
            head,
        });
        rows.collect()
    }
}
