use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::vocabulary::tests::small;
use super::copy::Copy;
use super::lexicon::Lexicon;
use super::locked::Locked;
use super::text::{Source, is_locked};
use super::*;
use crate::core::answer::quantity::{self, Quantity};

fn choice(texts: &[&str]) -> Automaton {
    let texts = texts.iter().map(|t| (*t).to_owned()).collect();
    Automaton::new(&Constraint::Choice(texts), &small()).unwrap()
}

/// What the next step may do, as a list.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Any,
    /// These ids, ascending; `end` where the text may also end here.
    OneOf {
        ids: Vec<u32>,
        end: bool,
    },
    /// Nothing is left to choose: this is the whole text.
    Settled(String),
}

fn next(automaton: &Automaton) -> Next {
    let mut mask = Bits::default();
    match automaton.allow(&mut mask) {
        Allow::Any => Next::Any,
        Allow::Done => Next::Settled(automaton.choice().unwrap_or_default().to_owned()),
        Allow::Masked => {
            let lexicon = match automaton {
                Automaton::Free => return Next::Any,
                Automaton::Choice(choice) => &choice.lexicon,
                Automaton::Locked(locked) => locked.lexicon(),
                Automaton::Copy(copy) => copy.lexicon(),
            };
            let (stops, ids): (Vec<u32>, Vec<u32>) = mask.iter().partition(|id| lexicon.is_stop(*id));
            Next::OneOf { ids, end: !stops.is_empty() }
        }
    }
}

#[test]
fn only_beginnings_of_choices_are_allowed_and_the_last_one_left_is_settled() {
    let v = small();
    let mut a = choice(&["E15", "E50", "none"]);
    let first = |t: &str| v.encode(t).unwrap()[0];
    let mut starts = vec![first("E15"), first("none")];
    starts.sort_unstable();
    assert_eq!(next(&a), Next::OneOf { ids: starts, end: false });
    a.take(first("E15"));
    let Next::OneOf { ids, end } = next(&a) else { panic!("two are left") };
    assert_eq!((ids.len(), end, a.choice()), (2, false, None));
    a.take(first("5"));
    assert_eq!(next(&a), Next::Settled("E50".to_owned()));
    assert_eq!((a.allow(&mut Bits::default()), a.choice()), (Allow::Done, Some("E50")));
}

#[test]
fn a_choice_that_begins_another_may_end_where_it_is_whole() {
    let mut a = choice(&["1", "12"]);
    a.take(small().encode("1").unwrap()[0]);
    let Next::OneOf { ids, end } = next(&a) else { panic!("two are left") };
    assert_eq!((ids.len(), end, a.whole(), a.choice()), (1, true, Some("1"), Some("1")));
}

#[test]
fn one_choice_and_no_choice_need_no_model() {
    assert_eq!(next(&choice(&["yes", "yes"])), Next::Settled("yes".to_owned()));
    assert_eq!(next(&choice(&[])), Next::Settled(String::new()));
}

/// All bytes, then tokens as vocabularies have them, some across every boundary there is.
const WORDS: [&str; 44] = [
    " 5", "12", " bar", "bar.", "5 b", " valve", " M", "M16", ". ", ".\n", " the", "0.", " 0", "°C",
    " Close", "ose", " and", ", then", " 2", "10", " to", "E", " E", "20", "3", " N", "Nm", " Nm", "阀",
    "关", "²", "½", " 35", "-", " -", "ol", "ts", " bolts", "Close", " Open", "Open", "。", "泵", "e.g.",
];
const STOP: u32 = 256 + WORDS.len() as u32;

fn lexicon() -> Arc<Lexicon> {
    static LEXICON: OnceLock<Arc<Lexicon>> = OnceLock::new();
    let make = || {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let tokens = bytes.chunks(1).chain(WORDS.iter().map(|w| w.as_bytes())).chain([&[][..]]);
        Arc::new(Lexicon::new(tokens, [STOP].into_iter()))
    };
    LEXICON.get_or_init(make).clone()
}

fn locked(sources: &[&str], sentences: usize) -> Automaton {
    let sources: Vec<String> = sources.iter().map(|s| (*s).to_owned()).collect();
    Automaton::Locked(Locked::new(&sources, sentences, &lexicon()))
}

