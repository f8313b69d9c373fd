//! Numbers in words: "three", "twenty-five", "one hundred ninety five", "two point five".

/// How freely words are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As written: only well-formed cardinals.
    Written,
    /// As spoken: digit by digit ("one nine five") and in pairs ("one ninety five") too.
    Spoken,
}

/// A number in words at the start of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Numeral {
    /// Its value.
    pub value: f64,
    /// In digits ("195", "2.5").
    pub digits: String,
    /// How many words it takes.
    pub words: usize,
    /// Bytes up to its end.
    pub len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    Unit(u32),
    Teen(u32),
    Ten(u32),
    Hundred,
    Scale(u64),
    And,
    Point,
    Article,
}

fn word(w: &str) -> Option<Word> {
    Some(match w {
        "zero" | "nought" | "naught" | "oh" => Word::Unit(0),
        "one" => Word::Unit(1),
        "two" => Word::Unit(2),
        "three" => Word::Unit(3),
        "four" => Word::Unit(4),
        "five" => Word::Unit(5),
        "six" => Word::Unit(6),
        "seven" => Word::Unit(7),
        "eight" => Word::Unit(8),
        "nine" => Word::Unit(9),
        "ten" => Word::Teen(10),
        "eleven" => Word::Teen(11),
        "twelve" => Word::Teen(12),
        "thirteen" => Word::Teen(13),
        "fourteen" => Word::Teen(14),
        "fifteen" => Word::Teen(15),
        "sixteen" => Word::Teen(16),
        "seventeen" => Word::Teen(17),
        "eighteen" => Word::Teen(18),
        "nineteen" => Word::Teen(19),
        "twenty" => Word::Ten(20),
        "thirty" => Word::Ten(30),
        "forty" | "fourty" => Word::Ten(40),
        "fifty" => Word::Ten(50),
        "sixty" => Word::Ten(60),
        "seventy" => Word::Ten(70),
        "eighty" => Word::Ten(80),
        "ninety" => Word::Ten(90),
        "hundred" => Word::Hundred,
        "thousand" => Word::Scale(1_000),
        "million" => Word::Scale(1_000_000),
        "and" => Word::And,
        "point" => Word::Point,
        "a" => Word::Article,
        _ => return None,
    })
}

/// The number words at the start of `text` with the byte after each: blanks, one newline
/// or a hyphen lie between them.
fn run(text: &str) -> Vec<(Word, usize, bool)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let gap: usize = if out.is_empty() {
            0
        } else {
            let n: usize = rest
                .chars()
                .take_while(|c| matches!(c, ' ' | '-' | '\n' | '\u{a0}'))
                .map(char::len_utf8)
                .sum();
            if n == 0 || n > 2 {
                break;
            }
            n
        };
        let rest = &rest[gap..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let lower = rest[..end].to_lowercase();
        let Some(w) = word(&lower) else { break };
        at += gap + end;
        out.push((w, at, lower == "oh"));
        // A phrase of more words than this names no number.
        if out.len() == 16 {
            break;
        }
    }
    out
}

/// The number in words that `text` begins with. `text` must begin at a word.
pub fn read(text: &str, style: Style) -> Option<Numeral> {
    let run = run(text);
    if run.first().is_some_and(|r| r.2) {
        return None; // "oh" opens no number
    }
    let whole = match style {
        Style::Spoken => spoken(&run).or_else(|| cardinal(&run)),
        Style::Written => cardinal(&run),
    };
    let (mut digits, mut used) = whole?;
    // "point three five"
    if matches!(run.get(used), Some((Word::Point, ..))) {
        let decimals: String = run[used + 1..]
            .iter()
            .map_while(|(w, ..)| match w {
                Word::Unit(u) => char::from_digit(*u, 10),
                _ => None,
            })
            .collect();
        if !decimals.is_empty() {
            used += 1 + decimals.len();
            digits = format!("{digits}.{decimals}");
        }
    }
    let len = run.get(used.checked_sub(1)?)?.1;
    Some(Numeral { value: digits.parse().ok()?, digits, words: used, len })
}

