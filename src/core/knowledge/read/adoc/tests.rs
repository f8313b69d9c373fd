#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn read(text: &str) -> Document {
    AsciiDoc.read(text.as_bytes(), "m.adoc").unwrap()
}

fn kinds(d: &Document) -> Vec<(BlockKind, &str)> {
    d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect()
}

fn tables(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let d = read(text);
    let found = d.blocks.iter().find_map(|b| match &b.kind {
        BlockKind::Table { header, rows } => Some((header.clone(), rows.clone())),
        _ => None,
    });
    let (header, rows) = found.unwrap_or_else(|| panic!("{:?}", d.blocks));
    for row in &rows {
        for cell in &row.cells {
            assert!(cell.span.of(&d.text).is_some());
        }
    }
    let texts = |cells: &[crate::core::knowledge::read::Cell]| cells.iter().map(|c| c.text.clone()).collect();
    (texts(&header), rows.iter().map(|r| texts(&r.cells)).collect())
}

#[test]
fn the_head_says_what_the_document_is() {
    let d = read(
        "// remark\n= Pump manual\nAda Lovelace <a@b.c>\nv2.1, 2026-01-02\n:lang: en\n:product: HP-20\n\nThe {product}.\n",
    );
    assert_eq!(d.meta["revision"], "2.1");
    assert_eq!(d.meta["valid_from"], "2026-01-02");
    assert_eq!(d.meta["author"], "Ada Lovelace");
    assert_eq!(d.meta["language"], "en");
    assert_eq!(
        kinds(&d),
        [(BlockKind::Heading { level: 1 }, "Pump manual"), (BlockKind::Paragraph, "The HP-20.")]
    );
}

#[test]
fn headings_of_both_kinds_and_paragraphs() {
    let d = read("== Belt\n\nText\nmore.\n[[anchor]]\n=== Tension\n\nOil level\n~~~~~~~~~\n\nx\n");
    let heading = |level| BlockKind::Heading { level };
    assert_eq!(
        kinds(&d),
        [
            (heading(2), "Belt"),
            (BlockKind::Paragraph, "Text more."),
            (heading(3), "Tension"),
            (heading(3), "Oil level"),
            (BlockKind::Paragraph, "x"),
        ]
    );
}

#[test]
fn admonitions_are_warnings_and_notes_are_words() {
    let d = read(
        "WARNING: Hot *oil*.\n\n[CAUTION]\n====\nSharp.\n\nEdges.\n====\n\n[WARNING]\nLive\nparts.\n\nNOTE: Use EP2.\n\n.Read\n[IMPORTANT]\n====\nFirst.\n====\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING: Hot oil."),
            (BlockKind::Warning { signal: Signal::Caution }, "CAUTION: Sharp. Edges."),
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING: Live parts."),
            (BlockKind::Paragraph, "Use EP2."),
            (BlockKind::Paragraph, "Read"),
            (BlockKind::Paragraph, "First."),
        ]
    );
}

#[test]
fn tables_have_cells_on_one_line_or_several() {
    let (header, rows) =
        tables("[options=\"header\"]\n|===\n|Code | Cause\n|E1 | low \\| none\n| E2\n| hot\noil\n|===\n");
    assert_eq!(header, ["Code", "Cause"]);
    assert_eq!(rows[0][0], "E1");
    assert_eq!(rows[1], ["E2", "hot oil"]);
    let (header, rows) = tables("[cols=\"1,1,2a\"]\n|===\n|A |B |C\n\n|1\n|2\n|3\n.2+|4 2+|5\n|6 |7\n|===\n");
    assert_eq!(header, ["A", "B", "C"]);
    assert_eq!(rows, [["1", "2", "3"], ["4", "5", "5"], ["4", "6", "7"]]);
    let (header, rows) = tables("|===\nh|Speed 1: | 0    h| PWM 1: | 0\n>| -10 >s| -9.93 | a | b\n|===\n");
    assert!(header.is_empty());
    assert_eq!(rows, [["Speed 1:", "0", "PWM 1:", "0"], ["-10", "-9.93", "a", "b"]]);
    let (header, rows) = tables("[%header,format=csv]\n|===\nCode,Cause\nE1,\"low, oil\"\n|===\n");
    assert_eq!(header, ["Code", "Cause"]);
    assert_eq!(rows, [["E1", "low, oil"]]);
    assert_eq!(tables("|===\n3*|x\n|a |b |c\n|===\n").1, [["x", "x", "x"], ["a", "b", "c"]]);
}

#[test]
fn lists_keep_numbers_and_what_is_nested() {
    let d = read(
        ". Stop.\n+\nWARNING: Hot.\n\n. Drain:\n** slowly\n** fully\n\n.. at night\n. Close.\n\nText.\n\n3. Third\n4. Fourth\n\nMore.\n\n* loose\n  end\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING: Hot."),
            (BlockKind::Item { number: Some(1) }, "Stop."),
            (BlockKind::Item { number: Some(2) }, "Drain: slowly fully at night"),
            (BlockKind::Item { number: Some(3) }, "Close."),
            (BlockKind::Paragraph, "Text."),
            (BlockKind::Item { number: Some(3) }, "Third"),
            (BlockKind::Item { number: Some(4) }, "Fourth"),
            (BlockKind::Paragraph, "More."),
            (BlockKind::Item { number: None }, "loose end"),
        ]
    );
}

#[test]
fn described_terms_are_entries() {
    let d = read("E203:: Oil level low.\nE204::\n  Oil hot.\n\nE205::\n\nNo oil.\n\nText.\n");
    let texts: Vec<_> = d.blocks.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(texts, ["E203: Oil level low.", "E204: Oil hot.", "E205: No oil.", "Text."]);
}

#[test]
fn blocks_comments_and_pictures() {
    let d = read(
        "----\na | b\n----\n\n////\nnot\nthis\n////\n\n.Figure 3: valve\nimage::img/v.png[A valve,200]\n\n  set as it stands\n\ninclude::x.adoc[]\n\n****\nAside.\n****\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Code, "a | b"),
            (BlockKind::Paragraph, "Figure 3: valve"),
            (BlockKind::Code, "set as it stands"),
            (BlockKind::Paragraph, "Aside."),
        ]
    );
    assert_eq!(d.figures[0].label, "Figure 3");
    assert_eq!(d.figures[0].image, Image::Beside("img/v.png".to_owned()));
    assert_eq!(d.notes.len(), 1);
}
