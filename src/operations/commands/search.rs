//! `millwright search "words"`.

use super::cli;
use super::{Context, Result};
use crate::core::knowledge::generation::Standing;
use crate::core::knowledge::passage::Shape;
use crate::core::knowledge::search::Only;
use crate::operations::node::protocol::{Command, Event, Hit};

pub(super) async fn run(context: &Context, args: cli::Search) -> Result<()> {
    let mut client = context.client().await?;
    let command = Command::Search {
        words: args.words,
        k: args.k.clamp(1, 100),
        kb: args.kb,
        only: match args.only {
            Some(cli::Only::Words) => Only::Words,
            Some(cli::Only::Vectors) => Only::Vectors,
            Some(cli::Only::Fused) => Only::Fused,
            None => Only::Reranked,
        },
        superseded: args.superseded,
    };
    let event = client.call(command, Vec::new(), async |_, _, _| Ok(())).await?;
    client.finish().await;
    let Event::Hits { hits } = event else { return Ok(()) };
    if !context.out.json && hits.is_empty() {
        context.out.note("nothing found");
    }
    for hit in hits {
        if context.out.json {
            context.out.line(&hit)?;
            continue;
        }
        let named = hit.page_label.clone().or(hit.page.map(|p| p.to_string()));
        let page = named.map_or_else(String::new, |p| format!(", page {p}"));
        let standing = match &hit.standing {
            Standing::Current => String::new(),
            Standing::Superseded(by) => format!(" (superseded by {by})"),
            Standing::NotYet => " (not yet in force)".into(),
            Standing::Draft => " (a draft)".into(),
            Standing::Withdrawn => " (withdrawn)".into(),
        };
        let revision = if hit.revision.is_empty() { "unknown" } else { hit.revision.as_str() };
        let ocr = if hit.ocr { ", read by OCR" } else { "" };
        let head =
            format!("{}. {} rev {}{standing} — {}{page}{ocr}", hit.rank, hit.document, revision, hit.section);
        context.out.text(&format!(
            "{}  {}\n{}\n\n",
            context.out.paint("1", &head),
            context.out.paint("2", &format!("{:.2}", hit.score)),
            said(&hit)
        ))?;
    }
    Ok(())
}

/// A record by its named values, for a row's own text may be full of marks; else the text.
fn said(hit: &Hit) -> String {
    let filled = hit.fields.iter().filter(|f| !f.value.is_empty());
    let lines: Vec<String> = filled
        .map(|f| if f.name.is_empty() { f.value.clone() } else { format!("{}: {}", f.name, f.value) })
        .collect();
    // The fields of running text are only its labelled lines.
    if hit.shape == Shape::Row && !lines.is_empty() { lines.join("\n") } else { hit.text.trim().to_owned() }
}
