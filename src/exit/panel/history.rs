//! The last turns: a strip of totals and rungs, or a table where there is room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::core::answer::Rung;
use crate::core::snapshot::{Snapshot, TurnView};

use super::view::View;
use super::{bar, heading, text};

/// Draws the last turns, the newest first.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    if area.height > 1 { table(buf, area, snapshot, view) } else { strip(buf, area, snapshot, view) }
}

fn rung(turn: &TurnView) -> &'static str {
    match turn.answer.as_ref().map(|a| a.rung) {
        Some(Rung::Recombined) => "recombined",
        Some(Rung::Constrained) => "constrained",
        Some(Rung::Quoted) => "quoted",
        Some(Rung::Refused) => "refused",
        None if turn.fault.is_some() => "failed",
        None => "stopped",
    }
}

fn is_late(turn: &TurnView) -> bool {
    turn.deadline_ms > 0 && turn.first_audio_ms.unwrap_or(turn.elapsed_ms) > turn.deadline_ms as f64
}

fn style(turn: &TurnView, chosen: bool, view: &View) -> Style {
    let ink = if is_late(turn) { view.theme.over() } else { view.theme.text() };
    if chosen { ink.patch(view.theme.selected()) } else { ink }
}

fn strip(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let mut spans = vec![Span::styled("BEFORE ", view.theme.heading())];
    let mut room = usize::from(area.width).saturating_sub(7);
    for (back, turn) in snapshot.history.iter().rev().enumerate() {
        let chosen = view.back == back + 1;
        let item =
            format!("{}{} {}", if chosen { "◀" } else { " " }, text::time(turn.elapsed_ms), rung(turn));
        let cells = text::width(&item) + 2;
        if cells > room {
            break;
        }
        room -= cells;
        spans.push(Span::styled(item, style(turn, chosen, view)));
        spans.push(Span::raw("  "));
    }
    text::put(buf, area, 0, &Line::from(spans));
}

fn table(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let cells = usize::from(area.width);
    let count = snapshot.history.len();
    let remark = if count > 0 { format!("{count} · ← → shows them") } else { "none yet".to_string() };
    text::put(buf, area, 0, &heading::line("EARLIER TURNS", &remark, cells, theme));
    let rows = usize::from(area.height) - 1;
    // Keeps the chosen turn in sight.
    let first = view.back.saturating_sub(rows);
    let turns = snapshot.history.iter().rev().enumerate().skip(first).take(rows);
    for (row, (back, turn)) in turns.enumerate() {
        let chosen = view.back == back + 1;
        let style = style(turn, chosen, view);
        let taken = turn.first_audio_ms.unwrap_or(turn.elapsed_ms);
        let share = if turn.deadline_ms > 0 { taken / turn.deadline_ms as f64 } else { 0.0 };
        let ink = if is_late(turn) { theme.over() } else { theme.spent() };
        let mut spans = vec![Span::styled(
            format!("{} {:>8} ", if chosen { "◀" } else { " " }, text::time(turn.elapsed_ms)),
            style,
        )];
        spans.extend(bar::gauge(8, share, None, ink, theme));
        spans.push(Span::styled(format!(" {:<11} ", rung(turn)), style));
        let room = cells.saturating_sub(11 + 8 + 13);
        spans.push(Span::styled(text::fit(&turn.question, room), style));
        text::put(buf, area, row as u16 + 1, &Line::from(spans));
    }
}
