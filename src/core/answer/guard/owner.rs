//! To which thing a value or a code belongs.
//!
//! "Main pump 40 bar, pilot pump 25 bar": both values are in the passage, and "pilot pump 40
//! bar" is wrong all the same. A value of the draft is owned by the words beside it. Among the
//! places of the sources that hold it the one that shares most of these words is its home;
//! where the place of a *rival*, another value of the same kind, shares clearly more, the
//! draft gives the value to the wrong thing. Codes are owned in the same way: the row that
//! says what the draft says of E204 must be the row of E204.

use std::ops::Range;

use super::held::{Held, Line, Near, is_measure};
use crate::core::answer::quantity::{Code, Quantity};
use crate::core::answer::words::{self, Term};

/// How much more a rival must share, in weights of words ([`words::weight`]): about one word.
const MARGIN: f32 = 0.7;
/// The same as a part of what the home shares: in long sentences single words say less.
const MARGIN_SHARE: f32 = 0.1;
/// Weight of a word that stands with another value of the kind.
const ELSEWHERE: f32 = 0.3;
/// Weight of a word of the sentence's head behind the first value.
const HEAD: f32 = 0.9;
/// Weight of the headings above, and of the sentences before and behind.
const ABOUT: f32 = 0.35;
/// Weight of the sentence before where this one begins with "it".
const MEANT: f32 = 0.9;
/// Between rows of a table, which say one thing each, less of a difference counts.
const ROW_MARGIN: f32 = 0.5;
/// What a word of a row's first cells that the draft does not say takes from the row.
const UNSAID: f32 = 0.35;

/// The kind of a quantity: only values of one kind can take each other's place.
fn kind(q: &Quantity, line: &Line) -> String {
    if q.unit.is_some() {
        return q.symbol().to_owned();
    }
    if q.to.is_none() && (1500.0..2100.0).contains(&q.value) && q.value.fract() == 0.0 {
        return "year".to_owned();
    }
    // A count is one of things of a sort.
    let counted = line.terms.iter().find(|t| t.start >= q.span.end).filter(|t| t.start <= q.span.end + 1);
    format!("#{}", counted.map_or("", |t| t.stem.as_str()))
}

/// The kinds of a line's quantities.
fn kinds(line: &Line) -> &[String] {
    line.kinds.get_or_init(|| line.reading.quantities.iter().map(|q| kind(q, line)).collect())
}

/// The words beside quantity `i` of a source's line.
fn beside(line: &Line, i: usize) -> Option<&Near> {
    let all = line.beside.get_or_init(|| {
        let of = |(q, kind): (&Quantity, &String)| near(line, &spans(line, kind), &q.span, false);
        line.reading.quantities.iter().zip(kinds(line)).map(of).collect()
    });
    all.get(i)
}

/// The words beside code `i` of a source's line; other codes of its prefix are its kin.
fn beside_code(line: &Line, i: usize) -> Option<&Near> {
    let all = line.beside_codes.get_or_init(|| {
        let of = |c: &Code| near(line, &code_spans(line, c.prefix()), &c.span, false);
        line.reading.codes.iter().map(of).collect()
    });
    all.get(i)
}

fn code_spans(line: &Line, prefix: &str) -> Vec<Range<usize>> {
    line.reading.codes.iter().filter(|c| c.prefix() == prefix).map(|c| c.span.clone()).collect()
}

/// The words beside one thing of the draft, and all its words.
struct Wanted {
    near: Near,
    all: Vec<String>,
    weight: f32,
}

impl Wanted {
    fn of(draft: &Line, before: &[String], kin: &[Range<usize>], own: &Range<usize>) -> Wanted {
        let mut near = near(draft, kin, own, true);
        // What the draft spoke of before goes on.
        for stem in before.iter().filter(|s| !is_measure(s)) {
            near.entry(stem.clone()).or_insert(0.4);
        }
        let mut all: Vec<String> = draft.terms.iter().map(|t| t.stem.clone()).collect();
        all.extend(before.iter().cloned());
        let weight = near.iter().map(|(s, w)| w * words::weight(s)).sum();
        Wanted { near, all, weight }
    }

