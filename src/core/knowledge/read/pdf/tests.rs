//! Whole documents from made-up pages, and any pages at all.

use proptest::prelude::*;

use super::line::tests::words;
use super::*;
use crate::core::knowledge::passage::Signal;
use crate::core::knowledge::read::{Block, BlockKind};

/// A page from lines of (text, x, y, size); a text that starts with `!` is bold.
fn page(number: u32, lines: &[(&str, f32, f32, f32)]) -> Page {
    let mut page = Page { number, width: 600.0, height: 800.0, ..Page::default() };
    for (text, x, y, size) in lines {
        let bold = text.starts_with('!');
        let mut all = words(text.trim_start_matches('!'), *x, *y, *size);
        all.iter_mut().for_each(|w| w.bold = bold);
        page.words.extend(all);
    }
    page
}

fn read(pages: Vec<Page>) -> Document {
    let document = from_pages(Pages { pages, ..Pages::default() }, "m.pdf").unwrap();
    check_spans(&document);
    document
}

fn check_spans(document: &Document) {
    let text = |span: crate::core::knowledge::passage::Span| span.of(&document.text).unwrap();
    for block in &document.blocks {
        let stored = text(block.span);
        assert!(!stored.is_empty() && stored.trim() == stored, "{stored:?}");
        if let BlockKind::Table { header, rows } = &block.kind {
            for cell in header.iter().chain(rows.iter().flat_map(|r| &r.cells)) {
                assert_eq!(text(cell.span), cell.text);
            }
            assert!(rows.iter().all(|r| text(r.span).starts_with('|') && text(r.span).ends_with('|')));
        }
    }
    assert!(document.pages.is_sorted_by_key(|p| p.at));
    assert!(document.pages.iter().all(|p| document.text.is_char_boundary(p.at)));
    assert!(document.figures.iter().all(|f| f.span.of(&document.text).is_some()));
    assert!(document.ocr.iter().all(|s| s.of(&document.text).is_some()));
}

fn found(document: &Document) -> Vec<(BlockKind, &str)> {
    document.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect()
}

#[test]
fn headings_steps_and_a_warning_are_told_apart() {
    let d = read(vec![page(
        1,
        &[
            ("!Pump jack PJ-40", 50., 60., 24.),
            ("!3.2 Belt change", 50., 110., 14.),
            ("!WARNING", 50., 140., 10.),
            ("Keep your hands clear of the belt while it runs.", 50., 154., 10.),
            ("1. Stop the drive.", 50., 180., 10.),
            ("2. Pull the belt off the sheave and look for", 50., 194., 10.),
            ("cracks.", 64., 206., 10.),
            ("• Grease the bearing", 50., 226., 10.),
        ],
    )]);
    assert_eq!(
        found(&d),
        [
            (BlockKind::Heading { level: 1 }, "Pump jack PJ-40"),
            (BlockKind::Heading { level: 3 }, "3.2 Belt change"),
            (
                BlockKind::Warning { signal: Signal::Warning },
                "WARNING Keep your hands clear of the belt while it runs."
            ),
            (BlockKind::Item { number: Some(1) }, "Stop the drive."),
            (BlockKind::Item { number: Some(2) }, "Pull the belt off the sheave and look for cracks."),
            (BlockKind::Item { number: None }, "Grease the bearing"),
        ]
    );
}

#[test]
fn a_box_with_a_signal_word_is_one_warning() {
    let mut p = page(
        1,
        &[
            ("Some text of the body that stands before the box.", 50., 60., 10.),
            ("!DANGER", 60., 106., 12.),
            ("Stored energy in the accumulator can kill.", 60., 124., 10.),
            ("Vent it before you open a line.", 60., 146., 10.),
        ],
    );
    p.boxes.push(Area { x0: 50.0, y0: 100.0, x1: 400.0, y1: 162.0 });
    let d = read(vec![p]);
    let Block { kind, text, .. } = d.blocks.last().unwrap();
    assert_eq!(*kind, BlockKind::Warning { signal: Signal::Danger });
    assert_eq!(text, "DANGER Stored energy in the accumulator can kill. Vent it before you open a line.");
}

#[test]
fn a_table_goes_on_over_the_page_with_its_header_once() {
    let rows = |number: u32, from: u32| {
        let mut lines: Vec<(String, f32, f32, f32)> = vec![
            ("!Code".into(), 50., 100., 10.),
            ("!Meaning".into(), 150., 100., 10.),
            ("!Action".into(), 350., 100., 10.),
        ];
        for i in 0..5 {
            let y = 114. + 14. * i as f32;
            lines.push((format!("E{}", from + i), 50., y, 10.));
            lines.push(("Oil is too hot".into(), 150., y, 10.));
            lines.push(("Let it cool".into(), 350., y, 10.));
        }
        let lines: Vec<_> = lines.iter().map(|(t, x, y, s)| (t.as_str(), *x, *y, *s)).collect();
        page(number, &lines)
    };
    let d = read(vec![rows(1, 200), rows(2, 205)]);
    let [block] = d.blocks.as_slice() else { panic!("{:#?}", d.blocks) };
    let BlockKind::Table { header, rows } = &block.kind else { panic!("{block:?}") };
    let names: Vec<&str> = header.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(names, ["Code", "Meaning", "Action"]);
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[9].cells[0].text, "E209");
    assert_eq!(rows[0].span.of(&d.text), Some("| E200 | Oil is too hot | Let it cool |"));
}

