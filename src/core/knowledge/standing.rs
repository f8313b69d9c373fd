//! Which of several revisions of one manual is in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::revision::{Identity, Status};

/// Is a document searched by default, and if not, why?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// In force.
    Current,
    /// A newer revision exists: its document id.
    Superseded(String),
    /// Released, but in force only from a later day.
    NotYet,
    /// A draft: not released.
    Draft,
    /// No longer in force.
    Withdrawn,
}

/// Where each of `documents` (id, identity) stands as of `today` (`YYYY-MM-DD`; `""` where
/// the day is unknown, which takes every release as in force).
///
/// A released document is superseded by the newest released one of the same manual that is
/// in force and speaks for all machines that it speaks for.
pub fn standings(documents: &[(&str, &Identity)], today: &str) -> Vec<Standing> {
    let mut manuals: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, (_, identity)) in documents.iter().enumerate() {
        manuals.entry(identity.manual()).or_default().push(place);
    }
    let mut standings = vec![Standing::Current; documents.len()];
    for places in manuals.values() {
        let of = |place: &usize| documents.get(*place).copied();
        let in_force: Vec<(&str, &Identity)> = places
            .iter()
            .filter_map(of)
            .filter(|(_, i)| i.status() == Status::Released && i.is_valid(today))
            .collect();
        for place in places {
            let (Some((_, identity)), Some(standing)) = (of(place), standings.get_mut(*place)) else {
                continue;
            };
            let newer = in_force
                .iter()
                .filter(|(_, other)| other.supersedes(identity))
                .max_by(|(_, a), (_, b)| a.compare(b));
            *standing = match (identity.status(), newer) {
                (Status::Draft, _) => Standing::Draft,
                (Status::Withdrawn, _) => Standing::Withdrawn,
                (Status::Released, _) if !identity.is_valid(today) => Standing::NotYet,
                (Status::Released, Some((newer, _))) => Standing::Superseded((*newer).to_owned()),
                (Status::Released, None) => Standing::Current,
            };
        }
    }
    standings
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::Document;
    use crate::core::knowledge::revision::Stated;

    fn identity(facts: &[(&str, &str)]) -> Identity {
        let mut stated: Stated = facts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        stated.entry("title".into()).or_insert("Manual".into());
        Identity::of(&Document::default(), &stated, true, "m")
    }

    fn stands(documents: &[&[(&str, &str)]], today: &str) -> Vec<Standing> {
        let identities: Vec<Identity> = documents.iter().map(|d| identity(d)).collect();
        let names = ["a", "b", "c"];
        let named: Vec<(&str, &Identity)> = names.into_iter().zip(&identities).collect();
        standings(&named, today)
    }

    #[test]
    fn the_newest_release_that_is_in_force_stands() {
        let all: &[&[(&str, &str)]] =
            &[&[("revision", "A")], &[("revision", "B")], &[("revision", "C"), ("status", "draft")]];
        assert_eq!(stands(all, ""), [Standing::Superseded("b".into()), Standing::Current, Standing::Draft]);
    }

    #[test]
    fn a_revision_is_not_in_force_before_its_day() {
        let all: &[&[(&str, &str)]] = &[
            &[("revision", "A"), ("valid_from", "2026-01-01")],
            &[("revision", "B"), ("valid_from", "2026-07-01")],
        ];
        assert_eq!(stands(all, "2026-06-30"), [Standing::Current, Standing::NotYet]);
        assert_eq!(stands(all, "2026-07-01"), [Standing::Superseded("b".into()), Standing::Current]);
        assert_eq!(stands(all, ""), [Standing::Superseded("b".into()), Standing::Current]);
    }

    #[test]
    fn a_revision_for_newer_machines_leaves_the_older_ones_theirs() {
        let old: &[(&str, &str)] = &[("revision", "A"), ("serials", "1000-1999")];
        let newer: &[(&str, &str)] = &[("revision", "B"), ("serials", "2000-2999")];
        assert_eq!(stands(&[old, newer], ""), [Standing::Current, Standing::Current]);
        let wider: &[(&str, &str)] = &[("revision", "B"), ("serials", "1000 - 2999")];
        assert_eq!(stands(&[old, wider], ""), [Standing::Superseded("b".into()), Standing::Current]);
        let all: &[(&str, &str)] = &[("revision", "B")];
        assert_eq!(stands(&[old, all], ""), [Standing::Superseded("b".into()), Standing::Current]);
        assert_eq!(
            stands(&[all, &[("revision", "C"), ("serials", "7")]], ""),
            [Standing::Current, Standing::Current]
        );
    }
}
