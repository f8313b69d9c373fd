//! The model itself: candle-transformers' quantised decoders on the CPU.
//!
//! What this costs, until kernels and a KV cache of our own replace it: the prompt is read
//! anew each time (its KV cache can be cleared but not cut back, so no prefix is kept), the
//! embedding table is held as f32 beside the quantised one (the default model takes
//! 1.1 GB), and candle's thread pool has a fixed size whatever a lease grants:
//! `RAYON_NUM_THREADS`, else the machine's physical cores. Its threads spin, so a core
//! that is shared with other work costs it far more than half its speed.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Tensor};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};
use serde::{Deserialize, Serialize};

use super::chat::Chat;
use super::kv::PAGE;
use super::model::{Forward, Found, Slice, Want};
use super::vocabulary::{Parts, Vocabulary};
use crate::core::{Error, Kind, Result};

/// Tokens that prompt and answer may have together, whatever the file allows: candle's
/// llama has tables for no more, and each token costs up to 100 kB of KV cache.
const WINDOW: usize = 4096;

/// The most prompt tokens of one step. A prompt is cut into chunks of this size and then of
/// falling powers of two: candle keeps a mask for each pair of chunk and position for ever,
/// and so there are few. Measured on the default model, chunks of 4, 8, 16 and 64 read 23,
/// 25, 27 and 29 tokens/s: candle goes through the weights row by row, so wide chunks win
/// little, and a narrow one lets the cores go sooner. At 65 tokens/s it is 120 ms, still
/// above the house plan's 50 ms: candle cannot stop between two layers.
const CHUNK: usize = 8;

/// What a model is, for the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// File name, without the directory.
    pub file: String,
    /// `general.architecture` of the file.
    pub architecture: String,
    /// Share of the weights by their type, the largest first: `Q5_0 62 %, Q8_0 22 %, …`.
    pub quantisation: String,
}

enum Decoder {
    Llama(quantized_llama::ModelWeights),
    Qwen2(quantized_qwen2::ModelWeights),
    Qwen3(quantized_qwen3::ModelWeights),
}

/// A loaded model with the one sequence that it is working on.
pub struct Model {
    decoder: Decoder,
    /// Tokens in the KV cache.
    length: usize,
    window: usize,
}

impl Model {
    /// Loads a GGUF file, with its tokenizer.
    ///
    /// # Errors
    /// [`Kind::Io`] where it cannot be opened, [`Kind::Model`] where it is no model that
    /// can be run here.
    pub fn load(path: &Path) -> Result<(Self, Chat, Identity)> {
        let file = File::open(path).map_err(|e| {
            Error::new(Kind::Io, format!("cannot open the model {}", path.display()))
                .because(e)
                .hint("millwright models pull answerer")
        })?;
        let broken = |e: candle_core::Error| {
            Error::new(Kind::Model, format!("{} is no GGUF model that can be run", path.display()))
                .because(e)
                .hint("millwright models verify")
        };
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(broken)?;
        let architecture = content
            .metadata
            .get("general.architecture")
            .and_then(|v| v.to_string().ok().cloned())
            .unwrap_or_default();
        let window = content
            .metadata
            .get(&format!("{architecture}.context_length"))
            .and_then(|v| v.to_u32().ok())
            .map_or(WINDOW, |n| WINDOW.min(n as usize));
        let chat = Chat::new(Vocabulary::new(Parts::of(&content.metadata)?)?)?;
        let identity = Identity {
            file: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            quantisation: quantisation(&content),
            architecture: architecture.clone(),
        };
        let decoder = match architecture.as_str() {
            "llama" => quantized_llama::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)
                .map(Decoder::Llama),
            "qwen2" => quantized_qwen2::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)
                .map(Decoder::Qwen2),
            "qwen3" => quantized_qwen3::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)
                .map(Decoder::Qwen3),
            other => {
                return Err(Error::new(
                    Kind::Model,
                    format!(
                        "{} has the architecture `{other}`; llama, qwen2 and qwen3 can be run",
                        path.display()
                    ),
                )
                .hint("millwright models list"));
            }
        }
        .map_err(broken)?;
        Ok((Self { decoder, length: 0, window }, chat, identity))
    }

    /// Tokens that prompt and answer may have together.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Forgets the sequence.
    pub fn clear(&mut self) {
        match &mut self.decoder {
            Decoder::Llama(m) => m.clear_kv_cache(),
            Decoder::Qwen2(m) => m.clear_kv_cache(),
            Decoder::Qwen3(m) => m.clear_kv_cache(),
        }
        self.length = 0;
    }

    /// Reads `ids` after what was read before; returns a score per token of the vocabulary
    /// for the one that follows.
    ///
    /// # Errors
    /// [`Kind::Compute`] where the window is full or candle fails.
    pub fn step(&mut self, ids: &[u32]) -> Result<Scores> {
        let after = self.length + ids.len();
        if ids.is_empty() || after > self.window {
            return Err(Error::new(
                Kind::Compute,
                format!("{after} tokens do not fit the model's window of {}", self.window),
            ));
        }
        let scores = Device::Cpu
            .with_context(|| {
                let input = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
                let logits = match &mut self.decoder {
                    Decoder::Llama(m) => m.forward(&input, self.length),
                    Decoder::Qwen2(m) => m.forward(&input, self.length),
                    Decoder::Qwen3(m) => m.forward(&input, self.length),
                }?;
                logits.squeeze(0)?.to_vec1::<f32>()
            })
            .map_err(|e| Error::new(Kind::Compute, "the model failed").because(e))?;
        self.length = after;
        Ok(Scores(scores))
    }
}

