//! What repeats at the upper and lower edges of pages: running headers and footers, page
//! numbers. It belongs to the paper, not to the text.

use std::collections::HashMap;

use super::line::{Run, rows_of_words};
use super::page::{Page, Word};

/// So much of a page's height, above and below, may hold headers and footers.
const EDGE: f32 = 0.13;
/// At most so many rows at each edge.
const MOST_ROWS: usize = 4;

/// What stood at the edges, most frequent first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Running {
    pub header: Option<String>,
    pub footer: Option<String>,
}

/// One row at an edge of a page.
struct Edge {
    /// Its text, once with the page's own number as `#`, once with the number at its start
    /// or end as its distance from the page's: either repeats where it is a running row.
    keys: [String; 2],
    text: String,
    words: Vec<usize>,
    /// Where it starts, for a repeated one stands at the same height.
    y: i32,
    upper: bool,
    /// Only a page's number.
    number: bool,
    /// The page's own number or label stands in it.
    labelled: bool,
}

/// Takes the running headers and footers out of the pages.
pub(super) fn take_out(pages: &mut [Page]) -> Running {
    let edges: Vec<Vec<Edge>> = pages.iter().map(edges).collect();
    // Which pages have a row, rising.
    let mut seen: HashMap<(&str, bool, i32), Vec<usize>> = HashMap::new();
    for (nth, page) in edges.iter().enumerate() {
        for edge in page {
            for key in &edge.keys {
                let pages = seen.entry((key.as_str(), edge.upper, edge.y)).or_default();
                if pages.last() != Some(&nth) {
                    pages.push(nth);
                }
            }
        }
    }
    // On how many pages near this one it stands, up to a few; heights that fall on a
    // bucket's border are looked for in both.
    let near = |edge: &Edge, nth: usize| -> usize {
        let has = |page: usize| {
            edge.keys.iter().any(|key| {
                (-1..=1).any(|d| {
                    seen.get(&(key.as_str(), edge.upper, edge.y + d))
                        .is_some_and(|pages| pages.binary_search(&page).is_ok())
                })
            })
        };
        // Left and right pages may have rows of their own: every second page will do.
        let mut count = 1;
        for step in [1isize, -1] {
            let (mut at, mut missed) = (nth, 0);
            while missed < 2 && count < 4 {
                let Some(next) = at.checked_add_signed(step).filter(|n| *n < edges.len()) else { break };
                at = next;
                if has(at) {
                    count += 1;
                    missed = 0;
                } else {
                    missed += 1;
                }
            }
        }
        count
    };
    let enough = match pages.len() {
        0 | 1 => usize::MAX,
        2 => 2,
        _ => 3,
    };
    let mut texts: [HashMap<&str, usize>; 2] = [HashMap::new(), HashMap::new()];
    for (nth, (page, rows)) in pages.iter_mut().zip(&edges).enumerate() {
        let mut drop = vec![false; page.words.len()];
        for upper in [true, false] {
            // From the paper's edge inwards, until a row that does not repeat.
            for edge in rows.iter().filter(|e| e.upper == upper) {
                let repeats = near(edge, nth);
                if !(repeats >= enough || edge.number || (edge.labelled && repeats >= 2)) {
                    break;
                }
                for word in &edge.words {
                    if let Some(slot) = drop.get_mut(*word) {
                        *slot = true;
                    }
                }
                if !edge.number {
                    *texts[usize::from(!upper)].entry(edge.text.as_str()).or_default() += 1;
                }
            }
        }
        let mut keep = drop.iter().map(|d| !d);
        page.words.retain(|_| keep.next().unwrap_or(true));
    }
    let most = |texts: &HashMap<&str, usize>| {
        texts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(t, _)| (*t).to_owned())
    };
    Running { header: most(&texts[0]), footer: most(&texts[1]) }
}

