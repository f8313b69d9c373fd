#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::rows::{Accept, cell_codes};
use super::*;
use crate::core::knowledge::passage::Field;

fn normals(text: &str) -> Vec<String> {
    codes_in(text).into_iter().map(|m| m.normal).collect()
}

#[test]
fn codes_are_found_in_all_their_shapes() {
    assert_eq!(
        normals("E203, F-37; ALARM:9 and 0x2310 (P0A80)"),
        ["E203", "F37", "ALARM9", "0X2310", "P0A80"]
    );
    assert_eq!(normals("fault F 37 and alarm 1803"), ["F37", "ALARM1803"]);
    assert_eq!(normals("see error F3."), ["F3"]);
}

#[test]
fn sizes_quantities_and_standards_are_none() {
    for text in [
        "M16 bolts",
        "M16x60",
        "24V",
        "24 V",
        "400 V",
        "50Hz",
        "IP65",
        "ISO 4413",
        "EN-1037",
        "SAE J1939",
        "45 Nm",
        "V2.1",
        "warning 24 V",
        "L1",
        "2026-01-02",
        "ISO VG 46",
        "PJ-40-2",
        "fault after 10 minutes",
    ] {
        assert_eq!(normals(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_row_owns_the_codes_of_its_code_cell() {
    let field = |name: &str, value: &str| Field {
        name: name.into(),
        value: value.into(),
        span: Span { start: 0, end: 0 },
        role: None,
    };
    assert_eq!(own_codes_of_row(&[field("Code", "E203 / E204"), field("Meaning", "Oil")]), ["E203", "E204"]);
    assert_eq!(own_codes_of_row(&[field("Alarm", "9"), field("Meaning", "Door")]), ["Alarm 9"]);
    assert_eq!(own_codes_of_row(&[field("No.", "1"), field("Code", "F3")]), ["F3"]);
    assert_eq!(own_codes_of_row(&[field("ID", "9"), field("Alarm description", "Door")]), ["Alarm 9"]);
    assert_eq!(own_codes_of_row(&[field("No.", "9"), field("Part", "Seal")]), Vec::<String>::new());
    assert_eq!(own_codes_of_row(&[field("", "F-37")]), ["F-37"]);
    for (name, value) in
        [("Thread", "M16"), ("Torque", "45"), ("Part", "Pump"), ("Voltage", "24 V"), ("Alarm", "Motor hot")]
    {
        assert_eq!(own_codes_of_row(&[field(name, value)]), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn headings_and_entries_name_their_code() {
    assert_eq!(leading_code("E203 Oil level low").unwrap().normal, "E203");
    assert_eq!(leading_code("Alarm 9 – door open").unwrap().normal, "ALARM9");
    assert_eq!(leading_code("Fault code F-37").unwrap().normal, "F37");
    assert_eq!(leading_code("After E203"), None);
    assert_eq!(defined_code("E203: oil level low").unwrap().normal, "E203");
    assert_eq!(defined_code("E203 is shown when"), None);
    assert_eq!(defined_code("M42 – set a pin").unwrap().normal, "M42");
    assert_eq!(defined_code("M16 bolts"), None);
    assert_eq!(heading_codes("Oil level low (E203, E204)", false), ["E203", "E204"]);
    assert_eq!(heading_codes("Stuck (13101, 31101)", false), Vec::<String>::new());
    assert_eq!(heading_codes("Stuck (13101, 31101)", true), ["13101", "31101"]);
    assert_eq!(heading_codes("2680: fuel low", true), ["2680"]);
    assert_eq!(heading_codes("8 Faults", true), Vec::<String>::new());
    assert!(heads_by_number(["100 a", "101 b", "102 c"].into_iter()));
    assert!(!heads_by_number(["100 a", "8 b", "E102 c"].into_iter()));
    assert_eq!(stated_codes("[ M10, M11 ]"), ["M10", "M11"]);
}

#[test]
fn codes_are_found_in_spanish_and_chinese_text() {
    assert_eq!(normals("El fallo 12 y la alarma E15; véase avería 3."), ["FALLO12", "E15", "AVERIA3"]);
    assert_eq!(normals("变频器报ERR30或Err07，故障代码15"), ["ERR30", "ERR07", "故障代码15"]);
    assert_eq!(normals("故障2次后停机"), Vec::<String>::new());
    assert_eq!(normals("fallo 10 minutos"), Vec::<String>::new());
}

#[test]
fn rows_are_read_under_spanish_and_chinese_headers() {
    let own = |name: &str, value: &str| {
        let span = Span { start: 0, end: 0 };
        let row = [(name, value), ("x", "text")].map(|(name, value)| Field {
            name: name.into(),
            value: value.into(),
            span,
            role: None,
        });
        own_codes_of_row(&row)
    };
    assert_eq!(own("Código de error", "14"), ["error 14"]);
    assert_eq!(own("Fallos", "9"), ["Fallo 9"]);
    assert_eq!(own("故障代码", "Err01"), ["Err01"]);
    assert_eq!(own("报警", "12"), ["报警 12"]);
    assert_eq!(own("$-Code", "130"), ["$130"]);
    for amount in
        ["Par de apriete", "Fault current (A)", "Alarm limit", "Error (%)", "报警值", "Tiempo de fallo"]
    {
        assert_eq!(own(amount, "45"), Vec::<String>::new(), "{amount}");
    }
}

#[test]
fn the_canonical_form_has_no_accents_and_keeps_the_dollar() {
    assert_eq!(normalise("Avería 9"), "AVERIA9");
    assert_eq!(normalise("$130"), "$130");
    assert_eq!(normalise("Ｅ２０３"), "E203");
    assert_eq!(normalise("US$"), "US");
    assert!(is_same("M042", "M42") && is_same("ERR7", "ERR07") && !is_same("M42", "M420"));
    assert!(!is_same("HE", "HA"));
}

proptest! {
    #[test]
    fn any_text_is_searched_without_harm(text in "[ -~°–ΩE0-9:\\-]{0,60}") {
        for m in codes_in(&text) {
            prop_assert_eq!(m.span.of(&text), Some(m.text.as_str()));
        }
        let _ = (leading_code(&text), defined_code(&text), cell_codes(&text, Accept::HEADED));
    }
}
