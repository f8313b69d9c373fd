//! Runs one turn: select → event → handle → execute. All decisions are the turn's; this is
//! the edge that does what it says and reports back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::hearing::{self, Hearing};
use super::line::{Control, Out};
use super::mouth;
use super::protocol::{AskOptions, Event as Said, TurnReport};
use super::recall::Recall;
use super::resident::crashed;
use super::session::{self, Key};
use super::shared::{Shared, identities, unix_ms};
use crate::core::answer::prompt::sources;
use crate::core::answer::{Answer, ladder};
use crate::core::engine::{self, Cancel, Class, Constraint, Task};
use crate::core::hear::Transcript;
use crate::core::knowledge::search::Query;
use crate::core::ledger::millis;
use crate::core::snapshot::{Doing, TurnView};
use crate::core::turn::{self, Action, Asked, Event, Limits, Replay, Turn};
use crate::entry::screen;
use crate::exit::render;
use crate::operations::audit::{Identities, Record};
use crate::operations::outcome::{Error, Kind, Result};

/// Events of one turn's stages that may wait. A draft's text is the only fast one, and its
/// engine waits rather than this queue growing.
const EVENTS: usize = 64;
/// How long a closed turn waits for its client to say when the first sample was heard.
const HEARD_PATIENCE: Duration = Duration::from_secs(3);
/// Passages that retrieval hands to the ranker.
pub(super) const HITS: usize = 24;
/// Sentences of a draft: what the prompt asks for.
const SENTENCES: usize = 2;
/// Turns that the snapshot remembers.
const HISTORY: usize = 50;

/// Everything that a turn's stages share.
struct Job {
    node: Arc<Shared>,
    options: AskOptions,
    id: String,
    session: String,
    out: Out,
    events: mpsc::Sender<Event>,
    draft: Cancel,
    voice: Cancel,
    /// Prefix of the question's samples; taken by the transcribe action.
    samples: Option<Vec<f32>>,
    /// What this turn has to do with those before it.
    recall: Recall,
    failure: Option<Error>,
}

/// Runs a turn to its close and sends its report.
///
/// # Errors
/// What the turn failed with; a refusal is an answer, not an error.
pub async fn run(
    node: &Arc<Shared>,
    options: AskOptions,
    samples: Vec<f32>,
    out: &Out,
    mut controls: mpsc::Receiver<Control>,
) -> Result<()> {
    // A replay is asked by nobody, and a trial by the program itself.
    let operator = match options.replay.is_some() || options.trial {
        true => options.operator.clone(),
        false => node.config.operator.of(options.operator.as_deref())?,
    };
    let (limits, held) = limits(node, &options);
    let id = node.new_turn_id();
    let session = options.session.clone().unwrap_or_else(|| session::DEFAULT.to_owned());
    let mut recall = Recall::new(Key { session: session.clone(), operator });
    let mut turn = Turn::new(limits);
    turn.held = held;
    turn.understood = recall.begin(node, &options).await;
    let (events, mut inbox) = mpsc::channel(EVENTS);
    let typed = options.question.clone();
    // Replays are comparisons, not turns of the shift: they leave no record.
    if options.replay.is_none() {
        let question = typed.as_deref().unwrap_or("(spoken)");
        node.audit.opened(&id, &session, recall.key.operator.as_deref(), question, unix_ms());
    }
    let first = begin(&options, typed);
    let mut job = Job {
        node: node.clone(),
        options,
        id,
        session,
        out: out.clone(),
        events,
        draft: Cancel::default(),
        voice: Cancel::default(),
        samples: Some(samples),
        recall,
        failure: None,
    };
    job.show_start(&turn);
    let mut actions = turn.handle(first, node.now());
    loop {
        for action in std::mem::take(&mut actions) {
            job.execute(action, &mut turn).await;
        }
        job.show(&turn);
        if turn.is_closed() {
            break;
        }
        let wake = turn.next_deadline().map(|(at, _)| at);
        let event = tokio::select! {
            Some(event) = inbox.recv() => event,
            Some(control) = controls.recv() => match control {
                Control::Played(after) => Event::Played { after },
                Control::Cancel => {
                    job.voice.raise();
                    Event::Cancelled
                }
            },
            () = sleep_until(node, wake) => Event::Tick,
        };
        if matches!(event, Event::Voiced) {
            job.wait_for_played(&mut turn, &mut controls).await;
        }
        actions = turn.handle(event, node.now());
    }
    job.draft.raise();
    job.close(&turn).await
}

