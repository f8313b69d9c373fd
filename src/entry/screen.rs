//! What arrived becomes a request: its wording made uniform, its intent recognised.
//!
//! Codes are left as they were said, except for what is plainly one code in pieces
//! ("E 2 0 3", "fault code F-37"): which code was meant is decided against the index.

use serde::{Deserialize, Serialize};

use crate::core::answer::quantity::{numeral, unit};

/// How a question arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// On a keyboard.
    Typed,
    /// Through the recogniser.
    Heard,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// An answer from the manuals.
    Question,
    /// Something of the assistant itself.
    Command(Command),
    /// Nothing that a manual could answer ("thank you").
    Chatter,
    /// No words: silence, noise, a recogniser that went round in circles.
    Empty,
}

/// A spoken or typed command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Be quiet.
    Stop,
    /// Say the last answer again.
    Repeat,
    /// Say all warnings in full.
    Warnings,
    /// The warnings were understood.
    Understood,
}

impl Command {
    /// Its name in the audit.
    pub fn name(self) -> &'static str {
        match self {
            Command::Stop => "stop",
            Command::Repeat => "repeat",
            Command::Warnings => "warnings",
            Command::Understood => "understood",
        }
    }
}

/// A screened question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Uniform wording: what search and prompt see.
    pub question: String,
    /// What is wanted.
    pub intent: Intent,
    /// As it arrived.
    pub original: String,
}

/// Screens what was typed or heard.
pub fn screen(text: &str, source: Source) -> Request {
    let plain = letters(text, source);
    let intent = intent(&plain, source);
    let question = match intent {
        Intent::Question => wording(&plain, source),
        Intent::Empty => String::new(),
        _ => plain,
    };
    Request { question, intent, original: text.to_owned() }
}

/// Typographic variants made one, control characters and a recogniser's remarks about
/// sound ("[BLANK_AUDIO]", "(wind blowing)", "♪") taken out, blanks single.
fn letters(text: &str, source: Source) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        if source == Source::Heard {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => {
                    depth = depth.saturating_sub(1);
                    out.push(' ');
                    continue;
                }
                _ => {}
            }
            if depth > 0 || matches!(c, '♪' | '♫' | '*') {
                continue;
            }
        }
        match c {
            '‘' | '’' | 'ʼ' | '´' | '`' => out.push('\''),
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '‐' | '‑' | '‒' => out.push('-'),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => out.push(' '),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

const STOP: &[&str] = &[
    "stop",
    "stop it",
    "stop talking",
    "stop speaking",
    "be quiet",
    "quiet",
    "silence",
    "shut up",
    "cancel",
    "cancel that",
    "never mind",
    "nevermind",
    "enough",
    "that's enough",
    "abort",
];
const REPEAT: &[&str] = &[
    "repeat",
    "repeat that",
    "repeat it",
    "say that again",
    "say it again",
    "say again",
    "again",
    "once more",
    "one more time",
    "pardon",
    "come again",
    "what did you say",
    "can you repeat that",
    "could you repeat that",
];
const WARNINGS: &[&str] = &[
    "warnings",
    "repeat the warnings",
    "repeat warnings",
    "say the warnings",
    "all warnings",
    "read the warnings",
    "what are the warnings",
];
const UNDERSTOOD: &[&str] = &["understood", "i understand", "got it", "acknowledged", "acknowledge", "roger"];
const CHATTER: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "hello there",
    "good morning",
    "good evening",
    "goodbye",
    "bye",
    "bye bye",
    "thank you",
    "thanks",
    "thank you very much",
    "thanks a lot",
    "thank you so much",
    "thanks for watching",
    "thank you for watching",
    "ok",
    "okay",
    "alright",
    "all right",
    "yes",
    "no",
    "yeah",
    "cool",
    "great",
    "nice",
    "how are you",
    "test",
    "testing",
    "you",
];
/// Sounds between words.
const FILLERS: &[&str] = &["um", "uh", "uhm", "erm", "er", "hm", "hmm", "mhm", "mm-hmm", "ah", "oh"];

/// Recognised only where it is all that was said: "stop the pump" is a question's
/// business, "stop" is ours.
fn intent(text: &str, source: Source) -> Intent {
    let spoken: Vec<String> = text
        .to_lowercase()
        .split_whitespace()
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_owned())
        .filter(|w| !w.is_empty() && !FILLERS.contains(&w.as_str()) && w != "please")
        .collect();
    if !spoken.iter().any(|w| w.chars().any(char::is_alphanumeric))
        || (source == Source::Heard && circles(&spoken))
    {
        return Intent::Empty;
    }
    let said = spoken.join(" ");
    let is = |list: &[&str]| list.contains(&said.as_str());
    if is(STOP) {
        Intent::Command(Command::Stop)
    } else if is(REPEAT) {
        Intent::Command(Command::Repeat)
    } else if is(WARNINGS) {
        Intent::Command(Command::Warnings)
    } else if is(UNDERSTOOD) {
        Intent::Command(Command::Understood)
    } else if is(CHATTER) {
        Intent::Chatter
    } else {
        Intent::Question
    }
}

