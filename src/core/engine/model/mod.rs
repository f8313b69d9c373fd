//! The model: one ragged batch per step.
//!
//! [`Forward`] is what the worker knows of it; [`decoder`] computes it on the weights that
//! [`packed`] keeps.

pub mod decoder;
pub mod packed;
pub mod shape;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::chat::Chat;
use super::kernels;
use super::kv::PageId;
use super::vocabulary::{Parts, Vocabulary};
use crate::core::{Error, Kind, Result};

/// What a model is, for the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// File name, without the directory.
    pub file: String,
    /// `general.architecture` of the file.
    pub architecture: String,
    /// Share of the weights by their type, the largest first: `Q5_0 62 %, Q8_0 22 %, …`.
    pub quantisation: String,
    /// The instruction-set path that computes; on each the same bits.
    pub path: String,
}

/// A model that can run.
pub struct Loaded {
    /// What computes.
    pub decoder: decoder::Decoder,
    /// Its tokens and its chat template.
    pub chat: Chat,
    /// What it is.
    pub identity: Identity,
}

/// Loads a GGUF file with its tokenizer. Its weights are packed in `packed` where they are
/// not yet.
///
/// # Errors
/// [`Kind::Io`] where files cannot be read or written, [`Kind::Model`] where it is no model
/// that can be run here.
pub fn load(path: &Path, packed: &Path, kv_bytes: usize, threads: usize) -> Result<Loaded> {
    let file = File::open(path).map_err(|e| {
        Error::new(Kind::Io, format!("cannot open the model {}", path.display()))
            .because(e)
            .hint("millwright models pull answerer")
    })?;
    let content = Content::read(&mut BufReader::new(file)).map_err(|e| {
        Error::new(Kind::Model, format!("{} is no GGUF model that can be run", path.display()))
            .because(e)
            .hint("millwright models verify")
    })?;
    let shape = shape::Shape::of(&content.metadata)?;
    let chat = Chat::new(Vocabulary::new(Parts::of(&content.metadata)?)?)?;
    let computes = kernels::Path::best();
    let identity = Identity {
        file: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        architecture: shape.architecture.clone(),
        quantisation: quantisation(&content),
        path: computes.name().to_owned(),
    };
    let weights = packed::Packed::open(path, &content, packed)?;
    let decoder = decoder::Decoder::new(shape, weights, kv_bytes, threads, computes)?;
    Ok(Loaded { decoder, chat, identity })
}

/// Share of the weights by type, the largest first.
fn quantisation(content: &Content) -> String {
    let mut by_type: Vec<(String, usize)> = Vec::new();
    for info in content.tensor_infos.values() {
        let name = format!("{:?}", info.ggml_dtype);
        let count = info.shape.elem_count();
        match by_type.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += count,
            None => by_type.push((name, count)),
        }
    }
    by_type.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    let all = by_type.iter().map(|(_, n)| n).sum::<usize>().max(1);
    let share = |(name, n): &(String, usize)| match n * 100 / all {
        0 => None,
        percent => Some(format!("{name} {percent} %")),
    };
    by_type.iter().filter_map(share).collect::<Vec<_>>().join(", ")
}

/// One sequence's part of a step.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    /// The tokens to read, one after the other; at least one.
    pub tokens: &'a [u32],
    /// The position of the first of them: so many tokens of the sequence are in its pages.
    pub start: usize,
    /// The sequence's pages, by position; enough for all of `tokens`.
    pub pages: &'a [PageId],
    /// What to compute after them.
    pub want: Want<'a>,
}

/// What is asked of the output layer.
#[derive(Debug, Clone, Copy)]
pub enum Want<'a> {
    /// Nothing: more of the prompt follows.
    Nothing,
    /// The best next token after each of the last `last` tokens of the slice. `allowed[i]`
    /// holds for the i-th of them; past the end of `allowed`, and where it is `None`, every
    /// token is allowed. Of equals the lowest id is best.
    Best {
        /// After how many of the last tokens.
        last: usize,
        /// Which tokens may follow.
        allowed: &'a [Option<&'a Bits>],
    },
    /// The natural logarithm of the probability of `targets[i]` after the i-th of the last
    /// `targets.len()` tokens of the slice.
    Score {
        /// The tokens that are scored.
        targets: &'a [u32],
    },
}

/// What a step computed: for each slice in order, and each of its wanted positions in order,
/// one entry. Reused from step to step.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Found {
    /// Best tokens; `None` where no allowed score was a number.
    pub best: Vec<Option<u32>>,
    /// Logarithms of probabilities.
    pub scores: Vec<f32>,
}

/// What computes steps.
pub trait Forward {
    /// Tokens that a sequence may have.
    fn window(&self) -> usize;

    /// Tokens of the vocabulary.
    fn vocabulary(&self) -> usize;

    /// Pages of KV cache that it has memory for.
    fn pages(&self) -> usize;

    /// Computes one step. `threads` is asked before each layer how many threads may run: the
    /// place to give cores back. The same sequence gives the same bits whatever else is in
    /// the batch and however it is sliced.
    ///
    /// # Errors
    /// [`Kind::Compute`](crate::core::Kind::Compute) where a slice does not fit its pages or
    /// the window.
    fn step(
        &mut self,
        slices: &[Slice<'_>],
        threads: &mut dyn FnMut() -> usize,
        found: &mut Found,
    ) -> Result<()>;
}
