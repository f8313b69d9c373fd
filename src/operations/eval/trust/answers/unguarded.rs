//! The same model without the guard: the same passages in its prompt, told to say so where they
//! do not answer, writing freely.

use std::time::Duration;

use serde_json::json;

use super::super::{Options, Sheet, Told};
use crate::core::Moment;
use crate::core::answer::guard::numbers;
use crate::core::answer::prompt::{MOST_PASSAGES, prompt};
use crate::core::answer::source::Source;
use crate::core::cores::{Clock, Cores};
use crate::core::engine::worker::{Engine, Options as Engines};
use crate::core::engine::{Cancel, Class, Constraint, Prompt, Request, Task, Update};
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::search::Only;
use crate::operations::eval::retrieval::set::Question;
use crate::operations::eval::retrieval::shelf::Shelf;
use crate::operations::eval::score::{holds, share};
use crate::operations::models::{Role, Store};
use crate::operations::node::shared::NodeClock;
use crate::operations::outcome::{Error, Kind, Result};

/// What it is told; the passages and the question follow.
const SYSTEM: &str = "You help a maintenance technician. Answer the question from the passages in at most two short \
sentences. If the passages do not answer it, say: The manuals do not say.";

/// What it wrote, judged.
pub(super) struct Written {
    answerable: bool,
    refused: bool,
    has_keywords: bool,
    unsupported: usize,
}

/// Asks `questions` of the model by itself.
///
/// # Errors
/// The model is missing or fails.
pub(super) fn ask(
    options: &Options,
    shelf: &Shelf<'_>,
    model: &str,
    questions: &[&Question],
    told: &mut dyn Told,
) -> Result<Vec<Written>> {
    let named = if model.is_empty() { options.config.models.answerer.as_str() } else { model };
    let located = Store::open(&options.data)?.locate(Role::Answerer, Some(named))?;
    let clock = NodeClock::start();
    let cores = Cores::new(options.config.threads(), clock.clone());
    let packed = Some(options.data.join("models").join("packed"));
    let how = Engines { packed, ..options.config.engine.options(options.config.threads()) };
    let engine = Engine::spawn(&located.path, how, cores, clock.clone())?;
    let mut all = Vec::new();
    for (n, question) in questions.iter().enumerate() {
        told.progress("without the guard", n, questions.len());
        let found = shelf.search(&question.text, Only::Reranked, 24)?;
        let passages: Vec<Passage> = found.hits.into_iter().take(MOST_PASSAGES).map(|h| h.passage).collect();
        let text = write(&engine, prompt(&question.text, &passages), clock.now())?;
        let sources: Vec<Source<'_>> = passages.iter().map(Source::of).collect();
        let unsupported = numbers::check(&text, &sources.iter().collect::<Vec<_>>()).1;
        let lower = text.to_lowercase();
        let refused =
            ["do not say", "does not say", "don't say", "not mentioned", "do not mention", "no information"]
                .iter()
                .any(|r| lower.contains(r));
        let has_keywords = question.must_contain.iter().all(|k| holds(&text, k));
        told.row(&json!({
            "id": question.id, "rung": "unguarded", "answerable": question.gold.is_some(), "refused": refused,
            "text": text, "has_keywords": has_keywords,
            "unsupported": unsupported.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
        all.push(Written {
            answerable: question.gold.is_some(),
            refused,
            has_keywords: has_keywords && !refused,
            unsupported: unsupported.len(),
        });
    }
    Ok(all)
}

fn write(engine: &Engine, prompt: Prompt, now: Moment) -> Result<String> {
    let request = Request {
        prompt: Prompt { system: SYSTEM.to_owned(), ..prompt },
        task: Task::Write { constraint: Constraint::Free, max_tokens: 96 },
        deadline: now + Duration::from_secs(60),
        class: Class::Person,
        device: "unguarded".to_owned(),
        cancel: Cancel::default(),
    };
    let mut stream = engine.submit(request).map_err(|r| Error::new(Kind::Failed, r.to_string()))?;
    tokio::runtime::Handle::current().block_on(async {
        let mut text = String::new();
        while let Some(update) = stream.next().await {
            match update {
                Update::Text(piece) => text.push_str(&piece),
                Update::Failed(what) => return Err(Error::new(Kind::Failed, what)),
                Update::Refused(refusal) => return Err(Error::new(Kind::Failed, refusal.to_string())),
                _ => {}
            }
        }
        Ok(text)
    })
}

/// What the guard buys and costs, seen from the other side.
pub(super) fn figures(written: &[Written], name: &str, sheet: &mut Sheet) {
    let answerable: Vec<&Written> = written.iter().filter(|w| w.answerable).collect();
    let others: Vec<&Written> = written.iter().filter(|w| !w.answerable).collect();
    let count = |of: &[&Written], is: fn(&Written) -> bool| of.iter().filter(|w| is(w)).count();
    sheet.put(
        &format!("{name}_keywords_share"),
        share(count(&answerable, |w| w.has_keywords), answerable.len()),
    );
    sheet.put(
        &format!("{name}_answerable_refused_share"),
        share(count(&answerable, |w| w.refused), answerable.len()),
    );
    sheet.put(
        &format!("{name}_unanswerable_refused_share"),
        share(count(&others, |w| w.refused), others.len()),
    );
    let all: Vec<&Written> = written.iter().collect();
    sheet.put(&format!("{name}_unsupported_share"), share(count(&all, |w| w.unsupported > 0), all.len()));
}
