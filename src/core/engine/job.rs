//! One request in flight: what it wants of the next step, and what it makes of the result.
//!
//! ```text
//!  Write:  read the prompt ─▶ first token ─▶ token (and drafted ones) ─▶ … ─▶ end
//!  Read:   read the whole pages of what comes before the question ─▶ end
//!  Score:  read the pages that all continuations share ─▶ each continuation on pages of
//!          its own, as many in a step as it has rows ─▶ end
//! ```
//!
//! Nothing here depends on who else is in the batch. Invariant while it writes: all tokens of
//! `ids` but the last are in its pages.

use std::ops::Range;
use std::time::Duration;

use super::bits::Bits;
use super::constraint::{Allow, Masks, Took};
use super::errand::{Errand, Load, own_rows};
use super::kv::{Cache, Sequence};
use super::model::{Slice, Want};
use super::scheduler::{Ticket, Work};
use super::speculate::Proposer;
use super::vocabulary::{Detokeniser, Vocabulary};
use super::{Class, Finish, Update};
use crate::core::Moment;
use crate::core::ledger::millis;

/// A request in flight.
pub(super) struct Job {
    pub ticket: Ticket,
    load: Load,
    sequence: Sequence,
    /// Tokens of the prompt; what is written follows it in `load.ids`.
    prompt: usize,
    /// How many of them its own sequence reads.
    upto: usize,
    announced: bool,
    /// Its asker knows that the prompt has been read.
    is_told: bool,
    reading: Duration,
    writing: Duration,
    tokens: usize,
    text: Detokeniser,
    proposer: Option<Proposer>,
    /// The last token with the drafted ones behind it.
    run: Vec<u32>,
    draft: Vec<u32>,
    /// What may follow each token of the run.
    masks: Masks,
    mask: Bits,
    texts: Vec<Continuation>,
}

/// One of the texts that are scored.
struct Continuation {
    sequence: Sequence,
    /// Prompt and text.
    ids: Vec<u32>,
    /// The sum of logarithms so far.
    sum: f64,
}

impl Continuation {
    /// Positions that are left to read: the last token is scored, not read.
    fn left(&self, prompt: usize) -> usize {
        let all = if self.ids.len() > prompt { self.ids.len() - 1 } else { 0 };
        all.saturating_sub(self.sequence.len())
    }
}

/// One sequence's part of a step: which tokens of which sequence.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The job, by its ticket.
    pub ticket: Ticket,
    /// Which continuation; `None` for the job's own sequence.
    text: Option<usize>,
    /// Positions.
    tokens: Range<usize>,
}

impl Part {
    pub fn rows(&self) -> usize {
        self.tokens.len()
    }
}

/// How far a job came in a step.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Went {
    /// Tokens read.
    pub read: usize,
    /// Rows that were spent on writing.
    pub rows: usize,
    /// Tokens written.
    pub wrote: usize,
    /// Drafted tokens, and those of them that were right.
    pub drafted: (usize, usize),
}

impl Job {
    /// Takes a request into flight; `None`, and its asker told, where the cache has no room
    /// for it: a fault, for the scheduler promises no more than there is.
    pub fn start(ticket: Ticket, load: Load, cache: &mut Cache, speculate: bool) -> Option<Self> {
        let guessed = load.class == Class::Idle;
        let (prompt, upto, room) = (load.ids.len(), load.upto(), load.room());
        let Some(sequence) = cache.start(&load.ids, prompt + room, guessed) else {
            load.say(Update::Failed("the KV cache has no room that was promised".to_owned()));
            return None;
        };
        let streams = matches!(&load.errand, Errand::Write { automaton, .. } if automaton.streams());
        let proposer = (speculate && streams && room > 1).then(|| Proposer::new(&load.ids, room));
        Some(Self {
            ticket,
            load,
            sequence,
            prompt,
            upto,
            announced: false,
            is_told: false,
            reading: Duration::ZERO,
            writing: Duration::ZERO,
            tokens: 0,
            text: Detokeniser::default(),
            proposer,
            run: Vec::new(),
            draft: Vec::new(),
            masks: Masks::default(),
            mask: Bits::default(),
            texts: Vec::new(),
        })
    }

    /// Tokens left to read.
    pub fn left(&self) -> usize {
        let own = self.upto.saturating_sub(self.sequence.len());
        let texts: usize = match &self.load.errand {
            Errand::Score(texts) if self.texts.is_empty() => {
                texts.iter().map(|text| own_rows(self.prompt, self.upto, text.len())).sum()
            }
            _ => self.texts.iter().map(|t| t.left(self.prompt)).sum(),
        };
        own + texts
    }

