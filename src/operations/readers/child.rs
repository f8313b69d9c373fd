//! The side that reads: loads the PDF library, and nothing else of this program. It may
//! crash, hang or be taken over; its parent has set the limits before the file is opened.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use pdfium_render::prelude::*;

use super::pixels::Pixels;
use crate::core::knowledge::read::pdf::glyph::{Glyph, Words};
use crate::core::knowledge::read::pdf::wire::{Fault, Frame, Head};
use crate::core::knowledge::read::pdf::{Area, Page, Rendered, figure};

/// A page's picture for reading, dots an inch.
const SCAN_DPI: f32 = 250.0;
/// A figure's picture, dots an inch.
const FIGURE_DPI: f32 = 144.0;
/// No picture of a page has more pixels.
const MOST_PIXELS: f32 = 24.0e6;
/// Forms within forms end somewhere.
const DEEPEST: usize = 6;
/// Objects of a page beyond these are not looked at for lines and pictures.
const MOST_OBJECTS: usize = 60_000;
/// Lines, boxes and drawings of a page beyond these are not handed over.
const MOST_SHAPES: usize = 8_000;
/// Letters of a page beyond these are not read.
const MOST_LETTERS: usize = 200_000;

/// Reads a PDF from `input` and writes its pages to `output` as frames.
///
/// # Errors
/// Only those of the output; what is wrong with the file is a frame.
pub fn run(library: &Path, most_pages: u32, mut input: impl Read, output: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, output);
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    match read(library, most_pages, bytes, &mut out)? {
        Ok(()) => Frame::End.write(&mut out)?,
        Err(fault) => Frame::Fault(fault).write(&mut out)?,
    }
    out.flush()
}

fn read(library: &Path, most: u32, bytes: Vec<u8>, out: &mut impl Write) -> io::Result<Result<(), Fault>> {
    let bindings = match Pdfium::bind_to_library(library) {
        Ok(bindings) => bindings,
        Err(e) => return Ok(Err(Fault::Library(e.to_string()))),
    };
    let pdfium = Pdfium::new(bindings);
    let document = match pdfium.load_pdf_from_byte_vec(bytes, None) {
        Ok(document) => document,
        Err(PdfiumError::PdfiumLibraryInternalError(
            PdfiumInternalError::PasswordError | PdfiumInternalError::SecurityError,
        )) => return Ok(Err(Fault::Encrypted)),
        Err(_) => return Ok(Err(Fault::Broken)),
    };
    let pages = document.pages();
    let count = u32::try_from(pages.len()).unwrap_or(0);
    if count == 0 {
        return Ok(Err(Fault::Empty));
    }
    Frame::Head(Head { meta: info(&document), pages: count }).write(out)?;
    if count > most {
        Frame::Note(format!("only the first {most} of {count} pages were read")).write(out)?;
    }
    let mut broken = Vec::new();
    let mut figures = 0;
    for index in 0..pages.len().min(i32::try_from(most).unwrap_or(i32::MAX)) {
        let number = u32::try_from(index).unwrap_or(0) + 1;
        match pages.get(index) {
            Ok(page) => one(&page, number, &mut figures, out)?,
            Err(_) => broken.push(number),
        }
        // So that the parent sees that it goes on.
        out.flush()?;
    }
    if broken.len() as u64 == u64::from(count.min(most)) {
        return Ok(Err(Fault::Broken));
    }
    if let Some(first) = broken.first() {
        Frame::Note(format!("{} broken pages were left out, the first is page {first}", broken.len()))
            .write(out)?;
    }
    Ok(Ok(()))
}

