//! Silero VAD v6 (16 kHz, ONNX opset 15) through rten.
//!
//! Input: `input` (1, 576) = 64 samples of left context and 512 new ones, `state` (2, 1, 128)
//! of its LSTM, `sr` = 16000; output: `output` (1, 1), the probability, and `stateN`. Without
//! the context its probabilities are wrong. Source: <https://github.com/snakers4/silero-vad>.

use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::FRAME;
use crate::core::hear::SAMPLE_RATE;
use crate::entry::{Error, Kind, Result};

/// Samples before the frame that the model wants to see.
const CONTEXT: usize = 64;
/// Numbers of the LSTM's state: two of 128.
const STATE: usize = 256;

/// The model with the state of one stream.
pub struct Silero {
    model: Model,
    nodes: Nodes,
    /// One thread: the model is so small that a second one only gets in the way.
    pool: Arc<ThreadPool>,
    input: Vec<f32>,
    state: Vec<f32>,
}

struct Nodes {
    input: NodeId,
    state: NodeId,
    rate: NodeId,
    output: NodeId,
    state_after: NodeId,
}

impl Silero {
    /// Loads the model.
    ///
    /// # Errors
    /// `Model` where the file is missing or no such model.
    pub fn load(path: &Path) -> Result<Self> {
        let odd = |what: &str| {
            Error::new(Kind::Model, format!("{} is no Silero VAD: {what}", path.display()))
                .hint("millwright models verify, then millwright models pull vad")
        };
        let model = Model::load_file(path).map_err(|e| odd("it does not load").because(e.to_string()))?;
        let node = |name: &str| model.find_node(name).ok_or_else(|| odd(&format!("it has no \"{name}\"")));
        let nodes = Nodes {
            input: node("input")?,
            state: node("state")?,
            rate: node("sr")?,
            output: node("output")?,
            state_after: node("stateN")?,
        };
        Ok(Self {
            model,
            nodes,
            pool: Arc::new(ThreadPool::with_num_threads(1)),
            input: vec![0.0; CONTEXT + FRAME],
            state: vec![0.0; STATE],
        })
    }

    /// Probability of speech in the next frame.
    ///
    /// # Errors
    /// `Model` where the model does not run.
    pub fn predict(&mut self, frame: &[f32; FRAME]) -> Result<f32> {
        self.input.copy_within(FRAME.., 0);
        self.input.truncate(CONTEXT);
        self.input.extend_from_slice(frame);
        let failed = |e: String| {
            Error::new(Kind::Model, "the voice activity model failed on a frame")
                .because(e)
                .hint("millwright models verify")
        };
        let (speech, state) = self.run().map_err(failed)?;
        self.state = state;
        Ok(if speech.is_finite() { speech.clamp(0.0, 1.0) } else { 0.0 })
    }

    fn run(&self) -> std::result::Result<(f32, Vec<f32>), String> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let rate = i32::try_from(SAMPLE_RATE).map_err(|e| e.to_string())?;
        let inputs: Vec<(NodeId, ValueOrView)> = vec![
            (self.nodes.input, NdTensor::from_data([1, CONTEXT + FRAME], self.input.clone()).into()),
            (self.nodes.state, NdTensor::from_data([2, 1, STATE / 2], self.state.clone()).into()),
            (self.nodes.rate, Tensor::from(rate).into()),
        ];
        let [speech, state] = self
            .model
            .run_n(inputs, [self.nodes.output, self.nodes.state_after], Some(options))
            .map_err(|e| e.to_string())?;
        let numbers = |value: rten::Value, count: usize| -> std::result::Result<Vec<f32>, String> {
            let tensor: Tensor<f32> = value.try_into().map_err(|_| "its output is no f32".to_owned())?;
            if tensor.len() == count {
                Ok(tensor.to_vec())
            } else {
                Err("its output has an odd shape".into())
            }
        };
        let state = numbers(state, STATE)?;
        Ok((numbers(speech, 1)?.first().copied().unwrap_or_default(), state))
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.input.fill(0.0);
        self.state.fill(0.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_foreign_file_is_an_error_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vad.onnx");
        for contents in [None, Some("not a model")] {
            if let Some(contents) = contents {
                std::fs::write(&path, contents).unwrap();
            }
            let error = Silero::load(&path).err().unwrap();
            assert_eq!(error.kind, Kind::Model);
            assert!(error.hint.contains("models pull vad"), "{error}");
        }
    }
}
