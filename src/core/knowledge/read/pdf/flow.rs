//! A page in reading order: full-width parts from above, text columns one after the other.
//!
//! A gutter is a height of the page that no row crosses with text on both of its sides.
//! What stands beside it in short cells is a table and stays together.

use super::line::{Run, rows_of_words};
use super::page::{Area, Word};
use super::table;

/// What a page is made of, in reading order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A line of running text, and the column that it stands in.
    Line(Run, Area),
    /// A table without lines.
    Table(Vec<Vec<Run>>, Vec<(f32, f32)>),
    /// The nth block that is already made up (a ruled table, a box).
    Made(usize),
}

/// Something that is ordered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Run(Run),
    Made(usize, Area),
}

impl Item {
    fn area(&self) -> Area {
        match self {
            Item::Run(run) => run.area,
            Item::Made(_, area) => *area,
        }
    }
}

/// Columns within columns end somewhere.
const DEEPEST: usize = 6;
/// A gutter is at least so wide, in points.
const GUTTER: f32 = 7.0;

/// The reading order of upright words and of blocks that are already made up.
pub(super) fn flow(words: &[Word], made: &[Area]) -> Vec<Node> {
    let mut rows: Vec<Vec<Item>> =
        rows_of_words(words).into_iter().map(|row| row.into_iter().map(Item::Run).collect()).collect();
    rows.extend(made.iter().enumerate().map(|(i, area)| vec![Item::Made(i, *area)]));
    rows.sort_by(|a, b| top(a).total_cmp(&top(b)));
    let mut out = Vec::new();
    ordered(rows, 0, &mut out);
    out
}

fn top(row: &[Item]) -> f32 {
    row.iter()
        .map(|i| match i {
            Item::Run(run) => run.area.centre().1,
            Item::Made(_, area) => area.y0,
        })
        .fold(f32::MAX, f32::min)
}

