//! The panel's frames, looked at as text.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::view::Overlay;
use super::*;
use crate::core::snapshot::{Doing, TurnView};
use crate::entry::keys::Action;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 48);

fn view(size: (u16, u16)) -> View {
    let mut view = View::new(size, Theme::Dark, true);
    view.follow(&sample::idle());
    view
}

/// The frame as lines of text, without the spaces at their ends.
fn text_of(buffer: &Buffer) -> String {
    rows(buffer).iter().map(|row| row.trim_end().to_string() + "\n").collect()
}

/// The rows with the cells that a wide character hides left out.
fn rows(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area();
    (area.top()..area.bottom())
        .map(|y| {
            let mut row = String::new();
            let mut x = area.left();
            while x < area.right() {
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                x += symbol.width().max(1) as u16;
            }
            row
        })
        .collect()
}

fn shown(snapshot: &Snapshot, view: &View) -> String {
    text_of(&still(view.size.0, view.size.1, snapshot, view))
}

fn place_of(buffer: &Buffer, needle: &str) -> (u16, u16) {
    for (y, row) in rows(buffer).iter().enumerate() {
        if let Some(at) = row.find(needle) {
            return (row[..at].width() as u16, y as u16);
        }
    }
    panic!("no {needle:?} in\n{}", text_of(buffer));
}

macro_rules! looks {
    ($($name:ident: $size:expr, $snapshot:expr, $change:expr;)*) => {$(
        #[test]
        fn $name() {
            let mut view = view($size);
            #[allow(clippy::redundant_closure_call)]
            ($change)(&mut view);
            insta::assert_snapshot!(stringify!($name), shown(&$snapshot, &view));
        }
    )*};
}

fn as_it_is(_: &mut View) {}

looks! {
    small_starting: SMALL, sample::doing(Doing::Starting), as_it_is;
    small_fresh: SMALL, sample::fresh(), as_it_is;
    small_listening: SMALL, sample::doing(Doing::Listening), as_it_is;
    small_hearing: SMALL, sample::doing(Doing::Hearing), as_it_is;
    small_finding: SMALL, sample::doing(Doing::Finding), as_it_is;
    small_answering: SMALL, sample::doing(Doing::Answering), as_it_is;
    small_speaking: SMALL, sample::doing(Doing::Speaking), as_it_is;
    small_answered: SMALL, sample::doing(Doing::Idle), as_it_is;
    small_refused: SMALL, sample::refused(), as_it_is;
    small_chinese: SMALL, sample::chinese(), as_it_is;
    small_help: SMALL, sample::doing(Doing::Idle), |v: &mut View| v.overlay = Overlay::Help;
    small_source: SMALL, sample::doing(Doing::Idle), |v: &mut View| {
        v.apply(Action::OpenCitation, &sample::doing(Doing::Idle));
    };
    small_typing: SMALL, sample::fresh(), |v: &mut View| v.input = "What does E203 mean".to_string();
    small_earlier: SMALL, sample::doing(Doing::Idle), |v: &mut View| v.back = 2;
    large_fresh: LARGE, sample::fresh(), as_it_is;
    large_listening: LARGE, sample::doing(Doing::Listening), as_it_is;
    large_hearing: LARGE, sample::doing(Doing::Hearing), as_it_is;
    large_finding: LARGE, sample::doing(Doing::Finding), as_it_is;
    large_answering: LARGE, sample::doing(Doing::Answering), as_it_is;
    large_speaking: LARGE, sample::doing(Doing::Speaking), as_it_is;
    large_answered: LARGE, sample::doing(Doing::Idle), as_it_is;
    large_starting: LARGE, sample::doing(Doing::Starting), as_it_is;
    large_chinese: LARGE, sample::chinese(), as_it_is;
    large_help: LARGE, sample::doing(Doing::Speaking), |v: &mut View| v.overlay = Overlay::Help;
    tall_answered: (100, 50), sample::doing(Doing::Idle), as_it_is;
    least_answered: (40, 10), sample::doing(Doing::Speaking), as_it_is;
    tiny: (20, 5), sample::doing(Doing::Speaking), as_it_is;
}

