//! The model file that the lab measures with: where it is, how its prompts are spelt, and how
//! much of it a token costs.
//!
//! The lab spells prompts itself, beside the engine: it makes prompts of a wanted length, and
//! hands a peer the very same token ids.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::Content;

use crate::core::engine::Prompt;
use crate::core::engine::chat::Chat;
use crate::core::engine::vocabulary::{Parts, Vocabulary};
use crate::operations::models::{Role, Store};
use crate::operations::outcome::{Error, Kind, Result};

/// The embedding table, and the output layer where it has a matrix of its own.
const EMBEDDING: &str = "token_embd.weight";
const OUTPUT: &str = "output.weight";

/// How much of the weights a token costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weights {
    /// Bytes of the whole file.
    pub file_bytes: u64,
    /// Bytes that are read to write one token: all tensors, the embedding table only where it is
    /// the output layer too.
    pub bytes_per_token: u64,
    /// Parameters that every token of a prompt is multiplied with: the matrices of the layers. The
    /// output layer is left out, since only the last token of a prompt needs it.
    pub prefill_parameters: u64,
}

/// A model file.
pub struct Card {
    /// Its id, or the file's name where it was named by path.
    pub name: String,
    /// The GGUF file.
    pub path: PathBuf,
    /// What it costs.
    pub weights: Weights,
    chat: Chat,
}

impl Card {
    /// The answerer that `named` names (an id, or a path; `""` for the configured one).
    ///
    /// # Errors
    /// `Missing` where it is not installed, or is no GGUF file with a tokenizer.
    pub fn open(data: &Path, named: &str) -> Result<Card> {
        let located = Store::open(data)?.locate(Role::Answerer, Some(named))?;
        let broken = |e: &dyn std::fmt::Display| -> Error {
            Error::new(Kind::Missing, format!("{} is no GGUF model that can be run", located.path.display()))
                .because(e.to_string())
                .hint("millwright models verify")
        };
        let file = File::open(&located.path).map_err(|e| broken(&e))?;
        let file_bytes = file.metadata().map_err(|e| broken(&e))?.len();
        let content = Content::read(&mut BufReader::new(file)).map_err(|e| broken(&e))?;
        let chat = Chat::new(Vocabulary::new(Parts::of(&content.metadata)?)?)?;
        let tensors = content.tensor_infos.iter().map(|(name, info)| {
            let elements = info.shape.elem_count() as u64;
            let block = info.ggml_dtype.block_size() as u64;
            let bytes = elements / block.max(1) * info.ggml_dtype.type_size() as u64;
            (name.as_str(), info.shape.dims().len(), elements, bytes)
        });
        let file_name = located.path.file_name().map(|n| n.to_string_lossy().into_owned());
        Ok(Card {
            name: located.id.clone().or(file_name).unwrap_or_default(),
            weights: weights(tensors, file_bytes),
            path: located.path,
            chat,
        })
    }

    /// How many tokens a text has.
    pub fn count(&self, text: &str) -> usize {
        self.chat.vocabulary().encode(text).map_or(text.len(), |ids| ids.len())
    }

    /// The ids of a prompt, as the engine spells it.
    ///
    /// # Errors
    /// Where the tokenizer fails.
    pub fn ids(&self, prompt: &Prompt) -> Result<Vec<u32>> {
        Ok(self.chat.render(prompt)?)
    }
}

/// Sums up tensors: (name, dimensions, elements, bytes).
fn weights<'t>(tensors: impl Iterator<Item = (&'t str, usize, u64, u64)>, file_bytes: u64) -> Weights {
    let mut sum = Weights { file_bytes, ..Weights::default() };
    let (mut embedding, mut has_output) = (0, false);
    for (name, dimensions, elements, bytes) in tensors {
        has_output |= name == OUTPUT;
        match name {
            EMBEDDING => embedding = bytes,
            OUTPUT => sum.bytes_per_token += bytes,
            _ => {
                sum.bytes_per_token += bytes;
                sum.prefill_parameters += if dimensions > 1 { elements } else { 0 };
            }
        }
    }
    if !has_output {
        sum.bytes_per_token += embedding;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedding_table_is_read_whole_only_where_it_is_the_output_layer_too() {
        let layer = [("blk.0.ffn_up.weight", 2, 1000, 600), ("blk.0.attn_norm.weight", 1, 10, 40)];
        let tied = [("token_embd.weight", 2, 500, 300)];
        let own = [("output.weight", 2, 500, 400)];
        let sum = weights(layer.into_iter().chain(tied), 1_000);
        assert_eq!((sum.bytes_per_token, sum.prefill_parameters, sum.file_bytes), (940, 1000, 1_000));
        let sum = weights(layer.into_iter().chain(tied).chain(own), 2_000);
        assert_eq!((sum.bytes_per_token, sum.prefill_parameters), (1040, 1000));
    }
}
