//! A Piper voice (VITS, ONNX) through rten.
//!
//! Input: `input` (1, n) phoneme ids, `input_lengths` (1), `scales` (3) = noise, length,
//! noise of the duration predictor; output (1, 1, 1, samples). The ids are a start mark,
//! each phoneme's id followed by a pad, an end mark; the table is in the voice's own
//! configuration. Format: <https://github.com/rhasspy/piper>.
//!
//! Both noises are zero by default, so the same clause always gives the same samples (they
//! would be drawn unseeded otherwise) and a turn can be replayed. Whisper tiny.en read the
//! same figures back from six maintenance sentences, all of them right, with the voice's own
//! noise and without.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use serde::Deserialize;

use super::phonemes::{EspeakNg, Phonemizer};
use super::voice::{Pcm, Voice};
use crate::exit::{Error, Kind, Result};

/// More ids than this are no clause: some 20 s of speech.
const MOST_IDS: usize = 800;

/// The part of `NAME.onnx.json` that matters here.
#[derive(Debug, Deserialize)]
struct Config {
    audio: Audio,
    espeak: Espeak,
    inference: Inference,
    phoneme_id_map: HashMap<String, Vec<i32>>,
    #[serde(default = "one_speaker")]
    num_speakers: u32,
}

#[derive(Debug, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Debug, Deserialize)]
struct Espeak {
    voice: String,
}

#[derive(Debug, Deserialize)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

fn one_speaker() -> u32 {
    1
}

/// How freely the voice speaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// No noise: the same clause, the same samples.
    Quiet,
    /// The noise that the voice was trained for; livelier, never twice the same.
    Own,
}

/// The ids that frame and part the phonemes.
const START: &str = "^";
const PAD: &str = "_";
const END: &str = "$";

/// A loaded voice with its phonemizer.
pub struct Piper {
    name: String,
    model: Model,
    config: Config,
    ids: BTreeMap<char, i32>,
    frame: [i32; 3],
    inputs: Inputs,
    scales: [f32; 3],
    phonemizer: Box<dyn Phonemizer>,
    pools: BTreeMap<usize, Arc<ThreadPool>>,
}

struct Inputs {
    ids: NodeId,
    lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    sound: NodeId,
}

impl Piper {
    /// Loads the voice and starts its espeak-ng child.
    ///
    /// # Errors
    /// [`Kind::Voice`] where a file is missing or is no Piper voice, or espeak-ng is absent.
    pub fn load(onnx: &Path, json: &Path) -> Result<Self> {
        let config = read_config(json)?;
        let phonemizer = EspeakNg::start(&config.espeak.voice)?;
        Self::with_phonemizer(onnx, config, Box::new(phonemizer))
    }

    fn with_phonemizer(onnx: &Path, config: Config, phonemizer: Box<dyn Phonemizer>) -> Result<Self> {
        let odd = |what: &str| {
            Error::new(Kind::Voice, format!("{} is no Piper voice: {what}", onnx.display()))
                .hint("millwright models verify, then millwright models pull voice")
        };
        let model = Model::load_file(onnx).map_err(|e| odd("it does not load").because(e.to_string()))?;
        let node = |name: &str| model.find_node(name).ok_or_else(|| odd(&format!("it has no \"{name}\"")));
        let speaker = if config.num_speakers > 1 { Some(node("sid")?) } else { None };
        let inputs = Inputs {
            ids: node("input")?,
            lengths: node("input_lengths")?,
            scales: node("scales")?,
            speaker,
            sound: *model.output_ids().first().ok_or_else(|| odd("it has no output"))?,
        };
        let id = |mark: &str| {
            config
                .phoneme_id_map
                .get(mark)
                .and_then(|ids| ids.first())
                .copied()
                .ok_or_else(|| odd("its table has no marks"))
        };
        let frame = [id(START)?, id(PAD)?, id(END)?];
        let ids = config
            .phoneme_id_map
            .iter()
            .filter_map(|(phoneme, ids)| {
                let mut chars = phoneme.chars();
                chars.next().filter(|_| chars.next().is_none()).zip(ids.first().copied())
            })
            .collect();
        let name = onnx.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let scales = [0.0, config.inference.length_scale, 0.0];
        Ok(Self { name, model, config, ids, frame, inputs, scales, phonemizer, pools: BTreeMap::new() })
    }

