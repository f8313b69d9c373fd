//! Manuals in, the right passage out, always with its revision.
//!
//! `read/` turns a file into stored text and blocks (one file per format), `passage`
//! cuts blocks into passages, `code` finds fault codes, `revision` knows what a document
//! is, `index` writes and opens generations, `search` finds and ranks.

pub mod code;
pub mod index;
pub mod passage;
pub mod read;
pub mod revision;
pub mod search;
