//! One turn, from its first sample to its last delivered word, as a sans-IO state machine.
//!
//! ```text
//!  begin(typed) ──────────────┐
//!                             ▼
//!  begin(spoken) ─▶ Hearing ─▶ Screening ─▶ Finding ─▶ Ranking ─▶ Drafting ─▶ Judging
//!                     │            │                      │          │ deadline,  │ guard:
//!                     │ no speech  │ empty        refused │          │ refusal    │ no
//!                     └────────────┴──────────────────────┴──────────┴────────────┴─▶ Delivering ─▶ Closed
//! ```
//!
//! [`Turn::handle`] takes an event and the moment and returns what is to be done;
//! [`Turn::next_deadline`] says when it wants a [`Event::Tick`] at the latest. There is one
//! implementation of a turn: `ask`, `talk`, `tui` and `eval` all drive this one, and tests
//! drive it in simulated time.
//!
//! Invariants: exactly one [`Action::Deliver`] or [`Action::Fail`] per turn, and then one
//! [`Action::Close`]; a draft is never delivered unjudged; past the deadline the quoted
//! rung is delivered, never silence.

mod event;
mod rank;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use super::Moment;
use super::answer::choose::Choice;
use super::answer::guard::warnings;
use super::answer::ladder;
use super::answer::prompt::prompt;
use super::answer::protect::{self, Keep};
use super::answer::refusal::{self, Evidence};
use super::answer::{Answer, AnswerKind, Rung, Verdict};
use super::engine::{Finish, Prompt, Update};
use super::hear::Transcript;
use super::knowledge::passage::Passage;
use super::ledger::{Ledger, Stage, millis};

pub use event::{Action, Asked, Event, Findings, Given, Limits, Ranked, Replay};
pub use rank::{keep, rank};

/// Why the turn wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The draft is late: step down.
    DraftLate,
    /// Nothing was delivered within the limit.
    TurnLate,
}

#[derive(Debug)]
enum State {
    New,
    Hearing,
    Screening,
    Finding,
    Ranking,
    Drafting(Box<Drafting>),
    Judging {
        /// What is said if the guard says no.
        quoted: Box<Answer>,
    },
    /// Delivered; sound may still be on its way.
    Delivering,
    Closed,
}

#[derive(Debug)]
struct Drafting {
    /// What is said if the draft fails: always ready before a draft is asked for. The quote,
    /// and from when the model has chosen, what it left of it.
    quoted: Answer,
    /// Open while the model chooses.
    choice: Option<Choice>,
    prompt: Prompt,
    until: Moment,
    submitted: Moment,
    /// Waits of the engine, booked to the prefill stage.
    wait: Duration,
    prefilled: Option<Moment>,
    /// What the engine had written; the same bytes go to the audit.
    text: String,
}

/// One turn.
#[derive(Debug)]
pub struct Turn {
    limits: Limits,
    state: State,
    /// The last sample of speech, or the Enter key.
    origin: Moment,
    /// When the current stage began.
    since: Moment,
    /// What each stage took so far.
    pub ledger: Ledger,
    /// What was heard.
    pub transcript: Option<Transcript>,
    /// The normalised question.
    pub question: String,
    /// How a protection is kept that it asks to defeat.
    keep: Option<Keep>,
    /// The passages that were used.
    pub passages: Vec<Passage>,
    /// What was weighed before anything was written.
    pub evidence: Option<Evidence>,
    /// Prompt token ids of the draft, for the audit.
    pub prompt_ids: Vec<u32>,
    /// What the model wrote, as far as it was judged.
    pub draft: String,
    /// What the guard found about it.
    pub draft_verdict: Option<Verdict>,
    /// The warnings, by [`warnings::key`], that were understood before: they are said in short.
    pub understood: HashSet<String>,
    /// Why the limits' rung is lower than the one that was asked for; empty where it is not.
    pub held: String,
    /// What was delivered.
    pub answer: Option<Answer>,
    /// From the origin to the first cited content, guarded and ready (synthesised where it
    /// is spoken).
    pub first_content: Option<Duration>,
    /// From the origin to the first sound.
    pub first_audio: Option<Duration>,
    /// From the origin to the close.
    pub total: Duration,
}

