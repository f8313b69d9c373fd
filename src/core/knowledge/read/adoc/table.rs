//! AsciiDoc's tables: cells behind `|`, on one line or on several.

use std::sync::LazyLock;

use regex::Regex;

use super::inline::{Attributes, words};
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::table::{MOST_CELLS, MOST_COLUMNS, Stated, StatedRow};
use crate::core::knowledge::read::{Cell, csv, trimmed};

/// How a table is set.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// Columns by `cols`; 0 where the first line tells.
    pub columns: usize,
    /// Is the first row named the header?
    pub header: bool,
    /// Is it named to have none?
    pub no_header: bool,
    /// The mark between cells.
    pub separator: char,
    /// Are the cells CSV?
    pub csv: bool,
}

/// How many columns `cols="1,2*3a,4"` makes.
pub(super) fn columns(cols: &str) -> usize {
    let one = |part: &str| match part.split_once('*') {
        Some((times, _)) => times.trim().parse().unwrap_or(1),
        None => 1usize,
    };
    let parts = cols.split([',', ';']).filter(|p| !p.trim().is_empty());
    parts.map(|p| one(p).min(MOST_COLUMNS)).sum::<usize>().min(MOST_COLUMNS)
}

/// A cell as it stands, with what its specifier says.
struct Raw {
    span: Span,
    columns: usize,
    rows: usize,
    times: usize,
    head: bool,
}

/// The rows of a table whose inside is `inside` of `text`.
pub(super) fn rows(text: &str, inside: Span, set: &Set, attributes: &Attributes) -> Vec<StatedRow> {
    let raw = inside.of(text).unwrap_or_default();
    if set.csv {
        return csv_rows(text, inside, set, attributes);
    }
    let (cells, first_line) = cells(text, inside, set.separator);
    let wide = if set.columns > 0 { set.columns } else { first_line.clamp(1, MOST_COLUMNS) };
    // A first line of a whole row with a blank line after it is the header.
    let implied = !set.no_header && implied_header(raw) && (set.columns == 0 || first_line == wide);
    let header = set.header || implied;
    let mut out: Vec<StatedRow> = Vec::new();
    let mut row: Vec<Stated> = Vec::new();
    // For each column, in how many more rows a cell from above stands in it.
    let mut held = vec![0usize; wide];
    let mut column = 0;
    let mut all = 0;
    let finish = |row: &mut Vec<Stated>, out: &mut Vec<StatedRow>| {
        let cells = std::mem::take(row);
        let start = cells.first().map_or(inside.start, |c| c.cell.span.start);
        let end = cells.last().map_or(start, |c| c.cell.span.end);
        let head = header && out.is_empty();
        out.push(StatedRow { span: trimmed(text, start, end.max(start)), cells, head });
    };
    for raw in cells {
        let span = trimmed(text, raw.span.start, raw.span.end);
        let cell = Cell { span, text: words(span.of(text).unwrap_or_default(), attributes) };
        for _ in 0..raw.times {
            all += 1;
            if all > MOST_CELLS {
                return out;
            }
            while let Some(slot) = held.get_mut(column).filter(|h| **h > 0) {
                *slot -= 1;
                column += 1;
            }
            if column >= wide {
                finish(&mut row, &mut out);
                column = 0;
                while let Some(slot) = held.get_mut(column).filter(|h| **h > 0) {
                    *slot -= 1;
                    column += 1;
                }
            }
            let columns = raw.columns.clamp(1, wide);
            for slot in held.iter_mut().skip(column).take(columns) {
                *slot = raw.rows.saturating_sub(1);
            }
            column += columns;
            row.push(Stated { cell: cell.clone(), columns, rows: raw.rows, head: raw.head });
        }
    }
    if !row.is_empty() {
        finish(&mut row, &mut out);
    }
    out
}

fn implied_header(raw: &str) -> bool {
    let mut lines = raw.lines();
    let first = lines.next().unwrap_or_default();
    // The line of the opening `|===` itself is not part of the inside.
    !first.trim().is_empty() && lines.next().is_some_and(|l| l.trim().is_empty()) && lines.next().is_some()
}

/// The cells in order, and how many stand on the first line.
fn cells(text: &str, inside: Span, separator: char) -> (Vec<Raw>, usize) {
    static SPECIFIER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s])((?:(\d{1,3})?(?:\.(\d{1,4}))?([+*]))?(?:[<^>]?(?:\.[<^>])?)([adehlmsv])?)$")
            .ok()
    });
    let raw = inside.of(text).unwrap_or_default();
    let mut out: Vec<Raw> = Vec::new();
    let mut first_line = 0;
    let line_end = raw.trim_start().find('\n').map_or(raw.len(), |i| i + raw.len() - raw.trim_start().len());
    let mut from = 0;
    for (at, mark) in raw.match_indices(separator) {
        if raw.get(..at).is_some_and(|r| r.ends_with('\\')) {
            continue;
        }
        // What stands just before the mark may say how the cell reaches.
        let mut back = at.saturating_sub(16).max(from);
        while !raw.is_char_boundary(back) {
            back += 1;
        }
        let window = raw.get(back..at).unwrap_or_default();
        let found = SPECIFIER.as_ref().and_then(|r| r.captures(window));
        let spec = found.as_ref().and_then(|f| f.get(1)).filter(|m| back + m.start() >= from);
        let cell_end = spec.map_or(at, |m| back + m.start());
        if let Some(open) = out.last_mut() {
            open.span.end = inside.start + cell_end;
        }
        let number = |i: usize| found.as_ref().and_then(|f| f.get(i)).and_then(|m| m.as_str().parse().ok());
        let times = found.as_ref().and_then(|f| f.get(4)).is_some_and(|m| m.as_str() == "*");
        let head = found.as_ref().and_then(|f| f.get(5)).is_some_and(|m| m.as_str() == "h");
        let start = inside.start + at + mark.len();
        let count = number(2).unwrap_or(1usize).clamp(1, MOST_COLUMNS);
        let reach = if times { 1 } else { count };
        if at < line_end {
            first_line += if times { count } else { reach };
        }
        out.push(Raw {
            span: Span { start, end: inside.end },
            columns: reach,
            rows: number(3).unwrap_or(1usize).max(1),
            times: if times { count } else { 1 },
            head,
        });
        from = at + mark.len();
    }
    (out, first_line)
}

fn csv_rows(text: &str, inside: Span, set: &Set, attributes: &Attributes) -> Vec<StatedRow> {
    let body = text.get(..inside.end).unwrap_or_default();
    let delimiter = u8::try_from(set.separator).unwrap_or(b',');
    let (records, _) = csv::records(body, inside.start, delimiter, MOST_CELLS);
    let implied = !set.no_header && implied_header(inside.of(text).unwrap_or_default());
    let rows = records.into_iter().enumerate().map(|(i, record)| StatedRow {
        span: trimmed(text, record.span.start, record.span.end),
        cells: record
            .cells
            .into_iter()
            .map(|raw| {
                let span = trimmed(text, raw.span.start, raw.span.end);
                Stated::new(Cell { span, text: words(&raw.text, attributes) }, false)
            })
            .collect(),
        head: i == 0 && (set.header || implied),
    });
    rows.collect()
}
