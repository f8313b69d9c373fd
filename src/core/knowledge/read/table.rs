//! Tables as grids: merged cells are repeated where they reach, so that no number loses its
//! column, and the header is found where the format does not name it.

use super::{Block, BlockKind, Cell, Row, single_spaced};
use crate::core::knowledge::passage::Span;

/// A wider table is cut: no page of a manual holds so many columns.
pub(crate) const MOST_COLUMNS: usize = 256;
/// More cells than this in one table are cut off, with a note.
pub(crate) const MOST_CELLS: usize = 500_000;

/// A cell as the format states it.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    /// Its words and its place.
    pub cell: Cell,
    /// Columns that it covers, at least 1.
    pub columns: usize,
    /// Rows that it covers, at least 1.
    pub rows: usize,
    /// Is it set as a header?
    pub head: bool,
}

impl Stated {
    /// A cell that covers one column and one row.
    pub(crate) fn new(cell: Cell, head: bool) -> Self {
        Stated { cell, columns: 1, rows: 1, head }
    }
}

/// A row as the format states it.
#[derive(Debug, Clone)]
pub(crate) struct StatedRow {
    /// The whole row.
    pub span: Span,
    /// Its own cells, without those that reach into it from above.
    pub cells: Vec<Stated>,
    /// Does the format name it a header row?
    pub head: bool,
}

impl Default for StatedRow {
    fn default() -> Self {
        StatedRow { span: Span { start: 0, end: 0 }, cells: Vec::new(), head: false }
    }
}

/// A table with its merged cells repeated.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    /// The header cells; empty where the table has none.
    pub header: Vec<Cell>,
    /// The body.
    pub rows: Vec<Row>,
    /// Were rows or columns left out?
    pub cut: bool,
}

/// Who says which row is the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// The format does: the rows and cells marked so.
    Stated,
    /// The format may; where it does not, the first row is looked at.
    Guessed,
    /// Nobody does, but files of this kind mostly start with one.
    Likely,
}

/// The grid of the rows as stated.
pub(crate) fn grid(stated: Vec<StatedRow>, header: Header) -> Grid {
    let mut out = Grid::default();
    let mut reach: Vec<Option<(Cell, usize)>> = Vec::new();
    let mut cells_so_far = 0;
    let mut heads: Vec<Row> = Vec::new();
    let mut says_header = false;
    for row in stated {
        if cells_so_far > MOST_CELLS {
            out.cut = true;
            break;
        }
        let all_head = !row.cells.is_empty() && row.cells.iter().all(|c| c.head);
        let is_head = (row.head || all_head) && out.rows.is_empty();
        let (cells, cut) = expand(row.cells, &mut reach);
        out.cut |= cut;
        cells_so_far += cells.len().max(1);
        if cells.iter().all(|c| c.text.is_empty()) {
            continue;
        }
        let row = Row { span: row.span, cells };
        if is_head && (row.cells.len() > 1 || heads.is_empty()) {
            says_header = true;
            heads.push(row);
        } else {
            out.rows.push(row);
        }
    }
    if !says_header && header != Header::Stated && has_header(&out.rows, header == Header::Likely) {
        heads.push(out.rows.remove(0));
    }
    if out.rows.is_empty() {
        // A table that is all header is a table of values whose maker liked bold.
        out.rows.append(&mut heads);
    }
    out.header = joined(heads);
    out
}

/// The row's cells with those that reach into it, and whether it was too wide.
fn expand(stated: Vec<Stated>, reach: &mut Vec<Option<(Cell, usize)>>) -> (Vec<Cell>, bool) {
    let alone =
        stated.len() == 1 && stated.iter().all(|c| c.columns > 1) && reach.iter().all(Option::is_none);
    let mut cells = Vec::new();
    let mut cut = false;
    for one in stated {
        inherit(&mut cells, reach);
        // A cell over the whole width is a label: once is enough.
        let columns = if alone { 1 } else { one.columns.max(1) };
        for _ in 0..columns {
            if cells.len() >= MOST_COLUMNS {
                cut = true;
                break;
            }
            if one.rows > 1 {
                if reach.len() <= cells.len() {
                    reach.resize(cells.len() + 1, None);
                }
                if let Some(slot) = reach.get_mut(cells.len()) {
                    *slot = Some((one.cell.clone(), one.rows - 1));
                }
            }
            cells.push(one.cell.clone());
        }
    }
    inherit(&mut cells, reach);
    (cells, cut)
}

