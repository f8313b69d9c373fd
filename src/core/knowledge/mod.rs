//! Manuals in, the right passage out, always with its revision.
//!
//! `walk` lists the files, `read/` turns each into stored text and blocks (one file per
//! format), `revision` knows what a document is, `cut` makes blocks into passages, `code`
//! finds fault codes, `index` writes a generation, `generation` opens one, `analyse` makes
//! words of text, `search` finds and ranks.

pub mod analyse;
pub mod code;
pub mod cut;
pub mod generation;
pub mod index;
pub mod passage;
pub mod read;
pub mod revision;
pub mod search;
pub mod walk;
