//! Words as sounds: a rough phonemic transcription of English by rule, with the names of
//! letters and digits, and how far two sounds lie apart by articulation.
//!
//! Both sides of every comparison go through the same rules, so that what they get wrong
//! they mostly get wrong twice. Digits and letters have Spanish names for Spanish speech.

use std::sync::LazyLock;

/// A phoneme, an index into [`PHONES`].
pub(super) type Phone = u8;
/// A run of phonemes.
pub(super) type Sound = Vec<Phone>;

/// Place, manner and voice of a consonant; height and backness (0..1) of a vowel at its
/// start and at its end.
#[derive(Clone, Copy)]
enum Kind {
    Consonant { place: f32, manner: Manner, voiced: bool },
    Vowel { from: (f32, f32), to: (f32, f32) },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Stop,
    Affricate,
    Fricative,
    Nasal,
    Liquid,
    Glide,
}

use Manner::{Affricate, Fricative, Glide, Liquid, Nasal, Stop};

const fn con(sign: char, place: f32, manner: Manner, voiced: bool) -> (char, Kind) {
    (sign, Kind::Consonant { place, manner, voiced })
}

const fn vow(sign: char, from: (f32, f32), to: (f32, f32)) -> (char, Kind) {
    (sign, Kind::Vowel { from, to })
}

/// One sign each, after ARPABET's one-letter form: `C` tʃ, `J` dʒ, `T` θ, `D` ð, `S` ʃ,
/// `Z` ʒ, `G` ŋ; `i` iː, `I` ɪ, `E` ɛ, `@` æ, `a` ɑ, `c` ɔ, `U` ʊ, `u` uː, `A` ʌ, `x` ə,
/// `e` eɪ, `Y` aɪ, `O` ɔɪ, `W` aʊ, `o` oʊ.
const PHONES: [(char, Kind); 39] = [
    con('p', 0.0, Stop, false),
    con('b', 0.0, Stop, true),
    con('t', 0.5, Stop, false),
    con('d', 0.5, Stop, true),
    con('k', 1.0, Stop, false),
    con('g', 1.0, Stop, true),
    con('C', 0.7, Affricate, false),
    con('J', 0.7, Affricate, true),
    con('f', 0.15, Fricative, false),
    con('v', 0.15, Fricative, true),
    con('T', 0.35, Fricative, false),
    con('D', 0.35, Fricative, true),
    con('s', 0.5, Fricative, false),
    con('z', 0.5, Fricative, true),
    con('S', 0.7, Fricative, false),
    con('Z', 0.7, Fricative, true),
    con('h', 1.3, Fricative, false),
    con('m', 0.0, Nasal, true),
    con('n', 0.5, Nasal, true),
    con('G', 1.0, Nasal, true),
    con('l', 0.5, Liquid, true),
    con('r', 0.6, Liquid, true),
    con('w', 0.2, Glide, true),
    con('j', 0.8, Glide, true),
    vow('i', (1.0, 0.0), (1.0, 0.0)),
    vow('I', (0.85, 0.15), (0.85, 0.15)),
    vow('E', (0.5, 0.1), (0.5, 0.1)),
    vow('@', (0.2, 0.1), (0.2, 0.1)),
    vow('a', (0.0, 0.8), (0.0, 0.8)),
    vow('c', (0.35, 1.0), (0.35, 1.0)),
    vow('U', (0.8, 0.85), (0.8, 0.85)),
    vow('u', (1.0, 0.9), (1.0, 0.9)),
    vow('A', (0.3, 0.6), (0.3, 0.6)),
    vow('x', (0.5, 0.5), (0.5, 0.5)),
    vow('e', (0.6, 0.1), (0.95, 0.05)),
    vow('Y', (0.0, 0.5), (0.9, 0.1)),
    vow('O', (0.35, 1.0), (0.9, 0.1)),
    vow('W', (0.0, 0.5), (0.9, 0.9)),
    vow('o', (0.5, 0.9), (0.85, 0.9)),
];

