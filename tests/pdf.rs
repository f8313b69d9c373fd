//! PDFs end to end: the real library in its child process, files that are good, files that
//! are bad. `tests/fixtures/pdf/make.py` made them.
//!
//! `with_model_…` here means the PDF library, which `make models` pulls with the models.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use millwright::core::knowledge::passage::Signal;
use millwright::core::knowledge::read::{Block, BlockKind, Document, Image, Pdf, Reader};
use millwright::operations::readers::{Limits, Ocr, Programs};

use crate::support;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_millwright"))
}

fn programs() -> Programs {
    Programs::with_program(&support::model_data(), program())
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pdf").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn read(name: &str) -> Document {
    Pdf.read_with(&fixture(name), name, &programs()).unwrap()
}

fn why(name: &str, programs: &Programs) -> String {
    Pdf.read_with(&fixture(name), name, programs).unwrap_err().to_string()
}

fn texts(document: &Document) -> Vec<&str> {
    document.blocks.iter().map(|b| b.text.as_str()).collect()
}

/// The tables as rows of cells, each header first.
fn tables(document: &Document) -> Vec<Vec<Vec<&str>>> {
    let table = |b: &Block| match &b.kind {
        BlockKind::Table { header, rows } => {
            let cells = |row: &[millwright::core::knowledge::read::Cell]| -> Vec<String> {
                row.iter().map(|c| c.span.of(&document.text).unwrap().to_owned()).collect()
            };
            Some(
                std::iter::once(cells(header))
                    .chain(rows.iter().map(|r| cells(&r.cells)))
                    .collect::<Vec<_>>(),
            )
        }
        _ => None,
    };
    // Leaked, so that expectations read as plain literals.
    let leak = |t: String| -> &'static str { Box::leak(t.into_boxed_str()) };
    document
        .blocks
        .iter()
        .filter_map(table)
        .map(|rows| rows.into_iter().map(|r| r.into_iter().map(leak).collect()).collect())
        .collect()
}

fn page_of(document: &Document, block: &Block) -> (u32, Option<String>) {
    let page = document.pages.iter().rfind(|p| p.at <= block.span.start).unwrap();
    (page.number, page.label.clone())
}

#[test]
fn with_model_two_columns_are_read_one_after_the_other_however_they_were_written() {
    for name in ["columns.pdf", "columns-by-line.pdf"] {
        let document = read(name);
        assert_eq!(document.blocks[0].kind, BlockKind::Heading { level: 1 }, "{name}");
        let [_, gearbox, left, brake, right] = texts(&document)[..] else {
            panic!("{name}: {:#?}", document.blocks)
        };
        assert_eq!((gearbox, brake), ("2.1 Gearbox", "2.2 Brake"));
        assert!(
            left.starts_with("The gearbox of the crane") && left.ends_with("kinds of oil in one gearbox.")
        );
        assert!(right.starts_with("The brake of the hoist") && right.ends_with("ladder of the cabin."));
    }
}

#[test]
fn with_model_a_ruled_table_keeps_each_number_in_its_row_and_column() {
    let document = read("ruled.pdf");
    assert_eq!(
        tables(&document),
        [[
            ["Bolt", "Strength", "Torque", "Note"],
            ["M8", "8.8", "25 Nm", "oil the thread"],
            ["M10", "8.8", "49 Nm", "oil the thread and wait a minute"],
            ["M12", "10.9", "125 Nm", "new bolts only"],
        ]]
    );
    assert!(document.text.contains("| M10 | 8.8 | 49 Nm | oil the thread and wait a minute |\n"));
}

#[test]
fn with_model_an_alarm_table_without_lines_is_read_record_by_record() {
    let document = read("alarms.pdf");
    assert_eq!(
        tables(&document),
        [[
            ["Code", "Meaning", "What to do"],
            ["A11", "Oil level of the hoist gearbox is low", "Fill up to the middle of the glass"],
            [
                "A12",
                "Brake does not open",
                "Check the fuse F4 and the rectifier; measure the coil, about 82 ohms"
            ],
            ["A13", "Load is too heavy", "Lower the load"],
            ["A14", "Limit switch at the top was passed", "Drive down with the key switch S3"],
        ]]
    );
    assert!(texts(&document).last().unwrap().starts_with("Other alarms are for"));
}

#[test]
fn with_model_chinese_without_an_embedded_font_is_read() {
    let document = read("chinese.pdf");
    assert_eq!(document.meta.get("title").map(String::as_str), Some("起重机手册"));
    let kinds: Vec<(&BlockKind, &str)> = document.blocks.iter().map(|b| (&b.kind, b.text.as_str())).collect();
    assert_eq!(kinds[0], (&BlockKind::Heading { level: 1 }, "起重机KR-7维护手册"));
    assert_eq!(kinds[1], (&BlockKind::Heading { level: 3 }, "3.1 更换齿轮油"));
    assert!(
        kinds.contains(&(&BlockKind::Item { number: Some(3) }, "加入6.5升新油，拧紧螺塞，力矩为45 Nm。"))
    );
    let found = tables(&document);
    assert_eq!(found[0][0], ["代码", "含义", "处理"]);
    assert_eq!(found[0][2], ["A12", "制动器打不开", "检查熔断器F4"]);
}

