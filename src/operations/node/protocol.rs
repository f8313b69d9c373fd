//! What a client and a node say to each other: commands, events and snapshots, in-process
//! or over the local socket. Wire types live here and convert once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::core::answer::{Answer, AnswerKind, Citation, Number, Rung, Said, Sentence, Verdict};
use crate::core::hear::Transcript;
use crate::core::knowledge::generation::Standing;
use crate::core::knowledge::passage::{Field, Figure, Shape};
use crate::core::knowledge::search::{Features, FoundBy, Only};
use crate::core::ledger::Entry;
use crate::core::snapshot::Snapshot;
use crate::operations::outcome::{Error, Kind};

/// Raised with every change that an older client could not follow.
pub const VERSION: u32 = 3;

/// The id by which [`Command::Cancel`] means all that this client has running.
pub const EVERYTHING: u64 = 0;

/// How a question is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AskOptions {
    /// Typed question; with `None` the message's samples are the utterance.
    pub question: Option<String>,
    /// Knowledge base; `None` means all.
    pub kb: Option<String>,
    /// The active machine.
    pub machine: Option<String>,
    /// The session that the turn belongs to.
    pub session: Option<String>,
    /// Who asks (a badge); `None` means the configuration's.
    #[serde(default)]
    pub operator: Option<String>,
    /// Is it measured rather than lived? Then nothing is reused, and the model is tried above
    /// the rung that it has earned.
    #[serde(default)]
    pub trial: bool,
    /// Highest rung; `None` means the configuration's.
    pub rung: Option<Rung>,
    /// Deadline to the first cited content; `None` means the configuration's.
    pub deadline_ms: Option<u64>,
    /// A model id or path in place of the configured answerer.
    pub model: Option<String>,
    /// Should the answer come back as sound too?
    pub speak: bool,
    /// Is the sound played (so that a [`Command::Played`] follows), rather than written to
    /// a file?
    pub played: bool,
    /// Milliseconds from the last sample of speech to the endpoint; without `heard`, to the
    /// sending of this command.
    pub endpoint_ms: f64,
    /// The utterance has been transcribed already, by [`Command::Hear`].
    pub heard: Option<HeardBefore>,
    /// The reason of a step down to keep when a recorded turn is made again.
    pub replay: Option<ReplayOf>,
}

/// A transcript that was made before its question was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HeardBefore {
    /// What was heard.
    pub transcript: Transcript,
    /// From the endpoint to the sending of the question, milliseconds.
    pub after_ms: f64,
}

/// What a replay holds fast because the clock decided it the first time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayOf {
    /// Why the recorded turn stepped down.
    pub why: String,
    /// How many bytes of the draft had been written when it was judged; `None` where no
    /// draft was judged.
    pub judged: Option<usize>,
    /// Did the model choose among the quote's sentences?
    #[serde(default)]
    pub chosen: bool,
    /// The transcript that was heard, where the turn was spoken.
    pub heard: Option<Transcript>,
    /// The warnings that were said in short.
    #[serde(default)]
    pub understood: Vec<String>,
}

/// What a client asks of a node. `id` is the client's own and comes back with every event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// First message of every connection.
    Hello {
        /// The client's protocol version.
        version: u32,
    },
    /// Loads what a turn will need, so that its clock does not pay for it.
    Warm {
        /// The recogniser.
        hear: bool,
        /// A language model: an id, a path, or `""` for the configured one.
        answer: Option<String>,
        /// The voice.
        speak: bool,
    },
    /// One turn.
    Ask(Box<AskOptions>),
    /// The first sample of a turn's answer left for the loudspeaker.
    Played {
        /// Milliseconds from the arrival of its first sound at the client.
        after_ms: f64,
    },
    /// The asker has left.
    Cancel,
    /// Speech to text of an utterance that somebody speaks now; the samples are it, so far. May
    /// be cancelled.
    Hear {
        /// It goes on: the transcript is for showing.
        interim: bool,
        /// Share of it that is voice, 0..1.
        coverage: f32,
        /// The knowledge base whose words are expected; `None` means all.
        kb: Option<String>,
        /// The active machine.
        machine: Option<String>,
        /// A phrase that it may begin with, and the words that make the recogniser expect it.
        wake: Option<(String, String)>,
    },
    /// Speech to text alone; the samples are the utterance.
    Transcribe {
        /// Language, `None` to let the model decide.
        language: Option<String>,
        /// Words to expect.
        prompt: Option<String>,
        /// Knowledge base whose codes and terms are expected, and what was heard mended by;
        /// `None` leaves it as it was heard.
        #[serde(default)]
        kb: Option<String>,
    },
    /// Search alone.
    Search {
        /// The words.
        words: String,
        /// How many hits.
        k: usize,
        /// Knowledge base; `None` means all.
        kb: Option<String>,
        /// Which ways of searching are used.
        only: Only,
        /// Also superseded, draft and withdrawn documents.
        superseded: bool,
    },
    /// Text to speech alone.
    Say {
        /// The text.
        text: String,
    },
    /// Reads directories into a knowledge base.
    Index {
        /// The directories.
        dirs: Vec<PathBuf>,
        /// The knowledge base.
        kb: String,
    },
    /// Takes a document out of a knowledge base.
    Remove {
        /// Its id.
        document: String,
        /// The knowledge base.
        kb: String,
    },
    /// What is in the index, where it is known from, and what is wrong with it.
    Check {
        /// Knowledge base; `None` means all.
        kb: Option<String>,
    },
    /// Snapshots from now on, whenever something changed.
    Watch,
}

