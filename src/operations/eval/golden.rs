//! The golden suite: questions over the sample manuals (or a plant's own), asked as they
//! are typed and, where a recording exists, as they are heard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::score::{holds, percentile, share};
use crate::core::answer::{AnswerKind, Rung};
use crate::operations::node::protocol::TurnReport;
use crate::operations::outcome::{Error, Kind, Result};

/// A row of a golden file; unknown keys are somebody else's.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// Its id; where none is given, its file and line.
    #[serde(default)]
    pub id: String,
    /// As written.
    pub question: String,
    /// Do the manuals answer it?
    pub answerable: bool,
    /// The document that answers it, as a path below the indexed directory.
    #[serde(default)]
    pub expected_doc: Option<String>,
    /// What a right answer holds.
    #[serde(default)]
    pub must_contain: Vec<String>,
    /// What a right answer must not hold (a neighbour's value, an old revision's).
    #[serde(default)]
    pub must_not: Vec<String>,
    /// A recording of it, relative to the file.
    #[serde(default)]
    pub audio: Option<PathBuf>,
}

/// One item as it is asked: a question by one of its ways in.
#[derive(Debug, Clone)]
pub struct Item {
    /// The row.
    pub row: Question,
    /// The recording, where this item is the spoken one.
    pub audio: Option<PathBuf>,
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Answerable and answered with all that must be in it; or unanswerable and refused.
    Right,
    /// Answered, nothing wrong in it, but something is missing.
    Partial,
    /// Answered with something that must not be in it, or an unanswerable one answered.
    Wrong,
    /// An answerable one refused.
    Refused,
    /// Asked back.
    Clarified,
}

/// The line of one item.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The question's id, with `/audio` for the spoken way in.
    pub id: String,
    /// How it ended.
    pub mark: Mark,
    /// How it was answered.
    pub rung: Rung,
    /// What was heard.
    pub heard: Option<String>,
    /// What was answered.
    pub text: String,
    /// What is missing from it.
    pub missing: Vec<String>,
    /// What should not be in it.
    pub forbidden: Vec<String>,
    /// To the first cited content.
    pub first_content_ms: Option<f64>,
    /// Work of the whole turn.
    pub total_ms: f64,
}

