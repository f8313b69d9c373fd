#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

const CODES: [&str; 6] = ["E203", "F37", "ALARM9", "1803", "0X2310", "E15"];
const TEXT: [&str; 2] = ["PJ40", "WD40"];

fn codes(question: &str) -> (Vec<String>, Vec<String>) {
    let found = query_codes(question, &|c| CODES.contains(&c), &|c| TEXT.contains(&c));
    (found.known, found.unknown)
}

#[test]
fn a_known_code_is_found_however_it_is_written_or_said() {
    for question in [
        "What does E203 mean?",
        "e203",
        "E-203",
        "E 203 on the pump",
        "e-2-0-3",
        "alarm e two oh three please",
        "E two hundred and three",
        "echo two zero three",
    ] {
        assert_eq!(codes(question), (vec!["E203".into()], vec![]), "{question}");
    }
    assert_eq!(codes("fault f thirty seven").0, ["F37"]);
    assert_eq!(codes("fault 37").0, ["F37"]);
    assert_eq!(codes("grbl alarm nine what happened").0, ["ALARM9"]);
    assert_eq!(codes("error code nine").0, ["ALARM9"]);
    assert_eq!(codes("alarm one eight zero three").0, ["1803"]);
    assert_eq!(codes("what is 1803 on the generator").0, ["1803"]);
    assert_eq!(codes("fault 0x2310").0, ["0X2310"]);
    assert_eq!(codes("error e fifteen").0, ["E15"]);
}

#[test]
fn an_unknown_code_is_named() {
    assert_eq!(codes("What does E999 mean?"), (vec![], vec!["E999".into()]));
    assert_eq!(codes("error e nine nine nine").1, ["E999"]);
    assert_eq!(codes("alarm 9999").1, ["ALARM 9999"]);
    assert_eq!(codes("alarm code nine nine nine nine").1, ["ALARM 9999"]);
    assert_eq!(codes("fault F4").1, ["F4"]);
    assert_eq!(codes("Does the HPU-75 have it?").1, ["HPU75"]);
}

#[test]
fn sizes_quantities_standards_and_models_are_no_codes() {
    for question in [
        "torque for M16 bolts",
        "M16x60",
        "M 16",
        "an m sixteen bolt",
        "24V supply",
        "400 V",
        "at 50Hz",
        "is it IP65?",
        "ISO 4413",
        "iso vg 46",
        "45 Nm",
        "the PJ-40",
        "p j forty",
        "use WD40",
        "a 12 mm bolt",
        "after 10 minutes",
        "warning 24 V",
        "is there a twenty bar limit",
        "what's 24 plus 3",
        "the 12 bolts",
        "3 x 50",
        "what torque in N m for the 20 bolts",
        "I 12",
        "",
    ] {
        assert_eq!(codes(question), (vec![], vec![]), "{question}");
    }
}

#[test]
fn spoken_candidates_are_the_known_ones() {
    assert_eq!(spoken_candidates("fault f thirty seven", &|c| c == "F37"), ["F37"]);
    assert!(spoken_candidates("fault f thirty eight", &|c| c == "F37").is_empty());
}

proptest! {
    #[test]
    fn any_question_is_read_without_harm(question in "\\PC{0,80}") {
        let found = query_codes(&question, &|c| c.len() % 2 == 0, &|_| false);
        for span in found.spans {
            prop_assert!(span.of(&question).is_some());
        }
    }
}

/// A machine tool's index: settings, error numbers, M- and G-codes, bits, letters, names.
fn tool() -> Shapes {
    let text = "\
        ## Codes\n\n| Code | Meaning |\n|---|---|\n| M305 | a |\n| M42 | b |\n| G60 | c |\n| G5 | d |\n| HE | e |\n| EC | f |\n\n\
        ## Settings\n\n| $-Code | Setting |\n|---|---|\n| 130 | X travel |\n| 2 | Invert |\n\n\
        ## Error list\n\n| Error | Text |\n|---|---|\n| 1 | a |\n| 15 | b |\n| 36 | c |\n\n\
        ## Faults\n\n| Bit | Fault |\n|---|---|\n| 0 | a |\n| 61 | b |\n| 122 | c |\n\n\
        ## Flags\n\n### MAX_ENDSTOP_PRESSED\n\n### INVALID_STATE\n\n### OVERSPEED\n\n### DC_BUS_OVER_CURRENT\n\n\
        ## Parameters\n\n| Parameter | Name |\n|---|---|\n| P9-64 | load |\n| P0-28 | card |\n";
    let document = crate::core::knowledge::read::Reader::read(
        &crate::core::knowledge::read::Markdown,
        text.as_bytes(),
        "m",
    );
    document.map(|d| Shapes::learn(&d, &[])).unwrap_or_default()
}

