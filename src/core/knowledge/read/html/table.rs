//! Tables of data become rows; tables that only lay a page out are walked through.

use scraper::node::{Element, Node};

use super::{At, Walk, holds, is, is_hidden, words};
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::Cell;
use crate::core::knowledge::read::signal::Setting;
use crate::core::knowledge::read::table::{Header, Stated, StatedRow, grid};

impl Walk {
    pub(super) fn table(&mut self, node: At<'_>, element: &Element, depth: usize) {
        let rows = rows(node);
        let lays_out = element.attr("role") == Some("presentation")
            || holds(node, &["table", "h1", "h2"])
            || rows.iter().all(|r| r.1.len() <= 1) && rows.len() <= 1;
        if lays_out {
            if let Some(signal) = super::signal_of(element).filter(|_| !holds(node, &["table"])) {
                return self.framed(node, signal, depth);
            }
            for cell in rows.into_iter().flat_map(|r| r.1) {
                self.flow(cell, depth + 1);
                self.flush();
            }
            return;
        }
        if let Some(signal) = super::signal_of(element).filter(|_| rows.len() <= 2) {
            return self.out.warning(&words(node), signal);
        }
        if let Some(caption) = node.children().find(|n| is(n, "caption")) {
            self.out.paragraph(&words(caption), Setting::default());
        }
        let stated = rows.into_iter().map(|(head, cells)| StatedRow {
            cells: cells.into_iter().map(stated).collect(),
            head,
            ..StatedRow::default()
        });
        let grid = grid(stated.collect(), Header::Guessed);
        self.out.table(grid);
        self.pictures_in(node);
        self.flush();
    }
}

/// A cell's words and reach.
fn stated(node: At<'_>) -> Stated {
    let span = Span { start: 0, end: 0 };
    let mut out = Stated::new(Cell { span, text: words(node) }, is(&node, "th"));
    if let Node::Element(element) = node.value() {
        let count = |name: &str| element.attr(name).and_then(|v| v.trim().parse().ok()).unwrap_or(1).max(1);
        (out.columns, out.rows) = (count("colspan"), count("rowspan"));
    }
    out
}

/// The rows of a table itself, and whether each is of its head.
fn rows(table: At<'_>) -> Vec<(bool, Vec<At<'_>>)> {
    let mut out = Vec::new();
    for part in table.children() {
        let Some(name) = part.value().as_element().map(Element::name) else { continue };
        if name == "tr" {
            out.push((false, cells(part)));
        } else if matches!(name, "thead" | "tbody" | "tfoot") {
            out.extend(part.children().filter(|r| is(r, "tr")).map(|row| (name == "thead", cells(row))));
        }
    }
    out.retain(|(_, cells)| !cells.is_empty());
    out
}

fn cells(row: At<'_>) -> Vec<At<'_>> {
    let shown =
        |n: &At<'_>| n.value().as_element().is_some_and(|e| matches!(e.name(), "td" | "th") && !is_hidden(e));
    row.children().filter(shown).collect()
}
