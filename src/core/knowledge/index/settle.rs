//! Which of several revisions of one manual is in force, and which files contradict.

use std::collections::BTreeMap;

use super::{Entries, Report};
use crate::core::knowledge::revision::Identity;
use crate::core::knowledge::standing::{Standing, standings};
use crate::core::knowledge::walk::Skipped;

/// Decides which of several revisions of one manual is in force as of `today`. Two files
/// that claim the same revision are a conflict: the later path is left out.
pub(super) fn settle(entries: &mut Entries, today: &str, report: &mut Report) {
    let mut manuals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, entry) in entries.iter() {
        manuals.entry(entry.document.identity.manual()).or_default().push(id.clone());
    }
    for ids in manuals.values() {
        drop_conflicts(ids, entries, report);
    }
    let identities: Vec<(&str, &Identity)> =
        entries.iter().map(|(id, entry)| (id.as_str(), &entry.document.identity)).collect();
    let standings = standings(&identities, today);
    for (entry, standing) in entries.values_mut().zip(standings) {
        entry.document.standing = standing;
    }
    for ids in manuals.values() {
        report.warnings.extend(rivals(ids, entries));
    }
    for (id, entry) in entries.iter() {
        let day = &entry.document.identity.valid_from.value;
        report.warnings.extend(match &entry.document.standing {
            Standing::Current => None,
            Standing::Superseded(by) => Some(format!("{id}: superseded by {by}; kept for replay")),
            Standing::NotYet => Some(format!("{id}: in force from {day}; not searched until then")),
            Standing::Draft => Some(format!("{id}: a draft; not searched")),
            Standing::Withdrawn => Some(format!("{id}: withdrawn; not searched")),
        });
    }
}

/// Documents of one manual that are all in force, where nothing says which is newer.
fn rivals(ids: &[String], entries: &Entries) -> Option<String> {
    let in_force: Vec<(&String, &Identity)> = ids
        .iter()
        .filter_map(|id| Some((id, &entries.get(id)?.document)))
        .filter(|(_, document)| document.standing == Standing::Current)
        .map(|(id, document)| (id, &document.identity))
        .collect();
    let meet = in_force.iter().any(|(id, identity)| {
        in_force.iter().any(|(other_id, other)| id != other_id && identity.shares_machines(other))
    });
    let names: Vec<&str> = in_force.iter().map(|(id, _)| id.as_str()).collect();
    meet.then(|| {
        format!("{}: one title and no revision that says which is newer; all are searched", names.join(", "))
    })
}

fn drop_conflicts(ids: &[String], entries: &mut Entries, report: &mut Report) {
    let mut kept: Vec<&String> = Vec::new();
    for id in ids {
        let Some(entry) = entries.get(id) else { continue };
        let identity = &entry.document.identity;
        let clash = kept.iter().filter_map(|k| entries.get(*k)).find_map(|other| {
            if other.document.sha256 == entry.document.sha256 {
                return Some(format!("the same text as {}", other.document.id));
            }
            let claimed = identity.revision.is_known()
                && identity.same_revision(&other.document.identity)
                && identity.shares_machines(&other.document.identity);
            claimed.then(|| {
                format!(
                    "conflict: claims revision {} of `{}` as {} does, with different content",
                    identity.revision.value, identity.title.value, other.document.id
                )
            })
        });
        match clash {
            Some(reason) => {
                let path = entry.document.source.to_string_lossy().into_owned();
                report.skipped.push(Skipped { path, reason });
                entries.remove(id);
            }
            None => kept.push(id),
        }
    }
}
