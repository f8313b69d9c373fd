//! The head of the frame: state plate, what to do now, microphone, deadline, and on a wide
//! screen what the node is made of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::Snapshot;

use super::{deadline, microphone, node, state, text, view::View};

/// Draws the head of the frame.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let wide = area.width >= 120;
    let plate = if area.height >= 3 && area.width >= 80 { state::LARGE } else { state::SMALL };
    let plate = Rect { width: plate.min(area.width), ..area };
    state::draw(buf, plate, snapshot, view);
    let rest = Rect { x: plate.right() + 2, width: area.width.saturating_sub(plate.width + 2), ..area };
    let gauges = if wide { Rect { width: 54.min(rest.width), ..rest } } else { rest };
    let mut row = 0;
    let mut next = || {
        row += 1;
        Rect { y: gauges.y + row - 1, height: u16::from(row <= gauges.height), ..gauges }
    };
    if gauges.height >= 3 {
        let advice = state::advice(snapshot, view.hold_to_talk);
        let line = Line::from(vec![
            Span::styled(state::word(snapshot.doing), view.theme.strong()),
            Span::styled(format!(" · {advice}"), view.theme.text()),
        ]);
        text::put(buf, next(), 0, &line);
    }
    microphone::draw(buf, next(), snapshot, view);
    deadline::draw(buf, next(), snapshot, view);
    if wide {
        let facts =
            Rect { x: gauges.right() + 3, width: area.right().saturating_sub(gauges.right() + 3), ..area };
        node::draw(buf, facts, snapshot, view);
    }
}