fn copy(sources: &[&str], joins: &[&str], sentences: usize) -> Automaton {
    let own = |texts: &[&str]| texts.iter().map(|s| (*s).to_owned()).collect::<Vec<String>>();
    Automaton::Copy(Copy::new(&own(sources), &own(joins), sentences, &lexicon()))
}

/// Writes a text byte by byte: how far that is allowed, and whether it may end there.
fn write(mut a: Automaton, text: &str) -> (&str, bool) {
    let mut mask = Bits::default();
    for (i, byte) in text.bytes().enumerate() {
        if a.allow(&mut mask) == Allow::Done || !mask.contains(u32::from(byte)) {
            return (&text[..i], mask.contains(STOP));
        }
        if let Took::Ended { bytes } = a.take(u32::from(byte)) {
            return (text[..i + bytes].trim_end(), true);
        }
    }
    let end = a.allow(&mut mask) == Allow::Done || mask.contains(STOP);
    (text, end)
}

/// May all of it be written, to its end?
fn allows(a: &Automaton, text: &str) -> bool {
    write(a.clone(), text) == (text, true)
}

#[test]
fn numbers_and_codes_are_written_as_they_stand_or_not_at_all() {
    let a = locked(&["Set -0.35 bar on M16/M20, then use 5 bolts. Range: 10 to 20 °C; see E203."], 0);
    for good in [
        "It is -0.35 bar.",
        "Take 5 bolts!",
        "The E203, of course",
        "M16/M20",
        "between 10 to 20 °C",
        "no number",
    ] {
        assert!(allows(&a, good), "{good}: {:?}", write(a.clone(), good));
    }
    for (bad, upto) in [
        ("It is 0.35 bar", "It is "),
        ("It is -0.36 bar", "It is -0.3"),
        ("It is -0.35 psi", "It is -0.35 "),
        ("It is -0.35 bars", "It is -0.35 bar"),
        ("5 nuts", "5 "),
        ("5 bolts7", "5 bolts"),
        ("E20", "E20"),
        ("E2033", "E203"),
        ("XE203", "XE"),
        ("M16", "M16"),
        ("10 °C", "10 "),
        ("the 20 °C", "the "),
        ("five²", "five"),
        ("１ bar", ""),
        ("½", ""),
    ] {
        let (written, end) = write(a.clone(), bad);
        assert!(
            written.starts_with(upto) && written.len() < upto.len() + 2 && !(written == bad && end),
            "{bad}: {written:?} {end}"
        );
    }
}

#[test]
fn a_text_ends_at_its_last_sentence_not_inside_a_number() {
    let a = locked(&["The limit is 0.35 bar. Then wait 5 s."], 1);
    assert_eq!(write(a.clone(), "It is 0.35 bar. Wait"), ("It is 0.35 bar.", true));
    assert_eq!(write(a, "It, e.g. the limit, is 0.35 bar. Wait").0, "It, e.g. the limit, is 0.35 bar.");
    let a = locked(&[], 2);
    assert_eq!(write(a, "One. Two! Three"), ("One. Two!", true));
}

#[test]
fn a_copy_is_made_of_spans_and_connectives() {
    let a =
        copy(&["Close the valve V1. Set 0.35 bar on it.", "Open the drain\nslowly."], &["and", ", then"], 0);
    for good in [
        "Close the valve V1.",
        "Close the valve V1. Open the drain slowly.",
        "the valve V1 and the drain",
        "Close the valve, then Set 0.35 bar on it",
        "drain slowly and Close",
    ] {
        assert!(allows(&a, good), "{good}: {:?}", write(a.clone(), good));
    }
    for (bad, upto) in [
        ("Closet", "Close"),
        ("Close a valve", "Close "),
        ("lose", ""),
        ("Close and ", "Close and "),
        ("Set 0.35 and", "Set 0.35 "),
        ("Set 0.3", "Set 0.3"),
        ("bar on it", ""),
        ("Close or the", "Close "),
        ("the valve the drain", "the valve "),
    ] {
        let (written, end) = write(a.clone(), bad);
        assert!(written.starts_with(upto) && !(written == bad && end), "{bad}: {written:?} {end}");
        assert!(written.len() <= upto.len() + 1, "{bad}: {written:?}");
    }
    assert_eq!(write(copy(&["One. Two. Three."], &[], 2), "One. Two. Three").0, "One. Two.");
    assert_eq!(copy(&[" "], &[], 0).allow(&mut Bits::default()), Allow::Done);
}

