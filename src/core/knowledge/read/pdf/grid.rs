//! Ruled tables and boxes: lines that meet make a grid; a grid of one cell is a box.

use super::page::{Area, Page};

/// Ends that lie this near belong together, in points.
const NEAR: f32 = 3.0;
/// Thinner than this is a line, in points.
const THIN: f32 = 3.0;
/// Grids with more cells are drawings.
const MOST_CELLS: usize = 20_000;

/// A grid of lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub area: Area,
    /// Borders of the columns, rising; at least two.
    xs: Vec<f32>,
    /// Borders of the rows, rising; at least two.
    ys: Vec<f32>,
    upright: Vec<Area>,
    level: Vec<Area>,
}

/// A cell, merged ones as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub area: Area,
    pub row: usize,
    pub column: usize,
    /// Rows and columns that it covers, at least 1.
    pub rows: usize,
    pub columns: usize,
}

impl Grid {
    pub fn rows(&self) -> usize {
        self.ys.len().saturating_sub(1)
    }

    pub fn columns(&self) -> usize {
        self.xs.len().saturating_sub(1)
    }

    /// One cell, or cells only beside or only below each other: a frame around text.
    pub fn is_box(&self) -> bool {
        self.rows() < 2 || self.columns() < 2
    }

    /// Left edge of each column.
    pub fn lefts(&self) -> Vec<f32> {
        self.xs.iter().take(self.columns()).copied().collect()
    }

    /// Both edges of each column.
    pub fn borders(&self) -> Vec<(f32, f32)> {
        self.xs.iter().copied().zip(self.xs.iter().skip(1).copied()).collect()
    }

    /// Where a row starts.
    pub fn row_start(&self, row: usize) -> f32 {
        self.ys.get(row).copied().unwrap_or(self.area.y1)
    }

    /// The cells, row by row.
    pub fn cells(&self) -> Vec<Place> {
        let (rows, columns) = (self.rows(), self.columns());
        let mut taken = vec![false; rows * columns];
        let mut out = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                if taken.get(row * columns + column).copied().unwrap_or(true) {
                    continue;
                }
                let mut wide = 1;
                while column + wide < columns
                    && !taken.get(row * columns + column + wide).copied().unwrap_or(true)
                    && !self.parted_right(row, column + wide - 1)
                {
                    wide += 1;
                }
                let mut high = 1;
                while row + high < rows
                    && (column..column + wide).all(|c| !self.parted_below(row + high - 1, c))
                    && (column..column + wide)
                        .all(|c| !taken.get((row + high) * columns + c).copied().unwrap_or(true))
                {
                    high += 1;
                }
                for r in row..row + high {
                    for c in column..column + wide {
                        if let Some(slot) = taken.get_mut(r * columns + c) {
                            *slot = true;
                        }
                    }
                }
                let at = |list: &[f32], i: usize| list.get(i).copied().unwrap_or_default();
                out.push(Place {
                    area: Area {
                        x0: at(&self.xs, column),
                        y0: at(&self.ys, row),
                        x1: at(&self.xs, column + wide),
                        y1: at(&self.ys, row + high),
                    },
                    row,
                    column,
                    rows: high,
                    columns: wide,
                });
            }
        }
        out
    }

    /// Is there a line at the right of a cell?
    fn parted_right(&self, row: usize, column: usize) -> bool {
        let (Some(x), Some(y0), Some(y1)) = (self.xs.get(column + 1), self.ys.get(row), self.ys.get(row + 1))
        else {
            return true;
        };
        let covered: f32 = self
            .upright
            .iter()
            .filter(|l| (l.x0 - x).abs() <= NEAR)
            .map(|l| (l.y1.min(*y1) - l.y0.max(*y0)).max(0.0))
            .sum();
        covered > 0.5 * (y1 - y0)
    }

    /// Is there a line below a cell?
    fn parted_below(&self, row: usize, column: usize) -> bool {
        let (Some(y), Some(x0), Some(x1)) =
            (self.ys.get(row + 1), self.xs.get(column), self.xs.get(column + 1))
        else {
            return true;
        };
        let covered: f32 = self
            .level
            .iter()
            .filter(|l| (l.y0 - y).abs() <= NEAR)
            .map(|l| (l.x1.min(*x1) - l.x0.max(*x0)).max(0.0))
            .sum();
        covered > 0.5 * (x1 - x0)
    }
}