const TOOL: [&str; 23] = [
    "DRVFAULT",
    "ERRORDRVFAULT",
    "ERRORDRVLOST",
    "M305",
    "M42",
    "G60",
    "G5",
    "HE",
    "EC",
    "$130",
    "$2",
    "ERROR1",
    "ERROR15",
    "ERROR36",
    "BIT0",
    "BIT61",
    "BIT122",
    "MAXENDSTOPPRESSED",
    "INVALIDSTATE",
    "OVERSPEED",
    "DCBUSOVERCURRENT",
    "P964",
    "P028",
];

fn ask(question: &str, spoken: bool) -> QueryCodes {
    let lookup = Lookup {
        known: &|c| TOOL.contains(&c),
        in_text: &|c| ["SK600", "V11"].contains(&c),
        shapes: &tool(),
        spoken,
    };
    codes_asked(question, &lookup)
}

fn known(question: &str) -> Vec<String> {
    let found = ask(question, false);
    assert_eq!(found.unknown, Vec::<String>::new(), "{question}");
    found.known
}

fn unknown(question: &str) -> Vec<String> {
    let found = ask(question, false);
    assert_eq!(found.known, Vec::<String>::new(), "{question}");
    found.unknown
}

#[test]
fn a_code_is_found_however_it_is_said() {
    for (code, questions) in [
        (
            "M305",
            &[
                "what does M305 do",
                "what does m three oh five do",
                "m three hundred and five",
                "mike three zero five",
                "qué hace eme tres cero cinco",
                "eme trescientos cinco",
                "M三零五是什么",
                "m三百零五",
            ][..],
        ),
        ("M42", &["M042", "m forty two", "eme cuarenta y dos", "what is m 42 for", "m uh four two"]),
        (
            "$130",
            &[
                "what is $130",
                "setting dollar one three zero",
                "setting 130",
                "parámetro 130",
                "dollar one hundred thirty",
            ],
        ),
        (
            "ERROR15",
            &[
                "grbl error 15",
                "error:15",
                "error one five",
                "código de error quince",
                "错误15",
                "报错一五",
                "错误代码十五",
                "error number fifteen",
                "故障代码15",
                "error n.º 15",
                "error nº 15",
            ],
        ),
        (
            "BIT61",
            &["fault bit 61", "fault bit six one", "bit sixty one", "fallo bit sesenta y uno", "故障位61"],
        ),
        (
            "MAXENDSTOPPRESSED",
            &["MAX_ENDSTOP_PRESSED?", "the error max endstop pressed", "max end stop pressed what now"],
        ),
        ("DRVFAULT", &["error drv fault what now", "DRV_FAULT"]),
        ("ERRORDRVLOST", &["error drv lost"]),
        ("OVERSPEED", &["it reports OVERSPEED", "error overspeed"]),
        ("DCBUSOVERCURRENT", &["error dc bus over current", "d c bus overcurrent"]),
        ("HE", &["código HE", "codigo h e en el equipo", "código hache e", "muestra HE", "故障代码HE"]),
        ("EC", &["qué es el código e c", "fault code EC"]),
        ("P964", &["P9-64", "parameter p nine sixty four", "p nine dash six four", "参数P9-64"]),
    ] {
        for question in questions {
            assert_eq!(known(question), [code], "{question}");
        }
    }
}

#[test]
fn a_code_that_no_manual_has_is_unknown_in_every_language() {
    for (question, code) in [
        ("what does g four seven do", "G47"),
        ("what does M888 do", "M888"),
        ("eme siete siete siete", "M777"),
        ("fault bit 300", "BIT 300"),
        ("fallo bit trescientos", "BIT 300"),
        ("error four one", "ERROR 41"),
        ("qué es el error cuarenta y uno", "ERROR 41"),
        ("错误八一怎么处理", "ERROR 81"),
        ("报错八一怎么处理", "ERROR 81"),
        ("故障代码99", "FAULT 99"),
        ("is setting $77 safe", "$77"),
        ("error nine", "ERROR 9"),
        ("HZ9?", "HZ9"),
        ("código h z", "HZ"),
        ("código HZ", "HZ"),
        ("PHASE_SEQUENCE_REVERSED what is it", "PHASESEQUENCEREVERSED"),
        ("P9-99", "P999"),
        ("2310故障代码是什么", "FAULT 2310"),
    ] {
        let found = unknown(question);
        assert!(found == [code] || found == ["2310"] && code == "FAULT 2310", "{question}: {found:?}");
    }
}

