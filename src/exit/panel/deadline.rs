//! The deadline as a countdown. It asks for the first sound; once that has left, it stands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::{Doing, Snapshot};

use super::view::View;
use super::{bar, text};

/// Draws the deadline in one row.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    let waiting = !view.is_back(snapshot) && matches!(snapshot.doing, Doing::Starting | Doing::Listening);
    let mut spans = vec![Span::styled("TIME ", theme.heading())];
    if waiting || turn.deadline_ms == 0 {
        spans.push(Span::styled("starts with the last word", theme.faint()));
        return text::put(buf, area, 0, &Line::from(spans));
    }
    let deadline = turn.deadline_ms as f64;
    let done = turn.first_audio_ms.or(turn.answer.is_some().then_some(turn.elapsed_ms));
    let taken = done.unwrap_or(turn.elapsed_ms);
    let left = deadline - taken;
    let style = match taken / deadline {
        share if share > 1.0 => theme.over(),
        share if share > 0.8 => theme.near(),
        _ => theme.spent(),
    };
    let value = match (done, left < 0.0) {
        (Some(_), false) => format!(" {} of {}", text::time(taken), text::time(deadline)),
        (None, false) => format!(" {} left", text::time(left)),
        (_, true) => format!(" {} late", text::time(-left)),
    };
    let value = format!("{value:>11}");
    let cells = usize::from(area.width).saturating_sub(5 + text::width(&value) + 1).min(60);
    spans.extend(bar::gauge(cells, taken / deadline, None, style, theme));
    spans.push(Span::styled(value, if left < 0.0 { theme.over() } else { theme.text() }));
    text::put(buf, area, 0, &Line::from(spans));
}
