//! The recogniser: Whisper by whisper.cpp, with the encoder sized to the utterance.
//!
//! ```text
//!  samples ─► any energy? ─► window ─► encode, decode greedily ─► words ─► doubtful? ─► speech?
//!               │ no                        ▲                                 │ yes        │
//!               ▼                           └──── once more, twice as wide────┘            ▼
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
/// The decoder may write so many tokens, and so many more a second: twice what the fastest
/// speaker says, spelled digits and Chinese included. A loop of the decoder ends there.
const TOKENS: usize = 16;
const TOKENS_PER_SECOND: usize = 16;
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
    /// The utterance still goes on: heard once, as cheaply as may be, without word times.
    pub interim: bool,
    /// Share of the utterance (0..1) that was taken for speech before it came here; `None`
    /// where nobody looked.
    pub coverage: Option<f32>,
    /// A phrase that the utterance may begin with: how likely that is goes into
    /// [`Transcript::phrase`].
    pub listen_for: Option<String>,
}

/// Gives a transcription up. The recogniser looks at it after the encoder and after every
/// token; the encoder's run, which cannot be interrupted, is what giving up may take.
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
    /// Smallest window, in encoder positions.
    smallest: usize,
    /// whisper-rs copies each language's name and each callback to the heap and never
    /// frees them: so both are made once per language and used again.
    params: HashMap<&'static str, FullParams<'static, 'static>>,
    abort: Arc<Mutex<Abort>>,
}

/// How to run the model once.
struct Run<'a> {
    language: &'static str,
    prompt: &'a [WhisperTokenId],
    threads: usize,
    /// In encoder positions; 0 is the full window.
    window: usize,
    /// Are the times of the words wanted?
    times: bool,
}

/// What is known of an utterance before it is heard.
struct Seen {
    seconds: f32,
    /// Share that was taken for speech, where somebody looked.
    coverage: Option<f32>,
}