impl Turn {
    /// A turn that nothing has happened to yet.
    pub fn new(limits: Limits) -> Turn {
        Turn {
            limits,
            state: State::New,
            origin: Moment::ZERO,
            since: Moment::ZERO,
            ledger: Ledger::default(),
            transcript: None,
            question: String::new(),
            keep: None,
            passages: Vec::new(),
            evidence: None,
            prompt_ids: Vec::new(),
            draft: String::new(),
            draft_verdict: None,
            understood: HashSet::new(),
            held: String::new(),
            answer: None,
            first_content: None,
            first_audio: None,
            total: Duration::ZERO,
        }
    }

    /// Milliseconds from the end of the question to `now`, or to the close.
    pub fn elapsed_ms(&self, now: Moment) -> f64 {
        let elapsed = if self.is_closed() { self.total } else { now.saturating_sub(self.origin) };
        millis(elapsed)
    }

    /// Is it over?
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// When a [`Event::Tick`] is wanted at the latest, and why.
    pub fn next_deadline(&self) -> Option<(Moment, Reason)> {
        match &self.state {
            State::Drafting(d) => Some((d.until, Reason::DraftLate)),
            State::New | State::Delivering | State::Closed => None,
            State::Hearing | State::Screening | State::Finding | State::Ranking | State::Judging { .. } => {
                Some((self.origin + self.limits.limit, Reason::TurnLate))
            }
        }
    }

    /// Takes what happened at `now`; returns what is to be done.
    pub fn handle(&mut self, event: Event, now: Moment) -> Vec<Action> {
        let state = std::mem::replace(&mut self.state, State::Closed);
        match (state, event) {
            (State::Closed, _) => Vec::new(),
            (State::Delivering, event) => self.delivering(event, now),
            (state, Event::Failed { what, hint, missing }) => self.failed(state, what, hint, missing, now),
            (state, Event::Cancelled) => {
                let mut actions = cancel_draft(&state);
                actions.extend(self.end(
                    Action::Fail { what: "cancelled".into(), hint: String::new(), missing: false },
                    now,
                ));
                actions
            }
            (State::New, Event::Typed(text)) => {
                self.origin = now;
                self.screen(text, false, now)
            }
            (State::New, Event::Spoken { endpoint, heard_in }) => {
                let ended = now.saturating_sub(heard_in);
                self.origin = ended.saturating_sub(endpoint);
                if !endpoint.is_zero() {
                    self.book(Stage::Endpoint, endpoint, Duration::ZERO, "");
                }
                self.enter(State::Hearing, ended);
                vec![Action::Transcribe]
            }
            (State::Hearing, Event::Transcribed { transcript, wait }) => {
                self.book(Stage::Transcribe, self.spent(now, wait), wait, &transcript.doubt);
                let (speech, text) = (transcript.speech, transcript.text.clone());
                let doubt = transcript.doubt.clone();
                self.transcript = Some(transcript);
                if speech { self.screen(text, true, now) } else { self.deliver(say_again(&doubt), now) }
            }
            (State::Screening, Event::Screened(asked)) => {
                let note = asked.given.as_ref().map(|g| g.note.clone()).unwrap_or_default();
                self.book(Stage::Screen, self.spent(now, Duration::ZERO), Duration::ZERO, &note);
                self.question = asked.question;
                if let Some(text) = asked.emergency {
                    self.deliver(protect::emergency(&text), now)
                } else if let Some(given) = asked.given {
                    self.deliver(given.answer, now)
                } else if let Some(keep) = asked.keep {
                    // No model is asked about a protection.
                    self.limits.rung = self.limits.rung.min(Rung::Quoted);
                    let search = keep.search.clone();
                    self.keep = Some(keep);
                    self.enter(State::Finding, now);
                    vec![Action::Search(search)]
                } else if asked.is_question {
                    self.enter(State::Finding, now);
                    vec![Action::Search(self.question.clone())]
                } else {
                    self.deliver(say_again("there was no question in it"), now)
                }
            }
            (State::Finding, Event::Found(findings)) => {
                let wait = findings.wait;
                self.book(Stage::Retrieve, self.spent(now, wait), wait, "");
                self.enter(State::Ranking, now);
                match self.keep.take() {
                    Some(keep) => vec![Action::Keep { keep, findings }],
                    None => vec![Action::Rank { question: self.question.clone(), findings }],
                }
            }
            (State::Ranking, Event::Ranked(ranked)) => self.ranked(*ranked, now),
            (State::Judging { quoted }, Event::Judged(judged)) => self.judged(*quoted, *judged, now),
            (State::Drafting(drafting), Event::Draft(update)) => self.drafted(drafting, update, now),
            (State::Drafting(drafting), Event::Tick) if now >= drafting.until => {
                let why =
                    format!("the draft was not ready in {} ms", millis(drafting.until - self.origin).round());
                let mut actions = vec![Action::CancelDraft];
                actions.extend(self.judge(*drafting, why, false, now));
                actions
            }
            (state, Event::Tick) if self.is_late(&state, now) => self.end(
                Action::Fail {
                    what: format!("no answer within {} ms", self.limits.limit.as_millis()),
                    hint: "the machine is overloaded: end what else is busy, and ask again".into(),
                    missing: false,
                },
                now,
            ),
            // An event of a stage that is already behind (a draft's last words after its
            // deadline) changes nothing.
            (state, _) => {
                self.state = state;
                Vec::new()
            }
        }
    }

