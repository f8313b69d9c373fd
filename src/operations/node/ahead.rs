//! Work before the question ends: what was heard so far is searched, and the passages found
//! are read by the model, so that only the question itself is left when it comes.
//!
//! All of it is a guess: it runs in the class of guessed work, on cores that nobody else
//! wants, and a real question drops it. A guess that turned out right is found in the KV
//! cache; a wrong one is evicted first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::driver::HITS;
use super::shared::Shared;
use crate::core::Moment;
use crate::core::answer::prompt::prompt;
use crate::core::engine::worker::Engine;
use crate::core::engine::{Cancel, Class, Prompt, Request, Task};
use crate::core::knowledge::search::Query;
use crate::core::turn::{self, Findings};
use crate::entry::screen;

/// Fewer words say too little to search for.
const LEAST_WORDS: usize = 3;
/// A guess that is not read by then is of no use.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is being read ahead, or was last.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Guess>);

#[derive(Debug, Default)]
struct Guess {
    /// What was heard last; an older one that comes late changes nothing.
    heard: String,
    passages: Vec<String>,
    cancel: Cancel,
}

impl Ahead {
    /// Takes a guess in; `None` where it is what is read already. The one before is given up.
    fn take(&self, prompt: &Prompt) -> Option<Cancel> {
        let mut guess = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if prompt.passages.is_empty() || guess.passages == prompt.passages {
            return None;
        }
        guess.cancel.raise();
        guess.cancel = Cancel::default();
        guess.passages.clone_from(&prompt.passages);
        Some(guess.cancel.clone())
    }

    fn is_news(&self, heard: &str) -> bool {
        let mut guess = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if guess.heard == heard {
            return false;
        }
        heard.clone_into(&mut guess.heard);
        true
    }
}

/// Has the passages read that `heard` asks for so far. Nothing is loaded for it, and whatever
/// fails on the way ends it: the question itself will come and say so.
pub(super) async fn read(node: Arc<Shared>, heard: String, kb: Option<String>, machine: Option<String>) {
    let Some(engine) = node.resident.engine_here() else { return };
    let request = screen::screen(&heard, screen::Source::Heard);
    if request.question.split_whitespace().count() < LEAST_WORDS || !node.ahead.is_news(&request.question) {
        return;
    }
    let query = Query {
        text: request.question.clone(),
        k: HITS,
        machine,
        spoken: true,
        clear: true,
        ..Query::default()
    };
    let Ok(findings) = node.search(query, kb.as_deref()).await else { return };
    let Ok(guessed) = tokio::task::spawn_blocking(move || passages(&request.question, findings)).await else {
        return;
    };
    let Some(cancel) = node.ahead.take(&guessed) else { return };
    submit(&engine, guessed, cancel, node.now()).await;
}

/// Has the text read that stands before every question.
pub(super) async fn read_system(engine: Arc<Engine>, now: Moment) {
    submit(&engine, prompt("", &[]), Cancel::default(), now).await;
}

async fn submit(engine: &Engine, prompt: Prompt, cancel: Cancel, now: Moment) {
    let (task, class, device) = (Task::Read, Class::Idle, "ahead".to_owned());
    let request = Request { prompt, task, deadline: now + PATIENCE, class, device, cancel };
    if let Ok(mut stream) = engine.submit(request) {
        while stream.next().await.is_some() {}
    }
}

/// The prompt that the question would have; its passages are what matters.
fn passages(question: &str, findings: Findings) -> Prompt {
    let ranked = turn::rank(question, findings);
    prompt(question, &ranked.passages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(passages: &[&str]) -> Prompt {
        Prompt {
            system: String::new(),
            passages: passages.iter().map(|p| (*p).to_owned()).collect(),
            question: String::new(),
        }
    }

    #[test]
    fn the_same_guess_is_read_once_and_another_one_takes_its_place() {
        let ahead = Ahead::default();
        assert!(ahead.take(&guess(&[])).is_none(), "nothing to read");
        let first = ahead.take(&guess(&["a", "b"]));
        assert!(ahead.take(&guess(&["a", "b"])).is_none());
        assert!(first.as_ref().is_some_and(|c| !c.is_raised()));
        assert!(ahead.take(&guess(&["a", "c"])).is_some());
        assert!(first.is_some_and(|c| c.is_raised()));
        assert!(ahead.is_news("what torque") && !ahead.is_news("what torque"));
    }
}
