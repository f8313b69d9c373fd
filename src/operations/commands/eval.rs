//! `millwright eval SUITE…`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::ask::{self, Question};
use super::cli::{self, How, Suite};
use super::{Context, Result};
use crate::core::answer::{AnswerKind, Rung};
use crate::operations::audit;
use crate::operations::eval::report::{Bar, Figures, Last, Want};
use crate::operations::eval::retrieval::asked::Row;
use crate::operations::eval::retrieval::shelf::Bench;
use crate::operations::eval::retrieval::{self, Listener, Options};
use crate::operations::eval::{golden, hearing, models, report, trust};
use crate::operations::models::admission::{self, Admission, Admissions};
use crate::operations::models::{Role, Store};
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{AskOptions, TurnReport};
use crate::operations::node::shared::{today, unix_ms};
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
            Suite::Models => models(context, &args).await?,
            Suite::Turn | Suite::Voice => {
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
        models: args.model.clone(),
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

fn golden_items(args: &cli::Eval) -> Result<Vec<golden::Item>> {
    let dir = args.from.clone().unwrap_or_else(|| PathBuf::from("tests/golden"));
    let mut items = golden::load(&dir)?;
    if args.quick {
        // Every third row, each by all its ways in.
        let mut ids: Vec<String> = items.iter().map(|i| i.row.id.clone()).collect();
        ids.dedup();
        let kept: Vec<String> = ids.into_iter().step_by(3).collect();
        items.retain(|i| kept.contains(&i.row.id));
    }
    Ok(items)
}

/// Time for a draft of the models suite, milliseconds: what a model has earned is a question
/// of its words, not of this machine's speed.
const DRAFT_MS: u64 = 120_000;

async fn models(context: &Context, args: &cli::Eval) -> Result<()> {
    let store = Store::open(&context.data)?;
    let names = match args.model.as_slice() {
        [] => {
            let answerers = store.list().into_iter().filter(|r| r.role == Role::Answerer && r.installed);
            answerers.map(|r| r.id).collect()
        }
        named => named.to_vec(),
    };
    if names.is_empty() {
        return Err(Error::new(Kind::Missing, "no language model is installed")
            .hint("millwright models pull answerer"));
    }
    // What cannot be loaded is said before anything is asked.
    let located: Vec<_> =
        names.iter().map(|n| store.locate(Role::Answerer, Some(n))).collect::<Result<_>>()?;
    let items: Vec<golden::Item> =
        golden_items(args)?.into_iter().filter(|i| i.row.answerable && i.audio.is_none()).collect();
    let mut client = context.client().await?;
    let mut figures = Figures::new();
    for (name, located) in names.iter().zip(&located) {
        let trials = try_model(context, args, &mut client, name, &items).await?;
        let earned = models::judge(&trials);
        let short = Path::new(name).file_stem().map_or(name.clone(), |s| s.to_string_lossy().into_owned());
        let short = if located.id.is_some() { name.clone() } else { short };
        figures.extend(earned.figures.iter().map(|(k, v)| (format!("models.{short}.{k}"), *v)));
        let why = if earned.why.is_empty() { String::new() } else { format!(" ({})", earned.why) };
        context.out.note(&format!("{name}: up to {}{why}", earned.ceiling));
        // A third of the questions shows something, and admits nothing.
        if !args.quick {
            let mut admissions = Admissions::load(&context.data)?;
            let admission = Admission {
                model: short,
                ceiling: earned.ceiling,
                why: earned.why,
                figures: earned.figures,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                day: today(),
            };
            admissions.put(located, admission)?;
            admissions.save(&context.data)?;
            context.out.note(&format!("noted in {}", admission::path(&context.data).display()));
        }
    }
    client.finish().await;
    print(context, &last("models", figures, Vec::new()))
}

/// Asks one model every question on each rung.
async fn try_model(
    context: &Context,
    args: &cli::Eval,
    client: &mut Client,
    name: &str,
    items: &[golden::Item],
) -> Result<Vec<models::Trial>> {
    let how = |rung| How {
        kb: None,
        machine: None,
        session: Some(audit::EVAL.into()),
        operator: args.operator.clone(),
        rung: Some(rung),
        deadline_ms: Some(args.deadline_ms.unwrap_or(DRAFT_MS)),
        model: Some(name.to_owned()),
    };
    ask::warm(client, &how(Rung::Recombined), false, false).await?;
    let bar = progress_bar();
    bar.set_length(items.len() as u64);
    bar.set_message(name.to_owned());
    let mut trials = Vec::new();
    for item in items {
        let mut asked = Vec::new();
        for rung in [Rung::Quoted, Rung::Recombined, Rung::Constrained] {
            let options = AskOptions {
                question: Some(item.row.question.clone()),
                trial: true,
                ..ask::options(&how(rung), false, false)
            };
            let report = ask::ask_with(client, options, Vec::new(), None).await?.report;
            // What is refused or asked back never comes to a model.
            if rung == Rung::Quoted && report.kind != AnswerKind::Answer {
                break;
            }
            asked.push((rung, golden::mark(item, &report), report));
        }
        let [(_, quoted, _), tried @ ..] = asked.as_slice() else {
            bar.inc(1);
            continue;
        };
        for (rung, row, report) in tried {
            let record = audit::read(&context.data, &report.turn)?;
            let trial = models::Trial {
                model: name.to_owned(),
                id: row.id.clone(),
                rung: *rung,
                delivered: report.rung == *rung,
                passed: record.and_then(|r| r.draft_verdict).map(|v| v.passed),
                mark: row.mark,
                quoted_mark: quoted.mark,
                complete: models::complete(item, row),
                quoted_complete: models::complete(item, quoted),
                why: report.rung_why.clone(),
                ms: report.total_ms,
            };
            if context.out.json {
                context.out.line(&trial)?;
            }
            trials.push(trial);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(trials)
}

async fn golden(context: &Context, args: &cli::Eval) -> Result<()> {
    let items = golden_items(args)?;
    let how = How {
        kb: None,
        machine: None,
        // A session of its own: what an earlier run left must not answer in this one.
        session: Some(format!("{}-{}", audit::EVAL, unix_ms())),
        operator: args.operator.clone(),
        rung: None,
        deadline_ms: args.deadline_ms,
        model: args.model.first().cloned(),
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
