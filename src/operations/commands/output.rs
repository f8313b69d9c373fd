//! What a command prints: answers to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::core::answer::Answer;
use crate::core::knowledge::passage::Signal;
use crate::core::ledger::Entry;
use crate::operations::node::protocol::{TurnReport, WireFault};
use crate::operations::outcome::{Error, Kind, Result};

/// How to print. With `json`, stdout holds one JSON object per line and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON object per line.
    pub json: bool,
    /// May stdout be coloured?
    pub colour: bool,
}

impl Output {
    /// Colour where stdout is a terminal and `NO_COLOR` is not set.
    pub fn new(json: bool) -> Output {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Output { json, colour: !json && !plain && std::io::stdout().is_terminal() }
    }

    /// One JSON object on a line of stdout.
    pub fn line(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|e| Error::new(Kind::Failed, "cannot print the result as JSON").because(e))?;
        self.text(&(text + "\n"))
    }

    /// Text to stdout. A reader that has gone away (`| head`) ends the command quietly.
    pub fn text(&self, text: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            Err(e) => Err(Error::new(Kind::Failed, "cannot write to stdout").because(e)),
        }
    }

    /// A word to the person, on stderr.
    pub fn note(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// The error that ends a command: on stderr, and with `json` as an object on stdout.
    pub fn fault(&self, e: &Error) {
        if self.json {
            #[derive(Serialize)]
            struct Line {
                error: WireFault,
            }
            let _ = self.line(&Line { error: e.into() });
        }
        self.note(&format!("millwright: {e}"));
        if !e.hint.is_empty() {
            self.note(&format!("  → {}", e.hint));
        }
    }

    /// `text` in an ANSI style (`1` bold, `2` dim, `31` red, …) where colour is allowed.
    pub fn paint(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A turn for a person: what was heard, warnings, answer, citations, ledger.
pub fn turn(out: &Output, report: &TurnReport, answer: Option<&Answer>) -> String {
    let mut text = String::new();
    let mut put = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if let Some(heard) = &report.heard {
        put(format!("{} {heard}", out.paint("2", "heard   ")));
    }
    put(format!("{} {}", out.paint("2", "question"), report.question));
    put(String::new());
    if let Some(lead) = answer.map(|a| &a.lead).filter(|l| !l.is_empty()) {
        put(out.paint("1", lead));
    }
    for warning in &report.warnings {
        let style = match warning.signal {
            Signal::Danger => "1;97;41",
            Signal::Warning => "1;30;43",
            Signal::Caution => "1;33",
            Signal::Notice => "1;34",
        };
        put(format!("{} [{}]", out.paint(style, warning.words()), warning.citation));
    }
    for sentence in &report.sentences {
        let marks: String = sentence.citations.iter().map(|n| format!(" [{n}]")).collect();
        put(format!("{}{}", sentence.text, out.paint("2", &marks)));
    }
    for (n, choice) in report.choices.iter().enumerate() {
        put(format!("  {}. {choice}", n + 1));
    }
    put(String::new());
    for (n, c) in report.citations.iter().enumerate() {
        let page = c.page_name().map_or_else(String::new, |p| format!(", page {p}"));
        let place = format!("[{}] {} rev {} — {}{page}", n + 1, c.document, c.revision, c.section);
        put(out.paint("2", &place));
    }
    let why = if report.rung_why.is_empty() { String::new() } else { format!(" ({})", report.rung_why) };
    put(format!("{} {}{why}", out.paint("2", "rung    "), report.rung));
    put(format!("{} {}", out.paint("2", "turn    "), report.turn));
    put(String::new());
    put(out.paint("2", &ledger_head()));
    for entry in &report.stages {
        let line = ledger_line(entry);
        let over = entry.ms + entry.wait_ms > entry.budget_ms as f64;
        put(if over { out.paint("31", &line) } else { line });
    }
    let mark = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0} ms"));
    put(format!(
        "first audio {} · first content {} · total {:.0} ms",
        mark(report.first_audio_ms),
        mark(report.first_content_ms),
        report.total_ms
    ));
    text
}

fn ledger_head() -> String {
    format!("{:<12}{:>10}{:>10}{:>10}", "stage", "wait ms", "ms", "budget")
}

fn ledger_line(e: &Entry) -> String {
    let line =
        format!("{:<12}{:>10.1}{:>10.1}{:>10}  {}", e.stage.name(), e.wait_ms, e.ms, e.budget_ms, e.note);
    line.trim_end().to_owned()
}
