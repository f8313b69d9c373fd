//! The newest state of a node, as the panel draws it. A snapshot is plain data: the panel
//! knows no engine, and the engine no panel.

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::ledger::Ledger;

/// What the assistant is doing for the person in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// Models are being loaded.
    Starting,
    /// Ready for a question.
    #[default]
    Idle,
    /// The microphone is open.
    Listening,
    /// The utterance is being transcribed.
    Hearing,
    /// Passages are being looked for.
    Finding,
    /// A draft is being written or judged.
    Answering,
    /// The answer is being spoken.
    Speaking,
}

/// One turn as the panel shows it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnView {
    /// The turn's id.
    pub turn: String,
    /// What was typed, or heard.
    pub question: String,
    /// Is the question still being heard (drawn grey)?
    pub interim: bool,
    /// Bytes of it that will not change any more, while it is being heard.
    #[serde(default)]
    pub stable: usize,
    /// What is delivered, once it is.
    pub answer: Option<Answer>,
    /// What its stages took so far.
    pub ledger: Ledger,
    /// Milliseconds since the last sample of speech or the typed Enter.
    pub elapsed_ms: f64,
    /// Milliseconds that the turn has in all.
    pub deadline_ms: u64,
    /// When the first sound left, milliseconds; `None` where nothing is spoken yet.
    pub first_audio_ms: Option<f64>,
    /// An error line with its hint, where the turn failed.
    pub fault: Option<String>,
}

/// The microphone as the panel shows it. Levels are dBFS (0 is full scale).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Microphone {
    /// The device's name; empty where there is none.
    pub device: String,
    /// RMS of the last 50 ms, dBFS; −120 in silence.
    pub level_db: f32,
    /// Highest sample of the last second, dBFS.
    pub peak_db: f32,
    /// Did samples reach full scale in the last second?
    pub clipping: bool,
    /// What is wrong with the last utterance's level, in a few words; empty where nothing is.
    pub warning: String,
    /// Samples that did not fit into the ring since the start.
    pub overruns: u64,
}

/// The newest state of everything that the panel shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// What is going on.
    pub doing: Doing,
    /// Listening without the talk key: the wake phrase, `""` for none; `None` where the key
    /// is needed.
    #[serde(default)]
    pub hands_free: Option<String>,
    /// The input.
    pub microphone: Microphone,
    /// The current or last turn.
    pub turn: TurnView,
    /// Earlier turns, oldest first, at most 50.
    pub history: Vec<TurnView>,
    /// Answerer, recogniser and voice in use, or what is missing.
    pub models: Vec<String>,
    /// Documents and passages in the index generation, and its number.
    pub index: String,
    /// Requests waiting at the engine, and its bound.
    pub queue: (usize, usize),
    /// Core leases: (class, threads).
    pub leases: Vec<(String, usize)>,
    /// Resident memory of the node, bytes.
    pub memory_bytes: u64,
    /// A line for the status bar (device lost, node taken over, …).
    pub notice: String,
}
