//! How much evidence an answer from this generation needs: found by asking the generation
//! questions of its own, and kept with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::place::write_synced;
use super::{Generation, damaged};
use crate::core::Result;

/// The file's name in the generation's directory.
const FILE: &str = "calibration.json";
/// Raised when the score that the threshold is on means something else.
const VERSION: u32 = 2;
/// Passages that stand for all: those whose hashes are the lowest.
const SKETCH: usize = 256;
/// From this share of changed passages on a calibration is made anew.
pub const CHANGED: f64 = 0.05;

/// A finding about one generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Of the score.
    version: u32,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Number of passages, and hashes of some: how much has changed since.
    passages: usize,
    sketch: Vec<u64>,
}

/// A point of a risk-coverage curve (El-Yaniv and Wiener, 2010).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The threshold.
    pub threshold: f32,
    /// Share of the questions that are answered.
    pub coverage: f64,
    /// Share of the answered ones that should be refused.
    pub risk: f64,
}

/// What calibrating found. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Below this score of evidence, 0 to 1, is refused.
    pub threshold: f32,
    /// Were vectors searched?
    pub by_meaning: bool,
    /// Questions that were asked.
    pub questions: usize,
    /// Of these, those that it answers.
    pub answerable: usize,
    /// Share of the unanswerable ones that the threshold refuses.
    pub refused_unanswerable: f64,
    /// Share of the answerable ones that it refuses.
    pub refused_answerable: f64,
    /// Of the answered questions the share that should not be (risk), by the share that is
    /// answered (coverage), from the surest on.
    pub curve: Vec<Point>,
}

impl Calibration {
    /// A finding about `generation`.
    pub fn of(generation: &Generation, finding: Finding) -> Calibration {
        let (passages, sketch) = sketch(generation);
        Calibration { version: VERSION, finding, passages, sketch }
    }

    /// Does it still hold for `generation`, which may be a later one?
    pub fn fits(&self, generation: &Generation) -> bool {
        if self.version != VERSION || self.finding.by_meaning != generation.vectors.is_some() {
            return false;
        }
        let (passages, now) = sketch(generation);
        changed(&self.sketch, self.passages, &now, passages) <= CHANGED
    }

    /// Reads what is kept with a generation; `None` where nothing is.
    pub(super) fn read(dir: &Path) -> Option<Calibration> {
        let text = fs::read(dir.join(FILE)).ok()?;
        serde_json::from_slice(&text).ok().filter(|c: &Calibration| c.version == VERSION)
    }

    /// Keeps it with a generation, as the last thing that is added to it.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn keep(&self, generation: &Generation) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|e| damaged(generation.dir(), FILE).because(e))?;
        let part = generation.dir().join(format!("{FILE}.part"));
        write_synced(&part, |out| std::io::Write::write_all(out, &text))?;
        fs::rename(&part, generation.dir().join(FILE)).map_err(|e| damaged(generation.dir(), FILE).because(e))
    }
}

fn sketch(generation: &Generation) -> (usize, Vec<u64>) {
    let hashes: BTreeSet<u64> = generation
        .passages()
        .map(|p| {
            let digest = Sha256::digest(format!("{}\0{}\0{}", p.document, p.section.join("\0"), p.text));
            digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
        })
        .collect();
    (hashes.len(), hashes.into_iter().take(SKETCH).collect())
}

/// The share of passages that are not in both, estimated from the lowest hashes of the union
/// (bottom-k sketches; Broder, 1997).
fn changed(was: &[u64], count: usize, now: &[u64], count_now: usize) -> f64 {
    if was.len().min(now.len()) == 0 {
        return if count == count_now { 0.0 } else { 1.0 };
    }
    let union: BTreeSet<u64> = was.iter().chain(now).copied().collect();
    let lowest: Vec<u64> = union.into_iter().take(SKETCH).collect();
    let both = lowest.iter().filter(|h| was.contains(h) && now.contains(h)).count();
    1.0 - both as f64 / lowest.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sketch_tells_how_much_has_changed() {
        let was: Vec<u64> = (0..1000).map(|n| n * 7).take(SKETCH).collect();
        assert_eq!(changed(&was, 1000, &was, 1000), 0.0);
        let mut now = was.clone();
        now[10] += 1;
        let share = changed(&was, 1000, &now, 1000);
        assert!(share > 0.0 && share < 0.02, "{share}");
        let other: Vec<u64> = was.iter().map(|n| n + 1).collect();
        assert_eq!(changed(&was, 1000, &other, 1000), 1.0);
        assert_eq!(changed(&[], 0, &[], 0), 0.0);
    }
}