fn ordered(rows: Vec<Vec<Item>>, depth: usize, out: &mut Vec<Node>) {
    let gutter = if depth < DEEPEST { find_gutter(&rows) } else { None };
    let Some(gutter) = gutter else {
        single(rows, out);
        return;
    };
    for (split, rows) in bands(rows, gutter) {
        if !split {
            single(rows, out);
            continue;
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in rows {
            let (l, r): (Vec<Item>, Vec<Item>) = row.into_iter().partition(|i| i.area().centre().0 < gutter);
            left.extend((!l.is_empty()).then_some(l));
            right.extend((!r.is_empty()).then_some(r));
        }
        ordered(left, depth + 1, out);
        ordered(right, depth + 1, out);
    }
}

/// Does the row have something across the gutter?
fn crosses(row: &[Item], x: f32) -> bool {
    row.iter().any(|i| {
        let a = i.area();
        a.x0 < x + GUTTER / 2.0 - 0.5 && a.x1 > x - GUTTER / 2.0 + 0.5
    })
}

/// The gutter between two text columns, where the rows have one.
fn find_gutter(rows: &[Vec<Item>]) -> Option<f32> {
    let whole = Area::around(rows.iter().flatten().map(Item::area).collect::<Vec<_>>().iter())?;
    if rows.len() < 4 || whole.width() < 150.0 {
        return None;
    }
    // How many items lie over each point of the width.
    let steps = whole.width().ceil().min(20_000.0) as usize;
    let mut change = vec![0i64; steps + 2];
    for area in rows.iter().flatten().map(Item::area) {
        let at = |x: f32| ((x - whole.x0).max(0.0) as usize).min(steps);
        let (from, to) = (at(area.x0 - GUTTER / 2.0 + 0.5), at(area.x1 + GUTTER / 2.0 - 0.5));
        if let Some(slot) = change.get_mut(from) {
            *slot += 1;
        }
        if let Some(slot) = change.get_mut(to + 1) {
            *slot -= 1;
        }
    }
    let mut over = 0;
    let covered: Vec<i64> = change
        .iter()
        .map(|d| {
            over += d;
            over
        })
        .collect();
    // The middles of the stretches with the least above them, away from the edges.
    let (low, high) = (steps * 15 / 100, steps * 85 / 100);
    let mut candidates: Vec<(i64, usize, f32)> = Vec::new();
    let mut at = low;
    while at < high {
        let here = covered.get(at).copied().unwrap_or_default();
        let mut end = at;
        while end < high && covered.get(end).copied() == Some(here) {
            end += 1;
        }
        let end = end.max(at + 1);
        candidates.push((here, usize::MAX - (end - at), whole.x0 + (at + end) as f32 / 2.0));
        at = end;
    }
    candidates.sort_by_key(|c| (c.0, c.1));
    candidates.truncate(6);
    let mut best: Option<(usize, f32)> = None;
    for (_, _, x) in candidates {
        let score: usize = parted(rows, x).into_iter().filter(|(s, _)| *s).map(|(_, r)| r.len()).sum();
        if score >= 4 && best.is_none_or(|(s, _)| score > s) {
            best = Some((score, x));
        }
    }
    best.map(|(_, x)| x)
}

/// The rows in bands, each with whether it is set in two columns.
fn bands(rows: Vec<Vec<Item>>, x: f32) -> Vec<(bool, Vec<Vec<Item>>)> {
    let ranges = parted(&rows, x);
    let mut rows = rows.into_iter();
    ranges.into_iter().map(|(split, range)| (split, rows.by_ref().take(range.len()).collect())).collect()
}

/// Ranges of rows that cross a gutter or not; those that are set in columns are marked, the
/// others joined.
fn parted(rows: &[Vec<Item>], x: f32) -> Vec<(bool, std::ops::Range<usize>)> {
    let mut raw: Vec<(bool, std::ops::Range<usize>)> = Vec::new();
    // A tall block that crosses keeps what stands beside it in its band.
    let mut below = f32::MIN;
    for (at, row) in rows.iter().enumerate() {
        let crossing = crosses(row, x) || top(row) < below;
        if crosses(row, x) {
            for item in row {
                if let Item::Made(_, area) = item {
                    below = below.max(area.y1);
                }
            }
        }
        match raw.last_mut() {
            Some((kind, range)) if *kind != crossing => range.end = at + 1,
            _ => raw.push((!crossing, at..at + 1)),
        }
    }
    let mut out: Vec<(bool, std::ops::Range<usize>)> = Vec::new();
    for (free, range) in raw {
        let split = free && rows.get(range.clone()).is_some_and(|r| is_columns(r, x));
        match out.last_mut() {
            Some((false, last)) if !split => last.end = range.end,
            _ => out.push((split, range)),
        }
    }
    out
}

/// Are these rows text in two columns, rather than a table?
fn is_columns(rows: &[Vec<Item>], x: f32) -> bool {
    let mut sides: [Vec<Area>; 2] = [Vec::new(), Vec::new()];
    let mut words = [0usize; 2];
    let mut lines = [0usize; 2];
    let mut both = 0;
    let mut parts = [0usize; 2];
    for row in rows {
        let mut here = [0usize; 2];
        for item in row {
            let side = usize::from(item.area().centre().0 >= x);
            here[side] += 1;
            sides[side].push(item.area());
            match item {
                Item::Run(run) => words[side] += words_in(run),
                // A made block is as good as a column's worth of text.
                Item::Made(..) => {
                    words[side] += 20;
                    lines[side] += 2;
                }
            }
        }
        for side in 0..2 {
            lines[side] += usize::from(here[side] > 0);
            parts[side] += usize::from(here[side] > 1);
        }
        both += usize::from(here[0] > 0 && here[1] > 0);
    }
    if lines[0] < 3 || lines[1] < 3 {
        return false;
    }
    let (Some(left), Some(right)) = (Area::around(&sides[0]), Area::around(&sides[1])) else { return false };
    let whole = left.union(&right);
    if left.width() < 0.18 * whole.width() || right.width() < 0.18 * whole.width() {
        return false;
    }
    // Columns stand beside each other.
    if left.shared_height(&right) < 0.4 * left.height().min(right.height()) {
        return false;
    }
    let least = lines[0].min(lines[1]);
    let aligned = both as f32 / least as f32;
    let mean = |side: usize| words[side] as f32 / lines[side] as f32;
    let running = mean(0) >= 3.0 && mean(1) >= 3.0;
    // Rows that do not stand on one height are not of one table.
    let apart = aligned < 0.4 && mean(0) >= 1.5 && mean(1) >= 1.5;
    if !(running || apart) {
        return false;
    }
    if aligned > 0.6 && keyed(rows) {
        return false;
    }
    // In a table many rows of one side have several cells.
    aligned <= 0.6 || (parts[0] * 3 < lines[0] && parts[1] * 3 < lines[1])
}

fn words_in(run: &Run) -> usize {
    // Four Chinese letters say about as much as two words.
    run.words.max(run.text.chars().filter(|c| super::line::is_han(*c)).count() / 2)
}

/// Is there a narrow first column of keys whose rows have cells beside them?
fn keyed(rows: &[Vec<Item>]) -> bool {
    let runs: Vec<Vec<&Run>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .filter_map(|i| match i {
                    Item::Run(run) => Some(run),
                    Item::Made(..) => None,
                })
                .collect()
        })
        .collect();
    let Some(left) = runs.iter().flatten().map(|r| r.area.x0).reduce(f32::min) else { return false };
    let firsts: Vec<&Vec<&Run>> =
        runs.iter().filter(|r| r.first().is_some_and(|f| (f.area.x0 - left).abs() < 4.0)).collect();
    let short = firsts.iter().filter(|r| r.first().is_some_and(|f| words_in(f) <= 2) && r.len() >= 2).count();
    short >= 2 && short * 10 >= firsts.len() * 7
}