    /// Does a rival that shares `there` come clearly before a home that shares `home`?
    fn prefers(&self, there: f32, home: f32, rows: bool) -> bool {
        let margin = if rows { ROW_MARGIN } else { MARGIN };
        let margin = (margin + MARGIN_SHARE * home.max(0.0)).min(0.2 + 0.15 * self.weight).max(0.35);
        there > home + margin
    }
}

/// May the quantity `q` of `draft` be said of what it is said of there? `before` are stems of
/// what the draft said before; `holders` are the places (source, line, quantity) that hold
/// its value.
pub fn value_is_home(
    q: &Quantity,
    draft: &Line,
    before: &[String],
    held: &[Held],
    holders: &[(usize, usize, usize)],
) -> bool {
    let of_kind = kind(q, draft);
    let wanted = Wanted::of(draft, before, &spans(draft, &of_kind), &q.span);
    let (mut home, mut home_row) = (f32::MIN, false);
    for &(s, l, i) in holders {
        let Some((source, line)) = place(held, s, l) else { continue };
        let Some(there) = beside(line, i) else { continue };
        let got = shared(&wanted, there, source, l);
        if got > home {
            (home, home_row) = (got, line.row);
        }
    }
    let rival = |have: &Quantity, kind: &str, line: &Line| {
        let bare = have.unit.is_none() && q.unit.is_none() && line.row && draft_is_bare(q);
        (kind == of_kind || bare) && (!touches(have, q) || have.bound != q.bound)
    };
    for source in held {
        for (l, line) in source.lines.iter().enumerate() {
            for (i, (have, kind)) in line.reading.quantities.iter().zip(kinds(line)).enumerate() {
                if !rival(have, kind, line) {
                    continue;
                }
                let Some(there) = beside(line, i) else { continue };
                if wanted.prefers(shared(&wanted, there, source, l), home, home_row && line.row) {
                    return false;
                }
            }
        }
    }
    true
}

fn draft_is_bare(q: &Quantity) -> bool {
    q.unit.is_none() && !q.spelled
}

/// May `code` of `draft` be said of what it is said of there?
pub fn code_is_home(code: &Code, draft: &Line, before: &[String], held: &[Held]) -> bool {
    let wanted = Wanted::of(draft, before, &code_spans(draft, code.prefix()), &code.span);
    let (mut home, mut rival, mut rows) = (f32::MIN, f32::MIN, true);
    for source in held {
        let about = source.about_codes.iter().any(|c| c.key == code.key);
        for (l, line) in source.lines.iter().enumerate() {
            let codes = &line.reading.codes;
            // A passage under the code's own heading is the code's, whichever others it names.
            if about && !codes.iter().any(|c| c.key == code.key) {
                home = home.max(shared(&wanted, &near(line, &[], &(0..0), false), source, l));
                continue;
            }
            for (i, there) in codes.iter().enumerate().filter(|(_, c)| c.prefix() == code.prefix()) {
                let Some(words) = beside_code(line, i) else { continue };
                if there.key == code.key {
                    home = home.max(shared(&wanted, words, source, l));
                    rows &= line.row;
                } else if !draft.reading.codes.iter().any(|c| c.key == there.key) {
                    rival = rival.max(shared(&wanted, words, source, l));
                }
            }
        }
    }
    // Named only in the headings: nothing to weigh.
    home == f32::MIN || !wanted.prefers(rival, home, rows)
}

