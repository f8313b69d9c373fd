//! Plain English prose to words. The text is read chunk by chunk (what stands between two
//! spaces); each chunk is an amount, a code or words, and an amount looks one chunk ahead
//! for its unit.

use std::sync::LazyLock;

use regex::Regex;

use super::amount::{Amount, begins_amount};
use super::code::{self, Class};
use super::words::Words;
use super::{number, unit};

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("max.", "maximum"),
    ("min.", "minimum"),
    ("approx.", "approximately"),
    ("ca.", "about"),
    ("no.", "number"),
    ("nos.", "numbers"),
    ("fig.", "figure"),
    ("sec.", "section"),
    ("temp.", "temperature"),
    ("incl.", "including"),
    ("vs.", "versus"),
    ("e.g.", "for example"),
    ("i.e.", "that is"),
    ("resp.", "respectively"),
    ("a.m.", "AM"),
    ("p.m.", "PM"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

static PATTERNS: LazyLock<Patterns> = LazyLock::new(Patterns::new);

struct Patterns {
    /// Web and mail addresses: nothing that an ear can use.
    address: Regex,
    /// "[1]", "[2, 3]": citation marks are for the eye.
    citation: Regex,
    /// "1 250" with a no-break or thin space.
    thousands: Regex,
    hexadecimal: Regex,
    thread: Regex,
    date: Regex,
    time: Regex,
    version: Regex,
    ordinal: Regex,
}

impl Patterns {
    #[expect(clippy::expect_used, reason = "the patterns are constants; a test compiles them")]
    fn new() -> Self {
        let re = |p: &str| Regex::new(p).expect("a constant pattern");
        Self {
            address: re(r"(?i)\b(?:https?://|www\.|mailto:)[^\s)>\]]+|\b[\w.+-]+@[\w-]+\.[\w.-]+\b"),
            citation: re(r"\s*\[\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\]"),
            thousands: re(r"(\d)[\u{00A0}\u{2009}\u{202F}](\d{3})\b"),
            hexadecimal: re(r"^0[xX]([0-9A-Fa-f]+)$"),
            thread: re(r"^M(\d{1,3}(?:\.\d)?)((?:[x×]\d+(?:\.\d+)?)*)$"),
            date: re(r"^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"),
            time: re(r"^([01]\d|2[0-3]):([0-5]\d)$"),
            version: re(r"^(v?)(\d+(?:\.\d+){2,})$"),
            ordinal: re(r"^(\d{1,6})(?:st|nd|rd|th)$"),
        }
    }
}

/// The words of `prose`.
pub(super) fn read(prose: &str) -> String {
    let plain = normalise(prose);
    let mut reader = Reader { chunks: plain.split_whitespace().collect(), at: 0, out: Words::default() };
    while let Some(chunk) = reader.next() {
        reader.chunk(chunk);
    }
    reader.out.finish()
}

/// One spelling for the many dashes, quotes, digits and spaces of real documents.
fn normalise(prose: &str) -> String {
    let p = &*PATTERNS;
    let text = p.address.replace_all(prose, " ");
    let text = p.citation.replace_all(&text, "");
    let text = p.thousands.replace_all(&text, "${1}${2}");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}' => out.push('-'),
            '\u{2014}' | '\u{2015}' => out.push_str(" - "),
            '\u{2018}' | '\u{2019}' | '\u{02BC}' => out.push('\''),
            '\u{2032}' => out.push('\''),
            '\u{201C}'..='\u{201F}' | '\u{00AB}' | '\u{00BB}' => out.push('"'),
            '\u{FF10}'..='\u{FF19}' => out.extend(char::from_u32(u32::from(c) - 0xFF10 + u32::from('0'))),
            '¼' => out.push_str(" 1/4"),
            '½' => out.push_str(" 1/2"),
            '¾' => out.push_str(" 3/4"),
            '\u{00AD}' | '\u{200B}'..='\u{200D}' | '\u{FEFF}' => {}
            _ => out.push(c),
        }
    }
    out
}

struct Reader<'a> {
    chunks: Vec<&'a str>,
    at: usize,
    out: Words,
}

/// A chunk without the punctuation around it.
struct Core<'a> {
    opens: bool,
    text: &'a str,
    after: &'a str,
}

