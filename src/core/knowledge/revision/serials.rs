//! Serial numbers: which machines a manual speaks for.

use std::sync::LazyLock;

use regex::Regex;

/// A range of serial numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Serials {
    /// Nothing is said: every machine.
    All,
    /// Those that begin with `prefix`, from `first` to `last`.
    Range { prefix: String, first: u64, last: u64 },
    /// Something is said that is no range: the same words mean the same machines.
    Words(String),
}

impl Serials {
    /// What `text` says: `2000-4999`, `A100 to A250`, `from 2000`, `up to 1999`, `2000`.
    pub(super) fn of(text: &str) -> Self {
        static RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(concat!(
                r"^(?:from\s+|ab\s+|von\s+|desde\s+|del?\s+|自)?",
                r"(?<p>[a-z]*[-/ ]?)(?<a>\d{1,18})\s*",
                r"(?:(?:-|–|—|~|\.\.|to|through|thru|until|bis|al?|hasta|至|到)\s*[a-z]*[-/ ]?(?<b>\d{1,18}))$"
            ))
            .ok()
        });
        static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(concat!(
                r"^(?<from>from|ab|desde|自)?\s*(?<to>up to|until|bis|hasta)?\s*(?<p>[a-z]*[-/ ]?)(?<a>\d{1,18})\s*",
                r"(?<on>\+|and up|and above|and later|onwards?|y posteriores|及以后|起|-)?$"
            ))
            .ok()
        });
        let lower = text.trim().to_lowercase();
        if lower.is_empty() {
            return Serials::All;
        }
        let number = |m: Option<regex::Match>| m.and_then(|m| m.as_str().parse::<u64>().ok());
        let prefix =
            |m: Option<regex::Match>| m.map_or("", |m| m.as_str()).trim_matches(['-', '/', ' ']).to_owned();
        if let Some(c) = RANGE.as_ref().and_then(|r| r.captures(&lower))
            && let (Some(first), Some(last)) = (number(c.name("a")), number(c.name("b")))
            && first <= last
        {
            return Serials::Range { prefix: prefix(c.name("p")), first, last };
        }
        if let Some(c) = OPEN.as_ref().and_then(|r| r.captures(&lower))
            && let Some(at) = number(c.name("a"))
        {
            let (first, last) = match (c.name("to").is_some(), c.name("from").or(c.name("on")).is_some()) {
                (true, _) => (0, at),
                (false, true) => (at, u64::MAX),
                (false, false) => (at, at),
            };
            return Serials::Range { prefix: prefix(c.name("p")), first, last };
        }
        Serials::Words(lower.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Does it hold every machine of `other`?
    pub(super) fn covers(&self, other: &Serials) -> bool {
        match (self, other) {
            (Serials::All, _) => true,
            (Serials::Range { prefix, first, last }, Serials::Range { prefix: p, first: f, last: l }) => {
                prefix == p && first <= f && l <= last
            }
            _ => self == other,
        }
    }

    /// Is there a machine in both, as far as can be told?
    pub(super) fn overlaps(&self, other: &Serials) -> bool {
        match (self, other) {
            (Serials::Range { prefix, first, last }, Serials::Range { prefix: p, first: f, last: l }) => {
                prefix == p && first <= l && f <= last
            }
            (Serials::Words(a), Serials::Words(b)) => a == b,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Option<(String, u64, u64)> {
        match Serials::of(text) {
            Serials::Range { prefix, first, last } => Some((prefix, first, last)),
            _ => None,
        }
    }

    #[test]
    fn ranges_are_read_as_people_write_them() {
        for text in
            ["2000-4999", "2000 – 4999", "2000 to 4999", "von 2000 bis 4999", "2000 a 4999", "2000至4999"]
        {
            assert_eq!(range(text), Some((String::new(), 2000, 4999)), "{text}");
        }
        assert_eq!(range("A100 – A250"), Some(("a".into(), 100, 250)));
        assert_eq!(range("SN-100 to SN-250"), Some(("sn".into(), 100, 250)));
        assert_eq!(range("from 2000"), Some((String::new(), 2000, u64::MAX)));
        assert_eq!(range("2000 and up"), Some((String::new(), 2000, u64::MAX)));
        assert_eq!(range("up to 1999"), Some((String::new(), 0, 1999)));
        assert_eq!(range("17"), Some((String::new(), 17, 17)));
        assert_eq!(Serials::of("see plate"), Serials::Words("see plate".into()));
        assert_eq!(Serials::of(" "), Serials::All);
    }

    #[test]
    fn what_covers_and_overlaps_what() {
        let of = Serials::of;
        assert!(of("1000-2999").covers(&of("2000-2999")) && !of("2000-2999").covers(&of("1000-2999")));
        assert!(of("").covers(&of("7")) && !of("7").covers(&of("")));
        assert!(of("1000-2000").overlaps(&of("2000-3000")) && !of("1-9").overlaps(&of("10-20")));
        assert!(!of("A1-A9").overlaps(&of("B1-B9")) && of("").overlaps(&of("5")));
    }
}