/// The rows at a page's edges that stand apart from its body, from the paper's edge inwards.
fn edges(page: &Page) -> Vec<Edge> {
    let near: Vec<(usize, &Word)> = page
        .words
        .iter()
        .enumerate()
        .filter(|(_, w)| w.turned == 0)
        .filter(|(_, w)| w.area.y1 < 2.0 * EDGE * page.height || w.area.y0 > (1.0 - 2.0 * EDGE) * page.height)
        .collect();
    let words: Vec<Word> = near.iter().map(|(_, w)| (*w).clone()).collect();
    let rows = rows_of_words(&words);
    let mut out = Vec::new();
    for upper in [true, false] {
        let ordered: Vec<&Vec<Run>> = if upper { rows.iter().collect() } else { rows.iter().rev().collect() };
        let mut pending: Vec<Edge> = Vec::new();
        for (nth, row) in ordered.iter().enumerate().take(MOST_ROWS) {
            let Some(area) = super::page::Area::around(row.iter().map(|r| &r.area)) else { break };
            let text: Vec<&str> = row.iter().map(|r| r.text.as_str()).collect();
            let text = text.join(" ");
            let own = page.number.to_string();
            let is_own = |w: &str| w == own || page.label.as_deref().is_some_and(|l| w == l);
            let alone = is_own(text.trim());
            // A page's own number, the outermost row, may stand further in.
            let reach = if alone && nth == 0 { 2.0 * EDGE } else { EDGE };
            let inside =
                if upper { area.y1 < reach * page.height } else { area.y0 > (1.0 - reach) * page.height };
            if !inside {
                break;
            }
            let number = is_page_number(&text, page);
            let labelled = text.split_whitespace().any(is_own);
            let members = near.iter().filter(|(_, w)| area.holds(&w.area)).map(|(i, _)| *i).collect();
            let y = (area.y1 / 6.0) as i32;
            pending.push(Edge { keys: keys(&text, page), text, words: members, y, upper, number, labelled });
            // A gap to the body, or nothing after it: all rows so far stand apart.
            let size = row.iter().map(|r| r.size).fold(0.0, f32::max);
            let next =
                ordered.get(nth + 1).and_then(|r| super::page::Area::around(r.iter().map(|r| &r.area)));
            let gap = next.map_or(f32::MAX, |n| if upper { n.y0 - area.y1 } else { area.y0 - n.y1 });
            let ruled = page.rules.iter().any(|r| {
                r.width() > 0.4 * page.width
                    && next.is_some_and(|n| {
                        let (low, high) =
                            if upper { (area.y1 - 2.0, n.y0 + 2.0) } else { (n.y1 - 2.0, area.y0 + 2.0) };
                        r.y0 >= low && r.y1 <= high
                    })
            });
            if gap > 0.7 * size || ruled || alone {
                out.append(&mut pending);
            }
        }
    }
    out
}

/// The text with the page's own number as `#`, and with the number at its start or end as
/// its distance from the page's number.
fn keys(text: &str, page: &Page) -> [String; 2] {
    let words: Vec<&str> = text.split_whitespace().collect();
    let own = page.number.to_string();
    let is_own = |w: &str| w == own || page.label.as_deref().is_some_and(|l| w == l);
    let last = words.len().saturating_sub(1);
    let by_label: Vec<String> =
        words.iter().map(|w| if is_own(w) { "#".to_owned() } else { (*w).to_owned() }).collect();
    let by_distance = words.iter().enumerate().map(|(at, word)| {
        let outer = at == 0 || at == last;
        match counted(word).filter(|_| outer) {
            Some((before, n)) => format!("{before}#{}", i64::from(page.number) - n),
            None => (*word).to_owned(),
        }
    });
    [by_label.join(" "), by_distance.collect::<Vec<String>>().join(" ")]
}

/// The number that a word ends in ("12", "iv", "3-12"), and what stands before it.
fn counted(word: &str) -> Option<(&str, i64)> {
    if is_roman(word) {
        return Some(("", roman(word)));
    }
    let (before, digits) = match word.rsplit_once('-') {
        Some((before, digits)) => (before, digits),
        None => ("", word),
    };
    let plain = (1..=4).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().map(|n| (before, n))
}

