//! `millwright tui --still F.svg`: asks one question and writes the panel's frame as a
//! picture. The README's picture is made by it, from a real turn.

use std::path::Path;

use super::ask::{ask_with, options, warm};
use super::cli::How;
use super::{Context, Result};
use crate::core::snapshot::Snapshot;
use crate::exit::panel::{self, Theme, View, picture};
use crate::operations::node::protocol::{AskOptions, Command, Event};
use crate::operations::outcome::{Error, Kind};

pub(super) async fn run(
    context: &Context,
    how: &How,
    question: &str,
    size: (u16, u16),
    file: &Path,
) -> Result<()> {
    let mut client = context.client().await?;
    warm(&mut client, how, false, false).await?;
    let options = AskOptions { question: Some(question.to_owned()), ..options(how, false, false) };
    ask_with(&mut client, options, Vec::new(), None).await?;
    client.send(Command::Watch, Vec::new()).await?;
    let snapshot = loop {
        match client.event().await.map(|m| m.body.event) {
            Some(Event::Snapshot(snapshot)) => break Snapshot { notice: String::new(), ..*snapshot },
            Some(_) => {}
            None => return Err(Error::new(Kind::Failed, "the node is gone")),
        }
    };
    client.finish().await;
    let mut view = View::new(size, Theme::preferred(false), true);
    view.follow(&snapshot);
    let frame = panel::still(size.0, size.1, &snapshot, &view);
    std::fs::write(file, picture::svg(&frame))
        .map_err(|e| Error::new(Kind::Failed, format!("cannot write {}", file.display())).because(e))?;
    context.out.note(&format!("picture written to {}", file.display()));
    Ok(())
}