    /// Has the prompt been read as far as the own sequence reads it?
    fn is_read(&self) -> bool {
        self.sequence.len() >= self.upto
    }

    pub fn is_real(&self) -> bool {
        self.load.class != Class::Idle
    }

    pub fn is_writing(&self) -> bool {
        self.is_read() && matches!(self.load.errand, Errand::Write { .. })
    }

    /// Says that it has been started, once.
    pub fn announce(&mut self, now: Moment) {
        if !std::mem::replace(&mut self.announced, true) {
            let wait_ms = millis(now.saturating_sub(self.load.arrived));
            self.load.say(Update::Started { wait_ms });
        }
    }

    /// Moves past what others have computed of its prompt by now; returns how much that was.
    pub fn follow(&mut self, cache: &mut Cache) -> usize {
        if self.is_read() { 0 } else { cache.follow(&mut self.sequence, &self.load.ids) }
    }

    /// Adds its parts of the next step to `parts`.
    ///
    /// # Errors
    /// Where the cache does not supply a page that was promised.
    pub fn plan(&mut self, work: Work, cache: &mut Cache, parts: &mut Vec<Part>) -> crate::core::Result<()> {
        let own = |tokens: Range<usize>| Part { ticket: self.ticket, text: None, tokens };
        match work {
            Work::Read { tokens } if !self.is_read() => {
                let from = self.sequence.len();
                let to = self.upto.min(from + tokens);
                parts.push(own(from..to));
                grown(cache.grow(&mut self.sequence, to))?;
                self.draft.clear();
                self.mask_draft();
            }
            Work::Read { mut tokens } => {
                for (i, text) in self.texts.iter_mut().enumerate() {
                    let (from, rows) = (text.sequence.len(), text.left(self.prompt).min(tokens));
                    if rows > 0 {
                        tokens -= rows;
                        parts.push(Part { ticket: self.ticket, text: Some(i), tokens: from..from + rows });
                        grown(cache.grow(&mut text.sequence, from + rows))?;
                    }
                }
            }
            Work::Write { draft } => {
                self.propose(draft);
                let from = self.sequence.len();
                let to = from + self.run.len();
                parts.push(Part { ticket: self.ticket, text: None, tokens: from..to });
                grown(cache.grow(&mut self.sequence, to))?;
            }
        }
        Ok(())
    }

    /// Makes the run of the next step: the last token, and a draft of at most `most` tokens,
    /// none of which would be past the limit or is not allowed.
    fn propose(&mut self, most: usize) {
        let left = self.load.room().saturating_sub(self.tokens + 1);
        self.draft.clear();
        if let Some(proposer) = &self.proposer {
            proposer.propose(most.min(left), &mut self.draft);
        }
        self.mask_draft();
        self.run.clear();
        self.run.extend(self.load.ids.last());
        self.run.extend_from_slice(&self.draft);
    }

    /// Asks the automaton what may follow the last token and each drafted one, and cuts the
    /// draft where it is not that.
    fn mask_draft(&mut self) {
        let Errand::Write { automaton, .. } = &self.load.errand else { return };
        if self.tokens == 0 && automaton.allow(&mut self.mask) == Allow::Done {
            return;
        }
        let allowed = self.masks.fill(automaton, &self.draft);
        self.draft.truncate(allowed);
    }

