//! What the panel remembers by itself: the typed line, where one has scrolled to, what is
//! open. Everything else comes with the snapshot.

use crate::core::snapshot::{Doing, Snapshot, TurnView};
use crate::entry::keys::Action;

use super::layout;
use super::theme::Theme;

/// The longest question that can be typed, in characters.
pub const LONGEST_QUESTION: usize = 500;

/// What the person wants the node to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A typed question.
    Ask(String),
    /// Open the microphone; flushes speech that is playing.
    PushStart,
    /// The utterance is over.
    PushEnd,
    /// Be quiet, and drop the turn that is running.
    StopSpeaking,
    /// Leave the panel.
    Quit,
}

/// What lies over the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys and signs.
    Help,
    /// The selected citation with its whole quote.
    Citation,
}

/// The panel's own state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The question that is being typed.
    pub input: String,
    /// First line of the answer that is shown.
    pub scroll: u16,
    /// Which page of the warnings is shown, where they do not fit at once.
    pub warning_page: u16,
    /// What lies over the frame.
    pub overlay: Overlay,
    /// The selected citation, from 0.
    pub selected: Option<usize>,
    /// How many turns back one has gone; 0 is the newest.
    pub back: usize,
    /// The colours.
    pub theme: Theme,
    /// Counts frames; moves what is animated.
    pub tick: u64,
    /// Does the terminal report key release, so that the key is held to talk?
    pub hold_to_talk: bool,
    /// Columns and rows of the terminal, as last reported.
    pub size: (u16, u16),
    /// The turn that was shown last; see [`View::follow`].
    newest: String,
}

impl View {
    /// A view of a terminal of `size` columns and rows.
    pub fn new(size: (u16, u16), theme: Theme, hold_to_talk: bool) -> Self {
        Self { size, theme, hold_to_talk, ..Self::default() }
    }

    /// The turn that is shown: the newest, or one of the history.
    pub fn turn<'s>(&self, snapshot: &'s Snapshot) -> &'s TurnView {
        self.back
            .checked_sub(1)
            .and_then(|back| snapshot.history.iter().rev().nth(back))
            .unwrap_or(&snapshot.turn)
    }

    /// Is an older turn shown?
    pub fn is_back(&self, snapshot: &Snapshot) -> bool {
        self.back > 0 && !snapshot.history.is_empty()
    }

    /// One frame later. A new turn brings the view back to the newest turn's beginning:
    /// nobody may take an old answer for the one to the question just asked.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        self.tick = self.tick.wrapping_add(1);
        if self.newest != snapshot.turn.turn {
            self.newest.clone_from(&snapshot.turn.turn);
            self.show(0);
        }
        self.scroll = self.scroll.min(layout::scroll_end(snapshot, self));
    }

    /// Does what the person asked for; what concerns the node is handed back.
    pub fn apply(&mut self, action: Action, snapshot: &Snapshot) -> Option<Command> {
        match action {
            Action::PushDown => return self.push(snapshot),
            Action::PushUp => return Some(Command::PushEnd),
            Action::PushToggle if snapshot.doing == Doing::Listening => return Some(Command::PushEnd),
            Action::PushToggle => return self.push(snapshot),
            Action::Submit => return self.submit(snapshot),
            Action::Cancel => return self.cancel(snapshot),
            Action::Quit => return Some(Command::Quit),
            Action::Type(c) => self.type_in(c),
            Action::Paste(text) => super::text::clean(&text).chars().for_each(|c| self.type_in(c)),
            Action::Backspace => drop(self.input.pop()),
            Action::ScrollUp(lines) => self.scroll = self.scroll.saturating_sub(lines),
            Action::ScrollDown(lines) => {
                self.scroll = self.scroll.saturating_add(lines).min(layout::scroll_end(snapshot, self));
            }
            Action::NextCitation => self.select(snapshot, 1),
            Action::PreviousCitation => self.select(snapshot, -1),
            Action::OpenCitation => self.open_citation(snapshot),
            Action::HistoryBack => self.show((self.back + 1).min(snapshot.history.len())),
            Action::HistoryForward => self.show(self.back.saturating_sub(1)),
            Action::MoreWarnings => {
                self.warning_page = (self.warning_page + 1) % layout::warning_pages(snapshot, self).max(1);
            }
            Action::Help if self.overlay == Overlay::Help => self.overlay = Overlay::None,
            Action::Help => self.overlay = Overlay::Help,
            Action::Theme => self.theme = self.theme.next(),
            Action::Resize(columns, rows) => {
                self.size = (columns, rows);
                self.warning_page = 0;
                self.scroll = self.scroll.min(layout::scroll_end(snapshot, self));
            }
        }
        None
    }

    /// Speaking brings the newest turn back and closes what lies over it.
    fn push(&mut self, snapshot: &Snapshot) -> Option<Command> {
        self.overlay = Overlay::None;
        self.show(0);
        (snapshot.doing != Doing::Starting).then_some(Command::PushStart)
    }

    fn submit(&mut self, snapshot: &Snapshot) -> Option<Command> {
        let question = self.input.trim().to_string();
        if question.is_empty() {
            self.open_citation(snapshot);
            return None;
        }
        self.input.clear();
        self.overlay = Overlay::None;
        self.show(0);
        Some(Command::Ask(question))
    }

    /// One key for "no": first it silences, then it closes, clears, goes back to the newest
    /// turn, and at last drops a turn that is still being worked on.
    fn cancel(&mut self, snapshot: &Snapshot) -> Option<Command> {
        if snapshot.doing == Doing::Speaking {
            return Some(Command::StopSpeaking);
        }
        if self.overlay != Overlay::None {
            self.overlay = Overlay::None;
        } else if !self.input.is_empty() {
            self.input.clear();
        } else if self.back > 0 {
            self.show(0);
        } else if !matches!(snapshot.doing, Doing::Idle | Doing::Starting) {
            return Some(Command::StopSpeaking);
        } else {
            self.selected = None;
        }
        None
    }

    fn type_in(&mut self, c: char) {
        if !c.is_control() && self.input.chars().count() < LONGEST_QUESTION {
            self.overlay = Overlay::None;
            self.input.push(c);
        }
    }

    /// Shows the turn `back` turns ago, from its beginning.
    fn show(&mut self, back: usize) {
        self.back = back;
        self.scroll = 0;
        self.warning_page = 0;
        self.selected = None;
        if self.overlay == Overlay::Citation {
            self.overlay = Overlay::None;
        }
    }

    fn citations(&self, snapshot: &Snapshot) -> usize {
        self.turn(snapshot).answer.as_ref().map_or(0, |a| a.citations.len())
    }

    fn select(&mut self, snapshot: &Snapshot, step: isize) {
        let count = self.citations(snapshot);
        if count == 0 {
            return;
        }
        self.selected = Some(match (self.selected, step > 0) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        });
        self.scroll = layout::scroll_to_selected(snapshot, self);
    }

    fn open_citation(&mut self, snapshot: &Snapshot) {
        if self.overlay == Overlay::Citation {
            self.overlay = Overlay::None;
        } else if self.citations(snapshot) > 0 {
            if self.selected.is_none() {
                self.select(snapshot, 1);
            }
            self.overlay = Overlay::Citation;
        }
    }
}
