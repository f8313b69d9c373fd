//! Readers: a file's bytes become stored text, front matter and blocks.
//!
//! One file per format. The stored text is the file's own text, decoded and otherwise
//! untouched, so that a citation's span shows the manual's very words; markup is left out
//! only of the blocks' `text`.
//!
//! A reader never panics, whatever the bytes, and knows no file system.

mod decode;
mod markdown;
mod plain;
pub mod signal;

use std::collections::BTreeMap;
use std::path::Path;

use crate::core::knowledge::passage::{Signal, Span};
use crate::core::{Error, Kind, Result};

pub use decode::decode;
pub use markdown::Markdown;
pub use plain::Plain;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Reads one format.
pub trait Reader: Send + Sync {
    /// The format's name, as reports print it.
    fn format(&self) -> &'static str;

    /// The document in `bytes`; `name` is for messages only.
    ///
    /// # Errors
    /// `Kind::Unreadable`, with the reason: binary, an unknown encoding, too large, broken
    /// front matter.
    fn read(&self, bytes: &[u8], name: &str) -> Result<Document>;
}

/// The reader for a path, by its extension.
pub fn for_path(path: &Path) -> Option<&'static dyn Reader> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "md" | "markdown" => Some(&Markdown),
        "txt" | "text" => Some(&Plain),
        _ => None,
    }
}

/// A file as it was read.
///
/// Invariant: every span of every block lies in `text`, on character boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The stored text, without a byte order mark.
    pub text: String,
    /// Front matter, keys in lower case.
    pub front: BTreeMap<String, String>,
    /// The blocks in reading order.
    pub blocks: Vec<Block>,
}

/// One block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it stands in the stored text, without surrounding white space.
    pub span: Span,
    /// Its words, without markup and with single spaces.
    pub text: String,
    /// What it is.
    pub kind: BlockKind,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading; the first level is 1.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// An item of a list, with all that is nested in it.
    Item {
        /// The item's number where the list is ordered: a step of a procedure.
        number: Option<u64>,
    },
    /// A table.
    Table {
        /// The header cells; may be fewer or more than a row's cells.
        header: Vec<Cell>,
        /// The body rows.
        rows: Vec<Row>,
    },
    /// A warning that starts with its signal word.
    Warning {
        /// How grave.
        signal: Signal,
    },
    /// Preformatted text.
    Code,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The whole row in the stored text.
    pub span: Span,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Where it stands in the stored text, without surrounding white space.
    pub span: Span,
    /// Its words, without markup.
    pub text: String,
}

/// Shrinks a range of `text` to what is left without surrounding white space.
pub(crate) fn trimmed(text: &str, start: usize, end: usize) -> Span {
    let Some(slice) = text.get(start..end) else {
        return Span { start: 0, end: 0 };
    };
    let lead = slice.len() - slice.trim_start().len();
    let kept = slice.trim().len();
    Span { start: start + lead, end: start + lead + kept }
}

/// `text` with every run of white space as one space, and none around it.
pub(crate) fn single_spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Joins a line that is only a signal word ("WARNING") with the block that follows it:
/// many manuals set the word above the warning, as a heading or a bold line.
pub(crate) fn join_lone_signals(text: &str, blocks: Vec<Block>) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::with_capacity(blocks.len());
    let mut pending: Option<Signal> = None;
    for block in blocks {
        let follows = matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { number: None });
        if let (Some(signal), true, Some(word)) = (pending.take(), follows, out.last_mut()) {
            word.span = trimmed(text, word.span.start, block.span.end);
            word.text = format!("{} {}", word.text, block.text);
            word.kind = BlockKind::Warning { signal };
            continue;
        }
        if matches!(block.kind, BlockKind::Heading { .. } | BlockKind::Paragraph | BlockKind::Warning { .. })
        {
            pending = signal::lone(&block.text);
        }
        out.push(block);
    }
    out
}

pub(crate) fn unreadable(what: impl Into<String>, hint: &str) -> Error {
    Error::new(Kind::Unreadable, what).hint(hint)
}
