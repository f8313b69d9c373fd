//! Manuals in, the right passage out, always with its revision.
//!
//! `walk` lists the files, `read/` turns each into stored text and blocks (one file per
//! format), `revision` knows what a document is, `cut` makes blocks into passages under the
//! warnings of their `outline`, `code` finds fault codes, `index` builds a generation
//! (`standing` decides which revision is in force), `generation` opens one, `analyse` makes
//! words of text in its `language`, `glossary` translates terms, `embed` and `vectors` make
//! numbers of it, `search` finds and ranks.

pub mod analyse;
pub mod code;
pub mod cut;
pub mod embed;
pub mod generation;
pub mod glossary;
pub mod index;
pub mod language;
mod outline;
pub mod passage;
pub mod read;
pub mod revision;
pub mod role;
pub mod search;
pub mod standing;
pub mod vectors;
pub mod walk;
