//! Tables without lines: runs whose left or right edges stand below each other, row after
//! row; and where one record ends and the next begins when cells wrap.

use super::line::Run;
use super::page::Area;

/// A table: its header's cells and its rows' cells; all rows have as many cells as columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub area: Area,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Left edge of each column, for a table that goes on over the page.
    pub lefts: Vec<f32>,
}

/// One visual row: its runs by column.
pub(super) type Cells = Vec<Option<Run>>;

/// Columns as intervals that no run crosses.
type Columns = Vec<(f32, f32)>;

/// Finds the tables in rows of runs: ranges of rows, with their columns.
pub(super) fn find(rows: &[Vec<Run>]) -> Vec<(std::ops::Range<usize>, Columns)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        match grow(rows, at) {
            Some((end, columns)) => {
                out.push((at..end, columns));
                at = end;
            }
            None => at += 1,
        }
    }
    out
}

/// Adds a run's interval to the columns, merging what it touches.
fn add(columns: &mut Columns, run: &Run) {
    let pad = 0.3 * run.size;
    let (mut x0, mut x1) = (run.area.x0, run.area.x1);
    columns.retain(|(a, b)| {
        let touches = *a < x1 + pad && *b > x0 - pad;
        if touches {
            x0 = x0.min(*a);
            x1 = x1.max(*b);
        }
        !touches
    });
    let place = columns.partition_point(|(a, _)| *a < x0);
    columns.insert(place, (x0, x1));
}

fn column_of(columns: &Columns, run: &Run) -> Option<usize> {
    let (x, _) = run.area.centre();
    columns.iter().position(|(a, b)| x >= *a && x <= *b)
}

/// The table that starts at a row: where it ends, and its columns.
fn grow(rows: &[Vec<Run>], start: usize) -> Option<(usize, Columns)> {
    let first = rows.get(start)?;
    if first.len() < 2 {
        return None;
    }
    let mut columns = Columns::new();
    first.iter().for_each(|r| add(&mut columns, r));
    if columns.len() < 2 {
        return None;
    }
    let mut end = start + 1;
    // One past the last row that certainly belongs to it.
    let mut sure = end;
    let mut several = 1;
    while let Some(row) = rows.get(end) {
        let (Some(before), Some(here)) = (rows.get(end - 1).and_then(|r| area(r)), area(row)) else { break };
        let size = row.iter().map(|r| r.size).fold(0.0, f32::max);
        let gap = here.y0 - before.y1;
        if gap > 2.6 * size {
            break;
        }
        let mut grown = columns.clone();
        row.iter().for_each(|r| add(&mut grown, r));
        let lost = grown.len() < columns.len();
        if grown.len() < 2 || (lost && (several >= 3 || row.len() < 2)) {
            break;
        }
        if row.len() >= 2 {
            columns = grown;
            several += 1;
            end += 1;
            sure = end;
        } else {
            let alone = row.first()?;
            let column = column_of(&grown, alone);
            let fresh = grown.len() > columns.len();
            // A line in a later column goes on with a wrapped cell; one in the first column
            // belongs only where more rows follow.
            if fresh
                || gap > 1.2 * size
                || (column == Some(0) && end >= sure + 2)
                || alone.size > 1.2 * first_size(first)
            {
                break;
            }
            columns = grown;
            end += 1;
            if column != Some(0) {
                sure = end;
            }
        }
    }
    let taken = rows.get(start..sure)?;
    is_table(taken, &columns, several).then_some((sure, columns))
}

fn first_size(row: &[Run]) -> f32 {
    row.iter().map(|r| r.size).fold(0.0, f32::max)
}

fn area(row: &[Run]) -> Option<Area> {
    Area::around(row.iter().map(|r| &r.area))
}