/// Is what `draft` says of `code` word by word what a line says of another code of its kind,
/// and no line of its own says it so?
pub fn said_of_another(code: &Code, draft: &Line, held: &[Held]) -> bool {
    fn words(line: &Line) -> Vec<&str> {
        let stems = line.terms.iter().map(|t| t.stem.as_str());
        stems.filter(|s| !s.bytes().any(|b| b.is_ascii_digit())).collect()
    }
    let wanted = words(draft);
    if wanted.len() < 2 {
        return false;
    }
    let mut elsewhere = false;
    for source in held {
        let about = source.about_codes.iter().any(|c| c.key == code.key);
        for line in &source.lines {
            let codes = &line.reading.codes;
            let own = about || codes.iter().any(|c| c.key == code.key);
            let rival = codes.iter().any(|c| c.prefix() == code.prefix());
            if !own && !rival {
                continue;
            }
            if words(line).windows(wanted.len()).any(|w| w == wanted) {
                if own {
                    return false;
                }
                elsewhere = true;
            }
        }
    }
    elsewhere
}

fn place(held: &[Held], source: usize, line: usize) -> Option<(&Held, &Line)> {
    let source = held.get(source)?;
    Some((source, source.lines.get(line)?))
}

/// Do two quantities share an end?
fn touches(a: &Quantity, b: &Quantity) -> bool {
    use crate::core::answer::quantity::equal;
    [Some(a.value), a.to]
        .into_iter()
        .flatten()
        .any(|x| [Some(b.value), b.to].into_iter().flatten().any(|y| equal(x, y)))
}

/// The spans of the quantities of a kind.
fn spans(line: &Line, of_kind: &str) -> Vec<Range<usize>> {
    line.reading.quantities.iter().filter(|q| kind(q, line) == of_kind).map(|q| q.span.clone()).collect()
}

/// What the words in `wanted` weigh at a place with the words `there`.
fn shared(wanted: &Wanted, there: &Near, source: &Held, line: usize) -> f32 {
    // In a list of entries ("Saddle bearing: 120 g") each stands for itself.
    let entry = |l: &&Line| l.text.find([':', '：']).is_some_and(|at| at < 60);
    let alone = source.lines.get(line).is_none_or(|l| l.row || entry(&l));
    let prose = |at: Option<usize>| at.and_then(|l| source.lines.get(l)).filter(|l| !alone && !l.row);
    let before = prose(line.checked_sub(1));
    let behind = prose(Some(line + 1));
    let own = source.lines.get(line);
    let goes_on = |l: &Line| *l.goes_on.get_or_init(|| means_the_last(&l.text));
    let meant = if own.is_some_and(goes_on) { MEANT } else { ABOUT };
    let says = |l: Option<&Line>, stem: &String| l.is_some_and(|l| l.stems.contains(stem));
    let mut sum: f32 = wanted
        .near
        .iter()
        .map(|(stem, ours)| {
            let beside = there.get(stem).copied().unwrap_or(0.0);
            let around = if says(before, stem) {
                meant
            } else if source.about.contains(stem) || says(behind, stem) {
                ABOUT
            } else {
                0.0
            };
            ours * words::weight(stem) * beside.max(around)
        })
        .sum();
    if let Some(line) = own.filter(|l| l.row) {
        let first = line.reading.quantities.iter().map(|q| q.span.start).min().unwrap_or(usize::MAX);
        let cells = pieces_of(line);
        let key = cells.get(1).or(cells.first()).map_or(0, |p| p.end).min(first);
        sum -= line
            .terms
            .iter()
            .filter(|t| t.start < key && !is_measure(&t.stem) && !wanted.all.contains(&t.stem))
            .map(|t| UNSAID * words::weight(&t.stem))
            .sum::<f32>();
    }
    sum
}

/// Does a sentence speak of what the one before it named ("It stops at …")?
fn means_the_last(text: &str) -> bool {
    words::words(text).first().is_some_and(|(_, w)| {
        matches!(
            w.as_str(),
            "it" | "its" | "they" | "their" | "this" | "these" | "both" | "se" | "su" | "其" | "该" | "此"
        )
    })
}

