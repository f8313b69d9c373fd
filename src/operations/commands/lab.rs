//! `millwright lab`: the Edge Prompt Latency Lab.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::cli;
use super::{Context, Result};
use crate::operations::eval::retrieval::speed::own_program;
use crate::operations::lab::peer::Where;
use crate::operations::lab::row::Row;
use crate::operations::lab::{self, Options, Section, Told};
use crate::operations::outcome::{Error, Kind};

pub(super) async fn run(context: &Context, args: cli::Lab) -> Result<()> {
    if args.serve {
        return Err(Error::new(Kind::Missing, "the lab over the network is not built yet")
            .hint("millwright lab measures the engine itself"));
    }
    let named = args.model.clone().unwrap_or_else(|| context.config.models.answerer.clone());
    if let Some(model) = &args.start_of {
        let model = model.display().to_string();
        let start = tokio::task::block_in_place(|| {
            lab::memory::start(&context.data, &context.config, &model, args.quick)
        })?;
        return context.out.line(&start);
    }
    let options = Options {
        data: context.data.clone(),
        config: context.config.clone(),
        model: named,
        only: args.only.iter().map(|s| Section::from(*s)).collect(),
        seconds: args.seconds,
        quick: args.quick,
        peers: args.peers.map(|at| if at == "auto" { Where::Auto } else { Where::Dir(at.into()) }),
        repository: PathBuf::from("."),
        program: own_program()?,
    };
    let mut screen = Screen { context, bar: progress_bar() };
    // Compute for minutes: the runtime's other work goes on beside it.
    let rows = tokio::task::block_in_place(|| lab::run(&options, &mut screen));
    screen.bar.finish_and_clear();
    let rows = rows?;
    if let Some(file) = &args.plot {
        std::fs::write(file, lab::plot::svg(&rows))
            .map_err(|e| Error::new(Kind::Failed, format!("cannot write {}", file.display())).because(e))?;
        context.out.note(&format!("plot      {}", file.display()));
    }
    if context.out.json {
        return Ok(());
    }
    context.out.text(&lab::table::text(&rows))
}

/// Rows to stdout with `--json`, the rest to stderr.
struct Screen<'c> {
    context: &'c Context,
    bar: ProgressBar,
}

impl Told for Screen<'_> {
    fn row(&mut self, row: &Row) -> Result<()> {
        if self.context.out.json { self.context.out.line(row) } else { Ok(()) }
    }

    fn note(&mut self, line: &str) {
        self.bar.suspend(|| self.context.out.note(line));
    }

    fn progress(&mut self, what: &str, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

impl From<cli::LabSection> for Section {
    fn from(section: cli::LabSection) -> Section {
        match section {
            cli::LabSection::Speeds => Section::Speeds,
            cli::LabSection::Modes => Section::Modes,
            cli::LabSection::Rated => Section::Rated,
            cli::LabSection::Interference => Section::Interference,
            cli::LabSection::Memory => Section::Memory,
            cli::LabSection::Hour => Section::Hour,
        }
    }
}
