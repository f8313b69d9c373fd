//! Keys: terminal events become actions. Nothing is decided here but which key means what,
//! and when the push-to-talk key counts as pressed.
//!
//! ```text
//!   reports release          no release reported
//!   ┌──────┐ press           press            → PushToggle
//!   │  up  │──────► PushDown press, too soon  → nothing (the key repeats while it is held)
//!   └──────┘◄────── PushUp   press, later     → PushToggle
//!            release,
//!            focus lost,
//!            a press long after (its release got lost)
//! ```

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person asked of the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The push-to-talk key went down and its release will be reported.
    PushDown,
    /// It came up.
    PushUp,
    /// It was pressed on a terminal that reports no release: start, or end.
    PushToggle,
    /// A character of a typed question.
    Type(char),
    /// A pasted piece of a typed question.
    Paste(String),
    /// Take the last character away.
    Backspace,
    /// Ask what was typed; with nothing typed, open the selected citation.
    Submit,
    /// Stop speaking; else close, clear or go back.
    Cancel,
    /// Towards the answer's beginning, by lines.
    ScrollUp(u16),
    /// Towards the answer's end, by lines.
    ScrollDown(u16),
    /// Select the next citation.
    NextCitation,
    /// Select the one before.
    PreviousCitation,
    /// Show the selected citation in full, or close it.
    OpenCitation,
    /// Show the turn before.
    HistoryBack,
    /// Show the turn after.
    HistoryForward,
    /// Show the next page of warnings that do not fit at once.
    MoreWarnings,
    /// Open or close the help.
    Help,
    /// Next colours.
    Theme,
    /// Leave.
    Quit,
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
}

/// Lines by which the page keys scroll.
const PAGE: u16 = 5;

/// Presses of the push-to-talk key that follow each other faster than this are the
/// keyboard's own repetition. The longest usual delay before a key repeats is 660 ms (X11).
const REPEATS_WITHIN: Duration = Duration::from_millis(700);

/// The state of the push-to-talk key. Pure: it reads no clock and no terminal.
#[derive(Debug, Default)]
pub struct Keys {
    reports_release: bool,
    held: Option<KeyCode>,
    last_press: Option<Duration>,
}

impl Keys {
    /// Keys of a terminal that reports the release of a key, or does not.
    pub fn new(reports_release: bool) -> Self {
        Self { reports_release, ..Self::default() }
    }

    /// What an event means. `typing` says whether the input line has text: then Space, `q`
    /// and `?` are letters. `now` is the time since any fixed moment.
    pub fn read(&mut self, event: &Event, typing: bool, now: Duration) -> Option<Action> {
        match event {
            Event::Key(key) => self.key(key, typing, now),
            Event::Paste(text) => Some(Action::Paste(text.clone())),
            Event::Resize(columns, rows) => Some(Action::Resize(*columns, *rows)),
            // A window without focus never hears of the release.
            Event::FocusLost => self.held.take().map(|_| Action::PushUp),
            Event::FocusGained | Event::Mouse(_) => None,
        }
    }

