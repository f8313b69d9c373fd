//! `millwright eval SUITE…`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::ask::{self, Question};
use super::cli::{self, How, Suite};
use super::{Context, Result};
use crate::operations::eval::report::{Bar, Figures, Last, Want};
use crate::operations::eval::retrieval::asked::Row;
use crate::operations::eval::retrieval::shelf::Bench;
use crate::operations::eval::retrieval::{self, Listener, Options};
use crate::operations::eval::{golden, hearing, report, trust};
use crate::operations::node::protocol::TurnReport;
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

pub(super) async fn run(context: &Context, args: cli::Eval) -> Result<()> {
    if let Some(data) = &args.memory_of {
        let bench = Bench::of(&context.data, &context.config.models.embedder, context.config.threads())?;
        return context.out.line(&retrieval::speed::search_only(&bench, data)?);
    }
    for suite in &args.suites {
        match suite {
            Suite::Golden => golden(context, &args).await?,
            // Compute for minutes: the runtime's other work goes on beside it.
            Suite::Retrieval => tokio::task::block_in_place(|| retrieval(context, &args))?,
            Suite::Hearing => tokio::task::block_in_place(|| hearing(context, &args))?,
            Suite::Trust => tokio::task::block_in_place(|| trust(context, &args))?,
            Suite::Turn | Suite::Voice | Suite::Models => {
                return Err(not_built(*suite));
            }
        }
    }
    Ok(())
}

fn not_built(suite: Suite) -> Error {
    let name = suite.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    Error::new(Kind::Missing, format!("the suite `{name}` is not built yet"))
        .hint("millwright eval golden, or millwright eval retrieval hearing --from DIR")
}

/// The directory that a suite cannot do without.
fn from(args: &cli::Eval, needs: &str) -> Result<PathBuf> {
    args.from.clone().ok_or_else(|| {
        Error::new(Kind::Missing, needs)
            .hint("name a directory laid out like the evaluation data by --from DIR")
    })
}

fn hearing(context: &Context, args: &cli::Eval) -> Result<()> {
    let options = hearing::Options {
        from: from(args, "the suite `hearing` needs speech and noise")?,
        data: context.data.clone(),
        config: context.config.clone(),
        repository: PathBuf::from("."),
        peer: args.peer.clone(),
        peer_cache: args.peer_cache.clone(),
        quick: args.quick,
    };
    let only: Vec<String> = args.section.iter().map(|s| s.name().to_owned()).collect();
    let mut screen = Screen { context, bar: progress_bar() };
    let sheet = hearing::run(&options, &only, &mut screen);
    screen.bar.finish_and_clear();
    let sheet = sheet?;
    if !context.out.json {
        context.out.text(&hearing::table(&sheet))?;
    }
    print(context, &last("hearing", sheet.figures, sheet.bars))
}

fn trust(context: &Context, args: &cli::Eval) -> Result<()> {
    let options = trust::Options {
        from: from(args, "the suite `trust` needs questions, manuals and labelled answers")?,
        data: context.data.clone(),
        config: context.config.clone(),
        repository: PathBuf::from("."),
        models: args.model.iter().cloned().collect(),
        quick: args.quick,
    };
    let only: Vec<String> = args.section.iter().map(|s| s.name().to_owned()).collect();
    let mut screen = Screen { context, bar: progress_bar() };
    let sheet = trust::run(&options, &only, &mut screen);
    screen.bar.finish_and_clear();
    let sheet = sheet?;
    print(context, &last("trust", sheet.figures, sheet.bars))
}

fn retrieval(context: &Context, args: &cli::Eval) -> Result<()> {
    let from = from(args, "the suite `retrieval` needs questions and manuals")?;
    let options = Options {
        from,
        data: context.data.clone(),
        embedder: context.config.models.embedder.clone(),
        threads: context.config.threads(),
        repository: PathBuf::from("."),
        program: retrieval::speed::own_program()?,
        quick: args.quick,
    };
    let mut screen = Screen { context, bar: progress_bar() };
    let outcome = retrieval::run(&options, &mut screen);
    screen.bar.finish_and_clear();
    let outcome = outcome?;
    if !context.out.json {
        context.out.text(&retrieval::table(&outcome))?;
    }
    print(context, &last("retrieval", outcome.figures, outcome.bars))
}

/// Shows a suite's progress: rows to stdout, the rest to stderr.
struct Screen<'c> {
    context: &'c Context,
    bar: ProgressBar,
}

impl Screen<'_> {
    fn print(&mut self, row: &impl Serialize) -> Result<()> {
        if self.context.out.json {
            return self.context.out.line(row);
        }
        Ok(())
    }

    fn say(&mut self, line: &str) {
        self.bar.suspend(|| self.context.out.note(line));
    }

    fn show(&mut self, what: &str, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
    }
}

impl Listener for Screen<'_> {
    fn row(&mut self, row: &Row) -> Result<()> {
        self.print(row)
    }

    fn note(&mut self, line: &str) {
        self.say(line);
    }

    fn progress(&mut self, what: &str, done: usize, of: usize) {
        self.show(what, done, of);
    }
}

impl report::Told for Screen<'_> {
    fn row(&mut self, row: &serde_json::Value) -> Result<()> {
        self.print(row)
    }

    fn note(&mut self, line: &str) {
        self.say(line);
    }

    fn progress(&mut self, what: &str, done: usize, of: usize) {
        self.show(what, done, of);
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar
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
    let bars = vec![Bar::of(&figures, "golden.unsupported_numbers", Want::Equal(0.0))];
    print(context, &last("golden", figures, bars))
}

fn last(suite: &'static str, figures: Figures, bars: Vec<Bar>) -> Last {
    Last { suite, figures, bars, machine: platform::machine(), version: env!("CARGO_PKG_VERSION") }
}

fn existing(audio: &Path) -> Result<PathBuf> {
    if audio.is_file() {
        return Ok(audio.to_owned());
    }
    Err(Error::new(Kind::Missing, format!("the recording {} is not there", audio.display())))
}

fn print(context: &Context, last: &Last) -> Result<()> {
    if context.out.json {
        return context.out.line(last);
    }
    let mut text = format!("{} on {}\n", last.suite, last.machine);
    for (name, value) in &last.figures {
        text.push_str(&format!("  {name:<46} {value:>8.3}\n"));
    }
    for bar in &last.bars {
        let word = if bar.holds { "holds" } else { "FAILS" };
        let value = bar.value.map_or_else(|| "not measured".to_owned(), |v| format!("{v:.3}"));
        text.push_str(&format!("  {word:<5} {} {} ({value})\n", bar.name, bar.want));
    }
    context.out.text(&text)
}
