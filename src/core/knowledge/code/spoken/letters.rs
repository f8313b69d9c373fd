//! Letters by their names.

use super::Tongue;

/// A letter that a word or two say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    /// In upper case.
    pub letter: char,
    /// False where the words have other meanings ("a", "i", "golf", "de").
    pub sure: bool,
    /// Words it takes: two for "uve doble".
    pub words: usize,
    /// Said so that no other letter sounds like it: in the NATO alphabet.
    pub spelled: bool,
}

#[rustfmt::skip]
const NATO: &[(&str, char)] = &[
    ("alpha", 'A'), ("alfa", 'A'), ("bravo", 'B'), ("charlie", 'C'), ("delta", 'D'), ("echo", 'E'),
    ("foxtrot", 'F'), ("golf", 'G'), ("hotel", 'H'), ("india", 'I'), ("juliet", 'J'), ("juliett", 'J'),
    ("kilo", 'K'), ("lima", 'L'), ("mike", 'M'), ("november", 'N'), ("oscar", 'O'), ("papa", 'P'),
    ("quebec", 'Q'), ("romeo", 'R'), ("sierra", 'S'), ("tango", 'T'), ("uniform", 'U'), ("victor", 'V'),
    ("whiskey", 'W'), ("whisky", 'W'), ("x-ray", 'X'), ("xray", 'X'), ("yankee", 'Y'), ("zulu", 'Z'),
];

#[rustfmt::skip]
const ENGLISH: &[(&str, char)] = &[
    ("bee", 'B'), ("cee", 'C'), ("dee", 'D'), ("ee", 'E'), ("eff", 'F'), ("ef", 'F'), ("gee", 'G'),
    ("aitch", 'H'), ("haitch", 'H'), ("jay", 'J'), ("kay", 'K'), ("ell", 'L'), ("em", 'M'), ("pee", 'P'),
    ("cue", 'Q'), ("ess", 'S'), ("tee", 'T'), ("vee", 'V'), ("ex", 'X'), ("zee", 'Z'), ("zed", 'Z'),
];

#[rustfmt::skip]
const SPANISH: &[(&str, char)] = &[
    ("be", 'B'), ("ce", 'C'), ("de", 'D'), ("efe", 'F'), ("ge", 'G'), ("hache", 'H'), ("jota", 'J'),
    ("ka", 'K'), ("ca", 'K'), ("ele", 'L'), ("eme", 'M'), ("ene", 'N'), ("eñe", 'Ñ'), ("pe", 'P'),
    ("cu", 'Q'), ("erre", 'R'), ("ere", 'R'), ("ese", 'S'), ("te", 'T'), ("uve", 'V'), ("ve", 'V'),
    ("equis", 'X'), ("ye", 'Y'), ("zeta", 'Z'),
];

/// The Spanish name of a letter (in lower case); vowels are their own.
pub(super) fn spanish_name(letter: char) -> Option<&'static str> {
    match letter {
        'i' => Some("i latina"),
        'w' => Some("uve doble"),
        'y' => Some("i griega"),
        _ => SPANISH.iter().find(|(_, c)| c.to_lowercase().eq([letter])).map(|(name, _)| *name),
    }
}

/// Spanish names that hardly mean anything else.
const SURE_SPANISH: &[&str] = &["efe", "hache", "jota", "eme", "ene", "erre", "uve", "equis", "zeta"];

const PAIRS: &[(&str, &str, char)] = &[
    ("double", "u", 'W'),
    ("double", "you", 'W'),
    ("doble", "u", 'W'),
    ("doble", "ve", 'W'),
    ("doble", "uve", 'W'),
    ("uve", "doble", 'W'),
    ("i", "griega", 'Y'),
    ("i", "latina", 'I'),
];

/// The letter that `word` (in lower case, `next` after it) says: itself, its name, or its
/// word in the NATO alphabet. `capital`: is it written with a capital?
pub(crate) fn letter(word: &str, next: &str, capital: bool, tongue: Tongue) -> Option<Letter> {
    if let Some((.., letter)) = PAIRS.iter().find(|(first, second, _)| *first == word && *second == next) {
        return Some(Letter { letter: *letter, sure: true, words: 2, spelled: true });
    }
    let one = |letter, sure, spelled| Some(Letter { letter, sure, words: 1, spelled });
    let mut chars = word.chars();
    if let (Some(c), None) = (chars.next(), chars.next())
        && (c.is_ascii_alphabetic() || c == 'ñ')
    {
        // "a" is an article, "i" a person, "o" a zero, "x" a times, "s" and "t" loose ends;
        // in Spanish "y", "e" and "o" are conjunctions, "a" is "to".
        let word = match tongue {
            Tongue::English => "aiosxt",
            Tongue::Spanish => "aeoyux",
        };
        let never = matches!(c, 'i' | 'o' | 'x') || tongue == Tongue::Spanish && c == 'y';
        return one(
            c.to_uppercase().next().unwrap_or(c),
            !never && (capital && c != 'a' || !word.contains(c)),
            false,
        );
    }
    let named = |list: &[(&str, char)]| list.iter().find(|(name, _)| *name == word).map(|(_, c)| *c);
    if let Some(c) = named(NATO) {
        return one(c, false, true);
    }
    match tongue {
        Tongue::English => named(ENGLISH).and_then(|c| one(c, false, false)),
        Tongue::Spanish => named(SPANISH).and_then(|c| one(c, SURE_SPANISH.contains(&word), false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str, next: &str, tongue: Tongue) -> Option<char> {
        letter(word, next, false, tongue).map(|l| l.letter)
    }

    #[test]
    fn letters_are_read_by_name() {
        assert_eq!(letter("e", "", true, Tongue::English).map(|l| (l.letter, l.sure)), Some(('E', true)));
        assert_eq!(letter("echo", "", false, Tongue::English).map(|l| l.sure), Some(false));
        assert_eq!(letter("a", "", false, Tongue::English).map(|l| l.sure), Some(false));
        assert_eq!(read("pump", "", Tongue::English), None);
        for (name, c) in
            [("hache", 'H'), ("efe", 'F'), ("jota", 'J'), ("equis", 'X'), ("erre", 'R'), ("ce", 'C')]
        {
            assert_eq!(read(name, "", Tongue::Spanish), Some(c), "{name}");
        }
        assert_eq!(read("uve", "doble", Tongue::Spanish), Some('W'));
        assert_eq!(read("i", "griega", Tongue::Spanish), Some('Y'));
        assert_eq!(read("hache", "", Tongue::English), None);
    }
}
