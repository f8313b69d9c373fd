#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use super::*;
use crate::core::knowledge::read::BlockKind;

fn read(text: &str) -> Document {
    HtmlPage.read(text.as_bytes(), "m.html").unwrap()
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
    for row in rows {
        for cell in &row.cells {
            assert_eq!(cell.span.of(&d.text), Some(cell.text.as_str()));
        }
    }
    (
        header.iter().map(|c| c.text.as_str()).collect(),
        rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect(),
    )
}

#[test]
fn the_page_says_what_it_is() {
    let d = read(
        "<html lang='es'><head><title>Bomba HP-20</title><meta name='author' content='A'><meta name=revision content=3></head><body>x</body>",
    );
    let found: Vec<_> = d.meta.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(found, ["author=A", "language=es", "revision=3", "title=Bomba HP-20"]);
    assert_eq!(d.text, "x\n\n");
}

#[test]
fn headings_paragraphs_lists_and_code() {
    let d = read(
        "<nav>menu</nav><h1>Pump</h1><p>First <b>line</b>\nsecond.</p>loose<ol start=3><li>Stop.<ul><li>slowly</li></ul></li><li value=7>Open.</li></ol><pre>a\n b</pre><script>x</script><p style='display: none'>hidden</p>",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Heading { level: 1 }, "Pump"),
            (BlockKind::Paragraph, "First line second."),
            (BlockKind::Paragraph, "loose"),
            (BlockKind::Item { number: Some(3) }, "Stop. slowly"),
            (BlockKind::Item { number: Some(7) }, "Open."),
            (BlockKind::Code, "a b"),
        ]
    );
    assert_eq!(d.blocks[3].span.of(&d.text), Some("3. Stop. slowly"));
}

#[test]
fn tables_repeat_merged_cells() {
    let d = read(
        "<table><caption>Faults</caption><thead><tr><th rowspan=2>Code</th><th colspan=2>Pressure</th></tr><tr><th>min</th><th>max</th></tr></thead><tr><td>E1<td>5<td>9</tr><tr><td rowspan=2>E2</td><td colspan=2>7 m<sup>3</sup></td></tr><tr><td>8</td><td>10</td></tr></table>",
    );
    let (header, rows) = table(&d);
    assert_eq!(d.blocks[0].text, "Faults");
    assert_eq!(header, ["Code", "Pressure min", "Pressure max"]);
    assert_eq!(rows, [["E1", "5", "9"], ["E2", "7 m³", "7 m³"], ["E2", "8", "10"]]);
}

#[test]
fn a_table_of_layout_is_walked_through() {
    let d = read(
        "<table><tr><td><h2>Oil</h2><table><tr><td>Code</td><td>Cause</td></tr><tr><td>E1</td><td>low</td></tr></table></td></tr></table>",
    );
    assert_eq!(d.blocks[0].kind, BlockKind::Heading { level: 2 });
    assert_eq!(table(&d).1, [["E1", "low"]]);
}

#[test]
fn warnings_are_found_by_word_class_and_frame() {
    let d = read(
        "<p><strong>DANGER</strong> Live parts.</p><div class='note note_warning'><span>Hot oil.</span></div><div role='caution'>CAUTION: Sharp.</div><table><tr><td>WARNING</td><td>Keep clear of the belt.</td></tr></table><p class=warning-lamp>Lamp H3</p><ol><li>Open.<div class='danger'>Lock out.</div> Slowly.</li></ol>",
    );
    let warning = |signal| BlockKind::Warning { signal };
    assert_eq!(
        kinds(&d),
        [
            (warning(Signal::Danger), "DANGER Live parts."),
            (warning(Signal::Warning), "WARNING: Hot oil."),
            (warning(Signal::Caution), "CAUTION: Sharp."),
            (warning(Signal::Warning), "WARNING Keep clear of the belt."),
            (BlockKind::Paragraph, "Lamp H3"),
            (warning(Signal::Danger), "DANGER: Lock out."),
            (BlockKind::Item { number: Some(1) }, "Open. Slowly."),
        ]
    );
}

#[test]
fn pictures_have_captions_and_paths() {
    let d = read(
        "<figure><img src='img/v.png' alt='valve'><figcaption>Figure 4: the valve</figcaption></figure><p>See <img src='data:image/png;base64,AA' alt='icon'> it.</p>",
    );
    assert_eq!(d.figures[0].label, "Figure 4");
    assert_eq!(d.figures[0].image, Image::Beside("img/v.png".to_owned()));
    assert_eq!(d.figures[0].span.of(&d.text), Some("Figure 4: the valve"));
    assert_eq!(d.figures[1].image, Image::None);
    assert_eq!(d.blocks[1].text, "See it.");
}

#[test]
fn terms_and_broken_lines_are_entries() {
    let d = read(
        "<dl><dt>E203</dt><dd>Oil low.</dd><dt>E204</dt><dd>Oil hot.</dd></dl><p>(1) Stop.<br>(2) Open.</p>",
    );
    assert_eq!(
        kinds(&d),
        [
            (BlockKind::Paragraph, "E203: Oil low."),
            (BlockKind::Paragraph, "E204: Oil hot."),
            (BlockKind::Item { number: Some(1) }, "Stop."),
            (BlockKind::Item { number: Some(2) }, "Open."),
        ]
    );
}

#[test]
fn the_pages_own_encoding_is_used() {
    let (gb, _, _) = encoding_rs::GBK.encode("<meta charset=gb2312><p>油</p>");
    assert_eq!(HtmlPage.read(&gb, "a").unwrap().text, "油\n\n");
}

#[test]
fn hostile_pages_take_bounded_time() {
    let deep = "<div>".repeat(200_000) + "bottom";
    let formats: String = (0..20_000).map(|i| format!("<p><font size={i}>x")).collect();
    let attributes = format!("<p {}>x", (0..100_000).map(|i| format!("a{i}=1 ")).collect::<String>());
    let tables = "<table><tr><td>".repeat(900) + "x";
    let lists = "<ul><li><div>".repeat(450) + "x";
    let spans = "<table>".to_owned() + &"<tr><td rowspan=65000 colspan=1000>x".repeat(3_000);
    for page in [deep, formats, attributes, tables, lists, spans] {
        let start = Instant::now();
        let d = read(&page);
        assert!(d.text.contains(['x', 'b']));
        assert!(start.elapsed().as_secs() < 20, "{} took {:?}", &page[..20], start.elapsed());
    }
}
