//! The line that a question is typed into, and the notice above it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::core::snapshot::Snapshot;

use super::text;
use super::view::View;

/// Draws the input line; returns where the cursor belongs while something is typed.
pub fn draw(buf: &mut Buffer, area: Rect, view: &View) -> Option<Position> {
    let theme = view.theme;
    buf.set_style(area, theme.field());
    let prompt = Span::styled(" › ", theme.citation());
    let room = usize::from(area.width).saturating_sub(prompt.width() + 2);
    if view.input.is_empty() {
        let hint = Span::styled(text::fit("type a question", room), theme.faint());
        text::put(buf, area, 0, &Line::from(vec![prompt, hint]));
        return None;
    }
    let typed = text::tail(&view.input, room);
    let column = area.x + 3 + u16::try_from(text::width(&typed)).unwrap_or(0);
    text::put(buf, area, 0, &Line::from(vec![prompt, Span::styled(typed, theme.strong())]));
    (column < area.right() && area.height > 0).then_some(Position::new(column, area.y))
}

/// Draws the notice: a device lost, a node taken over.
pub fn notice(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let notice = text::fit(&snapshot.notice, usize::from(area.width).saturating_sub(2));
    let line =
        Line::from(vec![Span::styled("! ", view.theme.near()), Span::styled(notice, view.theme.near())]);
    text::put(buf, area, 0, &line);
}