#[test]
fn a_paragraph_goes_on_over_the_page_and_pages_keep_their_labels() {
    let mut first = page(1, &[("Vent the pump before it is started and wait for the", 50., 700., 10.)]);
    first.label = Some("iv".into());
    let second = page(2, &[("first oil without bubbles.", 50., 110., 10.), ("Next one.", 50., 150., 10.)]);
    let d = read(vec![first, second]);
    assert_eq!(
        d.blocks[0].text,
        "Vent the pump before it is started and wait for the first oil without bubbles."
    );
    assert_eq!(d.pages[0].label.as_deref(), Some("iv"));
    assert_eq!(d.pages[1].number, 2);
    assert_eq!(d.pages[1].label, None);
}

#[test]
fn a_caption_makes_a_figure_with_the_pages_picture() {
    let mut p = page(1, &[("Figure 3: Pump, front view", 100., 260., 10.), ("Text.", 50., 300., 10.)]);
    let area = Area { x0: 100.0, y0: 100.0, x1: 300.0, y1: 250.0 };
    p.images.push(area);
    p.pictures.push(Rendered { area, png: vec![1, 2, 3] });
    let d = read(vec![p]);
    assert_eq!(d.figures[0].label, "Figure 3");
    assert_eq!(d.figures[0].caption, "Pump, front view");
    assert_eq!(d.figures[0].image, crate::core::knowledge::read::Image::Bytes(vec![1, 2, 3], "png"));
}

#[test]
fn words_read_from_a_picture_are_marked_and_a_scan_without_text_is_named() {
    let mut p = page(1, &[("Torque 45 Nm", 50., 100., 10.)]);
    p.ocr = Some(0.9);
    let d = read(vec![p]);
    assert_eq!(d.ocr[0].of(&d.text), Some("Torque 45 Nm"));
    let scan = Page { number: 1, scan: Some(vec![1]), ..Page::default() };
    let error = from_pages(Pages { pages: vec![scan], ..Pages::default() }, "m.pdf").unwrap_err();
    assert!(error.to_string().contains("a scan without text"), "{error}");
}

#[test]
fn contents_are_text_but_no_blocks() {
    let d = read(vec![page(
        1,
        &[
            ("!Contents", 50., 60., 18.),
            ("1 Care ................ 3", 50., 100., 10.),
            ("2 Faults ................ 9", 50., 114., 10.),
            ("!1 Care", 50., 160., 18.),
            ("Grease the bearing every day.", 50., 190., 10.),
        ],
    )]);
    let texts: Vec<&str> = d.blocks.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(texts, ["1 Care", "Grease the bearing every day."]);
    assert!(d.text.contains("Faults"));
}

#[test]
fn a_page_that_lies_on_its_side_is_turned() {
    let mut p = Page { number: 1, width: 600.0, height: 800.0, ..Page::default() };
    // Text that runs downwards: the page was turned clockwise.
    for (i, t) in ["Torque", "table"].iter().enumerate() {
        let y = 100.0 + 40.0 * i as f32;
        let area = Area { x0: 300.0, y0: y, x1: 310.0, y1: y + 35.0 };
        p.words.push(Word { text: (*t).to_owned(), area, size: 10.0, turned: 1, ..Word::default() });
    }
    assert_eq!(read(vec![p]).text.trim(), "Torque table");
}

#[test]
fn what_is_no_pdf_is_named_without_a_library() {
    let error = Pdf.read(b"PK\x03\x04", "m.pdf").unwrap_err();
    assert!(error.to_string().contains("not a PDF"));
    let error = Pdf.read(b"%PDF-1.7 rest", "m.pdf").unwrap_err();
    assert!(error.to_string().contains("not installed"));
}

fn any_area() -> impl Strategy<Value = Area> {
    prop_oneof![
        9 => (0f32..600.0, 0f32..800.0, 0f32..120.0, 0f32..30.0)
            .prop_map(|(x, y, w, h)| Area { x0: x, y0: y, x1: x + w, y1: y + h }),
        1 => any::<[f32; 4]>().prop_map(Area::from),
    ]
}

fn any_page() -> impl Strategy<Value = Page> {
    let word = (
        "[a-zA-Z0-9.•|液压-]{1,8}",
        any_area(),
        prop_oneof![8 => 6f32..20.0, 1 => any::<f32>()],
        any::<bool>(),
        0u8..5,
    )
        .prop_map(|(text, area, size, bold, turned)| Word {
            text,
            area,
            size,
            bold,
            mono: false,
            spaced: bold,
            turned: turned % 4,
        });
    let words = prop::collection::vec(word, 0..60);
    let rules = || prop::collection::vec(any_area(), 0..20);
    (words, rules(), rules(), any_area(), any::<[f32; 2]>()).prop_map(|(words, rules, boxes, image, size)| {
        Page {
            number: 1,
            width: size[0],
            height: size[1],
            words,
            rules,
            boxes,
            images: vec![image],
            ..Page::default()
        }
    })
}

proptest! {
    #[test]
    fn any_pages_give_a_document_with_true_spans(pages in prop::collection::vec(any_page(), 1..4)) {
        for page in &pages {
            figure::wanted(page);
        }
        if let Ok(document) = from_pages(Pages { pages, ..Pages::default() }, "m.pdf") {
            check_spans(&document);
        }
    }
}