/// What a turn is allowed, and why its rung is less than was asked for.
fn limits(node: &Shared, options: &AskOptions) -> (Limits, String) {
    let turn = &node.config.turn;
    let wanted = options.rung.unwrap_or(turn.rung);
    let (rung, held) = match options.trial {
        true => (wanted, String::new()),
        false => node.governor.hold(wanted, options.model.as_deref()),
    };
    let limits = Limits {
        deadline: Duration::from_millis(options.deadline_ms.unwrap_or(turn.deadline_ms)),
        limit: Duration::from_millis(turn.limit_ms.max(options.deadline_ms.unwrap_or(0))),
        rung,
        budgets: node.config.budgets.clone(),
        spoken: options.speak,
        replay: options.replay.as_ref().map(|r| Replay {
            why: r.why.clone(),
            judged: r.judged,
            chosen: r.chosen,
        }),
    };
    (limits, held)
}

fn begin(options: &AskOptions, typed: Option<String>) -> Event {
    match typed {
        Some(text) => Event::Typed(text),
        None => {
            let ms = |ms: f64| Duration::from_secs_f64(ms.clamp(0.0, 60e3) / 1e3);
            let heard_in = options.heard.as_ref().map_or(Duration::ZERO, |h| ms(h.after_ms));
            Event::Spoken { endpoint: ms(options.endpoint_ms), heard_in }
        }
    }
}

async fn sleep_until(node: &Shared, at: Option<Duration>) {
    match at {
        Some(at) => tokio::time::sleep(at.saturating_sub(node.now())).await,
        None => std::future::pending().await,
    }
}

impl Job {
    async fn execute(&mut self, action: Action, turn: &mut Turn) {
        match action {
            Action::Transcribe => self.transcribe(),
            Action::Screen { text, heard } => {
                let source = if heard { screen::Source::Heard } else { screen::Source::Typed };
                let request = screen::screen(&text, source);
                let is_question = request.is_question();
                let emergency = self.node.config.site.emergency_for(&request).map(str::to_owned);
                let keep = screen::keep(&request);
                // Neither danger nor a protection is answered from memory.
                let given = (emergency.is_none() && keep.is_none())
                    .then(|| self.recall.given(&self.node, &self.options, &request, turn))
                    .flatten();
                let asked = Asked { is_question, emergency, keep, given, question: request.question };
                self.report(Event::Screened(asked)).await;
            }
            Action::Search(question) => {
                let clear = turn.transcript.as_ref().is_some_and(Transcript::is_clear_about_numbers);
                let either = turn.transcript.as_ref().map(Transcript::alternatives).unwrap_or_default();
                self.search(question, clear, either);
            }
            Action::Rank { question, findings } => {
                self.compute(move || Event::Ranked(Box::new(turn::rank(&question, *findings))));
            }
            Action::Keep { keep, findings } => {
                self.compute(move || Event::Ranked(Box::new(turn::keep(&keep, *findings))));
            }
            Action::Judge { draft, passages } => {
                self.compute(move || Event::Judged(Box::new(ladder::from_draft(&draft, &passages))));
            }
            Action::Score { prompt, texts, deadline } => {
                self.ask_model(prompt, Task::Score(texts), deadline);
            }
            Action::Draft { prompt, deadline } => {
                // Numbers, units and codes only as the passages have them; the guard looks again.
                let constraint = Constraint::Locked { sources: sources(&prompt), sentences: SENTENCES };
                let max_tokens = self.node.config.engine.max_tokens;
                self.ask_model(prompt, Task::Write { constraint, max_tokens }, deadline);
            }
            Action::CancelDraft => self.draft.raise(),
            Action::Deliver(answer) => self.deliver(*answer).await,
            Action::Fail { what, hint, missing } => {
                let kind = if missing { Kind::Missing } else { Kind::Failed };
                self.failure = Some(Error::new(kind, what).hint(hint));
            }
            Action::Close => debug_assert!(turn.is_closed()),
        }
    }

