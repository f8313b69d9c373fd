//! What arrived becomes a request: its wording made uniform, its intent recognised, its
//! safety judged.
//!
//! ```text
//! text ─▶ wording: letters ─┬▶ safety ─ emergency, a protection to be defeated
//!                           ├▶ intent ─ question, command, step, report, chatter, nothing
//!                           └▶ wording ─ what search and prompt see
//! ```
//!
//! Codes are left as they were said, except for what is plainly one code in pieces
//! ("E 2 0 3", "fault code F-37"): which code was meant is decided against the index.

mod intent;
pub mod safety;
mod wording;

use serde::{Deserialize, Serialize};

use crate::core::answer::protect::Keep;
pub use intent::{Command, Intent, Step};
pub use safety::{Judged, Tongue};

/// How a question arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// On a keyboard.
    Typed,
    /// Through the recogniser.
    Heard,
}

/// A screened question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Uniform wording: what search and prompt see.
    pub question: String,
    /// What is wanted.
    pub intent: Intent,
    /// Is anybody in danger, or a protection?
    pub safety: Judged,
    /// The language that its safety was judged in.
    pub tongue: Tongue,
    /// As it arrived.
    pub original: String,
}

impl Request {
    /// Is there something in it to look up? A report is, too: what the manuals say of what
    /// was done or read.
    pub fn is_question(&self) -> bool {
        matches!(self.intent, Intent::Question | Intent::Report)
    }
}

/// Where `request` asks how to defeat a protection: what is searched in its place, and what
/// is said around it.
pub fn keep(request: &Request) -> Option<Keep> {
    if request.safety != Judged::Defeat {
        return None;
    }
    let (words, lead, silent) = match request.tongue {
        Tongue::En => (
            "lockout tagout isolation guard interlock",
            "Protections stay in place.",
            "I do not help to defeat a protection, and the manuals hold no lockout or guard procedure near this. \
             Stop, and ask the person responsible for safety.",
        ),
        Tongue::Es => (
            "bloqueo y etiquetado enclavamiento resguardo",
            "Las protecciones no se anulan.",
            "No ayudo a anular una protección, y los manuales no tienen un procedimiento de bloqueo o resguardo \
             cerca de esto. Pare y pregunte al responsable de seguridad.",
        ),
        Tongue::Zh => (
            "上锁挂牌 联锁 防护罩",
            "保护装置不得解除。",
            "我不协助解除保护装置，手册中也没有与此相近的上锁挂牌或防护步骤。请停下，询问安全负责人。",
        ),
    };
    let thing = safety::without_defeat(&request.question);
    Some(Keep { search: format!("{thing} {words}"), lead: lead.to_owned(), silent: silent.to_owned() })
}

/// Screens what was typed or heard.
pub fn screen(text: &str, source: Source) -> Request {
    let plain = wording::letters(text, source);
    let (safety, tongue) = safety::judge_in(&plain);
    let intent = match intent::intent(&plain, source) {
        // Whoever cries for help says it over and over.
        Intent::Empty if matches!(safety, Judged::Emergency(_)) => Intent::Report,
        intent => intent,
    };
    let question = match intent {
        Intent::Question | Intent::Report => wording::wording(&plain, source),
        Intent::Empty => String::new(),
        _ => plain,
    };
    Request { question, intent, safety, tongue, original: text.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
            ("Next.", Intent::Step(Step::Next)),
            ("Step three done.", Intent::Step(Step::Done(Some(3)))),
            ("step 12 is done", Intent::Step(Step::Done(Some(12)))),
            ("How do I know that the step is done?", Intent::Question),
            ("下一步", Intent::Step(Step::Next)),
            ("Pressure is at 210 bar.", Intent::Report),
            ("I replaced the filter", Intent::Report),
            ("What pressure is at 210 bar normal?", Intent::Question),
            ("torque of the flange bolt", Intent::Question),
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
        let cry = screen(&"fire ".repeat(12), Source::Heard);
        assert!(matches!(cry.safety, Judged::Emergency(_)) && cry.is_question(), "{cry:?}");
        assert_eq!(screen(&"the pump ".repeat(12), Source::Heard).intent, Intent::Empty);
        assert_eq!(screen("(M16) torque", Source::Typed).intent, Intent::Question);
        assert_eq!(screen("(M16) torque", Source::Typed).question, "(M16) torque");
    }

    #[test]
    fn a_request_to_defeat_a_protection_is_turned_into_one_to_keep_it() {
        let keep = |text| keep(&screen(text, Source::Typed));
        let search = keep("How do I bypass the door switch on the PJ-40?").unwrap().search;
        assert!(search.contains("door switch") && search.contains("PJ-40") && search.contains("lockout"));
        assert!(!search.contains("bypass"), "{search}");
        assert!(keep("怎么短接安全门开关？").unwrap().lead.contains("保护"));
        assert_eq!(keep("How do I open the bypass valve?"), None);
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
