//! Which revision is newer, and what of a title is the revision's and not the manual's.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

/// A title without the revision at its end.
pub(super) fn without_revision(title: &str) -> &str {
    static TAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?i)[\s,;:(\[–—-]+(?:rev(?:ision)?|issue|edition|version|ver)\.?\s*[A-Za-z0-9.]+[)\]]?\s*$",
        )
        .ok()
    });
    match TAIL.as_ref().and_then(|t| t.find(title)) {
        Some(tail) if tail.start() > 0 => title.get(..tail.start()).unwrap_or(title),
        _ => title,
    }
}

/// A revision that is a month, "03/2019": the year counts first.
fn month(revision: &str) -> Option<(&str, &str)> {
    let (month, year) = revision.split_once(['/', '.'])?;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    ((1..=2).contains(&month.len()) && year.len() == 4 && digits(month) && digits(year))
        .then_some((year, month))
}

/// Compares revisions as people count them: 2.9 < 2.10, B < C < AA, "Rev. 3" = "3".
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (revision_parts(a), revision_parts(b));
    a.cmp(&b)
}

/// Words that call it a revision and are none themselves.
const WORDS: &[&str] = &[
    "rev",
    "revision",
    "revisión",
    "révision",
    "issue",
    "edition",
    "edición",
    "version",
    "versión",
    "ver",
    "v",
    "ausgabe",
    "stand",
    "版本",
    "版次",
    "版",
];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Letters, shorter first: Z comes before AA.
    Letters(usize, String),
    /// A number without leading zeros, shorter first.
    Number(usize, String),
}

fn revision_parts(revision: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lower = revision.to_lowercase();
    if let Some((year, month)) = lower.split_whitespace().last().and_then(month) {
        lower = format!("{year} {month}");
    }
    for word in lower.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (chunk, tail) = rest.split_at(end);
            rest = tail;
            if digits {
                let number = chunk.trim_start_matches('0');
                parts.push(Part::Number(number.len(), number.to_owned()));
            } else if !WORDS.contains(&chunk) {
                parts.push(Part::Letters(chunk.chars().count(), chunk.to_owned()));
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_counted_as_people_do() {
        for (older, newer) in [
            ("2.9", "2.10"),
            ("B", "C"),
            ("Z", "AA"),
            ("Rev. A", "rev B"),
            ("A1", "A2"),
            ("", "A"),
            ("3", "3.1"),
            ("11/2018", "03/2019"),
            ("Ausgabe 02/2019", "03/2019"),
            ("V2.1", "2.2"),
        ] {
            assert_eq!(natural(older, newer), Ordering::Less, "{older} {newer}");
        }
        assert_eq!(natural("Rev. 03", "3"), Ordering::Equal);
        assert_eq!(natural("版本 V2.1", "2.1"), Ordering::Equal);
        assert_eq!(without_revision("Revision history"), "Revision history");
    }
}