    /// Short pure work, off the runtime's own threads.
    fn compute(&self, work: impl FnOnce() -> Event + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let event = match tokio::task::spawn_blocking(work).await {
                Ok(event) => event,
                Err(e) => failed(&crashed(e)),
            };
            let _ = events.send(event).await;
        });
    }

    async fn report(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    fn transcribe(&mut self) {
        let samples = self.samples.take().unwrap_or_default();
        let (node, events, out) = (self.node.clone(), self.events.clone(), self.out.clone());
        let replayed = self.options.replay.as_ref().and_then(|r| r.heard.clone());
        let before = self.options.heard.take().map(|h| h.transcript);
        let (kb, machine) = (self.options.kb.clone(), self.options.machine.clone());
        tokio::spawn(async move {
            let done = match replayed.or(before) {
                Some(transcript) => Ok((transcript, Duration::ZERO)),
                None => hearing::hear(&node, samples, Hearing { kb, machine, ..Hearing::default() }).await,
            };
            let event = match done {
                Ok((transcript, wait)) => {
                    let said = Said::Heard { transcript: transcript.clone(), ms: 0.0 };
                    out.send(said).await;
                    Event::Transcribed { transcript, wait }
                }
                Err(e) => failed(&e),
            };
            let _ = events.send(event).await;
        });
    }

    /// `either` is what the transcript may mean, where it may be more than one thing.
    fn search(&self, question: String, clear: bool, either: Vec<String>) {
        let (node, events) = (self.node.clone(), self.events.clone());
        let query = Query {
            text: question,
            k: HITS,
            machine: self.options.machine.clone(),
            spoken: self.options.question.is_none(),
            clear,
            ..Query::default()
        };
        let kb = self.options.kb.clone();
        tokio::spawn(async move {
            let event = match node.search(query, kb.as_deref()).await {
                Ok(mut findings) => {
                    if findings.found.choices.is_empty() {
                        findings.found.choices = either;
                    }
                    Event::Found(Box::new(findings))
                }
                Err(e) => failed(&e),
            };
            let _ = events.send(event).await;
        });
    }

    fn ask_model(&self, prompt: engine::Prompt, task: Task, deadline: Duration) {
        let (node, events, cancel) = (self.node.clone(), self.events.clone(), self.draft.clone());
        let model = self.options.model.clone().unwrap_or_default();
        let device = self.session.clone();
        tokio::spawn(async move {
            let request = engine::Request { prompt, task, deadline, class: Class::Person, device, cancel };
            let engine = match node.resident.engine(&model).await {
                Ok(engine) => engine,
                Err(e) => {
                    let _ = events.send(Event::Draft(engine::Update::Failed(e.to_string()))).await;
                    return;
                }
            };
            match engine.submit(request) {
                Ok(mut stream) => {
                    while let Some(update) = stream.next().await {
                        if events.send(Event::Draft(update)).await.is_err() {
                            break;
                        }
                    }
                }
                Err(refusal) => {
                    let _ = events.send(Event::Draft(engine::Update::Refused(refusal))).await;
                }
            }
        });
    }

    async fn deliver(&mut self, answer: Answer) {
        let lines: Vec<String> = render::spoken(&answer).into_iter().map(|l| l.text).collect();
        self.report(Event::Rendered).await;
        self.out.send(Said::Answered { turn: self.id.clone(), answer: Box::new(answer) }).await;
        if !self.options.speak {
            return;
        }
        let (node, events, out) = (self.node.clone(), self.events.clone(), self.out.clone());
        let cancel = self.voice.clone();
        tokio::spawn(async move {
            if let Err(e) = speak(&node, lines, &events, &out, &cancel).await {
                let _ = events.send(failed(&e)).await;
            }
            let _ = events.send(Event::Voiced).await;
        });
    }

    /// The `play` stage is the client's: its loudspeaker says when the first sample left.
    async fn wait_for_played(&self, turn: &mut Turn, controls: &mut mpsc::Receiver<Control>) {
        let heard = turn.ledger.of(crate::core::ledger::Stage::Play).is_some();
        if !self.options.played || heard || turn.first_audio.is_none() {
            return;
        }
        let control = tokio::time::timeout(HEARD_PATIENCE, controls.recv()).await;
        if let Ok(Some(Control::Played(after))) = control {
            turn.handle(Event::Played { after }, self.node.now());
        }
    }

    async fn close(mut self, turn: &Turn) -> Result<()> {
        let at = unix_ms();
        if let Some(failure) = self.failure.take() {
            let line = if failure.hint.is_empty() {
                failure.to_string()
            } else {
                format!("{failure} ({})", failure.hint)
            };
            if self.options.replay.is_none() {
                note_failure(&self.node, &self.id, failure.to_string(), at).await;
            }
            self.node.show(|s| {
                s.doing = Doing::Idle;
                s.turn.fault = Some(line);
            });
            return Err(failure);
        }
        let Some(answer) = &turn.answer else {
            return Err(Error::new(Kind::Failed, "the turn ended without an answer"));
        };
        let report = self.turn_report(turn, answer);
        let record = Record {
            report: report.clone(),
            heard: turn.transcript.clone(),
            machine: self.options.machine.clone(),
            kb: self.options.kb.clone(),
            rung_limit: self.options.rung.unwrap_or(self.node.config.turn.rung),
            model: self.options.model.clone(),
            passages: match &self.recall.reused {
                Some(kept) => kept.passages.clone(),
                None => turn.passages.iter().map(passage_key).collect(),
            },
            prompt_ids: turn.prompt_ids.clone(),
            draft: turn.draft.clone(),
            draft_verdict: turn.draft_verdict.clone(),
            identities: self.identities(turn),
            operator: self.recall.key.operator.clone(),
            lead: answer.lead.clone(),
            command: self.recall.command.map(|c| c.name().to_owned()),
            reused: report.reused.clone(),
            acknowledged: self.recall.acknowledged.clone(),
            evidence: turn.evidence.as_ref().and_then(|e| serde_json::to_value(e).ok()),
        };
        if self.options.replay.is_none() {
            self.recall.end(&self.node, &record, at);
            let node = self.node.clone();
            tokio::task::spawn_blocking(move || node.audit.closed(record, at)).await.map_err(crashed)??;
        }
        self.node.show(|s| s.doing = Doing::Idle);
        self.out.send(Said::Report(Box::new(report))).await;
        Ok(())
    }

    fn turn_report(&self, turn: &Turn, answer: &Answer) -> TurnReport {
        let cited = turn.passages.iter().find(|p| answer.citations.iter().any(|c| c.document == p.document));
        TurnReport {
            id: None,
            turn: self.id.clone(),
            session: self.session.clone(),
            machine: match &self.recall.reused {
                Some(kept) => kept.machine.clone(),
                None => cited.map_or_else(String::new, |p| p.machine.clone()),
            },
            language: match &self.recall.reused {
                Some(kept) => kept.language.clone(),
                None => cited.map_or_else(|| "en".to_owned(), |p| p.language.clone()),
            },
            question: turn.question.clone(),
            heard: turn.transcript.as_ref().map(|t| t.text.clone()),
            kind: answer.kind,
            rung: answer.rung,
            rung_why: answer.rung_why.clone(),
            text: answer.text(),
            sentences: answer.sentences.clone(),
            citations: answer.citations.clone(),
            choices: answer.choices.clone(),
            warnings: answer.warnings.clone(),
            numbers: answer.numbers.clone(),
            verdict: answer.verdict.clone(),
            exits: serde_json::Map::new(),
            stages: turn.ledger.entries.clone(),
            first_audio_ms: turn.first_audio.map(millis),
            first_content_ms: turn.first_content.map(millis),
            total_ms: millis(turn.total),
            reused: self.recall.reused.as_ref().map(|kept| kept.turn.clone()),
        }
    }

    fn identities(&self, turn: &Turn) -> Identities {
        Identities {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            answerer: if turn.prompt_ids.is_empty() { String::new() } else { self.node.resident.answerer() },
            recogniser: match &turn.transcript {
                Some(_) => self.node.resident.recogniser_name(),
                None => String::new(),
            },
            index: identities(&self.node.store()),
        }
    }

    fn show_start(&self, turn: &Turn) {
        let deadline = self.options.deadline_ms.unwrap_or(self.node.config.turn.deadline_ms);
        self.node.show(|s| {
            let last = std::mem::take(&mut s.turn);
            if !last.turn.is_empty() {
                s.history.push(last);
                let over = s.history.len().saturating_sub(HISTORY);
                s.history.drain(..over);
            }
            s.turn = TurnView {
                turn: self.id.clone(),
                question: self.options.question.clone().unwrap_or_default(),
                interim: self.options.question.is_none(),
                deadline_ms: deadline,
                ..TurnView::default()
            };
            s.doing = if turn.transcript.is_none() && self.options.question.is_none() {
                Doing::Hearing
            } else {
                Doing::Finding
            };
        });
    }

    fn show(&self, turn: &Turn) {
        self.node.show(|s| {
            s.turn.ledger = turn.ledger.clone();
            s.turn.answer = turn.answer.clone();
            s.turn.first_audio_ms = turn.first_audio.map(millis);
            if !turn.question.is_empty() {
                s.turn.question = turn.question.clone();
                s.turn.interim = false;
            }
            s.turn.elapsed_ms = turn.elapsed_ms(self.node.now());
            s.doing = match (&turn.answer, turn.question.is_empty(), turn.passages.is_empty()) {
                (Some(_), ..) if turn.is_closed() => Doing::Idle,
                (Some(_), ..) if self.options.speak => Doing::Speaking,
                (Some(_), ..) => Doing::Idle,
                (None, true, _) => s.doing,
                (None, false, true) => Doing::Finding,
                (None, false, false) => Doing::Answering,
            };
        });
    }
}

