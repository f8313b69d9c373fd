//! Who gets which cells. Room is given in the order of need: state, question, input,
//! warnings in full, a few lines of answer; then the ledger and earlier turns; what is left
//! goes to the answer.

use ratatui::layout::Rect;

use crate::core::snapshot::Snapshot;

use super::view::View;
use super::{answer, ledger, question, warnings};

/// Fewer columns or rows than this cannot be used.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From here on there are two columns.
const TWO_COLUMNS: (u16, u16) = (120, 32);
/// Rows that an answer keeps beside any number of warnings, heading included.
const ANSWER_ROWS: u16 = 4;

/// The places of the widgets. A widget that has none has no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// State, microphone, deadline.
    pub header: Rect,
    /// What was asked.
    pub question: Rect,
    /// The band of warnings.
    pub warnings: Rect,
    /// Answer and sources.
    pub answer: Rect,
    /// Budget bars.
    pub ledger: Rect,
    /// Earlier turns.
    pub history: Rect,
    /// The rule between two columns.
    pub divider: Rect,
    /// The notice.
    pub notice: Rect,
    /// The typed question.
    pub input: Rect,
    /// The keys.
    pub footer: Rect,
    /// Is there room to quote every source in full?
    pub whole_quotes: bool,
}

impl Plan {
    /// What an overlay may cover: everything between warnings and input.
    pub fn below_warnings(&self) -> Rect {
        let top = self.warnings.bottom().max(self.question.bottom());
        Rect { x: self.header.x, y: top, width: self.header.width, height: self.input.y.saturating_sub(top) }
    }
}

/// Takes rows from the top or the bottom of an area.
struct Rows(Rect);

impl Rows {
    fn top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let taken = Rect { height: rows, ..self.0 };
        self.0.y += rows;
        self.0.height -= rows;
        taken
    }

    fn bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        self.0.height -= rows;
        Rect { y: self.0.bottom(), height: rows, ..self.0 }
    }
}

/// The plan for an area, or `None` where it is too small.
pub fn plan(area: Rect, snapshot: &Snapshot, view: &View) -> Option<Plan> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let two = area.width >= TWO_COLUMNS.0 && area.height >= TWO_COLUMNS.1;
    let mut rows = Rows(area);
    let mut plan = Plan { header: rows.top(if area.height >= 18 { 3 } else { 2 }), ..Plan::default() };
    if area.height >= 14 {
        plan.footer = rows.bottom(1);
    }
    plan.input = rows.bottom(1);
    if !snapshot.notice.is_empty() {
        plan.notice = rows.bottom(1);
    }
    if two {
        rows.top(1);
        rows.bottom(1);
        columns(rows.0, &mut plan, snapshot, view);
    } else {
        stack(rows, &mut plan, snapshot, view);
    }
    Some(plan)
}

fn columns(area: Rect, plan: &mut Plan, snapshot: &Snapshot, view: &View) {
    plan.whole_quotes = true;
    let left = area.width * 58 / 100;
    plan.divider = Rect { x: area.x + left + 1, width: 1, ..area };
    let mut rows = Rows(Rect { width: left, ..area });
    let asked = question::lines(snapshot, view, usize::from(left), 4).len();
    plan.question = rows.top(asked as u16);
    rows.top(1);
    let need = warning_rows(snapshot, view, left);
    plan.warnings = rows.top(need.min(rows.0.height.saturating_sub(ANSWER_ROWS * 2)));
    if need > 0 {
        rows.top(1);
    }
    plan.answer = rows.0;

    let right = Rect { x: area.x + left + 3, width: area.width - left - 3, ..area };
    let mut rows = Rows(right);
    plan.ledger = rows.top(ledger::full_rows(view.turn(snapshot)) as u16);
    rows.top(1);
    plan.history = rows.0;
}

