//! Any bytes from a child that was taken over, and any words at any places: no panic, true
//! spans, bounded time.

use bolero::check;
use millwright::core::knowledge::read::BlockKind;
use millwright::core::knowledge::read::pdf::wire::{Frame, Head, read_all};
use millwright::core::knowledge::read::pdf::{Area, Page, Pages, Rendered, Word, figure, from_pages};

use super::time;

/// A stream as the child writes it, for the fuzzer to damage.
fn stream() -> Vec<u8> {
    let area = Area { x0: 50.0, y0: 100.0, x1: 90.0, y1: 110.0 };
    let word = Word { text: "E203".into(), area, size: 10.0, ..Word::default() };
    let page = Page { number: 1, width: 600.0, height: 800.0, words: vec![word], ..Page::default() };
    let mut bytes = Vec::new();
    for frame in [
        Frame::Head(Head { pages: 1, ..Head::default() }),
        Frame::Page(Box::new(page)),
        Frame::Picture(Rendered { area, png: vec![1, 2, 3] }),
        Frame::Note("n".into()),
        Frame::End,
    ] {
        frame.write(&mut bytes).unwrap();
    }
    bytes
}

fn check_document(pages: Pages) {
    let Ok(document) = from_pages(pages, "m.pdf") else { return };
    for block in &document.blocks {
        assert!(block.span.of(&document.text).is_some());
        if let BlockKind::Table { header, rows } = &block.kind {
            for cell in header.iter().chain(rows.iter().flat_map(|r| &r.cells)) {
                assert_eq!(cell.span.of(&document.text), Some(cell.text.as_str()));
            }
        }
    }
    assert!(document.pages.is_sorted_by_key(|p| p.at));
}

#[test]
fn any_bytes_from_the_child_are_borne() {
    let good = stream();
    check!().with_test_time(time()).with_type::<(Vec<u8>, Vec<(u16, u8)>)>().for_each(|(raw, changes)| {
        let _ = read_all(raw.as_slice());
        let mut bytes = good.clone();
        for (at, value) in changes {
            let length = bytes.len();
            if let Some(byte) = bytes.get_mut(usize::from(*at) % length) {
                *byte = *value;
            }
        }
        if let Ok(Ok(pages)) = read_all(bytes.as_slice()) {
            check_document(pages);
        }
    });
}

/// Words and lines on a coarse raster, so that rows, columns and grids come about.
type Raw = (Vec<(u8, u8, u8, u8)>, Vec<(u8, u8, u8, u8)>);

#[test]
fn any_layout_gives_true_spans() {
    let texts =
        ["E203", "1.", "•", "WARNING", "Figure 3:", "oil-", "油", "|", "........", "12", "3.2 Care", ""];
    check!().with_test_time(time()).with_type::<Vec<Raw>>().for_each(|raw| {
        let area = |(x, y, w, h): (u8, u8, u8, u8)| {
            let (x, y) = (f32::from(x % 64) * 10.0, f32::from(y % 80) * 10.0);
            Area { x0: x, y0: y, x1: x + f32::from(w), y1: y + f32::from(h % 32) }
        };
        let pages = raw.iter().take(4).enumerate().map(|(n, (words, lines))| Page {
            number: n as u32 + 1,
            width: 600.0,
            height: 800.0,
            words: words
                .iter()
                .take(300)
                .map(|w| Word {
                    text: texts.get(usize::from(w.2) % texts.len()).copied().unwrap_or_default().to_owned(),
                    area: area(*w),
                    size: f32::from(w.3 % 32),
                    bold: w.0 > 128,
                    mono: w.0 % 16 == 3,
                    spaced: w.1 % 2 == 0,
                    turned: u8::from(w.1 > 240),
                })
                .collect(),
            rules: lines.iter().take(100).map(|l| area((l.0, l.1, l.2, l.3 % 2))).collect(),
            boxes: lines.iter().skip(100).take(50).map(|l| area(*l)).collect(),
            images: lines.iter().take(2).map(|l| area(*l)).collect(),
            ..Page::default()
        });
        let pages: Vec<Page> = pages.collect();
        pages.iter().for_each(|p| drop(figure::wanted(p)));
        check_document(Pages { pages, ..Pages::default() });
    });
}