/// The cost of taking one phoneme for another, and of dropping or adding one.
pub(super) struct Costs {
    swap: [[f32; PHONES.len()]; PHONES.len()],
    drop: [f32; PHONES.len()],
}

impl Costs {
    /// Taking one for the other, 0..1.
    pub(super) fn swap(&self, a: Phone, b: Phone) -> f32 {
        self.swap.get(usize::from(a)).and_then(|row| row.get(usize::from(b))).copied().unwrap_or(1.0)
    }

    /// Dropping or adding it, 0..1.
    pub(super) fn drop(&self, a: Phone) -> f32 {
        self.drop.get(usize::from(a)).copied().unwrap_or(1.0)
    }
}

/// The costs of all phonemes.
pub(super) static COSTS: LazyLock<Costs> = LazyLock::new(|| {
    let mut costs = Costs { swap: [[0.0; PHONES.len()]; PHONES.len()], drop: [0.0; PHONES.len()] };
    for ((row, drop), (sign, kind)) in costs.swap.iter_mut().zip(&mut costs.drop).zip(&PHONES) {
        *drop = drop_cost(*sign, kind);
        for (cell, (other, other_kind)) in row.iter_mut().zip(&PHONES) {
            *cell = if sign == other { 0.0 } else { swap_cost(*sign, kind, *other, other_kind) };
        }
    }
    costs
});

/// Weak sounds are lost and added sooner than strong ones.
fn drop_cost(sign: char, kind: &Kind) -> f32 {
    match (sign, kind) {
        ('x', _) => 0.35,
        // A dark l and the r after a vowel are half vowels themselves.
        ('l' | 'r', _) => 0.35,
        ('h' | 'w' | 'j' | 't' | 'd', _) => 0.45,
        ('v' | 'D' | 'n', _) => 0.5,
        (_, Kind::Vowel { .. }) => 0.6,
        (_, Kind::Consonant { .. }) => 0.7,
    }
}

fn swap_cost(sign: char, kind: &Kind, other: char, other_kind: &Kind) -> f32 {
    match (kind, other_kind) {
        (
            Kind::Consonant { place, manner, voiced },
            Kind::Consonant { place: place_2, manner: manner_2, voiced: voiced_2 },
        ) => {
            let manners = match (manner, manner_2) {
                _ if manner == manner_2 => 0.0,
                (Stop, Affricate) | (Affricate, Stop) | (Affricate, Fricative) | (Fricative, Affricate) => {
                    0.2
                }
                (Liquid, Glide) | (Glide, Liquid) => 0.25,
                (Stop, Fricative) | (Fricative, Stop) | (Stop, Nasal) | (Nasal, Stop) => 0.35,
                (Nasal, Liquid) | (Liquid, Nasal) => 0.4,
                _ => 0.55,
            };
            let voices = if voiced == voiced_2 { 0.0 } else { 0.15 };
            (0.1 + manners + voices + 0.45 * (place - place_2).abs()).min(1.0)
        }
        (Kind::Vowel { from, to }, Kind::Vowel { from: from_2, to: to_2 }) => {
            let apart = |a: &(f32, f32), b: &(f32, f32)| (a.0 - b.0).hypot(0.7 * (a.1 - b.1));
            (0.08 + 0.35 * (apart(from, from_2) + apart(to, to_2))).min(0.8)
        }
        _ => match (sign, other) {
            ('j', 'i' | 'I') | ('i' | 'I', 'j') | ('w', 'u' | 'U' | 'o') | ('u' | 'U' | 'o', 'w') => 0.35,
            ('r', 'x') | ('x', 'r') | ('l', 'o' | 'U' | 'c') | ('o' | 'U' | 'c', 'l') => 0.45,
            _ => 1.0,
        },
    }
}