fn stack(mut rows: Rows, plan: &mut Plan, snapshot: &Snapshot, view: &View) {
    let width = rows.0.width;
    let most = if rows.0.height >= 12 { 2 } else { 1 };
    let asked = question::lines(snapshot, view, usize::from(width), most).len();
    plan.question = rows.top(asked as u16);

    let room = rows.0.height;
    let turn = view.turn(snapshot);
    let began = !turn.ledger.entries.is_empty() || !turn.question.is_empty();
    let full = ledger::full_rows(turn) as u16;
    let compact = ledger::compact_rows(usize::from(width)) as u16;
    let strip = u16::from(!snapshot.history.is_empty());
    let need = warning_rows(snapshot, view, width);
    // What is given up, in this order, so that warnings and answer have their rows.
    let offers =
        [(full, strip, 12), (compact, strip, ANSWER_ROWS), (compact, 0, ANSWER_ROWS), (1, 0, ANSWER_ROWS)];
    let (ledger_rows, strip) = offers
        .into_iter()
        .find(|(ledger, strip, answer)| need + ledger + strip + answer <= room)
        .map_or((0, 0), |(ledger, strip, _)| (ledger, strip));
    plan.history = rows.bottom(strip);
    plan.ledger = rows.bottom(if began { ledger_rows } else { 0 });
    let most = rows.0.height.saturating_sub(ANSWER_ROWS).max(rows.0.height.min(3));
    plan.warnings = rows.top(need.min(most));
    // Air, where the answer can spare it.
    let flow = answer::flow(snapshot, view, usize::from(width), false).lines.len() as u16;
    let mut spare = rows.0.height.saturating_sub(flow + 1);
    if spare > 0 && rows.0.height > ANSWER_ROWS {
        if need > 0 {
            plan.warnings.y += 1;
        }
        rows.top(1);
        spare -= 1;
    }
    if spare > 0 && need > 0 && rows.0.height > ANSWER_ROWS {
        rows.top(1);
    }
    plan.answer = rows.0;
}

fn warning_rows(snapshot: &Snapshot, view: &View, width: u16) -> u16 {
    let lines = warnings::lines(view.turn(snapshot), view.theme, usize::from(width)).len();
    u16::try_from(lines).unwrap_or(u16::MAX / 2)
}

fn planned(snapshot: &Snapshot, view: &View) -> Option<Plan> {
    plan(Rect::new(0, 0, view.size.0, view.size.1), snapshot, view)
}

/// The furthest that the answer can be scrolled.
pub fn scroll_end(snapshot: &Snapshot, view: &View) -> u16 {
    let Some(plan) = planned(snapshot, view) else { return 0 };
    let lines = answer::flow(snapshot, view, usize::from(plan.answer.width), plan.whole_quotes).lines.len();
    let rows = usize::from(plan.answer.height).saturating_sub(1);
    u16::try_from(lines.saturating_sub(rows)).unwrap_or(u16::MAX)
}

/// The scroll that brings the selected citation into sight.
pub fn scroll_to_selected(snapshot: &Snapshot, view: &View) -> u16 {
    let (Some(plan), Some(selected)) = (planned(snapshot, view), view.selected) else { return view.scroll };
    let flow = answer::flow(snapshot, view, usize::from(plan.answer.width), plan.whole_quotes);
    let Some(&first) = flow.citations.get(selected) else { return view.scroll };
    let end = flow.citations.get(selected + 1).copied().unwrap_or(flow.lines.len());
    let rows = usize::from(plan.answer.height).saturating_sub(1).max(1);
    let scroll = usize::from(view.scroll).max(end.saturating_sub(rows)).min(first);
    u16::try_from(scroll).unwrap_or(u16::MAX)
}

/// Pages of the warnings as they are laid out.
pub fn warning_pages(snapshot: &Snapshot, view: &View) -> u16 {
    let Some(plan) = planned(snapshot, view) else { return 1 };
    let lines = warning_rows(snapshot, view, plan.warnings.width);
    u16::try_from(warnings::pages(usize::from(lines), usize::from(plan.warnings.height))).unwrap_or(1)
}
