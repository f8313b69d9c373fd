//! An embedder for tests: no model, the same everywhere, near for texts that share words.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{Embed, Encoded, Side, TokenVectors};
use crate::core::Result;

/// Hashed words: each word points in a direction of its own, a text where its words do.
#[derive(Debug, Clone)]
pub struct HashEmbedder {
    dims: usize,
    identity: String,
}

impl HashEmbedder {
    /// An embedder of `dims` numbers.
    pub fn new(dims: usize) -> Self {
        Self { dims, identity: format!("hash-{dims}") }
    }

    /// The direction of one word, of unit length.
    fn word(&self, word: &str) -> Vec<f32> {
        let hash: [u8; 32] = Sha256::digest(word.to_lowercase()).into();
        let mut vector: Vec<f32> = (0..self.dims)
            .map(|i| {
                let byte = Sha256::digest([&hash[..], &(i as u64).to_le_bytes()].concat())[0];
                f32::from(byte) - 127.5
            })
            .collect();
        unit(&mut vector);
        vector
    }
}

impl Embed for HashEmbedder {
    fn dims(&self) -> usize {
        self.dims
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn max_tokens(&self) -> usize {
        256
    }

    fn encode(&self, texts: &[&str], _: Side, _: usize) -> Result<Vec<Encoded>> {
        Ok(texts.iter().map(|text| self.one(text)).collect())
    }
}

impl HashEmbedder {
    fn one(&self, text: &str) -> Encoded {
        let spans: Vec<Range<u32>> = words(text).take(self.max_tokens()).collect();
        let covered = if spans.len() < self.max_tokens() {
            text.len()
        } else {
            spans.last().map_or(0, |span| span.end as usize)
        };
        let mut rows = Vec::with_capacity(spans.len() * self.dims);
        let mut sentence = vec![0.0; self.dims];
        for span in &spans {
            let word = text.get(span.start as usize..span.end as usize).unwrap_or_default();
            let vector = self.word(word);
            sentence.iter_mut().zip(&vector).for_each(|(sum, x)| *sum += x);
            rows.extend(vector);
        }
        unit(&mut sentence);
        Encoded { sentence, tokens: TokenVectors::new(self.dims, rows, spans), covered }
    }
}

/// Byte spans of runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = Range<u32>> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(move |word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        start as u32..(start + word.len()) as u32
    })
}

fn unit(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_nearer() {
        let texts = ["the flange bolt torque", "Torque of the flange bolt?", "replace the air filter"];
        let encoded = HashEmbedder::new(64).encode(&texts, Side::Passage, 1).unwrap();
        let dot = |a: usize, b: usize| -> f32 {
            encoded[a].sentence.iter().zip(&encoded[b].sentence).map(|(x, y)| x * y).sum()
        };
        assert!(dot(0, 1) > 0.8 && dot(0, 2) < 0.6);
        let (span, _) = encoded[1].tokens.iter().next().unwrap();
        assert_eq!(&texts[1][span.start as usize..span.end as usize], "Torque");
    }
}
