//! The codes that a question asks for, written or spoken.

use std::collections::BTreeSet;

use super::near::{self, Near};
use super::question::Question;
use super::shapes::Shapes;
use super::words::{Class, REPORTS, STANDARDS, is_filler, is_unit, name_of, words_of};
use super::{is_designation, normalise};
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
    /// Of a spoken question: other codes of the index that what was said may have been. The
    /// answer is to ask which.
    pub near: Vec<Near>,
}

/// What the codes of a question are looked up in.
pub struct Lookup<'a> {
    /// Has the index this canonical form as a code?
    pub known: &'a dyn Fn(&str) -> bool,
    /// Does it occur in the manuals at all (a model, a size, a terminal)? Such a word is no
    /// unknown code.
    pub in_text: &'a dyn Fn(&str) -> bool,
    /// The shapes that the codes of the index have.
    pub shapes: &'a Shapes,
    /// Was the question heard rather than typed?
    pub spoken: bool,
}

/// The codes in `question`; see [`codes_asked`]. No shapes are known, and it was typed.
pub fn query_codes(
    question: &str,
    known: &impl Fn(&str) -> bool,
    in_text: &impl Fn(&str) -> bool,
) -> QueryCodes {
    codes_asked(question, &Lookup { known, in_text, shapes: &Shapes::default(), spoken: false })
}

/// The known codes that a spoken question may mean ("e two oh three" → "E203").
pub fn spoken_candidates(question: &str, known: &impl Fn(&str) -> bool) -> Vec<String> {
    query_codes(question, known, &|_| true).known
}

/// The codes in `question`, in English, Spanish or Chinese, written or spoken.
///
/// An unknown code has the shape of one and is neither a quantity, nor a thread size, nor a
/// standard, nor anything else that the manuals name: letters with two digits or more, two
/// capitals with a digit, a number after a code word, a name of capitals with underscores,
/// or whatever fits a shape that this index has.
pub fn codes_asked(question: &str, lookup: &Lookup<'_>) -> QueryCodes {
    let query = Query { question: Question::of(question), lookup };
    let mut found = QueryCodes::default();
    let mut at = 0;
    while at < query.question.words.len() {
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
        found.spans.push(query.question.span(hit.from, hit.end));
        if list.contains(&hit.code) {
            continue;
        }
        if lookup.spoken && hit.what == What::Known {
            let heard = near::Heard::of(&query.question, hit.from, hit.end);
            found.near.extend(near::heard(&hit.code, &heard, lookup.known));
        }
        list.push(hit.code);
    }
    // Said beside another code, a neighbour is no question.
    let known: BTreeSet<&String> = found.known.iter().collect();
    found.near.retain(|near| !known.contains(&near.code));
    found
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

struct Query<'q> {
    question: Question,
    lookup: &'q Lookup<'q>,
}

/// The letters of a code, before its digits.
struct Prefix {
    letters: String,
    /// The word after it.
    end: usize,
    /// May it make an unknown code without a code word before it?
    clear: bool,
    /// Is it a word that means something else unless a code word stands before it?
    weak: bool,
}

/// Words of an identifier that are said one by one ("max endstop pressed").
const LONGEST_NAME: usize = 7;
/// An identifier of fewer letters could be any two words.
const SHORTEST_NAME: usize = 6;
/// Letters of a code that has no digits.
const MOST_LETTERS: usize = 4;