async fn speak(
    node: &Arc<Shared>,
    lines: Vec<String>,
    events: &mpsc::Sender<Event>,
    out: &Out,
    cancel: &Cancel,
) -> Result<()> {
    let voice = node.resident.voice().await?;
    let mut sounds = voice.say(lines)?;
    while let Some(sound) = sounds.recv().await {
        if cancel.is_raised() {
            break;
        }
        let mouth::Sound { pcm, line, last, wait } = sound?;
        let _ = events.send(Event::Synthesised { wait }).await;
        out.send_with(Said::Sound { sample_rate: pcm.sample_rate, line, last }, pcm.samples).await;
    }
    Ok(())
}

/// Closes a turn that leaves no record. A log that does not take it is no second failure.
async fn note_failure(node: &Arc<Shared>, turn: &str, what: String, at_ms: i64) {
    let (node, id) = (node.clone(), turn.to_owned());
    let noted = tokio::task::spawn_blocking(move || node.audit.failed(&id, &what, at_ms)).await;
    if let Ok(Err(e)) = noted {
        tracing::warn!(turn, "the audit log did not take a failure: {e}");
    }
}

fn failed(e: &Error) -> Event {
    Event::Failed { what: e.to_string(), hint: e.hint.clone(), missing: e.kind == Kind::Missing }
}

/// How a passage is named in the audit.
fn passage_key(p: &crate::core::knowledge::passage::Passage) -> String {
    format!("{}/{}@{}#{}-{}", p.kb, p.document, p.revision, p.span.start, p.span.end)
}
