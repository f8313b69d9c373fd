//! What the node is made of and how busy it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::Snapshot;

use super::text;
use super::theme::Theme;
use super::view::View;

/// Draws the node in three rows.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    for (row, line) in lines(snapshot, view.theme, usize::from(area.width)).iter().enumerate() {
        text::put(buf, area, row as u16, line);
    }
}

/// Index, models and load, a line each.
pub fn lines(snapshot: &Snapshot, theme: Theme, cells: usize) -> [Line<'static>; 3] {
    let index = if snapshot.index.is_empty() { "nothing indexed yet" } else { &snapshot.index };
    let models =
        if snapshot.models.is_empty() { "none loaded".to_string() } else { snapshot.models.join(" · ") };
    [("INDEX", index.to_string()), ("MODELS", models), ("NODE", load(snapshot))].map(|(label, value)| {
        Line::from(vec![
            Span::styled(format!("{label:<7}"), theme.heading()),
            Span::styled(text::fit(&value, cells.saturating_sub(7)), theme.text()),
        ])
    })
}

fn load(snapshot: &Snapshot) -> String {
    let (waiting, bound) = snapshot.queue;
    let mut parts = vec![format!("queue {waiting}/{bound}")];
    if snapshot.memory_bytes > 0 {
        parts.push(format!("{:.0} MB", snapshot.memory_bytes as f64 / 1e6));
    }
    parts.extend(snapshot.leases.iter().map(|(class, threads)| format!("{class} ×{threads}")));
    parts.join(" · ")
}
