//! The codes that a question asks for, written or spoken.

use super::spoken::{letter, numeral, readings};
use super::{CODE_WORDS, is_designation, is_unit, normalise};
use crate::core::knowledge::passage::Span;

/// The codes of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryCodes {
    /// Codes that the index holds, canonical, in the question's order.
    pub known: Vec<String>,
    /// Codes that it does not hold: the question is to be refused.
    pub unknown: Vec<String>,
    /// Where the codes stand in the question, known and unknown.
    pub spans: Vec<Span>,
}

/// The codes in `question`.
///
/// `known` says of a canonical form whether the index has it as a code; `in_text` whether
/// it occurs in the manuals at all (a model, a size, a terminal): such a word is no
/// unknown code. An unknown code has the shape of one (letters and two digits or more, or
/// a number after a code word) and is neither a quantity, nor a thread size, nor a
/// standard.
pub fn query_codes(
    question: &str,
    known: &impl Fn(&str) -> bool,
    in_text: &impl Fn(&str) -> bool,
) -> QueryCodes {
    let query = Query { words: words(question), known, in_text };
    let mut found = QueryCodes::default();
    let mut at = 0;
    while at < query.words.len() {
        let Some(hit) = query.at(at) else {
            at += 1;
            continue;
        };
        at = hit.end.max(at + 1);
        let list = match hit.what {
            What::Known => &mut found.known,
            What::Unknown => &mut found.unknown,
            What::Other => continue,
        };
        found.spans.push(query.span(hit.from, hit.end));
        if !list.contains(&hit.code) {
            list.push(hit.code);
        }
    }
    found
}

/// The known codes that a spoken question may mean ("e two oh three" → "E203").
pub fn spoken_candidates(question: &str, known: &impl Fn(&str) -> bool) -> Vec<String> {
    query_codes(question, known, &|_| true).known
}

/// The words that manuals put before a code's number.
const ANY_WORD: &[&str] = &["ALARM", "ERROR", "FAULT", "WARNING", "EVENT", "TRIP", "CODE"];

/// A word of the question: a run of letters and digits.
struct Word<'t> {
    text: &'t str,
    span: Span,
    /// What stands between the word before and this one.
    gap: &'t str,
}

fn words(question: &str) -> Vec<Word<'_>> {
    let inside = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let mut out = Vec::new();
    let mut last = 0;
    let mut at = 0;
    while let Some(start) = question.get(at..).and_then(|r| r.find(inside)).map(|i| at + i) {
        let rest = question.get(start..).unwrap_or_default();
        let end = start + rest.find(|c| !inside(c)).unwrap_or(rest.len());
        if let (Some(text), Some(gap)) = (question.get(start..end), question.get(last..start)) {
            out.push(Word { text, span: Span { start, end }, gap });
        }
        last = end;
        at = end;
    }
    out
}

/// What a run of words turned out to be.
struct Hit {
    code: String,
    what: What,
    from: usize,
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Known,
    Unknown,
    /// A size, a standard, a model: no code, and its words are spent.
    Other,
}

struct Query<'t, K, T> {
    words: Vec<Word<'t>>,
    known: &'t K,
    in_text: &'t T,
}

/// The letters of a code, before its digits.
struct Prefix {
    letters: String,
    /// The word after it.
    end: usize,
    /// May it make an unknown code without a code word before it?
    clear: bool,
}

