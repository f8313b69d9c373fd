//! Which of several revisions of one manual is in force, and which files contradict.

use std::collections::BTreeMap;

use super::generation::Standing;
use super::index::{Entries, Report};
use super::revision::{Identity, Status};
use super::walk::Skipped;

/// Decides which of several revisions of one manual is in force. Two files that claim the
/// same revision are a conflict: the later path is left out.
pub(super) fn settle(entries: &mut Entries, report: &mut Report) {
    let mut manuals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, entry) in entries.iter() {
        manuals.entry(entry.document.identity.manual()).or_default().push(id.clone());
    }
    for ids in manuals.values() {
        drop_conflicts(ids, entries, report);
        let kept: Vec<(&String, &Identity)> =
            ids.iter().filter_map(|id| Some((id, &entries.get(id)?.document.identity))).collect();
        let released = || kept.iter().filter(|(_, identity)| identity.status() == Status::Released);
        let mut standings = Vec::new();
        for (id, identity) in &kept {
            let newer = released()
                .filter(|(_, other)| identity.is_comparable(other) && other.compare(identity).is_gt())
                .max_by(|(_, a), (_, b)| a.compare(b));
            let standing = match (identity.status(), newer) {
                (Status::Draft, _) => Standing::Draft,
                (Status::Withdrawn, _) => Standing::Withdrawn,
                (Status::Released, Some((newer, _))) => Standing::Superseded((*newer).clone()),
                (Status::Released, None) => Standing::Current,
            };
            standings.push(((*id).clone(), standing));
        }
        let in_force: Vec<&str> =
            standings.iter().filter(|(_, s)| *s == Standing::Current).map(|(id, _)| id.as_str()).collect();
        if in_force.len() > 1 {
            report.warnings.push(format!(
                "{}: one title and no revision that says which is newer; all are searched",
                in_force.join(", ")
            ));
        }
        for (id, standing) in standings {
            match &standing {
                Standing::Current => {}
                Standing::Superseded(by) => {
                    report.warnings.push(format!("{id}: superseded by {by}; kept for replay"))
                }
                Standing::Draft => report.warnings.push(format!("{id}: a draft; not searched")),
                Standing::Withdrawn => report.warnings.push(format!("{id}: withdrawn; not searched")),
            }
            if let Some(entry) = entries.get_mut(&id) {
                entry.document.standing = standing;
            }
        }
    }
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
            let claimed = identity.revision.is_known() && identity.same_revision(&other.document.identity);
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
