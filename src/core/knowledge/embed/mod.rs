//! Texts in, vectors out: one for the whole text, one for each of its word pieces.
//!
//! [`Encoder`] runs any sentence encoder of BERT architecture from its own files
//! (`config.json`, `tokenizer.json`, `model.safetensors`): `config` says its sizes and
//! pooling, `weights` maps its file, `pieces` makes word pieces of text, `linear` holds a
//! layer's weights in bytes, `maths` what lies between, `encoder` puts them together.
//! Index and search see only [`Embed`].
//!
//! Invariant: the same text gives the same bits, alone or in any batch, on any number of
//! threads and on every instruction-set path (sums of bytes are exact; everything else has
//! one fixed order). So vectors may be kept from one build to the next under [`key`].

mod config;
mod encoder;
mod linear;
mod maths;
mod pieces;
#[doc(hidden)]
pub mod testing;
mod weights;

use std::ops::Range;

use sha2::{Digest, Sha256};

pub use encoder::Encoder;

use crate::core::Result;

/// What a text is: some encoders put another word before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// A question.
    Query,
    /// A piece of a manual.
    Passage,
}

/// The contextual vectors of a text's word pieces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenVectors {
    dims: usize,
    rows: Vec<f32>,
    spans: Vec<Range<u32>>,
}

impl TokenVectors {
    /// From rows of `dims` numbers and each row's byte span in the text; what has no
    /// counterpart is dropped.
    pub fn new(dims: usize, mut rows: Vec<f32>, mut spans: Vec<Range<u32>>) -> Self {
        let count = spans.len().min(if dims == 0 { 0 } else { rows.len() / dims });
        rows.truncate(count * dims);
        spans.truncate(count);
        Self { dims, rows, spans }
    }

    /// Numbers per vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// How many word pieces.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Each piece's byte span in the text, and its vector as the encoder gave it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Range<u32>, &[f32])> {
        self.spans.iter().cloned().zip(self.rows.chunks_exact(self.dims.max(1)))
    }
}

/// A text's vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoded {
    /// The whole text's vector, of unit length.
    pub sentence: Vec<f32>,
    /// Its word pieces' vectors, without the model's own marks.
    pub tokens: TokenVectors,
    /// Bytes of the text that went in: fewer than it has where it holds more word pieces
    /// than the model reads.
    pub covered: usize,
}

/// Something that makes vectors of texts.
pub trait Embed: Send + Sync {
    /// Numbers per vector.
    fn dims(&self) -> usize;

    /// Names the model, its files and how it is computed: vectors of two identities must
    /// not meet.
    fn identity(&self) -> &str;

    /// Word pieces of a text that are read at most.
    fn max_tokens(&self) -> usize;

    /// Encodes `texts`, in their order, on at most `threads` threads (one more is never
    /// started; one means the caller's own). Cut the work by [`steps`] to give cores back
    /// in between.
    ///
    /// # Errors
    /// `Kind::Compute` where a text cannot be made into word pieces.
    fn encode(&self, texts: &[&str], side: Side, threads: usize) -> Result<Vec<Encoded>>;
}

/// Bytes of text that one thread encodes in a step.
const STEP_BYTES: usize = 2048;

/// Cuts texts into runs that take at most about 50 ms each on `threads` threads of a small
/// computer (some 500 word pieces a thread): between two of them a lease may be given back.
pub fn steps(texts: &[&str], threads: usize) -> Vec<Range<usize>> {
    let most = STEP_BYTES * threads.max(1);
    let (mut steps, mut first, mut bytes) = (Vec::new(), 0, 0);
    for (at, text) in texts.iter().enumerate() {
        // What is cut off costs nothing.
        let cost = text.len().min(STEP_BYTES);
        if at > first && bytes + cost > most {
            steps.push(first..at);
            (first, bytes) = (at, 0);
        }
        bytes += cost;
    }
    if first < texts.len() {
        steps.push(first..texts.len());
    }
    steps
}

/// The name under which the vectors of `text`, made by the embedder `identity`, may be kept.
pub fn key(text: &str, identity: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((identity.len() as u64).to_le_bytes());
    hash.update(identity);
    hash.update(text);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_texts_and_embedders_apart() {
        let keys = [key("ab", "c"), key("b", "ca"), key("ab", "d"), key("", "abc")];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|b| a != b), "{i}");
        }
        assert_eq!(key("ab", "c"), keys[0]);
    }

    #[test]
    fn steps_cover_all_texts_in_order_and_bound_each() {
        let long = "x".repeat(3000);
        let texts = ["a", &long, "b", "c", &long, &long];
        let steps = steps(&texts, 1);
        assert_eq!(steps.concat_ranges(), (0..6).collect::<Vec<_>>());
        assert_eq!(steps, [0..1, 1..2, 2..4, 4..5, 5..6]);
        assert_eq!(super::steps(&texts, 2), [0..4, 4..6]);
        assert_eq!(super::steps(&[], 1), [] as [Range<usize>; 0]);
    }

    trait Concat {
        fn concat_ranges(&self) -> Vec<usize>;
    }

    impl Concat for Vec<Range<usize>> {
        fn concat_ranges(&self) -> Vec<usize> {
            self.iter().cloned().flatten().collect()
        }
    }
}
