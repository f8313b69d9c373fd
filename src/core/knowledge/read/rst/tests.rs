#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::core::knowledge::passage::Signal;
use crate::core::knowledge::read::Image;

fn read(text: &str) -> Document {
    ReStructuredText.read(text.as_bytes(), "m.rst").unwrap()
}

fn kinds(d: &Document) -> Vec<(BlockKind, &str)> {
    d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect()
}

fn table(d: &Document) -> (Vec<&str>, Vec<Vec<&str>>) {
    let found = d.blocks.iter().find_map(|b| match &b.kind {
        BlockKind::Table { header, rows } => Some((header, rows)),
        _ => None,
    });
    let (header, rows) = found.unwrap_or_else(|| panic!("{:?}", d.blocks));
    (
        header.iter().map(|c| c.text.as_str()).collect(),
        rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect(),
    )
}

#[test]
fn sections_have_levels_by_first_use() {
    let d = read("=====\nPump\n=====\n\nBelt\n====\n\nTension\n-------\n\nText\nmore.\n\nOil\n===\n");
    let heading = |level| BlockKind::Heading { level };
    assert_eq!(
        kinds(&d),
        [
            (heading(1), "Pump"),
            (heading(2), "Belt"),
            (heading(3), "Tension"),
            (BlockKind::Paragraph, "Text more."),
            (heading(2), "Oil"),
        ]
    );
}

#[test]
fn grid_tables_keep_cells_of_several_lines_and_rows() {
    let d = read(
        "+------+-----------+\n| Code | Cause     |\n+======+===========+\n| E1   | | low     |\n|      | | oil     |\n+------+-----------+\n| E2   | a | b     |\n|      +-----------+\n|      | second    |\n+------+-----------+\n",
    );
    let (header, rows) = table(&d);
    assert_eq!(header, ["Code", "Cause"]);
    assert_eq!(rows, [["E1", "low oil"], ["E2", "a | b"], ["E2", "second"]]);
    let BlockKind::Table { rows, .. } = &d.blocks[0].kind else { panic!() };
    assert_eq!(rows[0].cells[0].span.of(&d.text), Some("E1"));
}

#[test]
fn wide_letters_take_two_columns() {
    let d = read(
        "+--------+------+\n| 油位   | 低   |\n+--------+------+\n| 压力   | 5 MPa|\n+--------+------+\n",
    );
    assert_eq!(table(&d).1, [["油位", "低"], ["压力", "5 MPa"]]);
}

#[test]
fn simple_tables_join_continued_lines() {
    let d = read(
        "====  =========\nCode  Meaning\n====  =========\nE1    low\n      oil\nE2    hot\n====  =========\n\nText.\n",
    );
    let (header, rows) = table(&d);
    assert_eq!(header, ["Code", "Meaning"]);
    assert_eq!(rows, [["E1", "low oil"], ["E2", "hot"]]);
    assert_eq!(d.blocks[1].text, "Text.");
}

#[test]
fn listed_tables_and_csv_tables_are_rows() {
    let d = read(
        ".. list-table:: Faults\n   :header-rows: 1\n   :widths: 10 90\n\n   * - Code\n     - Cause\n   * - ``E1``\n     - low oil,\n       or none\n   * - E2\n     -\n",
    );
    assert_eq!(d.blocks[0].text, "Faults");
    let (header, rows) = table(&d);
    assert_eq!(header, ["Code", "Cause"]);
    assert_eq!(rows, [["E1", "low oil, or none"], ["E2", ""]]);
    let d =
        read(".. csv-table::\n   :header: \"Code\", \"Cause, short\"\n\n   E1, \"low, oil\"\n   E2, hot\n");
    let (header, rows) = table(&d);
    assert_eq!(header, ["Code", "Cause, short"]);
    assert_eq!(rows, [["E1", "low, oil"], ["E2", "hot"]]);
    let BlockKind::Table { rows, .. } = &d.blocks[0].kind else { panic!() };
    assert_eq!(rows[0].cells[1].span.of(&d.text), Some("low, oil"));
}

