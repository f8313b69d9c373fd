//! Reads what lies below the directories, on several threads, in one fixed order.
//!
//! A thread takes the next file, reads, identifies and cuts it, and puts text and passages
//! into the spool; what stays in memory of a document is a few lines. A file is looked at
//! whole or not at all: the threads look for the stop between two files.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use super::input::{Beside, bounded, digest, reader};
use super::stage::Stage;
use super::{Body, Build, Entries, Entry, Progress, Report, carried, pictures};
use crate::core::knowledge::cut::{self, Cut};
use crate::core::knowledge::generation::{Document, Generation, Input, Standing};
use crate::core::knowledge::passage::{Order, Passage};
use crate::core::knowledge::read::{self, MAX_BYTES};
use crate::core::knowledge::revision::{Fact, Identity};
use crate::core::knowledge::walk::{self, Skipped, Source};
use crate::core::{Error, Kind, Result};

/// A file that is to be read.
struct Job<'a> {
    source: &'a Source,
    /// The directory that it was listed below.
    root: &'a Path,
    id: String,
    /// Is it the only manual in its directory?
    alone: bool,
    /// What the generation before read from this path: its place there.
    before: Option<usize>,
}

/// What became of a file.
enum Outcome {
    Read(Box<Entry>),
    Unchanged,
    Failed(Error),
    /// The job was stopped before it.
    Left,
}

/// Reads all files below `roots` into `entries`, and says in `report` what did not go in.
pub(super) fn read_all(
    build: &Build,
    roots: &[PathBuf],
    before: Option<&Generation>,
    stage: &Stage,
    entries: &mut Entries,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let mut listings: Vec<_> = roots.iter().map(|root| (root, walk::list(root))).collect();
    let mut skipped: Vec<Vec<Skipped>> =
        listings.iter_mut().map(|(_, listing)| std::mem::take(&mut listing.skipped)).collect();
    let places: BTreeMap<&Path, usize> = before
        .map(|b| b.documents().iter().enumerate().map(|(place, d)| (d.source.as_path(), place)).collect())
        .unwrap_or_default();
    let mut taken: BTreeSet<String> = entries.keys().cloned().collect();
    let mut jobs: Vec<(usize, Job)> = Vec::new();
    for (which, (root, listing)) in listings.iter().enumerate() {
        let mut in_directory: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
        for source in &listing.sources {
            *in_directory.entry(source.path.parent()).or_default() += 1;
        }
        for source in &listing.sources {
            match free_id(root, &source.name, &mut taken) {
                Ok(id) => {
                    let alone = in_directory.get(&source.path.parent()) == Some(&1);
                    let root = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
                    let before = places.get(source.path.as_path()).copied();
                    jobs.push((which, Job { source, root, id, alone, before }));
                }
                Err(e) => refuse(&mut skipped, which, source, &e),
            }
        }
    }
    let mut outcomes = run(build, before, stage, &jobs, progress);
    let mut went_in = vec![0usize; listings.len()];
    let mut said = BTreeSet::new();
    for ((which, job), outcome) in jobs.iter().zip(outcomes.iter_mut()) {
        let entry = match std::mem::replace(outcome, Outcome::Left) {
            Outcome::Read(entry) => {
                report.read += 1;
                Some(*entry)
            }
            Outcome::Unchanged => {
                report.unchanged += 1;
                again(before, job)
            }
            Outcome::Left => {
                report.left += 1;
                again(before, job)
            }
            Outcome::Failed(e) => {
                refuse(&mut skipped, *which, job.source, &e);
                None
            }
        };
        if let Some(entry) = entry {
            said.extend(entry.input.warnings.iter().cloned());
            if let Some(count) = went_in.get_mut(*which) {
                *count += 1;
            }
            entries.insert(entry.document.id.clone(), entry);
        }
    }
    report.interrupted = report.left > 0;
    report.warnings.extend(said);
    for (((root, _), mut skipped), went_in) in listings.iter().zip(skipped).zip(went_in) {
        skipped.sort();
        if went_in == 0 && !report.interrupted {
            return Err(nothing_readable(root, &skipped));
        }
        report.skipped.extend(skipped);
    }
    Ok(())
}

