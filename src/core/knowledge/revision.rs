//! What a document is, where that is known from, and which of two revisions is newer.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::read::{BlockKind, Document, unreadable};
use crate::core::Result;

/// Where a fact about a document was found, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `<file>.manual.toml`, or `manual.toml` beside it.
    Sidecar,
    /// The document's own front matter.
    FrontMatter,
    /// Its first heading.
    Heading,
    /// Its file name.
    FileName,
    /// Nowhere: the fact is unknown.
    Unknown,
}

/// One fact about a document, with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The fact, `""` where unknown.
    pub value: String,
    /// Where it was found.
    pub origin: Origin,
}

impl Fact {
    fn unknown() -> Self {
        Fact { value: String::new(), origin: Origin::Unknown }
    }

    /// Is it known?
    pub fn is_known(&self) -> bool {
        self.origin != Origin::Unknown
    }
}

/// Has a document been released?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In force; also where nothing is said.
    #[default]
    Released,
    /// Not yet in force.
    Draft,
    /// No longer in force.
    Withdrawn,
}

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The title.
    pub title: Fact,
    /// The machine that it is about.
    pub machine: Fact,
    /// The model or type designation.
    pub model: Fact,
    /// BCP 47 language tag.
    pub language: Fact,
    /// The revision, as the manual names it.
    pub revision: Fact,
    /// In force from this day, `YYYY-MM-DD`.
    pub valid_from: Fact,
    /// Released, draft or withdrawn.
    pub status: Fact,
}

/// The facts that a sidecar or front matter states, by name.
pub type Stated = BTreeMap<String, String>;

/// The names that a sidecar may hold.
const NAMES: &[&str] = &["title", "machine", "model", "language", "revision", "valid_from", "status"];

/// Reads a sidecar: its facts, and one line for each name that it does not know.
///
/// # Errors
/// `Kind::Unreadable` where it is not TOML: an identity that was meant but cannot be read
/// must not be guessed.
pub fn sidecar(text: &str, name: &str) -> Result<(Stated, Vec<String>)> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        unreadable(format!("{name}: not TOML: {}", e.message()), "correct the sidecar")
    })?;
    let mut stated = Stated::new();
    let mut odd = Vec::new();
    for (key, value) in table {
        let key = key.to_lowercase();
        if !NAMES.contains(&key.as_str()) {
            odd.push(format!("{name}: `{key}` is not one of {}", NAMES.join(", ")));
            continue;
        }
        match value {
            toml::Value::String(s) => stated.insert(key, s),
            toml::Value::Array(_) | toml::Value::Table(_) => {
                odd.push(format!("{name}: `{key}` is not a single value"));
                continue;
            }
            other => stated.insert(key, other.to_string()),
        };
    }
    Ok((stated, odd))
}

impl Identity {
    /// The identity of a document from what is stated about it, most trusted first.
    ///
    /// `file_stem` is the file's name without its extension. `title_from_sidecar` is false
    /// where one sidecar speaks for several files, which then keep titles of their own.
    pub fn of(document: &Document, sidecar: &Stated, title_from_sidecar: bool, file_stem: &str) -> Self {
        let stated = |name: &str| {
            let find = |from: &Stated, origin| {
                let value = from.get(name)?.trim();
                (!value.is_empty()).then(|| Fact { value: value.to_owned(), origin })
            };
            let beside =
                if name == "title" && !title_from_sidecar { None } else { find(sidecar, Origin::Sidecar) };
            beside.or_else(|| find(&document.front, Origin::FrontMatter)).unwrap_or_else(Fact::unknown)
        };
        let mut title = stated("title");
        if !title.is_known() {
            let heading = document.blocks.iter().find(|b| matches!(b.kind, BlockKind::Heading { .. }));
            title = match heading {
                Some(block) => Fact { value: block.text.clone(), origin: Origin::Heading },
                None => Fact { value: file_stem.replace(['_', '-'], " "), origin: Origin::FileName },
            };
        }
        Identity {
            title,
            machine: stated("machine"),
            model: stated("model"),
            language: stated("language"),
            revision: stated("revision"),
            valid_from: stated("valid_from"),
            status: stated("status"),
        }
    }

    /// Released, draft or withdrawn.
    pub fn status(&self) -> Status {
        match self.status.value.to_lowercase().as_str() {
            "draft" => Status::Draft,
            "withdrawn" => Status::Withdrawn,
            _ => Status::Released,
        }
    }