    fn key(&mut self, key: &KeyEvent, typing: bool, now: Duration) -> Option<Action> {
        if self.held == Some(key.code) || is_push(key, typing) {
            return self.push(key, now);
        }
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let command =
            key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER);
        match key.code {
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Quit),
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) && typing => {
                Some(Action::Cancel)
            }
            KeyCode::Char(_) if command && !alt_gr(key) => None,
            KeyCode::Char('q') if !typing => Some(Action::Quit),
            KeyCode::Char('?') if !typing => Some(Action::Help),
            KeyCode::Char(c) => Some(Action::Type(c)),
            KeyCode::Backspace => Some(Action::Backspace),
            KeyCode::Enter => Some(Action::Submit),
            KeyCode::Esc => Some(Action::Cancel),
            KeyCode::Up => Some(Action::ScrollUp(1)),
            KeyCode::Down => Some(Action::ScrollDown(1)),
            KeyCode::PageUp => Some(Action::ScrollUp(PAGE)),
            KeyCode::PageDown => Some(Action::ScrollDown(PAGE)),
            KeyCode::Home => Some(Action::ScrollUp(u16::MAX)),
            KeyCode::End => Some(Action::ScrollDown(u16::MAX)),
            KeyCode::Left => Some(Action::HistoryBack),
            KeyCode::Right => Some(Action::HistoryForward),
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => Some(Action::PreviousCitation),
            KeyCode::Tab => Some(Action::NextCitation),
            KeyCode::BackTab => Some(Action::PreviousCitation),
            KeyCode::F(1) => Some(Action::Help),
            KeyCode::F(2) => Some(Action::Theme),
            KeyCode::F(3) => Some(Action::OpenCitation),
            KeyCode::F(4) => Some(Action::MoreWarnings),
            _ => None,
        }
    }

    fn push(&mut self, key: &KeyEvent, now: Duration) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return self.held.take_if(|held| *held == key.code).map(|_| Action::PushUp);
        }
        let repeats =
            self.last_press.replace(now).is_some_and(|last| now.saturating_sub(last) < REPEATS_WITHIN);
        if key.kind == KeyEventKind::Repeat {
            return None;
        }
        match (self.reports_release, self.held) {
            (false, _) if repeats => None,
            (false, _) => Some(Action::PushToggle),
            (true, Some(_)) if repeats => None,
            (true, Some(_)) => {
                self.held = None;
                Some(Action::PushUp)
            }
            (true, None) => {
                self.held = Some(key.code);
                Some(Action::PushDown)
            }
        }
    }
}

fn is_push(key: &KeyEvent, typing: bool) -> bool {
    match key.code {
        KeyCode::F(5 | 8) => true,
        KeyCode::Char(' ') => !typing && key.modifiers.is_empty(),
        _ => false,
    }
}

