//! The planner's file: TOML, one `[[term]]` a concept.
//!
//! ```toml
//! [[term]]
//! en = "pitch bearing"
//! es = ["rodamiento de pitch", "rodamiento de paso"]
//! zh = "变桨轴承"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Concept, LANGUAGES};
use crate::core::{Error, Kind, Result};

/// More would not be a planner's work but a dump.
const MOST_TERMS: usize = 20_000;
/// A name, in characters.
const LONGEST_NAME: usize = 120;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    term: Vec<toml::Spanned<BTreeMap<toml::Spanned<String>, Names>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

pub(super) fn parse(text: &str) -> Result<Vec<Concept>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: File = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        wrong(text, at, e.message())
    })?;
    if file.term.len() > MOST_TERMS {
        return Err(wrong(text, 0, &format!("more than {MOST_TERMS} terms")));
    }
    file.term.into_iter().map(|term| concept(text, term)).collect()
}

fn concept(text: &str, term: toml::Spanned<BTreeMap<toml::Spanned<String>, Names>>) -> Result<Concept> {
    let mut concept = Concept::default();
    for (key, names) in term.into_inner() {
        let at = key.span().start;
        let Some(language) = LANGUAGES.into_iter().find(|l| l == key.get_ref()) else {
            let what = format!("`{}` is no language of the glossary: en, es or zh", key.get_ref());
            return Err(wrong(text, at, &what));
        };
        let names = match names {
            Names::One(name) => vec![name],
            Names::Several(names) => names,
        };
        let names: Vec<String> =
            names.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        if names.iter().any(|n| n.chars().count() > LONGEST_NAME) {
            return Err(wrong(text, at, &format!("a name longer than {LONGEST_NAME} characters")));
        }
        // A proposal that was not filled in yet ("es = \"\"") is no name.
        if !names.is_empty() {
            concept.names.insert(language, names);
        }
    }
    Ok(concept)
}

fn wrong(text: &str, at: usize, what: &str) -> Error {
    let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    Error::new(Kind::Unreadable, format!("glossary.toml, line {line}: {what}"))
        .hint("one `[[term]]` a concept, with en, es and zh = \"name\" or [\"name\", \"other name\"]")
}
