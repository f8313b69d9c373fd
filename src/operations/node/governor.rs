//! Which rung a turn may try: what was asked for, held down to what the plant decided or the
//! model has earned. The clock steps further down within the turn.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::core::answer::Rung;
use crate::operations::config::Models;
use crate::operations::models::Manifest;
use crate::operations::models::admission::{self, Admissions};
use crate::operations::outcome::Result;

/// Holds turns to what their model may do.
#[derive(Debug)]
pub struct Governor {
    data: PathBuf,
    decided: Option<Rung>,
    answerer: String,
    manifest: Manifest,
    /// The admissions, and when their file was written.
    read: Mutex<(Option<SystemTime>, Admissions)>,
}

impl Governor {
    /// For the models of a data directory.
    ///
    /// # Errors
    /// Those of [`Manifest::embedded`].
    pub fn new(data: &Path, models: &Models) -> Result<Governor> {
        Ok(Governor {
            data: data.to_owned(),
            decided: models.ceiling.decided(),
            answerer: models.answerer.clone(),
            manifest: Manifest::embedded()?,
            read: Mutex::default(),
        })
    }

    /// The rung that a turn with this model (`None`: the configured one) may try, and why it
    /// is less than `wanted`; empty where it is not.
    pub fn hold(&self, wanted: Rung, model: Option<&str>) -> (Rung, String) {
        if let Some(ceiling) = self.decided {
            let why = if wanted > ceiling {
                format!("the configuration allows {ceiling} at most")
            } else {
                String::new()
            };
            return (wanted.min(ceiling), why);
        }
        let named = model.filter(|m| !m.is_empty()).unwrap_or(&self.answerer);
        let held = self.admissions().held(&self.manifest, named);
        if wanted > held.ceiling { (held.ceiling, held.why()) } else { (wanted, String::new()) }
    }

    /// The admissions as they stand now: `eval models` may have written them meanwhile.
    fn admissions(&self) -> Admissions {
        let written = std::fs::metadata(admission::path(&self.data)).and_then(|m| m.modified()).ok();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != written {
            let fresh = Admissions::load(&self.data).unwrap_or_else(|e| {
                tracing::warn!("{e}");
                Admissions::default()
            });
            *read = (written, fresh);
        }
        read.1.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::config::{Ceiling, Config};

    fn models(ceiling: Ceiling) -> Models {
        let dir = tempfile::tempdir().unwrap();
        Models { ceiling, ..Config::resolve(dir.path(), std::iter::empty()).unwrap().models }
    }

    #[test]
    fn a_model_is_held_to_what_it_has_earned_and_the_reason_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let governor = Governor::new(dir.path(), &models(Ceiling::Earned)).unwrap();
        let (rung, why) = governor.hold(Rung::Recombined, Some("unknown.gguf"));
        assert_eq!(
            (rung, why.as_str()),
            (Rung::Constrained, "the model unknown.gguf is admitted up to constrained")
        );
        assert_eq!(governor.hold(Rung::Quoted, Some("unknown.gguf")), (Rung::Quoted, String::new()));
    }

    #[test]
    fn what_was_measured_meanwhile_counts_from_the_next_turn_on() {
        let dir = tempfile::tempdir().unwrap();
        let governor = Governor::new(dir.path(), &models(Ceiling::Earned)).unwrap();
        let sha = governor.manifest.get("smollm2-135m").unwrap().files[0].sha256;
        assert_ne!(governor.hold(Rung::Recombined, Some("smollm2-135m")).0, Rung::Quoted);
        std::fs::create_dir(dir.path().join("models")).unwrap();
        let text = format!(
            r#"{{"models":{{"{sha}":{{"model":"m","ceiling":"quoted","why":"","figures":{{}},"version":"","day":""}}}}}}"#
        );
        std::fs::write(admission::path(dir.path()), text).unwrap();
        assert_eq!(governor.hold(Rung::Recombined, Some("smollm2-135m")).0, Rung::Quoted);
        // A damaged file admits nothing that the manifest does not.
        std::fs::remove_file(admission::path(dir.path())).unwrap();
        assert_ne!(governor.hold(Rung::Recombined, Some("smollm2-135m")).0, Rung::Quoted);
    }

    #[test]
    fn the_plant_may_decide_for_itself() {
        let dir = tempfile::tempdir().unwrap();
        let free = Governor::new(dir.path(), &models(Ceiling::Recombined)).unwrap();
        assert_eq!(free.hold(Rung::Recombined, Some("unknown.gguf")), (Rung::Recombined, String::new()));
        let strict = Governor::new(dir.path(), &models(Ceiling::Quoted)).unwrap();
        let (rung, why) = strict.hold(Rung::Recombined, None);
        assert!(rung == Rung::Quoted && why.contains("quoted"), "{why}");
    }
}
