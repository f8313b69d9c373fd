//! The ledger as budget bars: all stages in the order of a turn, each beside its budget.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::ledger::{Entry, Stage};
use crate::core::snapshot::{Doing, Snapshot, TurnView};

use super::theme::Theme;
use super::view::View;
use super::{bar, heading, state, text};

/// Columns of a stage's name.
const NAME: usize = 11;
/// Columns of one cell of the compact form, with the gap after it.
const CELL: usize = 27;
/// Columns between two cells.
const GAP: usize = 2;
/// Columns of the figures beside a bar in the full form.
const FIGURES: usize = 31;

/// Rows of the compact form in `cells` columns, heading included.
pub fn compact_rows(cells: usize) -> usize {
    1 + Stage::ALL.len().div_ceil(columns(cells))
}

/// Rows of the full form, headings and notes included.
pub fn full_rows(turn: &TurnView) -> usize {
    2 + Stage::ALL.len() + turn.ledger.entries.iter().filter(|e| has_note_row(e)).count()
}

fn columns(cells: usize) -> usize {
    ((cells + GAP) / CELL).max(1)
}

/// Draws the ledger: full where the area has the rows for it, else compact.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let turn = view.turn(snapshot);
    let cells = usize::from(area.width);
    let line = heading::line("LEDGER", &sums(turn), cells, view.theme);
    text::put(buf, area, 0, &line);
    if usize::from(area.height) >= full_rows(turn) && cells > NAME + FIGURES + 6 {
        full(buf, area, snapshot, view);
    } else {
        compact(buf, area, snapshot, view);
    }
}

fn sums(turn: &TurnView) -> String {
    let late = turn.ledger.entries.iter().filter(|e| bar::is_late(e)).count();
    let mut parts = Vec::new();
    if late > 0 {
        parts.push(format!("{late} over budget"));
    }
    if let Some(ms) = turn.first_audio_ms {
        parts.push(format!("first sound {}", text::time(ms)));
    }
    if turn.elapsed_ms > 0.0 {
        parts.push(format!("total {}", text::time(turn.elapsed_ms)));
    }
    parts.join(" · ")
}

fn compact(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let columns = columns(usize::from(area.width));
    let rows = Stage::ALL.len().div_ceil(columns);
    let cell = (usize::from(area.width) + GAP) / columns;
    for (i, stage) in Stage::ALL.into_iter().enumerate() {
        let (column, row) = (i / rows, i % rows);
        let place = Rect { x: area.x + (column * cell) as u16, width: (cell - GAP) as u16, ..area };
        text::put(buf, place, row as u16 + 1, &compact_cell(stage, cell - GAP, snapshot, view));
    }
}

fn compact_cell(stage: Stage, cells: usize, snapshot: &Snapshot, view: &View) -> Line<'static> {
    const VALUE: usize = 6;
    let theme = view.theme;
    let room = cells.saturating_sub(NAME + VALUE);
    let Some(entry) = view.turn(snapshot).ledger.of(stage) else {
        return absent(stage, snapshot, view);
    };
    if is_skipped(entry) {
        let note = text::fit(&entry.note, room + VALUE);
        return Line::styled(format!("{:<NAME$}{note}", stage.name()), theme.faint());
    }
    let mut spans = vec![name(stage, entry, theme)];
    spans.extend(bar::budget(room, entry, theme));
    let (value, style) = if bar::is_late(entry) {
        (format!("+{}", figure(bar::over(entry))), theme.over())
    } else {
        (figure(entry.ms + entry.wait_ms), theme.text())
    };
    spans.push(Span::styled(format!("{value:>VALUE$}"), style));
    Line::from(spans)
}

