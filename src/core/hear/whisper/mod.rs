//! The recogniser: Whisper by whisper.cpp, with the encoder sized to the utterance.
//!
//! ```text
//!  samples ─► any energy? ─► window ─► encode, decode greedily ─► words ─► doubtful? ─► speech?
//!               │ no                        ▲                                 │ yes        │
//!               ▼                           └──── once more, full window ─────┘            ▼
//!        speech: false                                                          Transcript
//! ```

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState,
    WhisperTokenId,
};

use super::{SAMPLE_RATE, Transcript};
use crate::core::{Error, Kind, Result};

mod doubt;
mod window;
mod words;
mod worker;

pub use worker::{Job, Refused, Worker};

use words::{Said, Token};

/// Shorter audio is padded with silence to this, in samples (1.1 s): the decoder drops
/// the words of shorter input.
const SHORTEST: usize = SAMPLE_RATE as usize * 11 / 10;
/// Audio up to this length is one segment, in samples (28 s).
const ONE_SEGMENT: usize = SAMPLE_RATE as usize * 28;
/// A longer prompt is cut, in bytes; the model has room for about 220 tokens.
const LONGEST_PROMPT: usize = 1_000;
/// What a sane file says about itself, by field of the header.
const PLAUSIBLE: [(&str, std::ops::RangeInclusive<i32>); 11] = [
    ("vocabulary", 50_000..=60_000),
    ("audio window", 1_500..=1_500),
    ("audio width", 64..=4_096),
    ("audio heads", 1..=64),
    ("audio layers", 1..=64),
    ("text window", 64..=4_096),
    ("text width", 64..=4_096),
    ("text heads", 1..=64),
    ("text layers", 1..=64),
    ("mel bands", 80..=128),
    ("number type", 0..=4_000),
];

/// How to hear an utterance.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// BCP 47 tag; `None` lets a multilingual model find out (an encoder run more).
    pub language: Option<String>,
    /// Words to expect, as a text that might have gone before.
    pub prompt: Option<String>,
    /// Threads to compute on; 0 is taken for 1.
    pub threads: usize,
    /// Set it to give the transcription up.
    pub abort: Abort,
}

/// Gives a transcription up: the recogniser looks at it between the layers of the model.
#[derive(Debug, Clone, Default)]
pub struct Abort(Arc<AtomicBool>);

impl Abort {
    /// Gives up.
    pub fn set(&self) {
        self.0.store(true, Relaxed);
    }

    /// Was it given up?
    pub fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// A loaded model with the memory for one utterance. It stays on the thread that loaded
/// it; [`Worker`] gives it one.
pub struct Recogniser {
    context: WhisperContext,
    state: WhisperState,
    multilingual: bool,
    /// whisper-rs copies each language's name and each callback to the heap and never
    /// frees them: so both are made once per language and used again.
    params: HashMap<&'static str, FullParams<'static, 'static>>,
    abort: Arc<Mutex<Abort>>,
}

/// What one run of the model gave.
struct Heard {
    said: Said,
    no_speech: f32,
}

impl Recogniser {
    /// Loads a ggml Whisper model.
    ///
    /// # Errors
    /// `Model` where the file is missing, is no such model or is damaged.
    pub fn load(path: &Path) -> Result<Self> {
        whisper_rs::install_logging_hooks();
        check(path)?;
        let unusable = |e: WhisperError| {
            model_error(format!("the recogniser's model {} cannot be loaded", path.display())).because(e)
        };
        let context =
            WhisperContext::new_with_params(path, WhisperContextParameters::default()).map_err(unusable)?;
        let state = context.create_state().map_err(unusable)?;
        let multilingual = context.is_multilingual();
        Ok(Self { context, state, multilingual, params: HashMap::new(), abort: Arc::default() })
    }

    /// Does the model know other languages than English?
    pub fn is_multilingual(&self) -> bool {
        self.multilingual
    }

    /// Runs the model on a second of silence, so that its memory is there and filled.
    ///
    /// # Errors
    /// `Compute` where the model does not run.
    pub fn warm_up(&mut self) -> Result<()> {
        self.hear(&[0.0; SHORTEST], "en", &[], 1, window::audio_ctx(SHORTEST)).map(drop)
    }

