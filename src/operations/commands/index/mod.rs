//! `millwright index DIR…`, `index --watch`, `index --check` and `index remove DOCUMENT`.

mod check;
mod quiet;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::cli::{self, IndexAction};
use super::{Context, Result};
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{Command, Event, Indexed};
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

/// The knowledge base where none is named.
const MAIN: &str = "main";

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
    if args.check {
        return check::run(context, args.kb).await;
    }
    if args.glossary {
        return check::glossary(context, args.kb).await;
    }
    let dirs = args.dirs.iter().map(|d| absolute(d)).collect::<Result<Vec<_>>>()?;
    let command = Command::Index { dirs: dirs.clone(), kb: args.kb.unwrap_or_else(|| MAIN.to_owned()) };
    if args.watch {
        return watch::run(context, &dirs, command).await;
    }
    let mut client = context.client().await?;
    let done = build(&mut client, command).await;
    client.finish().await;
    let done = done?;
    print(context, &done)?;
    if done.interrupted {
        return Err(stopped(&done));
    }
    Ok(())
}

/// One build, with its progress on stderr. Ctrl-C stops it: what was done is kept.
async fn build(client: &mut Client, command: Command) -> Result<Indexed> {
    let bar = progress_bar();
    let canceller = client.canceller();
    let asked_to_stop = tokio::spawn({
        let bar = bar.clone();
        async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = platform::termination() => {}
            }
            bar.set_message("stopping; what is done is kept");
            canceller.cancel().await;
        }
    });
    let event = client
        .call(command, Vec::new(), async |_, _, message| {
            if let Event::Progress { line, done, of, left_ms } = &message.body.event {
                bar.set_length(*of);
                bar.set_position(*done);
                bar.set_message(match left_ms {
                    Some(left) => format!("{} left · {line}", span(Duration::from_millis(*left))),
                    None => line.clone(),
                });
            }
            Ok(())
        })
        .await;
    asked_to_stop.abort();
    bar.finish_and_clear();
    match event? {
        Event::Indexed(indexed) => Ok(indexed),
        _ => Err(Error::new(Kind::Failed, "the node did not say what it has indexed")),
    }
}

fn stopped(done: &Indexed) -> Error {
    let what = match done.left {
        0 => "stopped before its end; what was done is kept".to_owned(),
        1 => "stopped; 1 file was not looked at, the others are kept".to_owned(),
        left => format!("stopped; {left} files were not looked at, the others are kept"),
    };
    Error::new(Kind::Failed, what).hint("run the same command again: it goes on where it stopped")
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
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// A time as people say it: "8 s", "3 min", "2 h 5 min".
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5999 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn print(context: &Context, indexed: &Indexed) -> Result<()> {
    for note in &indexed.notes {
        context.out.note(note);
    }
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
        "{} documents, {} passages in {:.2} s ({} read, {} unchanged, {} skipped)\n",
        indexed.documents,
        indexed.passages,
        indexed.seconds,
        indexed.read,
        indexed.unchanged,
        indexed.skipped.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_people_do() {
        let said = |s| span(Duration::from_secs(s));
        assert_eq!([said(8), said(99), said(100), said(7500)], ["8 s", "99 s", "2 min", "2 h 5 min"]);
    }
}
