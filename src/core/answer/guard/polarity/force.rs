//! How binding a sentence is.

use super::{Clause, Grade, Near};

/// How binding a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Must,
    Should,
    May,
}

pub(super) fn forces(clause: &Clause) -> Vec<Force> {
    let mut out = Vec::new();
    let word = |i: usize| clause.words.get(i).map_or("", |w| w.lower.as_str());
    for i in 0..clause.words.len() {
        let (before, next) = (i.checked_sub(1).map_or("", word), word(i + 1));
        let force = match word(i) {
            "must" | "shall" | "mustnt" | "always" | "never" | "debe" | "deben" | "siempre" | "nunca" => {
                Force::Must
            }
            "have" | "has" if next == "to" => Force::Must,
            "tiene" | "tienen" | "hay" if next == "que" => Force::Must,
            "必" if next == "须" => Force::Must,
            "务" if next == "必" => Force::Must,
            "should" | "shouldnt" | "recommended" | "debería" | "conviene" => Force::Should,
            "建" if next == "议" => Force::Should,
            // "may not" and "no puede" forbid.
            "may" | "might" | "optional" | "optionally" | "permitted" | "allowed" => {
                if next == "not" || before == "not" || before == "no" || before == "nobody" {
                    Force::Must
                } else {
                    Force::May
                }
            }
            "puede" | "pueden" | "podrá" => {
                if before == "no" {
                    Force::Must
                } else {
                    Force::May
                }
            }
            "可" if next == "以" => {
                if before == "不" {
                    Force::Must
                } else {
                    Force::May
                }
            }
            _ => continue,
        };
        if !out.contains(&force) {
            out.push(force);
        }
    }
    out
}

/// "must" made "may", or "may" made "must". A plain imperative agrees with "must".
pub(super) fn modality(said: &Clause, near: &[Near<'_>], grade: Grade) -> Option<String> {
    let ours = forces(said);
    let close = |least: f32| -> Vec<Force> {
        near.iter().filter(|(_, n)| *n >= least).flat_map(|(c, _)| forces(c)).collect()
    };
    let (held, wide) = (close(0.85), close(0.4));
    let wrong = ours.iter().any(|force| match (grade, force) {
        (Grade::Draft, Force::Must) => {
            !wide.contains(&Force::Must) && (held.contains(&Force::May) || held.contains(&Force::Should))
        }
        (Grade::Draft, Force::Should | Force::May) => !wide.contains(force),
        (Grade::Paraphrase, Force::Must) => {
            held.contains(&Force::May) && !wide.contains(&Force::Must) && said.marks.is_empty()
        }
        (Grade::Paraphrase, Force::May) => {
            held.contains(&Force::Must) && !wide.contains(&Force::May) && said.marks.is_empty()
        }
        (Grade::Paraphrase, Force::Should) => false,
    });
    // "must" left out weakens nothing; "may" and "should" left out make an order of it.
    wrong.then(|| "more or less binding than the passage".to_owned())
}
