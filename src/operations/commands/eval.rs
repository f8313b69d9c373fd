//! `millwright eval SUITE…`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Serialize;

use super::ask::{self, Question};
use super::cli::{self, How, Suite};
use super::{Context, Result};
use crate::operations::eval::golden;
use crate::operations::node::protocol::TurnReport;
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

/// The last line of a suite.
#[derive(Debug, Serialize)]
struct Figures {
    suite: &'static str,
    figures: BTreeMap<String, f64>,
    bars: Vec<Bar>,
    machine: String,
    version: &'static str,
}

/// A figure held against what is wanted of it.
#[derive(Debug, Serialize)]
struct Bar {
    name: &'static str,
    value: f64,
    want: &'static str,
    holds: bool,
}

pub(super) async fn run(context: &Context, args: cli::Eval) -> Result<()> {
    for suite in &args.suites {
        match suite {
            Suite::Golden => golden(context, &args).await?,
        }
    }
    Ok(())
}

async fn golden(context: &Context, args: &cli::Eval) -> Result<()> {
    let dir = args.from.clone().unwrap_or_else(|| PathBuf::from("tests/golden"));
    let mut items = golden::load(&dir)?;
    if args.quick {
        // Every third row, each by all its ways in.
        let mut ids: Vec<String> = items.iter().map(|i| i.row.id.clone()).collect();
        ids.dedup();
        let kept: Vec<String> = ids.into_iter().step_by(3).collect();
        items.retain(|i| kept.contains(&i.row.id));
    }
    let how = How {
        kb: None,
        machine: None,
        session: Some("eval".into()),
        rung: None,
        deadline_ms: args.deadline_ms,
        model: args.model.clone(),
    };
    let mut client = context.client().await?;
    ask::warm(&mut client, &how, true, false).await?;
    let bar = ProgressBar::new(items.len() as u64);
    let (mut rows, mut reports): (Vec<golden::Row>, Vec<TurnReport>) = (Vec::new(), Vec::new());
    for item in &items {
        let question = match &item.audio {
            Some(audio) => Question::Recorded(existing(audio)?),
            None => Question::Typed(item.row.question.clone()),
        };
        let report = ask::ask(&mut client, &how, question, false, None).await?.report;
        let row = golden::mark(item, &report);
        if context.out.json {
            context.out.line(&row)?;
        } else if row.mark != golden::Mark::Right {
            bar.suspend(|| {
                context.out.note(&format!(
                    "{:?} {}: {} (missing {:?}, forbidden {:?})",
                    row.mark, row.id, row.text, row.missing, row.forbidden
                ));
            });
        }
        rows.push(row);
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    client.finish().await;
    let figures = golden::figures(&items, &rows, &reports);
    let unsupported = figures.get("golden.unsupported_numbers").copied().unwrap_or(0.0);
    let bars = vec![Bar {
        name: "golden.unsupported_numbers",
        value: unsupported,
        want: "= 0",
        holds: unsupported == 0.0,
    }];
    let last = Figures {
        suite: "golden",
        figures,
        bars,
        machine: platform::machine(),
        version: env!("CARGO_PKG_VERSION"),
    };
    print(context, &last)
}

fn existing(audio: &Path) -> Result<PathBuf> {
    if audio.is_file() {
        return Ok(audio.to_owned());
    }
    Err(Error::new(Kind::Missing, format!("the recording {} is not there", audio.display())))
}

fn print(context: &Context, last: &Figures) -> Result<()> {
    if context.out.json {
        return context.out.line(last);
    }
    let mut text = format!("{} on {}\n", last.suite, last.machine);
    for (name, value) in &last.figures {
        text.push_str(&format!("  {name:<46} {value:>8.3}\n"));
    }
    for bar in &last.bars {
        let word = if bar.holds { "holds" } else { "FAILS" };
        text.push_str(&format!("  {} {}: {word}\n", bar.name, bar.want));
    }
    context.out.text(&text)
}
