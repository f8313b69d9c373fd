//! Cells become tables: which row is the header, and which cells are one.

use super::grid::{Grid, Place};
use super::line::{Run, is_han, rows_of_words};
use super::page::{Area, Word};
use super::table::{Cells, Table, into_cells, records};
use super::text::Vocabulary;

/// A row on its way: its cells' words, and whether they are set in bold.
#[derive(Debug, Clone, Default)]
struct Draft {
    cells: Vec<String>,
    bold: bool,
    shaded: bool,
}

/// A table from rows of runs in columns. `rules` are level lines, `fills` shaded parts.
pub(super) fn unruled(
    rows: &[Vec<Run>],
    columns: &[(f32, f32)],
    rules: &[Area],
    fills: &[Area],
    words: &Vocabulary,
) -> Option<Table> {
    let area = Area::around(rows.iter().flatten().map(|r| &r.area))?;
    let heights: Vec<f32> = rules
        .iter()
        .filter(|r| r.height() < 3.0 && r.shared_width(&area) > 0.4 * area.width())
        .map(|r| r.y0)
        .filter(|y| *y > area.y0 && *y < area.y1)
        .collect();
    let drafts: Vec<Draft> = records(&into_cells(rows, columns), &heights)
        .iter()
        .map(|record| draft(record, columns.len(), fills, words))
        .collect();
    let first_parted = heights.iter().any(|y| {
        rows.first().and_then(|r| Area::around(r.iter().map(|r| &r.area))).is_some_and(|a| *y > a.y1 - 2.0)
    }) && heights.len() == 1;
    let lefts = columns.iter().map(|(x, _)| *x).collect();
    finish(drafts, area, lefts, first_parted)
}

fn draft(record: &[Cells], columns: usize, fills: &[Area], words: &Vocabulary) -> Draft {
    let cell =
        |c: usize| words.join(record.iter().filter_map(|row| row.get(c)?.as_ref()).map(|r| r.text.as_str()));
    let runs: Vec<&Run> = record.iter().flatten().flatten().collect();
    let area = Area::around(runs.iter().map(|r| &r.area)).unwrap_or_default();
    Draft {
        cells: (0..columns).map(cell).collect(),
        bold: !runs.is_empty() && runs.iter().all(|r| r.bold),
        shaded: is_shaded(&area, fills),
    }
}

fn is_shaded(area: &Area, fills: &[Area]) -> bool {
    fills.iter().any(|f| f.holds(area) && f.height() < 3.5 * area.height().max(8.0))
}

/// A table from a grid and the words in it, and what stands over it as a row of its own.
pub(super) fn ruled(
    grid: &Grid,
    inside: &[Word],
    fills: &[Area],
    words: &Vocabulary,
) -> Option<(Option<String>, Table)> {
    let (rows, columns) = (grid.rows(), grid.columns());
    let mut drafts: Vec<Draft> =
        vec![Draft { cells: vec![String::new(); columns], bold: true, shaded: false }; rows];
    let places = grid.cells();
    let mut contents = fill(&places, inside);
    let mut filled = 0;
    let mut header_rows = 1;
    let mut title = None;
    for (place, content) in places.iter().zip(&mut contents) {
        let lines = rows_of_words(content);
        let text = words.join(lines.iter().flatten().map(|r| r.text.as_str()).collect::<Vec<_>>());
        filled += usize::from(!text.is_empty());
        let bold = content.iter().all(|w| w.bold);
        if place.row == 0 && place.columns == columns && columns > 1 && place.rows == 1 {
            title = Some(text);
            continue;
        }
        let top = usize::from(title.is_some());
        if place.row == top && place.columns > 1 && rows > top + 2 && place.columns < columns {
            header_rows = 2;
        }
        if place.row == top && place.rows > 1 && place.rows < rows - top {
            header_rows = header_rows.max(place.rows);
        }
        // A cell over several rows says the same of each of them; one over several columns
        // of the header names each.
        for row in place.row..place.row + place.rows {
            let Some(draft) = drafts.get_mut(row) else { continue };
            draft.bold &= bold;
            draft.shaded |=
                row == place.row && is_shaded(&Area { y1: place.area.y0 + 10.0, ..place.area }, fills);
            let reach = if row < top + header_rows { place.columns } else { 1 };
            for column in place.column..place.column + reach {
                if let Some(cell) = draft.cells.get_mut(column) {
                    cell.clone_from(&text);
                }
            }
        }
    }
    // Mostly empty: a drawing.
    if filled * 3 < places.len() || filled < 3 {
        return None;
    }
    if title.is_some() {
        drafts.remove(0);
    }
    let top = usize::from(title.is_some());
    if let Some(split) = split_rows(grid, inside, top, fills, words) {
        drafts = split;
        header_rows = 1;
    }
    if header_rows > 1 && drafts.len() > header_rows {
        merge_header(&mut drafts, header_rows);
    }
    let title = title.filter(|t| !t.is_empty());
    Some((title, finish(drafts, grid.area, grid.lefts(), false)?))
}