#[test]
fn a_sentence_that_forbids_is_copied_whole() {
    let a = copy(
        &["Do not open the valve by hand, please. Open the drain only now. 切勿打开阀门，等待。"],
        &["and"],
        0,
    );
    for good in ["Do not open the valve by hand, please.", "Open the drain only now.", "切勿打开阀门，等待。"]
    {
        assert!(allows(&a, good), "{good}: {:?}", write(a.clone(), good));
    }
    for bad in ["open the valve", "the valve", "Do not open", "Open the drain", "now.", "等待。"] {
        assert!(!allows(&a, bad), "{bad}");
    }
}

#[test]
fn a_script_without_blanks_is_copied_by_its_clauses() {
    let a = copy(&["关闭阀门，等待5秒。打开泵。"], &["然后"], 0);
    assert!(allows(&a, "关闭阀门，等待5秒。打开泵。"));
    assert!(allows(&a, "等待5秒。关闭阀门"));
    assert_eq!(write(a.clone(), "阀门").0.len(), 0);
    assert_eq!(write(a, "等待5。").0, "等待5");
}

#[test]
fn masks_run_ahead_over_a_draft_up_to_the_first_token_that_is_not_allowed() {
    let mut masks = Masks::default();
    let a = locked(&["Set 5 bolts."], 0);
    let ids = |text: &str| text.bytes().map(u32::from).collect::<Vec<u32>>();
    assert_eq!(masks.fill(&a, &ids("at 6")), 3);
    assert!(masks.get(3).is_some_and(|m| m.contains(u32::from(b'5')) && !m.contains(u32::from(b'6'))));
    assert!(masks.get(4).is_none());
    assert_eq!(masks.fill(&a, &ids("5 b")), 3);
    assert!(masks.get(3).is_some_and(|m| m.iter().eq([u32::from(b'o'), 256 + 35])));
    assert_eq!(masks.fill(&Automaton::Free, &ids("5 b")), 3);
    assert!(masks.get(0).is_none(), "all is allowed");
    let b = choice(&["E15", "E50", "none"]);
    assert_eq!(masks.fill(&b, &ids("E5")), 1, "what settles a choice needs no row");
}