    /// What may follow each token of its run, added to `allowed`.
    pub fn allowed<'a>(&'a self, part: &Part, allowed: &mut Vec<Option<&'a Bits>>) {
        let last = if self.is_writing() { part.rows() } else { 1 };
        if part.text.is_none() {
            allowed.extend((0..last).map(|i| self.masks.get(i)));
        }
    }

    /// Its part as the model takes it; `allowed` as [`Job::allowed`] gave it.
    pub fn slice<'a>(&'a self, part: &'a Part, allowed: &'a [Option<&'a Bits>]) -> Slice<'a> {
        let Range { start, end } = part.tokens;
        if let Some(text) = part.text.and_then(|i| self.texts.get(i)) {
            // The token at position p is scored after the one at p - 1.
            let targets = text.ids.get((start + 1).max(self.prompt)..end + 1).unwrap_or_default();
            let want = if targets.is_empty() { Want::Nothing } else { Want::Score { targets } };
            let tokens = text.ids.get(start..end).unwrap_or_default();
            return Slice { tokens, start, pages: text.sequence.pages(), want };
        }
        let (tokens, last) = match self.is_writing() {
            true => (self.run.as_slice(), self.run.len()),
            false => {
                let first = end == self.prompt && self.load.room() > 0;
                (self.load.ids.get(start..end).unwrap_or_default(), usize::from(first))
            }
        };
        let want = if last == 0 { Want::Nothing } else { Want::Best { last, allowed } };
        Slice { tokens, start, pages: self.sequence.pages(), want }
    }

    /// Takes what a step of `spent` computed of `part`: `best` and `scores` give what is
    /// wanted, in order. Returns how far it came, and the last update where it ended.
    pub fn absorb(
        &mut self,
        part: &Part,
        best: &mut dyn Iterator<Item = Option<u32>>,
        scores: &mut dyn Iterator<Item = f32>,
        vocabulary: &Vocabulary,
    ) -> (Went, Option<Update>) {
        let rows = part.rows();
        if let Some(i) = part.text {
            let prompt = self.prompt;
            if let Some(text) = self.texts.get_mut(i) {
                let wanted = (part.tokens.end + 1).saturating_sub((part.tokens.start + 1).max(prompt));
                text.sum += scores.take(wanted).map(f64::from).sum::<f64>();
                text.sequence.advance(rows);
            }
            let end = self.texts.iter().all(|t| t.left(prompt) == 0).then(|| self.scores());
            return (Went { read: rows, ..Went::default() }, end);
        }
        if self.is_writing() {
            return self.write(best, vocabulary);
        }
        self.sequence.advance(rows);
        let mut went = Went { read: rows, ..Went::default() };
        if !self.is_read() {
            return (went, None);
        }
        let end = self.has_read(best, vocabulary);
        went.wrote = self.tokens;
        (went, end)
    }

    /// A step that it was part of took so long.
    pub fn spent(&mut self, spent: Duration) {
        let book = if self.is_writing() { &mut self.writing } else { &mut self.reading };
        *book += spent;
    }

    /// The prompt has been read, and `best` gives the first token where one is wanted.
    fn has_read(
        &mut self,
        best: &mut dyn Iterator<Item = Option<u32>>,
        vocabulary: &Vocabulary,
    ) -> Option<Update> {
        let Errand::Write { limit, .. } = self.load.errand else { return None };
        self.tell_read();
        if limit == 0 {
            return self.settled().or_else(|| Some(self.done(Finish::Length)));
        }
        // Taken in any case: what follows it belongs to others.
        let id = best.next().flatten();
        self.settled().or_else(|| self.take(id, vocabulary)).or_else(|| self.settled())
    }

    /// Where nothing is left to choose, the last update.
    fn settled(&mut self) -> Option<Update> {
        let Errand::Write { automaton, .. } = &self.load.errand else { return None };
        if automaton.allow(&mut self.mask) != Allow::Done {
            return None;
        }
        self.tell_choice();
        Some(self.done(Finish::Stop))
    }

    /// A choice is told whole, once it is made.
    fn tell_choice(&self) {
        if let Errand::Write { automaton, .. } = &self.load.errand
            && let Some(choice) = automaton.choice()
        {
            self.load.say(Update::Text(choice.to_owned()));
        }
    }

    fn tell_read(&mut self) {
        if !std::mem::replace(&mut self.is_told, true) {
            let read = if matches!(self.load.errand, Errand::Read) { self.upto } else { self.prompt };
            let prompt_ids = self.load.ids.get(..read).unwrap_or_default().to_vec();
            let (reused, ms) = (self.sequence.reused(), millis(self.reading));
            self.load.say(Update::Prefilled { prompt_ids, reused, ms });
        }
    }

    /// Where all that its own sequence reads is read: goes on to what comes then, if that is
    /// not writing. Returns the last update where that is the end.
    ///
    /// # Errors
    /// Where the cache does not supply pages that were promised.
    pub fn turn_over(&mut self, cache: &mut Cache, now: Moment) -> crate::core::Result<Option<Update>> {
        if !self.is_read() || self.is_told || matches!(self.load.errand, Errand::Write { .. }) {
            return Ok(None);
        }
        // What was all in the cache is read without a step.
        self.announce(now);
        self.tell_read();
        if matches!(self.load.errand, Errand::Read) {
            return Ok(Some(self.done(Finish::Stop)));
        }
        let Errand::Score(texts) = &mut self.load.errand else { return Ok(None) };
        let texts = std::mem::take(texts);
        let guessed = self.load.class == Class::Idle;
        cache.keep(&mut self.sequence, &self.load.ids);
        for text in &texts {
            let ids: Vec<u32> = self.load.ids.iter().chain(text).copied().collect();
            // Found is what is shared and no more: each of its tokens is to be scored.
            let shared = ids.get(..=self.upto).unwrap_or(&ids);
            let sequence = cache.start(shared, ids.len().saturating_sub(1), guessed);
            grown(sequence.is_some())?;
            self.texts.extend(sequence.map(|sequence| Continuation { sequence, ids, sum: 0.0 }));
        }
        Ok((self.left() == 0).then(|| self.scores()))
    }

    /// Says the scores; returns the last update.
    fn scores(&mut self) -> Update {
        let prompt = self.prompt;
        let scores = self.texts.iter().map(|t| (t.sum as f32, t.ids.len() - prompt)).collect();
        self.load.say(Update::Scores(scores));
        self.done(Finish::Stop)
    }

    fn write(
        &mut self,
        best: &mut dyn Iterator<Item = Option<u32>>,
        vocabulary: &Vocabulary,
    ) -> (Went, Option<Update>) {
        let run = std::mem::take(&mut self.run);
        let (rows, before) = (run.len(), self.tokens);
        self.sequence.advance(rows);
        let (mut end, mut right, mut agrees) = (None, 0, true);
        for (at, id) in best.take(rows).enumerate() {
            if agrees && end.is_none() {
                end = self.take(id, vocabulary);
                // What follows was computed after the drafted token: it holds where that is
                // the one that was written.
                agrees = id.is_some() && run.get(at + 1).copied() == id;
                right += usize::from(agrees);
            }
        }
        self.sequence.cut(self.load.ids.len().saturating_sub(1));
        // Before the end of the run something could always follow: the masks saw to that.
        let end = end.or_else(|| self.settled());
        if let Some(proposer) = &mut self.proposer
            && rows > 1
        {
            proposer.judge(rows - 1, right);
        }
        let went = Went { read: 0, rows, wrote: self.tokens - before, drafted: (rows - 1, right) };
        self.run = run;
        (went, end)
    }

    /// Takes the next token; returns the last update where the text ends by it.
    fn take(&mut self, id: Option<u32>, vocabulary: &Vocabulary) -> Option<Update> {
        let Some(id) = id else {
            return Some(Update::Failed("the model's scores are not numbers".to_owned()));
        };
        if vocabulary.is_stop(id) {
            self.tell_choice();
            return Some(self.done(Finish::Stop));
        }
        let Errand::Write { automaton, limit } = &mut self.load.errand else { return None };
        let (took, full) = (automaton.take(id), self.tokens + 1 >= *limit);
        self.tokens += 1;
        let bytes = vocabulary.bytes(id);
        let bytes = match took {
            Took::Written => bytes,
            Took::Ended { bytes: n } => bytes.get(..n).unwrap_or(bytes),
        };
        if automaton.streams() {
            let piece = self.text.push(bytes);
            if !piece.is_empty() {
                self.load.say(Update::Text(piece));
            }
        }
        if matches!(took, Took::Ended { .. }) {
            return Some(self.done(Finish::Stop));
        }
        self.load.ids.push(id);
        if let Some(proposer) = &mut self.proposer {
            proposer.push(id);
        }
        full.then(|| self.settled().unwrap_or_else(|| self.done(Finish::Length)))
    }

    /// The last update of a request that ends with what was written.
    pub fn done(&self, finish: Finish) -> Update {
        Update::Done { finish, tokens: self.tokens, ms: millis(self.writing) }
    }

    /// Lets others find what was computed of its text.
    pub fn keep(&mut self, cache: &mut Cache) {
        cache.keep(&mut self.sequence, &self.load.ids);
    }

    /// Ends it: its pages go back, what is whole of them is kept, and its asker hears `last`.
    pub fn end(self, cache: &mut Cache, last: Update) {
        drop(self.texts);
        if matches!(last, Update::Failed(_)) {
            drop(self.sequence);
        } else {
            cache.finish(self.sequence, &self.load.ids);
        }
        let _ = self.load.updates.try_send(last);
    }
}

/// A promised page that is not there is a fault of this program, told and not hidden.
fn grown(supplied: bool) -> crate::core::Result<()> {
    if supplied {
        return Ok(());
    }
    Err(crate::core::Error::new(crate::core::Kind::Compute, "the KV cache has no page that was promised"))
}
