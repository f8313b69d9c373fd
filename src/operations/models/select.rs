//! Which models the words on a command line mean.

use super::manifest::{Manifest, Model, Role};
use crate::operations::outcome::{Error, Kind, Result};
use std::collections::HashSet;

impl Manifest {
    /// The model with that id.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the nearest ids.
    pub fn get(&self, id: &str) -> Result<&Model> {
        self.models.iter().find(|m| m.id == id).ok_or_else(|| self.unknown(id))
    }

    /// The models that ids and roles on a command line mean, in the manifest's order and
    /// each once. Nothing named means the defaults. A role means its defaults, or all of
    /// its models where none is a default.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the nearest ids for a word that is neither.
    pub fn select(&self, wanted: &[String]) -> Result<Vec<&Model>> {
        let mut ids: HashSet<&str> = HashSet::new();
        if wanted.is_empty() {
            ids.extend(self.models.iter().filter(|m| m.default).map(|m| m.id.as_str()));
        }
        for word in wanted {
            match Role::ALL.into_iter().find(|r| r.as_str() == word) {
                Some(role) => {
                    let of_role = || self.models.iter().filter(move |m| m.role == role);
                    let any_default = of_role().any(|m| m.default);
                    ids.extend(of_role().filter(|m| m.default || !any_default).map(|m| m.id.as_str()));
                }
                None => {
                    ids.insert(self.get(word)?.id.as_str());
                }
            }
        }
        Ok(self.models.iter().filter(|m| ids.contains(m.id.as_str())).collect())
    }

    fn unknown(&self, id: &str) -> Error {
        let mut near: Vec<(usize, &str)> = self
            .models
            .iter()
            .map(|m| m.id.as_str())
            .chain(Role::ALL.iter().map(|r| r.as_str()))
            .map(|known| (distance(&id.to_ascii_lowercase(), known), known))
            .collect();
        near.sort_unstable();
        let nearest = near.first().map_or(0, |(d, _)| *d);
        let near: Vec<&str> =
            near.into_iter().take_while(|(d, _)| *d <= nearest + 1).take(3).map(|(_, known)| known).collect();
        Error::new(Kind::Usage, format!("there is no model {id:?}"))
            .hint(format!("did you mean {}? `millwright models list` shows all", near.join(", ")))
    }
}

/// How unlike two names are: edits between them, a shared beginning or a name within the
/// other counting as near.
fn distance(a: &str, b: &str) -> usize {
    if a.is_empty() || b.contains(a) || a.contains(b) {
        return 0;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(ca != *cb)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_role_means_its_default_or_all_where_none_is() {
        let manifest = Manifest::embedded().unwrap();
        let ids = |words: &[&str]| -> Vec<String> {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            manifest.select(&words).unwrap().iter().map(|m| m.id.clone()).collect()
        };
        assert_eq!(ids(&["answerer"]), ["qwen2.5-coder-0.5b"]);
        assert_eq!(ids(&["embedder", "minilm-l6-v2"]), ["minilm-l6-v2"]);
    }

    #[test]
    fn an_unknown_id_is_wrong_usage_and_names_the_nearest() {
        let manifest = Manifest::embedded().unwrap();
        for (typed, meant) in [
            ("whisper-tiny", "whisper-tiny.en"),
            ("qwen2.5-coder-0.5", "qwen2.5-coder-0.5b"),
            ("smolm2-135m", "smollm2-135m"),
        ] {
            let fault = manifest.get(typed).unwrap_err();
            assert_eq!(fault.kind, Kind::Usage);
            assert!(fault.hint.contains(&format!("did you mean {meant}")), "{typed}: {}", fault.hint);
        }
    }
}
