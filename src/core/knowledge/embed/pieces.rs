//! Word pieces of a text, as many as the model reads.

use std::ops::Range;
use std::path::Path;

use tokenizers::{Tokenizer, TruncationDirection};

use super::Side;
use super::config::Settings;
use crate::core::{Error, Kind, Result};

/// A word piece is rarely longer: what cannot be read anyway is cut off before it costs.
const BYTES_PER_PIECE: usize = 32;

/// A text as the model takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pieces {
    /// Vocabulary rows, marks included.
    pub(super) ids: Vec<u32>,
    /// Which of them are the text's own, and each one's bytes in the text.
    pub(super) own: Vec<(usize, Range<u32>)>,
    /// Bytes of the text that went in.
    pub(super) covered: usize,
}

/// Makes word pieces.
pub(super) struct Cutter {
    tokenizer: Tokenizer,
    /// Marks that every text gets.
    marks: usize,
}

impl Cutter {
    /// # Errors
    /// `Kind::Model` where `tokenizer.json` is missing or of a kind that is not known.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let fault = |e| {
            Error::new(Kind::Model, format!("{} cannot be read", path.display()))
                .because(e)
                .hint("millwright models verify")
        };
        let mut tokenizer = Tokenizer::from_file(path).map_err(fault)?;
        tokenizer.with_truncation(None).map_err(fault)?;
        tokenizer.with_padding(None);
        let marks = tokenizer.encode("", true).map_err(fault)?.len();
        Ok(Self { tokenizer, marks })
    }

    /// The pieces of `text`, which stands on `side`.
    pub(super) fn cut(&self, text: &str, side: Side, settings: &Settings) -> Result<Pieces> {
        let fault = |e| Error::new(Kind::Compute, "a text cannot be cut into word pieces").because(e);
        let prefix = settings.prefix(side);
        let most = settings.max_pieces.saturating_sub(self.marks);
        let end = text.floor_char_boundary(settings.max_pieces * BYTES_PER_PIECE);
        let whole = format!("{prefix}{}", text.get(..end).unwrap_or_default());
        let mut encoding = self.tokenizer.encode(whole, false).map_err(fault)?;
        let cut = encoding.len() > most;
        if cut {
            encoding.truncate(most, 0, TruncationDirection::Right);
        }
        let encoding = self.tokenizer.post_process(encoding, None, true).map_err(fault)?;
        let own: Vec<(usize, Range<u32>)> = encoding
            .get_offsets()
            .iter()
            .zip(encoding.get_special_tokens_mask())
            .enumerate()
            // A prefix's pieces are not the text's own.
            .filter(|(_, (span, special))| **special == 0 && span.1 > prefix.len())
            .map(|(at, (span, _))| {
                let byte = |b: usize| b.saturating_sub(prefix.len());
                (at, trimmed(text, byte(span.0)..byte(span.1)))
            })
            .collect();
        let covered = if cut { own.last().map_or(0, |(_, span)| span.end as usize) } else { end };
        Ok(Pieces { ids: encoding.get_ids().to_vec(), own, covered })
    }
}

/// A piece's span without the space that some tokenizers count to the word after it.
fn trimmed(text: &str, span: Range<usize>) -> Range<u32> {
    let own = text.get(span.clone()).unwrap_or_default();
    let start = span.start + (own.len() - own.trim_start().len());
    let end = start + own.trim().len();
    start as u32..end as u32
}
