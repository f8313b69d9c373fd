//! XLSX: each sheet a section, each row a record under the header row that is found.
//!
//! calamine reads the cells one by one; a dense range, which it also offers, would need
//! memory for every cell between two far corners. It unpacks without limits, so the archive
//! is checked first.

mod number;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader as _, SheetVisible, Xlsx};

use super::package::Package;
use super::rendered::Rendered;
use super::signal::Setting;
use super::table::{self, Header, MOST_CELLS, MOST_COLUMNS, Stated, StatedRow};
use super::{Cell, Document, Reader, office, single_spaced, unreadable};
use crate::core::Result;
use crate::core::knowledge::passage::Span;

/// A merged region may be repeated over this many cells.
const MOST_REPEATED: usize = 100_000;
/// A cell's text is kept up to this many bytes.
const LONGEST_CELL: usize = 64 << 10;

/// Reads XLSX.
pub struct Workbook;

impl Reader for Workbook {
    fn format(&self) -> &'static str {
        "XLSX"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let mut package = Package::open(bytes, name)?;
        package.check_all()?;
        let meta = office::properties(&mut package)?;
        let mut out = Rendered::default();
        // calamine's arithmetic on cell references can panic on a hostile file (found by
        // fuzzing): that is a damaged file like any other. What it had rendered is dropped.
        let read = catch_unwind(AssertUnwindSafe(|| sheets(bytes, &mut out)));
        let damaged =
            || unreadable(format!("{name}: not a workbook, or damaged"), "open and save it again as XLSX");
        match read {
            Ok(Ok(())) => {}
            Ok(Err(e)) => return Err(damaged().because(e)),
            Err(_) => return Err(damaged()),
        }
        if out.is_empty() {
            return Err(unreadable(
                format!("{name}: no sheet holds text"),
                "check that it is the right file",
            ));
        }
        Ok(Document { meta, ..out.finish() })
    }
}

/// Renders all sheets that a person would see.
fn sheets(bytes: &[u8], out: &mut Rendered) -> std::result::Result<(), calamine::XlsxError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let sheets: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().map(|s| (s.name.clone(), s.visible)).collect();
    let only_one = sheets.len() == 1;
    let mut left = MOST_CELLS;
    for (sheet, visible) in sheets {
        if visible != SheetVisible::Visible {
            out.note(&format!("the hidden sheet \"{sheet}\" was left out"));
            continue;
        }
        let mut grid = match cells(&mut book, &sheet, &mut left, out) {
            Ok(grid) => grid,
            // A sheet of charts has no cells.
            Err(calamine::XlsxError::WorksheetNotFound(_)) => continue,
            Err(_) => {
                out.note(&format!("the sheet \"{sheet}\" could not be read"));
                continue;
            }
        };
        if grid.is_empty() {
            continue;
        }
        if let Ok(regions) = book.merge_cells_by_sheet_name(&sheet) {
            repeat(&mut grid, &regions);
        }
        if !(only_one && is_default_name(&sheet)) {
            out.heading(1, &sheet);
        }
        render(grid, out);
    }
    Ok(())
}

/// Filled cells by row and column.
type Grid = BTreeMap<u32, BTreeMap<u32, String>>;

/// The filled cells of a sheet.
fn cells(
    book: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    left: &mut usize,
    out: &mut Rendered,
) -> std::result::Result<Grid, calamine::XlsxError> {
    let mut grid = Grid::new();
    let mut reader = book.worksheet_cells_reader(sheet)?;
    let formats: Vec<String> = reader
        .styles()
        .iter()
        .map(|s| s.number_format.as_ref().map(|f| f.format_code.clone()).unwrap_or_default())
        .collect();
    loop {
        let (cell, style) = match reader.next_cell_with_style_id() {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(grid),
            // What came before a broken place is kept.
            Err(e) if grid.is_empty() => return Err(e),
            Err(_) => {
                out.note(&format!("the sheet \"{sheet}\" breaks off; what stands before was read"));
                return Ok(grid);
            }
        };
        let format = formats.get(style).map_or("General", String::as_str);
        let mut text = single_spaced(&number::shown(cell.get_value(), format));
        if text.is_empty() {
            continue;
        }
        if *left == 0 {
            out.note("the workbook has too many cells; its rest was left out");
            return Ok(grid);
        }
        *left -= 1;
        if text.len() > LONGEST_CELL {
            let end = (0..=LONGEST_CELL).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text.truncate(end);
            out.note("a very long cell was cut");
        }
        let (row, column) = cell.get_position();
        grid.entry(row).or_default().insert(column, text);
    }
}