    /// One line about what is unknown or not understood, where anything is.
    pub fn complaint(&self) -> Option<String> {
        let unknown: Vec<&str> = [
            ("machine", &self.machine),
            ("model", &self.model),
            ("language", &self.language),
            ("revision", &self.revision),
        ]
        .into_iter()
        .filter(|(_, fact)| !fact.is_known())
        .map(|(name, _)| name)
        .collect();
        let mut parts = Vec::new();
        if !unknown.is_empty() {
            parts.push(format!("{} unknown: state it in manual.toml or front matter", unknown.join(", ")));
        }
        if self.valid_from.is_known() && !is_date(&self.valid_from.value) {
            parts.push(format!("valid_from `{}` is not YYYY-MM-DD", self.valid_from.value));
        }
        let status = self.status.value.to_lowercase();
        if self.status.is_known() && !["released", "draft", "withdrawn"].contains(&status.as_str()) {
            parts.push(format!("status `{}` is not released, draft or withdrawn", self.status.value));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What two revisions of one manual have in common: the title without its revision
    /// (or, where the title is only the file's name, machine and model), and the language.
    pub fn manual(&self) -> String {
        let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let machine = format!("{} {}", self.machine.value, self.model.value);
        let name = match self.title.origin {
            Origin::FileName if !machine.trim().is_empty() => machine,
            _ => without_revision(&self.title.value).to_owned(),
        };
        // One title may serve several machines ("Operator manual").
        format!(
            "{}\u{1f}{}\u{1f}{}\u{1f}{}",
            fold(&name),
            fold(&self.machine.value),
            fold(&self.model.value),
            fold(&self.language.value)
        )
    }

    /// Which of two revisions of one manual is newer: by valid-from where both have one,
    /// then by the revision in natural order.
    pub fn compare(&self, other: &Identity) -> Ordering {
        let date = |i: &Identity| Some(i.valid_from.value.clone()).filter(|d| is_date(d));
        match (date(self), date(other)) {
            (Some(a), Some(b)) if a != b => a.cmp(&b),
            _ => natural(&self.revision.value, &other.revision.value),
        }
    }

    /// Does something say which of the two is newer?
    pub fn is_comparable(&self, other: &Identity) -> bool {
        let both = |fact: fn(&Identity) -> bool| fact(self) && fact(other);
        both(|i| is_date(&i.valid_from.value)) || both(|i| i.revision.is_known())
    }

    /// Have both the same revision? Unknown is the same as unknown.
    pub fn same_revision(&self, other: &Identity) -> bool {
        natural(&self.revision.value, &other.revision.value) == Ordering::Equal
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths == [4, 2, 2] && parts.iter().all(|p| p.chars().all(|c| c.is_ascii_digit()))
}

fn without_revision(title: &str) -> &str {
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

/// Compares revisions as people count them: 2.9 < 2.10, B < C < AA, "Rev. 3" = "3".
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (revision_parts(a), revision_parts(b));
    a.cmp(&b)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Letters, shorter first: Z comes before AA.
    Letters(usize, String),
    /// A number without leading zeros, shorter first.
    Number(usize, String),
}

fn revision_parts(revision: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let lower = revision.to_lowercase();
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
            } else if !["rev", "revision", "issue", "edition", "version", "ver", "v"].contains(&chunk) {
                parts.push(Part::Letters(chunk.chars().count(), chunk.to_owned()));
            }
        }
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::{Markdown, Reader};

    fn document(text: &str) -> Document {
        Markdown.read(text.as_bytes(), "m.md").unwrap()
    }

    #[test]
    fn each_fact_comes_from_the_most_trusted_place_and_says_which() {
        let d = document("+++\nmachine = \"Pump jack\"\nrevision = \"B\"\n+++\n# Service manual\n");
        let (stated, odd) = sidecar("revision = \"C\"\nrevison = \"D\"\n", "manual.toml").unwrap();
        let identity = Identity::of(&d, &stated, true, "pump");
        assert_eq!((identity.revision.value.as_str(), identity.revision.origin), ("C", Origin::Sidecar));
        assert_eq!(
            (identity.machine.value.as_str(), identity.machine.origin),
            ("Pump jack", Origin::FrontMatter)
        );
        assert_eq!(
            (identity.title.value.as_str(), identity.title.origin),
            ("Service manual", Origin::Heading)
        );
        assert_eq!(identity.language.origin, Origin::Unknown);
        assert!(identity.complaint().unwrap().starts_with("model, language unknown"));
        assert!(odd[0].contains("revison"), "{odd:?}");
        let bare = Identity::of(&document("text"), &Stated::new(), true, "pump-jack_40");
        assert_eq!((bare.title.value.as_str(), bare.title.origin), ("pump jack 40", Origin::FileName));
    }

    #[test]
    fn a_broken_sidecar_is_an_error() {
        assert!(sidecar("revision = ", "manual.toml").unwrap_err().to_string().contains("manual.toml"));
    }

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
        ] {
            assert_eq!(natural(older, newer), Ordering::Less, "{older} {newer}");
        }
        assert_eq!(natural("Rev. 03", "3"), Ordering::Equal);
    }

    #[test]
    fn the_day_decides_before_the_revision() {
        let of = |front: &str| {
            Identity::of(&document(&format!("+++\n{front}\n+++\n# M\n")), &Stated::new(), true, "m")
        };
        let a = of("revision = \"9\"\nvalid_from = 2026-01-01");
        let b = of("revision = \"1\"\nvalid_from = \"2026-02-01\"");
        assert_eq!(a.compare(&b), Ordering::Less);
        assert_eq!(of("revision = \"2\"").compare(&b), Ordering::Greater);
    }

    #[test]
    fn a_revision_in_the_title_does_not_make_another_manual() {
        let of = |title: &str| {
            Identity::of(&document(&format!("# {title}\n")), &Stated::new(), true, "m").manual()
        };
        assert_eq!(of("HPU-60 Service Manual, Rev. B"), of("HPU-60  service manual (Revision C)"));
        assert_ne!(of("HPU-60 Service Manual"), of("HPU-75 Service Manual"));
        assert_eq!(without_revision("Revision history"), "Revision history");
    }
}