fn roman(word: &str) -> i64 {
    let value = |c: char| match c {
        'i' => 1,
        'v' => 5,
        'x' => 10,
        'l' => 50,
        _ => 100,
    };
    let mut sum = 0;
    let mut largest = 0;
    for n in word.chars().rev().map(value) {
        sum += if n < largest { -n } else { n };
        largest = largest.max(n);
    }
    sum
}

/// The text with every number, also a Roman one that stands alone, as `#`.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if is_roman(word) {
            out.push('#');
            continue;
        }
        let mut digits = false;
        for c in word.chars() {
            if c.is_ascii_digit() {
                if !digits {
                    out.push('#');
                }
                digits = true;
            } else {
                digits = false;
                out.push(c);
            }
        }
    }
    out
}

fn is_roman(word: &str) -> bool {
    !word.is_empty() && word.len() <= 7 && word.chars().all(|c| "ivxlc".contains(c))
}

/// Is the row a page's number alone: its label, "12", "3-12", "Page 3 of 9", "第 3 页"?
fn is_page_number(text: &str, page: &Page) -> bool {
    let text = text.trim();
    if page.label.as_deref().is_some_and(|l| !l.is_empty() && text.eq_ignore_ascii_case(l)) {
        return true;
    }
    let bare = text.trim_matches(|c: char| "-–—[]|. ".contains(c));
    let short =
        bare.len() <= 4 && !bare.is_empty() && (bare.chars().all(|c| c.is_ascii_digit()) || is_roman(bare));
    let key = masked(text).to_lowercase();
    short
        || matches!(
            key.as_str(),
            "#-#"
                | "page #"
                | "page # of #"
                | "# / #"
                | "#/#"
                | "# of #"
                | "página #"
                | "página # de #"
                | "pág. #"
                | "第 # 页"
                | "第#页"
                | "第 # 页 共 # 页"
                | "第#页共#页"
                | "第#页 共#页"
                | "- # -"
        )
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::words;
    use super::*;

    fn page(number: u32, body: &str) -> Page {
        let mut page = Page { number, width: 600.0, height: 800.0, ..Page::default() };
        page.words = words("PJ-40 Service Manual", 50.0, 20.0, 9.0);
        page.words.extend(words(body, 50.0, 100.0, 10.0));
        page.words.extend(words(&format!("Rev. C {number}"), 50.0, 770.0, 9.0));
        page
    }

    #[test]
    fn headers_and_footers_that_repeat_go_and_the_body_stays() {
        let mut pages: Vec<Page> = (1..=4).map(|n| page(n, "Check the oil level.")).collect();
        let running = take_out(&mut pages);
        for page in &pages {
            let text: Vec<&str> = page.words.iter().map(|w| w.text.as_str()).collect();
            assert_eq!(text.join(" "), "Check the oil level.");
        }
        assert_eq!(running.header.as_deref(), Some("PJ-40 Service Manual"));
        assert!(running.footer.is_some_and(|f| f.starts_with("Rev. C")));
    }

    #[test]
    fn a_heading_that_comes_again_far_away_or_with_another_number_stays() {
        let mut pages: Vec<Page> = (1..=9).map(|n| page(n, "Text.")).collect();
        for (n, page) in pages.iter_mut().enumerate() {
            page.words = words(&format!("{n}.4 Parameters"), 50.0, 50.0, 14.0);
            if n % 4 == 0 {
                page.words.extend(words("Notes", 50.0, 20.0, 14.0));
            }
        }
        take_out(&mut pages);
        assert!(pages.iter().all(|p| p.words.iter().any(|w| w.text == "Parameters")));
        assert!(pages[4].words.iter().any(|w| w.text == "Notes"));
        assert_eq!(roman("xiv"), 14);
    }

    #[test]
    fn one_page_alone_loses_only_its_number() {
        let mut pages = vec![page(1, "Text.")];
        pages[0].words.extend(words("12", 300.0, 785.0, 9.0));
        take_out(&mut pages);
        let text: Vec<&str> = pages[0].words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(text.join(" "), "PJ-40 Service Manual Text. Rev. C 1");
    }
}
