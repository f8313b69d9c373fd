//! The configured embedder, opened: a model of the manifest, or a directory of the person's
//! own (any BERT sentence encoder with its tokenizer).

use std::path::{Path, PathBuf};

use super::{Role, Store};
use crate::core::knowledge::embed::{Embed, Encoder};
use crate::core::knowledge::search::Meaning;
use crate::operations::outcome::Result;

/// An embedder in memory.
pub struct Embedder {
    /// What makes vectors.
    pub encoder: Encoder,
    /// Languages that it knows, as BCP 47 tags; empty means all.
    pub languages: Vec<String>,
}

impl Embedder {
    /// Opens what `named` names: an id of the manifest, or a directory. `None` where nothing
    /// is named or it is not installed, which is no error: then words alone are searched.
    ///
    /// # Errors
    /// The installed one cannot be loaded.
    pub fn open(data: &Path, named: &str) -> Result<Option<Embedder>> {
        let given = PathBuf::from(named);
        if given.is_dir() {
            return Ok(Some(Embedder { encoder: Encoder::open(&given)?, languages: Vec::new() }));
        }
        let Some(located) = Store::open(data)?.locate_if_there(Role::Embedder, named)? else {
            return Ok(None);
        };
        let dir = located.path.parent().map(Path::to_owned).unwrap_or_default();
        let encoder = match located.sha256 {
            Some(sha256) => Encoder::open_as(&dir, &sha256.to_string())?,
            None => Encoder::open(&dir)?,
        };
        Ok(Some(Embedder { encoder, languages: located.languages }))
    }

    /// For a search on at most so many threads.
    pub fn meaning(&self, threads: usize) -> Meaning<'_> {
        Meaning { embedder: &self.encoder as &dyn Embed, languages: &self.languages, threads }
    }
}