/// The phonemes that signs name; a sign that names none is left out.
pub(super) fn phones(signs: &str) -> Sound {
    signs
        .chars()
        .filter_map(|sign| PHONES.iter().position(|(s, _)| *s == sign))
        .filter_map(|at| Phone::try_from(at).ok())
        .collect()
}

/// The name of a letter (in lower case).
pub(super) fn letter_name(letter: char) -> &'static str {
    match letter {
        'a' => "e",
        'b' => "bi",
        'c' => "si",
        'd' => "di",
        'e' => "i",
        'f' => "Ef",
        'g' => "Ji",
        'h' => "eC",
        'i' => "Y",
        'j' => "Je",
        'k' => "ke",
        'l' => "El",
        'm' => "Em",
        'n' => "En",
        'o' => "o",
        'p' => "pi",
        'q' => "kju",
        'r' => "ar",
        's' => "Es",
        't' => "ti",
        'u' => "ju",
        'v' => "vi",
        'w' => "dAbxlju",
        'x' => "Eks",
        'y' => "wY",
        'z' => "zi",
        _ => "",
    }
}

/// The names of a digit: zero has two.
pub(super) fn digit_names(digit: char) -> &'static [&'static str] {
    match digit {
        '0' => &["zIro", "o"],
        '1' => &["wAn"],
        '2' => &["tu"],
        '3' => &["Tri"],
        '4' => &["fcr"],
        '5' => &["fYv"],
        '6' => &["sIks"],
        '7' => &["sEvxn"],
        '8' => &["et"],
        '9' => &["nYn"],
        _ => &[],
    }
}

/// Words that the rules get wrong, and that matter here.
const IRREGULAR: &[(&str, &str)] = &[
    ("a", "x"),
    ("air", "Er"),
    ("alarm", "xlarm"),
    ("are", "ar"),
    ("area", "Erix"),
    ("axis", "@ksIs"),
    ("been", "bIn"),
    ("bolt", "bolt"),
    ("code", "kod"),
    ("come", "kAm"),
    ("control", "kxntrol"),
    ("current", "kArxnt"),
    ("do", "du"),
    ("does", "dAz"),
    ("eight", "et"),
    ("engine", "EnJIn"),
    ("error", "Erxr"),
    ("every", "Evri"),
    ("everyone", "EvriwAn"),
    ("fault", "fclt"),
    ("for", "fcr"),
    ("four", "fcr"),
    ("gear", "gIr"),
    ("get", "gEt"),
    ("go", "go"),
    ("have", "h@v"),
    ("here", "hIr"),
    ("hydraulic", "hYdrclIk"),
    ("i", "Y"),
    ("motor", "motxr"),
    ("no", "no"),
    ("of", "Av"),
    ("oh", "o"),
    ("oil", "Oxl"),
    ("one", "wAn"),
    ("or", "cr"),
    ("pressure", "prESxr"),
    ("pump", "pAmp"),
    ("rotor", "rotxr"),
    ("said", "sEd"),
    ("says", "sEz"),
    ("so", "so"),
    ("some", "sAm"),
    ("the", "Dx"),
    ("their", "DEr"),
    ("there", "DEr"),
    ("they", "De"),
    ("to", "tu"),
    ("two", "tu"),
    ("valve", "v@lv"),
    ("voltage", "voltIJ"),
    ("warning", "wcrnIG"),
    ("was", "wAz"),
    ("were", "wxr"),
    ("what", "wAt"),
    ("where", "wEr"),
    ("who", "hu"),
    ("won", "wAn"),
    ("you", "ju"),
    ("your", "jcr"),
    ("zero", "zIro"),
];

/// Where a spelling stands in its word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Any,
    Start,
    NotStart,
    End,
}

