//! What a document is, where that is known from, and which of two revisions is newer.
//!
//! Each fact comes from the most trusted place that states it: a sidecar, the document's
//! front matter, the file's metadata, its `title_page`, its `file_name`; the `language` also
//! from the text itself. What none of them states is unknown: it is warned about and never
//! guessed.

mod day;
mod file_name;
mod language;
mod order;
mod serials;
mod title_page;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::read::{BlockKind, Document, unreadable};
use crate::core::Result;
use order::{natural, without_revision};
use serials::Serials;

/// Where a fact about a document was found, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `<file>.manual.toml`, or `manual.toml` beside it.
    Sidecar,
    /// The document's own front matter.
    FrontMatter,
    /// The file's own metadata (PDF information, office properties).
    Metadata,
    /// Its title page.
    TitlePage,
    /// Its first heading.
    Heading,
    /// Its file name.
    FileName,
    /// Told from the text itself: the language.
    Text,
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

impl Origin {
    /// One letter, for tables.
    pub fn letter(self) -> char {
        match self {
            Origin::Sidecar => 'S',
            Origin::FrontMatter => 'F',
            Origin::Metadata => 'M',
            Origin::TitlePage => 'P',
            Origin::Heading => 'H',
            Origin::FileName => 'N',
            Origin::Text => 'T',
            Origin::Unknown => '-',
        }
    }
}

impl Fact {
    fn new(value: impl Into<String>, origin: Origin) -> Self {
        Fact { value: value.into(), origin }
    }

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
    /// The serial numbers of the machines that it is about.
    pub serials: Fact,
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
const NAMES: &[&str] =
    &["title", "machine", "model", "serials", "language", "revision", "valid_from", "status"];

/// What other writers call a fact in front matter or metadata.
fn synonyms(name: &str) -> &'static [&'static str] {
    match name {
        "machine" => &["equipment"],
        "serials" => &["serial_numbers", "serial-numbers", "serial numbers", "serial"],
        "language" => &["lang"],
        "revision" => &["rev", "version", "revnumber", "edition", "issue"],
        "valid_from" => &["valid-from", "valid from", "effective", "effective_date", "effective-date"],
        _ => &[],
    }
}

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
        let on_title_page = title_page::facts(document);
        let in_name = file_name::facts(file_stem);
        let stated = |name: &str| {
            let find = |from: &Stated, origin| {
                let named = std::iter::once(name).chain(synonyms(name).iter().copied());
                let value = named.filter_map(|n| from.get(n)).map(|v| v.trim()).find(|v| !v.is_empty())?;
                Some(Fact::new(value, origin))
            };
            let beside = || find(sidecar, Origin::Sidecar).filter(|_| name != "title" || title_from_sidecar);
            let metadata = || find(&document.meta, Origin::Metadata).filter(|f| is_meant(name, &f.value));
            beside()
                .or_else(|| find(&document.front, Origin::FrontMatter))
                .or_else(metadata)
                .or_else(|| find(&on_title_page, Origin::TitlePage))
                .or_else(|| find(&in_name, Origin::FileName).filter(|_| name != "title"))
                .unwrap_or_else(Fact::unknown)
        };
        let mut title = stated("title");
        if !title.is_known() {
            let heading = document.blocks.iter().find(|b| matches!(b.kind, BlockKind::Heading { .. }));
            title = match heading {
                Some(block) => Fact::new(block.text.clone(), Origin::Heading),
                None => {
                    let name = in_name.get("title").cloned();
                    Fact::new(name.unwrap_or_else(|| file_name::spaced(file_stem)), Origin::FileName)
                }
            };
        }
        let mut language = stated("language");
        if !language.is_known() {
            language = language::of(document).map_or_else(Fact::unknown, |tag| Fact::new(tag, Origin::Text));
        }
        let mut valid_from = stated("valid_from");
        // As people write it; what is no day stays as it is, for the complaint.
        if let Some(iso) = day::iso(&valid_from.value) {
            valid_from.value = iso;
        }
        Identity {
            title,
            machine: stated("machine"),
            model: stated("model"),
            serials: stated("serials"),
            language,
            revision: stated("revision"),
            valid_from,
            status: stated("status"),
        }
    }

    /// Every fact, with its name.
    pub fn facts(&self) -> [(&'static str, &Fact); 8] {
        [
            ("title", &self.title),
            ("machine", &self.machine),
            ("model", &self.model),
            ("serials", &self.serials),
            ("language", &self.language),
            ("revision", &self.revision),
            ("valid_from", &self.valid_from),
            ("status", &self.status),
        ]
    }

    /// The facts that every manual should state and this one does not, by name.
    pub fn unknown(&self) -> Vec<&'static str> {
        let needed = |name: &str| matches!(name, "machine" | "model" | "language" | "revision");
        self.facts().into_iter().filter(|(name, f)| needed(name) && !f.is_known()).map(|(n, _)| n).collect()
    }

    /// Is it in force on `today` (`YYYY-MM-DD`), as far as its day goes? Yes where either
    /// day is unknown.
    pub fn is_valid(&self, today: &str) -> bool {
        today.is_empty() || !day::is_iso(&self.valid_from.value) || self.valid_from.value.as_str() <= today
    }

    /// Is it a newer revision of `other`, of the same manual, for all machines of `other`?
    pub fn supersedes(&self, other: &Identity) -> bool {
        self.is_comparable(other) && self.compare(other).is_gt() && self.speaks_for_all_of(other)
    }

    /// Do both speak for some machines that have the same serial number, as far as is known?
    pub fn shares_machines(&self, other: &Identity) -> bool {
        Serials::of(&self.serials.value).overlaps(&Serials::of(&other.serials.value))
    }

    fn speaks_for_all_of(&self, other: &Identity) -> bool {
        Serials::of(&self.serials.value).covers(&Serials::of(&other.serials.value))
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
        let unknown = self.unknown();
        let mut parts = Vec::new();
        if !unknown.is_empty() {
            parts.push(format!("{} unknown: state it in manual.toml or front matter", unknown.join(", ")));
        }
        if self.valid_from.is_known() && !day::is_iso(&self.valid_from.value) {
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
        let date = |i: &Identity| Some(i.valid_from.value.clone()).filter(|d| day::is_iso(d));
        match (date(self), date(other)) {
            (Some(a), Some(b)) if a != b => a.cmp(&b),
            _ => natural(&self.revision.value, &other.revision.value),
        }
    }

    /// Does something say which of the two is newer?
    pub fn is_comparable(&self, other: &Identity) -> bool {
        let both = |fact: fn(&Identity) -> bool| fact(self) && fact(other);
        both(|i| day::is_iso(&i.valid_from.value)) || both(|i| i.revision.is_known())
    }

    /// Have both the same revision? Unknown is the same as unknown.
    pub fn same_revision(&self, other: &Identity) -> bool {
        natural(&self.revision.value, &other.revision.value) == Ordering::Equal
    }
}