impl<'a> Core<'a> {
    fn of(chunk: &'a str) -> Self {
        let text = chunk.trim_start_matches(['(', '[', '{', '"', '\'']);
        let opens = chunk.len() > text.len() && chunk.starts_with(['(', '[', '{']);
        let core = text
            .trim_end_matches(['.', ',', ';', ':', '?', '!', '(', ')', '[', ']', '{', '}', '"', '\'', '…']);
        Self { opens, text: core, after: &text[core.len()..] }
    }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let chunk = self.chunks.get(self.at).copied();
        self.at += usize::from(chunk.is_some());
        chunk
    }

    fn peek(&self, ahead: usize) -> &'a str {
        self.chunks.get(self.at + ahead).copied().unwrap_or("")
    }

    fn chunk(&mut self, chunk: &str) {
        if let Some((_, words)) =
            ABBREVIATIONS.iter().find(|(a, _)| chunk.trim_start_matches('(').eq_ignore_ascii_case(a))
            && !self.peek(0).is_empty()
        {
            if chunk.starts_with('(') {
                self.out.pause(',');
            }
            return self.out.say(words);
        }
        let core = Core::of(chunk);
        if core.opens {
            self.out.pause(',');
        }
        if core.text.is_empty() {
            return self.out.punctuate(core.after);
        }
        // An inch mark is no closing quote.
        let inches = core.after.starts_with('"')
            && core.text.ends_with(|c: char| c.is_ascii_digit())
            && !chunk.starts_with('"');
        let dash_between_numbers = self.out.amount && begins_amount(self.peek(0));
        let mut after = core.after;
        match core.text {
            "-" | "~" if dash_between_numbers => self.out.say("to"),
            "x" | "×" if dash_between_numbers => self.out.say("by"),
            "-" => self.out.pause(','),
            text => match self.amount(text, inches, core.after) {
                Some(rest) => after = rest,
                None => self.words(text),
            },
        }
        self.out.punctuate(after);
    }

    /// Reads `text` as an amount, with the unit that may follow in the next chunk. Gives
    /// back the punctuation after it.
    fn amount<'t>(&mut self, text: &str, inches: bool, after: &'t str) -> Option<&'t str>
    where
        'a: 't,
    {
        if let Some(words) = special(text) {
            self.out.say(&words);
            return Some(after);
        }
        let (lead, text) = leading_words(text);
        let mut amount = Amount::parse(text)?;
        let mut after = after;
        let bare = amount.unit.is_none() && amount.tail.is_empty();
        if bare && inches {
            amount.unit = unit::words("\"", amount.one);
            after = &after[1..];
        } else if bare
            && after.is_empty()
            && let Some((words, rest, used)) = self.unit_ahead(amount.one)
        {
            amount.unit = Some(words);
            after = rest;
            self.at += used;
        }
        if amount.unit.is_none() && amount.plain && self.out.names_a_number() {
            self.out.say(&number::digits(text));
            return Some(after);
        }
        self.out.say(&lead);
        if amount.fraction && self.out.amount {
            self.out.say("and");
        }
        self.out.say(&amount.words);
        if let Some(unit) = &amount.unit {
            self.out.say(unit);
        }
        self.words(&amount.tail);
        self.out.amount = true;
        Some(after)
    }

    /// The unit in the next chunk (or two: "N m", "° C"), what punctuation follows it and
    /// how many chunks it takes.
    fn unit_ahead(&self, one: bool) -> Option<(String, &'a str, usize)> {
        let next = self.peek(0);
        if matches!(next, "°" | "N") {
            let second = Core::of(self.peek(1));
            if matches!((next, second.text), ("°", "C" | "F") | ("N", "m")) {
                return Some((unit::words(&format!("{next}{}", second.text), one)?, second.after, 2));
            }
        }
        // "5 in the tank" is no length.
        if next == "in" && !self.peek(1).is_empty() {
            return None;
        }
        // Brackets may belong to the unit: "dB(A)".
        let open = next.trim_end_matches(['.', ',', ';', ':', '?', '!']);
        if let Some(words) = unit::words(open, one) {
            return Some((words, self.stop_after(open, &next[open.len()..]), 1));
        }
        let core = Core::of(next);
        let words = (!core.opens).then(|| unit::words(core.text, one))??;
        Some((words, core.after, 1))
    }

    /// "5 min. at" ends no sentence; "5 min. Then" does.
    fn stop_after(&self, unit: &str, after: &'a str) -> &'a str {
        let abbreviated = matches!(unit, "min" | "sec" | "hr" | "hrs" | "in" | "ft" | "lb" | "lbs");
        let goes_on = self.peek(1).starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit());
        if abbreviated && after == "." && goes_on { "" } else { after }
    }

    /// Anything that is no amount: codes, words, marks between words.
    fn words(&mut self, text: &str) {
        let text = file_name(text).unwrap_or(text);
        if unit::stands_alone(text)
            && let Some(words) = unit::words(text, false)
        {
            return self.out.say(&words);
        }
        let runs = code::runs(text);
        let has = |class| runs.iter().any(|(c, _)| *c == class);
        let named = runs.iter().any(|(c, run)| *c == Class::Digit && run.len() > 1 && run.starts_with('0'));
        if has(Class::Digit) && (has(Class::Letter) || named) {
            return self.out.say(&code::read(text));
        }
        for (i, (class, run)) in runs.iter().enumerate() {
            match class {
                Class::Digit => self.out.say(&number::integer(run)),
                Class::Letter => self.out.say(run),
                Class::Mark => {
                    let before = i.checked_sub(1).and_then(|i| runs.get(i));
                    let inside = i + 1 < runs.len();
                    match (*run, before) {
                        (".", Some((Class::Digit, _))) if inside => self.out.say("point"),
                        (".", Some((Class::Letter, word))) if inside && word.len() > 1 => self.out.say("dot"),
                        ("," | ";" | ":", _) if inside => self.out.pause(','),
                        (mark, _) => self.out.say(mark_words(mark)),
                    }
                }
            }
        }
    }
}