/// Spellings of several letters, longest first.
const SPELLINGS: &[(&str, &str, At)] = &[
    ("tion", "Sxn", At::Any),
    ("sion", "Zxn", At::Any),
    ("ture", "Cxr", At::End),
    ("ough", "c", At::Any),
    ("augh", "c", At::Any),
    ("eigh", "e", At::Any),
    ("alk", "ck", At::Any),
    ("all", "cl", At::Any),
    ("alt", "clt", At::Any),
    ("ald", "cld", At::Any),
    ("old", "old", At::Any),
    ("olt", "olt", At::Any),
    ("air", "Er", At::Any),
    ("are", "Er", At::End),
    ("ear", "Ir", At::Any),
    ("eer", "Ir", At::Any),
    ("ere", "Ir", At::End),
    ("ire", "Yr", At::End),
    ("ore", "cr", At::End),
    ("ure", "jur", At::End),
    ("our", "cr", At::Any),
    ("igh", "Y", At::Any),
    ("ign", "Yn", At::End),
    ("tch", "C", At::Any),
    ("dge", "J", At::Any),
    ("age", "IJ", At::End),
    ("sch", "sk", At::Any),
    ("que", "k", At::End),
    ("ing", "IG", At::End),
    ("ind", "Ynd", At::End),
    ("ble", "bxl", At::End),
    ("ple", "pxl", At::End),
    ("tle", "txl", At::End),
    ("dle", "dxl", At::End),
    ("cle", "kxl", At::End),
    ("ch", "C", At::Any),
    ("sh", "S", At::Any),
    ("th", "T", At::Any),
    ("ph", "f", At::Any),
    ("wh", "w", At::Any),
    ("ck", "k", At::Any),
    ("ng", "G", At::End),
    ("qu", "kw", At::Any),
    ("kn", "n", At::Start),
    ("wr", "r", At::Start),
    ("gh", "", At::NotStart),
    ("mb", "m", At::End),
    ("ee", "i", At::Any),
    ("ea", "i", At::Any),
    ("ie", "i", At::NotStart),
    ("oo", "u", At::Any),
    ("ou", "W", At::Any),
    ("ow", "o", At::End),
    ("ow", "W", At::Any),
    ("oa", "o", At::Any),
    ("oi", "O", At::Any),
    ("oy", "O", At::Any),
    ("ai", "e", At::Any),
    ("ay", "e", At::Any),
    ("ey", "i", At::End),
    ("au", "c", At::Any),
    ("aw", "c", At::Any),
    ("ew", "ju", At::Any),
    ("ue", "u", At::End),
    ("er", "xr", At::Any),
    ("ir", "xr", At::Any),
    ("ur", "xr", At::Any),
    ("al", "xl", At::End),
    ("ar", "ar", At::Any),
    ("or", "xr", At::End),
    ("or", "cr", At::Any),
];

/// How an English word (in lower case, ASCII letters) sounds.
pub(super) fn of_word(word: &str) -> Sound {
    if let Ok(at) = IRREGULAR.binary_search_by_key(&word, |(w, _)| w) {
        return IRREGULAR.get(at).map_or_else(Sound::new, |(_, signs)| phones(signs));
    }
    // What has no vowel is spelled.
    if !word.contains(['a', 'e', 'i', 'o', 'u', 'y']) {
        return spelled(word);
    }
    phones(&signs_of(word))
}

/// How letters sound that are said one by one.
pub(super) fn spelled(letters: &str) -> Sound {
    letters.chars().flat_map(|c| phones(letter_name(c))).collect()
}

fn signs_of(word: &str) -> String {
    let letters: Vec<char> = word.chars().filter(char::is_ascii_lowercase).collect();
    let word: String = letters.iter().collect();
    let letter = |i: usize| letters.get(i).copied().unwrap_or(' ');
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = word.get(at..).unwrap_or_default();
        let spelling = SPELLINGS.iter().find(|(spelling, _, place)| {
            rest.starts_with(spelling)
                && match place {
                    At::Any => true,
                    At::Start => at == 0,
                    At::NotStart => at > 0,
                    At::End => rest.len() == spelling.len(),
                }
        });
        if let Some((spelling, signs, _)) = spelling {
            out.push_str(signs);
            at += spelling.len();
            continue;
        }
        let c = letter(at);
        let next = letter(at + 1);
        if c == next && !is_vowel(c) {
            at += 1;
            continue;
        }
        out.push_str(one(c, at, &letters));
        at += 1;
    }
    out
}

