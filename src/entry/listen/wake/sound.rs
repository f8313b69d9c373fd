//! Words as rough sounds: English letter-to-sound rules for what recognisers confuse.

/// A sequence of sounds. Vowels: `a e i o u` short, `A` (day) `I` (see) `Y` (eye) `O` (go)
/// `U` (too). Consonants as their letters, with `T` (thin), `S` (shop), `C` (chop), `N` (sing).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sounds(Vec<char>);

/// Spellings and their sounds, tried in this order; `^` is the word's beginning, `$` its end.
const RULES: [(&str, &str); 62] = [
    ("wr", "r"),
    ("^kn", "n"),
    ("^wh", "w"),
    ("^who", "hU"),
    ("eigh", "A"),
    ("igh", "Y"),
    ("ough", "O"),
    ("augh", "o"),
    ("tion", "Sun"),
    ("ck", "k"),
    ("ph", "f"),
    ("sh", "S"),
    ("ch", "C"),
    ("th", "T"),
    ("ng$", "N"),
    ("qu", "kw"),
    ("x", "ks"),
    ("ce", "se"),
    ("ci", "si"),
    ("c", "k"),
    ("q", "k"),
    ("j", "C"),
    ("z", "s"),
    ("^i$", "Y"),
    ("^a$", "A"),
    ("^i'", "Y"),
    ("ite$", "Yt"),
    ("ide$", "Yd"),
    ("ight", "Yt"),
    ("ile$", "Il"),
    ("ine$", "Yn"),
    ("ime$", "Ym"),
    ("ike$", "Yk"),
    ("ie$", "Y"),
    ("ate$", "At"),
    ("ake$", "Ak"),
    ("ame$", "Am"),
    ("ale$", "Al"),
    ("ote$", "Ot"),
    ("ole$", "Ol"),
    ("one$", "On"),
    ("^email", "ImAl"),
    ("ey", "A"),
    ("ay", "A"),
    ("ai", "A"),
    ("ee", "I"),
    ("ea", "I"),
    ("ei", "I"),
    ("ie", "I"),
    ("oo", "U"),
    ("ou", "U"),
    ("oa", "O"),
    ("ow", "O"),
    ("oy", "O"),
    ("^me$", "mI"),
    ("^he$", "hI"),
    ("^my$", "mY"),
    ("^by$", "bY"),
    ("le$", "l"),
    ("y$", "I"),
    ("y", "i"),
    ("e$", ""),
];

/// Sounds that are taken for each other.
const NEAR: [&str; 17] =
    ["mb", "mn", "td", "pb", "kg", "fv", "sS", "sC", "SC", "lr", "rw", "Tf", "Td", "Ts", "nN", "hT", "bv"];
/// Vowels that are taken for each other often.
const CLOSE: [&str; 12] = ["ei", "eA", "iI", "AI", "aA", "ae", "iA", "ou", "oO", "uU", "oa", "eI"];

impl Sounds {
    /// The sounds of a phrase; none where it is not written in Latin letters.
    pub(super) fn of(phrase: &str) -> Self {
        let mut sounds = Self::default();
        phrase.split_whitespace().for_each(|word| sounds.word(word));
        sounds
    }

    /// Appends a word.
    pub(super) fn word(&mut self, word: &str) {
        let mut letters = vec!['^'];
        letters.extend(word.chars().flat_map(char::to_lowercase).filter_map(latin));
        letters.push('$');
        let mut at = 0;
        while at < letters.len() {
            // "^" belongs to the first rule that wants it, or is passed over.
            let rest = letters.get(at..).unwrap_or_default();
            let rule =
                RULES.iter().filter(|(spelling, _)| begins(rest, spelling)).max_by_key(|(s, _)| s.len());
            if let Some((spelling, sounds)) = rule {
                sounds.chars().for_each(|sound| self.sound(sound));
                // The end may end another rule as well.
                at += spelling.trim_end_matches('$').chars().count().max(1);
            } else {
                if let Some(sound) = rest.first().filter(|c| c.is_alphabetic()) {
                    self.sound(*sound);
                }
                at += 1;
            }
        }
    }

    /// Appends a sound; two of the same are one ("mill", "mill light").
    fn sound(&mut self, sound: char) {
        if self.0.last() != Some(&sound) {
            self.0.push(sound);
        }
    }

    /// How many sounds.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// None at all?
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The weighted edit distance.
    pub(super) fn distance(&self, other: &Self) -> f32 {
        let mut row: Vec<f32> = vec![0.0];
        for b in &other.0 {
            row.push(row.last().copied().unwrap_or(0.0) + alone(*b));
        }
        for a in &self.0 {
            let mut next = vec![row.first().copied().unwrap_or(0.0) + alone(*a)];
            for (b, pair) in other.0.iter().zip(row.windows(2)) {
                let [diagonal, above] = pair else { continue };
                let left = next.last().copied().unwrap_or(0.0) + alone(*b);
                next.push(left.min(above + alone(*a)).min(diagonal + between(*a, *b)));
            }
            row = next;
        }
        row.last().copied().unwrap_or(0.0)
    }
}

/// Does the spelling stand at the beginning of the letters?
fn begins(letters: &[char], spelling: &str) -> bool {
    spelling.chars().zip(letters.iter().map(Some).chain(std::iter::repeat(None))).all(|(s, l)| Some(&s) == l)
}

/// The plain letter of one with an accent; `None` for what is no Latin letter.
fn latin(letter: char) -> Option<char> {
    match letter {
        'a'..='z' | '\'' => Some(letter),
        'á' | 'à' | 'â' | 'ä' | 'ã' => Some('a'),
        'é' | 'è' | 'ê' | 'ë' => Some('e'),
        'í' | 'ì' | 'î' | 'ï' => Some('i'),
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => Some('o'),
        'ú' | 'ù' | 'û' | 'ü' => Some('u'),
        'ñ' => Some('n'),
        'ç' => Some('s'),
        _ => None,
    }
}

fn is_vowel(sound: char) -> bool {
    "aeiouAIYOU".contains(sound)
}

/// What a sound costs that only one of the two has.
fn alone(sound: char) -> f32 {
    match sound {
        'h' => 0.3,
        'w' => 0.6,
        _ if is_vowel(sound) => 0.5,
        _ => 0.8,
    }
}

/// What a sound costs that stands in the other's place.
fn between(a: char, b: char) -> f32 {
    let among = |pairs: &[&str]| pairs.iter().any(|p| p.contains(a) && p.contains(b));
    match (is_vowel(a), is_vowel(b)) {
        _ if a == b => 0.0,
        (true, true) if among(&CLOSE) => 0.2,
        (true, true) => 0.5,
        (false, false) if among(&NEAR) => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_alike_is_one() {
        for (a, b) in [("wright", "right"), ("wright", "write"), ("hey", "hay"), ("millwright", "mill right")]
        {
            let distance = Sounds::of(a).distance(&Sounds::of(b));
            // A recogniser cannot know of the silent w inside a word.
            assert!(distance <= 0.6, "{a} {b} {distance} {:?} {:?}", Sounds::of(a), Sounds::of(b));
        }
    }

    #[test]
    fn only_latin_letters_have_sounds() {
        assert!(Sounds::of("你好 师傅").is_empty());
        assert_eq!(Sounds::of("señor"), Sounds::of("senor"));
    }
}
