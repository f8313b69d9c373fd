//! A sentence encoder of BERT architecture.
//!
//! Several texts pass the layers at once, their word pieces one below the other without
//! padding: only attention knows where a text ends. The weights are rounded to bytes when
//! the model is opened; the vocabulary stays in the mapped file.

use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::config::{Pooling, Settings};
use super::linear::{Linear, Rounded, Then};
use super::maths::{Attention, Norm, unit};
use super::pieces::{Cutter, Pieces};
use super::weights::{Rows, Weights};
use super::{Embed, Encoded, Side, TokenVectors};
use crate::core::knowledge::vectors::container::map;
use crate::core::knowledge::vectors::kernels::Kernels;
use crate::core::{Error, Kind, Result};

/// Changes whenever the same files would give other bits.
const COMPUTED: &str = "bert-i8-1";

/// Word pieces that pass the layers together: enough that weights are read rarely, few
/// enough that the numbers between two layers stay in the second-level cache.
const GROUP: usize = 256;

/// What makes a model: its name follows from these bytes.
const FILES: [&str; 3] = ["model.safetensors", "tokenizer.json", "config.json"];
/// What may stand beside and changes what it computes.
const MORE_FILES: [&str; 2] = ["1_Pooling/config.json", "config_sentence_transformers.json"];

struct Layer {
    qkv: Linear,
    attended: Linear,
    attended_norm: Norm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: Norm,
}

/// A sentence encoder, ready to run. It is read only: any number of threads may share it.
pub struct Encoder {
    identity: String,
    settings: Settings,
    cutter: Cutter,
    words: Rows,
    /// Position and token type together.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    kernels: Kernels,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoder({})", self.identity)
    }
}