/// Appends the cells that reach into the next columns from above.
fn inherit(cells: &mut Vec<Cell>, reach: &mut [Option<(Cell, usize)>]) {
    while let Some(slot) = reach.get_mut(cells.len()) {
        let Some((cell, left)) = slot.take() else { return };
        cells.push(cell.clone());
        if left > 1 {
            *slot = Some((cell, left - 1));
        }
    }
}

/// Header rows one over the other become one: "Pressure" over "min" is "Pressure min".
fn joined(heads: Vec<Row>) -> Vec<Cell> {
    let mut header: Vec<Cell> = Vec::new();
    for row in heads {
        for (column, cell) in row.cells.into_iter().enumerate() {
            match header.get_mut(column) {
                Some(above) if above.text == cell.text || cell.text.is_empty() => {}
                Some(above) if above.text.is_empty() => *above = cell,
                Some(above) => {
                    above.text = format!("{} {}", above.text, cell.text);
                    above.span = cell.span;
                }
                None => header.push(cell),
            }
        }
    }
    header
}

/// Does the first of the rows look like names of columns: short, different from each other,
/// no figures, and unlike what stands below (which `likely` need not be seen)?
fn has_header(rows: &[Row], likely: bool) -> bool {
    let [first, second, ..] = rows else { return false };
    let names: Vec<&str> = first.cells.iter().map(|c| c.text.trim()).collect();
    if names.len() < 2 || names.len() < second.cells.len() {
        return false;
    }
    let filled = names.iter().filter(|n| !n.is_empty()).count();
    let distinct =
        names.iter().enumerate().all(|(i, n)| n.is_empty() || !names.iter().take(i).any(|m| m == n));
    let plain = |n: &&str| n.chars().count() <= 60 && !is_figure(n) && !n.ends_with(['.', '。', ';']);
    if filled * 2 <= names.len() || !distinct || !names.iter().all(plain) {
        return false;
    }
    // In a column of codes or figures a name without a digit stands out, and so does a short
    // name over long texts; a name like what is below it is one more record.
    let mut stands_out = likely;
    for (column, name) in names.iter().enumerate() {
        let below: Vec<&str> = rows
            .iter()
            .skip(1)
            .take(20)
            .filter_map(|r| r.cells.get(column))
            .map(|c| c.text.as_str())
            .collect();
        let digits = below.iter().filter(|t| t.chars().any(|c| c.is_ascii_digit())).count();
        let long: usize = below.iter().map(|t| t.chars().count()).sum();
        let has_digit = name.chars().any(|c| c.is_ascii_digit());
        if has_digit && digits * 2 > below.len() && !name.contains(' ') {
            return false;
        }
        let over_figures = !name.is_empty() && !has_digit && digits * 2 > below.len();
        let over_texts = !name.is_empty() && long > 2 * name.chars().count() * below.len();
        stands_out |= over_figures || over_texts;
    }
    stands_out
}

/// How many rows at the head are titles or remarks, given how many filled cells each has:
/// those of at most one cell, over a table of more.
pub(crate) fn preamble(filled: impl Iterator<Item = usize>) -> usize {
    let filled: Vec<usize> = filled.collect();
    let above = filled.iter().take_while(|n| **n <= 1).count();
    if above == filled.len() { 0 } else { above.min(16) }
}

/// A number, with or without a unit, sign or range: "0.6", "60 %", "24 V", "-10..40".
pub(crate) fn is_figure(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    digits > 0
        && letters <= 3
        && text.trim_start().starts_with(|c: char| c.is_ascii_digit() || "+-±<>≤≥~≈.".contains(c))
}

