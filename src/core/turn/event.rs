//! What goes into a turn and what comes out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::Moment;
use crate::core::answer::choose::Choice;
use crate::core::answer::protect::Keep;
use crate::core::answer::refusal::Evidence;
use crate::core::answer::{Answer, Rung, Verdict};
use crate::core::engine::{Prompt, Update};
use crate::core::hear::Transcript;
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::search::Found;
use crate::core::ledger::Budgets;

/// What a turn is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// To the first cited content, from the end of the question.
    pub deadline: Duration,
    /// To the end of a turn that delivers nothing.
    pub limit: Duration,
    /// The highest rung.
    pub rung: Rung,
    /// What each stage may take.
    pub budgets: Budgets,
    /// Will the answer be spoken? Then the voice's budget is kept back from the draft.
    pub spoken: bool,
    /// What the clock decided when this turn was first made; a replay keeps it.
    pub replay: Option<Replay>,
}

/// What the clock decided in a recorded turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Why the recorded turn stepped down.
    pub why: String,
    /// How many bytes of the draft had been written when it was judged; `None` where no
    /// draft was judged.
    pub judged: Option<usize>,
    /// Was the model asked to choose among the quote's sentences?
    pub chosen: bool,
}

/// The screened question, as this floor takes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Normalised wording.
    pub question: String,
    /// Is there a question in it at all?
    pub is_question: bool,
    /// Somebody is in danger: the site's text, to be said at once.
    pub emergency: Option<String>,
    /// A protection is to be defeated: how it is kept.
    pub keep: Option<Keep>,
    /// An answer that is there already and needs no search.
    pub given: Option<Box<Given>>,
}

/// An answer that was not made in this turn: one that is repeated, one to a question that was
/// asked before, the reply to a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The answer.
    pub answer: Answer,
    /// Where it is from, for the ledger; `""` where that goes without saying.
    pub note: String,
}

/// What retrieval brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Ranked hits and what is known of the codes.
    pub found: Found,
    /// All passages of the best hit's own section, in the manual's order.
    pub siblings: Vec<Passage>,
    /// The evidence below which the index that was searched refuses.
    pub threshold: f32,
    /// Time that retrieval waited (for cores, for the index).
    pub wait: Duration,
}

/// What ranking made of the findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The quoted answer, or a refusal where the evidence asks for one.
    pub answer: Answer,
    /// The passages that the model would read, best first; at most three.
    pub passages: Vec<Passage>,
    /// What the model may leave out of the quote; `None` where nothing.
    pub choice: Option<Choice>,
    /// What was weighed to come to it.
    pub evidence: Evidence,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A typed question was handed in.
    Typed(String),
    /// An utterance ended (its last sample of speech) `endpoint` and `heard_in` ago.
    Spoken {
        /// From the last sample of speech to the endpoint.
        endpoint: Duration,
        /// From there to now: work on its transcript that was done before the turn began.
        heard_in: Duration,
    },
    /// The recogniser is done.
    Transcribed {
        /// What was heard.
        transcript: Transcript,
        /// Time spent waiting for the recogniser and its cores.
        wait: Duration,
    },
    /// The entry screen is done.
    Screened(Asked),
    /// Retrieval is done.
    Found(Box<Findings>),
    /// Ranking is done: the quoted answer, or a refusal.
    Ranked(Box<Ranked>),
    /// The engine says something about the draft.
    Draft(Update),
    /// The guard has judged the draft.
    Judged(Box<Result<Answer, Verdict>>),
    /// The answer has been rendered for its readers.
    Rendered,
    /// A clause of the answer is ready as sound.
    Synthesised {
        /// Time spent waiting for the voice and its cores.
        wait: Duration,
    },
    /// All of the answer is ready as sound.
    Voiced,
    /// The first sample left for the loudspeaker `after` the first sound was ready.
    Played {
        /// From the first sound at the mixer to its first sample at the device.
        after: Duration,
    },
    /// A stage broke.
    Failed {
        /// One line.
        what: String,
        /// The way out.
        hint: String,
        /// Is it that something needed is not there?
        missing: bool,
    },
    /// The asker has left.
    Cancelled,
    /// [`Turn::next_deadline`] has come.
    Tick,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Transcribe the utterance.
    Transcribe,
    /// Screen this wording.
    Screen {
        /// What was typed or heard.
        text: String,
        /// Was it heard rather than typed?
        heard: bool,
    },
    /// Search for this question.
    Search(String),
    /// Rank what was found.
    Rank {
        /// For this question.
        question: String,
        /// From these passages.
        findings: Box<Findings>,
    },
    /// Have the model say how likely each of these is as the answer.
    Score {
        /// What to read.
        prompt: Prompt,
        /// The sentences.
        texts: Vec<String>,
        /// When it must be done.
        deadline: Moment,
    },
    /// Answer a request to defeat a protection from what was found; [`keep`](super::keep)
    /// does it, and [`Event::Ranked`] says that it is done.
    Keep {
        /// How it is kept.
        keep: Keep,
        /// From these passages.
        findings: Box<Findings>,
    },
    /// Have this written; the answer is of no use after the deadline.
    Draft {
        /// What to read.
        prompt: Prompt,
        /// When it must be done.
        deadline: Moment,
    },
    /// Stop writing.
    CancelDraft,
    /// Have the guard judge this draft.
    Judge {
        /// What was written.
        draft: String,
        /// What it was written from.
        passages: Vec<Passage>,
    },
    /// This is the answer: hand it over and render it.
    Deliver(Box<Answer>),
    /// There is no answer: say why.
    Fail {
        /// One line.
        what: String,
        /// The way out.
        hint: String,
        /// Is it that something needed is not there?
        missing: bool,
    },
    /// Write the record; nothing follows.
    Close,
}
