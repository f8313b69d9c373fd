//! A page becomes parts in reading order: paragraphs, tables, warnings in their boxes.

use super::cells;
use super::flow::{Node, flow};
use super::grid::{Grid, grids};
use super::line::Run;
use super::page::{Area, Page, Word};
use super::para::{Para, paragraphs};
use super::table::Table;
use super::text::Vocabulary;
use crate::core::knowledge::passage::Signal;
use crate::core::knowledge::read::signal::{self, Setting};

/// What a page is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(Para),
    /// A box that starts with a signal word.
    Warning(Signal, Vec<Para>),
    Table(Table),
}

/// The parts of a page in reading order.
pub(super) fn parts(page: &Page, words: &Vocabulary) -> Vec<Part> {
    let upright: Vec<Word> = page.words.iter().filter(|w| w.turned == 0).cloned().collect();
    let mut free = upright;
    let mut made: Vec<(Area, Vec<Part>)> = Vec::new();
    for grid in grids(page) {
        let (inside, outside): (Vec<Word>, Vec<Word>) =
            free.into_iter().partition(|w| grid.area.holds(&w.area));
        match from_grid(&grid, &inside, page, words) {
            Some(parts) if !inside.is_empty() => {
                free = outside;
                made.push((grid.area, parts));
            }
            _ => {
                free = inside;
                free.extend(outside);
            }
        }
    }
    let areas: Vec<Area> = made.iter().map(|(area, _)| *area).collect();
    let mut out = Vec::new();
    let mut lines: Vec<(Run, Area)> = Vec::new();
    for node in flow(&free, &areas) {
        match node {
            Node::Line(run, column) => lines.push((run, column)),
            Node::Table(rows, columns) => {
                let table = cells::unruled(&rows, &columns, &page.rules, &page.boxes, words);
                match table {
                    Some(table) => {
                        flush(&mut lines, &mut out);
                        out.push(Part::Table(table));
                    }
                    None => lines.extend(rows.into_iter().flatten().map(|run| (run.clone(), run.area))),
                }
            }
            Node::Made(nth) => {
                flush(&mut lines, &mut out);
                if let Some((_, parts)) = made.get_mut(nth) {
                    out.append(parts);
                }
            }
        }
    }
    flush(&mut lines, &mut out);
    out.extend(turned(page));
    out
}

fn flush(lines: &mut Vec<(Run, Area)>, out: &mut Vec<Part>) {
    out.extend(paragraphs(lines, false).into_iter().map(Part::Text));
    lines.clear();
}

/// A ruled table, or what stands in a box; `None` for a drawing.
fn from_grid(grid: &Grid, inside: &[Word], page: &Page, words: &Vocabulary) -> Option<Vec<Part>> {
    if !grid.is_box() {
        let (title, table) = cells::ruled(grid, inside, &page.boxes, words)?;
        let mut out = Vec::new();
        if let Some(title) = title {
            let run = Run { text: title, area: grid.area, size: 1.0, ..Run::default() };
            let size = inside.first().map_or(10.0, |w| w.size);
            let line = Run { size, bold: true, opens_bold: true, ..run };
            out.push(Part::Text(Para { lines: vec![line], column: grid.area, boxed: true }));
        }
        out.push(Part::Table(table));
        return Some(out);
    }
    // A page in a frame is no box.
    if grid.area.height() > 0.7 * page.height && grid.area.width() > 0.7 * page.width {
        return None;
    }
    let mut lines = Vec::new();
    let mut tables = Vec::new();
    for cell in grid.cells() {
        let held: Vec<Word> = inside.iter().filter(|w| cell.area.holds(&w.area)).cloned().collect();
        for node in flow(&held, &[]) {
            match node {
                Node::Line(run, _) => lines.push((run, cell.area)),
                Node::Table(rows, columns) => {
                    match cells::unruled(&rows, &columns, &page.rules, &page.boxes, words) {
                        Some(table) => tables.push(table),
                        None => lines.extend(rows.into_iter().flatten().map(|run| (run, cell.area))),
                    }
                }
                Node::Made(_) => {}
            }
        }
    }
    let paras = paragraphs(&lines, true);
    let opening = paras.first().map(|p| (p.text(words), p.opens_bold()))?;
    let signal = signal::leading(&opening.0, Setting { quoted: true, bold: opening.1 })
        .or_else(|| signal::lone(&opening.0));
    let mut out: Vec<Part> = match signal {
        Some(signal) => vec![Part::Warning(signal, paras)],
        None => paras.into_iter().map(Part::Text).collect(),
    };
    out.extend(tables.into_iter().map(Part::Table));
    Some(out)
}

/// Words that stand on their side, at the page's end: labels of drawings and axes.
fn turned(page: &Page) -> Vec<Part> {
    let mut out = Vec::new();
    for turns in 1..4u8 {
        let words: Vec<Word> = page
            .words
            .iter()
            .filter(|w| w.turned == turns)
            .map(|w| {
                let a = w.area;
                let area = match turns {
                    1 => Area { x0: a.y0, y0: -a.x1, x1: a.y1, y1: -a.x0 },
                    2 => Area { x0: -a.x1, y0: -a.y1, x1: -a.x0, y1: -a.y0 },
                    _ => Area { x0: -a.y1, y0: a.x0, x1: -a.y0, y1: a.x1 },
                };
                Word { area, turned: 0, ..w.clone() }
            })
            .collect();
        let rows = super::line::rows_of_words(&words);
        let lines: Vec<(Run, Area)> = rows.into_iter().flatten().map(|run| (run.clone(), run.area)).collect();
        out.extend(paragraphs(&lines, true).into_iter().map(Part::Text));
    }
    out
}
