//! Final answers: every question of the golden set and of the knowledge bases asked of a node,
//! on each rung, and beside it the same model without the guard.
//!
//! Refusing is decided before any rung, so it is counted over all questions on the quoted rung;
//! what the model adds is measured on the golden set and every third question of the others.

mod check;
mod tally;
mod unguarded;

use serde_json::json;

use self::check::Checked;
use self::tally::Tally;
use super::{Options, Sheet, Told};
use crate::core::answer::{AnswerKind, Rung};
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::set::{self, Question, Set};
use crate::operations::eval::retrieval::shelf::{Bench, KB, Shelf};
use crate::operations::eval::scratch::lend;
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{AskOptions, Command, Event, TurnReport};
use crate::operations::outcome::{Error, Kind, Result};

/// Of the knowledge bases' questions every so many-th is asked of the model too.
const EVERY: usize = 3;
/// Time for a draft: what the model can say is measured here, not how fast it says it.
const DEADLINE_MS: u64 = 8000;

/// An answer with how it is judged.
pub(super) struct Judged {
    rung: Rung,
    answerable: bool,
    report: TurnReport,
    checked: Checked,
}

/// Runs the section.
///
/// # Errors
/// Data or the model is missing, or a node cannot be started.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let mut sets = set::knowledge_bases(&options.from)?.sets;
    sets.extend(set::golden(&options.repository)?);
    if sets.is_empty() {
        return Err(Error::new(Kind::Missing, "neither kb/NAME with questions nor tests/golden")
            .hint("name a directory laid out like the evaluation data by --from DIR"));
    }
    if options.quick {
        set::thin(&mut sets);
    }
    let bench = Bench::of(&options.data, &options.config.models.embedder, options.config.threads())?;
    let models = if options.models.is_empty() { vec![String::new()] } else { options.models.clone() };
    let mut quoted: Vec<Judged> = Vec::new();
    let mut by_model: Vec<(String, Vec<Judged>, Vec<unguarded::Written>)> =
        models.iter().map(|m| (m.clone(), Vec::new(), Vec::new())).collect();
    for set in &sets {
        let mut shelf = Shelf::build(&bench, &set.dirs, None)?;
        shelf.calibrate()?;
        let models = options.data.join("models");
        if models.is_dir() {
            lend(&models, &shelf.data().join("models"))?;
        }
        let wait = tokio::runtime::Handle::current();
        let mut client = wait.block_on(Client::start(shelf.data(), &options.config))?;
        let mut ask = |rung, model: &str, questions: &[&Question], told: &mut dyn Told| {
            wait.block_on(ask_all(&mut client, set, rung, model, questions, &shelf, told))
        };
        let all: Vec<&Question> = set.questions.iter().collect();
        quoted.extend(ask(Rung::Quoted, "", &all, told)?);
        let some: Vec<&Question> = all.iter().copied().step_by(if set.is_kb { EVERY } else { 1 }).collect();
        for (model, judged, written) in &mut by_model {
            for rung in [Rung::Quoted, Rung::Constrained, Rung::Recombined] {
                judged.extend(ask(rung, model, &some, told)?);
            }
            // A model by itself: as a plain program would ask it.
            let beside: Vec<&Question> = some.iter().copied().step_by(2).collect();
            written.extend(unguarded::ask(options, &shelf, model, &beside, told)?);
        }
        wait.block_on(client.finish());
    }
    Tally::of(&quoted.iter().collect::<Vec<_>>()).put("", sheet);
    for (nth, (model, judged, written)) in by_model.iter().enumerate() {
        if nth > 0 || !model.is_empty() {
            told.note(&format!("model {}: {model}", nth + 1));
        }
        let prefix = if nth == 0 { String::new() } else { format!("model{}_", nth + 1) };
        for rung in [Rung::Quoted, Rung::Constrained, Rung::Recombined] {
            let of: Vec<&Judged> = judged.iter().filter(|j| j.rung == rung).collect();
            Tally::of(&of).put_rung(&format!("{prefix}{rung}"), rung, sheet);
        }
        unguarded::figures(written, &format!("{prefix}unguarded"), sheet);
    }
    let final_answers: Vec<&Judged> = quoted.iter().chain(by_model.iter().flat_map(|(_, j, _)| j)).collect();
    let sum = |of: fn(&Checked) -> usize| final_answers.iter().map(|j| of(&j.checked)).sum::<usize>() as f64;
    sheet.put("answers", final_answers.len() as f64);
    sheet.put("unsupported_numbers", sum(|c| c.unsupported.len()));
    sheet.put("missing_warnings", sum(|c| c.missing_warnings));
    sheet.want("unsupported_numbers", Want::Equal(0.0));
    sheet.want("missing_warnings", Want::Equal(0.0));
    sheet.want("unanswerable_refused_share", Want::AtLeast(0.95));
    sheet.want("answerable_refused_share", Want::AtMost(0.10));
    sheet.want("clarify_share", Want::AtMost(0.05));
    sheet.want("keywords_share", Want::AtLeast(0.75));
    Ok(())
}

async fn ask_all(
    client: &mut Client,
    set: &Set,
    rung: Rung,
    model: &str,
    questions: &[&Question],
    shelf: &Shelf<'_>,
    told: &mut dyn Told,
) -> Result<Vec<Judged>> {
    if rung != Rung::Quoted {
        let answer = Some(model.to_owned());
        let warm = Command::Warm { hear: false, answer, speak: false };
        client.call(warm, Vec::new(), async |_, _, _| Ok(())).await?;
    }
    let mut judged = Vec::new();
    for (n, question) in questions.iter().enumerate() {
        told.progress(&format!("{}, {rung}", set.name), n, questions.len());
        let options = AskOptions {
            question: Some(question.text.clone()),
            kb: Some(KB.to_owned()),
            session: Some("trust".to_owned()),
            rung: Some(rung),
            deadline_ms: Some(DEADLINE_MS),
            model: (!model.is_empty()).then(|| model.to_owned()),
            trial: true,
            ..AskOptions::default()
        };
        let ask = Command::Ask(Box::new(options));
        let Event::Report(report) = client.call(ask, Vec::new(), async |_, _, _| Ok(())).await? else {
            return Err(Error::new(Kind::Failed, "the node sent no report"));
        };
        let checked = check::check(&report, question, shelf);
        told.row(&json!({
            "set": set.name, "id": question.id, "rung_allowed": rung, "rung": report.rung,
            "rung_why": report.rung_why, "kind": report.kind, "answerable": question.gold.is_some(),
            "question": question.text, "text": report.text, "missing": checked.missing,
            "unsupported": checked.unsupported, "missing_warnings": checked.missing_warnings,
            "words": checked.words,
        }))?;
        judged.push(Judged { rung, answerable: question.gold.is_some(), report: *report, checked });
    }
    Ok(judged)
}

impl Judged {
    fn is(&self, kind: AnswerKind) -> bool {
        self.report.kind == kind
    }
}