/// What the generation before had of a file, under the id that it has now.
fn again(before: Option<&Generation>, job: &Job) -> Option<Entry> {
    carried(before?, job.before?).filter(|entry| entry.document.id == job.id)
}

fn refuse(skipped: &mut [Vec<Skipped>], which: usize, source: &Source, e: &Error) {
    if let Some(list) = skipped.get_mut(which) {
        let path = source.path.to_string_lossy().into_owned();
        list.push(Skipped { path, reason: e.to_string() });
    }
}

/// What becomes of each job, in the jobs' order.
fn run(
    build: &Build,
    before: Option<&Generation>,
    stage: &Stage,
    jobs: &[(usize, Job)],
    progress: &mut dyn FnMut(Progress),
) -> Vec<Outcome> {
    let hands = build.hands();
    let of_bytes = jobs.iter().map(|(_, job)| job.source.bytes).sum();
    let mut outcomes: Vec<Outcome> = jobs.iter().map(|_| Outcome::Left).collect();
    let next = AtomicUsize::new(0);
    let threads = hands.threads.min(jobs.len());
    // Small: a thread that is ahead waits until what it did was reported.
    let (send, receive) = sync_channel::<(usize, Outcome)>(threads.max(1) * 2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while !hands.is_stopped() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, job)) = jobs.get(at) else { break };
                    let core = hands.core();
                    let work = AssertUnwindSafe(|| one(build, before, stage, job));
                    let outcome = match catch_unwind(work) {
                        Ok(done) => done.unwrap_or_else(Outcome::Failed),
                        Err(_) => Outcome::Failed(read::unreadable(
                            "its reader failed unexpectedly",
                            "report the file to the makers of millwright",
                        )),
                    };
                    drop(core);
                    if send.send((at, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let (mut done, mut bytes) = (0, 0);
        for (at, outcome) in receive {
            let (Some((_, job)), Some(slot)) = (jobs.get(at), outcomes.get_mut(at)) else { continue };
            *slot = outcome;
            done += 1;
            bytes += job.source.bytes;
            let name = job.source.name.clone();
            progress(Progress::Reading { done, of: jobs.len(), bytes, of_bytes, name });
        }
    });
    outcomes
}

/// Reads one file, unless it is as it was.
fn one(build: &Build, before: Option<&Generation>, stage: &Stage, job: &Job) -> Result<Outcome> {
    let source = job.source;
    let bytes = bounded(&source.path, MAX_BYTES)?;
    let beside = Beside::of(&source.path, job.alone)?;
    let file = digest(&bytes);
    let reader = reader(source.reader.format());
    let known =
        before.zip(job.before).and_then(|(b, place)| Some((b.documents().get(place)?, b.input(place)?)));
    if let Some((document, input)) = known
        && document.id == job.id
        && (&input.file, &input.beside, &input.reader) == (&file, &beside.digest, &reader)
        && pictures::are_the_same(input, &source.path, job.root)
    {
        return Ok(Outcome::Unchanged);
    }
    let read = source.reader.read_with(&bytes, &source.name, build.tools)?;
    drop(bytes);
    let stem = source.path.file_stem().unwrap_or_default().to_string_lossy();
    let identity = Identity::of(&read, &beside.stated, beside.own_title || job.alone, &stem);
    if is_about_the_folder(source, &identity) {
        let what = "a README that names no machine is about the folder, not a manual";
        return Err(read::unreadable(what, "give it front matter with `machine` to index it"));
    }
    let kept = pictures::keep(&read, &source.path, job.root, &stage.figures())?;
    let Cut { passages, codes, shapes } = cut::cut(&read, &identity, build.kb, &job.id, &kept.files)?;
    if passages.is_empty() {
        return Err(read::unreadable("no text in it", "index files that hold text"));
    }
    let (text, numbers) = stage.keep(&read.text, &records(&passages)?)?;
    let mut warnings = beside.odd;
    let notes = read.notes.iter().chain(&kept.notes).cloned().chain(identity.complaint());
    warnings.extend(notes.map(|note| format!("{}: {note}", job.id)));
    warnings.extend(orders(&job.id, &passages));
    let document = Document {
        codes,
        shapes,
        id: job.id.clone(),
        source: source.path.clone(),
        format: source.reader.format().to_owned(),
        identity,
        standing: Standing::Current,
        sha256: digest(read.text.as_bytes()),
        bytes: read.text.len() as u64,
        passages: (0, 0),
    };
    let figures: BTreeSet<String> = kept.files.into_iter().flatten().collect();
    let input = Input {
        file,
        beside: beside.digest,
        reader,
        warnings,
        figures: figures.into_iter().collect(),
        pictures: kept.beside,
    };
    let body = Body::Spooled { text, passages: numbers };
    Ok(Outcome::Read(Box::new(Entry { document, input, body })))
}