impl<K: Fn(&str) -> bool, T: Fn(&str) -> bool> Query<'_, K, T> {
    fn text(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.text)
    }

    fn span(&self, from: usize, end: usize) -> Span {
        let start = self.words.get(from).map_or(0, |w| w.span.start);
        let stop = self.words.get(end.saturating_sub(1)).map_or(start, |w| w.span.end);
        Span { start, end: stop.max(start) }
    }

    fn is_code_word(&self, at: usize) -> bool {
        CODE_WORDS.contains(&self.text(at).to_uppercase().as_str())
    }

    /// Does a code word stand before `at`, perhaps with "number" or "code" between?
    fn after_code_word(&self, at: usize) -> bool {
        let before = |n: usize| at.checked_sub(n).is_some_and(|i| self.is_code_word(i));
        let filler = at.checked_sub(1).is_some_and(|i| is_filler(self.text(i)));
        before(1) || (filler && before(2))
    }

    fn at(&self, at: usize) -> Option<Hit> {
        self.written(at).or_else(|| self.lettered(at)).or_else(|| self.numbered(at)).or_else(|| self.bare(at))
    }

    /// A code in one word: "E203", "0x2310", "P0A80".
    fn written(&self, at: usize) -> Option<Hit> {
        let code = normalise(self.text(at));
        let hex =
            code.strip_prefix("0X").is_some_and(|d| d.len() >= 2 && d.chars().all(|c| c.is_ascii_hexdigit()));
        let letters = code.chars().take_while(char::is_ascii_alphabetic).count();
        let tail = code.get(letters..).unwrap_or_default();
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        let shaped = (1..=4).contains(&letters)
            && tail.starts_with(|c: char| c.is_ascii_digit())
            && tail.chars().all(|c| c.is_ascii_alphanumeric())
            && tail.len() <= 5
            && tail.len() - digits <= 2;
        if !code.is_ascii() || !(hex || shaped) {
            return None;
        }
        let enough = hex || digits >= 2 || self.after_code_word(at);
        // "M16x60": what follows the digits makes it a size.
        self.judge(&code, at, at + 1, enough && !is_size(&code))
    }

    /// Letters, then digits: "E 203", "e-2-0-3", "f thirty seven", "PJ-40".
    fn lettered(&self, at: usize) -> Option<Hit> {
        let word_before = at.checked_sub(1).map_or("", |i| self.text(i));
        // "3 x 50": a letter between numbers is no code's.
        if numeral(word_before).is_some() && !self.after_code_word(at) {
            return None;
        }
        let prefix = self.prefix(at)?;
        let readings = self.readings(prefix.end);
        if let Some((digits, end)) =
            readings.iter().find(|(d, _)| (self.known)(&format!("{}{d}", prefix.letters)))
        {
            return Some(Hit {
                code: format!("{}{digits}", prefix.letters),
                what: What::Known,
                from: at,
                end: *end,
            });
        }
        let (digits, end) = readings.into_iter().next()?;
        let coded = self.after_code_word(at);
        let enough = coded || (prefix.clear && digits.len() >= 2);
        self.judge(&format!("{}{digits}", prefix.letters), at, end, enough && !is_unit(self.text(end)))
    }

    fn prefix(&self, at: usize) -> Option<Prefix> {
        let mut letters = String::new();
        let mut clear = true;
        let mut end = at;
        while letters.len() < 4
            && let Some((c, sure)) = letter(self.text(end))
        {
            letters.push(c);
            clear &= sure;
            end += 1;
        }
        if !letters.is_empty() {
            return Some(Prefix { letters, end, clear });
        }
        // "PJ-40", "HPU 60": a short word that a number follows.
        let word = self.text(at);
        let short = (2..=4).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphabetic());
        let hyphen = self.words.get(at + 1).is_some_and(|w| w.gap == "-");
        (short && numeral(word).is_none() && !self.is_code_word(at)).then(|| Prefix {
            letters: word.to_uppercase(),
            end: at + 1,
            clear: hyphen && word.chars().all(|c| c.is_ascii_uppercase()),
        })
    }

    /// The readings of the number words from `at` on: digits and the word after them.
    fn readings(&self, at: usize) -> Vec<(String, usize)> {
        let run: Vec<&str> = (at..self.words.len())
            .map(|i| self.text(i))
            .take_while(|w| numeral(w).is_some() || w.eq_ignore_ascii_case("and"))
            .take(10)
            .collect();
        readings(&run).into_iter().map(|(digits, taken)| (digits, at + taken)).collect()
    }

    /// A number after a code word: "alarm 1803", "error code one five".
    fn numbered(&self, at: usize) -> Option<Hit> {
        if !self.is_code_word(at) {
            return None;
        }
        let mut start = at + 1;
        while is_filler(self.text(start)) || self.text(start).eq_ignore_ascii_case("code") {
            start += 1;
        }
        let word = normalise(self.text(at));
        let word = word.strip_suffix('S').unwrap_or(&word);
        let readings = self.readings(start);
        for (digits, end) in &readings {
            let specific = [format!("{word}{digits}"), digits.clone()];
            // "Fault code 9": any word that the manual has; "fault 37" may be F37.
            // A number of three digits or more is clear enough whatever the word is.
            let words: &[&str] = if word == "CODE" || digits.len() >= 3 { ANY_WORD } else { &[] };
            let general = words.iter().map(|w| format!("{w}{digits}"));
            let initial = word.get(..1).map(|c| format!("{c}{digits}")).filter(|_| word != "CODE");
            if let Some(code) = specific.into_iter().chain(general).chain(initial).find(|c| (self.known)(c)) {
                return Some(Hit { code, what: What::Known, from: at, end: *end });
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let quantity = is_unit(self.text(end)) || self.follows(end, ["%", "°"]);
        // "Alarm one more time": one spoken word is too little to call it a code.
        let said = end == start + 1 && !self.text(start).starts_with(|c: char| c.is_ascii_digit());
        let code = if word == "CODE" { digits } else { format!("{word} {digits}") };
        (!quantity && !said).then_some(Hit { code, what: What::Unknown, from: at, end })
    }

    fn follows(&self, at: usize, signs: [&str; 2]) -> bool {
        self.words.get(at).is_some_and(|w| signs.iter().any(|s| w.gap.starts_with(s)))
    }

    /// A bare number that is some entry's code: "what is 1803".
    fn bare(&self, at: usize) -> Option<Hit> {
        numeral(self.text(at))?;
        for (digits, end) in self.readings(at) {
            if digits.len() < 3 || is_unit(self.text(end)) || self.follows(end, ["%", "°"]) {
                continue;
            }
            let words = std::iter::once(&"").chain(ANY_WORD);
            if let Some(code) = words.map(|w| format!("{w}{digits}")).find(|c| (self.known)(c)) {
                return Some(Hit { code, what: What::Known, from: at, end });
            }
        }
        None
    }

    /// A code-shaped word: known, unknown where `enough` speaks for it, or nothing.
    fn judge(&self, code: &str, from: usize, end: usize, enough: bool) -> Option<Hit> {
        if (self.known)(code) {
            return Some(Hit { code: code.to_owned(), what: What::Known, from, end });
        }
        if is_designation(code) || (self.in_text)(code) || self.after_standard(from) {
            return Some(Hit { code: code.to_owned(), what: What::Other, from, end });
        }
        enough.then(|| Hit { code: code.to_owned(), what: What::Unknown, from, end })
    }

    fn after_standard(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|i| super::STANDARDS.contains(&self.text(i).to_uppercase().as_str()))
    }
}

