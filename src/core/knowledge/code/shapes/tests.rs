#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::core::knowledge::read::{BlockKind, Document, Markdown, Reader};

fn read(text: &str) -> Document {
    Markdown.read(text.as_bytes(), "m").unwrap()
}

fn learned(text: &str) -> Shapes {
    Shapes::learn(&read(text), &[])
}

/// The own codes of each row of a document's tables.
fn rows(text: &str) -> Vec<Vec<String>> {
    let document = read(text);
    let shapes = Shapes::learn(&document, &[]);
    let mut out = Vec::new();
    for block in &document.blocks {
        let BlockKind::Table { header, rows } = &block.kind else { continue };
        for row in rows {
            let fields: Vec<Field> = row
                .cells
                .iter()
                .enumerate()
                .map(|(i, cell)| Field {
                    name: header.get(i).map(|h| h.text.clone()).unwrap_or_default(),
                    value: cell.text.clone(),
                    span: cell.span,
                    role: None,
                })
                .collect();
            out.push(shapes.own_codes_of_row(&fields));
        }
    }
    out
}

fn table(headers: &[&str], cells: &[&[&str]]) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(headers.len()));
    let rows: String = cells.iter().map(|row| line(row)).collect();
    format!("\n{}{rule}{rows}\n", line(headers))
}

fn mentions(shapes: &Shapes, text: &str) -> Vec<String> {
    shapes.codes_in(text).into_iter().map(|m| m.text).collect()
}

#[test]
fn letters_alone_are_codes_where_a_column_says_so() {
    let text = table(&["Código", "Significado"], &[&["HE", "Fuga"], &["EC", "Sonda"], &["P5", "Bomba"]]);
    assert_eq!(rows(&text), [["HE"], ["EC"], ["P5"]]);
    let shapes = learned(&text);
    assert_eq!(mentions(&shapes, "El código HE aparece; P5 también. HE BOMBA"), ["HE", "P5"]);
    assert!(shapes.fits_letters("HA") && !shapes.fits_letters("ABC"));
    // Without such a column they are words.
    assert_eq!(
        rows(&table(&["Phase", "Colour"], &[&["L", "BK"], &["N", "BL"]])),
        [Vec::<String>::new(), vec![]]
    );
}

#[test]
fn identifiers_in_headings_are_codes() {
    let text = "# Flags\n\n## MAX_ENDSTOP_PRESSED (0x1)\n\na\n\n## BAD_TIMING (0x2)\n\nb\n\n## OVERSPEED (0x4)\n\nc\n\n## DRV_FAULT (0x8)\n\nd\n";
    let shapes = learned(text);
    assert_eq!(shapes.heading_codes("MAX_ENDSTOP_PRESSED (0x1)"), ["MAX_ENDSTOP_PRESSED"]);
    assert_eq!(shapes.heading_codes("OVERSPEED (0x4)"), ["OVERSPEED"]);
    assert_eq!(shapes.heading_codes("Flags"), Vec::<String>::new());
    assert_eq!(mentions(&shapes, "see DRV_FAULT and vel_limit"), ["DRV_FAULT"]);
    assert!(shapes.fits_written("NOT_THERE"));
    // Two such headings are no list.
    assert!(learned("## MAX_A\n\n## MIN_A\n").is_empty());
}

#[test]
fn settings_and_bits_take_their_sign_or_word() {
    let text = table(&["$-Code", "Setting"], &[&["130", "X"], &["2", "Y"]]);
    assert_eq!(rows(&text), [["$130"], ["$2"]]);
    assert_eq!(mentions(&learned(&text), "Set $27, not 27."), ["$27"]);
    let bits = table(&["Bit", "Description"], &[&["0", "Trap"], &["61", "Fan"], &["122", "Hot"]]);
    assert_eq!(rows(&format!("# Faults\n{bits}")), [["Bit 0"], ["Bit 61"], ["Bit 122"]]);
    assert_eq!(rows(&format!("# Registers\n{bits}")), [Vec::<String>::new(), vec![], vec![]]);
    let shapes = learned(&format!("# Faults\n{bits}"));
    assert_eq!(mentions(&shapes, "When bit 61 is set, or bit 8 mm"), ["bit 61"]);
}

#[test]
fn a_column_beside_causes_and_remedies_may_hold_the_codes() {
    let text = table(
        &["故障名称", "操作面板显示", "故障原因"],
        &[&["过流", "Err02", "短路"], &["过压", "Err05", "电压高"], &["欠压", "Err09", "停电"]],
    );
    assert_eq!(rows(&text), [["Err02"], ["Err05"], ["Err09"]]);
    let text = table(&["Display", "Cause"], &[&["E1", "a"], &["E2", "b"], &["L3", "c"]]);
    assert_eq!(rows(&text), [["E1"], ["E2"], ["L3"]]);
    // Rows that are only counted, and sizes, are none.
    let text = table(
        &["No.", "Thread", "Torque"],
        &[&["1", "M16", "210"], &["2", "M20", "410"], &["3", "M24", "700"]],
    );
    assert!(rows(&text).iter().all(Vec::is_empty));
}