/// A recogniser that lost its way says the same few words over and over.
fn circles(words: &[String]) -> bool {
    let mut distinct: Vec<&String> = words.iter().collect();
    distinct.sort();
    distinct.dedup();
    words.len() >= 8 && distinct.len() * 4 <= words.len()
}

/// Words that announce a code.
const ANNOUNCE: &[&str] = &["code", "fault", "error", "alarm", "fehler", "number"];

/// Uniform wording: fillers out, numbers in digits, units as symbols, codes in one piece.
fn wording(text: &str, source: Source) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (taken, used) = next(rest, &words, source);
        if let Some(taken) = taken {
            words.push(taken);
        }
        rest = rest.get(used.max(1)..).unwrap_or_default().trim_start();
    }
    join(&words)
}

/// One rewritten piece of `rest` (which begins at a word) and the bytes it took.
fn next(rest: &str, before: &[String], source: Source) -> (Option<String>, usize) {
    let end = rest.find(' ').unwrap_or(rest.len());
    let word = &rest[..end];
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    if source == Source::Heard && FILLERS.contains(&bare.as_str()) && bare != "oh" {
        return (None, end);
    }
    let announced = before
        .last()
        .is_some_and(|w| ANNOUNCE.contains(&w.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric())));
    if let Some((code, used)) = spelled_code(rest, announced) {
        return (Some(code), used);
    }
    // Digits said after a letter or a word like "alarm" are a code's: left to the index.
    let letter = before.last().is_some_and(|w| {
        w.len() == 1
            && w.starts_with(|c: char| c.is_ascii_alphabetic())
            && !matches!(w.as_str(), "a" | "A" | "i" | "I")
    });
    let in_code = announced || letter || before.last().is_some_and(|w| is_number_word(w));
    if !in_code && let Some((number, used)) = spoken_number(rest) {
        return (Some(number), used);
    }
    // "newton metres" without a number before it.
    if let Some((unit, used)) = unit::phrase(rest) {
        return (Some(unit.symbol), used);
    }
    // A unit behind digits: "195 newton-metres", "10 bars".
    let after_digits = before.last().is_some_and(|w| {
        w.ends_with(|c: char| c.is_ascii_digit())
            && w.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'))
    });
    if after_digits && let Some((unit, used)) = unit::read(rest) {
        return (Some(unit.symbol), used);
    }
    (Some(word.to_owned()), end)
}

fn is_number_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower == "oh" || numeral::read(&lower, numeral::Style::Spoken).is_some_and(|n| n.len == lower.len())
}

/// "one hundred ninety five" → "195". A lone small number stays a word ("three-phase",
/// "one of them") unless it measures something.
fn spoken_number(rest: &str) -> Option<(String, usize)> {
    let n = numeral::read(rest, numeral::Style::Spoken)?;
    // "twenty-one-inch" is a word of its own.
    let tail = &rest[n.len..];
    let measured = unit::read(tail);
    if tail.starts_with('-') && measured.is_none() {
        return None;
    }
    let counts = n.words > 1 || n.value >= 13.0 || measured.is_some();
    counts.then(|| match measured {
        Some((unit, len)) => (format!("{} {}", n.digits, unit.symbol), n.len + len),
        None => (n.digits, n.len),
    })
}

/// A code in pieces at the start of `rest`: a letter with digits apart ("E 2 0 3",
/// "F-3-7"), or, where the word before announces a code, letter and number ("F 37",
/// "F-37", "e 203").
fn spelled_code(rest: &str, announced: bool) -> Option<(String, usize)> {
    let mut chars = rest.char_indices().peekable();
    let mut letters = String::new();
    let (_, first) = chars.next().filter(|(_, c)| c.is_ascii_alphabetic())?;
    letters.push(first.to_ascii_uppercase());
    let mut groups: Vec<String> = Vec::new();
    let mut end = 0;
    loop {
        match chars.peek().copied() {
            Some((_, ' ' | '-')) => {
                chars.next();
            }
            Some((_, c)) if c.is_ascii_digit() && groups.is_empty() => {}
            _ => break,
        }
        let mut group = String::new();
        while let Some((i, c)) = chars.peek().copied().filter(|(_, c)| c.is_ascii_digit()) {
            group.push(c);
            end = i + 1;
            chars.next();
        }
        if group.is_empty() {
            break;
        }
        groups.push(group);
    }
    if groups.is_empty() {
        return None;
    }
    let apart = groups.len() >= 2 && groups.iter().all(|g| g.len() == 1);
    let single = groups.len() == 1 && announced;
    if !apart && !single {
        return None;
    }
    // "a 2 3" without an announcement is an article and two numbers.
    if !announced && matches!(first, 'a' | 'I' | 'i') {
        return None;
    }
    // The digits must end the word: "F 37 bar" measures, "E 2 0 3x" is something else.
    let tail = rest.get(end..)?;
    if tail.starts_with(|c: char| c.is_alphanumeric()) || (single && unit::read(tail).is_some()) {
        return None;
    }
    let punctuation: String = tail.chars().take_while(|c| !c.is_whitespace()).collect();
    Some((format!("{letters}{}{punctuation}", groups.concat()), end + punctuation.len()))
}

