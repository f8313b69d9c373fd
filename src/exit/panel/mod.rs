//! The panel: a pure function from a [`Snapshot`] and the local [`View`] to a frame.
//!
//! It knows no engine and no clock. `layout` gives each widget its cells, each widget is a
//! file: `state`, `microphone` and `deadline` in the `header`; `question`, `warnings`,
//! `answer`, `ledger`, `history`, `input`, `footer`, `overlay`. [`terminal`] owns the real terminal and gives it back; [`picture`] draws the same frame
//! as SVG.
//!
//! Warnings are laid out before the answer, never scroll, and no overlay covers them.

mod answer;
mod bar;
mod deadline;
mod footer;
mod header;
mod heading;
mod history;
mod input;
mod layout;
mod ledger;
mod microphone;
mod node;
mod overlay;
pub mod picture;
mod question;
mod state;
pub mod terminal;
mod text;
pub mod theme;
pub mod view;
mod warnings;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::core::snapshot::Snapshot;

pub use terminal::{Terminal, run_frame};
pub use theme::Theme;
pub use view::{Command, View};

/// Draws the snapshot into a terminal's frame.
pub fn draw(frame: &mut ratatui::Frame<'_>, snapshot: &Snapshot, view: &View) {
    let area = frame.area();
    if let Some(cursor) = paint(frame.buffer_mut(), area, snapshot, view) {
        frame.set_cursor_position(cursor);
    }
}

/// The frame that a terminal of this many columns and rows would show.
pub fn still(columns: u16, rows: u16, snapshot: &Snapshot, view: &View) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut buf = Buffer::empty(area);
    paint(&mut buf, area, snapshot, view);
    buf
}

/// Draws into any area of a buffer; returns where the cursor belongs, if anywhere.
fn paint(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) -> Option<Position> {
    buf.set_style(area, view.theme.ground());
    let Some(plan) = layout::plan(area, snapshot, view) else {
        too_small(buf, area, snapshot, view);
        return None;
    };
    header::draw(buf, plan.header, snapshot, view);
    let asked =
        question::lines(snapshot, view, usize::from(plan.question.width), usize::from(plan.question.height));
    for (row, line) in asked.iter().enumerate() {
        text::put(buf, plan.question, row as u16, line);
    }
    warnings::draw(buf, plan.warnings, snapshot, view);
    answer::draw(buf, plan.answer, snapshot, view, plan.whole_quotes);
    if plan.ledger.height > 0 {
        ledger::draw(buf, plan.ledger, snapshot, view);
    }
    if plan.history.height > 0 {
        history::draw(buf, plan.history, snapshot, view);
    }
    for row in 0..plan.divider.height {
        text::put(buf, plan.divider, row, &Line::styled("│", view.theme.rule()));
    }
    input::notice(buf, plan.notice, snapshot, view);
    overlay::draw(buf, plan.below_warnings(), snapshot, view);
    footer::draw(buf, plan.footer, snapshot, view);
    input::draw(buf, plan.input, view)
}

/// A terminal in which nothing fits still tells the state, and that there are warnings.
fn too_small(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let (columns, rows) = layout::SMALLEST;
    let cells = usize::from(area.width);
    let state = format!("{} {}", state::sign(snapshot.doing, view.tick), state::word(snapshot.doing));
    let mut lines = vec![Line::styled(text::fit(&state, cells), theme.plate(snapshot.doing))];
    let warnings = view.turn(snapshot).answer.iter().flat_map(|a| &a.warnings);
    if let Some(signal) = warnings.map(|w| w.signal).max() {
        lines.push(Line::styled(
            text::fit(&format!("▲ {}", warnings::word(signal)), cells),
            theme.signal(signal),
        ));
    }
    let advice = format!("terminal too small: {}×{}, needs {columns}×{rows}", area.width, area.height);
    lines.extend(text::wrap(&[ratatui::text::Span::styled(advice, theme.text())], cells, 0));
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        text::put(buf, area, row as u16, line);
    }
}
