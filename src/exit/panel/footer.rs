//! The keys that mean something now, most needed first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::{Doing, Snapshot};

use super::text;
use super::view::{Overlay, View};

/// Draws the keys; those that do not fit are left out from the end.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    for (key, meaning) in keys(snapshot, view) {
        let cells = text::width(key) + text::width(meaning) + 3;
        if cells > room {
            break;
        }
        room -= cells;
        spans.push(Span::styled(key, theme.strong()));
        spans.push(Span::styled(format!(" {meaning}  "), theme.faint()));
    }
    text::put(buf, area, 0, &Line::from(spans));
}

fn keys(snapshot: &Snapshot, view: &View) -> Vec<(&'static str, &'static str)> {
    if view.overlay != Overlay::None {
        return vec![("ESC", "close")];
    }
    if !view.input.is_empty() {
        return vec![("ENTER", "ask"), ("ESC", "clear"), ("F5", "talk")];
    }
    let busy = !matches!(snapshot.doing, Doing::Idle | Doing::Starting);
    let mut keys = vec![("SPACE", "talk")];
    if busy {
        keys.push(("ESC", "stop"));
    }
    if view.turn(snapshot).answer.as_ref().is_some_and(|a| !a.citations.is_empty()) {
        keys.push(("TAB", "source"));
    }
    keys.push(("?", "help"));
    if !snapshot.history.is_empty() {
        keys.push(("←→", "turns"));
    }
    keys.extend([("↑↓", "scroll"), ("q", "quit"), ("F2", "colours")]);
    keys
}
