//! A request in tokens: what its asker's thread makes of it before it is handed in.

use tokio::sync::mpsc;

use super::constraint::Automaton;
use super::kv::PAGE;
use super::scheduler::Ask;
use super::{Class, Request, Update};
use crate::core::Moment;

/// What a request needs beside itself, made on its asker's thread.
#[derive(Debug)]
pub(super) struct Load {
    /// The prompt's ids; of [`Errand::Read`] its whole pages, and a token that is not read:
    /// the cache always leaves one to compute.
    pub ids: Vec<u32>,
    /// What is done with them.
    pub errand: Errand,
    /// Who asks.
    pub class: Class,
    /// When it came.
    pub arrived: Moment,
    /// Where its updates go. Has room for all that it can ever say.
    pub updates: mpsc::Sender<Update>,
}

/// A [`Task`](super::Task) in tokens.
#[derive(Debug)]
pub(super) enum Errand {
    /// At most `limit` tokens.
    Write {
        automaton: Automaton,
        limit: usize,
    },
    /// The continuations.
    Score(Vec<Vec<u32>>),
    Read,
}

impl Load {
    /// Prompt tokens that the request's own sequence reads.
    pub fn upto(&self) -> usize {
        match self.errand {
            Errand::Write { .. } => self.ids.len(),
            // The last token of the prompt is read by each continuation: it is what the
            // first token is scored after. So is what fills no page.
            Errand::Score(_) | Errand::Read => self.ids.len().saturating_sub(1) / PAGE * PAGE,
        }
    }

    /// Tokens that follow the prompt in the request's own sequence, at most.
    pub fn room(&self) -> usize {
        if let Errand::Write { limit, .. } = self.errand { limit } else { 0 }
    }

    /// Prompt and what follows it, at most.
    pub fn longest(&self) -> usize {
        let texts = if let Errand::Score(texts) = &self.errand { texts.as_slice() } else { &[] };
        self.ids.len() + self.room().max(texts.iter().map(Vec::len).max().unwrap_or(0))
    }

    /// How many updates it can come to: started, read, the end, and what is between.
    pub fn updates(&self) -> usize {
        self.room() + 5
    }

    /// What the scheduler is asked for it, where `cached` tokens of it are in the cache.
    pub fn ask(&self, request: &Request, cached: usize) -> Ask {
        let upto = self.upto();
        let mut read = upto.saturating_sub(cached);
        let mut promised = (self.ids.len() + self.room()).next_multiple_of(PAGE);
        if let Errand::Score(texts) = &self.errand {
            let own = texts.iter().map(|text| own_rows(self.ids.len(), upto, text.len()));
            read += own.clone().sum::<usize>();
            promised += own.map(|rows| rows.next_multiple_of(PAGE)).sum::<usize>();
        }
        Ask {
            class: request.class,
            deadline: request.deadline,
            device: request.device.as_str().into(),
            cancel: request.cancel.clone(),
            read,
            write: self.room(),
            promised: promised.max(PAGE),
        }
    }

    /// Tells the asker. Where it left, its cancel ends the work.
    pub fn say(&self, update: Update) {
        let _ = self.updates.try_send(update);
    }
}

/// Rows that a continuation of `tokens` reads for itself: what is left of the prompt, and all
/// of its tokens but the last.
pub(super) fn own_rows(prompt: usize, shared: usize, tokens: usize) -> usize {
    if tokens == 0 { 0 } else { prompt - shared + tokens - 1 }
}