    fn is_late(&self, state: &State, now: Moment) -> bool {
        matches!(
            state,
            State::Hearing | State::Screening | State::Finding | State::Ranking | State::Judging { .. }
        ) && now >= self.origin + self.limits.limit
    }

    fn enter(&mut self, state: State, now: Moment) {
        self.state = state;
        self.since = now;
    }

    /// Time of the current stage without its waits.
    fn spent(&self, now: Moment, wait: Duration) -> Duration {
        now.saturating_sub(self.since).saturating_sub(wait)
    }

    fn book(&mut self, stage: Stage, spent: Duration, wait: Duration, note: &str) {
        self.ledger.put(stage, spent, wait, &self.limits.budgets, note.to_owned());
    }

    fn screen(&mut self, text: String, heard: bool, now: Moment) -> Vec<Action> {
        self.enter(State::Screening, now);
        vec![Action::Screen { text, heard }]
    }

    fn ranked(&mut self, ranked: Ranked, now: Moment) -> Vec<Action> {
        self.book(Stage::Rank, self.spent(now, Duration::ZERO), Duration::ZERO, "");
        let Ranked { answer: quoted, passages, choice, evidence } = ranked;
        self.evidence = Some(evidence);
        if quoted.kind != AnswerKind::Answer {
            return self.deliver(quoted, now);
        }
        self.passages = passages;
        let choice = choice.filter(|_| self.limits.rung >= Rung::Constrained);
        let why = match (&self.limits.replay, self.limits.rung) {
            (Some(Replay { why, judged: None, chosen: false }), _) => Some(why.clone()),
            (_, Rung::Refused | Rung::Quoted) => Some(or(self.held.clone(), "no draft was wanted")),
            (_, Rung::Constrained) if choice.is_none() => {
                Some("there was nothing to choose between".to_owned())
            }
            (_, Rung::Constrained | Rung::Recombined) => None,
        };
        if let Some(why) = why {
            return self.deliver(with_why(quoted, why), now);
        }
        let until = self.draft_deadline();
        let prompt = prompt(&self.question, &self.passages);
        let first = match &choice {
            Some(choice) => {
                Action::Score { prompt: prompt.clone(), texts: choice.texts.clone(), deadline: until }
            }
            None => Action::Draft { prompt: prompt.clone(), deadline: until },
        };
        self.enter(
            State::Drafting(Box::new(Drafting {
                quoted,
                choice,
                prompt,
                until,
                submitted: now,
                wait: Duration::ZERO,
                prefilled: None,
                text: String::new(),
            })),
            now,
        );
        vec![first]
    }

    /// The model has chosen: that is the answer, or what is said if the draft fails.
    fn chosen(&mut self, mut d: Box<Drafting>, now: Moment) -> Vec<Action> {
        let drafts = match &self.limits.replay {
            Some(Replay { judged, .. }) => judged.is_some(),
            None => self.limits.rung == Rung::Recombined,
        };
        if !drafts {
            let began = d.prefilled.unwrap_or(d.submitted);
            self.book(Stage::Draft, now.saturating_sub(began), Duration::ZERO, "chosen from the quote");
            let why = match &self.limits.replay {
                Some(replay) => replay.why.clone(),
                None => "no draft was wanted".to_owned(),
            };
            return self.deliver(with_why(d.quoted, why), now);
        }
        let draft = Action::Draft { prompt: d.prompt.clone(), deadline: d.until };
        d.submitted = now;
        self.state = State::Drafting(d);
        vec![draft]
    }

