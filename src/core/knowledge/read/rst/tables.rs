//! reStructuredText's drawn tables: grid tables and simple tables.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthChar;

use super::inline;
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::Cell;
use crate::core::knowledge::read::lines::Line;
use crate::core::knowledge::read::table::{Stated, StatedRow};

/// A grid's corners are looked for in at most this many steps.
const MOST_STEPS: usize = 5_000_000;
/// Wider or longer drawings are no tables.
const MOST_LINES: usize = 20_000;
const MOST_WIDTH: usize = 4_000;

/// The lines of a table as a drawing: one character per column of the screen.
struct Drawing {
    /// Characters by line and column; the second column of a wide one is `'\0'`.
    cells: Vec<Vec<char>>,
    /// Byte in the text of each, and one past the last.
    places: Vec<Vec<usize>>,
}

impl Drawing {
    fn of(lines: &[Line<'_>], indent: usize) -> Option<Self> {
        if lines.len() > MOST_LINES {
            return None;
        }
        let mut cells = Vec::new();
        let mut places = Vec::new();
        for line in lines {
            let cut = line.lead.min(indent);
            let mut row = Vec::new();
            let mut place = Vec::new();
            let mut at = line.start + cut;
            for c in line.text.get(cut..)?.chars() {
                row.push(c);
                place.push(at);
                at += c.len_utf8();
                match c.width() {
                    Some(2) => {
                        row.push('\0');
                        place.push(at);
                    }
                    // A combining mark takes no column.
                    Some(0) => {
                        row.pop();
                        place.pop();
                    }
                    _ => {}
                }
            }
            place.push(at);
            if row.len() > MOST_WIDTH {
                return None;
            }
            cells.push(row);
            places.push(place);
        }
        Some(Drawing { cells, places })
    }

    fn at(&self, row: usize, column: usize) -> char {
        self.cells.get(row).and_then(|r| r.get(column)).copied().unwrap_or(' ')
    }

    fn place(&self, row: usize, column: usize) -> usize {
        let Some(places) = self.places.get(row) else { return 0 };
        places.get(column).or_else(|| places.last()).copied().unwrap_or(0)
    }

    /// The words between two corners, and their place.
    fn words(&self, text: &str, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Cell {
        let mut words = String::new();
        let mut span: Option<Span> = None;
        for row in rows {
            let (start, end) = (self.place(row, columns.start), self.place(row, columns.end));
            let raw = text.get(start..end.max(start)).unwrap_or_default();
            let trimmed = raw.trim();
            if trimmed.is_empty() {
                continue;
            }
            let from = start + (raw.len() - raw.trim_start().len());
            let to = from + trimmed.len();
            span = Some(Span { start: span.map_or(from, |s| s.start), end: to });
            // `| line` inside a cell is a line of its own.
            let line = trimmed.strip_prefix("| ").unwrap_or(if trimmed == "|" { "" } else { trimmed });
            words.push_str(line);
            words.push(' ');
        }
        let nowhere = self.place(0, columns.start);
        Cell { span: span.unwrap_or(Span { start: nowhere, end: nowhere }), text: inline::words(&words) }
    }
}

/// Is it the upper edge of a grid table?
pub(super) fn is_grid_edge(words: &str) -> bool {
    words.starts_with("+-") && words.ends_with('+') && words.chars().all(|c| matches!(c, '+' | '-'))
}

/// The rows of a grid table; `None` where the drawing is broken.
pub(super) fn grid(text: &str, lines: &[Line<'_>], indent: usize) -> Option<Vec<StatedRow>> {
    let mut drawing = Drawing::of(lines, indent)?;
    let mut head_below = 0;
    for (row, cells) in drawing.cells.iter_mut().enumerate() {
        if cells.first() == Some(&'+') && cells.get(1) == Some(&'=') {
            head_below = row;
            cells.iter_mut().filter(|c| **c == '=').for_each(|c| *c = '-');
        }
    }
    let mut scan = Scan { drawing: &drawing, steps: 0 };
    let boxes = scan.boxes()?;
    let rows: Vec<usize> = boxes.iter().map(|b| b.top).collect::<BTreeSet<_>>().into_iter().collect();
    let columns: Vec<usize> = boxes.iter().map(|b| b.left).collect::<BTreeSet<_>>().into_iter().collect();
    let between = |edges: &[usize], from: usize, to: usize| {
        edges.partition_point(|e| *e < to).saturating_sub(edges.partition_point(|e| *e < from)).max(1)
    };
    let mut by_top: BTreeMap<usize, Vec<&Box>> = BTreeMap::new();
    for one in &boxes {
        by_top.entry(one.top).or_default().push(one);
    }
    let mut out: Vec<StatedRow> = Vec::new();
    for (i, top) in rows.iter().enumerate() {
        let bottom = rows.get(i + 1).copied().unwrap_or(lines.len().saturating_sub(1));
        let start = lines.get(top + 1).map_or(0, Line::words_at);
        let end = lines.get(bottom.saturating_sub(1)).map_or(start, Line::end);
        let mut cells = by_top.remove(top).unwrap_or_default();
        cells.sort_by_key(|b| b.left);
        let cells = cells.into_iter().map(|b| Stated {
            cell: drawing.words(text, b.top + 1..b.bottom, b.left + 1..b.right),
            columns: between(&columns, b.left, b.right),
            rows: between(&rows, b.top, b.bottom),
            head: false,
        });
        let cells: Vec<Stated> = cells.collect();
        let filled = cells.iter().map(|c| c.cell.span).filter(|s| s.start < s.end);
        let span = filled.fold(Span { start, end: end.max(start) }, |all, s| Span {
            start: all.start.min(s.start),
            end: all.end.max(s.end),
        });
        out.push(StatedRow { span, cells, head: *top < head_below });
    }
    Some(out)
}

/// A cell of a drawing by its edges.
struct Box {
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
}

/// Finds cells from corner to corner.
struct Scan<'d> {
    drawing: &'d Drawing,
    steps: usize,
}

impl Scan<'_> {
    fn boxes(&mut self) -> Option<Vec<Box>> {
        let bottom = self.drawing.cells.len().checked_sub(1)?;
        let right = self.drawing.cells.first()?.len().checked_sub(1)?;
        let mut corners = BTreeSet::from([(0, 0)]);
        let mut done: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut out = Vec::new();
        while let Some((top, left)) = corners.pop_first() {
            if top >= bottom || left >= right || !done.insert((top, left)) {
                continue;
            }
            if let Some((low, far)) = self.cell(top, left, bottom, right) {
                out.push(Box { top, left, bottom: low, right: far });
                corners.insert((top, far));
                corners.insert((low, left));
            }
            if self.steps > MOST_STEPS {
                return None;
            }
        }
        (!out.is_empty()).then_some(out)
    }

    fn is(&mut self, row: usize, column: usize, edge: char) -> Option<bool> {
        self.steps += 1;
        match self.drawing.at(row, column) {
            '+' => Some(true),
            c if c == edge => Some(false),
            _ => None,
        }
    }

    /// The lower right corner of the cell whose upper left one is given.
    fn cell(&mut self, top: usize, left: usize, bottom: usize, right: usize) -> Option<(usize, usize)> {
        if self.drawing.at(top, left) != '+' {
            return None;
        }
        for far in left + 1..=right {
            if self.is(top, far, '-')? {
                for low in top + 1..=bottom {
                    match self.is(low, far, '|') {
                        Some(true) if self.closes(top, left, low, far) => return Some((low, far)),
                        Some(_) => {}
                        None => break,
                    }
                    if self.steps > MOST_STEPS {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Do the lower and the left edge close the cell?
    fn closes(&mut self, top: usize, left: usize, low: usize, far: usize) -> bool {
        (left + 1..far).all(|c| self.is(low, c, '-').is_some())
            && self.drawing.at(low, left) == '+'
            && (top + 1..low).all(|r| self.is(r, left, '|').is_some())
    }
}

/// Is it an edge of a simple table: runs of `=` with spaces between?
pub(super) fn is_simple_edge(words: &str) -> bool {
    words.contains("= ") && words.chars().all(|c| matches!(c, '=' | ' ')) && words.starts_with("==")
}

/// The rows of a simple table, from its upper edge to its lower one.
pub(super) fn simple(text: &str, lines: &[Line<'_>], indent: usize) -> Option<Vec<StatedRow>> {
    let drawing = Drawing::of(lines, indent)?;
    let edge = drawing.cells.first()?;
    let mut columns: Vec<(usize, usize)> = Vec::new();
    for (i, c) in edge.iter().enumerate() {
        if *c == '=' && (i == 0 || edge.get(i - 1) != Some(&'=')) {
            columns.push((i, usize::MAX));
        }
    }
    for i in 0..columns.len() {
        let next = columns.get(i + 1).map(|c| c.0);
        if let (Some(column), Some(next)) = (columns.get_mut(i), next) {
            column.1 = next;
        }
    }
    let edges: Vec<usize> =
        lines.iter().enumerate().filter(|(_, l)| is_simple_edge(l.words())).map(|(i, _)| i).collect();
    let head_below = if edges.len() >= 3 { edges.get(1).copied().unwrap_or(0) } else { 0 };
    let mut out = Vec::new();
    let mut from = 1;
    let blank_first = |row: usize| {
        let (start, end) = columns.first().copied().unwrap_or((0, 0));
        (start..end.min(drawing.cells.get(row).map_or(0, Vec::len))).all(|c| drawing.at(row, c) == ' ')
    };
    for row in 1..lines.len() {
        let ends = lines
            .get(row + 1)
            .is_none_or(|next| next.is_blank() || is_rule(next.words()) || !blank_first(row + 1));
        let here = lines.get(row)?;
        if here.is_blank() || is_rule(here.words()) {
            from = row + 1;
            continue;
        }
        if !ends {
            continue;
        }
        let cells = columns
            .iter()
            .map(|(start, end)| Stated::new(drawing.words(text, from..row + 1, *start..*end), false));
        let start = lines.get(from)?.words_at();
        let span = Span { start, end: here.end().max(start) };
        out.push(StatedRow { span, cells: cells.collect(), head: from < head_below });
        from = row + 1;
    }
    Some(out)
}

fn is_rule(words: &str) -> bool {
    is_simple_edge(words) || (words.starts_with("--") && words.chars().all(|c| matches!(c, '-' | ' ')))
}
