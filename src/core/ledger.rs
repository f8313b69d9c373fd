//! The ledger: what each stage of a turn did take, waits included, beside its budget.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;

/// A part of a turn. The names are a contract (`--json` prints them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// From the last sample of speech to the decision that the utterance is over.
    Endpoint,
    /// Speech to text.
    Transcribe,
    /// Transcript to request.
    Screen,
    /// Request to candidate passages.
    Retrieve,
    /// Candidates to the passages that are used, and their quoted sentences.
    Rank,
    /// The model reads the prompt.
    Prefill,
    /// The model writes the draft.
    Draft,
    /// Draft to verdict.
    Guard,
    /// Answer to exits.
    Render,
    /// First sentence to sound.
    Synthesise,
    /// First sound to the loudspeaker.
    Play,
}

impl Stage {
    /// All stages in the order of a turn.
    pub const ALL: [Stage; 11] = [
        Stage::Endpoint,
        Stage::Transcribe,
        Stage::Screen,
        Stage::Retrieve,
        Stage::Rank,
        Stage::Prefill,
        Stage::Draft,
        Stage::Guard,
        Stage::Render,
        Stage::Synthesise,
        Stage::Play,
    ];

    /// The stage's name as it stands in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Endpoint => "endpoint",
            Stage::Transcribe => "transcribe",
            Stage::Screen => "screen",
            Stage::Retrieve => "retrieve",
            Stage::Rank => "rank",
            Stage::Prefill => "prefill",
            Stage::Draft => "draft",
            Stage::Guard => "guard",
            Stage::Render => "render",
            Stage::Synthesise => "synthesise",
            Stage::Play => "play",
        }
    }
}

/// The time each stage may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Milliseconds by stage, in the order of [`Stage::ALL`].
    pub endpoint_ms: u64,
    /// Final transcript, from the endpoint.
    pub transcribe_ms: u64,
    /// Entry screen.
    pub screen_ms: u64,
    /// Retrieval.
    pub retrieve_ms: u64,
    /// Ranking.
    pub rank_ms: u64,
    /// Reading of the prompt by the model.
    pub prefill_ms: u64,
    /// Writing of the first sentence by the model, reading included.
    pub draft_ms: u64,
    /// Guard.
    pub guard_ms: u64,
    /// Rendering.
    pub render_ms: u64,
    /// Synthesis of the first clause.
    pub synthesise_ms: u64,
    /// First sample to the loudspeaker.
    pub play_ms: u64,
}

impl Budgets {
    /// The budget of one stage, in milliseconds.
    pub fn of(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Endpoint => self.endpoint_ms,
            Stage::Transcribe => self.transcribe_ms,
            Stage::Screen => self.screen_ms,
            Stage::Retrieve => self.retrieve_ms,
            Stage::Rank => self.rank_ms,
            Stage::Prefill => self.prefill_ms,
            Stage::Draft => self.draft_ms,
            Stage::Guard => self.guard_ms,
            Stage::Render => self.render_ms,
            Stage::Synthesise => self.synthesise_ms,
            Stage::Play => self.play_ms,
        }
    }
}

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Which stage.
    pub stage: Stage,
    /// Time spent computing, in milliseconds.
    pub ms: f64,
    /// Time spent waiting (queue, cores, lock), in milliseconds.
    pub wait_ms: f64,
    /// What it may take, in milliseconds.
    pub budget_ms: u64,
    /// What was skipped or cut short here, and why; empty where nothing was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What a turn's stages took, in the order in which they ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// One line per stage that ran or was skipped with a reason.
    pub entries: Vec<Entry>,
}

impl Ledger {
    /// Books a stage that began at `from` and ended at `to`, `wait` of it spent waiting.
    pub fn book(&mut self, stage: Stage, from: Moment, to: Moment, wait: Duration, budgets: &Budgets) {
        let whole = to.saturating_sub(from);
        self.put(stage, whole.saturating_sub(wait), wait, budgets, String::new());
    }

    /// Books a stage by its measured times.
    pub fn put(&mut self, stage: Stage, spent: Duration, wait: Duration, budgets: &Budgets, note: String) {
        self.entries.push(Entry {
            stage,
            ms: millis(spent),
            wait_ms: millis(wait),
            budget_ms: budgets.of(stage),
            note,
        });
    }

    /// The line of one stage.
    pub fn of(&self, stage: Stage) -> Option<&Entry> {
        self.entries.iter().find(|e| e.stage == stage)
    }
}

/// Milliseconds with microsecond resolution, as the ledger prints them.
pub fn millis(d: Duration) -> f64 {
    (d.as_micros() as f64) / 1000.0
}