    /// Chooses the noise; [`Noise::Quiet`] is the default.
    #[must_use]
    pub fn noise(mut self, noise: Noise) -> Self {
        let own = &self.config.inference;
        self.scales = match noise {
            Noise::Quiet => [0.0, own.length_scale, 0.0],
            Noise::Own => [own.noise_scale, own.length_scale, own.noise_w],
        };
        self
    }

    /// The espeak-ng voice whose phonemes this model was trained on, such as "en-us".
    #[must_use]
    pub fn espeak_voice(&self) -> &str {
        &self.config.espeak.voice
    }

    /// Start mark, each known phoneme and a pad, end mark. Unknown phonemes are left out.
    fn ids(&self, phonemes: &str) -> Vec<i32> {
        let [start, pad, end] = self.frame;
        let mut ids = vec![start, pad];
        let known = phonemes.chars().filter_map(|c| self.ids.get(&c));
        ids.extend(known.take(MOST_IDS / 2).flat_map(|id| [*id, pad]));
        ids.push(end);
        ids
    }

    /// A pool of exactly the leased threads; kept, because a lease comes again.
    fn pool(&mut self, threads: usize) -> Arc<ThreadPool> {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.clamp(1, most);
        Arc::clone(
            self.pools.entry(threads).or_insert_with(|| Arc::new(ThreadPool::with_num_threads(threads))),
        )
    }

    fn run(&mut self, ids: Vec<i32>, threads: usize) -> std::result::Result<Vec<f32>, String> {
        let mut options = RunOptions::default();
        options.thread_pool = Some(self.pool(threads));
        let count = i32::try_from(ids.len()).map_err(|e| e.to_string())?;
        let mut inputs: Vec<(NodeId, ValueOrView)> = vec![
            (self.inputs.lengths, NdTensor::from([count]).into()),
            (self.inputs.scales, NdTensor::from(self.scales).into()),
            (self.inputs.ids, NdTensor::from_data([1, ids.len()], ids).into()),
        ];
        if let Some(speaker) = self.inputs.speaker {
            inputs.push((speaker, NdTensor::from([0i32]).into()));
        }
        let [sound] =
            self.model.run_n(inputs, [self.inputs.sound], Some(options)).map_err(|e| e.to_string())?;
        let sound: Tensor<f32> = sound.try_into().map_err(|_| "the sound is no f32 tensor".to_owned())?;
        Ok(sound.to_vec())
    }
}

impl Voice for Piper {
    fn name(&self) -> &str {
        &self.name
    }

    fn synthesise(&mut self, clause: &str, threads: usize) -> Result<Pcm> {
        let phonemes = self.phonemizer.phonemes(clause)?;
        let sample_rate = self.config.audio.sample_rate;
        let ids = self.ids(&phonemes);
        if ids.len() <= 3 {
            return Ok(Pcm { samples: Vec::new(), sample_rate });
        }
        let mut samples = self.run(ids, threads).map_err(|e| {
            Error::new(Kind::Compute, format!("the voice {} failed on a clause", self.name))
                .because(e)
                .hint("millwright models verify")
        })?;
        for sample in &mut samples {
            *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        Ok(Pcm { samples, sample_rate })
    }
}

fn read_config(json: &Path) -> Result<Config> {
    let odd = |what: &str| {
        Error::new(Kind::Voice, format!("cannot {what} the voice's configuration {}", json.display()))
            .hint("millwright models verify, then millwright models pull voice")
    };
    let text = std::fs::read_to_string(json).map_err(|e| odd("read").because(e))?;
    let config: Config = serde_json::from_str(&text).map_err(|e| odd("understand").because(e))?;
    if config.audio.sample_rate == 0 {
        return Err(odd("use"));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_missing_or_foreign_file_is_an_error_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let json = dir.path().join("v.onnx.json");
        let error = Piper::load(&dir.path().join("v.onnx"), &json).err().unwrap();
        assert_eq!(error.kind, Kind::Voice);
        assert!(error.hint.contains("models pull voice"));
        std::fs::write(&json, "{}").unwrap();
        assert!(Piper::load(&dir.path().join("v.onnx"), &json).is_err());
        std::fs::write(
            &json,
            r#"{"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},
                "inference":{"noise_scale":0.6,"length_scale":1,"noise_w":0.8},"phoneme_id_map":{}}"#,
        )
        .unwrap();
        std::fs::write(dir.path().join("v.onnx"), b"not a model").unwrap();
        let error = Piper::load(&dir.path().join("v.onnx"), &json).err().unwrap();
        assert!(error.what.contains("is no Piper voice"), "{error}");
    }
}
