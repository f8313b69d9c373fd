#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use super::*;
use crate::core::knowledge::passage::Signal;
use crate::core::knowledge::read::BlockKind;
use crate::core::knowledge::read::package::tests::archive;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/", $name))
    };
}

const NUMBERING: &str = "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"%2)\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";

fn docx(body: &str) -> Vec<u8> {
    let document = format!("<?xml version=\"1.0\"?><w:document><w:body>{body}</w:body></w:document>");
    let notes = "<w:footnotes><w:footnote w:id=\"2\"><w:p><w:r><w:t>At 20 °C.</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let rels = "<Relationships><Relationship Id=\"r1\" Target=\"media/i.png\"/></Relationships>";
    archive(&[
        ("word/document.xml", document.as_bytes()),
        ("word/numbering.xml", NUMBERING.as_bytes()),
        ("word/footnotes.xml", notes.as_bytes()),
        ("word/_rels/document.xml.rels", rels.as_bytes()),
        ("word/media/i.png", b"\x89PNG\r\n\x1a\nrest"),
    ])
}

fn read(body: &str) -> Document {
    Docx.read(&docx(body), "m.docx").unwrap()
}

fn kinds(d: &Document) -> Vec<(BlockKind, &str)> {
    d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect()
}

fn p(words: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{words}</w:t></w:r></w:p>")
}

fn item(level: u8, words: &str) -> String {
    format!(
        "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>{words}</w:t></w:r></w:p>"
    )
}

#[test]
fn headings_paragraphs_and_steps() {
    let heading = "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>Belt</w:t></w:r></w:p>";
    let bold =
        "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>DANGER</w:t></w:r><w:r><w:t> Live &amp; hot.</w:t></w:r></w:p>";
    let d = read(&format!(
        "{heading}{bold}{}{}{}{}{}",
        item(0, "Stop."),
        item(0, "Drain:"),
        item(1, "slowly"),
        item(0, "Close."),
        p("Step 9: Start.")
    ));
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Heading { level: 1 }, "Belt"),
            (BlockKind::Warning { signal: Signal::Danger }, "DANGER Live & hot."),
            (BlockKind::Item { number: Some(1) }, "Stop."),
            (BlockKind::Item { number: Some(2) }, "Drain: a) slowly"),
            (BlockKind::Item { number: Some(3) }, "Close."),
            (BlockKind::Item { number: Some(9) }, "Start."),
        ]
    );
}

#[test]
fn deleted_and_hidden_words_are_left_out_and_notes_kept() {
    let d = read(
        "<w:p><w:r><w:t>45</w:t></w:r><w:del><w:r><w:delText>54</w:delText></w:r></w:del><w:ins><w:r><w:t> Nm</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:tab/><w:t>10</w:t></w:r><w:r><w:rPr><w:vertAlign w:val=\"superscript\"/></w:rPr><w:t>3</w:t></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>",
    );
    assert_eq!(kinds(&d), [(BlockKind::Paragraph, "45 Nm 10³"), (BlockKind::Paragraph, "At 20 °C.")]);
}

#[test]
fn merged_cells_are_repeated() {
    let tc = |props: &str, words: &str| format!("<w:tc><w:tcPr>{props}</w:tcPr>{}</w:tc>", p(words));
    let d = read(&format!(
        "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{}{}</w:tr><w:tr>{}{}{}</w:tr><w:tr>{}{}{}</w:tr></w:tbl>",
        tc("", "Code"),
        tc("<w:gridSpan w:val=\"2\"/>", "Pressure"),
        tc("<w:vMerge w:val=\"restart\"/>", "E1"),
        tc("", "5"),
        tc("", "9"),
        tc("<w:vMerge/>", ""),
        tc("", "6"),
        tc("", "8"),
    ));
    let BlockKind::Table { header, rows } = &d.blocks[0].kind else { panic!("{d:?}") };
    let texts = |cells: &[Cell]| cells.iter().map(|c| c.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(header), ["Code", "Pressure", "Pressure"]);
    assert_eq!(texts(&rows[0].cells), ["E1", "5", "9"]);
    assert_eq!(texts(&rows[1].cells), ["E1", "6", "8"]);
    assert_eq!(rows[1].span.of(&d.text), Some("| E1 | 6 | 8 |"));
}

#[test]
fn frames_and_text_boxes_are_read_and_pictures_kept() {
    let picture =
        "<w:p><w:r><w:drawing><wp:docPr descr=\"a valve\"/><a:blip r:embed=\"r1\"/></w:drawing></w:r></w:p>";
    let textbox = "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>";
    let frame =
        format!("<w:tbl><w:tr><w:tc>{}{}</w:tc></w:tr></w:tbl>", p("WARNING"), p("Keep clear of it."));
    let d = read(&format!("{picture}{}{textbox}{frame}", p("Figure 1: valve")));
    assert_eq!(d.figures[0].label, "Figure 1");
    assert!(matches!(&d.figures[0].image, Image::Bytes(b, "png") if b.len() == 12));
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Paragraph, "Figure 1: valve"),
            (BlockKind::Paragraph, "In a box."),
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING Keep clear of it."),
        ]
    );
}

#[test]
fn broken_and_hostile_files_are_named_or_read_in_part() {
    let reason = |bytes: &[u8]| Docx.read(bytes, "m.docx").unwrap_err().to_string();
    assert!(reason(b"PK\x03\x04").contains("damaged"));
    assert!(reason(&archive(&[("a", b"x")])).contains("no text document"));
    assert!(reason(&archive(&[("word/document.xml", b"<w:document/>")])).contains("no text"));
    let whole = docx("<w:p><w:r><w:t>kept</w:t></w:r></w:p><w:tbl><w:tr></w:body>");
    let d = Docx.read(&whole, "m.docx").unwrap();
    assert_eq!(d.blocks[0].text, "kept");
    assert_eq!(d.notes.len(), 1);
    let start = Instant::now();
    let d = read(&format!("{}{}", p("top"), "<w:tbl><w:tr><w:tc>".repeat(50_000)));
    assert!(!d.notes.is_empty());
    let d = read(&format!("{}{}", p("top"), "<w:p><w:r><w:txbxContent>".repeat(30_000)));
    assert_eq!(d.blocks[0].text, "top");
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn what_other_programs_write_is_read() {
    let d = Docx.read(fixture!("libreoffice.docx"), "m").unwrap();
    assert_eq!(d.meta["title"], "Gear pump GP-7, operator manual");
    assert!(d.blocks.iter().any(|b| b.kind == BlockKind::Warning { signal: Signal::Danger }));
    let steps: Vec<_> =
        d.blocks.iter().filter(|b| matches!(b.kind, BlockKind::Item { number: Some(_) })).collect();
    assert_eq!(steps[1].text, "Open the drain: a. slowly b. fully");
    assert_eq!(steps[2].kind, BlockKind::Item { number: Some(3) });
    assert!(d.text.contains("| F12 | Sensor broken | Replace the sensor. |"));
    let d = Docx.read(fixture!("python-docx.docx"), "m").unwrap();
    assert_eq!((d.meta["revision"].as_str(), d.meta["language"].as_str()), ("2.1", "en-GB"));
    assert_eq!(d.blocks[1].kind, BlockKind::Heading { level: 2 });
    assert!(d.text.contains("| B | 1250 kg | 4 m/min |"));
    assert!(d.text.contains("Area 10³ mm") && !d.text.contains("Unseen"));
    assert_eq!(d.figures[0].label, "Figure 2");
    assert!(matches!(d.figures[0].image, Image::Bytes(_, "png")));
}