/// A well-formed cardinal: its digits and the words used.
fn cardinal(run: &[(Word, usize, bool)]) -> Option<(String, usize)> {
    let (mut total, mut group, mut used) = (0u64, 0u64, 0usize);
    let mut last: Option<Word> = None;
    let mut i = 0;
    while let Some(&(w, _, oh)) = run.get(i) {
        let below = |limit: u64| group.is_multiple_of(limit);
        let fits = match (w, last) {
            (Word::Article, None) => {
                matches!(run.get(1), Some((Word::Hundred | Word::Scale(_), ..)))
            }
            (Word::Unit(_), None) => !oh,
            (Word::Unit(0), _) => false,
            (Word::Unit(_), Some(Word::Ten(_) | Word::Hundred | Word::Scale(_))) => below(10),
            (Word::Teen(_) | Word::Ten(_), None | Some(Word::Hundred | Word::Scale(_))) => below(100),
            (Word::Hundred, Some(Word::Unit(u))) => u > 0 && group < 10,
            (Word::Hundred, Some(Word::Teen(_))) => group < 20,
            (Word::Hundred, Some(Word::Article)) => true,
            (Word::Scale(s), Some(l)) => {
                !matches!(l, Word::Scale(_) | Word::And) && total.is_multiple_of(s * 1000)
            }
            (Word::And, Some(Word::Hundred | Word::Scale(_))) => {
                matches!(run.get(i + 1), Some((Word::Unit(1..) | Word::Teen(_) | Word::Ten(_), ..)))
            }
            _ => false,
        };
        if !fits {
            break;
        }
        match w {
            Word::Unit(v) | Word::Teen(v) | Word::Ten(v) => group += u64::from(v),
            Word::Hundred => group = group.max(1) * 100,
            Word::Scale(s) => {
                total += group.max(1) * s;
                group = 0;
            }
            Word::Article => group = 0,
            Word::And | Word::Point => {}
        }
        // "and" leaves the place of the word before it open.
        if w != Word::And {
            last = Some(w);
        }
        i += 1;
        used = i;
    }
    (used > 0).then(|| ((total + group).to_string(), used))
}

/// "one nine five" and "one ninety five", where at least two words are joined.
fn spoken(run: &[(Word, usize, bool)]) -> Option<(String, usize)> {
    let digits: String = run
        .iter()
        .map_while(|(w, ..)| match w {
            Word::Unit(u) => char::from_digit(*u, 10),
            _ => None,
        })
        .collect();
    if digits.len() >= 2 {
        return Some((digits.clone(), digits.len()));
    }
    let head = match run.first()?.0 {
        Word::Unit(u) if u > 0 => u,
        Word::Teen(t) => t,
        _ => return None,
    };
    match (run.get(1).map(|r| r.0), run.get(2).map(|r| r.0)) {
        (Some(Word::Ten(t)), Some(Word::Unit(u))) if u > 0 => Some(((head * 100 + t + u).to_string(), 3)),
        (Some(Word::Ten(t) | Word::Teen(t)), _) => Some(((head * 100 + t).to_string(), 2)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(text: &str, style: Style) -> Option<(String, usize)> {
        read(text, style).map(|n| (n.digits, n.words))
    }

    #[test]
    fn cardinals_as_written() {
        for (text, want, words) in [
            ("three bolts", "3", 1),
            ("twenty-five", "25", 2),
            ("one hundred ninety five Nm", "195", 4),
            ("one hundred and ninety-five", "195", 5),
            ("two thousand five hundred", "2500", 4),
            ("two point five bar", "2.5", 3),
            ("zero point three five", "0.35", 4),
            ("a hundred hours", "100", 2),
            ("twelve hundred", "1200", 2),
            ("two and three", "2", 1),
            ("hundred", "", 0),
        ] {
            let got = digits(text, Style::Written);
            let expected = (words > 0).then(|| (want.to_owned(), words));
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn digits_and_pairs_as_spoken() {
        for (text, want) in [
            ("one nine five", "195"),
            ("two oh three", "203"),
            ("one ninety five", "195"),
            ("two ten bar", "210"),
            ("one nine five point five", "195.5"),
            ("one hundred ninety five", "195"),
            ("nineteen fifty", "1950"),
        ] {
            assert_eq!(digits(text, Style::Spoken).unwrap().0, want, "{text}");
        }
        assert_eq!(digits("one nine five", Style::Written).unwrap(), ("1".into(), 1));
        assert_eq!(digits("oh five", Style::Spoken), None);
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_a_panic(words in proptest::collection::vec(
            proptest::sample::select(vec!["zero", "one", "ten", "twenty", "hundred", "thousand", "million", "and", "point", "a", "oh", "x"]), 0..20)) {
            let text = words.join(" ");
            for style in [Style::Written, Style::Spoken] {
                if let Some(n) = read(&text, style) {
                    prop_assert!(text.get(..n.len).is_some());
                }
            }
        }
    }
}
