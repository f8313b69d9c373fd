//! Is a sentence said by a passage? By its words: most of its content stands there, and
//! what turns a meaning round (negation, "only", modality, opposites) stands alike on
//! both sides.

use crate::core::answer::source::{Segment, Source};
use crate::core::answer::words::{self, stem, terms};

/// The share of a sentence's content, by weight, that the passage must hold.
///
/// A sentence of five content words may bring one short word of its own. It is strict on
/// purpose: what falls through is quoted instead, which costs a person little, while an
/// invented part or action may cost a hand.
pub const LEAST_COVERED: f32 = 0.8;

/// Words that a draft may use to talk about what a passage says: they assert nothing.
const SCAFFOLD: &[&str] = &[
    "mean",
    "means",
    "meaning",
    "indicate",
    "indicates",
    "cause",
    "caused",
    "causes",
    "reason",
    "remedy",
    "need",
    "needs",
    "required",
    "make",
    "sure",
    "ensure",
    "following",
    "follows",
    "first",
    "next",
    "finally",
    "value",
    "order",
    "due",
    "possible",
    "according",
    "manual",
    "error",
    "code",
    "alarm",
    "fault",
    "step",
    "steps",
    "use",
    "set",
    "specified",
    "necessary",
    "action",
    "should",
];

/// How far a sentence is held by a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// Share of its content (by weight) that the source holds, 0..=1.
    pub covered: f32,
    /// The source's segments that say it, best first.
    pub segments: Vec<usize>,
    /// Content words that the source does not hold.
    pub foreign: Vec<String>,
}

/// Aligns `sentence` with `source`.
pub fn align(sentence: &str, source: &Source<'_>) -> Alignment {
    let wanted = content(sentence);
    let segments: Vec<Vec<String>> = source.segments.iter().map(|s| stems(&s.text)).collect();
    let about = stems(&source.context());
    let mut held = 0.0;
    let mut total = 0.0;
    let mut foreign = Vec::new();
    for stem in &wanted {
        let weight = words::weight(stem);
        total += weight;
        if about.contains(stem) || segments.iter().any(|s| s.contains(stem)) {
            held += weight;
        } else {
            foreign.push(stem.clone());
        }
    }
    // Cover the sentence with as few segments as do, each adding at least two words.
    let mut open: Vec<&String> = wanted.iter().collect();
    let mut chosen = Vec::new();
    while chosen.len() < 3 {
        let gain = |i: usize| open.iter().filter(|w| segments.get(i).is_some_and(|s| s.contains(w))).count();
        let Some(best) = (0..segments.len())
            .filter(|i| !chosen.contains(i))
            .max_by_key(|&i| (gain(i), std::cmp::Reverse(i)))
        else {
            break;
        };
        if gain(best) < if chosen.is_empty() { 1 } else { 2 } {
            break;
        }
        open.retain(|w| !segments.get(best).is_some_and(|s| s.contains(w)));
        chosen.push(best);
    }
    let covered = if total > 0.0 { held / total } else { 0.0 };
    Alignment { covered, segments: chosen, foreign }
}

/// Why `sentence` is not what `source` says, or nothing.
pub fn check(sentence: &str, source: &Source<'_>, alignment: &Alignment) -> Vec<String> {
    let mut reasons = Vec::new();
    if alignment.covered < LEAST_COVERED {
        reasons.push(match alignment.foreign.is_empty() {
            true => "says nothing that can be looked up".to_owned(),
            false => format!("not in the passage: {}", alignment.foreign.join(", ")),
        });
        return reasons;
    }
    let segments: Vec<&Segment> = alignment.segments.iter().filter_map(|&i| source.segments.get(i)).collect();
    let said = Polarity::of(sentence);
    let held: Vec<Polarity> = segments.iter().map(|s| Polarity::of(&s.text)).collect();
    reasons.extend(turned(&said, &held));
    reasons.extend(modality(sentence, &segments));
    reasons.extend(opposites(sentence, &segments));
    reasons.extend(affirmation(sentence, &segments));
    reasons
}

fn stems(text: &str) -> Vec<String> {
    terms(text).into_iter().map(|t| t.stem).collect()
}