/// A command's envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToNode {
    /// The client's own number for this command.
    pub id: u64,
    /// What is asked.
    pub command: Command,
}

/// What a node says back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Answer to `Hello`.
    Welcome {
        /// The node's protocol version.
        version: u32,
        /// Its process.
        pid: u32,
        /// Something the person should know (a turn that a crash cut off).
        notice: String,
    },
    /// A word on the way (indexing progress, a model being loaded).
    Progress {
        /// One line.
        line: String,
        /// Done of all, where known.
        done: u64,
        /// All, 0 where unknown.
        of: u64,
        /// How long it will still take, milliseconds, where that can be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_ms: Option<u64>,
    },
    /// What was heard.
    Heard {
        /// The transcript.
        transcript: Transcript,
        /// Milliseconds of computing.
        ms: f64,
    },
    /// The answer; its sound follows.
    Answered {
        /// The turn's id.
        turn: String,
        /// The answer.
        answer: Box<Answer>,
    },
    /// Sound of one sentence; the samples go with the message.
    Sound {
        /// Samples per second.
        sample_rate: u32,
        /// Which line of the answer, in the order of speech.
        line: usize,
        /// Is it the last?
        last: bool,
    },
    /// The turn is closed and recorded.
    Report(Box<TurnReport>),
    /// A search's hits.
    Hits {
        /// One JSON object per hit, as `search --json` prints them.
        hits: Vec<Hit>,
    },
    /// The last line of `index`.
    Indexed(Indexed),
    /// What is in the index.
    Checked(Checked),
    /// The newest state.
    Snapshot(Box<Snapshot>),
    /// Done, where a command has no other last event.
    Done,
    /// It failed. Last event of its command.
    Fault(WireFault),
}

/// An event's envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FromNode {
    /// The command that it answers.
    pub id: u64,
    /// What is said.
    pub event: Event,
}

/// An error on its way to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WireFault {
    /// The exit code of its kind.
    pub exit_code: u8,
    /// One line, causes included.
    pub what: String,
    /// The way out.
    pub hint: String,
}

impl From<&Error> for WireFault {
    fn from(e: &Error) -> Self {
        WireFault { exit_code: e.kind.exit_code(), what: e.to_string(), hint: e.hint.clone() }
    }
}

impl From<WireFault> for Error {
    fn from(f: WireFault) -> Self {
        let kind = match f.exit_code {
            2 => Kind::Usage,
            3 => Kind::Missing,
            _ => Kind::Failed,
        };
        Error::new(kind, f.what).hint(f.hint)
    }
}

/// One hit of `search --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// From 1.
    pub rank: usize,
    /// Falls with the rank; see `features` for what it is made of.
    pub score: f32,
    /// What the score is made of, each as its way of searching gives it.
    pub features: Features,
    /// Found by an exact code or by words.
    pub found_by: FoundBy,
    /// Knowledge base.
    pub kb: String,
    /// Document id.
    pub document: String,
    /// Its revision.
    pub revision: String,
    /// In force, or why not.
    pub standing: Standing,
    /// Heading path.
    pub section: String,
    /// Page, where there are pages.
    pub page: Option<u32>,
    /// The page as the manual numbers it, where that differs.
    pub page_label: Option<String>,
    /// The passage.
    pub text: String,
    /// What shape of text it has.
    pub shape: Shape,
    /// A record's named values, in its order.
    pub fields: Vec<Field>,
    /// Figures that it names or holds.
    pub figures: Vec<Figure>,
    /// Was it read by optical character recognition?
    pub ocr: bool,
    /// First byte in the stored text.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Fault and part codes in it.
    pub codes: Vec<String>,
}