/// Do these rows look like a table rather than like text in columns or chance?
fn is_table(rows: &[Vec<Run>], columns: &Columns, several: usize) -> bool {
    let count = columns.len();
    if count < 2 || several < 2 || (count == 2 && several < 3) {
        return false;
    }
    let mut aligned = 0;
    let mut running = 0;
    for (nth, (x0, x1)) in columns.iter().enumerate() {
        let runs: Vec<&Run> = rows.iter().flatten().filter(|r| column_of(columns, r) == Some(nth)).collect();
        if runs.is_empty() {
            continue;
        }
        if same_edges(&runs) {
            aligned += 1;
        }
        let words: usize = runs.iter().map(|r| r.words).sum();
        let letters: usize = runs.iter().map(|r| r.text.chars().count()).sum();
        let filled: f32 = runs.iter().map(|r| r.area.width() / (x1 - x0).max(1.0)).sum();
        let n = runs.len() as f32;
        let long = words as f32 / n >= 4.0 || letters as f32 / n >= 28.0;
        if long && filled / n > 0.6 && runs.len() >= 3 {
            running += 1;
        }
    }
    aligned >= 2 && running < count
}

/// Do most runs share their left edge, their right edge or their middle?
fn same_edges(runs: &[&Run]) -> bool {
    let share = |edge: fn(&Run) -> f32| {
        let mut values: Vec<f32> = runs.iter().map(|r| edge(r)).collect();
        values.sort_by(f32::total_cmp);
        let middle = values.get(values.len() / 2).copied().unwrap_or_default();
        let near = values.iter().filter(|v| (**v - middle).abs() < 4.0).count();
        near as f32 / values.len().max(1) as f32
    };
    share(|r| r.area.x0) >= 0.6 || share(|r| r.area.x1) >= 0.6 || share(|r| r.area.centre().0) >= 0.6
}

/// Puts rows of runs into columns.
pub(super) fn into_cells(rows: &[Vec<Run>], columns: &[(f32, f32)]) -> Vec<Cells> {
    let columns = columns.to_vec();
    rows.iter()
        .map(|row| {
            let mut cells: Cells = vec![None; columns.len()];
            for run in row {
                let nth = column_of(&columns, run).unwrap_or(0);
                match cells.get_mut(nth) {
                    Some(Some(cell)) => cell.join(run),
                    Some(slot) => *slot = Some(run.clone()),
                    None => {}
                }
            }
            cells
        })
        .collect()
}

/// Groups visual rows into records: a wrapped cell's next line goes on with its record.
/// `ruled` holds the heights of lines drawn between rows.
pub(super) fn records(rows: &[Cells], ruled: &[f32]) -> Vec<Vec<Cells>> {
    let gaps: Vec<f32> = rows.windows(2).map(gap).collect();
    let parted: Vec<bool> = rows
        .windows(2)
        .map(|w| match w {
            [a, b] => {
                let (a, b) = (low(a), high(b));
                ruled.iter().any(|y| *y > a - 3.0 && *y < b + 3.0)
            }
            _ => false,
        })
        .collect();
    let by_rules = parted.iter().filter(|p| **p).count() >= 2 || (rows.len() == 2 && parted.contains(&true));
    let wide = wide_gap(&gaps);
    let columns = rows.first().map_or(0, Vec::len);
    let mut out: Vec<Vec<Cells>> = Vec::new();
    for (nth, row) in rows.iter().enumerate() {
        let filled = row.iter().flatten().count();
        let fresh = match nth.checked_sub(1) {
            None => true,
            Some(before) => {
                let gap = gaps.get(before).copied().unwrap_or_default();
                let ruled = parted.get(before).copied().unwrap_or_default();
                let keyed = row.first().is_some_and(Option::is_some);
                if by_rules {
                    ruled
                } else if ruled {
                    true
                } else if let Some(wide) = wide {
                    gap > wide
                        || (keyed && filled == columns)
                        || (keyed && filled * 2 > columns && starts_new(row))
                } else {
                    keyed
                }
            }
        };
        match out.last_mut().filter(|_| !fresh) {
            Some(record) => record.push(row.clone()),
            None => out.push(vec![row.clone()]),
        }
    }
    header_first(out)
}

