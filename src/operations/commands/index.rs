//! `millwright index DIR…` and `millwright index remove DOCUMENT`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::cli::{self, IndexAction};
use super::{Context, Result};
use crate::operations::node::protocol::{Command, Event, Indexed};
use crate::operations::outcome::{Error, Kind};

pub(super) async fn run(context: &Context, args: cli::Index) -> Result<()> {
    if let Some(IndexAction::Remove { document, kb }) = args.action {
        let mut client = context.client().await?;
        client
            .call(Command::Remove { document: document.clone(), kb }, Vec::new(), async |_, _, _| Ok(()))
            .await?;
        client.finish().await;
        context.out.note(&format!("{document} is out of the index"));
        return Ok(());
    }
    let dirs = args.dirs.iter().map(|d| absolute(d)).collect::<Result<Vec<_>>>()?;
    let mut client = context.client().await?;
    let bar = progress_bar();
    let command = Command::Index { dirs, kb: args.kb };
    let event = client
        .call(command, Vec::new(), async |_, _, message| {
            if let Event::Progress { line, done, of } = &message.body.event {
                bar.set_length(*of);
                bar.set_position(*done);
                bar.set_message(line.clone());
            }
            Ok(())
        })
        .await;
    bar.finish_and_clear();
    client.finish().await;
    let Event::Indexed(indexed) = event? else { return Ok(()) };
    print(context, &indexed)
}

/// The node may have another working directory, so it gets absolute paths.
fn absolute(dir: &Path) -> Result<PathBuf> {
    dir.canonicalize().map_err(|e| {
        Error::new(Kind::Failed, format!("cannot read {}", dir.display()))
            .because(e)
            .hint("name a directory that holds manuals")
    })
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

fn print(context: &Context, indexed: &Indexed) -> Result<()> {
    if context.out.json {
        return context.out.line(indexed);
    }
    for skipped in &indexed.skipped {
        context.out.note(&format!("skipped {}: {}", skipped.path, skipped.reason));
    }
    for warning in &indexed.warnings {
        context.out.note(&format!("look at: {warning}"));
    }
    context.out.text(&format!(
        "{} documents, {} passages in {:.2} s ({} skipped)\n",
        indexed.documents,
        indexed.passages,
        indexed.seconds,
        indexed.skipped.len()
    ))
}