/// Tools fill metadata with what nobody meant: "Microsoft Word - final2.doc", "untitled".
fn is_meant(name: &str, value: &str) -> bool {
    let lower = value.to_lowercase();
    let ending = lower.rsplit_once('.').is_some_and(|(_, e)| (2..=5).contains(&e.len()) && !e.contains(' '));
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let by_a_tool = lower.contains("microsoft ") || lower.contains("untitled") || lower.contains(".indd");
    match name {
        "title" => !ending && !by_a_tool && letters >= 2,
        _ => true,
    }
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
    }

    #[test]
    fn a_manual_that_states_nothing_is_read_for_what_it_is() {
        let text = "# Spindle coolant unit\n\nModel: SC-110\nRevision C\n\n\
            The coolant unit cools the spindle of the machine. Before you open the cover, wait until the \
            pump has stopped and the pressure gauge shows zero. Clean the filter every week.\n";
        let identity = Identity::of(&document(text), &Stated::new(), true, "unit_rev-b");
        let told = |fact: &Fact| (fact.value.clone(), fact.origin);
        assert_eq!(told(&identity.model), ("SC-110".into(), Origin::TitlePage));
        assert_eq!(told(&identity.revision), ("C".into(), Origin::TitlePage));
        assert_eq!(told(&identity.language), ("en".into(), Origin::Text));
        assert_eq!(identity.unknown(), ["machine"]);
        let named = Identity::of(&document("text"), &Stated::new(), true, "sc-110_manual_rev-c_en");
        assert_eq!(told(&named.title), ("sc 110 manual".into(), Origin::FileName));
        assert_eq!(told(&named.model), ("SC-110".into(), Origin::FileName));
        assert_eq!(told(&named.revision), ("C".into(), Origin::FileName));
        assert_eq!(told(&named.language), ("en".into(), Origin::FileName));
    }

    #[test]
    fn metadata_come_after_front_matter_and_before_the_title_page() {
        let mut d = document("+++\nmodel = \"A-1\"\n+++\n# M\n\nModel: C-3\n\nRevision 9\n");
        d.meta.insert("model".into(), "B-2".into());
        d.meta.insert("revision".into(), "7".into());
        d.meta.insert("title".into(), "Microsoft Word - m.doc".into());
        let identity = Identity::of(&d, &Stated::new(), true, "m");
        assert_eq!((identity.model.value.as_str(), identity.model.origin), ("A-1", Origin::FrontMatter));
        assert_eq!((identity.revision.value.as_str(), identity.revision.origin), ("7", Origin::Metadata));
        assert_eq!((identity.title.value.as_str(), identity.title.origin), ("M", Origin::Heading));
    }
}