/// Opens a model as what computes steps: slow, but right. To be replaced by the product's own.
///
/// # Errors
/// As [`Model::load`].
pub fn open(path: &Path, kv_mib: usize) -> Result<(Box<dyn Forward + Send>, Chat, Identity)> {
    let (model, chat, identity) = Model::load(path)?;
    let vocabulary = chat.vocabulary().tokens();
    // No tensors lie in these pages; 12 KiB of keys and values a token is the default model's.
    let pages = (kv_mib * 1024 / 12 / PAGE).max(WINDOW / PAGE);
    let pages = vec![[0; PAGE]; pages];
    Ok((Box::new(Stepwise { model, read: Vec::new(), pages, vocabulary }), chat, identity))
}

/// [`Forward`] on one sequence at a time. Its pages hold token ids; what a sequence has
/// before the slice is read from them, and computed anew unless it is what was read last.
struct Stepwise {
    model: Model,
    /// What is in candle's KV cache.
    read: Vec<u32>,
    pages: Vec<[u32; PAGE]>,
    vocabulary: usize,
}

impl Stepwise {
    /// Reads until `ids` are read, and returns the scores after them.
    fn read_to(&mut self, ids: &[u32]) -> Result<Scores> {
        if !ids.starts_with(&self.read) || ids.len() == self.read.len() {
            self.model.clear();
            self.read.clear();
        }
        let mut scores = Err(Error::new(Kind::Compute, "a slice has no tokens"));
        for chunk in chunks(ids.get(self.read.len()..).unwrap_or_default()) {
            scores = Ok(self.model.step(chunk)?);
            self.read.extend_from_slice(chunk);
        }
        scores
    }

    fn sequence(&mut self, slice: &Slice<'_>) -> Result<Vec<u32>> {
        let end = slice.start + slice.tokens.len();
        for (at, id) in (slice.start..).zip(slice.tokens) {
            let page = slice.pages.get(at / PAGE).and_then(|p| self.pages.get_mut(*p as usize));
            let page = page.ok_or_else(|| Error::new(Kind::Compute, "a slice does not fit its pages"))?;
            if let Some(slot) = page.get_mut(at % PAGE) {
                *slot = *id;
            }
        }
        let pages = slice.pages.iter().filter_map(|p| self.pages.get(*p as usize));
        Ok(pages.flatten().copied().take(end).collect())
    }
}

impl Forward for Stepwise {
    fn window(&self) -> usize {
        self.model.window()
    }

    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn pages(&self) -> usize {
        self.pages.len()
    }

