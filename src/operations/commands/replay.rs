//! `millwright replay TURN`: makes a recorded turn again and says whether it is the same.

use serde::Serialize;

use super::ask::ask_with;
use super::cli::{self, How};
use super::{Context, Result};
use crate::core::answer::Rung;
use crate::operations::audit::{self, Record};
use crate::operations::node::protocol::{AskOptions, ReplayOf, TurnReport};
use crate::operations::outcome::{Error, Kind};

/// The line of `replay --json`.
#[derive(Debug, Serialize)]
struct Line {
    turn: String,
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

pub(super) async fn run(context: &Context, args: cli::Replay) -> Result<()> {
    let Some(record) = audit::read(&context.data, &args.turn)? else {
        let newest = audit::newest(&context.data, 3)?;
        let hint = match newest.is_empty() {
            true => "there are no turns yet: millwright ask \"…\"".to_owned(),
            false => {
                let ids: Vec<_> = newest.into_iter().map(|(turn, ..)| turn).collect();
                format!("the newest are {}", ids.join(", "))
            }
        };
        return Err(Error::new(Kind::Failed, format!("there is no turn {}", args.turn)).hint(hint));
    };
    let mut client = context.client().await?;
    let drafted = record.draft_verdict.is_some();
    let chosen = record.report.rung == Rung::Constrained;
    let how = How {
        kb: record.kb.clone(),
        machine: record.machine.clone(),
        session: Some(record.report.session.clone()),
        rung: Some(match (drafted, chosen) {
            (true, _) => record.rung_limit,
            (false, true) => Rung::Constrained,
            (false, false) => Rung::Quoted,
        }),
        deadline_ms: None,
        model: record.model.clone(),
    };
    super::ask::warm(&mut client, &how, false, false).await?;
    let options = AskOptions {
        question: record.heard.is_none().then(|| record.report.question.clone()),
        replay: Some(ReplayOf {
            why: record.report.rung_why.clone(),
            judged: drafted.then_some(record.draft.len()),
            chosen,
            heard: record.heard.clone(),
        }),
        ..super::ask::options(&how, false, false)
    };
    let again = ask_with(&mut client, options, Vec::new(), None).await?.report;
    client.finish().await;
    let differences = compare(&record, &again);
    let line = Line { turn: args.turn, same: differences.is_empty(), differences };
    if context.out.json {
        return context.out.line(&line);
    }
    if line.same {
        return context.out.text(&format!("turn {}: the same answer, word for word\n", line.turn));
    }
    let mut text = format!("turn {}: not the same\n", line.turn);
    for d in &line.differences {
        text.push_str(&format!("  {}\n    was: {}\n    is:  {}\n", d.what, d.was, d.is));
    }
    context.out.text(&text)
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
