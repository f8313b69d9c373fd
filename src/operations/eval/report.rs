//! What a suite ends with: its figures, and those that are held against a bar.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::operations::outcome::Result;

/// Figures by name.
pub type Figures = BTreeMap<String, f64>;

/// The last line of a suite.
#[derive(Debug, Serialize)]
pub struct Last {
    /// The suite.
    pub suite: &'static str,
    /// Its figures.
    pub figures: Figures,
    /// Those of which something is wanted.
    pub bars: Vec<Bar>,
    /// The machine that measured.
    pub machine: String,
    /// The version that was measured.
    pub version: &'static str,
}

/// A figure held against what is wanted of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// The figure.
    pub name: String,
    /// Its value; `null` where this run could not measure it, and then it does not hold.
    pub value: Option<f64>,
    /// What is wanted, in words.
    pub want: String,
    /// Does it hold?
    pub holds: bool,
}

/// What may be wanted of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Want {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// More than this.
    Above(f64),
    /// Exactly this.
    Equal(f64),
}

impl Bar {
    /// The bar of the figure `name`, as `figures` have it.
    pub fn of(figures: &Figures, name: &str, want: Want) -> Bar {
        let value = figures.get(name).copied();
        let (sign, bound, holds) = match want {
            Want::AtLeast(b) => (">=", b, value.is_some_and(|v| v >= b)),
            Want::AtMost(b) => ("<=", b, value.is_some_and(|v| v <= b)),
            Want::Above(b) => (">", b, value.is_some_and(|v| v > b)),
            Want::Equal(b) => ("=", b, value == Some(b)),
        };
        Bar { name: name.to_owned(), value, want: format!("{sign} {bound}"), holds }
    }
}

/// Who is told while it runs.
pub trait Told {
    /// A row of the results, one JSON object.
    ///
    /// # Errors
    /// Where it cannot be printed.
    fn row(&mut self, row: &serde_json::Value) -> Result<()>;
    /// A word to the person.
    fn note(&mut self, line: &str);
    /// `done` of `of` steps of `what`.
    fn progress(&mut self, what: &str, done: usize, of: usize);
}

/// What a suite of several sections has measured so far.
#[derive(Debug)]
pub struct Sheet {
    suite: &'static str,
    /// By name, each beginning with the suite's.
    pub figures: Figures,
    /// What is wanted of some.
    pub bars: Vec<Bar>,
}

impl Sheet {
    /// An empty one.
    pub fn of(suite: &'static str) -> Sheet {
        Sheet { suite, figures: Figures::new(), bars: Vec::new() }
    }

    /// Writes a figure down.
    pub fn put(&mut self, name: &str, value: f64) {
        self.figures.insert(format!("{}.{name}", self.suite), value);
    }

    /// Holds a figure against what is wanted of it.
    pub fn want(&mut self, name: &str, want: Want) {
        self.bars.push(Bar::of(&self.figures, &format!("{}.{name}", self.suite), want));
    }
}

/// One section of a suite: measures one thing on its own and writes into the sheet.
pub type Section<O> = fn(&O, &mut dyn Told, &mut Sheet) -> Result<()>;

/// Runs every section of `suite`, in their order, or with `only` the named ones.
///
/// # Errors
/// What a section fails with.
pub fn run<O>(
    suite: &'static str,
    sections: &[(&str, Section<O>)],
    options: &O,
    only: &[String],
    told: &mut dyn Told,
) -> Result<Sheet> {
    let mut sheet = Sheet::of(suite);
    for (name, section) in sections {
        if only.is_empty() || only.iter().any(|o| o == name) {
            section(options, told, &mut sheet)?;
        }
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_holds_only_what_was_measured() {
        let figures = Figures::from([("a".to_owned(), 0.5)]);
        let holds = |name, want| Bar::of(&figures, name, want).holds;
        assert!(
            holds("a", Want::AtLeast(0.5)) && holds("a", Want::AtMost(0.5)) && holds("a", Want::Equal(0.5))
        );
        assert!(!holds("a", Want::Above(0.5)) && !holds("a", Want::AtLeast(0.6)));
        let missing = Bar::of(&figures, "b", Want::AtMost(9.0));
        assert_eq!((missing.value, missing.holds, missing.want.as_str()), (None, false, "<= 9"));
    }
}