#[test]
fn pairs_terminals_and_part_numbers_are_learned() {
    let text = table(&["Parameter", "Name"], &[&["P9-64", "Load"], &["P0-28", "Card"]]);
    assert_eq!(rows(&text), [["P9-64"], ["P0-28"]]);
    let shapes = learned(&text);
    assert_eq!(mentions(&shapes, "less than P9-65, see P9 and 9-65"), ["P9-65"]);
    assert!(shapes.fits("P999") && !shapes.pads("P") && shapes.pads("E"));
    let text = table(&["Terminal", "Signal"], &[&["X1:5", "24 V"], &["X1:6", "0 V"]]);
    assert_eq!(rows(&text), [["X1:5"], ["X1:6"]]);
}

#[test]
fn headings_of_one_shape_are_learned_and_chapters_are_not() {
    let text = "# Alarms\n\n## E1 – Door\n\nSee E2.\n\n## E2 – Belt\n\nx\n\n## E3 – Oil\n\ny\n";
    let shapes = learned(text);
    assert_eq!(shapes.heading_codes("E2 – Belt"), ["E2"]);
    assert_eq!(mentions(&shapes, "As E3, or A4 paper."), ["E3"]);
    let shapes = learned("## A1 Scope\n\n## A2 Tools\n\n## A3 Parts\n");
    assert!(shapes.is_empty(), "{shapes:?}");
    let shapes = learned("## Door open – E15\n\n## Belt slack – E16\n\n## Oil low – E17\n");
    assert_eq!(shapes.heading_codes("Belt slack – E16"), ["E16"]);
    let shapes = learned("## Alarm 1803: Low\n\nx\n");
    assert!(shapes.has_word(Class::Alarm));
    assert_eq!(shapes.heading_codes("Alarm 1803: Low"), ["Alarm 1803"]);
}

#[test]
fn a_table_may_list_two_codes_a_row_and_go_on_over_lines() {
    let text = table(
        &["Code", "Text", "Code", "Text"],
        &[&["E1", "a", "E5", "b"], &["E2", "c", "HE", "d"], &["E3", "e", "", ""]],
    );
    assert_eq!(rows(&text), [vec!["E1", "E5"], vec!["E2", "HE"], vec!["E3"]]);
    let text = table(
        &["Código", "Causa"],
        &[&["HE", "a"], &["Motor dañado", "b"], &["Cable suelto", "c"], &["EC", "d"], &["Placa rota", "e"]],
    );
    assert_eq!(rows(&text), [vec!["HE"], vec![], vec![], vec!["EC"], vec![]]);
}

#[test]
fn headings_about_models_are_no_codes() {
    let text = "## HPU-60 setup\n\n## HPU-75 setup\n\n## HPU-80 setup\n";
    assert!(Shapes::learn(&read(text), &["HPU60".into()]).is_empty());
    assert!(!learned(text).is_empty());
}

#[test]
fn sizes_are_codes_only_where_they_are_listed() {
    let listed = learned("+++\ncodes = [\"M5\", \"M16\"]\n+++\n# Spindle\n");
    assert_eq!(mentions(&listed, "Use M16 then M5."), ["M16", "M5"]);
    assert!(mentions(&Shapes::default(), "Use M16 then M5.").is_empty());
}

#[test]
fn shapes_of_documents_add_up_and_survive_being_stored() {
    let mut all = learned(&table(&["Code", "x"], &[&["E203", "a"], &["HE", "b"]]));
    all.merge(&learned("## Alarm 9: a\n"));
    assert!(all.fits("E999") && all.fits_letters("HE") && all.has_word(Class::Alarm));
    let stored = serde_json::to_string(&all).unwrap();
    let mut read: Shapes = serde_json::from_str(&stored).unwrap();
    read.columns = all.columns.clone();
    assert_eq!(read, all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_document_is_learned_from_without_harm(
        lines in proptest::collection::vec("(#{1,3} |\\| |\\|---\\|---\\||- )?[A-Z0-9_$|. \\-a-zé故障码]{0,16}", 0..24),
        text in "\\PC{0,60}",
    ) {
        if let Ok(document) = Markdown.read(lines.join("\n").as_bytes(), "m") {
            let shapes = Shapes::learn(&document, &[]);
            for text in [text.as_str(), document.text.as_str()] {
                for m in shapes.codes_in(text) {
                    prop_assert_eq!(m.span.of(text), Some(m.text.as_str()));
                }
            }
            for block in &document.blocks {
                let _ = shapes.heading_codes(&block.text);
            }
        }
    }
}
