//! Every reader on hostile input: seeds from `corpus/`, then random edits of them.
//!
//! Runs under plain `cargo test`; `MILLWRIGHT_FUZZ_MS` says how long each target goes on
//! editing (1000 where it is not set). A failure prints the seed that repeats it.

mod audio;
mod edit;
mod pdf;

use std::path::Path;
use std::time::{Duration, Instant};

use bolero::{TypeGenerator, check};
use edit::Edit;
use millwright::core::knowledge::passage::Span;
use millwright::core::knowledge::read::{self, BlockKind, Document, Reader};
use millwright::core::knowledge::revision;

/// One input may take this long, unoptimised and on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// What the generator makes: a seed, edits of it, and where a second seed is spliced in.
#[derive(Debug, Clone, TypeGenerator)]
struct Case {
    seed: u16,
    edits: Vec<Edit>,
    other: u16,
}

/// How long a target goes on.
fn time() -> Duration {
    let stated = std::env::var("MILLWRIGHT_FUZZ_MS").ok().and_then(|v| v.parse().ok());
    Duration::from_millis(stated.unwrap_or(1000))
}

/// The seeds of a target, smallest name first.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
}

/// Runs `read` on every seed and on edits of them for a while.
fn fuzz(target: &str, read: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    crate::support::quiet::compute();
    let seeds = seeds(target);
    for seed in &seeds {
        read(seed);
    }
    check!().with_test_time(time()).with_type::<Case>().for_each(|case| {
        let pick = |n: u16| &seeds[usize::from(n) % seeds.len()];
        read(&edit::apply(pick(case.seed), pick(case.other), &case.edits));
    });
}

/// Reads and checks what every reader promises.
fn reads(reader: &dyn Reader, bytes: &[u8]) {
    let start = Instant::now();
    let result = reader.read(bytes, "input");
    let taken = start.elapsed();
    assert!(taken < LONGEST, "{} bytes took {taken:?}", bytes.len());
    match result {
        Ok(document) => holds(&document),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The invariants of a document.
fn holds(document: &Document) {
    let text = &document.text;
    let fits = |span: Span| {
        assert!(
            span.start <= span.end && span.of(text).is_some(),
            "{span:?} does not fit {} bytes",
            text.len()
        );
    };
    let mut before = 0;
    for block in &document.blocks {
        fits(block.span);
        assert!(!block.text.is_empty(), "{block:?}");
        match &block.kind {
            // A warning inside a step governs it and comes before it.
            BlockKind::Warning { .. } => {}
            BlockKind::Heading { level } => {
                assert!((1..=6).contains(level));
                assert!(block.span.start >= before, "{block:?} stands before {before}");
                before = block.span.start;
            }
            BlockKind::Table { header, rows } => {
                assert!(!rows.is_empty());
                for cell in header.iter().chain(rows.iter().flat_map(|r| &r.cells)) {
                    fits(cell.span);
                }
                for row in rows {
                    fits(row.span);
                    // A cell that reaches down from a row above starts there.
                    let above = |s: Span| s.start < row.span.start || s.start == s.end;
                    let inside = |s: Span| row.span.start <= s.start && s.end <= row.span.end;
                    assert!(row.cells.iter().all(|c| inside(c.span) || above(c.span)), "{row:?}");
                }
            }
            _ => {}
        }
    }
    document.figures.iter().for_each(|f| fits(f.span));
    assert!(document.pages.is_sorted_by_key(|p| p.at));
    assert!(document.pages.iter().all(|p| p.at <= text.len()));
}

/// An office file of which the input is one part, unless it is a whole archive.
fn packed(bytes: &[u8], part: &str, others: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;
    if bytes.starts_with(b"PK") {
        return bytes.to_vec();
    }
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let others = others.iter().map(|(name, text)| (*name, text.as_bytes()));
    for (name, bytes) in others.chain([(part, bytes)]) {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn markdown() {
    fuzz("markdown", |bytes| reads(&read::Markdown, bytes));
}

#[test]
fn plain() {
    fuzz("plain", |bytes| reads(&read::Plain, bytes));
}

#[test]
fn html() {
    fuzz("html", |bytes| reads(&read::HtmlPage, bytes));
}

#[test]
fn csv() {
    fuzz("csv", |bytes| reads(&read::Csv, bytes));
}

#[test]
fn rst() {
    fuzz("rst", |bytes| reads(&read::ReStructuredText, bytes));
}

#[test]
fn adoc() {
    fuzz("adoc", |bytes| reads(&read::AsciiDoc, bytes));
}

#[test]
fn docx() {
    const STYLES: &str =
        r#"<w:styles><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>"#;
    const NUMBERING: &str = r#"<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"#;
    fuzz("docx", |bytes| {
        let others = [("word/styles.xml", STYLES), ("word/numbering.xml", NUMBERING)];
        reads(&read::Docx, &packed(bytes, "word/document.xml", &others));
    });
}

#[test]
fn xlsx() {
    const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    fuzz("xlsx", |bytes| {
        let others = [("_rels/.rels", ROOT), ("xl/workbook.xml", BOOK), ("xl/_rels/workbook.xml.rels", RELS)];
        reads(&read::Workbook, &packed(bytes, "xl/worksheets/sheet1.xml", &others));
    });
}

#[test]
fn decode() {
    fuzz("decode", |bytes| {
        for stated in [None, Some("gb18030"), Some("utf-16"), Some("no such")] {
            if let Ok(decoded) = read::decode_as(bytes, "input", stated) {
                assert!(!decoded.text.contains('\0'));
            }
        }
    });
}

#[test]
fn sidecar() {
    fuzz("sidecar", |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = revision::sidecar(text, "manual.toml");
            // The same facts as front matter.
            for fence in ["+++", "---"] {
                reads(&read::Markdown, format!("{fence}\n{text}\n{fence}\n# A\n").as_bytes());
            }
        }
    });
}