/// Lines before the first keyed row that have no key are the upper part of a header whose
/// cells are set at the bottom.
fn header_first(mut records: Vec<Vec<Cells>>) -> Vec<Vec<Cells>> {
    let keyed = |r: &Vec<Cells>| r.iter().any(|row| row.first().is_some_and(Option::is_some));
    if records.len() >= 2 && records.first().is_some_and(|r| !keyed(r)) {
        let upper = records.remove(0);
        if let Some(second) = records.first_mut() {
            second.splice(0..0, upper);
        }
    }
    records
}

/// Does the first cell start like an entry of its own: a capital, a digit, a sign?
fn starts_new(row: &Cells) -> bool {
    let first = row.first().and_then(Option::as_ref);
    first.is_some_and(|r| !r.text.starts_with(char::is_lowercase))
}

fn low(row: &Cells) -> f32 {
    row.iter().flatten().map(|r| r.area.y1).fold(f32::MIN, f32::max)
}

fn high(row: &Cells) -> f32 {
    row.iter().flatten().map(|r| r.area.y0).fold(f32::MAX, f32::min)
}

fn gap(pair: &[Cells]) -> f32 {
    match pair {
        [a, b] => high(b) - low(a),
        _ => 0.0,
    }
}

/// The least gap that parts records, where there are two kinds of gaps.
fn wide_gap(gaps: &[f32]) -> Option<f32> {
    let mut sorted: Vec<f32> = gaps.iter().copied().filter(|g| g.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let (least, most) = (*sorted.first()?, *sorted.last()?);
    if most - least < 2.0 {
        return None;
    }
    let middle = (least + most) / 2.0;
    let narrow = sorted.iter().filter(|g| **g < middle).count();
    // Two kinds only: nothing much in between.
    let between = sorted.iter().filter(|g| (*g - middle).abs() < 0.2 * (most - least)).count();
    (narrow >= 1 && between * 4 <= sorted.len()).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::super::line::{rows_of_words, tests::words};
    use super::*;

    fn rows(cells: &[(&str, f32, f32)]) -> Vec<Vec<Run>> {
        let all: Vec<_> = cells.iter().flat_map(|(t, x, y)| words(t, *x, *y, 10.0)).collect();
        rows_of_words(&all)
    }

    fn table(cells: &[(&str, f32, f32)]) -> Vec<Vec<String>> {
        let rows = rows(cells);
        let found = find(&rows);
        let Some((range, columns)) = found.first() else { return Vec::new() };
        let cells = into_cells(rows.get(range.clone()).unwrap_or_default(), columns);
        records(&cells, &[])
            .into_iter()
            .map(|record| {
                (0..columns.len())
                    .map(|c| {
                        let parts: Vec<&str> = record
                            .iter()
                            .filter_map(|r| r.get(c)?.as_ref())
                            .map(|r| r.text.as_str())
                            .collect();
                        parts.join(" ")
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn an_alarm_table_with_wrapped_cells_is_read_record_by_record() {
        let found = table(&[
            ("Code", 50., 0.),
            ("Meaning", 120., 0.),
            ("Action", 300., 0.),
            ("E203", 50., 14.),
            ("Oil level low in the", 120., 14.),
            ("Fill up to the mark", 300., 14.),
            ("tank", 120., 26.),
            ("E204", 50., 40.),
            ("Pump off", 120., 40.),
            ("Start it", 300., 40.),
        ]);
        assert_eq!(found[1], ["E203", "Oil level low in the tank", "Fill up to the mark"]);
        assert_eq!(found[2], ["E204", "Pump off", "Start it"]);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn two_columns_of_running_text_are_no_table() {
        let found = table(&[
            ("The pump must be vented before", 50., 0.),
            ("Close the valve and check that", 300., 0.),
            ("it is started for the first time.", 50., 12.),
            ("the gauge shows no pressure at", 300., 12.),
            ("Open the screw by one turn and", 50., 24.),
            ("all before the cover is lifted.", 300., 24.),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_small_table_of_values_is_one() {
        let found = table(&[
            ("Size", 50., 0.),
            ("Nm", 120., 0.),
            ("M8", 50., 12.),
            ("25", 120., 12.),
            ("M10", 50., 24.),
            ("49", 120., 24.),
        ]);
        assert_eq!(found.len(), 3);
    }
}
