//! Bars made of cells: a filled gauge, and a budget bar whose budget marks line up.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::core::ledger::Entry;

use super::theme::Theme;

/// A cell filled from the left by eighths.
const EIGHTHS: [&str; 9] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// A gauge of `cells` cells, filled to `share` (0 to 1); `mark` is a share that is marked
/// by a stroke, such as a peak.
pub fn gauge(cells: usize, share: f64, mark: Option<f64>, fill: Style, theme: Theme) -> Vec<Span<'static>> {
    let eighths = to_units(share, cells * 8);
    let marked = mark.map(|m| to_units(m, cells.saturating_sub(1)));
    (0..cells)
        .map(|cell| {
            let filled = eighths.saturating_sub(cell * 8).min(8);
            if marked == Some(cell) && filled < 8 {
                Span::styled("│", fill)
            } else if filled > 0 {
                Span::styled(EIGHTHS[filled], fill)
            } else {
                Span::styled("·", theme.rule())
            }
        })
        .collect()
}

/// What a stage took beside what it may take. The budget's mark stands at two thirds of
/// every bar, whatever the budget is, so that the marks form a line and what crosses the
/// line is late: `▒▒████····│   ` in time, `▒▒████████│███` late.
pub fn budget(cells: usize, entry: &Entry, theme: Theme) -> Vec<Span<'static>> {
    let mark = cells * 2 / 3;
    let budget = (entry.budget_ms as f64).max(f64::MIN_POSITIVE);
    let reach = |ms: f64| to_units(ms.max(0.0) / budget / cells as f64 * mark as f64, cells * 8);
    let waited = (reach(entry.wait_ms) + 4) / 8;
    let end = reach(entry.wait_ms + entry.ms);
    let late = is_late(entry);
    (0..cells)
        .map(|cell| {
            // The mark takes a cell of its own; what is late begins behind it.
            let begin = if cell > mark { cell - 1 } else { cell };
            let filled = end.saturating_sub(begin * 8).min(8);
            match cell {
                c if c == mark => Span::styled("│", if late { theme.over() } else { theme.faint() }),
                c if c > mark && late => {
                    // However little it is late, it is seen.
                    let filled = if c == mark + 1 { filled.max(4) } else { filled };
                    Span::styled(EIGHTHS[filled], theme.over())
                }
                c if c > mark => Span::raw(" "),
                c if c < waited => Span::styled("▒", theme.waited()),
                _ if late => Span::styled("█", theme.spent()),
                _ if filled > 0 => Span::styled(EIGHTHS[filled], theme.spent()),
                _ => Span::styled("·", theme.rule()),
            }
        })
        .collect()
}

/// By how many milliseconds an entry is over its budget, waits included; negative where
/// time is left.
pub fn over(entry: &Entry) -> f64 {
    entry.ms + entry.wait_ms - entry.budget_ms as f64
}

/// Is it over by what would be printed as at least one millisecond?
pub fn is_late(entry: &Entry) -> bool {
    over(entry) >= 0.5
}

/// A share of `units`; what is no number counts as nothing.
fn to_units(share: f64, units: usize) -> usize {
    if share.is_nan() { 0 } else { (share.clamp(0.0, 1.0) * units as f64).round() as usize }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::ledger::Stage;

    fn drawn(ms: f64, wait_ms: f64, budget_ms: u64) -> String {
        let entry = Entry { stage: Stage::Draft, ms, wait_ms, budget_ms, note: String::new() };
        budget(12, &entry, Theme::Dark).iter().map(|s| s.content.as_ref()).collect()
    }

    #[test]
    fn in_time_the_bar_ends_before_the_mark() {
        assert_eq!(drawn(50.0, 0.0, 100), "████····│   ");
        assert_eq!(drawn(25.0, 25.0, 100), "▒▒██····│   ");
    }

    #[test]
    fn late_the_bar_crosses_the_mark() {
        assert_eq!(drawn(125.0, 0.0, 100), "████████│██ ");
        assert_eq!(drawn(900.0, 0.0, 100), "████████│███");
    }

    #[test]
    fn a_little_late_is_seen() {
        assert_eq!(drawn(101.0, 0.0, 100), "████████│▌  ");
    }

    #[test]
    fn odd_figures_draw_something_and_never_panic() {
        for ms in [f64::NAN, f64::INFINITY, -5.0, 0.0, 1e300] {
            for budget_ms in [0, 1, u64::MAX] {
                assert_eq!(drawn(ms, 0.0, budget_ms).chars().count(), 12);
            }
        }
    }

    #[test]
    fn a_gauge_marks_the_peak_beyond_the_level() {
        let spans = gauge(10, 0.5, Some(0.9), Style::new(), Theme::Plain);
        let text: String = spans.iter().map(|s| s.content.as_ref()).collect();
        assert_eq!(text, "█████···│·");
    }
}