impl Encoder {
    /// Opens the model in `dir` and names it by the SHA-256 of its files.
    ///
    /// # Errors
    /// `Kind::Model` where a file is missing, damaged, or of another architecture.
    pub fn open(dir: &Path) -> Result<Self> {
        let mut hash = Sha256::new();
        for name in FILES.into_iter().chain(MORE_FILES) {
            let path = dir.join(name);
            if MORE_FILES.contains(&name) && !path.exists() {
                continue;
            }
            let bytes = map(&path).map_err(|e| {
                let what = format!("{} cannot be opened", path.display());
                Error::new(Kind::Model, what).because(e).hint("millwright models pull embedder")
            })?;
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes.as_slice());
        }
        let digest = hash.finalize();
        let given: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self::open_as(dir, &given)
    }

    /// Opens the model in `dir` under a name that is already known, such as the manifest's
    /// checksum of it: the files are not read for one.
    ///
    /// # Errors
    /// As [`Encoder::open`].
    pub fn open_as(dir: &Path, given: &str) -> Result<Self> {
        let settings = Settings::read(dir)?;
        let cutter = Cutter::open(&dir.join("tokenizer.json"))?;
        let path = dir.join("model.safetensors");
        let weights = Weights::open(&path)?;
        let config = &settings.config;
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let root = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
        let norm = |name: String| -> Result<Norm> {
            // Older files say gamma and beta.
            let (w, b) =
                if weights.has(&format!("{name}.gamma")) { ("gamma", "beta") } else { ("weight", "bias") };
            Ok(Norm {
                weight: weights.numbers(&format!("{name}.{w}"), &[hidden])?,
                bias: weights.numbers(&format!("{name}.{b}"), &[hidden])?,
                eps: config.layer_norm_eps as f32,
            })
        };
        let linear = |names: &[String], columns, depth| Linear::load(&weights, names, columns, depth);
        let layers = (0..config.num_hidden_layers)
            .map(|n| {
                let at = |name: &str| format!("{root}encoder.layer.{n}.{name}");
                let qkv = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
                Ok(Layer {
                    qkv: linear(&qkv, hidden, hidden)?,
                    attended: linear(&[at("attention.output.dense")], hidden, hidden)?,
                    attended_norm: norm(at("attention.output.LayerNorm"))?,
                    wide: linear(&[at("intermediate.dense")], wide, hidden)?,
                    narrow: linear(&[at("output.dense")], hidden, wide)?,
                    narrow_norm: norm(at("output.LayerNorm"))?,
                })
            })
            .collect::<Result<_>>()?;
        let at = |name: &str| format!("{root}embeddings.{name}");
        let words = weights.rows(&at("word_embeddings.weight"), hidden)?;
        let mut positions =
            weights.numbers(&at("position_embeddings.weight"), &[config.max_position_embeddings, hidden])?;
        let mut token_type = Vec::with_capacity(hidden);
        weights.rows(&at("token_type_embeddings.weight"), hidden)?.read(0, |x| token_type.push(x));
        for row in positions.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&token_type).for_each(|(p, t)| *p += t);
        }
        let norm = norm(at("LayerNorm"))?;
        Ok(Self {
            identity: format!("{COMPUTED}:{given}"),
            cutter,
            words,
            positions,
            norm,
            layers,
            kernels: Kernels::best(),
            settings,
        })
    }

    /// Encodes the texts at `places` into `put`.
    fn some(&self, texts: &[&str], places: &[usize], side: Side) -> Result<Vec<(usize, Encoded)>> {
        let mut pass = Pass::default();
        let mut done = Vec::with_capacity(places.len());
        let mut group: Vec<(usize, Pieces)> = Vec::new();
        for &place in places {
            let text = texts.get(place).copied().unwrap_or_default();
            let pieces = self.cutter.cut(text, side, &self.settings)?;
            let held: usize = group.iter().map(|(_, p)| p.ids.len()).sum();
            if held > 0 && held + pieces.ids.len() > GROUP {
                self.group(&mut pass, &mut group, &mut done)?;
            }
            group.push((place, pieces));
        }
        self.group(&mut pass, &mut group, &mut done)?;
        Ok(done)
    }

    /// Takes the texts of `group` through the layers.
    fn group(
        &self,
        pass: &mut Pass,
        group: &mut Vec<(usize, Pieces)>,
        done: &mut Vec<(usize, Encoded)>,
    ) -> Result<()> {
        let mut texts: Vec<Range<usize>> = Vec::with_capacity(group.len());
        pass.rows.clear();
        for (_, pieces) in group.iter() {
            let first = texts.last().map_or(0, |text| text.end);
            texts.push(first..first + pieces.ids.len());
            self.look_up(&pieces.ids, &mut pass.rows)?;
        }
        for layer in &self.layers {
            layer.apply(self.kernels, &self.settings, &texts, pass);
        }
        let hidden = self.dims();
        for ((place, pieces), text) in group.drain(..).zip(texts) {
            let rows = &pass.rows[text.start * hidden..text.end * hidden];
            done.push((place, self.finish(&pieces, rows)));
        }
        Ok(())
    }

    /// Appends the first rows of a text: word, position and type, normalised.
    fn look_up(&self, ids: &[u32], rows: &mut Vec<f32>) -> Result<()> {
        let hidden = self.dims();
        for (&id, position) in ids.iter().zip(self.positions.chunks_exact(hidden)) {
            let start = rows.len();
            self.words.read(id as usize, |x| rows.push(x));
            let row = rows.get_mut(start..).unwrap_or_default();
            if row.len() != hidden {
                let what =
                    format!("the tokenizer's word piece {id} is none of the model's {}", self.words.len());
                return Err(Error::new(Kind::Model, what).hint("millwright models verify"));
            }
            row.iter_mut().zip(position).for_each(|(x, p)| *x += p);
            self.norm.apply(row);
        }
        Ok(())
    }

    fn finish(&self, pieces: &Pieces, rows: &[f32]) -> Encoded {
        let hidden = self.dims();
        let mut sentence = vec![0.0; hidden];
        let pooled = match self.settings.pooling {
            Pooling::Mean => rows,
            Pooling::First => rows.get(..hidden).unwrap_or_default(),
        };
        for row in pooled.chunks_exact(hidden) {
            sentence.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        unit(&mut sentence);
        let mut own = Vec::with_capacity(pieces.own.len() * hidden);
        let mut spans = Vec::with_capacity(pieces.own.len());
        for (at, span) in &pieces.own {
            own.extend_from_slice(rows.get(at * hidden..).and_then(|r| r.get(..hidden)).unwrap_or_default());
            spans.push(span.clone());
        }
        Encoded { sentence, tokens: TokenVectors::new(hidden, own, spans), covered: pieces.covered }
    }
}

