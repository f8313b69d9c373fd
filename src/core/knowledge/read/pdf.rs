//! PDF: words with boxes become blocks.

/// The pages of a PDF.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages {}
