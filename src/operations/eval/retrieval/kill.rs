//! Killed at any instant: the index opens, and it is the old one or the new one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::shelf::{self, Bench};
use super::synth;
use crate::core::knowledge::search::Query;
use crate::operations::eval::report::Figures;
use crate::operations::eval::scratch::{Scratch, put};
use crate::operations::outcome::{Error, Kind, Result};

const DOCUMENTS: usize = 12;

/// Starts `program index` over changed manuals and kills it, `kills` times, each at another
/// instant between its start and its usual end; after each, opens the index and looks at it.
///
/// # Errors
/// Where even the undisturbed indexing fails.
pub fn measure(
    bench: &Bench,
    program: &Path,
    kills: usize,
    seed: u64,
    tick: &mut dyn FnMut(),
) -> Result<Figures> {
    let scratch = Scratch::new()?;
    let (manuals, data) = (scratch.path().join("manuals"), scratch.path().join("data"));
    write(&manuals, 0)?;
    start(program, &manuals, &data)?.wait().map_err(failed)?;
    // The second run is the usual one: an index is there already.
    write(&manuals, 1)?;
    let began = Instant::now();
    let done = start(program, &manuals, &data)?.wait().map_err(failed)?;
    let usual = began.elapsed();
    if !done.success() || state(bench, &data) != Some(1) {
        return Err(
            Error::new(Kind::Failed, "indexing failed without being disturbed").because(done.to_string())
        );
    }
    let mut dice = Dice::new(seed);
    let (mut current, mut broken, mut running, mut kept) = (1, 0, 0, 0);
    for marker in 2..kills + 2 {
        write(&manuals, marker)?;
        let mut child = start(program, &manuals, &data)?;
        std::thread::sleep(instant(&mut dice, usual));
        let alive = child.try_wait().map_err(failed)?.is_none();
        // Where it has just ended there is nothing left to kill.
        let _ = child.kill();
        child.wait().map_err(failed)?;
        running += usize::from(alive);
        match state(bench, &data) {
            Some(found) if found == marker => current = marker,
            Some(found) if found == current => kept += 1,
            _ => broken += 1,
        }
        tick();
    }
    Ok(Figures::from([
        ("retrieval.kills".to_owned(), kills as f64),
        ("retrieval.kills_while_indexing".to_owned(), running as f64),
        ("retrieval.kills_old_kept".to_owned(), kept as f64),
        ("retrieval.kills_broken".to_owned(), broken as f64),
    ]))
}

/// Any instant up to a little past the usual end.
fn instant(dice: &mut Dice, usual: Duration) -> Duration {
    usual.mul_f64(dice.below(1050) as f64 / 1000.0)
}

/// Every document says which writing of the manuals it is from.
fn write(manuals: &Path, marker: usize) -> Result<()> {
    for n in 0..DOCUMENTS {
        let text = format!("{}\n## Marker\n\nThis is writing W{marker}X of it.\n", synth::document(n));
        put(&name(manuals, n), &text)?;
    }
    Ok(())
}

fn name(manuals: &Path, n: usize) -> PathBuf {
    manuals.join(format!("manual-{n}.md"))
}

fn start(program: &Path, manuals: &Path, data: &Path) -> Result<Child> {
    Command::new(program)
        .arg("--data")
        .arg(data)
        .arg("index")
        .arg(manuals)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)
}

/// The marker that the whole index is of; `None` where it does not open, is of several
/// writings, lacks a document, or a passage is not where its document has it.
fn state(bench: &Bench, data: &Path) -> Option<usize> {
    let store = shelf::open(data).ok()?;
    let [generation] = store.generations.as_slice() else { return None };
    let mut found = None;
    for document in generation.documents() {
        let text = generation.stored_text(&document.id).ok()?;
        let marker = text.rsplit_once("writing W")?.1.split('X').next()?.parse().ok()?;
        if found.is_some_and(|other| other != marker) {
            return None;
        }
        found = Some(marker);
        let (first, last) = document.passages;
        if first == last {
            return None;
        }
        for id in first..last {
            let passage = generation.passage(id)?;
            if passage.span.of(&text) != Some(passage.text.as_str()) {
                return None;
            }
        }
    }
    generation.verify().ok()?;
    let asked = Query { text: "which writing is it".into(), k: 5, ..Query::default() };
    let hits = bench.find(&store, &asked).ok()?.hits;
    let whole = generation.documents().len() == DOCUMENTS && !hits.is_empty();
    found.filter(|_| whole)
}

fn failed(e: std::io::Error) -> Error {
    Error::new(Kind::Failed, "cannot run the process that is to be killed").because(e)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_or_missing_index_is_broken() {
        let scratch = Scratch::new().unwrap();
        let (manuals, data) = (scratch.path().join("m"), scratch.path().join("d"));
        let bench = &Bench::bare(scratch.path());
        assert_eq!(state(bench, &data), None);
        write(&manuals, 3).unwrap();
        bench.build(std::slice::from_ref(&manuals), &data, false).unwrap();
        assert_eq!(state(bench, &data), Some(3));
        let other = format!("{}\nThis is writing W4X of it.\n", synth::document(0));
        put(&name(&manuals, 0), &other).unwrap();
        bench.build(&[manuals], &data, false).unwrap();
        assert_eq!(state(bench, &data), None, "two writings in one index");
    }
}
