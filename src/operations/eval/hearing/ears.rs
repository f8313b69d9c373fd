//! Ears without a microphone: samples in, utterances and their words out.

use std::ops::Range;

use super::Options;
use crate::core::hear::whisper::{self, Recogniser};
use crate::core::hear::{SAMPLE_RATE, Transcript};
use crate::entry::listen::endpoint::{Cue, Endpointer, Settings};
use crate::entry::listen::vad::{FRAME, Frame, Vad};
use crate::operations::models::{Role, Store, vad};
use crate::operations::outcome::Result;

/// Detector, endpointer and recogniser.
pub struct Ears {
    vad: Vad,
    recogniser: Recogniser,
    options: whisper::Options,
}

impl Ears {
    /// Opens the models that are configured; `prompt` is what the recogniser expects.
    ///
    /// # Errors
    /// `Missing` where a model is.
    pub fn open(options: &Options, prompt: &str) -> Result<Self> {
        let store = Store::open(&options.data)?;
        let recogniser = store.locate(Role::Recogniser, Some(&options.config.models.recogniser))?;
        let mut recogniser = Recogniser::load(&recogniser.path)?;
        recogniser.warm_up()?;
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        let vad = vad::open(&store, &options.config.models.vad)?;
        let options = whisper::Options {
            language: Some("en".into()),
            prompt: (!prompt.is_empty()).then(|| prompt.to_owned()),
            threads,
            ..whisper::Options::default()
        };
        Ok(Self { vad, recogniser, options })
    }

    /// Where somebody speaks, by detector and endpointer.
    ///
    /// # Errors
    /// Where the detector does not run.
    pub fn utterances(&mut self, samples: &[f32]) -> Result<Vec<Range<usize>>> {
        self.vad.reset();
        let mut endpointer = Endpointer::new(Settings::default());
        let (mut found, mut begin) = (Vec::new(), None);
        let mut frames: Vec<Frame> = Vec::new();
        let mut take = |frame: Frame, end: usize| match endpointer.frame(frame) {
            Some(Cue::Started { back }) => begin = Some(end.saturating_sub(back)),
            Some(Cue::Ended { speech_end, .. }) => {
                // 100 ms after the last sound: endings are soft.
                let last = (end.saturating_sub(speech_end) + SAMPLE_RATE as usize / 10).min(end);
                found.extend(begin.take().map(|begin| begin..last));
            }
            Some(Cue::Dropped) => begin = None,
            Some(Cue::Paused { .. } | Cue::Resumed) | None => {}
        };
        for (n, block) in samples.chunks_exact(FRAME).enumerate() {
            frames.clear();
            self.vad.push(block, &mut frames)?;
            frames.iter().for_each(|frame| take(*frame, (n + 1) * FRAME));
        }
        // Then nothing follows.
        for _ in 0..60 {
            take(Frame { speech: 0.0, level_dbfs: -90.0 }, samples.len());
        }
        Ok(found)
    }

    /// What is said in each utterance, as far as it is speech.
    ///
    /// # Errors
    /// Where a model does not run.
    pub fn hear(&mut self, samples: &[f32]) -> Result<Vec<Transcript>> {
        let mut heard = Vec::new();
        for span in self.utterances(samples)? {
            let samples = samples.get(span).unwrap_or_default();
            let transcript = self.recogniser.transcribe(samples, &self.options)?;
            if transcript.speech {
                heard.push(transcript);
            }
        }
        Ok(heard)
    }
}
