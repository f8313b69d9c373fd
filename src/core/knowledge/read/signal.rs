//! Signal words: which text is a warning, how grave, and whether it speaks of lockout.

use std::sync::LazyLock;

use regex::Regex;

use crate::core::knowledge::passage::Signal;

/// How a text was set in the manual; a signal word counts more where it is set apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// In a block quote.
    pub quoted: bool,
    /// Its first word is bold.
    pub bold: bool,
}

const WORDS: [(&str, Signal); 4] = [
    ("danger", Signal::Danger),
    ("warning", Signal::Warning),
    ("caution", Signal::Caution),
    ("notice", Signal::Notice),
];

/// The signal word that `text` starts with, where it is one: "DANGER" set apart (bold or
/// in a quote), or "WARNING:" anywhere. "Warning lamp H3 is lit" is not a warning.
pub fn leading(text: &str, setting: Setting) -> Option<Signal> {
    let (word, signal, rest) = split(text)?;
    let upper = word.chars().all(|c| c.is_ascii_uppercase());
    let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    let ends = rest.trim_start().chars().next().is_none_or(|c| ":!—–".contains(c)) || rest.starts_with(" - ");
    let apart = setting.bold || (setting.quoted && upper);
    ((capital && (ends || (setting.bold && upper))) || (upper && apart)).then_some(signal)
}

/// The signal word that is all of `text`.
pub fn lone(text: &str) -> Option<Signal> {
    let (word, signal, rest) = split(text)?;
    let set = word.starts_with(|c: char| c.is_ascii_uppercase());
    (set && rest.chars().all(|c| !c.is_alphanumeric())).then_some(signal)
}

fn split(text: &str) -> Option<(&str, Signal, &str)> {
    // A sign such as "⚠" may stand before the word.
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let (_, signal) = WORDS.iter().find(|(w, _)| word.eq_ignore_ascii_case(w))?;
    Some((word, *signal, rest))
}

/// Does `text` speak of lockout/tagout?
pub fn lockout(text: &str) -> bool {
    static LOCKOUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:lock(?:ed|ing)?[\s-]*out|tag(?:ged|ging)?[\s-]*out|lockout|tagout|LOTO|lock(?:s|ed|ing)? (?:and|&) tag)\b")
            .ok()
    });
    LOCKOUT.as_ref().is_some_and(|r| r.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Setting = Setting { quoted: false, bold: false };
    const QUOTED: Setting = Setting { quoted: true, bold: false };
    const BOLD: Setting = Setting { quoted: true, bold: true };

    #[test]
    fn a_signal_word_set_apart_is_a_warning() {
        assert_eq!(leading("DANGER Stored energy.", BOLD), Some(Signal::Danger));
        assert_eq!(leading("⚠ CAUTION hot surface", QUOTED), Some(Signal::Caution));
        assert_eq!(leading("WARNING: pressure", PLAIN), Some(Signal::Warning));
        assert_eq!(leading("Notice: use clean oil", PLAIN), Some(Signal::Notice));
        assert_eq!(leading("WARNING — pressure", PLAIN), Some(Signal::Warning));
    }

    #[test]
    fn other_words_and_notes_are_none() {
        assert_eq!(leading("NOTE: see chapter 3", BOLD), None);
        assert_eq!(leading("WARNING lamp H3 is lit", PLAIN), None);
        assert_eq!(leading("Caution is advised", QUOTED), None);
        assert_eq!(leading("Dangerous goods", BOLD), None);
        assert_eq!(leading("", BOLD), None);
    }

    #[test]
    fn a_word_alone_is_found() {
        assert_eq!(lone("⚠ WARNING!"), Some(Signal::Warning));
        assert_eq!(lone("WARNING LAMPS"), None);
    }

    #[test]
    fn lockout_is_found_in_its_spellings() {
        for text in [
            "Lock out the drive",
            "lockout/tagout",
            "Apply LOTO.",
            "is locked out",
            "tag-out",
            "Lock and tag",
        ] {
            assert!(lockout(text), "{text}");
        }
        assert!(!lockout("the locknut is out of round"));
        assert!(!lockout("a lotion"));
    }
}
