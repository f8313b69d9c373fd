//! The text of a DOCX part: paragraphs and tables, as they stand in the XML.

use quick_xml::events::BytesStart;

use crate::core::knowledge::read::tags;
use crate::core::knowledge::read::xml::{Piece, Xml, attribute, local};

/// Tables in tables and text boxes in paragraphs nest at most this deep.
const DEEPEST: usize = 12;

/// A paragraph or a table.
#[derive(Debug)]
pub(super) enum Item {
    /// A paragraph.
    Paragraph(Paragraph),
    /// A table's rows.
    Table(Vec<Row>),
}

/// A paragraph.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    /// Its words; a line break is `\n`.
    pub text: String,
    pub style: String,
    pub outline: Option<u8>,
    /// The list's id and level.
    pub list: Option<(String, usize)>,
    /// Are its first words bold?
    pub bold: bool,
    /// Pictures: words beside it, and the id of its relation.
    pub pictures: Vec<(String, String)>,
    /// Ids of the foot- and endnotes that it refers to.
    pub notes: Vec<(Note, String)>,
    /// What stands in its text boxes.
    pub boxes: Vec<Item>,
}

/// Where a note stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    Foot,
    End,
}

/// A table's row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub head: bool,
    pub cells: Vec<Cell>,
}

/// A table's cell.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub columns: usize,
    /// Does the cell above reach into this one?
    pub continued: bool,
    pub items: Vec<Item>,
}

/// Reads a part.
pub(super) struct Body<'x> {
    xml: Xml<'x>,
    /// Was something nested too deep to be read?
    pub too_deep: bool,
}

impl<'x> Body<'x> {
    pub(super) fn new(text: &'x str) -> Self {
        Body { xml: Xml::new(text), too_deep: false }
    }

    /// Did the part break off?
    pub(super) fn is_broken(&self) -> bool {
        self.xml.broken
    }

    /// All of the part.
    pub(super) fn all(&mut self) -> Vec<Item> {
        self.items("", 0)
    }

    /// The notes of a part by id, as one line each.
    pub(super) fn notes(&mut self, element: &str) -> Vec<(String, String)> {
        let mut out = Vec::new();
        loop {
            match self.xml.next() {
                Piece::Open(open) if local(&open) == element => {
                    let id = attribute(&open, "id").unwrap_or_default();
                    let items = self.items(element, 1);
                    out.push((id, words(&items)));
                }
                Piece::End => return out,
                _ => {}
            }
        }
    }

    /// What stands up to the end of the element `end`.
    fn items(&mut self, end: &str, depth: usize) -> Vec<Item> {
        let mut out = Vec::new();
        loop {
            match self.xml.next() {
                Piece::Open(open) => match local(&open) {
                    "p" => out.push(Item::Paragraph(self.paragraph(depth))),
                    "tbl" if depth < DEEPEST => out.push(Item::Table(self.table(depth + 1))),
                    "tbl" => {
                        self.too_deep = true;
                        self.xml.skip(&open);
                    }
                    name if is_left_out(name) => self.xml.skip(&open),
                    _ => {}
                },
                Piece::Close(name) if name == end => return out,
                Piece::End => return out,
                _ => {}
            }
        }
    }

    fn paragraph(&mut self, depth: usize) -> Paragraph {
        let mut out = Paragraph::default();
        let mut run = Run::default();
        let mut in_text = false;
        // Properties of the paragraph, not of a run.
        let mut own = false;
        let mut number: Option<String> = None;
        let mut level = 0;
        let mut picture = String::new();
        loop {
            match self.xml.next() {
                Piece::Open(open) => {
                    let value = || attribute(&open, "val").unwrap_or_default();
                    match local(&open) {
                        "pPr" => own = true,
                        "pStyle" => out.style = value(),
                        "numId" => number = Some(value()),
                        "ilvl" => level = value().parse().unwrap_or(0),
                        "outlineLvl" => out.outline = value().parse().ok().filter(|l| *l < 9),
                        "r" => run = Run::default(),
                        "b" | "bCs" if !own => run.bold = is_on(&open),
                        "vanish" | "webHidden" if !own => run.hidden = is_on(&open),
                        "vertAlign" if !own => run.raised = value() == "superscript",
                        "t" => in_text = true,
                        "tab" | "ptab" if !own => run.push(&mut out, " "),
                        "br" if !own => {
                            let page = matches!(attribute(&open, "type").as_deref(), Some("page" | "column"));
                            run.push(&mut out, if page { " " } else { "\n" });
                        }
                        "cr" if !own => run.push(&mut out, "\n"),
                        "noBreakHyphen" => run.push(&mut out, "-"),
                        "sym" => run.push(&mut out, symbol(&open)),
                        "footnoteReference" => {
                            out.notes.push((Note::Foot, attribute(&open, "id").unwrap_or_default()))
                        }
                        "endnoteReference" => {
                            out.notes.push((Note::End, attribute(&open, "id").unwrap_or_default()))
                        }
                        "docPr" => {
                            let said = |name: &str| attribute(&open, name).filter(|w| !w.trim().is_empty());
                            picture = said("descr").or_else(|| said("title")).unwrap_or_default();
                        }
                        "blip" => {
                            if let Some(id) = attribute(&open, "embed") {
                                out.pictures.push((picture.clone(), id));
                            }
                        }
                        "imagedata" => {
                            if let Some(id) = attribute(&open, "id") {
                                let title = attribute(&open, "title").unwrap_or_default();
                                out.pictures.push((title, id));
                            }
                        }
                        "txbxContent" if depth < DEEPEST => {
                            let inside = self.items("txbxContent", depth + 1);
                            out.boxes.extend(inside);
                        }
                        "txbxContent" => {
                            self.too_deep = true;
                            self.xml.skip(&open);
                        }
                        name if is_left_out(name) => self.xml.skip(&open),
                        _ => {}
                    }
                }
                Piece::Words(words) if in_text => run.push(&mut out, &words),
                Piece::Close(name) => match name.as_str() {
                    "p" => break,
                    "pPr" => own = false,
                    "t" => in_text = false,
                    _ => {}
                },
                Piece::End => break,
                Piece::Words(_) => {}
            }
        }
        // The list 0 is none, whatever the style says.
        out.list = number.map(|id| (id, level));
        out
    }