/// The first sentences of a document that speak to an assistant, for the planner to look at.
fn orders(id: &str, passages: &[Passage]) -> Vec<String> {
    const SHOWN: usize = 5;
    const LONGEST: usize = 80;
    let all: Vec<(&Passage, &Order)> =
        passages.iter().flat_map(|p| p.orders.iter().flatten().map(move |o| (p, o))).collect();
    let mut lines: Vec<String> = Vec::new();
    for (passage, order) in all.iter().take(SHOWN) {
        let text = order.span.start.checked_sub(passage.span.start).and_then(|start| {
            passage.text.get(start..start + order.span.end.saturating_sub(order.span.start))
        });
        let words = text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = words.chars().take(LONGEST).collect();
        lines.push(format!("{id}: left out as an order to an assistant ({}): {shown:?}", order.why));
    }
    if all.len() > SHOWN {
        lines.push(format!("{id}: {} sentences in all are left out as orders to an assistant", all.len()));
    }
    lines
}

fn records(passages: &[Passage]) -> Result<Vec<Vec<u8>>> {
    let record = |p: &Passage| {
        serde_json::to_vec(p).map_err(|e| Error::new(Kind::Io, "a passage cannot be kept").because(e))
    };
    passages.iter().map(record).collect()
}

fn nothing_readable(root: &Path, skipped: &[Skipped]) -> Error {
    const SHOWN: usize = 5;
    let mut what = format!("nothing readable in {}", root.display());
    for Skipped { path, reason } in skipped.iter().take(SHOWN) {
        what.push_str(&format!("; {path}: {reason}"));
    }
    match skipped.len() {
        0 => what.push_str("; there are no files"),
        n if n > SHOWN => what.push_str(&format!("; and {} more", n - SHOWN)),
        _ => {}
    }
    Error::new(Kind::Unreadable, what).hint(format!("put manuals there: {}", walk::formats()))
}

/// A README at the top of an indexed directory that says of no machine that it is about it.
fn is_about_the_folder(source: &Source, identity: &Identity) -> bool {
    let stem = source.name.split('.').next().unwrap_or_default();
    let stated = [&identity.machine, &identity.model, &identity.revision].into_iter().any(Fact::is_known);
    stem.eq_ignore_ascii_case("readme") && !stated
}

/// The name below the root; where another directory has the same, with the root's name.
fn free_id(root: &Path, name: &str, taken: &mut BTreeSet<String>) -> Result<String> {
    if taken.insert(name.to_owned()) {
        return Ok(name.to_owned());
    }
    let root_name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let longer = format!("{root_name}/{name}");
    if !taken.insert(longer.clone()) {
        return Err(read::unreadable(
            format!("`{longer}` is already indexed from another directory"),
            "rename the file",
        ));
    }
    Ok(longer)
}