#[test]
fn warnings_wear_the_colours_of_their_signal_words() {
    let buffer = still(80, 24, &sample::doing(Doing::Speaking), &view(SMALL));
    let colours = |word| {
        let cell = &buffer[place_of(&buffer, word)];
        (cell.fg, cell.bg)
    };
    assert_eq!(colours("DANGER"), (Color::Indexed(231), Color::Indexed(160)), "white on red");
    assert_eq!(colours("CAUTION"), (Color::Indexed(16), Color::Indexed(220)), "black on yellow");
}

#[test]
fn without_colour_no_cell_has_one() {
    let mut view = view(LARGE);
    view.theme = Theme::preferred(true);
    let buffer = still(160, 48, &sample::doing(Doing::Speaking), &view);
    assert!(buffer.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    let mut dark = view.clone();
    dark.theme = Theme::Dark;
    assert_eq!(text_of(&buffer), shown(&sample::doing(Doing::Speaking), &dark), "the words are the same");
}

#[test]
fn neither_scrolling_nor_an_overlay_hides_a_warning() {
    let snapshot = sample::doing(Doing::Speaking);
    for size in [SMALL, LARGE, (60, 16)] {
        let mut view = view(size);
        let before = shown(&snapshot, &view);
        assert!(before.contains("▲ DANGER"), "{before}");
        for action in [Action::ScrollDown(u16::MAX), Action::OpenCitation, Action::Help] {
            view.apply(action.clone(), &snapshot);
            let after = shown(&snapshot, &view);
            assert!(after.contains("▲ DANGER"), "{action:?}\n{after}");
        }
    }
}

#[test]
fn warnings_that_do_not_fit_are_all_reached_by_their_key() {
    let mut snapshot = sample::doing(Doing::Speaking);
    let answer = snapshot.turn.answer.as_mut().unwrap();
    let one = answer.warnings[0].clone();
    answer.warnings = (0..12)
        .map(|n| crate::core::answer::Said {
            text: format!("DANGER: hazard number {n} of the twelve"),
            ..one.clone()
        })
        .collect();
    let mut view = view((60, 16));
    let mut seen = String::new();
    for _ in 0..12 {
        seen.push_str(&shown(&snapshot, &view));
        view.apply(Action::MoreWarnings, &snapshot);
    }
    for n in 0..12 {
        assert!(seen.contains(&format!("hazard number {n} of")), "{n} in\n{seen}");
    }
    assert!(seen.contains("F4 reads on"));
}

#[test]
fn every_line_of_an_answer_is_reached_by_scrolling() {
    let snapshot = sample::doing(Doing::Idle);
    let mut view = view((60, 16));
    let mut seen = String::new();
    for _ in 0..40 {
        seen.push_str(&shown(&snapshot, &view));
        view.apply(Action::ScrollDown(1), &snapshot);
    }
    for part in ["Pump jack PJ-40", "crosswise.", "0.05 mm", "[1] pump-jack", "[2] pump-jack"] {
        assert!(seen.contains(part), "{part} in\n{seen}");
    }
}

#[test]
fn scrolling_stops_at_the_end_so_that_one_step_back_moves() {
    let snapshot = sample::doing(Doing::Idle);
    let mut view = view(SMALL);
    view.apply(Action::ScrollDown(u16::MAX), &snapshot);
    let end = shown(&snapshot, &view);
    view.apply(Action::ScrollDown(1), &snapshot);
    assert_eq!(shown(&snapshot, &view), end);
    view.apply(Action::ScrollUp(1), &snapshot);
    assert_ne!(shown(&snapshot, &view), end);
}

#[test]
fn a_selected_source_comes_into_sight() {
    let snapshot = sample::doing(Doing::Idle);
    let mut view = view(SMALL);
    for n in [1, 2, 1] {
        view.apply(Action::NextCitation, &snapshot);
        let frame = shown(&snapshot, &view);
        assert!(frame.contains(&format!("▶[{n}]")), "{frame}");
    }
}

#[test]
fn a_new_turn_brings_the_newest_back_into_sight() {
    let mut snapshot = sample::doing(Doing::Idle);
    let mut view = view(SMALL);
    view.follow(&snapshot);
    view.apply(Action::HistoryBack, &snapshot);
    assert!(shown(&snapshot, &view).contains("1 turn ago"));
    snapshot.turn = TurnView { turn: "next".into(), question: "And the M10?".into(), ..TurnView::default() };
    view.follow(&snapshot);
    let frame = shown(&snapshot, &view);
    assert!(frame.contains("And the M10?") && !frame.contains("ago"), "{frame}");
}

#[test]
fn typing_asks_and_empties_the_line() {
    let snapshot = sample::idle();
    let mut view = view(SMALL);
    for c in "E203 ?".chars() {
        assert_eq!(view.apply(Action::Type(c), &snapshot), None);
    }
    view.apply(Action::Backspace, &snapshot);
    assert_eq!(view.apply(Action::Submit, &snapshot), Some(Command::Ask("E203".to_string())));
    assert_eq!(view.input, "");
    assert_eq!(view.apply(Action::Submit, &snapshot), None);
}

#[test]
fn a_pasted_text_is_one_line_of_bounded_length() {
    let snapshot = sample::idle();
    let mut view = view(SMALL);
    view.apply(Action::Paste("E203\nmeans\u{1b}[2J?".to_string()), &snapshot);
    assert_eq!(view.input, "E203 means[2J?");
    view.apply(Action::Paste("x".repeat(10_000)), &snapshot);
    assert_eq!(view.input.chars().count(), view::LONGEST_QUESTION);
}

#[test]
fn a_toggle_starts_or_ends_by_what_the_node_is_doing() {
    let mut view = view(SMALL);
    let mut toggle = |doing| view.apply(Action::PushToggle, &sample::doing(doing));
    assert_eq!(toggle(Doing::Idle), Some(Command::PushStart));
    assert_eq!(toggle(Doing::Listening), Some(Command::PushEnd));
    assert_eq!(toggle(Doing::Speaking), Some(Command::PushStart));
    assert_eq!(toggle(Doing::Starting), None);
}

#[test]
fn escape_silences_first_then_closes_clears_and_goes_back() {
    let mut view = view(SMALL);
    view.input = "half a question".to_string();
    view.overlay = Overlay::Help;
    view.back = 1;
    let speaking = sample::doing(Doing::Speaking);
    assert_eq!(view.apply(Action::Cancel, &speaking), Some(Command::StopSpeaking));
    let idle = sample::doing(Doing::Idle);
    assert_eq!(view.apply(Action::Cancel, &idle), None);
    assert_eq!(view.overlay, Overlay::None);
    view.apply(Action::Cancel, &idle);
    assert_eq!(view.input, "");
    view.apply(Action::Cancel, &idle);
    assert_eq!(view.back, 0);
    assert_eq!(view.apply(Action::Cancel, &sample::doing(Doing::Finding)), Some(Command::StopSpeaking));
}

#[test]
fn clipping_and_a_missing_microphone_are_said_in_words() {
    let mut snapshot = sample::doing(Doing::Listening);
    snapshot.microphone.clipping = true;
    assert!(shown(&snapshot, &view(SMALL)).contains("CLIPPING"));
    snapshot.microphone.device.clear();
    assert!(shown(&snapshot, &view(SMALL)).contains("no microphone"));
}

#[test]
fn lost_samples_and_a_bad_level_stand_behind_the_meter() {
    let mut snapshot = sample::doing(Doing::Listening);
    assert!(!shown(&snapshot, &view(SMALL)).contains("lost"));
    snapshot.microphone.overruns = 480;
    snapshot.microphone.warning = "too quiet".to_string();
    let frame = shown(&snapshot, &view(SMALL));
    insta::assert_snapshot!(frame.lines().find(|line| line.contains("MIC")).unwrap());
}

#[test]
fn a_failed_turn_shows_its_fault_and_the_way_out() {
    let mut snapshot = sample::doing(Doing::Answering);
    snapshot.doing = Doing::Idle;
    snapshot.turn.fault = Some("the model file is damaged\nrun: millwright models pull".to_string());
    snapshot.notice = "the headset went away; using the built-in microphone".to_string();
    let frame = shown(&snapshot, &view(SMALL));
    for part in ["✖ the model file is damaged", "run: millwright models pull", "! the headset went away"] {
        assert!(frame.contains(part), "{frame}");
    }
}

#[test]
fn wide_characters_never_tear_a_row() {
    for columns in 40..100 {
        let buffer = still(columns, 24, &sample::chinese(), &view((columns, 24)));
        for row in rows(&buffer) {
            assert_eq!(row.width(), usize::from(columns), "{row:?}");
        }
    }
}

/// Any text that a manual, a microphone or a broken file could hold.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,60}", "[a-z 扭矩。🔧\u{200b}\u{301}\u{202e}\n\t\u{1b}]{0,120}", "[A-Z0-9]{0,200}"]
}

