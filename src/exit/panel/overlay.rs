//! What lies over the frame: the help, or one citation in full. Neither covers the head of
//! the frame or the warnings.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use crate::core::snapshot::Snapshot;

use super::view::{Overlay, View};
use super::{answer, text};

/// Draws the overlay into the area that it may cover.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let cells = usize::from(area.width.min(100)).saturating_sub(4);
    let (title, lines) = match view.overlay {
        Overlay::None => return,
        Overlay::Help => (" help ".to_string(), help(view, cells)),
        Overlay::Citation => citation(snapshot, view, cells),
    };
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let width = area.width.min(100);
    let height = area.height.min(rows);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, buf);
    buf.set_style(place, view.theme.ground());
    let block =
        Block::bordered().border_style(view.theme.heading()).title(Span::styled(title, view.theme.strong()));
    let inside = block.inner(place);
    block.render(place, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    for (row, line) in lines.iter().take(usize::from(inside.height)).enumerate() {
        text::put(buf, inside, row as u16, line);
    }
}

fn help(view: &View, cells: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let talk = if view.hold_to_talk {
        "hold and speak, let go to end"
    } else {
        "press and speak, press again to end"
    };
    let rows = [
        ("SPACE F5 F8", talk),
        ("any letter", "type a question · ENTER asks it"),
        ("ESC", "stop speaking · close · clear · back to now"),
        ("TAB", "next source · ENTER or F3 opens it"),
        ("↑ ↓ PgUp PgDn", "scroll the answer · F4 next page of warnings"),
        ("← →", "earlier and later turns"),
        ("F2", "colours: dark, colour-blind safe, plain"),
        ("q  Ctrl-C", "quit"),
        ("▒▒███··│", "ledger: waited, spent, left, budget; behind │ late"),
        ("■■■■", "recombined: own sentences, each one sourced"),
        ("■■■□ ■■□□", "constrained: copied spans · quoted: the manual's words"),
        ("■□□□", "refused: the manuals do not say"),
    ];
    rows.into_iter()
        .map(|(key, meaning)| {
            Line::from(vec![
                Span::styled(format!("{key:<15}"), theme.strong()),
                Span::styled(text::fit(meaning, cells.saturating_sub(15)), theme.text()),
            ])
        })
        .collect()
}

fn citation(snapshot: &Snapshot, view: &View, cells: usize) -> (String, Vec<Line<'static>>) {
    let theme = view.theme;
    let citations = view.turn(snapshot).answer.iter().flat_map(|a| &a.citations);
    let Some((n, citation)) = view.selected.and_then(|i| citations.enumerate().nth(i)) else {
        return (" source ".to_string(), vec![Line::styled("this answer cites nothing", theme.faint())]);
    };
    let mut lines = text::wrap(&[Span::styled(answer::place(citation), theme.strong())], cells, 0);
    lines.push(Line::default());
    for paragraph in citation.quote.lines() {
        lines.extend(text::wrap(&[Span::styled(paragraph.to_string(), theme.text())], cells, 0));
    }
    lines.push(Line::default());
    let span = format!("bytes {} to {} of the stored text", citation.start, citation.end);
    lines.push(Line::styled(text::fit(&span, cells), theme.faint()));
    (format!(" source [{}] ", n + 1), lines)
}