#[test]
fn with_model_a_manual_keeps_its_warnings_steps_figures_labels_and_long_tables() {
    let document = read("manual.pdf");
    assert_eq!(document.meta.get("revision").map(String::as_str), Some("C"));
    assert_eq!(document.meta.get("author").map(String::as_str), Some("Crane works"));
    let all = texts(&document);
    // What stands at the edge of every page and the contents are no blocks.
    assert!(!all.iter().any(|t| t.contains("Rev. C") || t.contains("....")), "{all:#?}");
    let warning = document.blocks.iter().find(|b| matches!(b.kind, BlockKind::Warning { .. })).unwrap();
    assert_eq!(warning.kind, BlockKind::Warning { signal: Signal::Warning });
    assert_eq!(
        warning.text,
        "WARNING A falling rope can kill. Lock out the main switch and tag it before you open the drum."
    );
    assert_eq!(page_of(&document, warning), (2, Some("1".to_owned())));
    assert!(all.iter().any(|t| t.contains("and lubricate it before")), "{all:#?}");
    let steps: Vec<(u64, &str)> = document
        .blocks
        .iter()
        .filter_map(|b| match b.kind {
            BlockKind::Item { number: Some(n) } => Some((n, b.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(steps.len(), 4);
    assert_eq!(steps[1], (2, "Lock out the main switch S1 and hang your own tag on it."));
    let figure = &document.figures[0];
    assert_eq!(
        (figure.label.as_str(), figure.caption.as_str()),
        ("Figure 1", "Clamp on the drum, seen from the cabin")
    );
    let Image::Bytes(png, "png") = &figure.image else { panic!("no picture: {figure:?}") };
    // The right part of the page, at the right scale: the drawing has a red ring.
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let size = reader.next_frame(&mut pixels).unwrap();
    assert!((590..=620).contains(&size.width) && (310..=340).contains(&size.height), "{size:?}");
    let red = pixels.chunks(3).filter(|p| p[0] > 150 && p[1] < 60 && p[2] < 60).count();
    assert!(red > 500, "{red} red pixels");
    let found = tables(&document);
    assert_eq!(found[0].len(), 1 + 35, "one table over two pages, its header once");
    assert_eq!(found[0][35], ["A55", "Fault number 55 of the hoist", "Reset 35 times"]);
    // The last page lies on its side.
    assert_eq!(found[1][2], ["16 mm", "5 t", "four at least"]);
}

#[test]
fn with_model_a_scan_is_read_by_tesseract_and_marked() {
    let document = read("scanned.pdf");
    assert!(document.text.contains("45 Nm") && document.text.contains("0.6 mm"), "{}", document.text);
    assert_eq!(document.ocr.len(), 1);
    let seen = document.ocr[0].of(&document.text).unwrap();
    assert!(seen.contains("Hoist brake"));
}

#[test]
fn with_model_a_scan_without_tesseract_is_named() {
    let without = programs().ocr(None);
    assert!(why("scanned.pdf", &without).contains("a scan without text"));
    let absent = programs().ocr(Some(Ocr::new("no-such-program-anywhere")));
    assert!(why("scanned.pdf", &absent).contains("a scan without text"));
}

#[test]
fn with_model_bad_files_are_named_within_bounds() {
    let limits =
        Limits { memory: 1 << 30, cpu_seconds: 20, silence: Duration::from_secs(30), ..Limits::default() };
    let programs = programs().limits(limits);
    for (name, reason) in [
        ("encrypted.pdf", "encrypted"),
        ("garbage.pdf", "broken"),
        ("truncated.pdf", ""),
        ("cycle.pdf", ""),
        ("form-cycle.pdf", ""),
        ("bomb.pdf", ""),
    ] {
        let start = Instant::now();
        let found = why(name, &programs);
        assert!(found.starts_with(name) && found.contains(reason), "{found}");
        assert!(start.elapsed() < Duration::from_secs(40), "{name}: {:?}", start.elapsed());
    }
}

#[test]
fn with_model_a_child_that_runs_out_of_memory_harms_nobody() {
    let limits = Limits { memory: 200 << 20, ..Limits::default() };
    let found = why("form-cycle.pdf", &programs().limits(limits));
    assert!(found.contains("needs more than 200 MiB"), "{found}");
    // The next file is read as ever.
    assert!(read("ruled.pdf").text.contains("49 Nm"));
}

#[test]
fn with_model_damaged_files_end_in_text_or_a_reason() {
    let programs = programs();
    let mut seed = 1u64;
    let mut next = |below: usize| {
        // Marsaglia's xorshift: the same damage on every run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for name in ["manual.pdf", "chinese.pdf", "alarms.pdf"] {
        let whole = fixture(name);
        for _ in 0..8 {
            let mut bytes = whole.clone();
            for _ in 0..1 + next(40) {
                let at = next(bytes.len());
                bytes[at] = next(256) as u8;
            }
            let start = Instant::now();
            if let Err(e) = Pdf.read_with(&bytes, name, &programs) {
                assert_eq!(e.kind, millwright::core::Kind::Unreadable);
                assert!(e.to_string().starts_with(name), "{e}");
            }
            assert!(start.elapsed() < Duration::from_secs(60));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_child_that_says_nothing_is_ended() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("silent");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let limits = Limits { silence: Duration::from_millis(200), ..Limits::default() };
    let programs = Programs::with_program(folder.path(), program).library(Some("any".into())).limits(limits);
    let start = Instant::now();
    let found = why("ruled.pdf", &programs);
    assert!(found.contains("page 1 took longer than"), "{found}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn without_the_library_the_command_that_supplies_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Pdf
        .read_with(&fixture("ruled.pdf"), "ruled.pdf", &Programs::with_program(folder.path(), program()))
        .unwrap_err();
    assert!(error.to_string().contains("not installed"));
    assert_eq!(error.hint, "millwright models pull pdfium");
}