/// Reads every `*.jsonl` of a directory, in the order of their names.
///
/// # Errors
/// No such directory, no rows, or a line that is no row (named by file and line).
pub fn load(dir: &Path) -> Result<Vec<Item>> {
    let cannot = |e: std::io::Error| {
        Error::new(Kind::Missing, format!("cannot read the questions in {}", dir.display()))
            .because(e)
            .hint("name a directory with *.jsonl files by --from DIR")
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(cannot)?
        .filter_map(|f| Some(f.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    let mut items = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(cannot)?;
        // Spreadsheets like to put a byte-order mark in front.
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        for (n, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
            let place = format!("{} line {}", file.display(), n + 1);
            let mut row: Question = serde_json::from_str(line).map_err(|e| {
                Error::new(Kind::Failed, format!("{place}: no golden row")).because(e).hint(
                    "a row is one JSON object: {\"question\": \"…\", \"answerable\": true, \"must_contain\": [\"…\"]}",
                )
            })?;
            if row.question.trim().is_empty() {
                return Err(Error::new(Kind::Failed, format!("{place}: the question is empty")));
            }
            if row.id.is_empty() {
                let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
                row.id = format!("{stem}:{}", n + 1);
            }
            let audio = row.audio.as_ref().map(|a| dir.join(a));
            items.push(Item { row: row.clone(), audio: None });
            if audio.is_some() {
                items.push(Item { row, audio });
            }
        }
    }
    if items.is_empty() {
        return Err(Error::new(Kind::Missing, format!("there are no questions in {}", dir.display()))
            .hint("name a directory with *.jsonl files by --from DIR"));
    }
    Ok(items)
}

/// Marks one answer.
pub fn mark(item: &Item, report: &TurnReport) -> Row {
    // Warnings may rightly hold other values; they are judged by their own suite.
    let answer: String = report.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ");
    // What a governing warning says has been said.
    let missing: Vec<String> =
        item.row.must_contain.iter().filter(|w| !holds(&report.text, w)).cloned().collect();
    let forbidden: Vec<String> = item.row.must_not.iter().filter(|w| holds(&answer, w)).cloned().collect();
    let mark = match (report.kind, item.row.answerable) {
        (AnswerKind::Clarify, _) => Mark::Clarified,
        (AnswerKind::Refusal, false) => Mark::Right,
        (AnswerKind::Refusal, true) => Mark::Refused,
        (_, false) => Mark::Wrong,
        (_, true) if !forbidden.is_empty() => Mark::Wrong,
        (_, true) if !missing.is_empty() => Mark::Partial,
        (_, true) => Mark::Right,
    };
    Row {
        id: if item.audio.is_some() { format!("{}/audio", item.row.id) } else { item.row.id.clone() },
        mark,
        rung: report.rung,
        heard: report.heard.clone(),
        text: report.text.clone(),
        missing,
        forbidden,
        first_content_ms: report.first_content_ms,
        total_ms: report.total_ms,
    }
}

/// The suite's figures, from its rows. Shares are from 0 to 1.
pub fn figures(items: &[Item], rows: &[Row], reports: &[TurnReport]) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    let mut put = |name: &str, value: f64| {
        figures.insert(format!("golden.{name}"), value);
    };
    let count = |way: Way, answerable: bool, mark: Option<Mark>| {
        items
            .iter()
            .zip(rows)
            .filter(|(i, _)| way.takes(i) && i.row.answerable == answerable)
            .filter(|(_, r)| mark.is_none_or(|m| r.mark == m))
            .count()
    };
    for way in [Way::Typed, Way::Spoken] {
        let (answerable, unanswerable) = (count(way, true, None), count(way, false, None));
        let name = way.name();
        put(&format!("{name}_answerable"), answerable as f64);
        put(&format!("{name}_right_share"), share(count(way, true, Some(Mark::Right)), answerable));
        put(&format!("{name}_wrong_share"), share(count(way, true, Some(Mark::Wrong)), answerable));
        put(
            &format!("{name}_answerable_refused_share"),
            share(count(way, true, Some(Mark::Refused)), answerable),
        );
        put(&format!("{name}_asked_back_share"), share(count(way, true, Some(Mark::Clarified)), answerable));
        put(&format!("{name}_unanswerable"), unanswerable as f64);
        put(
            &format!("{name}_unanswerable_refused_share"),
            share(count(way, false, Some(Mark::Right)), unanswerable),
        );
    }
    let unsupported: usize = reports.iter().map(|r| r.verdict.unsupported.len()).sum();
    put("unsupported_numbers", unsupported as f64);
    for (rung, name) in
        [(Rung::Recombined, "recombined"), (Rung::Constrained, "constrained"), (Rung::Quoted, "quoted")]
    {
        let answered = rows.iter().filter(|r| r.rung != Rung::Refused).count();
        let here = rows.iter().filter(|r| r.rung == rung).count();
        put(&format!("rung_{name}_share"), share(here, answered));
    }
    let first: Vec<f64> = rows.iter().filter_map(|r| r.first_content_ms).collect();
    for p in [50.0, 95.0] {
        if let Some(ms) = percentile(&first, p) {
            put(&format!("first_content_ms_p{p}"), ms);
        }
    }
    figures
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Typed,
    Spoken,
}

impl Way {
    fn takes(self, item: &Item) -> bool {
        item.audio.is_some() == (self == Way::Spoken)
    }
    fn name(self) -> &'static str {
        match self {
            Way::Typed => "typed",
            Way::Spoken => "spoken",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<Vec<Item>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("plant.jsonl"), text).unwrap();
        std::fs::write(dir.path().join("notes.txt"), "no questions").unwrap();
        load(dir.path())
    }

    #[test]
    fn a_plants_own_rows_need_a_question_and_whether_it_is_answerable() {
        let items = loaded(
            "\u{feff}{\"question\":\"What is E1?\",\"answerable\":true}\r\n\n{\"question\":\"And E2?\",\"answerable\":false,\"id\":\"q2\",\"mine\":7}\n",
        )
        .unwrap();
        let ids: Vec<&str> = items.iter().map(|i| i.row.id.as_str()).collect();
        assert_eq!(ids, ["plant:1", "q2"]);
        assert!(items[0].row.answerable && items[0].row.must_contain.is_empty());
    }

    #[test]
    fn a_row_that_is_none_is_named_by_file_and_line() {
        let good = "{\"question\":\"q\",\"answerable\":true}\n";
        for bad in [
            "{\"question\":\"q\"}",
            "{\"answerable\":true}",
            "question,answerable",
            "{\"question\":\" \",\"answerable\":true}",
            "{\"question\":\"q\",\"answerable\":\"yes\"}",
        ] {
            let error = loaded(&format!("{good}\n{bad}\n")).unwrap_err();
            assert!(error.what.contains("plant.jsonl line 3"), "{error}");
        }
        assert_eq!(loaded("\n").unwrap_err().kind, Kind::Missing);
        assert_eq!(load(Path::new("/nowhere/at/all")).unwrap_err().kind, Kind::Missing);
    }
}