/// The content of a draft's sentence: its terms without scaffold, unless scaffold is all
/// that it has. Pure numbers are the number lock's business.
fn content(sentence: &str) -> Vec<String> {
    let scaffold: Vec<String> = SCAFFOLD.iter().map(|w| stem(w)).collect();
    let mut all: Vec<String> = Vec::new();
    for stem in stems(sentence) {
        let figure = stem.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
        if !figure && !all.contains(&stem) && !is_measure(&stem) {
            all.push(stem);
        }
    }
    let lean: Vec<String> = all.iter().filter(|s| !scaffold.contains(s)).cloned().collect();
    if lean.is_empty() { all } else { lean }
}

/// Units and number words: compared by the number lock, whatever their spelling.
fn is_measure(word: &str) -> bool {
    use crate::core::answer::quantity::{numeral, unit};
    let glued = word.starts_with(|c: char| c.is_ascii_digit())
        && unit::whole(word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ','))
            .is_some();
    glued
        || unit::whole(word).is_some()
        || [
            "newton", "metr", "meter", "degre", "celsiu", "litr", "liter", "hour", "minut", "second", "bar",
            "percent", "minu", "plu", "volt", "amp",
        ]
        .contains(&word)
        || numeral::read(word, numeral::Style::Written).is_some_and(|n| n.len == word.len())
}

/// What turns the words after it round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Not,
    Only,
    Unless,
}

fn mark(word: &str) -> Option<Mark> {
    Some(match word {
        "not" | "no" | "never" | "none" | "nor" | "neither" | "without" | "cannot" | "avoid"
        | "prohibited" | "forbidden" => Mark::Not,
        "only" => Mark::Only,
        "unless" | "except" => Mark::Unless,
        // Contractions lose their apostrophe when words are cut.
        _ if word.len() >= 4
            && word.ends_with("nt")
            && matches!(
                word,
                "dont"
                    | "doesnt"
                    | "didnt"
                    | "cant"
                    | "wont"
                    | "mustnt"
                    | "shouldnt"
                    | "isnt"
                    | "arent"
                    | "wasnt"
                    | "couldnt"
                    | "neednt"
            ) =>
        {
            Mark::Not
        }
        _ => return None,
    })
}

/// A mark with the content words that it governs.
#[derive(Debug, Clone, PartialEq)]
struct Scope {
    mark: Mark,
    words: Vec<String>,
}

/// The marks of a text.
#[derive(Debug, Clone, PartialEq)]
struct Polarity {
    scopes: Vec<Scope>,
    stems: Vec<String>,
}

/// How many content words a mark governs: enough for verb and object ("not open valve").
const GOVERNED: usize = 3;

impl Polarity {
    fn of(text: &str) -> Self {
        let mut scopes = Vec::new();
        for clause in text.split(['.', ';', '!', '?', '。']) {
            let all = words::words(clause);
            for (i, (_, word)) in all.iter().enumerate() {
                let Some(mark) = mark(word) else { continue };
                let content =
                    |w: &String| -> Option<String> { (!words::is_stop(w) && w.len() > 1).then(|| stem(w)) };
                // Up to the next mark: in "never work without isolating" each has its own.
                let mut governed: Vec<String> = all
                    .iter()
                    .skip(i + 1)
                    .take_while(|(_, w)| self::mark(w).is_none())
                    .filter_map(|(_, w)| content(w))
                    .take(GOVERNED)
                    .collect();
                if governed.is_empty() {
                    // "is prohibited", "is forbidden" look back.
                    governed =
                        all.iter().take(i).rev().filter_map(|(_, w)| content(w)).take(GOVERNED).collect();
                }
                scopes.push(Scope { mark, words: governed });
            }
        }
        Polarity { scopes, stems: stems(text) }
    }

    fn has(&self, mark: Mark) -> bool {
        self.scopes.iter().any(|s| s.mark == mark)
    }
}

/// Does a text negate, restrict or bind: would leaving it out change what others say?
pub fn is_qualified(text: &str) -> bool {
    let marked = !Polarity::of(text).scopes.is_empty();
    marked
        || ["必须", "不得", "禁止", "严禁", "切勿", "solo", "nunca", "debe"]
            .iter()
            .any(|w| text.to_lowercase().contains(w))
}

