//! `millwright index DIR… --watch`: indexes, and again whenever the directories have
//! changed. One line for each generation; Ctrl-C ends it.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{PollWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::quiet::Quiet;
use super::{Context, Result, build, print};
use crate::operations::node::protocol::{Command, Indexed};
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

/// How often a directory is looked through that does not tell of its changes.
const POLL: Duration = Duration::from_secs(5);

pub(super) async fn run(context: &Context, dirs: &[PathBuf], command: Command) -> Result<()> {
    let began = Instant::now();
    let changed = Arc::new(Notify::new());
    // Before the first build: what changes while it reads is not missed.
    let _watchers = watch(context, dirs, &changed)?;
    let mut client = context.client().await?;
    let mut quiet = Quiet::new(Duration::from_millis(context.config.index.watch_quiet_ms.max(50)));
    let mut last: Option<Indexed> = None;
    loop {
        match build(&mut client, command.clone()).await {
            Ok(done) => {
                let is_news = last.as_ref().is_none_or(|last| last.generation != done.generation);
                if is_news {
                    print(context, &done)?;
                }
                let stopped = done.interrupted;
                last = Some(done);
                if stopped {
                    break;
                }
            }
            // Nothing to begin with is an error; a directory that is emptied for a moment
            // is not: the index stays as it is.
            Err(e) if last.is_none() => {
                client.finish().await;
                return Err(e);
            }
            Err(e) => context.out.note(&format!("{e}; watching on")),
        }
        if !next(&mut quiet, &changed, began).await {
            break;
        }
    }
    client.finish().await;
    Ok(())
}

/// Waits until it is time to index again; false where it is time to end.
async fn next(quiet: &mut Quiet, changed: &Notify, began: Instant) -> bool {
    loop {
        if quiet.take(began.elapsed()) {
            return true;
        }
        let due = async {
            match quiet.due() {
                Some(due) => tokio::time::sleep(due.saturating_sub(began.elapsed())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = changed.notified() => quiet.note(began.elapsed()),
            _ = tokio::signal::ctrl_c() => return false,
            () = platform::termination() => return false,
        }
    }
}

/// Watches the directories; those that do not tell of changes (network shares) are looked
/// through now and then.
fn watch(context: &Context, dirs: &[PathBuf], changed: &Arc<Notify>) -> Result<Vec<Box<dyn Watcher>>> {
    let data = context.data.canonicalize().unwrap_or_else(|_| context.data.clone());
    let mut watchers: Vec<Box<dyn Watcher>> = Vec::new();
    for dir in dirs {
        let handler = || {
            let (changed, dir, data) = (changed.clone(), dir.clone(), data.clone());
            move |event: notify::Result<notify::Event>| {
                // An error (events were lost) is a reason to look.
                if event.map_or(true, |e| matters(&e, &dir, &data)) {
                    changed.notify_one();
                }
            }
        };
        if !platform::is_network_share(dir) {
            let told = notify::recommended_watcher(handler())
                .and_then(|mut watcher| watcher.watch(dir, RecursiveMode::Recursive).map(|()| watcher));
            match told {
                Ok(watcher) => {
                    watchers.push(Box::new(watcher));
                    continue;
                }
                Err(e) => tracing::warn!("{}: {e}; looking every {POLL:?} instead", dir.display()),
            }
        }
        let config = notify::Config::default().with_poll_interval(POLL);
        let watcher = PollWatcher::new(handler(), config)
            .and_then(|mut watcher| watcher.watch(dir, RecursiveMode::Recursive).map(|()| watcher));
        let watcher = watcher.map_err(|e| {
            Error::new(Kind::Failed, format!("cannot watch {}", dir.display()))
                .because(e)
                .hint("index it without --watch")
        })?;
        watchers.push(Box::new(watcher));
    }
    Ok(watchers)
}

/// Does an event tell of a change that the index would see? Reading is none, nor what
/// happens in the data directory or in a hidden one.
fn matters(event: &notify::Event, dir: &Path, data: &Path) -> bool {
    let changes = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let hidden = |path: &Path| {
        let below = path.strip_prefix(dir).unwrap_or(path);
        below.components().any(|c| matches!(c, Component::Normal(n) if n.to_string_lossy().starts_with('.')))
    };
    let is_ours = |path: &PathBuf| path.starts_with(data) || hidden(path);
    changes && (event.paths.is_empty() || !event.paths.iter().all(is_ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, ModifyKind};

    #[test]
    fn reading_and_our_own_files_are_no_change() {
        let event = |kind, path: &str| notify::Event::new(kind).add_path(path.into());
        let told = |e: &notify::Event| matters(e, Path::new("/m"), Path::new("/m/data"));
        let read = EventKind::Access(AccessKind::Open(AccessMode::Read));
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(!told(&event(read, "/m/a.md")));
        assert!(told(&event(written, "/m/a.md")));
        assert!(told(&event(EventKind::Modify(ModifyKind::Any), "/m/b/a.md")));
        assert!(!told(&event(EventKind::Create(CreateKind::File), "/m/data/kb/x")));
        assert!(!told(&event(EventKind::Create(CreateKind::File), "/m/.git/index")));
        assert!(told(&notify::Event::new(EventKind::Other)), "something was lost: look");
    }
}
