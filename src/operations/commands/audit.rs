//! `millwright audit verify|export`.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use serde::Serialize;

use super::cli::{self, AuditFormat};
use super::{Context, Result};
use crate::operations::audit::export::{self, Format};
use crate::operations::audit::{day, verify};
use crate::operations::outcome::{Error, Kind};

pub(super) fn run(context: &Context, action: cli::Audit) -> Result<()> {
    match action {
        cli::Audit::Verify { head } => verify(context, head.as_deref()),
        cli::Audit::Export(args) => export(context, &args),
    }
}

fn verify(context: &Context, head: Option<&str>) -> Result<()> {
    let head = head.map(|h| h.trim().to_lowercase());
    let verdict = verify::verify(&context.data, head.as_deref())?;
    if context.out.json {
        context.out.line(&verdict)?;
    } else if verdict.whole {
        let from = match verdict.first_seq {
            0 | 1 => String::new(),
            n => format!(" from {n} on (those before are past their keeping)"),
        };
        context.out.text(&format!(
            "whole: {} records{from}, none changed, none missing\nhead: record {} {}\n",
            verdict.records, verdict.head.seq, verdict.head.hash
        ))?;
    }
    let Some(broken) = verdict.broken else { return Ok(()) };
    let place = match (broken.seq, broken.turn.as_str()) {
        (0, "") => "the audit log".to_owned(),
        (0, turn) => format!("turn {turn}"),
        (seq, "") => format!("record {seq}"),
        (seq, turn) => format!("record {seq} (turn {turn})"),
    };
    Err(Error::new(Kind::Failed, format!("the audit log is not as it was written: {place}: {}", broken.what))
        .hint("keep a copy of audit.sqlite and audit.head as they are; a backup may still be whole"))
}

/// The last line of an export to a file.
#[derive(Serialize)]
struct Line<'f> {
    rows: usize,
    file: &'f Path,
}

fn export(context: &Context, args: &cli::AuditExport) -> Result<()> {
    let (from, to) = day::range(args.from.as_deref(), args.to.as_deref())?;
    let format = match args.format {
        _ if args.golden => Format::Golden,
        AuditFormat::Jsonl => Format::Jsonl,
        AuditFormat::Csv => Format::Csv,
    };
    if args.file.as_os_str() == "-" {
        let mut text = Vec::new();
        export::export(&context.data, from, to, format, &mut text)?;
        return context.out.text(&String::from_utf8_lossy(&text));
    }
    // Aside, then renamed: a full disk leaves no half export under its name.
    let mut aside = args.file.clone().into_os_string();
    aside.push(".part");
    let cannot = |e| Error::new(Kind::Failed, format!("cannot write {}", args.file.display())).because(e);
    let written = File::create(&aside).map_err(cannot).and_then(|file| {
        let mut out = BufWriter::new(file);
        let rows = export::export(&context.data, from, to, format, &mut out)?;
        out.into_inner().map_err(|e| cannot(e.into_error()))?.sync_all().map_err(cannot)?;
        std::fs::rename(&aside, &args.file).map_err(cannot)?;
        Ok(rows)
    });
    let rows = written.inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })?;
    if context.out.json {
        return context.out.line(&Line { rows, file: &args.file });
    }
    context.out.text(&format!("{rows} rows written to {}\n", args.file.display()))
}
