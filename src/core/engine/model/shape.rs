//! What a model file says of its shape.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;

use crate::core::engine::kernels::attention::Heads;
use crate::core::{Error, Kind, Result};

/// Tokens that prompt and answer may have together, whatever the file allows.
const WINDOW: usize = 4096;

/// How heads are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The i-th and the (i + half)-th number of a head.
    Halves,
    /// Neighbours.
    Pairs,
}

/// A decoder's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// `general.architecture`.
    pub architecture: String,
    /// Numbers per token between layers.
    pub width: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Attention heads and layers.
    pub heads: Heads,
    /// Tokens that a sequence may have.
    pub window: usize,
    /// Added under the root of the norms.
    pub epsilon: f32,
    /// Base of the rotation's wavelengths.
    pub base: f32,
    /// Numbers of a head that are rotated.
    pub rotated: usize,
    /// Which pairs are rotated.
    pub rotation: Rotation,
}

impl Shape {
    /// Reads a file's metadata.
    ///
    /// # Errors
    /// [`Kind::Model`] where it is no decoder that can be run here.
    pub fn of(metadata: &HashMap<String, Value>) -> Result<Self> {
        let architecture = metadata
            .get("general.architecture")
            .and_then(|v| v.to_string().ok().cloned())
            .unwrap_or_default();
        let rotation = match architecture.as_str() {
            "llama" => Rotation::Pairs,
            "qwen2" | "qwen3" => Rotation::Halves,
            other => {
                return Err(Error::new(
                    Kind::Model,
                    format!("the model's architecture is `{other}`; llama, qwen2 and qwen3 can be run"),
                )
                .hint("millwright models list"));
            }
        };
        let find = |key: &str| metadata.get(&format!("{architecture}.{key}"));
        let optional = |key: &str| find(key).and_then(whole);
        let number = |key: &str| {
            optional(key)
                .filter(|n| *n > 0)
                .ok_or_else(|| unusable(format!("the model file has no `{architecture}.{key}`")))
        };
        let float = |key: &str| find(key).and_then(|v| v.to_f32().ok());
        let (width, query) = (number("embedding_length")?, number("attention.head_count")?);
        let dim = optional("attention.key_length").unwrap_or(width / query);
        let heads = Heads {
            layers: number("block_count")?,
            query,
            kv: optional("attention.head_count_kv").unwrap_or(query),
            dim,
        };
        if heads.kv == 0
            || !query.is_multiple_of(heads.kv)
            || dim == 0
            || !dim.is_multiple_of(16)
            || dim > 1024
        {
            return Err(unusable(format!(
                "the model has {query} heads of {dim} numbers over {} for keys: a multiple, of multiples of 16, \
                 can be run",
                heads.kv
            )));
        }
        if optional("attention.value_length").is_some_and(|n| n != dim) {
            return Err(unusable("the model's keys and values differ in length".to_owned()));
        }
        Ok(Self {
            width,
            inner: number("feed_forward_length")?,
            heads,
            window: optional("context_length").unwrap_or(WINDOW).clamp(1, WINDOW),
            epsilon: float("attention.layer_norm_rms_epsilon")
                .ok_or_else(|| unusable("the model file does not say its norms' epsilon".to_owned()))?,
            base: float("rope.freq_base").unwrap_or(10_000.0),
            rotated: optional("rope.dimension_count").unwrap_or(dim).min(dim),
            rotation,
            architecture,
        })
    }

    /// (cosine, sine) for each position and rotated pair. `factors` divide the frequencies
    /// (Llama 3's long context; `rope_freqs.weight` of the file).
    pub fn angles(&self, factors: Option<&[f32]>) -> Vec<(f32, f32)> {
        let half = self.rotated / 2;
        (0..self.window)
            .flat_map(|position| {
                (0..half).map(move |i| {
                    let frequency = self.base.powf(-2.0 * i as f32 / self.rotated as f32);
                    let factor = factors.and_then(|f| f.get(i)).copied().unwrap_or(1.0);
                    let angle = position as f32 * (frequency / factor);
                    (angle.cos(), angle.sin())
                })
            })
            .collect()
    }
}

fn whole(value: &Value) -> Option<usize> {
    match value {
        Value::U64(n) => usize::try_from(*n).ok(),
        other => other.to_u32().ok().map(|n| n as usize),
    }
}

fn unusable(what: String) -> Error {
    Error::new(Kind::Model, what).hint("use a GGUF file of a Qwen2, Qwen3, SmolLM2 or Llama 3 model")
}