/// Marks that are on one side only.
fn turned(said: &Polarity, held: &[Polarity]) -> Option<String> {
    for mark in [Mark::Not, Mark::Only, Mark::Unless] {
        let name = match mark {
            Mark::Not => "a negation",
            Mark::Only => "an \"only\"",
            Mark::Unless => "an exception",
        };
        let theirs: Vec<&Scope> = held.iter().flat_map(|p| &p.scopes).filter(|s| s.mark == mark).collect();
        let ours: Vec<&Scope> = said.scopes.iter().filter(|s| s.mark == mark).collect();
        let meets = |a: &Scope, b: &Scope| {
            a.words.iter().any(|w| b.words.contains(w)) || (a.words.is_empty() && b.words.is_empty())
        };
        if ours.iter().any(|a| !theirs.iter().any(|b| meets(a, b))) {
            return Some(format!("{name} that the passage does not have"));
        }
        let dropped = |b: &&Scope| {
            let speaks_of_it = b.words.is_empty() || b.words.iter().any(|w| said.stems.contains(w));
            speaks_of_it && !ours.iter().any(|a| meets(a, b))
        };
        if theirs.iter().any(dropped) {
            return Some(format!("{name} of the passage is missing"));
        }
        // Fewer negations than the one sentence it is made of has.
        if let [only] = held
            && only.has(mark)
            && ours.len() > theirs.len()
        {
            return Some(format!("{name} that the passage does not have"));
        }
    }
    None
}

/// How binding a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Force {
    Must,
    Should,
    May,
}

fn forces(text: &str) -> Vec<Force> {
    let all: Vec<String> = words::words(text).into_iter().map(|(_, w)| w).collect();
    let mut out = Vec::new();
    for (i, word) in all.iter().enumerate() {
        let next = all.get(i + 1).map(String::as_str);
        let force = match word.as_str() {
            "must" | "shall" | "mustnt" | "always" | "never" => Force::Must,
            "have" | "has" if next == Some("to") => Force::Must,
            "should" | "shouldnt" | "recommended" => Force::Should,
            "may" | "might" | "optional" | "optionally" | "permitted" | "allowed" => Force::May,
            _ => continue,
        };
        if !out.contains(&force) {
            out.push(force);
        }
    }
    out
}

/// "must" made "may", or "may" made "must". A plain imperative agrees with "must".
fn modality(sentence: &str, segments: &[&Segment]) -> Option<String> {
    let said = forces(sentence);
    let held: Vec<Force> = segments.iter().flat_map(|s| forces(&s.text)).collect();
    let wrong = said.iter().any(|force| match force {
        Force::Must => {
            !held.contains(&Force::Must) && (held.contains(&Force::May) || held.contains(&Force::Should))
        }
        Force::Should | Force::May => !held.contains(force),
    });
    // "must" left out weakens nothing; "may" and "should" left out make an order of it.
    wrong.then(|| "more or less binding than the passage".to_owned())
}

/// Pairs of which one must not take the other's place, as stems.
const OPPOSITES: &[(&str, &str)] = &[
    ("open", "close"),
    ("above", "below"),
    ("clockwise", "counterclockwise"),
    ("clockwise", "anticlockwise"),
    ("increase", "decrease"),
    ("before", "after"),
    ("left", "right"),
    ("tighten", "loosen"),
    ("upper", "lower"),
    ("high", "low"),
    ("higher", "lower"),
    ("inlet", "outlet"),
    ("maximum", "minimum"),
    ("max", "min"),
    ("raise", "lower"),
    ("connect", "disconnect"),
    ("start", "stop"),
    ("enable", "disable"),
    ("engage", "disengage"),
    ("remove", "install"),
    ("remove", "fit"),
    ("positive", "negative"),
    ("more", "less"),
    ("on", "off"),
    ("front", "rear"),
    ("top", "bottom"),
    ("suction", "discharge"),
    ("supply", "return"),
    ("energise", "isolate"),
    ("lock", "unlock"),
    ("first", "last"),
    ("hot", "cold"),
    ("fill", "drain"),
    ("push", "pull"),
    ("forward", "reverse"),
    ("inner", "outer"),
    ("normally open", "normally closed"),
];