/// Whole-chunk forms that only look like amounts.
fn special(text: &str) -> Option<String> {
    let p = &*PATTERNS;
    if let Some(c) = p.hexadecimal.captures(text) {
        return Some(code::hexadecimal(&c[1]));
    }
    if let Some(c) = p.thread.captures(text) {
        let sizes: Vec<String> =
            std::iter::once(&c[1]).chain(c[2].split(['x', '×']).skip(1)).map(number::number).collect();
        return Some(format!("M {}", sizes.join(" by ")));
    }
    if let Some(c) = p.date.captures(text) {
        let month = c[2].parse::<usize>().ok().and_then(|m| MONTHS.get(m.checked_sub(1)?))?;
        return Some(format!(
            "{} {month} {}",
            number::integer(c[3].trim_start_matches('0')),
            number::integer(&c[1])
        ));
    }
    if let Some(c) = p.time.captures(text) {
        return Some(format!("{} {}", number::integer(&c[1]), number::integer(&c[2])));
    }
    if let Some(c) = p.version.captures(text) {
        let parts: Vec<String> = c[2].split('.').map(number::integer).collect();
        let lead = if c[1].is_empty() { "" } else { "version " };
        return Some(format!("{lead}{}", parts.join(" point ")));
    }
    p.ordinal.captures(text).map(|c| number::ordinal(&c[1]))
}

/// Comparison and other marks in front of a number, as words.
fn leading_words(text: &str) -> (String, &str) {
    let rest = text.trim_start_matches(['<', '>', '≤', '≥', '≈', '~', '=', '#', 'Ø', '⌀', '@', '§']);
    let marks = text[..text.len() - rest.len()].replace("<=", "≤").replace(">=", "≥");
    let words: Vec<&str> = marks.chars().map(|c| mark_words(c.encode_utf8(&mut [0; 4]))).collect();
    (words.join(" "), rest)
}

/// What a mark is called; empty where it is not for the ear.
fn mark_words(mark: &str) -> &'static str {
    match mark {
        "±" => "plus or minus",
        "+" => "plus",
        "-" | "/" | "_" | "\\" => "",
        "=" => "equals",
        "<" => "less than",
        ">" => "more than",
        "≤" => "at most",
        "≥" => "at least",
        "≈" | "~" => "about",
        "×" => "by",
        "#" => "number",
        "Ø" | "⌀" | "ø" => "diameter",
        "@" => "at",
        "§" => "section",
        "&" => "and",
        "%" => "percent",
        "°" => "degrees",
        "²" => "squared",
        "³" => "cubed",
        "Ω" => "ohms",
        "€" => "euros",
        "$" => "dollars",
        _ => "",
    }
}

/// "/etc/pump/limits.conf" → "limits.conf": the folders say nothing to an ear.
fn file_name(text: &str) -> Option<&str> {
    let drive = text.get(1..3).is_some_and(|d| d == ":\\" || d == ":/");
    let rooted = text.starts_with(['/', '\\']) || text.starts_with("~/");
    let deep = text.matches(['/', '\\']).count() > 1;
    if !(drive || (rooted && deep)) {
        return None;
    }
    text.rsplit(['/', '\\']).find(|part| !part.is_empty())
}