/// The words of each cell.
fn fill(places: &[Place], inside: &[Word]) -> Vec<Vec<Word>> {
    let mut out = vec![Vec::new(); places.len()];
    for word in inside {
        let home = places.iter().position(|p| p.area.holds(&word.area));
        if let Some(slot) = home.and_then(|i| out.get_mut(i)) {
            slot.push(word.clone());
        }
    }
    out
}

/// Names of columns from a header of several rows: "Torque" over "dry" is "Torque dry".
fn merge_header(drafts: &mut Vec<Draft>, rows: usize) {
    let upper: Vec<Draft> = drafts.drain(..rows - 1).collect();
    let Some(header) = drafts.first_mut() else { return };
    for (column, cell) in header.cells.iter_mut().enumerate() {
        let mut name = String::new();
        for part in upper.iter().filter_map(|d| d.cells.get(column)).chain([&cell.clone()]) {
            if !part.is_empty() && !name.ends_with(part.as_str()) {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(part);
            }
        }
        *cell = name;
    }
    header.bold = true;
}

/// A grid whose rows are not parted by lines: one tall row of cells holds many records.
fn split_rows(
    grid: &Grid,
    inside: &[Word],
    top: usize,
    fills: &[Area],
    words: &Vocabulary,
) -> Option<Vec<Draft>> {
    if grid.rows() > top + 2 {
        return None;
    }
    let columns = grid.borders();
    let below: Vec<Word> = inside.iter().filter(|w| w.area.y0 > grid.row_start(top) - 1.0).cloned().collect();
    let rows = into_cells(&rows_of_words(&below), &columns);
    let keyed = rows
        .iter()
        .filter(|r| r.iter().flatten().count() * 2 > columns.len() && r.first().is_some_and(Option::is_some))
        .count();
    if keyed < 4 || keyed * 3 < rows.len() {
        return None;
    }
    let lines: Vec<f32> = (grid.rows() == top + 2).then(|| grid.row_start(top + 1)).into_iter().collect();
    Some(records(&rows, &lines).iter().map(|r| draft(r, columns.len(), fills, words)).collect())
}

/// Drops what is empty and finds the header.
fn finish(mut drafts: Vec<Draft>, area: Area, mut lefts: Vec<f32>, parted: bool) -> Option<Table> {
    drafts.retain(|d| d.cells.iter().any(|c| !c.is_empty()));
    // A row of dashes is a line.
    let dashes = |d: &Draft| d.cells.iter().all(|c| c.chars().all(|c| "-=_—–".contains(c)));
    let parted = parted || drafts.get(1).is_some_and(dashes);
    drafts.retain(|d| !dashes(d));
    let columns = drafts.iter().map(|d| d.cells.len()).max()?;
    let used: Vec<bool> =
        (0..columns).map(|c| drafts.iter().any(|d| d.cells.get(c).is_some_and(|t| !t.is_empty()))).collect();
    for draft in &mut drafts {
        let mut keep = used.iter();
        draft.cells.retain(|_| keep.next().copied().unwrap_or(false));
    }
    let mut keep = used.iter();
    lefts.retain(|_| keep.next().copied().unwrap_or(false));
    if lefts.len() < 2 || drafts.is_empty() {
        return None;
    }
    let has_header = drafts.len() >= 2 && is_header(&drafts, parted);
    let mut rows = drafts.into_iter().map(|d| d.cells);
    let header = if has_header { rows.next().unwrap_or_default() } else { Vec::new() };
    Some(Table { area, header, rows: rows.collect(), lefts })
}