/// How one letter sounds where it stands.
fn one(c: char, at: usize, letters: &[char]) -> &'static str {
    let letter = |i: usize| letters.get(i).copied().unwrap_or(' ');
    let (next, last) = (letter(at + 1), at + 1 == letters.len());
    let soft = matches!(next, 'e' | 'i' | 'y');
    // "Made", "motives": a consonant and an e at the end make it long.
    let long = is_consonant(next)
        && next != 'x'
        && letter(at + 2) == 'e'
        && matches!((letter(at + 3), letter(at + 4)), (' ', _) | ('s' | 'd', ' '));
    match c {
        'a' if long => "e",
        'a' if last => "x",
        'a' => "@",
        'e' if long => "i",
        'e' if last && letters.iter().filter(|c| is_vowel(**c)).count() == 1 => "i",
        'e' if last => "",
        'e' => "E",
        'i' if long => "Y",
        'i' if last => "i",
        'i' => "I",
        // "Motor", "oval": the first syllable, where it is open.
        'o' | 'u' if at <= 1 && is_consonant(next) && is_vowel(letter(at + 2)) => {
            if c == 'o' {
                "o"
            } else {
                "ju"
            }
        }
        'o' if long || last => "o",
        'o' => "a",
        'u' if long || last => "u",
        'u' => "A",
        'y' if at == 0 => "j",
        'y' if last && letters.len() > 3 => "i",
        'y' if last || letter(at + 2) == 'e' => "Y",
        'y' => "I",
        'c' if soft => "s",
        'c' | 'k' | 'q' => "k",
        'g' if soft && at > 0 => "J",
        'g' => "g",
        'x' if at == 0 => "z",
        'x' => "ks",
        'j' => "J",
        'b' => "b",
        'd' => "d",
        'f' => "f",
        'h' => "h",
        'l' => "l",
        'm' => "m",
        'n' => "n",
        'p' => "p",
        'r' => "r",
        's' => "s",
        't' => "t",
        'v' => "v",
        'w' => "w",
        'z' => "z",
        _ => "",
    }
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

fn is_consonant(c: char) -> bool {
    c.is_ascii_lowercase() && !is_vowel(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_that_sound_alike_are_written_alike() {
        for (one, other) in
            [("to", "two"), ("won", "one"), ("phase", "fase"), ("break", "breke"), ("knot", "not")]
        {
            assert_eq!(of_word(one), of_word(other), "{one} {other}");
        }
        assert_eq!(of_word("drive"), phones("drYv"));
        assert_eq!(of_word("pitch"), phones("pIC"));
        assert_eq!(of_word("hpk"), phones("eCpike"));
    }

    #[test]
    fn irregular_words_are_in_order() {
        assert!(IRREGULAR.is_sorted_by_key(|(word, _)| *word));
    }

    #[test]
    fn what_is_made_alike_is_near() {
        let between = |a: &str, b: &str| COSTS.swap(phones(a)[0], phones(b)[0]);
        assert!(between("p", "b") < between("p", "s"));
        assert!(between("i", "I") < between("i", "a"));
        assert!(between("m", "n") < between("m", "k"));
        assert!((between("t", "t")).abs() < f32::EPSILON);
    }

    proptest! {
        #[test]
        fn costs_are_the_same_both_ways(a in 0u8..39, b in 0u8..39) {
            prop_assert!((COSTS.swap(a, b) - COSTS.swap(b, a)).abs() < 1e-6);
            prop_assert!((0.0..=1.0).contains(&COSTS.swap(a, b)));
        }

        #[test]
        fn any_word_sounds(word in "\\PC{0,20}") {
            prop_assert!(of_word(&word.to_lowercase()).len() <= 8 * word.len() + 8);
        }
    }
}
