//! The heading of a section: its name, a rule, and a remark at the right.

use ratatui::text::{Line, Span};

use super::text;
use super::theme::Theme;

/// A heading of exactly `cells` cells; the remark gives way where there is no room.
pub fn line(title: &str, remark: &str, cells: usize, theme: Theme) -> Line<'static> {
    let remark = text::fit(remark, cells.saturating_sub(text::width(title) + 6));
    let used = text::width(title) + 1 + if remark.is_empty() { 0 } else { text::width(&remark) + 1 };
    let mut spans = vec![
        Span::styled(format!("{title} "), theme.heading()),
        Span::styled("─".repeat(cells.saturating_sub(used)), theme.rule()),
    ];
    if !remark.is_empty() {
        spans.push(Span::styled(format!(" {remark}"), theme.faint()));
    }
    Line::from(spans)
}
