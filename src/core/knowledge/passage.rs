//! A passage: a retrievable piece of one revision of one document.

use serde::{Deserialize, Serialize};

/// A byte range into a document's stored text. `start <= end`, both on UTF-8 boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The text that this span covers, or `None` where it does not fit `text`.
    pub fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.end)
    }
}

/// How grave a warning is, by the signal words of ANSI Z535.6 / ISO 3864-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Advice; no injury.
    Notice,
    /// Could injure lightly.
    Caution,
    /// Could kill or maim.
    Warning,
    /// Will kill or maim.
    Danger,
}

/// A warning block that governs a section: it comes before any other content, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// How grave.
    pub signal: Signal,
    /// The warning's own words, signal word included.
    pub text: String,
    /// Where it stands in the stored text.
    pub span: Span,
    /// A lockout/tagout instruction: never shortened.
    pub lockout: bool,
}

/// One named value of a record: a table cell under its header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The column's header, as the manual has it.
    pub name: String,
    /// The cell.
    pub value: String,
    /// Where the cell stands in the stored text.
    pub span: Span,
    /// What it says about the record, where its name tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What a field says about its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The code, alarm number or position that the record is the entry of.
    Code,
    /// What the code or part means, is called or does.
    Meaning,
    /// Why it happens.
    Cause,
    /// What to do about it.
    Remedy,
    /// A figure or setting.
    Value,
    /// What the figure is counted in.
    Unit,
}

/// A sentence of a passage that speaks to an assistant instead of the technician: it is data
/// like all text, and nobody takes it as an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands in the stored text.
    pub span: Span,
    /// What gives it away.
    pub why: String,
}

/// A figure that a passage names: "see Figure 3".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// As the manual names it ("Figure 3"); `""` where it has no name.
    pub label: String,
    /// Its caption or alternative text; `""` where there is none.
    pub caption: String,
    /// The picture's file below the generation's `figures/`, where it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What shape of text a passage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Running text: paragraphs or a list of one section.
    Prose,
    /// One row of a table; its cells are in `fields`.
    Row,
    /// One numbered step of a procedure.
    Step,
}

/// A retrievable piece of one revision of one document.
///
/// Invariants: `span.of(stored text) == Some(text)`; every field's and warning's span lies
/// in the same stored text; `own <= codes.len()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Knowledge base that it belongs to.
    pub kb: String,
    /// The document's id: its path below the indexed directory, with `/`.
    pub document: String,
    /// The document's title.
    pub title: String,
    /// The document's revision, `""` where unknown.
    pub revision: String,
    /// The machine that it is about, `""` where unknown.
    pub machine: String,
    /// The model or type designation, `""` where unknown.
    pub model: String,
    /// BCP 47 language tag.
    pub language: String,
    /// Headings from the document's first level down.
    pub section: Vec<String>,
    /// Page, where the format has pages: counted from 1.
    pub page: Option<u32>,
    /// The page as the manual numbers it ("iv", "3-12"), where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// Where it stands in the stored text.
    pub span: Span,
    /// The text itself.
    pub text: String,
    /// What shape it has.
    pub shape: Shape,
    /// A row's cells in the table's order, or a code entry's labelled parts ("Cause: …").
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Fault, alarm and part codes in it, as written; a record's own code first.
    pub codes: Vec<String>,
    /// How many of `codes`, from the first, the passage is the own entry of (a fault table's
    /// row, a section headed by the code); the others only occur in it.
    #[serde(default)]
    pub own: usize,
    /// Warnings that govern it, gravest first, then in the manual's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Figures that it names or holds, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// Was it read from a picture of the page (optical character recognition)?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ocr: bool,
    /// Its sentences that are orders to an assistant, in their order; `None` where it was
    /// indexed before they were looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<Order>>,
}

impl Passage {
    /// The codes that it is the own entry of, as written.
    pub fn own_codes(&self) -> &[String] {
        self.codes.get(..self.own).unwrap_or(&self.codes)
    }

    /// Is it some code's own entry?
    pub fn is_entry(&self) -> bool {
        self.own > 0
    }

    /// The heading path as one line.
    pub fn section_path(&self) -> String {
        self.section.join(" > ")
    }
}