/// A word whose opposite stands in the passage in its place.
fn opposites(sentence: &str, segments: &[&Segment]) -> Option<String> {
    let bag = |text: &str| -> Vec<String> { words::words(text).into_iter().map(|(_, w)| stem(&w)).collect() };
    let said = bag(sentence);
    let held: Vec<String> = segments.iter().flat_map(|s| bag(&s.text)).collect();
    for (a, b) in OPPOSITES {
        for (here, there) in [(a, b), (b, a)] {
            let (here, there) = (stem(here), stem(there));
            if said.contains(&here) && !held.contains(&here) && held.contains(&there) {
                return Some(format!("\"{here}\" where the passage has \"{there}\""));
            }
        }
    }
    None
}

/// A "yes" or "no" that answers where the manual only states.
fn affirmation(sentence: &str, segments: &[&Segment]) -> Option<String> {
    let first = words::words(sentence).into_iter().next()?.1;
    let judges = matches!(first.as_str(), "yes" | "yeah" | "sure" | "correct" | "true" | "false")
        || first == "no"
            && sentence.trim_start().get(2..).is_some_and(|t| t.starts_with([',', '.', '!', ';']));
    let opens = segments.iter().any(|s| words::words(&s.text).first().is_some_and(|(_, w)| *w == first));
    (judges && !opens).then(|| format!("\"{first}\" is the draft's own word"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::answer::source::tests::{fault, prose};
    use crate::core::knowledge::passage::Passage;

    fn reasons(draft: &str, passage: &Passage) -> Vec<String> {
        let source = Source::of(passage);
        check(draft, &source, &align(draft, &source))
    }

    #[test]
    fn what_the_passage_says_in_other_order_is_grounded() {
        let row =
            fault("E203", "Return filter blocked", "Filter element saturated", "Replace the filter element");
        let text = prose(
            "Do not open valve V1 while the pump is running. Close the drain valve and wait. The guard must be fitted. The cover may be removed.",
        );
        for (draft, passage) in [
            ("E203 means that the return filter is blocked.", &row),
            ("The cause is a saturated filter element, so replace the filter element.", &row),
            ("Never open valve V1 while the pump is running.", &text),
            ("Close the drain valve.", &text),
            ("Fit the guard.", &text),
            ("The cover may be removed.", &text),
            ("Wait, and close the drain valve.", &text),
        ] {
            assert_eq!(reasons(draft, passage), Vec::<String>::new(), "{draft}");
        }
    }

    #[test]
    fn what_it_does_not_say_is_not() {
        let row =
            fault("E203", "Return filter blocked", "Filter element saturated", "Replace the filter element");
        let text = prose(
            "Do not open valve V1 while the pump is running. Tighten the cover clockwise. The guard must be fitted. \
             The cover may be removed. Adjust it only when the drive is isolated. There is no pressure in the line.",
        );
        for (draft, passage) in [
            ("The motor temperature sensor is broken.", &row),
            ("Replace the hydraulic pump.", &row),
            ("Open valve V1 while the pump is running.", &text),
            ("Open valve V1 and do not tighten the cover clockwise.", &text),
            ("Do not tighten the cover clockwise.", &text),
            ("Tighten the cover counterclockwise.", &text),
            ("Loosen the cover clockwise.", &text),
            ("The guard may be fitted.", &text),
            ("The cover must be removed.", &text),
            ("Adjust it when the drive is isolated.", &text),
            ("There is pressure in the line.", &text),
            ("Yes, the cover may be removed.", &text),
            ("Yes.", &text),
            ("", &text),
        ] {
            assert_ne!(reasons(draft, passage), Vec::<String>::new(), "{draft}");
        }
    }

    #[test]
    fn alignment_names_the_sentences_that_say_it() {
        let text =
            prose("The pump is green. Replace the filter element yearly. Bleed the return line slowly.");
        let source = Source::of(&text);
        assert_eq!(align("The filter element is replaced yearly.", &source).segments, [1]);
        let two = align("Replace the filter element and bleed the return line.", &source);
        assert_eq!(two.segments.len(), 2);
        assert!(two.covered > 0.99 && two.foreign.is_empty());
    }
}
