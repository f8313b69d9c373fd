//! What the node is made of and how busy it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::Snapshot;

use super::text;
use super::view::View;

/// Draws the node in three rows: index, models, load.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let mut row = |at: u16, label: &str, value: String| {
        let value = text::fit(&value, usize::from(area.width).saturating_sub(7));
        let line = Line::from(vec![
            Span::styled(format!("{label:<7}"), theme.heading()),
            Span::styled(value, theme.text()),
        ]);
        text::put(buf, area, at, &line);
    };
    let index = if snapshot.index.is_empty() { "nothing indexed yet" } else { &snapshot.index };
    row(0, "INDEX", index.to_string());
    let models = if snapshot.models.is_empty() { "none loaded".to_string() } else { snapshot.models.join(" · ") };
    row(1, "MODELS", models);
    row(2, "NODE", load(snapshot));
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