/// One column: tables without lines, and lines.
fn single(rows: Vec<Vec<Item>>, out: &mut Vec<Node>) {
    let Some(column) = Area::around(rows.iter().flatten().map(Item::area).collect::<Vec<_>>().iter()) else {
        return;
    };
    let mut pending: Vec<Vec<Run>> = Vec::new();
    for row in rows {
        let mut runs = Vec::new();
        let mut made = Vec::new();
        for item in row {
            match item {
                Item::Run(run) => runs.push(run),
                Item::Made(nth, _) => made.push(nth),
            }
        }
        pending.extend((!runs.is_empty()).then_some(runs));
        if !made.is_empty() {
            lines(std::mem::take(&mut pending), column, out);
            out.extend(made.into_iter().map(Node::Made));
        }
    }
    lines(pending, column, out);
}

fn lines(rows: Vec<Vec<Run>>, column: Area, out: &mut Vec<Node>) {
    let tables = table::find(&rows);
    let mut tables = tables.into_iter().peekable();
    let mut at = 0;
    while at < rows.len() {
        if let Some((range, columns)) = tables.next_if(|(range, _)| range.start == at) {
            at = range.end;
            out.push(Node::Table(rows.get(range).unwrap_or_default().to_vec(), columns));
            continue;
        }
        if let Some((first, rest)) = rows.get(at).and_then(|row| row.split_first()) {
            let mut line = first.clone();
            rest.iter().for_each(|run| line.join(run));
            out.push(Node::Line(line, column));
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::words;
    use super::*;

    fn texts(nodes: &[Node]) -> Vec<String> {
        nodes
            .iter()
            .map(|n| match n {
                Node::Line(run, _) => run.text.clone(),
                Node::Table(rows, _) => format!("table of {}", rows.len()),
                Node::Made(n) => format!("made {n}"),
            })
            .collect()
    }

    fn page(cells: &[(&str, f32, f32)]) -> Vec<String> {
        let all: Vec<Word> = cells.iter().flat_map(|(t, x, y)| words(t, *x, *y, 10.0)).collect();
        texts(&flow(&all, &[]))
    }

    const LEFT: [&str; 4] = [
        "The pump must be vented before it is",
        "started for the first time. Open the",
        "screw by one turn and wait until oil",
        "without bubbles comes out.",
    ];
    const RIGHT: [&str; 4] = [
        "Close the valve and check that the",
        "gauge shows no pressure at all before",
        "the cover is lifted. Oil that has been",
        "spilt makes the floor slippery.",
    ];

    #[test]
    fn columns_are_read_one_after_the_other_below_a_title() {
        for shift in [0.0, 5.0] {
            let mut cells = vec![("A title over the whole width of this page, and long", 50., 0.)];
            for (i, (l, r)) in LEFT.iter().zip(RIGHT).enumerate() {
                cells.push((l, 50., 30. + 12. * i as f32));
                cells.push((r, 320., 30. + shift + 12. * i as f32));
            }
            let found = page(&cells);
            let want: Vec<&str> = [cells[0].0].into_iter().chain(LEFT).chain(RIGHT).collect();
            assert_eq!(found, want);
        }
    }

    #[test]
    fn a_table_with_long_cells_is_not_torn_into_columns() {
        let found = page(&[
            ("E203", 50., 0.),
            ("Oil level is low in the main tank", 120., 0.),
            ("Fill up to the mark and look for", 330., 0.),
            ("of the power unit", 120., 12.),
            ("leaks at the return line", 330., 12.),
            ("E204", 50., 30.),
            ("The pump does not start at all or", 120., 30.),
            ("Check the fuse F3 and the contactor", 330., 30.),
            ("stops after a short time", 120., 42.),
            ("K1 in the cabinet", 330., 42.),
            ("E205", 50., 60.),
            ("The filter is clogged", 120., 60.),
            ("Replace the cartridge", 330., 60.),
        ]);
        assert_eq!(found, ["table of 5"]);
    }
}
