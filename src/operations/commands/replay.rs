//! `millwright replay TURN | --day D`: makes recorded turns again and says what is not the
//! same. A day's questions made again after a change of model or index are a plant's own
//! regression test.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::ask::ask_with;
use super::cli::{self, How};
use super::{Context, Result};
use crate::core::answer::Rung;
use crate::operations::audit::{self, Record, day};
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{AskOptions, ReplayOf, TurnReport};
use crate::operations::outcome::{Error, Kind};

/// The line of `replay --json`, of each changed turn with `--day`.
#[derive(Debug, Serialize)]
struct Line {
    turn: String,
    question: String,
    same: bool,
    differences: Vec<Difference>,
}

/// One thing that is not as it was.
#[derive(Debug, Serialize)]
struct Difference {
    what: &'static str,
    was: String,
    is: String,
}

/// A turn of a day that could not be made again.
#[derive(Debug, Serialize)]
struct Failed {
    turn: String,
    question: String,
    failed: String,
}

/// The last line of `replay --day`.
#[derive(Debug, Default, Serialize)]
struct Summary {
    turns: usize,
    same: usize,
    changed: usize,
    failed: usize,
}

pub(super) async fn run(context: &Context, args: cli::Replay) -> Result<()> {
    match (&args.turn, &args.day) {
        (Some(turn), _) => one(context, turn).await,
        (None, first) => days(context, first.as_deref(), args.day_to.as_deref()).await,
    }
}

async fn one(context: &Context, turn: &str) -> Result<()> {
    let Some(record) = audit::read(&context.data, turn)? else {
        let newest = audit::newest(&context.data, 3)?;
        let hint = match newest.is_empty() {
            true => "there are no turns yet: millwright ask \"…\"".to_owned(),
            false => {
                let ids: Vec<_> = newest.into_iter().map(|(turn, ..)| turn).collect();
                format!("the newest are {}", ids.join(", "))
            }
        };
        return Err(Error::new(Kind::Failed, format!("there is no turn {turn}")).hint(hint));
    };
    if let Some(command) = &record.command {
        let what = format!("turn {turn} was the command \"{command}\": there is no answer to make again");
        let error = Error::new(Kind::Failed, what);
        return Err(match &record.reused {
            Some(of) => error.hint(format!("it was about this one: millwright replay {of}")),
            None => error,
        });
    }
    let mut client = context.client().await?;
    super::ask::warm(&mut client, &how(&record), false, false).await?;
    let line = again(&mut client, &record).await?;
    client.finish().await;
    if context.out.json {
        return context.out.line(&line);
    }
    if line.same {
        return context.out.text(&format!("turn {}: the same answer, word for word\n", line.turn));
    }
    context.out.text(&text(&line))
}

async fn days(context: &Context, first: Option<&str>, last: Option<&str>) -> Result<()> {
    let (from, to) = day::range(first, last.or(first))?;
    let records: Vec<Record> = audit::of_days(&context.data, from, to)?
        .into_iter()
        .filter(|r| r.command.is_none() && (r.heard.is_some() || !r.report.question.is_empty()))
        .collect();
    let mut summary = Summary { turns: records.len(), ..Summary::default() };
    let bar = ProgressBar::new(records.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {wide_msg}") {
        bar.set_style(style);
    }
    if let Some(drafted) = records.iter().find(|r| r.draft_verdict.is_some()).or(records.first()) {
        let mut client = context.client().await?;
        super::ask::warm(&mut client, &how(drafted), false, false).await?;
        for record in &records {
            bar.set_message(record.report.question.clone());
            let made = again(&mut client, record).await;
            bar.inc(1);
            match made {
                Ok(line) if line.same => summary.same += 1,
                Ok(line) => {
                    summary.changed += 1;
                    bar.suspend(|| match context.out.json {
                        true => context.out.line(&line),
                        false => context.out.text(&text(&line)),
                    })?;
                }
                Err(e) => {
                    summary.failed += 1;
                    let failed = Failed {
                        turn: record.report.turn.clone(),
                        question: record.report.question.clone(),
                        failed: e.to_string(),
                    };
                    bar.suspend(|| match context.out.json {
                        true => context.out.line(&failed),
                        false => context.out.text(&format!(
                            "turn {}: {}\n  failed: {}\n",
                            failed.turn, failed.question, failed.failed
                        )),
                    })?;
                }
            }
        }
        client.finish().await;
    }
    bar.finish_and_clear();
    if context.out.json {
        return context.out.line(&summary);
    }
    let Summary { turns, same, changed, failed } = summary;
    context.out.text(&format!("{turns} turns: {same} the same, {changed} changed, {failed} failed\n"))
}

fn text(line: &Line) -> String {
    let mut text = format!("turn {}: {}\n", line.turn, line.question);
    for d in &line.differences {
        text.push_str(&format!("  {}\n    was: {}\n    is:  {}\n", d.what, d.was, d.is));
    }
    text
}

fn how(record: &Record) -> How {
    let drafted = record.draft_verdict.is_some();
    How {
        kb: record.kb.clone(),
        machine: record.machine.clone(),
        session: Some(record.report.session.clone()),
        operator: record.operator.clone(),
        rung: Some(match (drafted, record.report.rung) {
            (true, _) => record.rung_limit,
            (false, Rung::Constrained) => Rung::Constrained,
            (false, _) => Rung::Quoted,
        }),
        deadline_ms: None,
        model: record.model.clone(),
    }
}

/// Makes a recorded turn again and compares.
async fn again(client: &mut Client, record: &Record) -> Result<Line> {
    let drafted = record.draft_verdict.is_some();
    let short = record.report.warnings.iter().filter(|w| w.short.is_some());
    let options = AskOptions {
        question: record.heard.is_none().then(|| record.report.question.clone()),
        replay: Some(ReplayOf {
            why: record.report.rung_why.clone(),
            judged: drafted.then_some(record.draft.len()),
            chosen: record.report.rung == Rung::Constrained,
            heard: record.heard.clone(),
            understood: short.map(|w| w.text.clone()).collect(),
        }),
        ..super::ask::options(&how(record), false, false)
    };
    let again = ask_with(client, options, Vec::new(), None).await?.report;
    let differences = compare(record, &again);
    Ok(Line {
        turn: record.report.turn.clone(),
        question: record.report.question.clone(),
        same: differences.is_empty(),
        differences,
    })
}

fn compare(record: &Record, again: &TurnReport) -> Vec<Difference> {
    let was = &record.report;
    let quotes = |r: &TurnReport| {
        r.citations
            .iter()
            .map(|c| format!("{}@{}#{}-{}", c.document, c.revision, c.start, c.end))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let numbers = |r: &TurnReport| r.numbers.iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" ");
    [
        ("kind", format!("{:?}", was.kind), format!("{:?}", again.kind)),
        ("rung", was.rung.to_string(), again.rung.to_string()),
        ("text", was.text.clone(), again.text.clone()),
        ("numbers", numbers(was), numbers(again)),
        ("citations", quotes(was), quotes(again)),
    ]
    .into_iter()
    .filter(|(_, was, is)| was != is)
    .map(|(what, was, is)| Difference { what, was, is })
    .collect()
}
