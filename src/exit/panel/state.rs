//! The state as a plate that can be read across a room: colour, sign, and the word in
//! letters three rows high.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::snapshot::{Doing, Snapshot};

use super::text;
use super::view::View;

/// Columns of the lamp and the large letters.
pub const LARGE: u16 = 44;
/// Columns of the lamp before large letters.
const LAMP: u16 = 5;
/// Columns of the plate with plain letters.
pub const SMALL: u16 = 15;

/// The state in one word.
pub fn word(doing: Doing) -> &'static str {
    match doing {
        Doing::Starting => "STARTING",
        Doing::Idle => "READY",
        Doing::Listening => "LISTENING",
        Doing::Hearing => "HEARD",
        Doing::Finding => "FINDING",
        Doing::Answering => "ANSWERING",
        Doing::Speaking => "SPEAKING",
    }
}

/// What is going on, or what the person can do now.
pub fn advice(snapshot: &Snapshot, hold_to_talk: bool) -> String {
    match (snapshot.doing, &snapshot.hands_free) {
        (Doing::Idle, Some(wake)) if wake.is_empty() => return "speak, or press SPACE".to_owned(),
        (Doing::Idle, Some(wake)) => return format!("say \"{wake}\", or press SPACE"),
        (Doing::Listening, Some(_)) => return "speak; silence ends it".to_owned(),
        (Doing::Speaking, Some(_)) => return "\"stop\" or ESC stops it".to_owned(),
        _ => {}
    }
    let advice = match (snapshot.doing, hold_to_talk) {
        (Doing::Starting, _) => "loading models",
        (Doing::Idle, true) => "hold SPACE and speak",
        (Doing::Idle, false) => "press SPACE and speak",
        (Doing::Listening, true) => "let go of SPACE to end",
        (Doing::Listening, false) => "press SPACE to end",
        (Doing::Hearing, _) => "transcribing",
        (Doing::Finding, _) => "looking in the manuals",
        (Doing::Answering, _) => "writing and checking",
        (Doing::Speaking, _) => "ESC stops it",
    };
    advice.to_owned()
}

/// The state's sign; it moves while something is being done.
pub fn sign(doing: Doing, tick: u64) -> &'static str {
    const WORKING: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];
    // At 20 frames a second: the working sign turns about once a second, a lamp blinks
    // once a second.
    let lamp = (tick / 10).is_multiple_of(2);
    match doing {
        Doing::Idle => "○",
        Doing::Listening if lamp => "●",
        Doing::Listening => "◉",
        Doing::Speaking if lamp => "▶",
        Doing::Speaking => "▷",
        _ => WORKING[(tick / 2 % 8) as usize],
    }
}

/// Draws the state: a lamp and large letters where three rows and [`LARGE`] columns are
/// there, else the word on a plate.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View) {
    let plate = view.theme.plate(snapshot.doing);
    let sign = sign(snapshot.doing, view.tick);
    let word = word(snapshot.doing);
    if area.height < 3 || area.width < LARGE {
        buf.set_style(area, plate);
        let line = Line::from(Span::styled(format!(" {sign} {word}"), plate));
        return text::put(buf, area, area.height / 2, &line);
    }
    let lamp = Rect { width: LAMP, ..area };
    buf.set_style(lamp, plate);
    text::put(buf, lamp, 1, &Line::from(Span::styled(format!("  {sign}"), plate)));
    let letters = Rect { x: lamp.right() + 1, width: area.width - LAMP - 1, ..area };
    let ink = view.theme.letters(snapshot.doing);
    for (row, line) in large(word).into_iter().enumerate() {
        text::put(buf, letters, row as u16, &Line::styled(line, ink));
    }
}

/// A word in half-block letters, three rows high.
fn large(word: &str) -> [String; 3] {
    let mut rows = [String::new(), String::new(), String::new()];
    for letter in word.chars() {
        for (row, piece) in rows.iter_mut().zip(glyph(letter)) {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(piece);
        }
    }
    rows
}

/// The letters of the state words.
fn glyph(letter: char) -> [&'static str; 3] {
    match letter {
        'A' => ["▄▀▄", "█▀█", "▀ ▀"],
        'D' => ["█▀▄", "█ █", "▀▀ "],
        'E' => ["█▀▀", "█▀▀", "▀▀▀"],
        'F' => ["█▀▀", "█▀▀", "▀  "],
        'G' => ["█▀▀▀", "█ ▀█", "▀▀▀▀"],
        'H' => ["█ █", "█▀█", "▀ ▀"],
        'I' => ["█", "█", "▀"],
        'K' => ["█ █", "█▀▄", "▀ ▀"],
        'L' => ["█  ", "█  ", "▀▀▀"],
        'N' => ["█▄ █", "█ ▀█", "▀  ▀"],
        'P' => ["█▀█", "█▀▀", "▀  "],
        'R' => ["█▀▄", "█▀▄", "▀ ▀"],
        'S' => ["█▀▀", "▀▀█", "▀▀▀"],
        'T' => ["▀█▀", " █ ", " ▀ "],
        'W' => ["█   █", "█ █ █", "▀▀ ▀▀"],
        'Y' => ["█ █", "▀█▀", " ▀ "],
        _ => ["  ", "  ", "  "],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const ALL: [Doing; 7] = [
        Doing::Starting,
        Doing::Idle,
        Doing::Listening,
        Doing::Hearing,
        Doing::Finding,
        Doing::Answering,
        Doing::Speaking,
    ];

    #[test]
    fn every_state_fits_its_plate_in_both_sizes() {
        for doing in ALL {
            let rows = large(word(doing));
            assert!(rows.iter().all(|r| r.chars().count() == rows[0].chars().count()), "{doing:?}");
            assert!(rows[0].chars().count() + 6 <= LARGE as usize, "{doing:?}");
            assert!(word(doing).len() + 4 <= SMALL as usize, "{doing:?}");
            assert!(!word(doing).chars().any(|c| glyph(c) == glyph(' ')), "{doing:?} has no letters");
        }
    }
}