fn info(document: &PdfDocument<'_>) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = document
        .metadata()
        .iter()
        .map(|tag| {
            let name = match tag.tag_type() {
                PdfDocumentMetadataTagType::Title => "Title",
                PdfDocumentMetadataTagType::Author => "Author",
                PdfDocumentMetadataTagType::Subject => "Subject",
                PdfDocumentMetadataTagType::Keywords => "Keywords",
                PdfDocumentMetadataTagType::Creator => "Creator",
                PdfDocumentMetadataTagType::Producer => "Producer",
                PdfDocumentMetadataTagType::CreationDate => "CreationDate",
                PdfDocumentMetadataTagType::ModificationDate => "ModDate",
            };
            (name.to_owned(), tag.value().chars().filter(|c| !c.is_control()).take(1000).collect::<String>())
        })
        .filter(|(_, value)| !value.trim().is_empty())
        .collect();
    if let Ok(language) = document.catalog().get_language() {
        let language: String = language.chars().filter(|c| !c.is_control()).take(35).collect();
        if !language.is_empty() {
            out.insert("Lang".to_owned(), language);
        }
    }
    out
}

fn one(page: &PdfPage<'_>, number: u32, figures: &mut usize, out: &mut impl Write) -> io::Result<()> {
    let view = View::of(page);
    let mut found = Page {
        number,
        label: page.label().map(|l| l.chars().filter(|c| !c.is_control()).take(40).collect()),
        width: view.width,
        height: view.height,
        ..Page::default()
    };
    if let Ok(text) = page.text() {
        let mut words = Words::default();
        for letter in text.chars().iter().take(MOST_LETTERS) {
            match glyph(&letter, &view) {
                Some(glyph) => words.push(glyph),
                None => words.space(),
            }
        }
        found.words = words.finish();
    }
    let mut left = MOST_OBJECTS;
    shapes(page.objects().iter(), Matrix::UNIT, &view, 0, &mut left, &mut found);
    let letters: usize = found.words.iter().map(|w| w.text.chars().count()).sum();
    let covered: f32 = found.images.iter().map(|a| a.width().max(0.0) * a.height().max(0.0)).sum();
    let is_scan = letters < 10 && covered > 0.35 * view.width * view.height;
    let wanted =
        if is_scan || *figures >= figure::MOST_FIGURES { Vec::new() } else { figure::wanted(&found) };
    Frame::Page(Box::new(found)).write(out)?;
    if is_scan {
        match picture(page, &view, SCAN_DPI).and_then(|p| p.grey().ok()) {
            Some(png) => Frame::Scan(png).write(out)?,
            None => Frame::Note(format!("page {number} is a scan that cannot be drawn")).write(out)?,
        }
    }
    for dpi in [FIGURE_DPI, FIGURE_DPI / 2.0] {
        if wanted.is_empty() {
            break;
        }
        let Some(whole) = picture(page, &view, dpi) else { break };
        let scale = whole.width as f32 / view.width.max(1.0);
        let parts: Vec<Rendered> = wanted
            .iter()
            .filter_map(|area| {
                let at = |v: f32| (v * scale).max(0.0) as usize;
                let png = whole.part(
                    at(area.x0 - 2.0),
                    at(area.y0 - 2.0),
                    at(area.width() + 4.0),
                    at(area.height() + 4.0),
                );
                png.ok().map(|png| Rendered { area: *area, png })
            })
            .collect();
        let fits = parts.iter().all(|p| p.png.len() <= figure::MOST_PICTURE);
        if !fits && dpi == FIGURE_DPI {
            continue;
        }
        for part in parts.into_iter().filter(|p| p.png.len() <= figure::MOST_PICTURE) {
            *figures += 1;
            Frame::Picture(part).write(out)?;
        }
        break;
    }
    Ok(())
}

/// How the page is looked at: its visible part, turned as it says.
struct View {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    turns: u8,
    width: f32,
    height: f32,
}

impl View {
    fn of(page: &PdfPage<'_>) -> Self {
        let (width, height) = (page.width().value, page.height().value);
        let turns = match page.rotation() {
            Ok(PdfPageRenderRotation::Degrees90) => 1,
            Ok(PdfPageRenderRotation::Degrees180) => 2,
            Ok(PdfPageRenderRotation::Degrees270) => 3,
            _ => 0,
        };
        let (w, h) = if turns % 2 == 1 { (height, width) } else { (width, height) };
        let bounds = page.boundaries().bounding().map(|b| b.bounds);
        let (left, bottom) = bounds.map_or((0.0, 0.0), |b| (b.left().value, b.bottom().value));
        View { left, bottom, right: left + w, top: bottom + h, turns, width, height }
    }