/// Walks at random over allowed tokens.
fn walk(mut a: Automaton, picks: &[u16]) -> (String, bool) {
    let lexicon = lexicon();
    let (mut bytes, mut mask) = (Vec::new(), Bits::default());
    for pick in picks {
        if a.allow(&mut mask) == Allow::Done {
            return (String::from_utf8(bytes).unwrap(), true);
        }
        let ids: Vec<u32> = mask.iter().collect();
        // Longer tokens and locked ones are rare among the bytes: half of the time, among them.
        let rare: Vec<u32> = ids
            .iter()
            .copied()
            .filter(|id| *id > 255 || lexicon.token(*id).iter().any(|b| b.is_ascii_digit() || *b == b' '))
            .collect();
        let from = if pick % 4 < 3 && !rare.is_empty() { &rare } else { &ids };
        let id = from[usize::from(pick / 4) % from.len()];
        if id == STOP {
            return (String::from_utf8_lossy(&bytes).into_owned(), true);
        }
        let token = lexicon.token(id);
        match a.take(id) {
            Took::Written => bytes.extend_from_slice(token),
            Took::Ended { bytes: n } => bytes.extend_from_slice(&token[..n]),
        }
        let dead = match &a {
            Automaton::Locked(a) => a.is_dead(),
            Automaton::Copy(a) => a.is_dead(),
            _ => false,
        };
        assert!(!dead, "{:?}", String::from_utf8_lossy(&bytes));
    }
    let end = a.allow(&mut mask) == Allow::Done || mask.contains(STOP);
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

const SOURCES: [&str; 6] = [
    "Close the valve V1 at 0.35 bar. Then use 5 bolts M16 (12 Nm).",
    "1. Open E203.\n2. Wait 20 s at -5 °C, e.g. the 10 to 20 bar pump.",
    "关阀，泵压力为3.5MPa。等待2秒。",
    "Area 12 mm², ½ turn, 5/8 inch, M16/M20; step 3.",
    "",
    "No number at all. Close the valves",
];

/// Can `text` be cut into pieces of the sources, each a span from word to word, and joins?
fn is_copied(text: &str, sources: &[Source], joins: &[&str]) -> bool {
    // Reached ends, with whether a span may begin there at once (after a connective).
    let mut ends = vec![(0, true)];
    let mut seen = std::collections::BTreeSet::new();
    while let Some((at, span)) = ends.pop() {
        if !seen.insert((at, span)) {
            continue;
        }
        let rest = &text[at..];
        let full = text.ends_with(['.', '。']);
        if rest.is_empty() && (!span || full) {
            return true;
        }
        if span {
            let cut = if at > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
            let from = text.len() - cut.len();
            for n in (1..=cut.len()).filter(|n| cut.is_char_boundary(*n)) {
                if sources.iter().any(|s| s.text.contains(&cut[..n])) {
                    ends.push((from + n, false));
                    if cut[..n].ends_with(['.', '!', '?', '。', '！', '？']) {
                        ends.push((from + n, true));
                    }
                }
            }
        } else {
            for join in joins {
                if rest.trim_start().starts_with(join) {
                    ends.push((text.len() - rest.trim_start().len() + join.len(), true));
                }
            }
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is written, every character of a number stands in a whole of a source, with
    /// nothing before or after that could go on with it.
    #[test]
    fn under_the_lock_all_numbers_stand_in_the_sources(
        which in prop::sample::subsequence(SOURCES.to_vec(), 1..3),
        picks in prop::collection::vec(any::<u16>(), 1..60),
    ) {
        let (text, end) = walk(locked(&which, 0), &picks);
        let sources: Vec<Source> = which.iter().map(|s| Source::new(s)).collect();
        let mut free = text.char_indices().collect::<Vec<_>>();
        for source in &sources {
            for whole in source.wholes.iter().filter(|w| !w.marker) {
                let whole = &source.text[whole.span.clone()];
                for (at, _) in text.match_indices(whole) {
                    let before = text[..at].chars().next_back();
                    let after = text[at + whole.len()..].chars().next();
                    if before.is_none_or(super::text::may_precede_number)
                        && after.is_none_or(super::text::may_follow_number)
                    {
                        free.retain(|(i, _)| !(at..at + whole.len()).contains(i));
                    }
                }
            }
        }
        if end {
            let loose: String = free.iter().map(|(_, c)| c).filter(|c| is_locked(**c)).collect();
            prop_assert!(loose.is_empty(), "{:?} of {:?}", loose, text);
        }
    }

    /// Whatever is written is made of spans of the sources and connectives.
    #[test]
    fn a_copy_holds_nothing_else(
        which in prop::sample::subsequence(SOURCES.to_vec(), 1..4),
        picks in prop::collection::vec(any::<u16>(), 1..60),
        sentences in 0usize..3,
    ) {
        let joins = ["and", ", then", "。"];
        let (text, end) = walk(copy(&which, &joins, sentences), &picks);
        // The last sentence is known to have ended by the blank after it.
        let text = text.trim_end();
        if end && !text.is_empty() {
            let sources: Vec<Source> = which.iter().map(|s| Source::new(s)).collect();
            prop_assert!(is_copied(text, &sources, &joins), "{text:?}");
        }
    }
    /// The guard reads the text after this, and reads the same: no value with a unit that no
    /// source states. (Numbers that touch Chinese characters are not read by it.)
    #[test]
    fn what_the_lock_lets_through_the_guard_finds_in_the_sources(
        which in prop::sample::subsequence(SOURCES.to_vec(), 1..4),
        picks in prop::collection::vec(any::<u16>(), 1..60),
    ) {
        let which: Vec<&str> = which.into_iter().filter(|s| !s.contains('阀')).collect();
        let (text, end) = walk(locked(&which, 0), &picks);
        if end && !text.contains(super::text::is_unspaced) {
            let held: Vec<Quantity> = which.iter().flat_map(|s| quantity::read(s).quantities).collect();
            for q in quantity::read(&text).quantities.iter().filter(|q| !q.spelled) {
                let same = |h: &Quantity| {
                    let values = [Some(h.value), h.to, h.tolerance];
                    h.symbol() == q.symbol() && values.iter().flatten().any(|v| quantity::equal(*v, q.value))
                };
                prop_assert!(held.iter().any(same), "{:?} of {:?}", q, text);
            }
        }
    }
}