/// The grids of a page, largest first; none lies inside another.
pub(super) fn grids(page: &Page) -> Vec<Grid> {
    let (mut level, mut upright) = lines(page);
    merge(&mut level, true);
    merge(&mut upright, false);
    let groups = connected(&level, &upright);
    let mut out: Vec<Grid> = groups
        .into_iter()
        .filter_map(|(h, v)| grid(h, v))
        .filter(|g| g.area.width() > 40.0 && g.area.height() > 8.0)
        .filter(|g| g.area.width() < 0.97 * page.width || g.area.height() < 0.9 * page.height)
        .collect();
    let size = |g: &Grid| g.area.width() * g.area.height();
    out.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let mut kept: Vec<Grid> = Vec::new();
    for grid in out {
        if !kept
            .iter()
            .any(|k| k.area.shared_width(&grid.area) > 2.0 && k.area.shared_height(&grid.area) > 2.0)
        {
            kept.push(grid);
        }
    }
    kept
}

/// The level and the upright lines of a page, those around boxes among them.
fn lines(page: &Page) -> (Vec<Area>, Vec<Area>) {
    let (mut level, mut upright) = (Vec::new(), Vec::new());
    for rule in &page.rules {
        if rule.height() <= THIN && rule.width() > rule.height() {
            level.push(*rule);
        } else if rule.width() <= THIN {
            upright.push(*rule);
        }
    }
    for b in page.boxes.iter().filter(|b| b.width() > 12.0 && b.height() > 6.0) {
        if b.width() > 0.97 * page.width && b.height() > 0.5 * page.height {
            continue;
        }
        level.push(Area { y1: b.y0, ..*b });
        level.push(Area { y0: b.y1, ..*b });
        upright.push(Area { x1: b.x0, ..*b });
        upright.push(Area { x0: b.x1, ..*b });
    }
    (level, upright)
}

/// Joins pieces of one line; tables are often drawn cell by cell.
fn merge(lines: &mut Vec<Area>, level: bool) {
    let across = |a: &Area| if level { (a.y0 + a.y1) / 2.0 } else { (a.x0 + a.x1) / 2.0 };
    let along = |a: &Area| if level { (a.x0, a.x1) } else { (a.y0, a.y1) };
    // Snap to common heights first, so that pieces of one line come one after another.
    lines.sort_by(|a, b| across(a).total_cmp(&across(b)));
    let mut snapped: Vec<(f32, f32, f32)> = Vec::with_capacity(lines.len());
    let mut height = f32::NEG_INFINITY;
    for line in lines.iter() {
        if across(line) - height > NEAR {
            height = across(line);
        }
        let (from, to) = along(line);
        snapped.push((height, from, to));
    }
    snapped.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut out: Vec<(f32, f32, f32)> = Vec::new();
    for (height, from, to) in snapped {
        match out.last_mut() {
            Some(last) if last.0 == height && from - last.2 <= NEAR => last.2 = last.2.max(to),
            _ => out.push((height, from, to)),
        }
    }
    out.retain(|(_, from, to)| to - from > 4.0);
    out.truncate(1200);
    *lines = out
        .into_iter()
        .map(|(h, from, to)| {
            if level {
                Area { x0: from, x1: to, y0: h, y1: h }
            } else {
                Area { x0: h, x1: h, y0: from, y1: to }
            }
        })
        .collect();
}