    /// What is said in `samples` (mono, 16 kHz, any length).
    ///
    /// # Errors
    /// `Model` for a language that the model does not know; `Compute` where the model
    /// fails, or where the transcription was given up by [`Options::abort`].
    pub fn transcribe(&mut self, samples: &[f32], options: &Options) -> Result<Transcript> {
        let language = self.language(options.language.as_deref())?;
        let nothing = |doubt: &str| Transcript {
            language: language.unwrap_or("en").to_owned(),
            audio_ms: millis(samples.len()),
            doubt: doubt.to_owned(),
            ..Transcript::default()
        };
        if samples.is_empty() {
            return Ok(nothing("no sound"));
        }
        if let Some(doubt) = doubt::of_sound(samples) {
            return Ok(nothing(doubt));
        }
        *self.abort.lock().unwrap_or_else(PoisonError::into_inner) = options.abort.clone();
        let threads = options.threads.max(1);
        let mut padded = Vec::new();
        let audio = if samples.len() < SHORTEST {
            padded.extend_from_slice(samples);
            padded.resize(SHORTEST, 0.0);
            &padded
        } else {
            samples
        };
        let window = window::audio_ctx(audio.len());
        let result = self.hear_twice(audio, language, options.prompt.as_deref(), threads, window);
        if options.abort.is_set() {
            return Err(aborted());
        }
        let (heard, language) = result?;
        let doubt = doubt::of_words(&heard.said, heard.no_speech, seconds(samples.len())).unwrap_or_default();
        Ok(Transcript {
            text: heard.said.text,
            words: heard.said.words,
            language: language.to_owned(),
            audio_ms: millis(samples.len()),
            speech: doubt.is_empty(),
            doubt: doubt.to_owned(),
            ..Transcript::default()
        })
    }

    /// Hears at the window that fits, and at the full one where that is doubtful.
    fn hear_twice(
        &mut self,
        audio: &[f32],
        language: Option<&'static str>,
        prompt: Option<&str>,
        threads: usize,
        window: usize,
    ) -> Result<(Heard, &'static str)> {
        let language = match language {
            Some(language) => language,
            None => self.detect(audio, threads, window)?,
        };
        let prompt = prompt.map_or(Ok(Vec::new()), |prompt| self.tokens(prompt))?;
        let mut heard = self.hear(audio, language, &prompt, threads, window)?;
        if window != 0 && doubt::hear_again(&heard.said, seconds(audio.len())) {
            heard = self.hear(audio, language, &prompt, threads, 0)?;
        }
        Ok((heard, language))
    }

    /// The model's name of a language; `None` where it is to be detected.
    fn language(&self, tag: Option<&str>) -> Result<Option<&'static str>> {
        let Some(tag) = tag else {
            return Ok(if self.multilingual { None } else { Some("en") });
        };
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let known = (!primary.is_empty() && primary.chars().all(|c| c.is_ascii_lowercase()))
            .then(|| whisper_rs::get_lang_id(&primary).and_then(whisper_rs::get_lang_str))
            .flatten();
        match known {
            Some(language) if self.multilingual || language == "en" => Ok(Some(language)),
            Some(_) => {
                Err(Error::new(Kind::Model, format!("the recogniser knows English only, not \"{tag}\""))
                    .hint("millwright models pull whisper-base, which knows other languages"))
            }
            None => Err(Error::new(Kind::Model, format!("the recogniser knows no language \"{tag}\""))
                .hint("use a tag such as en, es or zh, or leave it out")),
        }
    }

