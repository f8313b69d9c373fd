//! The microphone: a level bar in dBFS with the peak of the last second; clipping, what was
//! wrong with the last utterance, and how many samples were lost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::Snapshot;

use super::view::View;
use super::{bar, text};

/// Where the bar begins: quieter than any room.
const FLOOR_DB: f64 = -60.0;
/// Louder than this is close to clipping.
const NEAR_DB: f32 = -6.0;

/// Draws the microphone in one row.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let microphone = &snapshot.microphone;
    let mut spans = vec![Span::styled("MIC  ", theme.heading())];
    if microphone.device.is_empty() {
        spans.push(Span::styled("no microphone: type the question", theme.near()));
        return text::put(buf, area, 0, &Line::from(spans));
    }
    let clipping = microphone.clipping;
    let style = match microphone.peak_db {
        _ if clipping => theme.over(),
        peak if peak > NEAR_DB => theme.near(),
        _ => theme.spent(),
    };
    // Always as wide, so that the bar does not jump when the value changes.
    let (value, ink) = match microphone.warning.as_str() {
        _ if clipping => ("   CLIPPING".to_string(), theme.over()),
        "" => (level(microphone.level_db), theme.text()),
        warning => (format!(" {warning:>10}"), theme.near()),
    };
    let lost = match microphone.overruns {
        0 => String::new(),
        lost => format!(" · lost {lost}"),
    };
    let cells =
        usize::from(area.width).saturating_sub(5 + text::width(&value) + text::width(&lost) + 1).min(60);
    let share = |db: f32| 1.0 - f64::from(db) / FLOOR_DB;
    spans.extend(bar::gauge(
        cells,
        share(microphone.level_db),
        Some(share(microphone.peak_db)),
        style,
        theme,
    ));
    spans.push(Span::styled(value, ink));
    spans.push(Span::styled(lost, theme.near()));
    text::put(buf, area, 0, &Line::from(spans));
}

fn level(db: f32) -> String {
    if db.is_finite() && f64::from(db) > FLOOR_DB - 40.0 {
        format!(" {:>5.0} dBFS", db.min(0.0)).replace('-', "−")
    } else {
        "    silence".to_string()
    }
}