/// The block of a table that stands at `span`; `None` where it has no rows.
pub(crate) fn block(span: Span, grid: Grid) -> Option<Block> {
    if grid.rows.is_empty() {
        return None;
    }
    let mut text = String::new();
    let rows = grid.rows.iter().flat_map(|r| r.cells.iter());
    for cell in grid.header.iter().chain(rows) {
        text.push_str(&cell.text);
        text.push(' ');
    }
    let kind = BlockKind::Table { header: grid.header, rows: grid.rows };
    Some(Block { span, text: single_spaced(&text), kind })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn stated(text: &str, columns: usize, rows: usize) -> Stated {
        let cell = Cell { span: Span { start: 0, end: 0 }, text: text.to_owned() };
        Stated { cell, columns, rows, head: false }
    }

    fn row(cells: Vec<Stated>) -> StatedRow {
        StatedRow { cells, ..StatedRow::default() }
    }

    fn texts(cells: &[Cell]) -> Vec<&str> {
        cells.iter().map(|c| c.text.as_str()).collect()
    }

    fn plain(rows: &[&[&str]]) -> Grid {
        let rows = rows.iter().map(|r| row(r.iter().map(|c| stated(c, 1, 1)).collect())).collect();
        grid(rows, Header::Guessed)
    }

    #[test]
    fn a_merged_cell_is_repeated_where_it_reaches() {
        let g = grid(
            vec![
                row(vec![stated("Model", 1, 2), stated("Pressure", 2, 1)]),
                row(vec![stated("min", 1, 1), stated("max", 1, 1)]),
                row(vec![stated("A", 1, 1), stated("5", 2, 1)]),
            ],
            Header::Stated,
        );
        assert_eq!(texts(&g.rows[0].cells), ["Model", "Pressure", "Pressure"]);
        assert_eq!(texts(&g.rows[1].cells), ["Model", "min", "max"]);
        assert_eq!(texts(&g.rows[2].cells), ["A", "5", "5"]);
    }

    #[test]
    fn header_rows_are_joined_by_column() {
        let mut top = row(vec![stated("Model", 1, 2), stated("Pressure", 2, 1)]);
        top.head = true;
        let mut low = row(vec![stated("min", 1, 1), stated("max", 1, 1)]);
        low.head = true;
        let body = row(vec![stated("A", 1, 1), stated("5", 1, 1), stated("9", 1, 1)]);
        let g = grid(vec![top, low, body], Header::Guessed);
        assert_eq!(texts(&g.header), ["Model", "Pressure min", "Pressure max"]);
        assert_eq!(g.rows.len(), 1);
    }

    #[test]
    fn a_header_is_told_from_a_first_record() {
        assert_eq!(
            texts(&plain(&[&["Code", "Meaning"], &["E1", "low"], &["E2", "hot"]]).header),
            ["Code", "Meaning"]
        );
        assert!(plain(&[&["E1", "low"], &["E2", "hot"]]).header.is_empty());
        assert!(plain(&[&["12 V", "24 V"], &["1", "2"]]).header.is_empty());
        assert!(plain(&[&["Voltage", "24 V"]]).header.is_empty());
        assert!(plain(&[&["Fluid", "oil"], &["Colour", "red"], &["Type", "mineral"]]).header.is_empty());
        let texts_below =
            plain(&[&["Symptom", "Remedy"], &["No pressure", "Check the suction line and the filter"]]);
        assert_eq!(texts(&texts_below.header), ["Symptom", "Remedy"]);
    }

    #[test]
    fn a_label_over_the_whole_width_stands_once() {
        let g = grid(
            vec![
                row(vec![stated("Faults", 3, 1)]),
                row(vec![stated("E1", 1, 1), stated("a", 1, 1), stated("b", 1, 1)]),
            ],
            Header::Guessed,
        );
        assert_eq!(texts(&g.rows[0].cells), ["Faults"]);
    }

    #[test]
    fn absurd_spans_are_bounded() {
        let wide =
            (0..200).map(|_| row(vec![stated("x", usize::MAX, usize::MAX), stated("y", 9, 9)])).collect();
        let g = grid(wide, Header::Stated);
        assert!(g.cut);
        assert!(g.rows.iter().all(|r| r.cells.len() <= MOST_COLUMNS + 1));
    }
}
