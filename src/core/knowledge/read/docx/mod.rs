//! DOCX: paragraphs by style, lists by numbering, tables with merged cells repeated.
//!
//! A DOCX knows no pages: where they fall is the printer's business, so none are given.

mod body;
mod styles;

use std::collections::BTreeMap;

use super::package::Package;
use super::rendered::Rendered;
use super::signal::{self, Setting};
use super::table::{Header, Stated, StatedRow, grid};
use super::{Cell, Document, Image, Reader, figure, office, single_spaced, step, unreadable};
use crate::core::Result;
use crate::core::knowledge::passage::Span;
use body::{Body, Item, Note, Paragraph, Row};
use styles::{Mark, Numbering, Role, Styles};

/// Pictures are kept up to this many bytes together.
const MOST_PICTURES: usize = 64 << 20;

/// Reads DOCX.
pub struct Docx;

impl Reader for Docx {
    fn format(&self) -> &'static str {
        "DOCX"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let mut package = Package::open(bytes, name)?;
        let main = main_part(&mut package)?;
        let Some(text) = package.text(&main)? else {
            return Err(unreadable(format!("{name}: no text document inside"), "save it as DOCX"));
        };
        let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let beside =
            |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        let mut body = Body::new(&text);
        let items = body.all();
        if items.is_empty() {
            let what = if body.is_broken() { "its XML is broken" } else { "it holds no text" };
            return Err(unreadable(format!("{name}: {what}"), "open and save it again"));
        }
        let styles = package.text(&beside("styles.xml"))?.map(|t| Styles::read(&t)).unwrap_or_default();
        let numbering =
            package.text(&beside("numbering.xml"))?.map(|t| Numbering::read(&t)).unwrap_or_default();
        let mut notes = BTreeMap::new();
        for (kind, file, element) in
            [(Note::Foot, "footnotes.xml", "footnote"), (Note::End, "endnotes.xml", "endnote")]
        {
            if let Some(text) = package.text(&beside(file))? {
                for (id, words) in Body::new(&text).notes(element) {
                    notes.insert((kind == Note::Foot, id), words);
                }
            }
        }
        let meta = office::properties(&mut package)?;
        let pictures = office::relations(&mut package, &main)?;
        let mut rendering = Rendering {
            out: Rendered::default(),
            styles,
            numbering,
            notes,
            package,
            pictures,
            picture_bytes: 0,
            item: None,
            picture: None,
            titled: false,
        };
        rendering.items(items);
        rendering.flush();
        if body.is_broken() {
            rendering.out.note("the document breaks off; what stands before was read");
        }
        if body.too_deep {
            rendering.out.note("tables or text boxes nested too deeply were left out");
        }
        Ok(Document { meta, ..rendering.out.finish() })
    }
}

/// The path of the main part, which need not be `word/document.xml`.
fn main_part(package: &mut Package<'_>) -> Result<String> {
    const USUAL: &str = "word/document.xml";
    if package.names().any(|n| n == USUAL) {
        return Ok(USUAL.to_owned());
    }
    let relations = office::relations(package, "")?;
    let found = relations.into_values().find(|t| t.ends_with("document.xml") || t.contains("document"));
    Ok(found.unwrap_or_else(|| USUAL.to_owned()))
}

/// An item of a list whose nested items are still to come.
struct Open {
    number: Option<u64>,
    level: usize,
    words: String,
}

struct Rendering<'b> {
    out: Rendered,
    styles: Styles,
    numbering: Numbering,
    /// Words of notes, by kind (foot or end) and id.
    notes: BTreeMap<(bool, String), String>,
    package: Package<'b>,
    /// Paths of pictures by the id of their relation.
    pictures: BTreeMap<String, String>,
    picture_bytes: usize,
    item: Option<Open>,
    /// A picture whose caption may follow.
    picture: Option<(String, Image)>,
    /// Was there a title above the first heading?
    titled: bool,
}