/// The last line of `index --json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Indexed {
    /// Documents in the new generation.
    pub documents: usize,
    /// Passages in it.
    pub passages: usize,
    /// What did not go in, and why.
    pub skipped: Vec<Skipped>,
    /// What the planner should look at (an unknown revision, a superseded one).
    pub warnings: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// Bytes of stored text.
    pub bytes: u64,
    /// The generation's number.
    pub generation: u64,
    /// Files that were read.
    pub read: usize,
    /// Files that are as they were, and were not read again.
    pub unchanged: usize,
    /// Was it stopped before its end?
    pub interrupted: bool,
    /// Files that were not looked at because it was stopped.
    pub left: usize,
    /// Passages with vectors; 0 where no embedder is installed.
    pub vectors: usize,
    /// What else is to be known (no embedder is installed).
    pub notes: Vec<String>,
}

/// What `index --check` shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// Every document.
    pub documents: Vec<CheckedDocument>,
    /// What did not go in at the last build, conflicts among it.
    pub skipped: Vec<Skipped>,
    /// What is to be looked at beyond one document.
    pub warnings: Vec<String>,
    /// Terms without a translation, by knowledge base.
    pub glossaries: Vec<CheckedGlossary>,
}

/// The terms of a knowledge base that its glossary has no translation of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckedGlossary {
    /// The knowledge base.
    pub kb: String,
    /// The file that the planner edits.
    pub file: String,
    /// How many terms have no translation (counted up to a bound).
    pub untranslated: usize,
    /// They as the planner fills them in, TOML.
    pub proposal: String,
}

/// One document of `index --check`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckedDocument {
    /// Its knowledge base.
    pub kb: String,
    /// Its id.
    pub document: String,
    /// The file it was read from.
    pub source: String,
    /// The file's format.
    pub format: String,
    /// Title, machine, model, serials, language, revision, valid-from and status; `""`
    /// where unknown.
    #[serde(flatten)]
    pub facts: BTreeMap<String, String>,
    /// Where each fact is known from.
    pub origins: BTreeMap<String, String>,
    /// `current`, `superseded by …`, `not yet in force`, `draft` or `withdrawn`.
    pub standing: String,
    /// Its passages.
    pub passages: usize,
    /// What is to be looked at.
    pub warnings: Vec<String>,
}

/// A file that did not go in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// One turn, as `ask --json` prints it and the audit keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnReport {
    /// The row's id in a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<serde_json::Value>,
    /// The turn's id.
    pub turn: String,
    /// The session.
    pub session: String,
    /// The machine that the answer is about, `""` where unknown.
    pub machine: String,
    /// The answer's language.
    pub language: String,
    /// The normalised question.
    pub question: String,
    /// What was heard, where it was spoken.
    pub heard: Option<String>,
    /// What kind of answer.
    pub kind: AnswerKind,
    /// How it was made.
    pub rung: Rung,
    /// Why not higher.
    pub rung_why: String,
    /// Lead, warnings and sentences as one text.
    pub text: String,
    /// Sentence by sentence.
    pub sentences: Vec<Sentence>,
    /// Where they come from.
    pub citations: Vec<Citation>,
    /// What to choose from.
    pub choices: Vec<String>,
    /// Warnings, said first.
    pub warnings: Vec<Said>,
    /// Locked numbers.
    pub numbers: Vec<Number>,
    /// The guard's finding.
    pub verdict: Verdict,
    /// Renderings by exit.
    pub exits: serde_json::Map<String, serde_json::Value>,
    /// The ledger.
    pub stages: Vec<Entry>,
    /// From the last sample of speech (or Enter) to the first sound; null where nothing is
    /// spoken.
    pub first_audio_ms: Option<f64>,
    /// To the first cited content, guarded and ready.
    pub first_content_ms: Option<f64>,
    /// To the end of the turn's work (playback apart).
    pub total_ms: f64,
    /// The turn whose answer this is, where it was not made in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<String>,
}