fn any_doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        Just(Doing::Starting),
        Just(Doing::Idle),
        Just(Doing::Listening),
        Just(Doing::Hearing),
        Just(Doing::Finding),
        Just(Doing::Answering),
        Just(Doing::Speaking)
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::PushToggle),
        any::<char>().prop_map(Action::Type),
        Just(Action::Submit),
        Just(Action::Cancel),
        any::<u16>().prop_map(Action::ScrollDown),
        any::<u16>().prop_map(Action::ScrollUp),
        Just(Action::NextCitation),
        Just(Action::PreviousCitation),
        Just(Action::OpenCitation),
        Just(Action::HistoryBack),
        Just(Action::HistoryForward),
        Just(Action::MoreWarnings),
        Just(Action::Help),
        Just(Action::Theme),
        (0u16..200, 0u16..60).prop_map(|(w, h)| Action::Resize(w, h)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_can_be_shown_or_pressed_panics(
        doing in any_doing(),
        texts in proptest::collection::vec(any_text(), 10),
        figures in proptest::collection::vec(any::<f64>(), 6),
        levels in any::<(f32, f32, bool)>(),
        size in (1u16..200, 1u16..60),
        actions in proptest::collection::vec(any_action(), 0..12),
    ) {
        let mut s = sample::doing(doing);
        (s.microphone.level_db, s.microphone.peak_db, s.microphone.clipping) = levels;
        s.turn.question.clone_from(&texts[0]);
        s.turn.elapsed_ms = figures[0];
        s.turn.deadline_ms = figures[1] as u64;
        s.turn.first_audio_ms = (figures[2] > 0.0).then_some(figures[2]);
        s.notice.clone_from(&texts[1]);
        s.index.clone_from(&texts[2]);
        if let Some(e) = s.turn.ledger.entries.last_mut() {
            (e.ms, e.wait_ms, e.budget_ms) = (figures[3], figures[4], figures[5] as u64);
            e.note.clone_from(&texts[3]);
        }
        if let Some(a) = &mut s.turn.answer {
            a.lead.clone_from(&texts[4]);
            a.warnings[0].text.clone_from(&texts[5]);
            a.sentences[0].text.clone_from(&texts[6]);
            a.numbers[0].text.clone_from(&texts[7]);
            a.citations[0].quote.clone_from(&texts[8]);
            a.rung_why.clone_from(&texts[9]);
        }
        let mut view = view(size);
        for action in actions {
            view.apply(action, &s);
            view.follow(&s);
        }
        // The real size may be news to the view: a frame can come before the event.
        for (w, h) in [size, view.size] {
            let buffer = still(w.max(1), h.max(1), &s, &view);
            prop_assert!(buffer.content().iter().all(|c| !c.symbol().contains(char::is_control)));
            picture::svg(&buffer);
        }
    }
}

#[test]
fn the_signal_word_is_seen_at_every_size_and_under_every_overlay() {
    let mut snapshot = sample::doing(Doing::Speaking);
    snapshot.notice = "the headset went away".to_string();
    for (columns, rows) in (40..200).step_by(20).flat_map(|w| (10..60).step_by(3).map(move |h| (w, h))) {
        for overlay in [Overlay::None, Overlay::Help, Overlay::Citation] {
            let mut view = view((columns, rows));
            (view.overlay, view.scroll) = (overlay, 9);
            let frame = shown(&snapshot, &view);
            assert!(frame.contains("▲ DANGER"), "{columns}×{rows} {overlay:?}\n{frame}");
        }
    }
}