/// Some terminals report the third level of a keyboard (`@`, `[` on many) as Ctrl+Alt.
fn alt_gr(key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT)
        && matches!(key.code, KeyCode::Char(c) if !c.is_ascii_alphanumeric())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const SPACE: KeyCode = KeyCode::Char(' ');

    fn event(code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) -> Event {
        Event::Key(KeyEvent::new_with_kind(code, modifiers, kind))
    }

    fn press(code: KeyCode) -> Event {
        event(code, KeyModifiers::NONE, KeyEventKind::Press)
    }

    fn release(code: KeyCode) -> Event {
        event(code, KeyModifiers::NONE, KeyEventKind::Release)
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn run(keys: &mut Keys, events: &[(u64, Event)]) -> Vec<Action> {
        events.iter().filter_map(|(at, e)| keys.read(e, false, ms(*at))).collect()
    }

    #[test]
    fn every_key_has_its_action() {
        use Action::*;
        let table = [
            (KeyCode::Enter, Submit),
            (KeyCode::Esc, Cancel),
            (KeyCode::Backspace, Backspace),
            (KeyCode::Up, ScrollUp(1)),
            (KeyCode::Down, ScrollDown(1)),
            (KeyCode::PageUp, ScrollUp(PAGE)),
            (KeyCode::PageDown, ScrollDown(PAGE)),
            (KeyCode::Home, ScrollUp(u16::MAX)),
            (KeyCode::End, ScrollDown(u16::MAX)),
            (KeyCode::Left, HistoryBack),
            (KeyCode::Right, HistoryForward),
            (KeyCode::Tab, NextCitation),
            (KeyCode::BackTab, PreviousCitation),
            (KeyCode::F(1), Help),
            (KeyCode::F(2), Theme),
            (KeyCode::F(3), OpenCitation),
            (KeyCode::F(4), MoreWarnings),
            (KeyCode::F(5), PushToggle),
            (KeyCode::Char('?'), Help),
            (KeyCode::Char('q'), Quit),
            (KeyCode::Char('W'), Type('W')),
            (KeyCode::Char('扭'), Type('扭')),
            (SPACE, PushToggle),
        ];
        for (code, action) in table {
            let mut keys = Keys::new(false);
            assert_eq!(keys.read(&press(code), false, ms(0)), Some(action), "{code:?}");
        }
    }

    #[test]
    fn while_typing_space_q_and_the_question_mark_are_letters() {
        let mut keys = Keys::new(true);
        for c in [' ', 'q', '?'] {
            assert_eq!(keys.read(&press(KeyCode::Char(c)), true, ms(0)), Some(Action::Type(c)));
        }
        assert_eq!(keys.read(&press(KeyCode::F(8)), true, ms(0)), Some(Action::PushDown));
    }

    #[test]
    fn control_c_quits_even_while_typing_and_other_chords_type_nothing() {
        let mut keys = Keys::new(false);
        let chord = |c| event(KeyCode::Char(c), KeyModifiers::CONTROL, KeyEventKind::Press);
        assert_eq!(keys.read(&chord('c'), true, ms(0)), Some(Action::Quit));
        assert_eq!(keys.read(&chord('x'), true, ms(0)), None);
        assert_eq!(keys.read(&chord('q'), false, ms(0)), None);
    }

    #[test]
    fn characters_of_the_third_level_are_typed() {
        let mut keys = Keys::new(false);
        let chord = KeyModifiers::CONTROL | KeyModifiers::ALT;
        let at = event(KeyCode::Char('@'), chord, KeyEventKind::Press);
        assert_eq!(keys.read(&at, true, ms(0)), Some(Action::Type('@')));
    }

    #[test]
    fn held_to_talk_where_release_is_reported() {
        let repeat = event(SPACE, KeyModifiers::NONE, KeyEventKind::Repeat);
        let seen = run(
            &mut Keys::new(true),
            &[(0, press(SPACE)), (500, repeat.clone()), (530, repeat), (2000, release(SPACE))],
        );
        assert_eq!(seen, [Action::PushDown, Action::PushUp]);
    }

    #[test]
    fn pressed_twice_where_it_is_not() {
        let seen = run(&mut Keys::new(false), &[(0, press(SPACE)), (2000, press(SPACE))]);
        assert_eq!(seen, [Action::PushToggle, Action::PushToggle]);
    }

    #[test]
    fn a_key_that_repeats_by_itself_is_one_press() {
        let held: Vec<_> =
            [0, 660, 690, 720, 750, 780, 2000].into_iter().map(|at| (at, press(SPACE))).collect();
        assert_eq!(run(&mut Keys::new(false), &held), [Action::PushToggle, Action::PushToggle]);
    }

    #[test]
    fn the_release_ends_the_push_though_a_question_is_being_typed_by_then() {
        let mut keys = Keys::new(true);
        assert_eq!(keys.read(&press(SPACE), false, ms(0)), Some(Action::PushDown));
        assert_eq!(keys.read(&release(SPACE), true, ms(900)), Some(Action::PushUp));
        assert_eq!(keys.read(&press(SPACE), true, ms(950)), Some(Action::Type(' ')));
    }

    #[test]
    fn a_lost_release_does_not_leave_the_microphone_open() {
        let seen = run(&mut Keys::new(true), &[(0, press(SPACE)), (3000, press(SPACE))]);
        assert_eq!(seen, [Action::PushDown, Action::PushUp]);
        let seen = run(&mut Keys::new(true), &[(0, press(KeyCode::F(5))), (900, Event::FocusLost)]);
        assert_eq!(seen, [Action::PushDown, Action::PushUp]);
    }

    #[test]
    fn a_release_without_its_press_means_nothing() {
        assert_eq!(run(&mut Keys::new(true), &[(0, release(SPACE)), (1, release(KeyCode::Enter))]), []);
    }

    #[test]
    fn a_second_short_push_counts_where_release_is_reported() {
        let events = [(0, press(SPACE)), (200, release(SPACE)), (300, press(SPACE)), (500, release(SPACE))];
        let seen = run(&mut Keys::new(true), &events);
        assert_eq!(seen, [Action::PushDown, Action::PushUp, Action::PushDown, Action::PushUp]);
    }
}