    /// A point of the page as it is looked at, from the upper left corner.
    fn point(&self, x: f32, y: f32) -> (f32, f32) {
        match self.turns {
            0 => (x - self.left, self.top - y),
            1 => (y - self.bottom, x - self.left),
            2 => (self.right - x, y - self.bottom),
            _ => (self.top - y, self.right - x),
        }
    }

    fn area(&self, left: f32, bottom: f32, right: f32, top: f32) -> Area {
        let (a, b) = (self.point(left, top), self.point(right, bottom));
        Area::from([a.0, a.1, b.0, b.1])
    }
}

fn glyph(letter: &PdfPageTextChar<'_>, view: &View) -> Option<Glyph> {
    let unicode = letter.unicode_char()?;
    if unicode.is_whitespace() {
        return None;
    }
    let bounds = letter.loose_bounds().or_else(|_| letter.tight_bounds()).ok()?;
    let area =
        view.area(bounds.left().value, bounds.bottom().value, bounds.right().value, bounds.top().value);
    let matrix = letter.matrix().ok();
    let (a, b, c, d) = matrix.map_or((1.0, 0.0, 0.0, 1.0), |m| (m.a(), m.b(), m.c(), m.d()));
    // The direction in which the text runs; y grows upwards here.
    let turned = if a.abs() >= b.abs() {
        if a >= 0.0 { 0 } else { 2 }
    } else if b < 0.0 {
        1
    } else {
        3
    };
    let slanted = a.abs().min(b.abs()) > 0.2 * a.abs().max(b.abs());
    if slanted {
        // A watermark across the page.
        return None;
    }
    let size = letter.unscaled_font_size().value * c.hypot(d);
    let font = letter.font_name().to_lowercase();
    let bold = ["bold", "black", "heavy", "demi", "bx", "-bd", "sfsx"].iter().any(|n| font.contains(n));
    let mono = ["mono", "courier", "consol", "typewriter", "cmtt", "cour"].iter().any(|n| font.contains(n));
    Some(Glyph { letter: unicode, area, size, bold, mono, turned: (turned + view.turns) % 4 })
}

/// An affine map; `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Clone, Copy)]
struct Matrix {
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    e: f32,
    f: f32,
}

impl Matrix {
    const UNIT: Matrix = Matrix { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    fn of(matrix: Result<PdfMatrix, PdfiumError>) -> Matrix {
        matrix.map_or(Matrix::UNIT, |m| Matrix { a: m.a(), b: m.b(), c: m.c(), d: m.d(), e: m.e(), f: m.f() })
    }

    fn map(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    /// First `self`, then `outer`.
    fn then(&self, outer: &Matrix) -> Matrix {
        let (e, f) = outer.map((self.e, self.f));
        Matrix {
            a: outer.a * self.a + outer.c * self.b,
            b: outer.b * self.a + outer.d * self.b,
            c: outer.a * self.c + outer.c * self.d,
            d: outer.b * self.c + outer.d * self.d,
            e,
            f,
        }
    }
}

fn shapes<'o>(
    objects: impl Iterator<Item = PdfPageObject<'o>>,
    outer: Matrix,
    view: &View,
    depth: usize,
    left: &mut usize,
    page: &mut Page,
) {
    for object in objects {
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        let full =
            page.rules.len() + page.boxes.len() + page.drawings.len() + page.images.len() > MOST_SHAPES;
        if full {
            return;
        }
        if let Some(path) = object.as_path_object() {
            draw(path, outer, view, page);
        } else if let Some(image) = object.as_image_object() {
            let map = Matrix::of(image.matrix()).then(&outer);
            // An image fills the unit square before it is mapped.
            let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|p| map.map(p));
            page.images.extend(hull(corners.into_iter(), view));
        } else if let Some(form) = object.as_x_object_form_object()
            && depth < DEEPEST
        {
            let map = Matrix::of(form.matrix()).then(&outer);
            shapes(form.iter(), map, view, depth + 1, left, page);
        }
    }
}