#[test]
fn what_is_no_code_names_none() {
    for question in [
        "torque for the M16 bolts",
        "par de apriete de los tornillos M16",
        "M16螺栓的扭矩是多少",
        "24 V supply",
        "24V",
        "at 50 Hz",
        "after 10 minutes",
        "cada 500 horas",
        "每500小时",
        "三相电机的电压是380V吗",
        "报警一直响怎么办",
        "故障一次以后",
        "in 2026",
        "IP65",
        "ISO 4413",
        "alarm one more time",
        "hay que cambiar el aceite de dos bombas",
        "el filtro de la bomba de 12 bar",
        "el error más frecuente",
        "is the state invalid",
        "what is the pressure of the SK600",
        "SK600变频器的额定电流",
        "firmware v11",
        "how do i set a parameter",
        "once it stops",
        "a las once y media",
        "主轴承螺栓的拧紧力矩是多少牛米",
        "¿Quién está de guardia esta noche?",
    ] {
        let found = ask(question, false);
        assert_eq!((found.known, found.unknown), (vec![], vec![]), "{question}");
    }
}

#[test]
fn a_number_is_given_no_letter_that_does_not_belong_to_it() {
    // M42 is no alarm, and P0-28 no parameter 28.
    assert_eq!(ask("alarm 42", false).known, Vec::<String>::new());
    assert_eq!(known("code 305"), ["M305"]);
    assert_eq!(ask("P28", false).known, Vec::<String>::new());
    // The index lists M-codes, so M88 is one that it has not; a bolt is a bolt.
    assert_eq!(unknown("what does M88 do"), ["M88"]);
    assert_eq!(known("M3 05"), ["M305"]);
}

#[test]
fn what_was_heard_may_have_been_another_code() {
    let lookup = |spoken| Lookup {
        known: &|c| ["E15", "E50", "B7", "D7", "F13"].contains(&c),
        in_text: &|_| false,
        shapes: no_shapes(),
        spoken,
    };
    let near = |question: &str, spoken| {
        let found = codes_asked(question, &lookup(spoken));
        found.near.into_iter().map(|n| (n.of, n.code)).collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| vec![(a.to_owned(), b.to_owned())];
    assert_eq!(near("error e fifteen", true), pair("E15", "E50"));
    assert_eq!(near("error E50", true), pair("E50", "E15"));
    assert_eq!(near("b seven", true), pair("B7", "D7"));
    // Digit by digit, spelled, without a neighbour, or typed: nothing to ask.
    assert_eq!(near("error e one five", true), []);
    assert_eq!(near("bravo seven", true), []);
    assert_eq!(near("f thirteen", true), []);
    assert_eq!(near("error E15", false), []);
    assert_eq!(near("error E15 or E50", true), []);
}

fn no_shapes() -> &'static Shapes {
    static NONE: std::sync::LazyLock<Shapes> = std::sync::LazyLock::new(Shapes::default);
    &NONE
}

proptest! {
    #[test]
    fn every_code_is_found_digit_by_digit_in_any_language(digits in "[1-9][0-9]{1,3}", language in 0usize..3) {
        let words = [
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
            ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
            ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"],
        ];
        let said: Vec<&str> =
            digits.chars().filter_map(|c| words.get(language)?.get(c.to_digit(10)? as usize).copied()).collect();
        let question = match language {
            0 => format!("what does fault code f {} mean", said.join(" ")),
            1 => format!("qué significa el código efe {}", said.join(" ")),
            _ => format!("故障F{}怎么处理", said.concat()),
        };
        let code = format!("F{digits}");
        let found = query_codes(&question, &|c| c == code, &|_| false);
        prop_assert_eq!(found.known, [code.clone()], "{}", question);
        let missing = query_codes(&question, &|_| false, &|_| false);
        prop_assert_eq!(missing.unknown, [code], "{}", question);
    }
}