    fn step(
        &mut self,
        slices: &[Slice<'_>],
        threads: &mut dyn FnMut() -> usize,
        found: &mut Found,
    ) -> Result<()> {
        found.best.clear();
        found.scores.clear();
        for slice in slices {
            threads();
            let ids = self.sequence(slice)?;
            let last = match slice.want {
                Want::Nothing => 0,
                Want::Best { last, .. } => last,
                Want::Score { targets } => targets.len(),
            };
            for (i, end) in (ids.len() + 1 - last..=ids.len()).enumerate() {
                let scores = self.read_to(ids.get(..end).unwrap_or_default())?;
                match slice.want {
                    Want::Nothing => {}
                    Want::Best { allowed, .. } => {
                        let allowed = allowed.get(i).copied().flatten();
                        found.best.push(scores.best_in(|id| allowed.is_none_or(|a| a.contains(id))));
                    }
                    Want::Score { targets } => {
                        found.scores.extend(targets.get(i).map(|id| scores.log_probability(*id)));
                    }
                }
            }
        }
        Ok(())
    }
}

/// One score per token; they do not leave the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores(Vec<f32>);

impl Scores {
    /// The best of the tokens that `allowed` lets through; of equals the one with the lowest
    /// id. `None` where no score is a number.
    pub fn best_in(&self, allowed: impl Fn(u32) -> bool) -> Option<u32> {
        let mut best: Option<(u32, f32)> = None;
        for (id, score) in (0u32..).zip(self.0.iter().copied()) {
            // `>` is false for equals, which keeps the lowest id, and for NaN.
            if !score.is_nan() && best.is_none_or(|(_, top)| score > top) && allowed(id) {
                best = Some((id, score));
            }
        }
        best.map(|(id, _)| id)
    }

    /// The natural logarithm of a token's probability.
    pub fn log_probability(&self, id: u32) -> f32 {
        let top = self.0.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let all: f32 = self.0.iter().map(|s| (s - top).exp()).sum();
        self.0.get(id as usize).map_or(f32::NEG_INFINITY, |s| s - top - all.ln())
    }
}

/// Cuts a prompt into steps: [`CHUNK`] as often as it fits, then falling powers of two.
pub fn chunks(mut ids: &[u32]) -> impl Iterator<Item = &[u32]> {
    std::iter::from_fn(move || {
        let size = if ids.len() >= CHUNK { CHUNK } else { 1 << ids.len().checked_ilog2()? };
        let (chunk, rest) = ids.split_at(size);
        ids = rest;
        Some(chunk)
    })
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_cut_into_few_sizes_and_none_of_it_is_lost() {
        let ids: Vec<u32> = (0..45).collect();
        let sizes: Vec<usize> = chunks(&ids).map(<[u32]>::len).collect();
        assert_eq!(sizes, [8, 8, 8, 8, 8, 4, 1]);
        assert_eq!(chunks(&ids).flatten().copied().collect::<Vec<_>>(), ids);
        assert_eq!(chunks(&[]).count(), 0);
    }

    #[test]
    fn of_equal_scores_the_lowest_id_wins_and_nan_never() {
        let scores = Scores(vec![f32::NAN, 1.0, 3.0, 3.0]);
        assert_eq!(scores.best_in(|_| true), Some(2));
        assert_eq!(scores.best_in(|id| [1, 3].contains(&id)), Some(3));
        assert_eq!(scores.best_in(|id| id == 9), None);
        assert_eq!(Scores(vec![f32::NAN]).best_in(|_| true), None);
        assert!((Scores(vec![0.0, 0.0]).log_probability(1) + 2f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_file_that_is_no_model_is_refused_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("letter.gguf");
        std::fs::write(&path, "Dear technician,").unwrap();
        let Err(error) = Model::load(&path) else { panic!("it is a letter") };
        assert_eq!((error.kind, error.hint.as_str()), (Kind::Model, "millwright models verify"));
        let Err(error) = Model::load(&dir.path().join("none.gguf")) else { panic!("it is not there") };
        assert_eq!((error.kind, error.hint.as_str()), (Kind::Io, "millwright models pull answerer"));
    }
}
