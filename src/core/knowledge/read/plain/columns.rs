//! Tables in plain text: cells parted by tabs, by bars, or by two spaces and more.

use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::lines::Line;
use crate::core::knowledge::read::table::{MOST_COLUMNS, Stated, StatedRow};
use crate::core::knowledge::read::{Cell, single_spaced};

/// How the cells of a line are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Tab,
    Bar,
    Spaces,
}

/// The table that starts at the first line, and how many lines it takes; `None` where the
/// lines are running text.
pub(super) fn table(lines: &[Line<'_>]) -> Option<(Vec<StatedRow>, usize)> {
    let first = lines.first()?.words();
    let gap = if first.contains('\t') {
        Gap::Tab
    } else if first.starts_with('|') || first.matches('|').count() >= 2 {
        Gap::Bar
    } else if first.contains("  ") {
        Gap::Spaces
    } else {
        return None;
    };
    let mut rows = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    let mut taken = 0;
    for line in lines {
        if line.is_blank() {
            break;
        }
        if is_rule(line.words()) && taken > 0 {
            taken += 1;
            continue;
        }
        let cells = cells(line, gap);
        if cells.len() < 2 || cells.len() > MOST_COLUMNS {
            break;
        }
        if gap == Gap::Spaces {
            // Columns stand under each other; running text with wide gaps does not.
            let here: Vec<usize> = cells.iter().map(|c| column(line, c.0.start)).collect();
            if starts.is_empty() {
                starts = here;
            } else if !here.iter().all(|c| starts.contains(c)) {
                break;
            }
        }
        rows.push((Span { start: line.words_at(), end: line.end() }, cells));
        taken += 1;
    }
    let least = if gap == Gap::Spaces { 3 } else { 2 };
    let width = rows.iter().map(|r| r.1.len()).max()?;
    if rows.len() < least {
        return None;
    }
    let stated = rows.into_iter().map(|(span, cells)| StatedRow {
        span,
        cells: placed(cells, gap, &starts, width, span),
        head: false,
    });
    Some((stated.collect(), taken))
}

/// The cells of a line by column; a column that a line leaves out is empty.
fn placed(cells: Vec<(Span, String)>, gap: Gap, starts: &[usize], width: usize, row: Span) -> Vec<Stated> {
    let stated = |(span, text): (Span, String)| Stated::new(Cell { span, text }, false);
    if gap != Gap::Spaces || cells.len() == width || starts.len() != width {
        return cells.into_iter().map(stated).collect();
    }
    // Fewer cells than columns: each stands where its column starts.
    let mut left = cells.into_iter().peekable();
    let mut out = Vec::new();
    for start in starts {
        let here = left.peek().is_some_and(|(span, _)| span.start.saturating_sub(row.start) <= *start + 1);
        match here.then(|| left.next()).flatten() {
            Some(cell) => out.push(stated(cell)),
            None => out.push(stated((Span { start: row.end, end: row.end }, String::new()))),
        }
    }
    out.extend(left.map(stated));
    out
}

/// The column of a byte in its line, counted in characters.
fn column(line: &Line<'_>, at: usize) -> usize {
    let before = line.text.get(..at.saturating_sub(line.start)).unwrap_or_default();
    before.chars().count()
}

fn is_rule(words: &str) -> bool {
    words.len() >= 3 && words.chars().all(|c| "-=+|: \t_".contains(c)) && words.contains(['-', '=', '_'])
}

fn cells(line: &Line<'_>, gap: Gap) -> Vec<(Span, String)> {
    let text = line.words();
    let base = line.words_at();
    let mut out = Vec::new();
    let mut push = |start: usize, end: usize, keep_empty: bool| {
        let raw = text.get(start..end).unwrap_or_default();
        let lead = raw.len() - raw.trim_start().len();
        let trimmed = raw.trim();
        if !trimmed.is_empty() || keep_empty {
            let from = base + start + if trimmed.is_empty() { 0 } else { lead };
            out.push((Span { start: from, end: from + trimmed.len() }, single_spaced(trimmed)));
        }
    };
    match gap {
        Gap::Tab | Gap::Bar => {
            let mark = if gap == Gap::Tab { '\t' } else { '|' };
            let mut from = 0;
            let framed = gap == Gap::Bar && text.starts_with('|');
            for (at, _) in text.match_indices(mark) {
                if !(framed && at == 0) {
                    push(from, at, true);
                }
                from = at + 1;
            }
            push(from, text.len(), !(framed && text.ends_with('|')));
        }
        Gap::Spaces => {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find("  ")).map(|i| from + i) {
                push(from, at, false);
                let rest = text.get(at..).unwrap_or_default();
                from = at + (rest.len() - rest.trim_start_matches(' ').len());
            }
            push(from, text.len(), false);
        }
    }
    out
}