/// Words joined by blanks; a unit's punctuation comes back to its word.
fn join(words: &[String]) -> String {
    let mut out = String::new();
    for word in words {
        let mark = word.chars().all(|c| matches!(c, '?' | '.' | ',' | '!' | ';' | ':'));
        if !out.is_empty() && !mark {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard(text: &str) -> String {
        screen(text, Source::Heard).question
    }

    #[test]
    fn wording_is_made_uniform() {
        for (text, want) in [
            ("What’s the  torque?", "What's the torque?"),
            ("how many newton meters for the flange bolt", "how many Nm for the flange bolt"),
            ("is one hundred ninety five newton metres right?", "is 195 Nm right?"),
            ("is one ninety five newton-meters right", "is 195 Nm right"),
            ("what happens at two point five bar?", "what happens at 2.5 bar?"),
            ("set it to 10 bars", "set it to 10 bar"),
            ("is 80 degrees celsius too hot", "is 80 °C too hot"),
            ("minus twenty degrees celsius", "minus 20 °C"),
            ("three phase motor", "three phase motor"),
            ("which one of the two bolts", "which one of the two bolts"),
            ("five hundred hours service", "500 h service"),
            ("um, what is, uh, the pressure", "what is, the pressure"),
            ("How often is it done?", "How often is it done?"),
        ] {
            assert_eq!(heard(text), want, "{text}");
        }
    }

    #[test]
    fn codes_in_pieces_become_one_and_spoken_ones_are_left_to_the_index() {
        for (text, want) in [
            ("What does E 2 0 3 mean?", "What does E203 mean?"),
            ("What does E-2-0-3 mean?", "What does E203 mean?"),
            ("fault code F 37", "fault code F37"),
            ("fault code F-37.", "fault code F37."),
            ("alarm e 203", "alarm E203"),
            ("alarm e203 again", "alarm E203 again"),
            ("F-3-7", "F37"),
            ("what is e two oh three", "what is e two oh three"),
            ("alarm two oh three", "alarm two oh three"),
            ("error fifteen", "error fifteen"),
            ("What does E203 mean?", "What does E203 mean?"),
            ("What does E-203 mean?", "What does E-203 mean?"),
            ("the PJ-40 pump", "the PJ-40 pump"),
            ("M16 bolts at the flange", "M16 bolts at the flange"),
            ("is there a 5 4 split", "is there a 5 4 split"),
        ] {
            assert_eq!(heard(text), want, "{text}");
        }
    }

    #[test]
    fn commands_are_commands_only_alone() {
        for (text, want) in [
            ("Stop.", Intent::Command(Command::Stop)),
            ("stop please", Intent::Command(Command::Stop)),
            ("How do I stop the pump?", Intent::Question),
            ("Repeat that, please!", Intent::Command(Command::Repeat)),
            ("Warnings", Intent::Command(Command::Warnings)),
            ("Understood.", Intent::Command(Command::Understood)),
            ("Thank you.", Intent::Chatter),
            ("um okay", Intent::Chatter),
            ("E203", Intent::Question),
            ("滤芯怎么更换", Intent::Question),
        ] {
            assert_eq!(screen(text, Source::Heard).intent, want, "{text}");
        }
    }

    #[test]
    fn silence_noise_and_circles_are_empty() {
        for text in ["", "   ", "[BLANK_AUDIO]", "(wind blowing)", "♪ ♪", "...", "um. uh.", "?!"] {
            let request = screen(text, Source::Heard);
            assert_eq!((request.intent, request.question.as_str()), (Intent::Empty, ""), "{text}");
            assert_eq!(request.original, text);
        }
        assert_eq!(screen(&"the pump ".repeat(12), Source::Heard).intent, Intent::Empty);
        assert_eq!(screen("(M16) torque", Source::Typed).intent, Intent::Question);
        assert_eq!(screen("(M16) torque", Source::Typed).question, "(M16) torque");
    }

    proptest! {
        #[test]
        fn screening_never_panics_and_is_stable(text in "(?s).{0,120}") {
            for source in [Source::Typed, Source::Heard] {
                let once = screen(&text, source);
                prop_assert_eq!(&once.original, &text);
                prop_assert!(!once.question.contains("  "));
            }
        }

        #[test]
        fn spoken_looking_words_never_panic(words in proptest::collection::vec(proptest::sample::select(vec![
            "e", "E", "a", "2", "0", "3", "203", "oh", "two", "one", "hundred", "and", "five", "point", "newton", "meters", "bar", "code", "alarm", "°C", "-", "?"]), 0..16)) {
            let _ = screen(&words.join(" "), Source::Heard);
        }
    }
}
