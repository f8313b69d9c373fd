//! PDF: words with their places become a document.
//!
//! A PDF has no paragraphs, tables or headings, only letters at places. A process of its
//! own reads the file with a PDF library and hands over [`Pages`] (`wire`); what is here is
//! pure. Page by page: running headers leave (`running`); lines that meet make tables and
//! boxes (`grid`, `cells`); the rest is read column by column (`flow`), short cells that
//! stand below each other as tables (`table`), lines as paragraphs (`para`). Over all pages,
//! `rank` tells headings by number, size and weight, and `build` writes the stored text: one
//! line a paragraph, a table's row as `| cell | cell |`.

mod build;
mod cells;
mod contents;
pub mod figure;
mod flow;
pub mod glyph;
mod grid;
mod line;
mod meta;
mod page;
mod para;
mod parts;
mod rank;
mod running;
mod table;
mod text;
pub mod wire;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use super::{Document, NoTools, Reader, Tools, unreadable};
use crate::core::Result;

pub use page::{Area, Page, Pages, Rendered, Word};

/// Reads PDF, with the PDF library at hand.
pub struct Pdf;

impl Reader for Pdf {
    fn format(&self) -> &'static str {
        "PDF"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        self.read_with(bytes, name, &NoTools)
    }

    fn read_with(&self, bytes: &[u8], name: &str, tools: &dyn Tools) -> Result<Document> {
        check(bytes, name)?;
        from_pages(tools.pdf(bytes, name)?, name)
    }
}

/// The document that a PDF's pages make.
///
/// # Errors
/// `Kind::Unreadable` where there is no text in them; scans without text are named.
pub fn from_pages(pages: Pages, name: &str) -> Result<Document> {
    let count = pages.pages.len();
    let scans = pages.pages.iter().filter(|p| p.scan.is_some()).count();
    let document = build::document(pages);
    if document.text.trim().is_empty() {
        return Err(if scans > 0 {
            unreadable(
                format!("{name}: a scan without text ({scans} of {count} pages are pictures)"),
                "install tesseract-ocr, so that the pictures can be read",
            )
        } else {
            unreadable(format!("{name}: no text in it"), "export the PDF again, with its text")
        });
    }
    Ok(document)
}

/// A file that cannot be a PDF is named at once, without a process.
fn check(bytes: &[u8], name: &str) -> Result<()> {
    if bytes.len() as u64 > super::MAX_BYTES {
        return Err(unreadable(
            format!("{name}: larger than {} MiB", super::MAX_BYTES >> 20),
            "split the manual into smaller files",
        ));
    }
    // The header may stand within the first kilobyte.
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    if !head.windows(5).any(|w| w == b"%PDF-") {
        return Err(unreadable(format!("{name}: not a PDF"), "check what the file really is"));
    }
    Ok(())
}
