//! What a model's own files say about its sizes, its pooling and its prefixes.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Side;
use crate::core::{Error, Kind, Result};

/// Word pieces that are read of a text at most, the model's own marks among them: sentence
/// encoders are trained on no more.
const MAX_PIECES: usize = 256;

/// `config.json` of a BERT encoder.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    pub(super) hidden_size: usize,
    pub(super) intermediate_size: usize,
    pub(super) num_attention_heads: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) max_position_embeddings: usize,
    #[serde(default = "layer_norm_eps")]
    pub(super) layer_norm_eps: f64,
    model_type: String,
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn layer_norm_eps() -> f64 {
    1e-12
}

fn absolute() -> String {
    "absolute".to_owned()
}

/// How a text's vector comes from its pieces'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// The first mark's.
    First,
}

/// `1_Pooling/config.json`.
#[derive(Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    prompts: PromptTexts,
}

#[derive(Default, Deserialize)]
struct PromptTexts {
    #[serde(default)]
    query: String,
    #[serde(default, alias = "document")]
    passage: String,
}

/// All of it.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) pooling: Pooling,
    /// Word pieces at most, marks included.
    pub(super) max_pieces: usize,
    query: String,
    passage: String,
}

impl Settings {
    /// Reads what stands beside a model: `config.json` must, the others may.
    ///
    /// # Errors
    /// `Kind::Model` where a file is damaged or names what this encoder is not.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        let config: Config = read(&dir.join("config.json"))?
            .ok_or_else(|| fault(&dir.join("config.json"), "is missing".to_owned()))?;
        config.check(&dir.join("config.json"))?;
        let path = dir.join("1_Pooling").join("config.json");
        let pooling = match read::<PoolingFile>(&path)? {
            None => Pooling::Mean,
            Some(file) if file.pooling_mode_mean_tokens => Pooling::Mean,
            Some(file) if file.pooling_mode_cls_token => Pooling::First,
            Some(_) => return Err(fault(&path, "asks for neither mean nor first-token pooling".to_owned())),
        };
        let prompts =
            read::<Prompts>(&dir.join("config_sentence_transformers.json"))?.unwrap_or_default().prompts;
        let max_pieces = MAX_PIECES.min(config.max_position_embeddings);
        Ok(Self { config, pooling, max_pieces, query: prompts.query, passage: prompts.passage })
    }

    /// What goes before a text.
    pub(super) fn prefix(&self, side: Side) -> &str {
        match side {
            Side::Query => &self.query,
            Side::Passage => &self.passage,
        }
    }
}

impl Config {
    /// Numbers per attention head.
    pub(super) fn head(&self) -> usize {
        self.hidden_size / self.num_attention_heads.max(1)
    }

    fn check(&self, path: &Path) -> Result<()> {
        let known = [
            ("model_type", self.model_type.as_str(), "bert"),
            ("hidden_act", &self.hidden_act, "gelu"),
            ("position_embedding_type", &self.position_embedding_type, "absolute"),
        ];
        for (name, found, wanted) in known {
            if found != wanted {
                return Err(fault(path, format!("has {name} `{found}`; only `{wanted}` can be run")));
            }
        }
        let even = |n: usize, of: usize| n > 0 && n.is_multiple_of(of);
        let sizes = even(self.hidden_size, 4)
            && even(self.hidden_size, self.num_attention_heads.max(1))
            && even(self.intermediate_size, 4)
            && self.hidden_size.max(self.intermediate_size) <= 1 << 14
            && (1..=64).contains(&self.num_hidden_layers)
            && self.num_attention_heads > 0
            && self.max_position_embeddings >= 8;
        sizes.then_some(()).ok_or_else(|| fault(path, "has sizes that no such model has".to_owned()))
    }
}

/// A JSON file, `None` where there is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| fault(path, "cannot be read".to_owned()).because(e)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fault(path, "cannot be read".to_owned()).because(e)),
    }
}

fn fault(path: &Path, what: String) -> Error {
    Error::new(Kind::Model, format!("{} {what}", path.display())).hint("millwright models verify")
}