    fn table(&mut self, depth: usize) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut row = Row::default();
        let mut removed = false;
        let mut in_row = false;
        loop {
            match self.xml.next() {
                Piece::Open(open) => match local(&open) {
                    "tr" => {
                        row = Row::default();
                        removed = false;
                        in_row = true;
                    }
                    "tblHeader" => row.head = is_on(&open),
                    "gridBefore" => {
                        let columns = attribute(&open, "val").and_then(|v| v.parse().ok()).unwrap_or(0);
                        if columns > 0 {
                            row.cells.push(Cell { columns, ..Cell::default() });
                        }
                    }
                    // A row that was deleted while changes were tracked.
                    "del" if in_row => removed = true,
                    "tc" => {
                        let cell = self.cell(depth);
                        row.cells.push(cell);
                    }
                    name if is_left_out(name) => self.xml.skip(&open),
                    _ => {}
                },
                Piece::Close(name) => match name.as_str() {
                    "tr" => {
                        in_row = false;
                        if !removed {
                            rows.push(std::mem::take(&mut row));
                        }
                    }
                    "tbl" => return rows,
                    _ => {}
                },
                Piece::End => return rows,
                Piece::Words(_) => {}
            }
        }
    }

    fn cell(&mut self, depth: usize) -> Cell {
        let mut out = Cell { columns: 1, ..Cell::default() };
        loop {
            match self.xml.next() {
                Piece::Open(open) => match local(&open) {
                    "gridSpan" => {
                        out.columns =
                            attribute(&open, "val").and_then(|v| v.parse().ok()).unwrap_or(1).max(1);
                    }
                    "vMerge" => out.continued = attribute(&open, "val").as_deref() != Some("restart"),
                    "p" => out.items.push(Item::Paragraph(self.paragraph(depth))),
                    "tbl" if depth < DEEPEST => out.items.push(Item::Table(self.table(depth + 1))),
                    "tbl" => {
                        self.too_deep = true;
                        self.xml.skip(&open);
                    }
                    name if is_left_out(name) => self.xml.skip(&open),
                    _ => {}
                },
                Piece::Close(name) if name == "tc" => return out,
                Piece::End => return out,
                _ => {}
            }
        }
    }
}

/// How the words of a run are set.
#[derive(Debug, Default)]
struct Run {
    bold: bool,
    hidden: bool,
    raised: bool,
}

impl Run {
    fn push(&self, out: &mut Paragraph, words: &str) {
        if self.hidden {
            return;
        }
        if out.text.trim().is_empty() && !words.trim().is_empty() {
            out.bold = self.bold;
        }
        if self.raised && !words.trim().is_empty() {
            out.text.push_str(&tags::raised(words));
        } else {
            out.text.push_str(words);
        }
    }
}

/// A switch: on unless it says off.
fn is_on(open: &BytesStart<'_>) -> bool {
    !matches!(attribute(open, "val").as_deref(), Some("0" | "false" | "off" | "none"))
}

/// What is not part of the text as it is printed: deleted words, instructions of fields, the
/// second copy of a drawing.
fn is_left_out(name: &str) -> bool {
    matches!(
        name,
        "del"
            | "moveFrom"
            | "delText"
            | "instrText"
            | "Fallback"
            | "pPrChange"
            | "rPrChange"
            | "tblPrChange"
            | "trPrChange"
            | "tcPrChange"
            | "sectPr"
            | "sdtPr"
            | "tblPr"
            | "rt"
            | "annotationRef"
    )
}

/// A character of a symbol font; those that manuals use as marks.
fn symbol(open: &BytesStart<'_>) -> &'static str {
    match attribute(open, "char").unwrap_or_default().to_ascii_uppercase().trim_start_matches("F0") {
        "B0" => "°",
        "B1" => "±",
        "B4" => "×",
        "B5" | "6D" => "µ",
        "57" => "Ω",
        "A3" => "≤",
        "B3" => "≥",
        "AE" | "E0" => "→",
        _ => " ",
    }
}

/// The words of some items in one line.
pub(super) fn words(items: &[Item]) -> String {
    let mut out = String::new();
    for item in items {
        match item {
            Item::Paragraph(p) => {
                out.push_str(&p.text);
                out.push(' ');
                out.push_str(&words(&p.boxes));
            }
            Item::Table(rows) => {
                for cell in rows.iter().flat_map(|r| &r.cells) {
                    out.push_str(&words(&cell.items));
                    out.push(' ');
                }
            }
        }
        out.push(' ');
    }
    crate::core::knowledge::read::single_spaced(&out)
}
