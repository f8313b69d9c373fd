//! `millwright index --check`: what is in the index, where each fact is known from, and
//! what the planner should look at.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::{Context, Result};
use crate::core::knowledge::revision::Origin;
use crate::operations::node::protocol::{Checked, CheckedDocument, CheckedGlossary, Command, Event};

/// Columns: the heading, and the fact's name.
const FACTS: &[(&str, &str)] = &[
    ("machine", "machine"),
    ("model", "model"),
    ("serials", "serials"),
    ("lang", "language"),
    ("revision", "revision"),
    ("valid from", "valid_from"),
    ("status", "status"),
];
/// A wider cell is cut.
const WIDEST: usize = 32;

async fn ask(context: &Context, kb: Option<String>) -> Result<Checked> {
    let mut client = context.client().await?;
    let event = client.call(Command::Check { kb }, Vec::new(), async |_, _, _| Ok(())).await;
    client.finish().await;
    match event? {
        Event::Checked(checked) => Ok(checked),
        _ => Ok(Checked::default()),
    }
}

/// `index --glossary`: the terms without a translation, as the planner fills them in.
pub(super) async fn glossary(context: &Context, kb: Option<String>) -> Result<()> {
    for glossary in ask(context, kb).await?.glossaries {
        if context.out.json {
            context.out.line(&glossary)?;
            continue;
        }
        context.out.note(&format!(
            "{} terms have no translation; what you fill in goes into {}, and counts from the next `millwright index` on",
            glossary.untranslated, glossary.file
        ));
        context.out.text(&glossary.proposal)?;
    }
    Ok(())
}

pub(super) async fn run(context: &Context, kb: Option<String>) -> Result<()> {
    let checked = ask(context, kb).await?;
    if context.out.json {
        for document in &checked.documents {
            context.out.line(document)?;
        }
        return context.out.line(&serde_json::json!({
            "documents": checked.documents.len(),
            "passages": checked.documents.iter().map(|d| d.passages).sum::<usize>(),
            "skipped": checked.skipped,
            "warnings": checked.warnings,
            "glossaries": checked.glossaries.iter().map(|g| serde_json::json!({
                "kb": g.kb, "file": g.file, "untranslated": g.untranslated,
            })).collect::<Vec<_>>(),
        }));
    }
    context.out.text(&table(&checked))
}

fn table(checked: &Checked) -> String {
    let several = checked.documents.iter().any(|d| checked.documents.first().is_some_and(|f| f.kb != d.kb));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut head = vec!["document".to_owned(), "format".to_owned()];
    if several {
        head.insert(0, "kb".to_owned());
    }
    head.extend(FACTS.iter().map(|(heading, _)| (*heading).to_owned()));
    head.extend(["standing".to_owned(), "passages".to_owned()]);
    rows.push(head);
    for document in &checked.documents {
        let mut row = vec![document.document.clone(), document.format.clone()];
        if several {
            row.insert(0, document.kb.clone());
        }
        row.extend(FACTS.iter().map(|(_, name)| fact(document, name)));
        // By which one is said below the table.
        let standing = document.standing.split(" by ").next().unwrap_or_default().to_owned();
        row.extend([standing, document.passages.to_string()]);
        rows.push(row);
    }
    let mut text = aligned(&rows);
    let letters = [
        (Origin::Sidecar, "sidecar"),
        (Origin::FrontMatter, "front matter"),
        (Origin::Metadata, "metadata"),
        (Origin::TitlePage, "title page"),
        (Origin::FileName, "file name"),
        (Origin::Text, "the text itself"),
        (Origin::Unknown, "unknown"),
    ];
    let legend: Vec<String> = letters.iter().map(|(o, name)| format!("{} {name}", o.letter())).collect();
    text.push_str(&format!("\nwhere from: {}\n", legend.join(" · ")));
    let about = |d: &CheckedDocument| -> Vec<String> {
        d.warnings.iter().map(|w| format!("{}: {w}", d.document)).collect()
    };
    let mut looks: Vec<String> = checked.documents.iter().flat_map(about).collect();
    looks.extend(checked.warnings.iter().cloned());
    section(&mut text, "look at", &looks);
    let (conflicts, skipped): (Vec<_>, Vec<_>) =
        checked.skipped.iter().partition(|s| s.reason.starts_with("conflict"));
    let line = |s: &&crate::operations::node::protocol::Skipped| format!("{}: {}", s.path, s.reason);
    section(&mut text, "conflicts", &conflicts.iter().map(line).collect::<Vec<_>>());
    section(&mut text, "not in the index", &skipped.iter().map(line).collect::<Vec<_>>());
    let open = checked.glossaries.iter().filter(|g| g.untranslated > 0);
    let terms = |g: &CheckedGlossary| {
        format!(
            "{}: {} terms have no translation; `millwright index --glossary` lists them",
            g.kb, g.untranslated
        )
    };
    section(&mut text, "glossary", &open.map(terms).collect::<Vec<_>>());
    text
}

fn section(text: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{heading}\n"));
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
}

/// A fact and the letter of its origin.
fn fact(document: &CheckedDocument, name: &str) -> String {
    let origin = document.origins.get(name).cloned().unwrap_or_default();
    let origin: Origin = serde_json::from_value(serde_json::Value::String(origin)).unwrap_or(Origin::Unknown);
    match document.facts.get(name).map(String::as_str).unwrap_or_default() {
        "" => "-".to_owned(),
        value => format!("{value} {}", origin.letter()),
    }
}

/// Cells in columns, by the width that a terminal gives them.
fn aligned(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(|c| cut(c)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.width()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cut(cell: &str) -> String {
    if cell.width() <= WIDEST {
        return cell.to_owned();
    }
    // The end of a path tells more than its beginning.
    let mut room = WIDEST - 1;
    let kept = cell.chars().rev().take_while(|c| {
        let fits = room.checked_sub(c.width().unwrap_or(0));
        room = fits.unwrap_or(0);
        fits.is_some()
    });
    let tail: Vec<char> = kept.collect();
    std::iter::once('…').chain(tail.into_iter().rev()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::node::protocol::Skipped;

    #[test]
    fn the_table_says_what_is_known_and_from_where() {
        let facts = [("machine", "液压站"), ("revision", "C")];
        let origins = [("machine", "front-matter"), ("revision", "file-name")];
        let own =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let document = CheckedDocument {
            kb: "main".into(),
            document: "a/very/long/path/to/a/manual/of/the/machine.md".into(),
            format: "markdown".into(),
            facts: own(&facts),
            origins: own(&origins),
            standing: "current".into(),
            passages: 12,
            warnings: vec!["model unknown".into()],
            ..CheckedDocument::default()
        };
        let skipped = vec![
            Skipped { path: "b.md".into(), reason: "conflict: claims revision C".into() },
            Skipped { path: "c.bin".into(), reason: "binary".into() },
        ];
        let text = table(&Checked { documents: vec![document], skipped, ..Checked::default() });
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("…"), "{text}");
        assert!(
            lines[1].contains("液压站 F") && lines[1].contains("C N") && lines[1].ends_with("current   12")
        );
        assert!(text.contains("look at\n  a/very") && text.contains("conflicts\n  b.md"), "{text}");
        assert!(text.contains("not in the index\n  c.bin: binary"), "{text}");
        let place = |line: &str, word: &str| line.get(..line.find(word).unwrap()).unwrap().width();
        assert_eq!(place(lines[0], "revision"), place(lines[1], "C N"));
    }
}
