//! What will become of those in the line: its own code, run ahead in imagined time.

use std::time::Duration;

use super::cost::Cost;
use super::line::{Entry, Line};
use super::{Item, Ticket, Work};
use crate::core::Moment;
use crate::core::engine::Class;

/// A step that is being computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay<'a> {
    pub items: &'a [Item],
    pub began: Moment,
}

/// When each of the line up to class `class` will have ended, carefully reckoned; those that
/// would be late are missing. `new` stands in the line too, and is let run past its deadline.
pub(super) fn foresee(
    line: &Line,
    cost: &Cost,
    under_way: Option<UnderWay<'_>>,
    new: Option<Entry>,
    class: Class,
    now: Moment,
) -> Vec<(Ticket, Moment)> {
    let mut ahead = Ahead { line: line.clone(), cost, now, ended: Vec::new() };
    let new_ticket = new.as_ref().map(|e| e.ticket);
    if let Some(new) = new {
        let place = ahead.line.place(&new);
        ahead.line.waiting.insert(place, new);
    }
    // Guessed work is in nobody's way.
    if class != Class::Idle {
        ahead.line.waiting.retain(Entry::is_real);
        ahead.line.running.retain(Entry::is_real);
    }
    for e in ahead.line.waiting.iter_mut().chain(&mut ahead.line.running) {
        e.expected = cost.tokens_left(e.written).min(e.write as f64);
    }
    if let Some(UnderWay { items, began }) = under_way {
        ahead.now = now.max(began.saturating_add(millis(cost.careful(rows(items, cost)))));
        ahead.apply(items, 1.0);
    }
    ahead.run(new_ticket);
    ahead.ended
}

struct Ahead<'a> {
    line: Line,
    cost: &'a Cost,
    now: Moment,
    ended: Vec<(Ticket, Moment)>,
}

impl Ahead<'_> {
    fn run(&mut self, new: Option<Ticket>) {
        let mut items = Vec::new();
        loop {
            let now = self.now;
            let in_time = |e: &Entry| now < e.deadline || Some(e.ticket) == new;
            self.line.waiting.retain(in_time);
            self.line.running.retain(in_time);
            while let Some(place) = self.line.next_to_start(now) {
                if self.line.start(place, |_| ()).is_none() {
                    break;
                }
                self.drop_empty();
            }
            self.line.compose(self.cost, &mut items);
            if items.is_empty() {
                match self.line.opens() {
                    Some(opens) if opens > self.now => self.now = opens,
                    _ => return,
                }
                continue;
            }
            let steps = self.alike(&items);
            let spent = millis(self.cost.careful(rows(&items, self.cost)) * steps);
            self.now = self.now.saturating_add(spent);
            self.apply(&items, steps);
        }
    }

    /// How many steps like this one follow each other: where all write, none of them changes
    /// anything until the first has ended.
    fn alike(&self, items: &[Item]) -> f64 {
        let writing = items.iter().all(|i| matches!(i.work, Work::Write { .. }));
        if !writing {
            return 1.0;
        }
        let least = self.line.running.iter().filter(|e| e.read == 0).map(|e| e.expected);
        (least.fold(f64::MAX, f64::min) / self.cost.writer_tokens()).ceil().max(1.0)
    }

    fn apply(&mut self, items: &[Item], steps: f64) {
        for item in items {
            let Some(e) = self.line.running.iter_mut().find(|e| e.ticket == item.ticket) else { continue };
            match item.work {
                Work::Read { tokens } => {
                    e.read = e.read.saturating_sub(tokens);
                    if e.read == 0 {
                        // The last of the prompt gives the first token.
                        e.expected -= 1.0;
                    }
                }
                Work::Write { .. } => e.expected -= steps * self.cost.writer_tokens(),
            }
        }
        self.drop_empty();
    }

    /// Those with nothing left to do have ended.
    fn drop_empty(&mut self) {
        let (now, ended) = (self.now, &mut self.ended);
        self.line.running.retain(|e| {
            let done = e.read == 0 && e.expected <= 1e-6;
            if done {
                ended.push((e.ticket, now));
            }
            !done
        });
    }
}

/// Rows that these usually come to.
fn rows(items: &[Item], cost: &Cost) -> f64 {
    items
        .iter()
        .map(|item| match item.work {
            Work::Read { tokens } => tokens as f64,
            Work::Write { .. } => cost.writer_rows(),
        })
        .sum()
}

pub(super) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::from_secs(86_400))
}