/// Groups of lines that meet.
fn connected(level: &[Area], upright: &[Area]) -> Vec<(Vec<Area>, Vec<Area>)> {
    let count = level.len() + upright.len();
    let mut parent: Vec<usize> = (0..count).collect();
    fn root(parent: &mut [usize], mut i: usize) -> usize {
        while let Some(&up) = parent.get(i) {
            if up == i {
                break;
            }
            let above = parent.get(up).copied().unwrap_or(up);
            if let Some(slot) = parent.get_mut(i) {
                *slot = above;
            }
            i = above;
        }
        i
    }
    for (i, h) in level.iter().enumerate() {
        for (j, v) in upright.iter().enumerate() {
            let meets =
                v.x0 >= h.x0 - NEAR && v.x0 <= h.x1 + NEAR && h.y0 >= v.y0 - NEAR && h.y0 <= v.y1 + NEAR;
            if meets {
                let (a, b) = (root(&mut parent, i), root(&mut parent, level.len() + j));
                if let Some(slot) = parent.get_mut(a) {
                    *slot = b;
                }
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, (Vec<Area>, Vec<Area>)> =
        std::collections::BTreeMap::new();
    for (i, h) in level.iter().enumerate() {
        groups.entry(root(&mut parent, i)).or_default().0.push(*h);
    }
    for (j, v) in upright.iter().enumerate() {
        groups.entry(root(&mut parent, level.len() + j)).or_default().1.push(*v);
    }
    groups.into_values().filter(|(h, v)| h.len() >= 2 && !v.is_empty()).collect()
}

fn grid(level: Vec<Area>, upright: Vec<Area>) -> Option<Grid> {
    let area = Area::around(level.iter().chain(&upright))?;
    // Lines without an outer frame still have cells up to where the lines end.
    let mut xs: Vec<f32> = upright.iter().map(|v| v.x0).chain([area.x0, area.x1]).collect();
    let mut ys: Vec<f32> = level.iter().map(|h| h.y0).chain([area.y0, area.y1]).collect();
    for list in [&mut xs, &mut ys] {
        list.sort_by(f32::total_cmp);
        list.dedup_by(|next, kept| *next - *kept <= 2.0 * NEAR);
    }
    if xs.len() < 2 || ys.len() < 2 || (xs.len() - 1) * (ys.len() - 1) > MOST_CELLS {
        return None;
    }
    Some(Grid { area, xs, ys, upright, level })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn level(y: f32, x0: f32, x1: f32) -> Area {
        Area { x0, x1, y0: y, y1: y + 0.5 }
    }

    fn upright(x: f32, y0: f32, y1: f32) -> Area {
        Area { x0: x, x1: x + 0.5, y0, y1 }
    }

    fn page(rules: Vec<Area>) -> Page {
        Page { width: 600.0, height: 800.0, rules, ..Page::default() }
    }

    #[test]
    fn lines_that_meet_make_cells_and_missing_ones_merge_them() {
        let mut rules: Vec<Area> = [100.0, 120.0, 140.0, 160.0].map(|y| level(y, 50.0, 350.0)).into();
        rules.extend([50.0, 150.0, 350.0].map(|x| upright(x, 100.0, 160.0)));
        // A column border that is missing in the first row.
        rules.push(upright(250.0, 120.0, 160.0));
        let grids = grids(&page(rules));
        assert_eq!(grids.len(), 1);
        assert_eq!((grids[0].rows(), grids[0].columns()), (3, 3));
        let cells = grids[0].cells();
        assert_eq!(cells.len(), 8);
        assert_eq!((cells[1].column, cells[1].columns), (1, 2));
    }

    #[test]
    fn a_line_that_stops_short_makes_a_cell_of_two_rows() {
        let rules = vec![
            level(100.0, 50.0, 250.0),
            level(120.0, 150.0, 250.0),
            level(140.0, 50.0, 250.0),
            upright(50.0, 100.0, 140.0),
            upright(150.0, 100.0, 140.0),
            upright(250.0, 100.0, 140.0),
        ];
        let cells = grids(&page(rules))[0].cells();
        assert_eq!(cells.len(), 3);
        assert_eq!(cells[0].rows, 2);
    }

    #[test]
    fn a_frame_is_a_box_and_lone_lines_are_nothing() {
        let mut framed = page(Vec::new());
        framed.boxes.push(Area { x0: 50.0, y0: 100.0, x1: 300.0, y1: 160.0 });
        assert!(grids(&framed)[0].is_box());
        assert!(grids(&page(vec![level(100.0, 50.0, 300.0), level(140.0, 50.0, 300.0)])).is_empty());
    }
}