/// Does the first row name the columns?
fn is_header(drafts: &[Draft], parted: bool) -> bool {
    let Some((first, rest)) = drafts.split_first() else { return false };
    let filled = first.cells.iter().filter(|c| !c.is_empty()).count();
    if filled < 2 && first.cells.len() > 1 {
        return false;
    }
    if (first.bold && !rest.iter().all(|d| d.bold))
        || (first.shaded && !rest.iter().all(|d| d.shaded))
        || parted
    {
        return true;
    }
    if !first.cells.iter().all(|c| c.is_empty() || c.starts_with(char::is_alphabetic)) {
        return false;
    }
    let digits = |d: &Draft| d.cells.iter().filter(|c| c.chars().any(|c| c.is_ascii_digit())).count();
    if digits(first) > 0 {
        return false;
    }
    // Two Chinese letters say about as much as a word.
    let words_in =
        |c: &String| c.split_whitespace().count().max(c.chars().filter(|c| is_han(*c)).count() / 2);
    let words = |d: &Draft| d.cells.iter().map(words_in).sum::<usize>();
    let distinct = first
        .cells
        .iter()
        .enumerate()
        .all(|(n, c)| !c.is_empty() && !first.cells.iter().take(n).any(|b| b == c));
    let with_digits = rest.iter().filter(|d| digits(d) > 0).count();
    let short = first.cells.iter().all(|c| c.split_whitespace().count() <= 4 && c.chars().count() <= 40);
    let longer =
        rest.iter().map(words).sum::<usize>() as f32 / rest.len().max(1) as f32 > 1.3 * words(first) as f32;
    let names = first.cells.len() >= 3
        && rest.len() >= 2
        && distinct
        && !first.cells.iter().any(|c| c.ends_with(['.', '。']));
    short && (with_digits * 2 > rest.len() || longer || names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::grid::grids;
    use super::super::line::tests::words;
    use super::super::page::Page;
    use super::*;

    fn page(level: &[(f32, f32, f32)], upright: &[(f32, f32, f32)], cells: &[(&str, f32, f32)]) -> Page {
        let mut page = Page { width: 600.0, height: 800.0, ..Page::default() };
        page.rules.extend(level.iter().map(|(y, x0, x1)| Area { x0: *x0, x1: *x1, y0: *y, y1: *y }));
        page.rules.extend(upright.iter().map(|(x, y0, y1)| Area { x0: *x, x1: *x, y0: *y0, y1: *y1 }));
        page.words = cells.iter().flat_map(|(t, x, y)| words(t, *x, *y, 10.0)).collect();
        page
    }

    #[test]
    fn a_header_over_two_columns_names_both_and_a_cell_over_two_rows_is_said_of_both() {
        let page = page(
            &[(0., 50., 350.), (20., 150., 350.), (40., 50., 350.), (60., 150., 350.), (80., 50., 350.)],
            &[(50., 0., 80.), (150., 0., 80.), (250., 20., 80.), (350., 0., 80.)],
            &[
                ("Size", 60., 14.),
                ("Torque", 220., 4.),
                ("dry", 160., 24.),
                ("oiled", 260., 24.),
                ("M8", 60., 54.),
                ("25", 160., 44.),
                ("21", 260., 44.),
                ("27", 160., 64.),
                ("23", 260., 64.),
            ],
        );
        let (_, table) = ruled(&grids(&page)[0], &page.words, &[], &Vocabulary::default()).unwrap();
        assert_eq!(table.header, ["Size", "Torque dry", "Torque oiled"]);
        assert_eq!(table.rows, [["M8", "25", "21"], ["M8", "27", "23"]]);
    }

    #[test]
    fn a_grid_without_lines_between_its_rows_is_split_by_its_keys() {
        let mut cells = vec![("Code", 60., 4.), ("Meaning", 160., 4.)];
        for (i, c) in ["E1", "E2", "E3", "E4"].iter().enumerate() {
            cells.push((c, 60., 24. + 12. * i as f32));
            cells.push(("Oil is hot", 160., 24. + 12. * i as f32));
        }
        let page = page(
            &[(0., 50., 350.), (20., 50., 350.), (90., 50., 350.)],
            &[(50., 0., 90.), (150., 0., 90.), (350., 0., 90.)],
            &cells,
        );
        let (_, table) = ruled(&grids(&page)[0], &page.words, &[], &Vocabulary::default()).unwrap();
        assert_eq!(table.header, ["Code", "Meaning"]);
        assert_eq!(table.rows.len(), 4);
    }

    #[test]
    fn a_table_of_properties_has_no_header() {
        let page = page(
            &[(0., 50., 350.), (20., 50., 350.), (40., 50., 350.)],
            &[(50., 0., 40.), (150., 0., 40.), (350., 0., 40.)],
            &[("Voltage", 60., 4.), ("400 V", 160., 4.), ("Mass", 60., 24.), ("85 kg", 160., 24.)],
        );
        let (_, table) = ruled(&grids(&page)[0], &page.words, &[], &Vocabulary::default()).unwrap();
        assert!(table.header.is_empty());
        assert_eq!(table.rows.len(), 2);
    }
}