    /// The deadline less what must still happen after the draft.
    fn draft_deadline(&self) -> Moment {
        if self.limits.replay.is_some() {
            return self.origin + self.limits.limit;
        }
        let b = &self.limits.budgets;
        let voice = if self.limits.spoken { b.synthesise_ms + b.play_ms } else { 0 };
        let after = Duration::from_millis(b.guard_ms + b.render_ms + voice);
        self.origin + self.limits.deadline.saturating_sub(after)
    }

    fn drafted(&mut self, mut d: Box<Drafting>, update: Update, now: Moment) -> Vec<Action> {
        match update {
            Update::Started { wait_ms } => d.wait = Duration::from_secs_f64(wait_ms.max(0.0) / 1e3),
            Update::Prefilled { prompt_ids, reused, ms } => {
                // The draft finds all of it read that was read for the choice.
                if d.prefilled.is_some() {
                    self.state = State::Drafting(d);
                    return Vec::new();
                }
                self.prompt_ids = prompt_ids;
                d.prefilled = Some(now);
                let note = if reused > 0 { format!("{reused} tokens reused") } else { String::new() };
                self.book(Stage::Prefill, Duration::from_secs_f64(ms.max(0.0) / 1e3), d.wait, &note);
            }
            Update::Text(piece) => d.text.push_str(&piece),
            Update::Scores(scores) => {
                if let Some(choice) = &d.choice {
                    d.quoted = choice.take(&d.quoted, &scores);
                }
            }
            Update::Done { finish: Finish::Stop, .. } if d.choice.take().is_some() => {
                return self.chosen(d, now);
            }
            Update::Done { finish, .. } => {
                return match finish {
                    Finish::Stop => self.judge(*d, String::new(), true, now),
                    Finish::Length => self.judge(*d, "the draft was cut at its longest".into(), false, now),
                    Finish::Cancelled | Finish::Late => {
                        self.judge(*d, "the draft was not ready in time".into(), false, now)
                    }
                };
            }
            Update::Refused(refusal) => {
                self.book(
                    Stage::Draft,
                    Duration::ZERO,
                    now.saturating_sub(d.submitted),
                    &refusal.to_string(),
                );
                return self.deliver(with_why(d.quoted, refusal.to_string()), now);
            }
            Update::Failed(what) => {
                let why = format!("the model failed: {what}");
                self.book(Stage::Draft, self.spent(now, Duration::ZERO), Duration::ZERO, &why);
                return self.deliver(with_why(d.quoted, why), now);
            }
        }
        self.state = State::Drafting(d);
        Vec::new()
    }

    /// Judges what was written. `whole` is false where it was cut: then only its finished
    /// sentences count.
    fn judge(&mut self, d: Drafting, why: String, whole: bool, now: Moment) -> Vec<Action> {
        let began = d.prefilled.map_or(d.submitted, |at| at.max(d.submitted));
        self.book(Stage::Draft, now.saturating_sub(began), Duration::ZERO, &why);
        let replayed = self.limits.replay.as_ref().and_then(|r| r.judged);
        let written = match replayed {
            Some(bytes) => d.text.get(..bytes).unwrap_or(&d.text),
            None if whole => d.text.as_str(),
            None => finished_sentences(&d.text),
        }
        .to_owned();
        if written.trim().is_empty() {
            return self.deliver(with_why(d.quoted, or(why, "the model wrote nothing")), now);
        }
        self.draft = written.clone();
        self.enter(State::Judging { quoted: Box::new(d.quoted) }, now);
        vec![Action::Judge { draft: written, passages: self.passages.clone() }]
    }

    fn judged(&mut self, quoted: Answer, judged: Result<Answer, Verdict>, now: Moment) -> Vec<Action> {
        self.book(Stage::Guard, self.spent(now, Duration::ZERO), Duration::ZERO, "");
        match judged {
            Ok(answer) => {
                self.draft_verdict = Some(answer.verdict.clone());
                match ladder::leaves_out(&self.question, &quoted, &answer) {
                    None => self.deliver(answer, now),
                    Some(what) => {
                        self.deliver(with_why(quoted, format!("the draft leaves out \"{what}\"")), now)
                    }
                }
            }
            Err(verdict) => {
                let why = ladder::why_of(&verdict);
                self.draft_verdict = Some(verdict);
                self.deliver(with_why(quoted, why), now)
            }
        }
    }

