#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::core::knowledge::read::BlockKind;
use crate::core::knowledge::read::package::tests::archive;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/", $name))
    };
}

/// A workbook of one sheet with these cells.
fn workbook(name: &str, data: &str, more: &str) -> Vec<u8> {
    let book = format!(
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"{name}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{data}</sheetData>{more}</worksheet>"
    );
    let rels = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
    let root = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
    archive(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn row(number: u32, cells: &[(&str, &str)]) -> String {
    let cells: String = cells
        .iter()
        .map(|(column, text)| match text.parse::<f64>() {
            Ok(_) => format!("<c r=\"{column}{number}\"><v>{text}</v></c>"),
            Err(_) => format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        })
        .collect();
    format!("<row r=\"{number}\">{cells}</row>")
}

fn tables(d: &Document) -> Vec<(Vec<&str>, Vec<Vec<&str>>)> {
    let tables = d.blocks.iter().filter_map(|b| match &b.kind {
        BlockKind::Table { header, rows } => Some((header, rows)),
        _ => None,
    });
    tables
        .map(|(header, rows)| {
            (
                header.iter().map(|c| c.text.as_str()).collect(),
                rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect(),
            )
        })
        .collect()
}

#[test]
fn a_sheet_is_a_section_of_records() {
    let data = [
        row(1, &[("A", "Fault list")]),
        row(3, &[("A", "Code"), ("B", "Pressure"), ("C", "Remedy")]),
        row(4, &[("A", "E1"), ("B", "12.5"), ("C", "Fill")]),
        row(5, &[("A", "E2"), ("C", "Wait")]),
    ]
    .concat();
    let more = "<mergeCells><mergeCell ref=\"A1:C1\"/><mergeCell ref=\"B4:B5\"/></mergeCells>";
    let d = Workbook.read(&workbook("Faults", &data, more), "m.xlsx").unwrap();
    assert_eq!(d.blocks[0].kind, BlockKind::Heading { level: 1 });
    assert_eq!(d.blocks[1].text, "Fault list");
    let (header, rows) = &tables(&d)[0];
    assert_eq!(header, &["Code", "Pressure", "Remedy"]);
    assert_eq!(rows, &[["E1", "12.5", "Fill"], ["E2", "12.5", "Wait"]]);
}

#[test]
fn tables_below_each_other_keep_their_headers() {
    let data = [
        row(1, &[("A", "Code"), ("B", "Cause")]),
        row(2, &[("A", "E1"), ("B", "low")]),
        row(5, &[("A", "Bolt"), ("B", "Torque")]),
        row(6, &[("A", "M16"), ("B", "210")]),
    ]
    .concat();
    let d = Workbook.read(&workbook("Sheet1", &data, ""), "m.xlsx").unwrap();
    let found = tables(&d);
    assert_eq!(found.len(), 2, "{:?}", d.blocks);
    assert_eq!(found[1], (vec!["Bolt", "Torque"], vec![vec!["M16", "210"]]));
}

#[test]
fn far_corners_cost_nothing_and_bad_files_are_named() {
    let data = [row(1, &[("A", "Code"), ("B", "x y")]), row(1_048_576, &[("XFD", "E1 far")])].concat();
    let d = Workbook
        .read(&workbook("S", &data, "<mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>"), "m")
        .unwrap();
    assert!(d.text.len() < 4096);
    let reason = |bytes: &[u8]| Workbook.read(bytes, "m.xlsx").unwrap_err().to_string();
    assert!(reason(b"hello").contains("not an office file"));
    assert!(reason(&archive(&[("a", b"x")])).contains("not a workbook"));
    assert!(reason(&workbook("S", "", "")).contains("no sheet"));
    let zeros = vec![b' '; 8 << 20];
    assert!(reason(&archive(&[("xl/sharedStrings.xml", &zeros)])).contains("zip bomb"));
}

#[test]
fn what_other_programs_write_is_read() {
    let d = Workbook.read(fixture!("openpyxl.xlsx"), "m").unwrap();
    assert_eq!(d.blocks[1].text, "Torque table GP-7");
    let (header, rows) = &tables(&d)[0];
    assert_eq!(header, &["Bolt", "Torque", "Share"]);
    assert_eq!(rows[1], ["M10", "49.5 Nm", "55%"]);
    assert_eq!(rows[3], ["checked", "2026-01-02", ""]);
    assert!(d.notes[0].contains("hidden sheet \"Old\""));
    let d = Workbook.read(fixture!("libreoffice.xlsx"), "m").unwrap();
    assert_eq!(tables(&d)[0].1, [["F12", "Oil level low", "20%"], ["F13", "Oil hot", "80.5"]]);
}
