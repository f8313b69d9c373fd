//! AsciiDoc's inline markup taken off: marks, macros, references, attributes.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::core::knowledge::read::single_spaced;
use crate::core::knowledge::read::tags::{raised, unescaped};

/// References may make the words this much longer than the file, in bytes: a short name for
/// a long value, used again and again, must not fill the memory.
const MOST_GROWTH: usize = 4 << 20;

/// Attributes of the document by name.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    values: BTreeMap<String, String>,
    grown: Cell<usize>,
}

impl Attributes {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if value.len() <= 200 && self.values.len() < 1000 {
            self.values.insert(name.to_lowercase(), value.to_owned());
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&String> {
        self.values.get(name)
    }

    /// The value of a name in the words.
    fn reference(&self, name: &str) -> Option<&String> {
        let value = self.values.get(name)?;
        let grown = self.grown.get() + value.len();
        self.grown.set(grown);
        (grown <= MOST_GROWTH).then_some(value)
    }
}

/// The words of `raw`, without inline markup and with single spaces.
pub(super) fn words(raw: &str, attributes: &Attributes) -> String {
    let text = referenced(raw, attributes);
    let text = macros(&text);
    let text = marks(&text);
    single_spaced(&unescaped(&text))
}

/// `{name}` replaced by what the document says it is; an unknown one stays.
fn referenced(raw: &str, attributes: &Attributes) -> String {
    static REFERENCE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\{([A-Za-z0-9_][\w-]{0,40})\}").ok());
    let Some(reference) = REFERENCE.as_ref().filter(|_| raw.contains('{')) else { return raw.to_owned() };
    reference
        .replace_all(raw, |found: &Captures<'_>| {
            let name = found.get(1).map_or("", |m| m.as_str()).to_lowercase();
            let known = match name.as_str() {
                "nbsp" | "sp" => " ",
                "empty" | "zwsp" | "wj" | "blank" => "",
                "deg" => "°",
                "plus" => "+",
                "asterisk" => "*",
                "vbar" => "|",
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "apos" => "'",
                "quot" => "\"",
                "startsb" => "[",
                "endsb" => "]",
                "caret" => "^",
                "tilde" => "~",
                "backslash" => "\\",
                "backtick" => "`",
                "two-colons" => "::",
                _ => match attributes.reference(&name) {
                    Some(value) => return value.clone(),
                    None => return found.get(0).map_or("", |m| m.as_str()).to_owned(),
                },
            };
            known.to_owned()
        })
        .into_owned()
}

/// Macros and references by their words.
fn macros(text: &str) -> String {
    static REFERENCE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<<([^<>,]{1,200})(?:,([^<>]{1,300}))?>>").ok());
    static INDEX: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\(\(\([^()]*\)\)\)|(?:indexterm|anchor|toc):[^\s\[]*\[[^\]]*\]|\[\[[^\[\]]*\]\]").ok()
    });
    static MACRO: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:\b(link|xref|image|icon|kbd|btn|menu|footnote|footnoteref|pass|stem|latexmath|asciimath|mailto|term):([^\s\[]*)|\b((?:https?|ftp)://[^\s\[<>]+))\[([^\]]*)\]").ok()
    });
    static TERM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\(\(([^()]{1,200})\)\)").ok());
    static ROLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\[[.#%]?[\w.,\- ]{1,60}\](#|\*|_|`)").ok());
    let mut out = text.to_owned();
    let replace =
        |out: &mut String, regex: &LazyLock<Option<Regex>>, with: &dyn Fn(&Captures<'_>) -> String| {
            if let Some(regex) = regex.as_ref() {
                *out = regex.replace_all(out, |found: &Captures<'_>| with(found)).into_owned();
            }
        };
    if out.contains(['(', '[']) {
        replace(&mut out, &INDEX, &|_| String::new());
    }
    if out.contains("((") {
        replace(&mut out, &TERM, &|found| found.get(1).map_or("", |m| m.as_str()).to_owned());
    }
    if out.contains("<<") {
        replace(&mut out, &REFERENCE, &|found| {
            found.get(2).or_else(|| found.get(1)).map_or("", |m| m.as_str()).to_owned()
        });
    }
    if out.contains('[') {
        replace(&mut out, &MACRO, &|found| {
            let group = |i: usize| found.get(i).map_or("", |m| m.as_str());
            let inner = group(4).split_once(',').map_or(group(4), |(first, rest)| {
                // In words a comma is a comma; in a link's attributes it ends the words.
                if rest.contains('=') { first } else { group(4) }
            });
            let inner = inner.trim_matches('"');
            match group(1) {
                "footnote" | "footnoteref" => format!(" ({inner})"),
                "menu" => format!("{} > {inner}", group(2)),
                "icon" => String::new(),
                _ if !inner.is_empty() => inner.trim_end_matches('^').to_owned(),
                "" => group(3).to_owned(),
                _ => group(2).to_owned(),
            }
        });
        replace(&mut out, &ROLE, &|found| found.get(1).map_or("", |m| m.as_str()).to_owned());
    }
    out
}

/// Marks around words: `*bold*`, `_em_`, `` `mono` ``, `+as is+`, `#mark#`, `^up^`, `~down~`.
fn marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Marks that do not close any more, so that a text of openings takes linear time.
    let mut open_ended = [false; 7];
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let kind = "*_`+#^~".find(c);
        let Some(kind) = kind else {
            // A line that ends in ` +` only breaks there.
            match c {
                '\\' if rest.get(1..2).is_some_and(|n| "*_`+#^~<{[".contains(n)) => {
                    out.push_str(rest.get(1..2).unwrap_or_default());
                    at += 2;
                }
                _ => {
                    out.push(c);
                    at += c.len_utf8();
                }
            }
            continue;
        };
        let before = out.chars().next_back();
        let inner = rest.get(1..).unwrap_or_default();
        let ended = open_ended.get(kind).copied().unwrap_or(true);
        let found = if ended { None } else { marked(c, before, inner) };
        match found {
            Some(Found::Closed(words, taken)) => {
                match c {
                    '^' => out.push_str(&raised(words)),
                    // What is set as it stands has no marks inside.
                    '`' | '+' => out.push_str(words.trim_matches('+')),
                    _ => out.push_str(&nested(words)),
                }
                at += 1 + taken;
            }
            other => {
                if matches!(other, Some(Found::Never))
                    && let Some(slot) = open_ended.get_mut(kind)
                {
                    *slot = true;
                }
                if c == '+'
                    && before.is_none_or(char::is_whitespace)
                    && inner.trim_start_matches([' ', '\r']).starts_with('\n')
                {
                    // A hard line break.
                } else {
                    out.push(c);
                }
                at += 1;
            }
        }
    }
    out
}

