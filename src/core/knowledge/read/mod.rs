//! Readers: a file's bytes become stored text, front matter and blocks.
//!
//! One file or folder per format. Of a text format the stored text is the file's own text,
//! decoded and otherwise untouched, so that a citation's span shows the manual's very words;
//! markup is left out only of the blocks' `text`. HTML, DOCX and XLSX are `rendered`: one
//! line a paragraph, a row as `| cell | cell |`.
//!
//! Shared: `decode` (any encoding), `lines`, `tags` and `fragment` (HTML in text), `table`
//! (merged cells repeated, the header found), `step`, `boxes`, `page`, `figure`, `meta`;
//! `package`, `xml` and `office` for archives, which unpack within limits.
//!
//! A reader never panics, whatever the bytes, takes bounded time and memory, and knows no
//! file system.

mod adoc;
mod boxes;
mod csv;
mod decode;
mod docx;
mod figure;
mod fragment;
mod front;
mod html;
mod legend;
mod lines;
mod markdown;
mod meta;
mod office;
mod package;
mod page;
pub mod pdf;
mod plain;
mod rendered;
mod rst;
pub mod signal;
mod step;
mod table;
mod tags;
mod xlsx;
mod xml;

use std::collections::BTreeMap;
use std::path::Path;

use crate::core::knowledge::passage::{Signal, Span};
use crate::core::{Error, Kind, Result};

pub use adoc::AsciiDoc;
pub use csv::Csv;
pub use decode::{Decoded, decode, decode_as};
pub use docx::Docx;
pub use html::HtmlPage;
pub use markdown::Markdown;
pub use pdf::Pdf;
pub use plain::Plain;
pub use rst::ReStructuredText;
pub use xlsx::Workbook;

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

    /// The same with programs at hand; readers that need none leave this as it is.
    ///
    /// # Errors
    /// As [`Reader::read`], and what the programs say.
    fn read_with(&self, bytes: &[u8], name: &str, _tools: &dyn Tools) -> Result<Document> {
        self.read(bytes, name)
    }
}

/// What readers need that is no part of this program: it runs apart, with limits of its own
/// on time and memory, and may be missing.
pub trait Tools: Send + Sync {
    /// The pages of a PDF as words with their boxes.
    ///
    /// # Errors
    /// `Kind::Unreadable` with the reason: encrypted, broken, too slow, or the PDF library
    /// is not installed.
    fn pdf(&self, bytes: &[u8], name: &str) -> Result<pdf::Pages>;
}

/// No tools: formats that need one say what is missing.
pub struct NoTools;

impl Tools for NoTools {
    fn pdf(&self, _: &[u8], name: &str) -> Result<pdf::Pages> {
        Err(unreadable(
            format!("{name}: a PDF needs the PDF library, which is not installed"),
            "millwright models pull pdfium",
        ))
    }
}

/// The reader for a path, by its extension.
pub fn for_path(path: &Path) -> Option<&'static dyn Reader> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "md" | "markdown" => Some(&Markdown),
        "txt" | "text" => Some(&Plain),
        "rst" | "rest" => Some(&ReStructuredText),
        "adoc" | "asciidoc" | "asc" => Some(&AsciiDoc),
        "html" | "htm" | "xhtml" | "xht" => Some(&HtmlPage),
        "docx" | "docm" => Some(&Docx),
        "xlsx" | "xlsm" => Some(&Workbook),
        "csv" | "tsv" | "tab" => Some(&Csv),
        "pdf" => Some(&Pdf),
        _ => None,
    }
}

/// A file as it was read.
///
/// Invariants: every span lies in `text`, on character boundaries; `pages` rises.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The stored text, without a byte order mark. Of a format that is not text, what its
    /// reader makes of it: one line a paragraph, a table's row as `| cell | cell |`.
    pub text: String,
    /// Front matter, keys in lower case.
    pub front: BTreeMap<String, String>,
    /// What the file's own metadata say (PDF information, office properties, HTML `meta`),
    /// under the names of front matter.
    pub meta: BTreeMap<String, String>,
    /// The blocks in reading order.
    pub blocks: Vec<Block>,
    /// Where each page starts; empty where the format has none.
    pub pages: Vec<PageStart>,
    /// The figures in reading order.
    pub figures: Vec<Picture>,
    /// What was read from pictures of pages.
    pub ocr: Vec<Span>,
    /// What could not be read though the rest was, one clear line each.
    pub notes: Vec<String>,
}

/// Where a page starts in the stored text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageStart {
    /// The page's first byte.
    pub at: usize,
    /// Counted from 1.
    pub number: u32,
    /// As the document numbers it, where that differs.
    pub label: Option<String>,
}

/// A figure of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Where it or its caption stands in the stored text.
    pub span: Span,
    /// As the manual names it ("Figure 3"), `""` where it does not.
    pub label: String,
    /// Caption or alternative text.
    pub caption: String,
    /// The picture.
    pub image: Image,
}

/// Where a figure's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// In the file: its bytes, and the ending of a file that would hold them ("png").
    Bytes(Vec<u8>, &'static str),
    /// Beside the file, by a relative path.
    Beside(String),
    /// Not to be had.
    None,
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
/// many manuals set the word above the warning, as a heading or a bold line. A manual's own
/// signal words ([`legend`]) make warnings here, for it takes the whole document to know them.
pub(crate) fn join_lone_signals(text: &str, blocks: Vec<Block>) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::with_capacity(blocks.len());
    let mut pending: Option<Signal> = None;
    let legend = legend::Legend::of(&blocks);
    for mut block in blocks {
        let follows = matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { number: None });
        if let (Some(signal), true, Some(word)) = (pending.take(), follows, out.last_mut()) {
            word.span = trimmed(text, word.span.start, block.span.end);
            word.text = format!("{} {}", word.text, block.text);
            word.kind = BlockKind::Warning { signal };
            continue;
        }
        if matches!(block.kind, BlockKind::Heading { .. } | BlockKind::Paragraph | BlockKind::Warning { .. })
        {
            pending = signal::lone(&block.text).or_else(|| legend.lone(&block.text));
        }
        if matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { number: None })
            && pending.is_none()
            && let Some(signal) = legend.leading(&block.text)
        {
            block.kind = BlockKind::Warning { signal };
        }
        out.push(block);
    }
    out
}

pub(crate) fn unreadable(what: impl Into<String>, hint: &str) -> Error {
    Error::new(Kind::Unreadable, what).hint(hint)
}