/// The words beside the span `own` of `line`; `kin` are the spans of its kind, `own` among
/// them. In a draft (`strict`) a word that stands with another value says nothing of this one.
fn near(line: &Line, kin: &[Range<usize>], own: &Range<usize>, strict: bool) -> Near {
    let pieces = pieces_of(line);
    let of = |at: usize| pieces.iter().position(|p| p.contains(&at)).unwrap_or(0);
    let own_piece = of(own.start);
    let has_other = |piece: usize| kin.iter().any(|k| k != own && of(k.start) == piece);
    let first = kin.iter().map(|k| k.start).min().unwrap_or(own.start);
    // Back to the value before this one everything leads up to it.
    let mut leads = own_piece;
    while leads > 0 && !has_other(leads - 1) && !has_other(own_piece) {
        leads -= 1;
    }
    let elsewhere = if strict { 0.0 } else { ELSEWHERE };
    let head = if strict || begins_anew(line, kin, own) { elsewhere } else { HEAD };
    // "The main pump gives 40 bar, the pilot pump 25": the verb goes on.
    let verb = line.terms.iter().filter(|t| t.start < first && !is_measure(&t.stem)).map(|t| t.start).max();
    let mut near = Near::new();
    for Term { stem, start } in &line.terms {
        let in_kin = kin.iter().any(|k| k.contains(start));
        if in_kin || is_measure(stem) {
            continue;
        }
        let piece = of(*start);
        let weight = if piece == own_piece {
            // Two of a kind in one piece: what lies before an earlier one or behind a later
            // one is less its own.
            let apart = kin.iter().any(|k| {
                k != own
                    && of(k.start) == own_piece
                    && (k.start < own.start && *start < k.start || k.start > own.start && *start > k.start)
            });
            if !apart {
                1.0
            } else if *start < first && !strict {
                head.max(0.5)
            } else {
                0.5
            }
        } else if line.row {
            // The first cells say which row it is, whatever figures they have.
            if has_other(piece) && piece > 1 { elsewhere } else { 1.0 }
        } else if (leads..own_piece).contains(&piece) {
            1.0
        } else if !strict && Some(*start) == verb {
            HEAD
        } else if *start < first {
            if strict && !has_other(piece) { 0.5 } else { head }
        } else if has_other(piece) {
            elsewhere
        } else {
            0.5
        };
        let entry = near.entry(stem.clone()).or_insert(0.0);
        *entry = entry.max(weight);
    }
    near
}

/// Does what leads up to `own` name a thing of its own ("… 40 bar, the pilot pump 25 bar"),
/// rather than go on with the sentence's first ("opened in 1931 and enlarged in 1958")?
fn begins_anew(line: &Line, kin: &[Range<usize>], own: &Range<usize>) -> bool {
    let Some(last) = kin.iter().filter(|k| k.end <= own.start).max_by_key(|k| k.end) else {
        return false;
    };
    let first = kin.iter().map(|k| k.start).min().unwrap_or(0);
    let lead = last.end..own.start;
    let mut between = words::words(line.text.get(lead.clone()).unwrap_or_default())
        .into_iter()
        .map(|(_, w)| w)
        .skip_while(|w| matches!(w.as_str(), "and" | "or" | "but" | "while" | "whereas" | "then" | "y"));
    let named = matches!(between.next().as_deref(), Some("the" | "a" | "an" | "el" | "la" | "los" | "las"));
    let head = |stem: &String| line.terms.iter().any(|t| t.start < first && t.stem == *stem);
    named || line.terms.iter().any(|t| lead.contains(&t.start) && head(&t.stem))
}

fn pieces_of(line: &Line) -> &[Range<usize>] {
    line.pieces.get_or_init(|| pieces(&line.text))
}