/// Repeats merged cells where they reach, among the rows that are filled. A region over a
/// whole row is a label and stands once.
fn repeat(grid: &mut Grid, regions: &[calamine::Dimensions]) {
    let columns: BTreeSet<u32> = grid.values().flat_map(|r| r.keys().copied()).collect();
    let mut left = MOST_REPEATED;
    for region in regions {
        let ((top, first), (bottom, last)) = (region.start, region.end);
        let Some(text) = grid.get(&top).and_then(|r| r.get(&first)).cloned() else { continue };
        let alone = grid.get(&top).is_some_and(|r| r.len() == 1);
        let across: Vec<u32> = match alone && top == bottom {
            true => vec![first],
            false => columns.range(first..=last.max(first)).copied().collect(),
        };
        for (_, row) in grid.range_mut(top..=bottom.max(top)) {
            for column in &across {
                if left == 0 {
                    return;
                }
                left -= 1;
                row.entry(*column).or_insert_with(|| text.clone());
            }
        }
    }
}

/// Renders a sheet: tables parted by empty rows where the next one has a header of its own.
fn render(grid: Grid, out: &mut Rendered) {
    let mut columns: BTreeSet<u32> = grid.values().flat_map(|r| r.keys().copied()).collect();
    if columns.len() > MOST_COLUMNS {
        out.note("a sheet has too many columns; those to the right were left out");
        columns = columns.into_iter().take(MOST_COLUMNS).collect();
    }
    let mut parts: Vec<Vec<Vec<String>>> = Vec::new();
    let mut before = None;
    for (row, mut cells) in grid {
        if before.is_none_or(|b: u32| row > b.saturating_add(1)) {
            parts.push(Vec::new());
        }
        before = Some(row);
        let filled: Vec<String> = columns.iter().map(|c| cells.remove(c).unwrap_or_default()).collect();
        if let Some(part) = parts.last_mut() {
            part.push(filled);
        }
    }
    let mut rows: Vec<StatedRow> = Vec::new();
    for part in parts {
        let filled = |row: &Vec<String>| row.iter().filter(|c| !c.is_empty()).count();
        let above = table::preamble(part.iter().take(64).map(filled));
        let all_single = part.iter().all(|r| filled(r) <= 1);
        let mut part = part.into_iter();
        let lead = if all_single { part.len() } else { above };
        let texts: Vec<String> = part.by_ref().take(lead).flatten().filter(|c| !c.is_empty()).collect();
        let body: Vec<StatedRow> = part.map(stated).collect();
        if !texts.is_empty() || starts_anew(&rows, &body) {
            out.table(table::grid(std::mem::take(&mut rows), Header::Likely));
        }
        texts.iter().for_each(|t| out.paragraph(t, Setting::default()));
        rows.extend(body);
    }
    out.table(table::grid(rows, Header::Likely));
}

/// Does a part after an empty row have other columns filled, or a header of its own?
fn starts_anew(rows: &[StatedRow], part: &[StatedRow]) -> bool {
    let (Some(first), Some(head)) = (rows.first(), part.first()) else { return false };
    let filled =
        |row: &StatedRow| -> Vec<bool> { row.cells.iter().map(|c| !c.cell.text.is_empty()).collect() };
    let names = |row: &StatedRow| row.cells.iter().all(|c| !c.cell.text.chars().any(|d| d.is_ascii_digit()));
    let below = part.get(1).is_some_and(|r| !names(r));
    filled(first) != filled(head) && part.len() > 1 || (names(head) && below)
}

fn stated(row: Vec<String>) -> StatedRow {
    let empty = Span { start: 0, end: 0 };
    let cells = row.into_iter().map(|text| Stated::new(Cell { span: empty, text }, false)).collect();
    StatedRow { cells, ..StatedRow::default() }
}

/// "Sheet1" says nothing.
fn is_default_name(name: &str) -> bool {
    let words = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim().to_lowercase();
    ["sheet", "tabelle", "hoja", "feuil", "工作表", "シート", "planilha", "foglio", "blad"]
        .contains(&words.as_str())
}

#[cfg(test)]
mod tests;