/// Marks inside marks; one level is what manuals use.
fn nested(words: &str) -> String {
    words.trim_matches(['*', '_', '`', '#']).to_owned()
}

enum Found<'t> {
    /// The words, and the bytes after the opening mark up to and with the closing one.
    Closed(&'t str, usize),
    /// No such mark follows at all.
    Never,
}

fn marked(mark: char, before: Option<char>, inner: &str) -> Option<Found<'_>> {
    let doubled = inner.starts_with(mark) && !matches!(mark, '^' | '~');
    if doubled {
        let words = inner.get(1..)?;
        let close = [mark, mark].iter().collect::<String>();
        let end = words.find(&close)?;
        return (end > 0).then(|| Found::Closed(words.get(..end).unwrap_or_default(), end + 3));
    }
    if matches!(mark, '^' | '~') {
        let Some(end) = inner.find(mark) else { return Some(Found::Never) };
        let words = inner.get(..end)?;
        let plain = !words.is_empty() && words.len() <= 24 && !words.contains(char::is_whitespace);
        return plain.then_some(Found::Closed(words, end + 1));
    }
    let opens = before.is_none_or(|c| !c.is_alphanumeric() && c != mark)
        && inner.chars().next().is_some_and(|c| !c.is_whitespace());
    if !opens {
        return None;
    }
    let mut from = 0;
    // A closing mark has words before it and none after it; look at a few.
    for _ in 0..8 {
        let Some(end) = inner.get(from..).and_then(|r| r.find(mark)).map(|e| e + from) else {
            return (from == 0).then_some(Found::Never);
        };
        let words = inner.get(..end)?;
        let after = inner.get(end + 1..).and_then(|r| r.chars().next());
        if end > 0
            && !words.ends_with(char::is_whitespace)
            && after.is_none_or(|c| !c.is_alphanumeric() && c != mark)
        {
            return Some(Found::Closed(words, end + 1));
        }
        from = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        let mut attributes = Attributes::default();
        attributes.set("product", "HP-20");
        for (raw, want) in [
            ("Set *5 V* or `a_b` or _x_.", "Set 5 V or a_b or x."),
            ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
            ("See <<pump,the pump>> and <<oil>>.", "See the pump and oil."),
            ("link:a.html[Site] and https://x.y[Other^]", "Site and Other"),
            ("The {product} at 45 {deg}C {unknown}", "The HP-20 at 45 °C {unknown}"),
            ("10^3^ Pa, H~2~O", "10³ Pa, H2O"),
            ("kbd:[Ctrl+C] menu:File[Save] icon:x[]", "Ctrl+C File > Save"),
            ("one +\ntwo", "one two"),
            ("((oil)) (((a,b)))[[anchor]]x", "oil x"),
            ("**b**old `+raw+` \\*x*", "bold raw *x*"),
            ("*open and `more", "*open and `more"),
        ] {
            assert_eq!(words(raw, &attributes), want, "{raw}");
        }
    }
}