impl Embed for Encoder {
    fn dims(&self) -> usize {
        self.settings.config.hidden_size
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn max_tokens(&self) -> usize {
        self.settings.max_pieces
    }

    fn encode(&self, texts: &[&str], side: Side, threads: usize) -> Result<Vec<Encoded>> {
        let shares = shares(texts, threads);
        let results: Vec<Result<Vec<(usize, Encoded)>>> = std::thread::scope(|scope| {
            let (first, others) = shares.split_first().map_or((&[][..], &[][..]), |(f, o)| (f.as_slice(), o));
            let others: Vec<_> =
                others.iter().map(|share| scope.spawn(move || self.some(texts, share, side))).collect();
            let mut results = vec![self.some(texts, first, side)];
            // A panic there is a defect of ours: it goes on here.
            let join = |other: std::thread::ScopedJoinHandle<'_, _>| {
                other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            results.extend(others.into_iter().map(join));
            results
        });
        let mut encoded = vec![Encoded::default(); texts.len()];
        for (place, one) in results.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten() {
            if let Some(slot) = encoded.get_mut(place) {
                *slot = one;
            }
        }
        Ok(encoded)
    }
}

/// Deals texts out to threads, long ones first, each to the thread with the least so far.
fn shares(texts: &[&str], threads: usize) -> Vec<Vec<usize>> {
    let mut shares = vec![(0, Vec::new()); threads.clamp(1, texts.len().max(1))];
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(texts.get(at).map_or(0, |t| t.len())));
    for at in order {
        if let Some(least) = shares.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            // Marks and the walk cost something too.
            least.0 += texts.get(at).map_or(0, |t| t.len()) + 16;
            least.1.push(at);
        }
    }
    shares.into_iter().map(|(_, places)| places).collect()
}

/// What a thread holds between the layers; reused from group to group.
#[derive(Default)]
struct Pass {
    rows: Vec<f32>,
    rounded: Rounded,
    attention: Attention,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
    out: Vec<f32>,
}

impl Layer {
    fn apply(&self, kernels: Kernels, settings: &Settings, texts: &[Range<usize>], pass: &mut Pass) {
        let config = &settings.config;
        let hidden = config.hidden_size;
        pass.rounded.set(&pass.rows, hidden);
        self.qkv.apply(kernels, &pass.rounded, Then::Nothing, &mut pass.qkv);
        pass.attention.apply(&pass.qkv, texts, config.num_attention_heads, config.head(), &mut pass.attended);
        pass.rounded.set(&pass.attended, hidden);
        self.attended.apply(kernels, &pass.rounded, Then::Nothing, &mut pass.out);
        self.attended_norm.add(&mut pass.rows, &pass.out);
        pass.rounded.set(&pass.rows, hidden);
        self.wide.apply(kernels, &pass.rounded, Then::Gelu, &mut pass.wide);
        pass.rounded.set(&pass.wide, self.wide.columns());
        self.narrow.apply(kernels, &pass.rounded, Then::Nothing, &mut pass.out);
        self.narrow_norm.add(&mut pass.rows, &pass.out);
    }
}

#[cfg(test)]
mod tests;
