//! A voice, and which one speaks.

use std::path::{Path, PathBuf};

use super::espeak::EspeakVoice;
use super::piper::Piper;
use crate::exit::{Error, Kind, Result};

/// Mono sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Pcm {
    /// Samples from -1 to 1.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub sample_rate: u32,
}

impl Pcm {
    /// Nothing but silence.
    #[must_use]
    pub fn silence(ms: u32, sample_rate: u32) -> Self {
        let samples = u64::from(ms) * u64::from(sample_rate) / 1000;
        Self { samples: vec![0.0; usize::try_from(samples).unwrap_or(0)], sample_rate }
    }

    /// Length in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(self.sample_rate.max(1))
    }
}

/// Makes clauses of speakable text into sound.
pub trait Voice: Send {
    /// A name for the ledger and the audit.
    fn name(&self) -> &str;

    /// The sound of one clause, computed on at most `threads` threads.
    ///
    /// # Errors
    /// [`Kind::Voice`] where the phonemizer fails, [`Kind::Compute`] where the model does.
    fn synthesise(&mut self, clause: &str, threads: usize) -> Result<Pcm>;
}

/// A voice, or none, and why.
pub struct Picked {
    /// `None`: text and earcons only.
    pub voice: Option<Box<dyn Voice>>,
    /// One line for people: which voice speaks and why not a better one.
    pub why: String,
}

/// Picks the best voice there is: an installed Piper model for `language` (`prefer` names
/// the model's folder; without it the first by name), else espeak-ng's own voice, else none.
///
/// `models` holds one folder per model, with `NAME.onnx` and `NAME.onnx.json` in a voice's.
#[must_use]
pub fn pick_voice(models: &Path, prefer: Option<&str>, language: &str) -> Picked {
    let mut doubts = Vec::new();
    for onnx in installed(models, prefer) {
        match Piper::load(&onnx, &config_of(&onnx)) {
            Ok(piper) if same_language(piper.espeak_voice(), language) => {
                let why = format!("the Piper voice {}", piper.name());
                return Picked { voice: Some(Box::new(piper)), why };
            }
            Ok(_) => {}
            Err(e) => doubts.push(e.to_string()),
        }
    }
    if doubts.is_empty() {
        doubts.push(match prefer {
            Some(id) => format!("no Piper voice {id} for \"{language}\" is installed"),
            None => format!("no Piper voice for \"{language}\" is installed"),
        });
    }
    match EspeakVoice::start(language) {
        Ok(voice) => {
            let why = format!("espeak-ng's own voice: {}", doubts.join("; "));
            Picked { voice: Some(Box::new(voice)), why }
        }
        Err(e) => {
            doubts.push(format!("{e} ({})", e.hint));
            Picked { voice: None, why: format!("no voice, text and tones only: {}", doubts.join("; ")) }
        }
    }
}

impl Picked {
    /// The voice, or the error that says what to install.
    ///
    /// # Errors
    /// [`Kind::Voice`] where there is none.
    pub fn required(self) -> Result<Box<dyn Voice>> {
        self.voice.ok_or_else(|| {
            Error::new(Kind::Voice, self.why)
                .hint("apt-get install espeak-ng, and millwright models pull voice")
        })
    }
}

/// The ONNX files below `models` that have their configuration beside them, in a fixed
/// order.
fn installed(models: &Path, prefer: Option<&str>) -> Vec<PathBuf> {
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(dir).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        paths
    };
    let folders: Vec<PathBuf> = match prefer {
        Some(id) => vec![models.join(id)],
        None => entries(models),
    };
    let mut files: Vec<PathBuf> = folders.iter().flat_map(|dir| entries(dir)).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "onnx") && config_of(f).is_file());
    files
}

fn config_of(onnx: &Path) -> PathBuf {
    let mut name = onnx.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}

/// "en-us" speaks "en" and "en-US".
fn same_language(voice: &str, language: &str) -> bool {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    primary(voice) == primary(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_model_espeak_speaks_and_says_why() {
        let picked = pick_voice(Path::new("/nonexistent"), None, "en");
        assert!(picked.voice.is_some());
        assert_eq!(picked.why, "espeak-ng's own voice: no Piper voice for \"en\" is installed");
    }

    #[test]
    fn languages_are_compared_by_their_primary_tag() {
        assert!(same_language("en-us", "en") && same_language("en-us", "EN_GB"));
        assert!(!same_language("en-us", "es"));
    }

    #[test]
    fn silence_has_its_length() {
        assert_eq!(Pcm::silence(250, 22_050).samples.len(), 5512);
        assert_eq!(Pcm::silence(1000, 8000).ms(), 1000);
    }
}