fn hull(points: impl Iterator<Item = (f32, f32)>, view: &View) -> Option<Area> {
    points
        .map(|(x, y)| view.point(x, y))
        .map(|(x, y)| Area { x0: x, y0: y, x1: x, y1: y })
        .reduce(|a, b| a.union(&b))
}

/// What a path draws: lines along the axes, boxes, or something else.
fn draw(path: &PdfPagePathObject<'_>, outer: Matrix, view: &View, page: &mut Page) {
    let map = Matrix::of(path.matrix()).then(&outer);
    let filled = !matches!(path.fill_mode(), Ok(PdfPathFillMode::None) | Err(_));
    let stroked = path.is_stroked().unwrap_or(false);
    if !filled && !stroked {
        return;
    }
    let segments = path.segments();
    // Subpaths as lists of points; a curve ends the hope for a rectangle.
    let mut subpaths: Vec<(Vec<(f32, f32)>, bool)> = Vec::new();
    for segment in segments.iter().take(2_000) {
        let (x, y) = segment.point();
        let point = map.map((x.value, y.value));
        match segment.segment_type() {
            PdfPathSegmentType::MoveTo => subpaths.push((vec![point], false)),
            kind => {
                if subpaths.is_empty() {
                    subpaths.push((Vec::new(), false));
                }
                if let Some((points, curved)) = subpaths.last_mut() {
                    *curved |= kind == PdfPathSegmentType::BezierTo;
                    points.push(point);
                    if segment.is_close()
                        && let Some(first) = points.first().copied()
                    {
                        points.push(first);
                    }
                }
            }
        }
    }
    for (points, curved) in subpaths {
        let Some(area) = hull(points.iter().copied(), view) else { continue };
        let level = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0).abs() < 0.6 || (a.1 - b.1).abs() < 0.6;
        let along = points.windows(2).all(|w| matches!(w, [a, b] if level(*a, *b)));
        if curved || !along {
            // A rounded box is a box; other curves are drawings.
            let straight = points.windows(2).filter(|w| matches!(w, [a, b] if level(*a, *b))).count();
            if curved && straight >= 4 && points.len() <= 24 && area.width() > 40.0 && area.height() > 14.0 {
                page.boxes.push(area);
            } else {
                page.drawings.push(area);
            }
            continue;
        }
        if area.width() <= 3.0 || area.height() <= 3.0 {
            page.rules.push(area);
        } else if points.len() >= 4 {
            page.boxes.push(area);
        } else {
            // Open strokes along the axes: each is a line.
            for pair in points.windows(2) {
                page.rules.extend(hull(pair.iter().copied(), view));
            }
        }
    }
}

/// The page as a picture.
fn picture(page: &PdfPage<'_>, view: &View, dpi: f32) -> Option<Pixels> {
    let (width, height) = (view.width, view.height);
    if !(width > 0.0 && height > 0.0) {
        return None;
    }
    let wished = dpi / 72.0;
    let scale = wished.min((MOST_PIXELS / (width * height)).sqrt());
    let side = |points: f32| ((points * scale) as i32).max(1);
    // Not without form data: the library would then draw at its own scale, not ours.
    let config = PdfRenderConfig::new().set_fixed_size(side(width), side(height));
    let bitmap = page.render_with_config(&config).ok()?;
    let (width, height) = (usize::try_from(bitmap.width()).ok()?, usize::try_from(bitmap.height()).ok()?);
    let rgba = bitmap.as_rgba_bytes();
    (rgba.len() == width * height * 4).then_some(Pixels { width, height, rgba })
}