/// What one run of the model gave.
struct Heard {
    said: Said,
    no_speech: f32,
    /// Did the decoder write as much as it may?
    capped: bool,
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
        let layers = usize::try_from(context.model_n_audio_layer()).unwrap_or_default();
        let smallest = window::smallest(layers);
        Ok(Self { context, state, multilingual, smallest, params: HashMap::new(), abort: Arc::default() })
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
        let window = window::audio_ctx(SHORTEST, self.smallest);
        self.hear(&[0.0; SHORTEST], &Run { language: "en", prompt: &[], threads: 1, window, times: true })
            .map(drop)
    }

    /// Runs the model once on a fixed sound of 4 s, decoder included, for whoever measures how
    /// fast it is here.
    ///
    /// # Errors
    /// `Compute` where the model does not run.
    pub fn rehearse(&mut self, threads: usize) -> Result<()> {
        let audio: Vec<f32> =
            (0..SAMPLE_RATE * 4).map(|i| syllables(i as f32 / SAMPLE_RATE as f32)).collect();
        let window = window::audio_ctx(audio.len(), self.smallest);
        // A prompt of a question's length takes what its words would take, whatever is heard.
        let prompt = self.tokens("What does the alarm E203 mean on the hydraulic pump?")?;
        let run = Run { language: "en", prompt: &prompt, threads: threads.max(1), window, times: true };
        self.hear(&audio, &run).map(drop)
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
        let seen = Seen { seconds: seconds(samples.len()), coverage: options.coverage };
        let result = self.hear_twice(audio, language, options, threads, &seen);
        if options.abort.is_set() {
            return Err(aborted());
        }
        let (heard, language) = result?;
        let phrase = match &options.listen_for {
            Some(phrase) if !options.interim => Some(self.likelihood(phrase, options, language, threads)?),
            _ => None,
        };
        let doubt = doubt::of_words(&heard, &seen).unwrap_or_default();
        Ok(Transcript {
            text: heard.said.text,
            words: heard.said.words,
            language: language.to_owned(),
            audio_ms: millis(samples.len()),
            speech: doubt.is_empty(),
            doubt: doubt.to_owned(),
            phrase,
            ..Transcript::default()
        })
    }

    /// How likely the utterance that was heard last begins with `phrase`: the geometric mean of
    /// the probabilities that the decoder gives its tokens when it is made to write them (0..1).
    /// A recogniser that writes "I'm no right" for a phrase that it does not know may still
    /// hold the phrase for possible.
    fn likelihood(
        &mut self,
        phrase: &str,
        options: &Options,
        language: &'static str,
        threads: usize,
    ) -> Result<f32> {
        let mut before = Vec::new();
        if let Some(prompt) = &options.prompt {
            before.push(self.context.token_prev());
            before.extend(self.tokens(prompt)?);
        }
        before.push(self.context.token_sot());
        if self.multilingual {
            let id = whisper_rs::get_lang_id(language).unwrap_or_default();
            before.push(self.context.token_lang(id));
            before.push(self.context.token_transcribe());
        }
        // The library gives the probabilities behind a single token only.
        self.state.decode(&before, 0, threads).map_err(failed)?;
        let mut last = self.context.token_not();
        let mut sum = 0.0;
        let tokens = self.tokens(&format!(" {phrase}"))?;
        for (past, &token) in (before.len()..).zip(&tokens) {
            self.state.decode(&[last], past, threads).map_err(failed)?;
            sum += log_probability(self.state.get_logits().map_err(failed)?, token);
            last = token;
        }
        Ok((sum / tokens.len().max(1) as f32).exp())
    }

    /// Hears at the window that fits, and at a wider one where that is doubtful.
    fn hear_twice(
        &mut self,
        audio: &[f32],
        language: Option<&'static str>,
        options: &Options,
        threads: usize,
        seen: &Seen,
    ) -> Result<(Heard, &'static str)> {
        let window = window::audio_ctx(audio.len(), self.smallest);
        let language = match language {
            Some(language) => language,
            None => self.detect(audio, threads, window)?,
        };
        let prompt = options.prompt.as_deref().map_or(Ok(Vec::new()), |prompt| self.tokens(prompt))?;
        let mut run = Run { language, prompt: &prompt, threads, window, times: !options.interim };
        let mut heard = self.hear(audio, &run)?;
        let again = !options.interim && window != 0 && doubt::hear_again(&heard, seen);
        if again && !options.abort.is_set() {
            run.window = window::wider(window);
            heard = self.hear(audio, &run)?;
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
    fn hear(&mut self, audio: &[f32], run: &Run<'_>) -> Result<Heard> {
        let cap =
            TOKENS + TOKENS_PER_SECOND * (audio.len().min(30 * SAMPLE_RATE as usize)) / SAMPLE_RATE as usize;
        let mut params: FullParams<'_, '_> = self.params(run.language);
        params.set_n_threads(position(run.threads));
        params.set_audio_ctx(position(run.window));
        params.set_single_segment(audio.len() < ONE_SEGMENT);
        params.set_max_tokens(position(cap));
        params.set_token_timestamps(run.times);
        if !run.prompt.is_empty() {
            params.set_tokens(run.prompt);
        }
        self.state.full(params, audio).map_err(failed)?;
        let end_of_text = self.context.token_eot();
        let mut tokens = Vec::new();
        // One segment of speech makes it speech.
        let mut no_speech = 1.0_f32;
        let mut capped = false;
        for segment in self.state.as_iter() {
            no_speech = no_speech.min(segment.no_speech_probability());
            capped |= usize::try_from(segment.n_tokens()).is_ok_and(|n| n > cap);
            for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
                let data = token.token_data();
                if data.id < end_of_text {
                    let bytes = token.to_bytes().map_err(failed)?.to_vec();
                    tokens.push(Token { bytes, p: data.p, span: (centis(data.t0), centis(data.t1)) });
                }
            }
        }
        Ok(Heard { said: words::build(&tokens, run.language, millis(audio.len())), no_speech, capped })
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

/// A buzz in syllables, at a time in seconds.
fn syllables(t: f32) -> f32 {
    let turn = |hz: f32| (std::f32::consts::TAU * hz * t).sin();
    (0.2 * turn(130.0) + 0.1 * turn(650.0) + 0.05 * turn(1_300.0)) * turn(2.0).max(0.0)
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

/// The natural logarithm of a token's probability, from the logits of all.
fn log_probability(logits: &[f32], token: WhisperTokenId) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|l| (l - top).exp()).sum();
    let own = usize::try_from(token).ok().and_then(|t| logits.get(t)).copied().unwrap_or(f32::NEG_INFINITY);
    own - top - sum.ln()
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