impl Rendering<'_> {
    fn items(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Paragraph(paragraph) => self.paragraph(paragraph),
                Item::Table(rows) => {
                    self.flush();
                    self.table(rows);
                }
            }
        }
    }

    /// Renders what waited for something to follow it.
    fn flush(&mut self) {
        self.flush_item();
        if let Some((caption, image)) = self.picture.take() {
            self.out.figure(&caption, image);
        }
    }

    fn flush_item(&mut self) {
        if let Some(item) = self.item.take() {
            self.out.item(item.number, &item.words);
        }
    }

    fn paragraph(&mut self, mut p: Paragraph) {
        let words = single_spaced(&p.text);
        let role = self.styles.role(&p.style);
        let role = p.outline.map_or(role, |level| Role::Heading(level + 1));
        let boxes = std::mem::take(&mut p.boxes);
        match role {
            Role::Contents => {}
            Role::Title if !words.is_empty() => {
                self.flush();
                self.titled = true;
                self.out.heading(1, &words);
            }
            Role::Heading(level) if !words.is_empty() => {
                self.flush();
                let mark = self.list_of(&p).and_then(|(id, level)| self.numbering.count(&id, level));
                let words = match mark {
                    Some(Mark::Number(_, mark)) if !mark.trim().is_empty() => {
                        format!("{} {words}", mark.trim_end_matches('.'))
                    }
                    _ => words,
                };
                self.out.heading(level.saturating_add(u8::from(self.titled)).min(6), &words);
            }
            Role::Caption | Role::Body if self.is_caption(&p, role, &words) => {
                if let Some((_, image)) = self.picture.take() {
                    self.flush_item();
                    self.out.figure(&words, image);
                }
            }
            _ => self.body(&p, &words),
        }
        self.pictures(&p);
        self.notes(&p);
        if !boxes.is_empty() {
            self.flush();
            self.items(boxes);
        }
    }

    /// Does the paragraph say what the picture before it is?
    fn is_caption(&self, p: &Paragraph, role: Role, words: &str) -> bool {
        let named = role == Role::Caption || !figure::label(words).is_empty();
        self.picture.is_some() && named && !words.is_empty() && p.pictures.is_empty()
    }

    fn list_of(&self, p: &Paragraph) -> Option<(String, usize)> {
        let list = p.list.clone().or_else(|| self.styles.list(&p.style))?;
        (list.0 != "0").then_some(list)
    }

    fn body(&mut self, p: &Paragraph, words: &str) {
        if words.is_empty() {
            return;
        }
        let mark = self.list_of(p).and_then(|(id, level)| Some((self.numbering.count(&id, level)?, level)));
        let setting = Setting { quoted: false, bold: p.bold };
        match mark {
            Some((mark, level)) => {
                // What is nested in an item belongs to it, but a warning stands for itself.
                let warns = signal::leading(words, setting).is_some();
                if let Some(item) = self.item.as_mut().filter(|i| level > i.level && !warns) {
                    let printed = match &mark {
                        Mark::Number(_, text) => text.as_str(),
                        Mark::Bullet => "-",
                    };
                    item.words.push_str(&format!(" {printed} {words}"));
                    return;
                }
                self.flush();
                if warns {
                    return self.out.paragraph(words, setting);
                }
                let number = match mark {
                    Mark::Number(number, _) => Some(number),
                    Mark::Bullet => None,
                };
                self.item = Some(Open { number, level, words: words.to_owned() });
            }
            None => {
                self.flush();
                let lines: Vec<&str> = p.text.split('\n').filter(|l| !l.trim().is_empty()).collect();
                if lines.len() > 1 && lines.iter().any(|l| step::leading(l).is_some()) {
                    lines.into_iter().for_each(|l| self.out.paragraph(l, setting));
                } else {
                    self.out.paragraph(words, setting);
                }
            }
        }
    }

    fn pictures(&mut self, p: &Paragraph) {
        for (said, id) in &p.pictures {
            let image = self.image(id);
            self.flush();
            self.picture = Some((said.clone(), image));
        }
    }

    fn image(&mut self, id: &str) -> Image {
        let Some(path) = self.pictures.get(id) else { return Image::None };
        // A picture that cannot be unpacked costs the picture, not the manual.
        let Ok(Some(bytes)) = self.package.part(path) else {
            self.out.note("a picture could not be unpacked");
            return Image::None;
        };
        if self.picture_bytes + bytes.len() > MOST_PICTURES {
            self.out.note("more than 64 MiB of pictures; the rest was left out");
            return Image::None;
        }
        self.picture_bytes += bytes.len();
        office::picture(bytes)
    }

    fn notes(&mut self, p: &Paragraph) {
        for (kind, id) in &p.notes {
            if let Some(words) = self.notes.remove(&(*kind == Note::Foot, id.clone())) {
                self.flush();
                self.out.paragraph(&words, Setting::default());
            }
        }
    }

    fn table(&mut self, mut rows: Vec<Row>) {
        let frames = rows.len() == 1 && rows.iter().all(|r| r.cells.len() == 1);
        if frames {
            // A frame around text, not a table.
            let items = rows.into_iter().flat_map(|r| r.cells).flat_map(|c| c.items).collect();
            return self.items(items);
        }
        let mut pictures = Vec::new();
        let mut above: Vec<Cell> = Vec::new();
        let mut stated = Vec::new();
        for row in &mut rows {
            let filled = row.cells.iter().any(|c| !c.items.is_empty());
            let all_bold = filled && row.cells.iter().all(|c| is_bold(&c.items));
            let mut cells = Vec::new();
            let mut column = 0;
            for cell in &mut row.cells {
                take_pictures(&mut cell.items, &mut pictures);
                let empty = Span { start: 0, end: 0 };
                let own = Cell { span: empty, text: body::words(&cell.items) };
                let cell_above = above.get(column).filter(|_| cell.continued && own.text.is_empty());
                let shown = cell_above.cloned().unwrap_or(own);
                let columns = cell.columns.clamp(1, super::table::MOST_COLUMNS);
                above.resize(above.len().max(column + columns), Cell { span: empty, text: String::new() });
                for slot in above.iter_mut().skip(column).take(columns) {
                    *slot = shown.clone();
                }
                column += columns;
                cells.push(Stated { columns, ..Stated::new(shown, row.head || all_bold) });
            }
            stated.push(StatedRow { cells, head: row.head, ..StatedRow::default() });
        }
        self.out.table(grid(stated, Header::Guessed));
        for (said, id) in pictures {
            let image = self.image(&id);
            self.out.figure(&said, image);
        }
    }
}

/// Is every paragraph of a cell bold?
fn is_bold(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::Paragraph(p) => p.bold || p.text.trim().is_empty(),
        Item::Table(_) => false,
    })
}

fn take_pictures(items: &mut [Item], out: &mut Vec<(String, String)>) {
    for item in items {
        match item {
            Item::Paragraph(p) => {
                out.append(&mut p.pictures);
                take_pictures(&mut p.boxes, out);
            }
            Item::Table(rows) => {
                for cell in rows.iter_mut().flat_map(|r| r.cells.iter_mut()) {
                    take_pictures(&mut cell.items, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