#[test]
fn admonitions_are_warnings_and_notes_are_words() {
    let d = read(
        ".. warning:: Hot **oil**.\n\n   Wait 5 min.\n\n.. DANGER::\n   Live parts.\n\n.. note::\n\n   Use ``EP2``.\n\n.. admonition:: Read first\n   :class: caution\n\n   Sharp edges.\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING: Hot oil. Wait 5 min."),
            (BlockKind::Warning { signal: Signal::Danger }, "DANGER: Live parts."),
            (BlockKind::Paragraph, "Use EP2."),
            (BlockKind::Warning { signal: Signal::Caution }, "CAUTION: Read first Sharp edges."),
        ]
    );
}

#[test]
fn steps_and_bullets_keep_what_is_nested_in_them() {
    let d = read(
        "1. Stop the pump.\n\n   .. warning:: Hot.\n\n2. Drain:\n\n   * slowly\n   * fully\n\n#. Close.\n\n* loose\n  end\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Warning { signal: Signal::Warning }, "WARNING: Hot."),
            (BlockKind::Item { number: Some(1) }, "Stop the pump."),
            (BlockKind::Item { number: Some(2) }, "Drain: slowly fully"),
            (BlockKind::Item { number: Some(3) }, "Close."),
            (BlockKind::Item { number: None }, "loose end"),
        ]
    );
    assert_eq!(d.blocks[2].span.of(&d.text), Some("2. Drain:\n\n   * slowly\n   * fully"));
}

#[test]
fn definitions_fields_and_line_blocks_are_entries() {
    let d = read(
        "Title\n=====\n\n:Version: 3.2\n:Author: A. B.\n\nE203\n  Oil level low.\n\n  Fill up.\n\n:Torque: 45 Nm\n\n| line one\n| line two\n",
    );
    assert_eq!(d.meta["revision"], "3.2");
    assert_eq!(
        kinds(&d)[1..],
        [
            (BlockKind::Paragraph, "E203: Oil level low. Fill up."),
            (BlockKind::Paragraph, "Torque: 45 Nm"),
            (BlockKind::Paragraph, "line one line two"),
        ]
    );
}

#[test]
fn literals_comments_targets_and_pictures() {
    let d = read(
        ".. _pump:\n.. a comment\n   goes on\n\nRun::\n\n    a | b\n\n    c\n\n.. figure:: img/v.png\n   :alt: valve\n\n   Figure 2: the *valve*\n\n.. |x| image:: y.png\n\n.. toctree::\n   a\n\nEnd ``::``\n",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Paragraph, "Run:"),
            (BlockKind::Code, "a | b c"),
            (BlockKind::Paragraph, "Figure 2: the valve"),
            (BlockKind::Paragraph, "End ::"),
        ]
    );
    assert_eq!(d.figures.len(), 2);
    assert_eq!(d.figures[0].image, Image::Beside("img/v.png".to_owned()));
    assert_eq!(d.figures[0].label, "Figure 2");
}

#[test]
fn broken_drawings_and_deep_nesting_are_kept_as_text() {
    let d = read("+---+---+\n| a | b |\n+-------\n");
    assert!(d.blocks.iter().any(|b| b.text.contains('a')), "{:?}", d.blocks);
    let deep: String = (0..400).map(|i| format!("{}* x\n", "  ".repeat(i))).collect();
    assert!(!read(&deep).blocks.is_empty());
}

#[test]
fn cells_of_several_csv_lines_keep_their_place() {
    // Found by fuzzing: a line that ends in wide white space.
    let d = read(".. csv-table::\n\n   a,\"b\u{3000}\n\u{3000}\"\n");
    let BlockKind::Table { rows, .. } = &d.blocks[0].kind else { panic!("{:?}", d.blocks) };
    assert_eq!(rows[0].cells[1].span.of(&d.text), Some("b"));
}