    /// The language that is spoken, as the model hears it.
    fn detect(&mut self, audio: &[f32], threads: usize, window: usize) -> Result<&'static str> {
        // The detection runs on the window of whatever was heard before, which would make
        // it depend on that. A run on 100 ms sets the window and computes nothing else.
        let mut params = self.params("en");
        params.set_audio_ctx(position(window));
        params.set_duration_ms(100);
        self.state.full(params, &[0.0; SAMPLE_RATE as usize / 10]).map_err(failed)?;
        self.state.pcm_to_mel(audio, threads).map_err(failed)?;
        let (id, _) = self.state.lang_detect(0, threads).map_err(failed)?;
        whisper_rs::get_lang_str(id).ok_or_else(|| failed(WhisperError::GenericError(id)))
    }

    /// A prompt's tokens.
    fn tokens(&self, prompt: &str) -> Result<Vec<WhisperTokenId>> {
        let mut start = prompt.len().saturating_sub(LONGEST_PROMPT);
        while !prompt.is_char_boundary(start) {
            start += 1;
        }
        let prompt = prompt.get(start..).unwrap_or_default().replace('\0', " ");
        // No token is shorter than a byte; the library relies on the room being enough.
        self.context.tokenize(&prompt, prompt.len() + 1).map_err(failed)
    }

    /// One run of the model at one window.
    fn hear(
        &mut self,
        audio: &[f32],
        language: &'static str,
        prompt: &[WhisperTokenId],
        threads: usize,
        window: usize,
    ) -> Result<Heard> {
        let mut params: FullParams<'_, '_> = self.params(language);
        params.set_n_threads(position(threads));
        params.set_audio_ctx(position(window));
        params.set_single_segment(audio.len() < ONE_SEGMENT);
        if !prompt.is_empty() {
            params.set_tokens(prompt);
        }
        self.state.full(params, audio).map_err(failed)?;
        let end_of_text = self.context.token_eot();
        let mut tokens = Vec::new();
        // One segment of speech makes it speech.
        let mut no_speech = 1.0_f32;
        for segment in self.state.as_iter() {
            no_speech = no_speech.min(segment.no_speech_probability());
            for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
                let data = token.token_data();
                if data.id < end_of_text {
                    let bytes = token.to_bytes().map_err(failed)?.to_vec();
                    tokens.push(Token { bytes, p: data.p, span: (centis(data.t0), centis(data.t1)) });
                }
            }
        }
        Ok(Heard { said: words::build(&tokens, language, millis(audio.len())), no_speech })
    }

    /// What all runs in a language have in common.
    fn params(&mut self, language: &'static str) -> FullParams<'static, 'static> {
        if let Some(params) = self.params.get(language) {
            return params.clone();
        }
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_language(Some(language));
        params.set_temperature(0.0);
        params.set_temperature_inc(0.0);
        params.set_no_context(true);
        params.set_suppress_blank(true);
        params.set_token_timestamps(true);
        params.set_print_special(false);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_timestamps(false);
        let abort = Arc::clone(&self.abort);
        let given_up = move || abort.lock().unwrap_or_else(PoisonError::into_inner).is_set();
        // whisper-rs 0.16 calls the closure as the type that it was given as, but stores a
        // `Box<dyn FnMut() -> bool>`: sound only where the two are the same.
        let given_up: Box<dyn FnMut() -> bool> = Box::new(given_up);
        params.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(given_up);
        self.params.entry(language).or_insert(params).clone()
    }
}

/// Reads the header: whisper.cpp allocates by what it says, and crashes on nonsense.
fn check(path: &Path) -> Result<()> {
    let mut header = [0; 48];
    File::open(path).and_then(|mut file| file.read_exact(&mut header)).map_err(|e| {
        model_error(format!("the recogniser's model {} cannot be read", path.display())).because(e)
    })?;
    let (magic, fields) = header.split_at(4);
    if magic != b"lmgg" {
        return Err(model_error(format!("{} is no Whisper model in ggml format", path.display())));
    }
    for ((name, plausible), field) in PLAUSIBLE.iter().zip(fields.chunks_exact(4)) {
        let value = field.try_into().map_or(-1, i32::from_le_bytes);
        if !plausible.contains(&value) {
            return Err(model_error(format!("{} is damaged: its {name} is {value}", path.display())));
        }
    }
    Ok(())
}

fn model_error(what: String) -> Error {
    Error::new(Kind::Model, what).hint("millwright models pull recogniser")
}

fn failed(cause: WhisperError) -> Error {
    Error::new(Kind::Compute, "the recogniser failed")
        .because(cause)
        .hint("try again; millwright models verify checks the models")
}

/// The error of a transcription that was given up.
fn aborted() -> Error {
    Error::new(Kind::Compute, "the transcription was given up")
}

fn millis(samples: usize) -> u64 {
    samples as u64 * 1000 / u64::from(SAMPLE_RATE)
}

fn seconds(samples: usize) -> f32 {
    samples as f32 / SAMPLE_RATE as f32
}

fn centis(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0) * 10
}

fn position(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
