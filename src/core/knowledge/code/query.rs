//! The codes that a question asks for, written or spoken.

mod letters;
mod names;
mod numbers;

use std::collections::BTreeSet;

use super::near::{self, Near};
use super::question::Question;
use super::shapes::Shapes;
use super::words::STANDARDS;
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

impl Hit {
    fn new(code: String, what: What, from: usize, end: usize) -> Self {
        Hit { code, what, from, end }
    }
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

    /// The first of `prefix` with `digits`, or with zeros before them or without, that the
    /// index has.
    fn variant(&self, prefix: &str, digits: &str) -> Option<String> {
        let pad = self.lookup.shapes.pads(prefix);
        variants(prefix, digits, pad).into_iter().find(|code| self.known(code))
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
            return Some(Hit::new(code, What::Known, at, at + 1));
        }
        // A recogniser may cut a code in two: "E2 03".
        let cut =
            self.question.readings(at + 1).into_iter().find(|(more, _)| self.known(&format!("{code}{more}")));
        if let Some((more, end)) = cut
            && self.question.gap(at + 1) == " "
            && !self.known(&code)
        {
            return Some(Hit::new(format!("{code}{more}"), What::Known, at, end));
        }
        let fits = self.lookup.shapes.fits(&code);
        let two_capitals = letters >= 2 && self.question.is_upper(at);
        let enough = hex || fits || digits >= 2 || two_capitals || self.coded(at);
        // "M16x60": what follows the digits makes it a size.
        self.judge(&code, at, at + 1, enough && !is_size(&code))
    }

    /// A code-shaped word: known, unknown where `enough` speaks for it, or nothing.
    fn judge(&self, code: &str, from: usize, end: usize, enough: bool) -> Option<Hit> {
        if self.known(code) {
            return Some(Hit::new(code.to_owned(), What::Known, from, end));
        }
        // Where the index has such codes, only what is said of bolts is a size.
        let size = is_designation(code) && (!self.lookup.shapes.lists(code) || self.is_about_sizes());
        if size || (self.lookup.in_text)(code) || self.after_standard(from) {
            return Some(Hit::new(code.to_owned(), What::Other, from, end));
        }
        enough.then(|| Hit::new(code.to_owned(), What::Unknown, from, end))
    }

    fn is_about_sizes(&self) -> bool {
        #[rustfmt::skip]
        const SIZED: &[&str] = &[
            "bolt", "bolts", "screw", "screws", "nut", "nuts", "thread", "threads", "stud", "studs", "torque",
            "tighten", "washer", "perno", "pernos", "tornillo", "tornillos", "tuerca", "tuercas", "rosca", "par",
            "apriete", "栓", "钉", "螺", "扭", "矩",
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
