//! What was asked, as far as it was heard: interim words grey, final ones bright.

use ratatui::text::{Line, Span};

use crate::core::snapshot::{Doing, Snapshot};

use super::text;
use super::view::View;

/// The question in at most `most` lines of `cells` cells.
pub fn lines(snapshot: &Snapshot, view: &View, cells: usize, most: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    let label = if view.is_back(snapshot) {
        let back = view.back.min(snapshot.history.len());
        let turns = if back == 1 { "turn" } else { "turns" };
        Span::styled(format!("◀ {back} {turns} ago  "), theme.near())
    } else {
        Span::styled("ASKED  ", theme.heading())
    };
    let listening = !view.is_back(snapshot) && snapshot.doing == Doing::Listening;
    let mut stable = Span::raw("");
    let words = match turn.question.trim() {
        "" if listening => Span::styled("…", theme.interim()),
        "" => Span::styled("nothing yet", theme.faint()),
        // The dots say "interim" where grey cannot be seen.
        words if turn.interim => {
            let (sure, rest) = words.split_at_checked(turn.stable).unwrap_or(("", words));
            stable = Span::styled(sure.to_string(), theme.text());
            Span::styled(format!("{rest} …"), theme.interim())
        }
        words => Span::styled(words.to_string(), theme.strong()),
    };
    let indent = label.width();
    let lines = text::wrap(&[label, stable, words.clone()], cells, indent);
    if lines.len() <= most {
        return lines;
    }
    // A long question: its end matters most while it is being heard, its beginning after.
    if turn.interim {
        let skip = lines.len() - most;
        return lines.into_iter().skip(skip).collect();
    }
    let mut lines: Vec<_> = lines.into_iter().take(most).collect();
    if let Some(last) = lines.last_mut() {
        let cut = text::fit(&last.to_string(), cells.saturating_sub(2));
        *last = Line::styled(format!("{} …", cut.trim_end_matches('…')), words.style);
    }
    lines
}