    fn deliver(&mut self, mut answer: Answer, now: Moment) -> Vec<Action> {
        warnings::shorten(&mut answer, &self.understood);
        if answer.kind == AnswerKind::Answer && answer.rung < Rung::Recombined && answer.rung_why.is_empty() {
            answer.rung_why.clone_from(&self.held);
        }
        self.answer = Some(answer.clone());
        if !self.limits.spoken && answer.kind == AnswerKind::Answer {
            self.first_content = Some(now.saturating_sub(self.origin));
        }
        self.enter(State::Delivering, now);
        vec![Action::Deliver(Box::new(answer))]
    }

    fn delivering(&mut self, event: Event, now: Moment) -> Vec<Action> {
        self.state = State::Delivering;
        match event {
            Event::Rendered => {
                self.book(Stage::Render, self.spent(now, Duration::ZERO), Duration::ZERO, "");
                self.since = now;
                if self.limits.spoken { Vec::new() } else { self.close(now) }
            }
            Event::Synthesised { wait } if self.ledger.of(Stage::Synthesise).is_none() => {
                self.book(Stage::Synthesise, self.spent(now, wait), wait, "");
                let since_origin = now.saturating_sub(self.origin);
                self.first_content.get_or_insert(since_origin);
                self.first_audio.get_or_insert(since_origin);
                Vec::new()
            }
            Event::Played { after } if self.ledger.of(Stage::Play).is_none() => {
                self.book(Stage::Play, after, Duration::ZERO, "");
                self.first_audio = self.first_audio.map(|ready| ready + after);
                Vec::new()
            }
            Event::Voiced | Event::Cancelled => self.close(now),
            // The voice broke: the answer stands as text.
            Event::Failed { what, .. } => {
                self.book(Stage::Synthesise, self.spent(now, Duration::ZERO), Duration::ZERO, &what);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn failed(
        &mut self,
        state: State,
        what: String,
        hint: String,
        missing: bool,
        now: Moment,
    ) -> Vec<Action> {
        match state {
            // The quoted rung is ready: a broken guard or engine costs the draft, not the answer.
            State::Judging { quoted } => {
                self.book(Stage::Guard, self.spent(now, Duration::ZERO), Duration::ZERO, &what);
                self.deliver(with_why(*quoted, what), now)
            }
            State::Drafting(d) => {
                let why = format!("the model failed: {what}");
                self.book(Stage::Draft, self.spent(now, Duration::ZERO), Duration::ZERO, &why);
                self.deliver(with_why(d.quoted, why), now)
            }
            _ => self.end(Action::Fail { what, hint, missing }, now),
        }
    }

    fn end(&mut self, last: Action, now: Moment) -> Vec<Action> {
        let mut actions = vec![last];
        actions.extend(self.close(now));
        actions
    }

    fn close(&mut self, now: Moment) -> Vec<Action> {
        self.total = now.saturating_sub(self.origin);
        self.state = State::Closed;
        vec![Action::Close]
    }
}

fn cancel_draft(state: &State) -> Vec<Action> {
    match state {
        State::Drafting(_) => vec![Action::CancelDraft],
        _ => Vec::new(),
    }
}

fn with_why(mut answer: Answer, why: String) -> Answer {
    answer.rung_why = why;
    answer
}

fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

/// "Say it once more", and why.
fn say_again(why: &str) -> Answer {
    with_why(refusal::clarify(&[]), why.to_owned())
}

/// The part of a cut draft that ends with a full stop, so that half a number is never
/// judged as a whole one.
fn finished_sentences(text: &str) -> &str {
    let end = text
        .char_indices()
        .filter(|(i, c)| {
            matches!(c, '.' | '!' | '?' | '。' | '！' | '？')
                && text[i + c.len_utf8()..].starts_with(char::is_whitespace)
        })
        .map(|(i, c)| i + c.len_utf8())
        .next_back();
    end.map_or("", |end| &text[..end])
}