fn is_filler(word: &str) -> bool {
    ["number", "no", "nr", "code"].iter().any(|f| word.eq_ignore_ascii_case(f))
}

fn is_size(code: &str) -> bool {
    code.starts_with('M') && code.get(1..).is_some_and(|t| t.contains('X'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODES: [&str; 6] = ["E203", "F37", "ALARM9", "1803", "0X2310", "E15"];
    const TEXT: [&str; 2] = ["PJ40", "WD40"];

    fn codes(question: &str) -> (Vec<String>, Vec<String>) {
        let found = query_codes(question, &|c| CODES.contains(&c), &|c| TEXT.contains(&c));
        (found.known, found.unknown)
    }

    #[test]
    fn a_known_code_is_found_however_it_is_written_or_said() {
        for question in [
            "What does E203 mean?",
            "e203",
            "E-203",
            "E 203 on the pump",
            "e-2-0-3",
            "alarm e two oh three please",
            "E two hundred and three",
            "echo two zero three",
        ] {
            assert_eq!(codes(question), (vec!["E203".into()], vec![]), "{question}");
        }
        assert_eq!(codes("fault f thirty seven").0, ["F37"]);
        assert_eq!(codes("fault 37").0, ["F37"]);
        assert_eq!(codes("grbl alarm nine what happened").0, ["ALARM9"]);
        assert_eq!(codes("error code nine").0, ["ALARM9"]);
        assert_eq!(codes("alarm one eight zero three").0, ["1803"]);
        assert_eq!(codes("what is 1803 on the generator").0, ["1803"]);
        assert_eq!(codes("fault 0x2310").0, ["0X2310"]);
        assert_eq!(codes("error e fifteen").0, ["E15"]);
    }

    #[test]
    fn an_unknown_code_is_named() {
        assert_eq!(codes("What does E999 mean?"), (vec![], vec!["E999".into()]));
        assert_eq!(codes("error e nine nine nine").1, ["E999"]);
        assert_eq!(codes("alarm 9999").1, ["ALARM 9999"]);
        assert_eq!(codes("alarm code nine nine nine nine").1, ["ALARM 9999"]);
        assert_eq!(codes("fault F4").1, ["F4"]);
        assert_eq!(codes("Does the HPU-75 have it?").1, ["HPU75"]);
    }

    #[test]
    fn sizes_quantities_standards_and_models_are_no_codes() {
        for question in [
            "torque for M16 bolts",
            "M16x60",
            "M 16",
            "an m sixteen bolt",
            "24V supply",
            "400 V",
            "at 50Hz",
            "is it IP65?",
            "ISO 4413",
            "iso vg 46",
            "45 Nm",
            "the PJ-40",
            "p j forty",
            "use WD40",
            "a 12 mm bolt",
            "after 10 minutes",
            "warning 24 V",
            "is there a twenty bar limit",
            "what's 24 plus 3",
            "the 12 bolts",
            "3 x 50",
            "what torque in N m for the 20 bolts",
            "I 12",
            "",
        ] {
            assert_eq!(codes(question), (vec![], vec![]), "{question}");
        }
    }

    #[test]
    fn spoken_candidates_are_the_known_ones() {
        assert_eq!(spoken_candidates("fault f thirty seven", &|c| c == "F37"), ["F37"]);
        assert!(spoken_candidates("fault f thirty eight", &|c| c == "F37").is_empty());
    }

    proptest! {
        #[test]
        fn any_question_is_read_without_harm(question in "\\PC{0,80}") {
            let found = query_codes(&question, &|c| c.len() % 2 == 0, &|_| false);
            for span in found.spans {
                prop_assert!(span.of(&question).is_some());
            }
        }
    }
}
