//! The sets of questions: one index each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::gold::{Gold, Target};
use crate::operations::outcome::{Error, Kind, Result};

/// Questions over some directories.
#[derive(Debug)]
pub struct Set {
    /// Its name in the figures.
    pub name: String,
    /// What is indexed for it.
    pub dirs: Vec<PathBuf>,
    /// The questions.
    pub questions: Vec<Question>,
    /// Is it a knowledge base of `DIR/kb`? Keywords, codes and distractors are about those.
    pub is_kb: bool,
}

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As typed.
    Written,
    /// As said: codes in words.
    Spoken,
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// As it is asked.
    pub text: String,
    /// Typed or said.
    pub form: Form,
    /// What is right; `None` where nothing is.
    pub gold: Option<Gold>,
    /// Words of the gold answer.
    pub must_contain: Vec<String>,
    /// The code in it that no manual has.
    pub nonexistent_code: Option<String>,
}

/// A row of `questions.jsonl` and of the golden files; unknown keys are somebody else's.
#[derive(Deserialize)]
struct Row {
    id: String,
    question: String,
    #[serde(default)]
    form: Option<Form>,
    answerable: bool,
    #[serde(default)]
    expected_doc: Option<String>,
    #[serde(default)]
    expected_section_or_code: Option<String>,
    #[serde(default)]
    must_contain: Vec<String>,
    #[serde(default)]
    nonexistent_code: Option<String>,
}

impl Row {
    /// `base` is what `expected_doc` is relative to.
    fn question(self, base: &Path) -> Question {
        let gold = self.expected_doc.filter(|_| self.answerable).map(|doc| {
            let file = base.join(doc);
            let file = file.canonicalize().unwrap_or(file);
            Gold::Place(file, self.expected_section_or_code.as_deref().map(Target::new))
        });
        Question {
            id: self.id,
            text: self.question,
            form: self.form.unwrap_or(Form::Written),
            gold,
            must_contain: self.must_contain,
            nonexistent_code: self.nonexistent_code,
        }
    }
}

/// What `DIR/kb` holds.
#[derive(Debug, Default)]
pub struct KnowledgeBases {
    /// Those with questions.
    pub sets: Vec<Set>,
    /// The manuals of those without: they only distract.
    pub distractors: Vec<PathBuf>,
}

/// Every `DIR/kb/NAME` with a `manual/`, by name.
///
/// # Errors
/// A directory that cannot be listed, or a line that is no question (named by file and line).
pub fn knowledge_bases(from: &Path) -> Result<KnowledgeBases> {
    let mut found = KnowledgeBases::default();
    for dir in children(&from.join("kb"))? {
        let (manual, file) = (dir.join("manual"), dir.join("questions.jsonl"));
        if !manual.is_dir() {
            continue;
        }
        if !file.is_file() {
            found.distractors.push(manual);
            continue;
        }
        let rows: Vec<Row> = lines(&file)?;
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.sets.push(Set {
            name,
            dirs: vec![manual],
            questions: rows.into_iter().map(|r| r.question(&dir)).collect(),
            is_kb: true,
        });
    }
    Ok(found)
}

/// The golden questions of the repository in `root`, `None` where it is none.
///
/// # Errors
/// A line that is no question.
pub fn golden(root: &Path) -> Result<Option<Set>> {
    let (questions, manuals) = (root.join("tests/golden"), root.join("knowledge"));
    if !questions.is_dir() || !manuals.is_dir() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for file in children(&questions)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        let rows: Vec<Row> = lines(&file)?;
        all.extend(rows.into_iter().map(|r| r.question(&manuals)));
    }
    Ok(Some(Set { name: "golden".into(), dirs: vec![manuals], questions: all, is_kb: false }))
}

/// The rows of a file, one JSON object a line.
///
/// # Errors
/// A file that cannot be read, or a line that is no such row.
pub fn lines<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(file).map_err(|e| unreadable(file, e))?;
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    rows.map(|(n, line)| {
        serde_json::from_str(line).map_err(|e| {
            Error::new(Kind::Failed, format!("{} line {}: not a row of that file", file.display(), n + 1))
                .because(e)
        })
    })
    .collect()
}

/// What a directory holds, by name; nothing where it is not there.
pub(in crate::operations::eval) fn children(dir: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(dir) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            paths.sort();
            Ok(paths)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(unreadable(dir, e)),
    }
}

/// For a quick run: every third question of each form, so that pairs stay pairs.
pub fn thin(sets: &mut [Set]) {
    for set in sets {
        let mut seen: BTreeMap<(bool, bool), usize> = BTreeMap::new();
        set.questions.retain(|q| {
            let n = seen.entry((q.form == Form::Spoken, q.gold.is_some())).or_default();
            *n += 1;
            *n % 3 == 1
        });
    }
}

fn unreadable(path: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::Missing, format!("cannot read {}", path.display()))
        .because(e)
        .hint("name a directory laid out like the evaluation data by --from DIR")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::eval::scratch::{Scratch, put};

    #[test]
    fn a_kb_without_questions_only_distracts() {
        let scratch = Scratch::new().unwrap();
        let at = |name: &str| scratch.path().join("kb").join(name);
        put(&at("a/manual/m.md"), "# M").unwrap();
        put(
            &at("a/questions.jsonl"),
            "{\"id\":\"1\",\"question\":\"q\",\"form\":\"spoken\",\"answerable\":true,\"expected_doc\":\"manual/m.md\",\"expected_section_or_code\":null,\"lang\":\"en\"}\n\n",
        )
        .unwrap();
        put(&at("b/manual/n.md"), "# N").unwrap();
        put(&at("c/notes.md"), "nothing").unwrap();
        let found = knowledge_bases(scratch.path()).unwrap();
        assert_eq!(found.distractors, [at("b/manual")]);
        let [set] = found.sets.as_slice() else { panic!("{found:?}") };
        let question = &set.questions[0];
        assert_eq!((set.name.as_str(), question.form), ("a", Form::Spoken));
        assert_eq!(question.gold, Some(Gold::Place(at("a/manual/m.md").canonicalize().unwrap(), None)));
        assert!(knowledge_bases(&at("nowhere")).unwrap().sets.is_empty());
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("questions.jsonl");
        put(&file, "{\"id\":\"1\"}\n").unwrap();
        let e = lines::<Row>(&file).err().unwrap();
        assert!(e.to_string().contains("line 1"), "{e}");
    }
}