impl Query<'_> {
    fn at(&self, at: usize) -> Option<Hit> {
        self.named(at)
            .or_else(|| self.joined(at))
            .or_else(|| self.written(at))
            .or_else(|| self.lettered(at))
            .or_else(|| self.setting(at))
            .or_else(|| self.numbered(at))
            .or_else(|| self.letters_only(at))
            .or_else(|| self.bare(at))
    }

    fn known(&self, code: &str) -> bool {
        (self.lookup.known)(code)
    }

    fn text(&self, at: usize) -> &str {
        self.question.text(at)
    }

    fn coded(&self, at: usize) -> bool {
        self.question.class_before(at).is_some()
    }

    fn hit(&self, code: String, what: What, from: usize, end: usize) -> Option<Hit> {
        Some(Hit { code, what, from, end })
    }

    /// The first of `prefix` with `digits`, or with zeros before them or without, that the
    /// index has.
    fn variant(&self, prefix: &str, digits: &str) -> Option<String> {
        let pad = self.lookup.shapes.pads(prefix);
        variants(prefix, digits, pad).into_iter().find(|code| self.known(code))
    }

    /// An identifier: written (`MAX_ENDSTOP_PRESSED`), or its words said one by one.
    fn named(&self, at: usize) -> Option<Hit> {
        let mut end = at + 1;
        while self.question.gap(end) == "_" && end < self.question.words.len() {
            end += 1;
        }
        if end > at + 1 {
            let code: String = (at..end).map(|i| normalise(self.text(i))).collect();
            let capitals = (at..end).all(|i| {
                let word = self.question.words.get(i);
                word.is_some_and(|w| w.upper || w.lower.chars().all(|c| c.is_ascii_digit()))
            });
            return self.judge(&code, at, end, capitals);
        }
        let starts = self.text(at).starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || self.question.numeral(at).is_some() {
            return None;
        }
        let mut joined = vec![(normalise(self.text(at)), at + 1)];
        for i in at + 1..(at + LONGEST_NAME).min(self.question.words.len()) {
            if self.question.gap(i).contains(['.', ',', ';', '?', '!', ':']) || self.question.is_han(i) {
                break;
            }
            let said = match self.question.numeral(i) {
                Some(super::spoken::Numeral::Unit(n)) => n.to_string(),
                _ => normalise(self.text(i)),
            };
            let before = joined.last().map(|(code, _)| code.as_str()).unwrap_or_default();
            joined.push((format!("{before}{said}"), i + 1));
        }
        let one = joined.remove(0);
        let letters = |code: &str| code.chars().filter(|c| c.is_alphabetic()).count();
        let long = joined
            .into_iter()
            .rev()
            .find(|(code, _)| letters(code) >= SHORTEST_NAME && code.len() > one.0.len() && self.known(code));
        if let Some((code, end)) = long {
            if self.question.class(at).is_some() {
                // "Alarm nine" is found with its code word by `numbered`; in "error drive
                // fault" the code word may be none of the name.
                let plain = code.chars().all(|c| !c.is_ascii_digit());
                if !plain || self.named(at + 1).is_some_and(|inner| inner.what == What::Known) {
                    return None;
                }
            }
            return self.hit(code, What::Known, at, end);
        }
        let single = letters(&one.0) >= SHORTEST_NAME && one.0.chars().all(char::is_alphabetic);
        let pointed_at = self.question.is_upper(at) || self.coded(at);
        (single && pointed_at && self.question.class(at).is_none() && self.known(&one.0))
            .then(|| self.hit(one.0, What::Known, at, at + 1))
            .flatten()
    }

    /// A code of several parts: "P9-64", "A1.02", "X1:5", "6204-2RS".
    fn joined(&self, at: usize) -> Option<Hit> {
        let mut written = self.text(at).to_uppercase();
        let mut longest = None;
        for i in at + 1..(at + 4).min(self.question.words.len()) {
            let gap = self.question.gap(i);
            if !matches!(gap, "-" | "." | ":" | "/") {
                break;
            }
            written = format!("{written}{gap}{}", self.text(i).to_uppercase());
            let code = normalise(&written);
            let mixed = code.contains(|c: char| c.is_ascii_digit());
            if mixed && self.known(&code) {
                longest = self.hit(code, What::Known, at, i + 1);
            } else if longest.is_none() && self.lookup.shapes.fits_written(&written) {
                longest = self.judge(&code, at, i + 1, true);
            }
        }
        longest
    }

    /// A code in one word: "E203", "0x2310", "P0A80", "Err30".
    fn written(&self, at: usize) -> Option<Hit> {
        let code = normalise(self.text(at));
        let hex =
            code.strip_prefix("0X").is_some_and(|d| d.len() >= 2 && d.chars().all(|c| c.is_ascii_hexdigit()));
        let letters = code.chars().take_while(char::is_ascii_alphabetic).count();
        let (prefix, tail) = code.split_at_checked(letters)?;
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        let shaped = (1..=5).contains(&letters)
            && tail.starts_with(|c: char| c.is_ascii_digit())
            && tail.chars().all(|c| c.is_ascii_alphanumeric())
            && tail.len() <= 5
            && tail.len() - digits <= 2;
        if !code.is_ascii() || !(hex || shaped) {
            return None;
        }
        if tail.len() == digits
            && let Some(code) = self.variant(prefix, tail)
        {
            return self.hit(code, What::Known, at, at + 1);
        }
        let fits = self.lookup.shapes.fits(&code);
        let two_capitals = letters >= 2 && self.question.is_upper(at);
        let enough = hex || fits || digits >= 2 || two_capitals || self.coded(at);
        // "M16x60": what follows the digits makes it a size.
        self.judge(&code, at, at + 1, enough && !is_size(&code))
    }

    /// Letters, then digits: "E 203", "e-2-0-3", "f thirty seven", "efe tres siete", "PJ-40".
    fn lettered(&self, at: usize) -> Option<Hit> {
        let coded = self.coded(at);
        // "3 x 50": a letter between numbers is no code's.
        let counted = at.checked_sub(1).is_some_and(|i| {
            self.question.numeral(i).is_some() && !matches!(self.text(i), "un" | "una" | "uno" | "one")
        });
        if counted && !coded {
            return None;
        }
        let prefix = self.prefix(at)?;
        if prefix.weak && !coded {
            return None;
        }
        let readings = self.question.readings(self.question.past_separators(prefix.end));
        for (digits, end) in &readings {
            if let Some(longer) = self.continued(&format!("{}{digits}", prefix.letters), at, *end) {
                return Some(longer);
            }
            if let Some(code) = self.variant(&prefix.letters, digits) {
                return self.hit(code, What::Known, at, *end);
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = format!("{}{digits}", prefix.letters);
        let fits = prefix.clear && self.lookup.shapes.fits(&code);
        let enough = coded || fits || (prefix.clear && digits.len() >= 2);
        let quantity = is_unit(self.text(end)) && !(coded && is_weak_unit(self.text(end)));
        self.judge(&code, at, end, enough && !quantity)
    }

    /// A code that goes on after its first digits: "p zero a eight zero", "e zero one a".
    fn continued(&self, code: &str, at: usize, end: usize) -> Option<Hit> {
        let letter = self.question.letter(end)?;
        let code = format!("{code}{}", letter.letter);
        let end = end + letter.words;
        let more =
            self.question.readings(end).into_iter().map(|(digits, end)| (format!("{code}{digits}"), end));
        let (code, end) = more.chain([(code.clone(), end)]).find(|(code, _)| self.known(code))?;
        self.hit(code, What::Known, at, end)
    }

    fn prefix(&self, at: usize) -> Option<Prefix> {
        let mut prefix = Prefix { letters: String::new(), end: at, clear: true, weak: true };
        while prefix.letters.len() < MOST_LETTERS
            && let Some(letter) = self.question.letter(prefix.end)
        {
            let capital = self.question.words.get(prefix.end).is_some_and(|w| w.capital);
            let word = self.text(prefix.end);
            let weak =
                matches!(word, "a" | "de" | "te" | "y" | "o" | "u" | "i") && !(capital && prefix.end > 0);
            prefix.letters.push(letter.letter);
            prefix.clear &= letter.sure;
            prefix.weak &= weak;
            prefix.end += letter.words;
        }
        if !prefix.letters.is_empty() {
            return Some(prefix);
        }
        // "PJ-40", "HPU 60", "err dash 30": a short word that a number follows.
        let word = self.text(at);
        let short = (2..=4).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphabetic());
        let hyphen = self.question.gap(at + 1) == "-";
        let plain = self.question.numeral(at).is_none() && self.question.class(at).is_none();
        (short && plain && !is_filler(word)).then(|| Prefix {
            letters: word.to_uppercase(),
            end: at + 1,
            clear: hyphen && self.question.is_upper(at),
            weak: false,
        })
    }

    /// "$130", "dollar one three zero".
    fn setting(&self, at: usize) -> Option<Hit> {
        if self.text(at) != "$" {
            return None;
        }
        let readings = self.question.readings(at + 1);
        let known = readings.iter().find_map(|(digits, end)| Some((self.variant("$", digits)?, *end)));
        if let Some((code, end)) = known {
            return self.hit(code, What::Known, at, end);
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = format!("${digits}");
        self.lookup.shapes.has_prefix("$").then(|| self.hit(code, What::Unknown, at, end)).flatten()
    }

    /// A number after code words: "alarm 1803", "error code one five", "fault bit 61",
    /// "código de fallo 15", "故障代码15".
    fn numbered(&self, at: usize) -> Option<Hit> {
        let mut classes = vec![self.question.class(at)?];
        let mut start = at + 1;
        loop {
            match self.question.class(start) {
                Some(class) => classes.push(class),
                None if is_filler(self.text(start)) => {}
                None => break,
            }
            start += 1;
        }
        let readings = self.question.readings(start);
        let first = readings.first()?.1;
        // 报警一直响: a lone numeral with a counter is no number of an alarm.
        let counted = self.question.is_han(start) && first == start + 1 && self.question.is_han(first);
        if counted && is_unit(self.text(first)) {
            return None;
        }
        for (digits, end) in &readings {
            if let Some(code) = self.of_classes(&classes, digits) {
                return self.hit(code, What::Known, at, *end);
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = self.unknown_number(&classes, &digits, start, end)?;
        self.hit(code, What::Unknown, at, end)
    }

    /// The code that the index has for a number after words of `classes`.
    fn of_classes(&self, classes: &[Class], digits: &str) -> Option<String> {
        let shapes = self.lookup.shapes;
        let with = |class: &Class| words_of(*class).iter().find_map(|w| self.variant(&normalise(w), digits));
        let specific = || classes.iter().rev().filter(|c| **c != Class::Code);
        if let Some(code) = specific().find_map(with) {
            return Some(code);
        }
        if classes.contains(&Class::Setting)
            && let Some(code) = self.variant("$", digits)
        {
            return Some(code);
        }
        if let Some(code) = self.variant("", digits) {
            return Some(code);
        }
        // "Fault code 9": any word that the manual has. A number of three digits or more is
        // clear enough whatever the word is, and so is one under a word of which the index
        // has no numbers.
        let none = !shapes.is_empty() && !specific().any(|c| shapes.has_word(*c));
        let open = specific().next().is_none() || digits.len() >= 3 || none && digits != "1";
        if open && let Some(code) = REPORTS.iter().chain([&Class::Bit]).find_map(with) {
            return Some(code);
        }
        // "Fault 37" may be F37.
        let initial = specific().find_map(|class| self.variant(name_of(*class).get(..1)?, digits));
        initial.or_else(|| self.under_any_prefix(digits))
    }

    /// Where only one letter of the index's codes goes with the number, it is meant.
    fn under_any_prefix(&self, digits: &str) -> Option<String> {
        let mut found = self.lookup.shapes.prefixes().filter_map(|prefix| self.variant(prefix, digits));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn unknown_number(&self, classes: &[Class], digits: &str, start: usize, end: usize) -> Option<String> {
        let shapes = self.lookup.shapes;
        let unit = self.text(end);
        if (is_unit(unit) && !is_weak_unit(unit)) || self.follows(end, ["%", "°"]) {
            return None;
        }
        let class = classes.iter().rev().find(|c| **c != Class::Code);
        let reports = classes.iter().any(|c| REPORTS.contains(c));
        // Every machine has parameters and bits; only where the index numbers them is one missing.
        if matches!(class, Some(Class::Setting | Class::Bit)) && !reports {
            let numbered = class.is_some_and(|c| shapes.has_word(*c)) || shapes.has_prefix("$");
            if !numbered {
                return None;
            }
        }
        // "Alarm one more time": one spoken word is too little to call it a code, unless the
        // index numbers its alarms.
        let written = self.text(start).starts_with(|c: char| c.is_ascii_digit());
        let said = end == start + 1 && !written;
        let numbers = digits != "1" && class.is_some_and(|c| shapes.has_word(*c));
        if said && !numbers {
            return None;
        }
        Some(class.map_or_else(|| digits.to_owned(), |class| format!("{} {digits}", name_of(*class))))
    }

    fn follows(&self, at: usize, signs: [&str; 2]) -> bool {
        at < self.question.words.len() && signs.iter().any(|s| self.question.gap(at).starts_with(s))
    }

    /// A code of letters alone: "HE", "código h e", "hache e".
    fn letters_only(&self, at: usize) -> Option<Hit> {
        let coded = self.coded(at);
        let word = self.text(at);
        let short = (1..=MOST_LETTERS).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphabetic());
        if short && (self.question.is_upper(at) || coded) && (word.len() > 1 || coded) {
            let code = word.to_uppercase();
            // "Fault is": the words after a code word are mostly no codes.
            let capitals = self.question.is_upper(at);
            if self.known(&code)
                && (capitals || self.question.letter(at).is_none_or(|l| l.sure))
                && word.len() > 1
            {
                return self.hit(code, What::Known, at, at + 1);
            }
            if self.known(&code) && capitals {
                return self.hit(code, What::Known, at, at + 1);
            }
            let fits = self.lookup.shapes.fits_letters(&code);
            if coded && capitals && word.len() > 1 && fits && !(self.lookup.in_text)(&code) {
                return self.hit(code, What::Unknown, at, at + 1);
            }
        }
        let prefix = self.prefix(at).filter(|p| p.letters.len() >= 2 && p.end > at + 1)?;
        let said_as_words = prefix.weak || !prefix.clear && !coded && self.is_sentence(at, prefix.end);
        if self.known(&prefix.letters) && (coded || !said_as_words) {
            return self.hit(prefix.letters, What::Known, at, prefix.end);
        }
        let fits = self.lookup.shapes.fits_letters(&prefix.letters);
        (coded && fits).then(|| self.hit(prefix.letters, What::Unknown, at, prefix.end)).flatten()
    }

    /// Are all of these letters words by themselves ("e a")?
    fn is_sentence(&self, from: usize, end: usize) -> bool {
        (from..end).all(|i| self.question.letter(i).is_none_or(|l| !l.sure))
    }

    /// A bare number that is some entry's code: "what is 1803"; 15号报警.
    fn bare(&self, at: usize) -> Option<Hit> {
        self.question.numeral(at)?;
        let readings = self.question.readings(at);
        for (digits, end) in &readings {
            let class = match self.text(*end) {
                "号" => self.question.class(end + 1).map(|class| (class, end + 2)),
                _ => self.question.class(*end).filter(|_| self.question.is_han(*end)).map(|c| (c, end + 1)),
            };
            if let Some((class, end)) = class
                && let Some(code) = self.of_classes(&[class], digits)
            {
                return self.hit(code, What::Known, at, end);
            }
            if digits.len() < 3 || is_unit(self.text(*end)) || self.follows(*end, ["%", "°"]) {
                continue;
            }
            let prefixes = std::iter::once(String::new())
                .chain(REPORTS.iter().chain([&Class::Code]).flat_map(|c| words_of(*c)).map(|w| normalise(w)));
            if let Some(code) = prefixes.map(|w| format!("{w}{digits}")).find(|c| self.known(c)) {
                return self.hit(code, What::Known, at, *end);
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let class = self.question.class(end).filter(|c| *c != Class::Setting && *c != Class::Bit)?;
        let adjacent = self.question.is_han(end) && self.question.gap(end).is_empty();
        let code = if class == Class::Code { digits.clone() } else { format!("{} {digits}", name_of(class)) };
        (adjacent && digits.len() >= 3).then(|| self.hit(code, What::Unknown, at, end + 1)).flatten()
    }

    /// A code-shaped word: known, unknown where `enough` speaks for it, or nothing.
    fn judge(&self, code: &str, from: usize, end: usize, enough: bool) -> Option<Hit> {
        if self.known(code) {
            return self.hit(code.to_owned(), What::Known, from, end);
        }
        // Where the index has such codes, only what is said of bolts is a size.
        let size = is_designation(code) && !(self.lookup.shapes.fits(code) && !self.is_about_sizes());
        if size || (self.lookup.in_text)(code) || self.after_standard(from) {
            return self.hit(code.to_owned(), What::Other, from, end);
        }
        enough.then(|| self.hit(code.to_owned(), What::Unknown, from, end)).flatten()
    }

    fn is_about_sizes(&self) -> bool {
        const SIZED: &[&str] = &[
            "bolt",
            "bolts",
            "screw",
            "screws",
            "nut",
            "nuts",
            "thread",
            "threads",
            "stud",
            "studs",
            "torque",
            "tighten",
            "washer",
            "perno",
            "pernos",
            "tornillo",
            "tornillos",
            "tuerca",
            "tuercas",
            "rosca",
            "par",
            "apriete",
            "栓",
            "钉",
            "螺",
            "扭",
            "矩",
        ];
        self.question.words.iter().any(|w| SIZED.contains(&w.lower.as_str()))
    }

    fn after_standard(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|i| STANDARDS.contains(&self.text(i).to_uppercase().as_str()))
    }
}

/// Units that are words of their own after a code: "error 15 in the pump".
fn is_weak_unit(word: &str) -> bool {
    matches!(word, "in" | "a" | "de" | "m" | "s" | "h" | "点" | "会" | "路" | "相")
}

fn is_size(code: &str) -> bool {
    code.starts_with('M') && code.get(1..).is_some_and(|t| t.contains('X'))
}

/// A code's letters with its digits, as they are and with other zeros before them.
fn variants(prefix: &str, digits: &str, pad: bool) -> Vec<String> {
    /// Codes are padded to this many digits at most.
    const WIDEST: usize = 5;
    let bare = digits.trim_start_matches('0');
    let bare = if bare.is_empty() { "0" } else { bare };
    let mut out = vec![format!("{prefix}{digits}")];
    if pad {
        let widths = bare.len()..=WIDEST.max(bare.len());
        out.extend(widths.map(|width| format!("{prefix}{bare:0>width$}")));
    }
    out
}

#[cfg(test)]
mod tests;