/// A text cut where one thing ends and the next may begin.
fn pieces(text: &str) -> Vec<Range<usize>> {
    const WORDS: &[&str] = &[
        " and ",
        " or ",
        " but ",
        " while ",
        " whereas ",
        " then ",
        " y ",
        " pero ",
        " mientras ",
        "而",
        "则",
    ];
    let mut cuts: Vec<usize> = Vec::new();
    for (i, c) in text.char_indices() {
        let next = text.get(i + c.len_utf8()..).and_then(|t| t.chars().next());
        let cut = match c {
            ';' | '；' | '，' | '。' | '、' | '\n' | '(' | ')' | '（' | '）' => true,
            ',' | '.' => next.is_none_or(char::is_whitespace),
            _ if c != ' ' && c.is_ascii() => false,
            _ => WORDS.iter().any(|w| text.get(i..).is_some_and(|t| t.starts_with(w))),
        };
        if cut {
            cuts.push(i + c.len_utf8());
        }
    }
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([text.len() + 1]) {
        if cut > from {
            pieces.push(from..cut);
            from = cut;
        }
    }
    pieces
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::numbers::Flaw;
    use super::super::numbers::tests::flaws;
    use crate::core::answer::source::tests::{fault, prose, record};
    use proptest::prelude::*;

    #[test]
    fn a_value_stays_with_the_thing_beside_it() {
        let p = [prose(
            "The main pump gives 40 bar, the pilot pump 25 bar. The brake gap is 0.4 mm and the fan gap 3 mm.",
        )];
        for right in [
            "The main pump gives 40 bar.",
            "The pilot pump gives 25 bar.",
            "Pilot pump: 25 bar; main pump: 40 bar.",
            "There are 40 bar.",
            "The fan has a gap of 3 mm.",
            "Set the gap of the brake to 0.4 mm.",
        ] {
            assert_eq!(flaws(right, &p), [], "{right}");
        }
        for wrong in [
            "The pilot pump gives 40 bar.",
            "The main pump gives 25 bar.",
            "Pilot pump: 40 bar.",
            "The fan has a gap of 0.4 mm.",
        ] {
            assert_eq!(flaws(wrong, &p), [Flaw::Owner], "{wrong}");
        }
    }

    #[test]
    fn a_neighbour_rows_value_is_not_this_rows() {
        let rows = [
            record(&[("Point", "Saddle bearing"), ("Grease", "90 g"), ("Interval", "6 months")]),
            record(&[("Point", "Wrist pin bearing"), ("Grease", "120 g"), ("Interval", "3 months")]),
        ];
        assert_eq!(flaws("Saddle bearing: 90 g every 6 months.", &rows), []);
        assert_eq!(flaws("Saddle bearing: 120 g every 6 months.", &rows), [Flaw::Owner]);
        assert_eq!(flaws("Saddle bearing: 90 g every 3 months.", &rows), [Flaw::Owner]);
    }

    #[test]
    fn a_neighbour_rows_code_is_not_this_rows() {
        let rows = [
            fault("E203", "Oil level low", "Leak at a hose", "Fill oil"),
            fault("E204", "Return filter blocked", "Element saturated", "Replace the element"),
        ];
        assert_eq!(flaws("E203 means that the oil level is low.", &rows), []);
        assert_eq!(flaws("E204 means that the oil level is low.", &rows), [Flaw::Owner]);
        assert_eq!(flaws("E203 and E204 are alarms.", &rows), []);
    }

    #[test]
    fn a_column_of_units_goes_with_the_values_of_its_row() {
        let mut row = record(&[("Parameter", "H1-02"), ("Setting", "8.0"), ("Unit", "s")]);
        row.fields[2].role = Some(crate::core::knowledge::passage::Role::Unit);
        let rows = [row];
        assert_eq!(flaws("H1-02 is set to 8.0 s.", &rows), []);
        assert_eq!(flaws("Setting: 8.0.", &rows), [], "quoted without its unit");
        assert_ne!(flaws("H1-02 is set to 8.0 h.", &rows), []);
    }

    proptest! {
        #[test]
        fn two_things_never_change_their_values(a in 1u32..500, b in 501u32..999, unit in proptest::sample::select(vec!["bar", "Nm", "mm", "°C"])) {
            let p = [prose(&format!("The upper bearing takes {a} {unit}, the clutch takes {b} {unit}."))];
            prop_assert_eq!(flaws(&format!("The clutch takes {b} {unit}."), &p), []);
            prop_assert_eq!(flaws(&format!("The clutch takes {a} {unit}."), &p), [Flaw::Owner]);
            prop_assert_eq!(flaws(&format!("The upper bearing takes {b} {unit}."), &p), [Flaw::Owner]);
        }
    }
}