fn full(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    let room = usize::from(area.width).saturating_sub(NAME + FIGURES);
    let mut head = vec![Span::styled(format!("{:<NAME$}", "stage"), theme.faint())];
    head.push(Span::styled(format!("{:<room$}", text::fit("▒ waited █ spent", room)), theme.faint()));
    head.push(Span::styled(
        format!("{:>7}{:>7}{:>8}{:>9}", "waited", "spent", "budget", "± ms"),
        theme.faint(),
    ));
    text::put(buf, area, 1, &Line::from(head));
    let mut row = 2;
    for stage in Stage::ALL {
        let line = match turn.ledger.of(stage) {
            None => absent(stage, snapshot, view),
            Some(entry) if is_skipped(entry) => {
                let note = text::fit(&format!("skipped: {}", entry.note), room + FIGURES);
                Line::styled(format!("{:<NAME$}{note}", stage.name()), theme.faint())
            }
            Some(entry) => full_line(entry, room, theme),
        };
        text::put(buf, area, row, &line);
        row += 1;
        if let Some(entry) = turn.ledger.of(stage).filter(|e| has_note_row(e)) {
            let note = text::fit(&format!("└ {}", entry.note), room + FIGURES);
            text::put(buf, area, row, &Line::styled(format!("{:<NAME$}{note}", ""), theme.faint()));
            row += 1;
        }
    }
}

fn full_line(entry: &Entry, room: usize, theme: Theme) -> Line<'static> {
    let mut spans = vec![name(entry.stage, entry, theme)];
    spans.extend(bar::budget(room, entry, theme));
    let waited = if entry.wait_ms >= 0.5 { figure(entry.wait_ms) } else { "–".to_string() };
    spans.push(Span::styled(format!("{waited:>7}"), theme.waited()));
    spans.push(Span::styled(format!("{:>7}", figure(entry.ms)), theme.text()));
    spans.push(Span::styled(format!("{:>8}", entry.budget_ms), theme.faint()));
    let over = bar::over(entry);
    let (sign, style) = if bar::is_late(entry) { ("+", theme.over()) } else { ("−", theme.faint()) };
    spans.push(Span::styled(format!("{:>9}", format!("{sign}{}", figure(over.abs()))), style));
    Line::from(spans)
}

fn name(stage: Stage, entry: &Entry, theme: Theme) -> Span<'static> {
    let style = if bar::is_late(entry) { theme.over() } else { theme.text() };
    Span::styled(format!("{:<NAME$}", stage.name()), style)
}

/// A stage that has no line: under way, or not reached.
fn absent(stage: Stage, snapshot: &Snapshot, view: &View) -> Line<'static> {
    let theme = view.theme;
    let under_way = !view.is_back(snapshot) && under_way(snapshot) == Some(stage);
    if under_way {
        let sign = state::sign(snapshot.doing, view.tick);
        Line::styled(format!("{:<NAME$}{sign} under way", stage.name()), theme.strong())
    } else {
        Line::styled(stage.name(), theme.rule())
    }
}

/// The stage that the state speaks of, where it has no line yet.
fn under_way(snapshot: &Snapshot) -> Option<Stage> {
    let order: &[Stage] = match snapshot.doing {
        Doing::Starting | Doing::Idle | Doing::Listening => &[],
        Doing::Hearing => &[Stage::Endpoint, Stage::Transcribe],
        Doing::Finding => &[Stage::Screen, Stage::Retrieve, Stage::Rank],
        Doing::Answering => &[Stage::Prefill, Stage::Draft, Stage::Guard, Stage::Render],
        Doing::Speaking => &[Stage::Synthesise, Stage::Play],
    };
    order.iter().copied().find(|stage| snapshot.turn.ledger.of(*stage).is_none())
}

/// Milliseconds in at most six columns.
fn figure(ms: f64) -> String {
    if !ms.is_finite() {
        "–".to_string()
    } else if ms < 9.95 {
        format!("{ms:.1}")
    } else if ms < 99_999.5 {
        format!("{ms:.0}")
    } else {
        format!("{:.0}s", (ms / 1000.0).min(9999.0))
    }
}

fn is_skipped(entry: &Entry) -> bool {
    !entry.note.is_empty() && entry.ms + entry.wait_ms < 0.001
}

fn has_note_row(entry: &Entry) -> bool {
    !entry.note.is_empty() && !is_skipped(entry)
}
