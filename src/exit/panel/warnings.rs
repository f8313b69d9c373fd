//! The band of warnings. It is laid out before the answer and never scrolls with it; what
//! does not fit is a key away and the band says so.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use crate::core::answer::Said;
use crate::core::knowledge::passage::Signal;
use crate::core::snapshot::{Snapshot, TurnView};

use super::text;
use super::theme::Theme;
use super::view::View;

/// Columns of the plate with the signal word.
const PLATE: usize = 13;

/// The signal word of ANSI Z535.
pub fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Danger => "DANGER",
        Signal::Warning => "WARNING",
        Signal::Caution => "CAUTION",
        Signal::Notice => "NOTICE",
    }
}

/// All warnings of a turn as lines of exactly `cells` cells, in the answer's order.
pub fn lines(turn: &TurnView, theme: Theme, cells: usize) -> Vec<Line<'static>> {
    let warnings = turn.answer.iter().flat_map(|a| &a.warnings);
    warnings.flat_map(|w| one(w, theme, cells)).collect()
}

fn one(said: &Said, theme: Theme, cells: usize) -> Vec<Line<'static>> {
    let plate = theme.signal(said.signal);
    let ground = message(said.signal, theme);
    let room = cells.saturating_sub(PLATE + 2).max(1);
    let pieces = [
        Span::styled(without_word(said.words(), said.signal).to_string(), ground),
        Span::styled(format!(" [{}]", said.citation), ground),
    ];
    // The alert triangle belongs to injuries; a notice is about things.
    let sign = if said.signal == Signal::Notice { "■" } else { "▲" };
    let rows = text::wrap(&pieces, room, 0);
    rows.into_iter()
        .enumerate()
        .map(|(i, row)| {
            let head = match i {
                0 => format!("  {sign} {}", word(said.signal)),
                1 if said.lockout => "    LOCKOUT".to_string(),
                _ => String::new(),
            };
            let padding = room.saturating_sub(row.width());
            let mut spans = vec![Span::styled(format!("{head:<PLATE$}"), plate), Span::styled(" ", ground)];
            spans.extend(row.spans);
            spans.push(Span::styled(" ".repeat(padding + 1), ground));
            Line::from(spans)
        })
        .collect()
}

/// The ground under a warning's words: the safety colour, darkened so that white text on
/// it reads well.
fn message(signal: Signal, theme: Theme) -> Style {
    if theme == Theme::Plain {
        return theme.strong();
    }
    let ground = match signal {
        Signal::Danger => 52,
        Signal::Warning => 94,
        Signal::Caution => 58,
        Signal::Notice => 17,
    };
    theme.strong().bg(Color::Indexed(ground))
}

/// The text without its leading signal word: the plate shows that word already.
fn without_word(text: &str, signal: Signal) -> &str {
    let text = text.trim();
    let word = word(signal);
    match (text.get(..word.len()), text.get(word.len()..)) {
        (Some(head), Some(rest)) if head.eq_ignore_ascii_case(word) => {
            let stripped = rest.trim_start_matches([':', '!', '.', '-', '–', '—', ' ', '*']);
            if stripped.len() < rest.len() && !stripped.is_empty() { stripped } else { text }
        }
        _ => text,
    }
}

/// How many pages `count` lines make in `rows` rows. Where they do not fit, one row is
/// given to the line that says so.
pub fn pages(count: usize, rows: usize) -> usize {
    if count <= rows || rows == 0 { 1 } else { count.div_ceil(rows.saturating_sub(1).max(1)) }
}

/// Draws the band.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let turn = view.turn(snapshot);
    let lines = lines(turn, view.theme, usize::from(area.width));
    let rows = usize::from(area.height);
    let pages = pages(lines.len(), rows);
    let page = usize::from(view.warning_page) % pages;
    let shown = if pages > 1 { rows.saturating_sub(1).max(1) } else { rows };
    for (row, line) in lines.iter().skip(page * shown).take(shown).enumerate() {
        text::put(buf, area, row as u16, line);
    }
    let gravest = turn.answer.iter().flat_map(|a| &a.warnings).map(|w| w.signal).max();
    if let (true, Some(gravest)) = (pages > 1, gravest) {
        let style = view.theme.signal(gravest);
        let more = format!("  ▼ warnings, page {} of {pages}: F4 reads on", page + 1);
        let cells = usize::from(area.width);
        let line = Line::styled(format!("{:<cells$}", text::fit(&more, cells)), style);
        text::put(buf, area, area.height.saturating_sub(1), &line);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_plate_replaces_the_words_own_signal_word_only() {
        assert_eq!(without_word("DANGER: Stored energy.", Signal::Danger), "Stored energy.");
        assert_eq!(without_word("Warning! Hot oil.", Signal::Warning), "Hot oil.");
        assert_eq!(without_word("Dangerous voltage.", Signal::Danger), "Dangerous voltage.");
        assert_eq!(without_word("CAUTION: hot.", Signal::Danger), "CAUTION: hot.");
        assert_eq!(without_word("危险：高压", Signal::Danger), "危险：高压");
        assert_eq!(without_word("Danger:", Signal::Danger), "Danger:");
    }

    #[test]
    fn pages_hold_every_line() {
        assert_eq!(pages(3, 3), 1);
        assert_eq!(pages(4, 3), 2);
        assert_eq!(pages(5, 3), 3);
        assert_eq!(pages(9, 0), 1);
        assert_eq!(pages(9, 1), 9);
    }
}
