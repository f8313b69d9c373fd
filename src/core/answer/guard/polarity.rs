//! What turns a meaning round must stand alike on both sides: negation, "only", exceptions,
//! obligation ("must", "may") and opposites ("open", "close"), in English, Spanish and
//! Chinese.
//!
//! A negation is known by the words around it: "must not be mixed with mineral oil" and "may
//! not be topped up with mineral oil" are one. Negations of a comparison ("not more than 5
//! bar") belong to the number lock and are passed over here.

use std::collections::HashSet;

mod force;
mod negation;
mod opposites;

use force::{forces, modality};
use negation::{negations, restrictions};
use opposites::opposites;

use super::held::stems;
use crate::core::answer::words::{self, stem};

/// A clause of a text with what turns it round.
#[derive(Debug, Clone)]
pub struct Clause {
    /// Its content, each once.
    pub stems: Vec<String>,
    /// The same, to be asked.
    set: HashSet<String>,
    /// What they weigh together.
    size: f32,
    /// All its words.
    words: Vec<Word>,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone)]
struct Word {
    lower: String,
    stem: String,
    content: bool,
}

/// What kind of mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Not,
    Only,
    Unless,
    /// Says no without a negation ("fails", "unable"): answers one, demands none.
    Soft,
}

/// A mark with the content words around it.
#[derive(Debug, Clone, PartialEq)]
struct Mark {
    turn: Turn,
    /// Stem of its own word.
    own: String,
    ahead: Vec<String>,
    behind: Vec<String>,
    /// "not … until": holds for a while only.
    conditional: bool,
}

/// How many content words a mark reaches, ahead and behind.
const AHEAD: usize = 4;
const BEHIND: usize = 4;
/// How many words of its governed ones a dropped negation is known by.
const GOVERNED: usize = 3;

/// A clause ends here; a mark reaches no further.
fn joins(word: &str) -> bool {
    matches!(word, "and" | "but" | "then" | "because" | "so" | "y" | "pero" | "porque" | "while")
}

/// The clauses of `text`: its sentences, cut at semicolons and ends of lines too.
pub fn clauses(text: &str) -> Vec<Clause> {
    let mut all = Vec::new();
    let mut from = 0;
    for (i, c) in text.char_indices() {
        let end = i + c.len_utf8();
        let ends = match c {
            // "0.35", "V1.2" go on.
            '.' => text.get(end..).is_none_or(|t| t.is_empty() || t.starts_with(char::is_whitespace)),
            ';' | '!' | '?' | '。' | '；' | '！' | '？' | '\n' => true,
            _ => false,
        };
        if ends {
            all.extend(text.get(from..i));
            from = end;
        }
    }
    all.extend(text.get(from..));
    all.into_iter().filter(|c| c.chars().any(char::is_alphanumeric)).map(Clause::of).collect()
}

/// Does a text deny, restrict or bind: would leaving it out change what others say?
pub fn is_qualified(text: &str) -> bool {
    clauses(text).iter().any(|c| c.marks.iter().any(|m| m.turn != Turn::Soft) || !forces(c).is_empty())
}

impl Clause {
    fn of(text: &str) -> Clause {
        let words: Vec<Word> = words::words(text)
            .into_iter()
            .map(|(_, lower)| {
                let content = !words::is_stop(&lower)
                    && (lower.chars().count() > 1
                        || lower.chars().any(|c| c.is_ascii_digit() || !c.is_ascii()))
                    && turn(&lower).is_none();
                Word { stem: stem(&lower), lower, content }
            })
            .collect();
        let mut marks = Vec::new();
        let mut skip = 0;
        for i in 0..words.len() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let Some((mut turn, len)) = mark_at(&words, i) else { continue };
            skip = len - 1;
            if turn == Turn::Not && compares(&words, i + len) {
                continue;
            }
            if turn == Turn::Not {
                // "is not forbidden" forbids nothing.
                if let Some(second) = annulled(&words, i, len) {
                    skip = second - i;
                    continue;
                }
                // "nobody but", "not from anywhere but": only.
                if but(&words, i) {
                    turn = Turn::Only;
                }
            }
            let content = |w: &&Word| w.content;
            let conditional = words.iter().skip(i + len).any(|w| {
                matches!(
                    w.lower.as_str(),
                    "until"
                        | "before"
                        | "unless"
                        | "without"
                        | "while"
                        | "hasta"
                        | "antes"
                        | "mientras"
                        | "sin"
                )
            });
            let mut ahead: Vec<String> = words
                .iter()
                .skip(i + len)
                .enumerate()
                .take_while(|(n, w)| {
                    !joins(&w.lower) && mark_at(&words, i + len + n).is_none_or(|m| m.0 == Turn::Soft)
                })
                .map(|(_, w)| w)
                .filter(content)
                .take(AHEAD)
                .map(|w| w.stem.clone())
                .collect();
            // "is not 5": what is denied is the number; "is prohibited" looks back instead.
            if ahead.is_empty()
                && !words.get(i).is_some_and(|w| {
                    w.lower.ends_with("ed") || w.lower.ends_with("en") || w.lower.starts_with("prohibid")
                })
            {
                let figure = |w: &&Word| w.lower.starts_with(|c: char| c.is_ascii_digit());
                ahead.extend(words.iter().skip(i + len).filter(figure).take(1).map(|w| w.lower.clone()));
            }
            let behind: Vec<String> = words
                .iter()
                .take(i)
                .rev()
                .take_while(|w| !joins(&w.lower))
                .filter(content)
                .take(BEHIND)
                .map(|w| w.stem.clone())
                .collect();
            let own = words.get(i).map_or_else(String::new, |w| w.stem.clone());
            marks.push(Mark { turn, own, ahead, behind, conditional });
        }
        let mut set = HashSet::new();
        let unique: Vec<String> = stems(text).into_iter().filter(|s| set.insert(s.clone())).collect();
        let size = unique.iter().map(|s| tells(s)).sum();
        Clause { stems: unique, set, size, words, marks }
    }

    fn has(&self, stem: &str) -> bool {
        self.set.contains(stem)
    }

    fn of_turn(&self, turn: Turn) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(move |m| m.turn == turn)
    }
}

/// The last word of a second negation that takes back the one of `len` words at `i`: "not
/// forbidden", "no prohibido", "不是不".
fn annulled(words: &[Word], i: usize, len: usize) -> Option<usize> {
    let word = |at: usize| words.get(at).map_or("", |w| w.lower.as_str());
    if !matches!(word(i), "not" | "no" | "isnt" | "arent" | "wasnt" | "werent" | "never" | "nunca") {
        return None;
    }
    let at = if matches!(word(i + len), "be" | "been" | "está" | "es") { i + len + 1 } else { i + len };
    matches!(
        word(at),
        "forbidden" | "prohibited" | "avoided" | "impossible" | "without" | "prohibido" | "prohibida"
    )
    .then_some(at)
}

/// Is the negation at `i` one that excepts ("nobody but", "cannot … anywhere but")?
fn but(words: &[Word], i: usize) -> bool {
    let ahead: Vec<&str> = words.iter().skip(i).take(8).map(|w| w.lower.as_str()).collect();
    let Some(at) = ahead.iter().position(|w| matches!(*w, "but" | "except" | "than" | "save")) else {
        return false;
    };
    let all = |w: &&str| {
        matches!(
            *w,
            "nobody"
                | "nothing"
                | "none"
                | "nowhere"
                | "other"
                | "any"
                | "anybody"
                | "anyone"
                | "anything"
                | "anywhere"
                | "else"
        )
    };
    ahead.iter().take(at).any(all)
}

/// The mark at word `i` with how many words it takes.
fn mark_at(words: &[Word], i: usize) -> Option<(Turn, usize)> {
    let word = words.get(i)?.lower.as_str();
    let next = words.get(i + 1).map_or("", |w| w.lower.as_str());
    let found = turn(word)?;
    let none = match word {
        "not" => matches!(next, "only" | "later"),
        // "no. 4" is a number.
        "no" => {
            matches!(next, "matter" | "later" | "doubt" | "obstante")
                || next.starts_with(|c: char| c.is_ascii_digit())
        }
        "sin" => next == "embargo",
        // "不锈钢", "不同", "不断", "无线", "无论", "未来" negate nothing.
        "不" => matches!(next, "锈" | "同" | "断" | "仅" | "足" | "良"),
        "无" => matches!(next, "线" | "论"),
        "未" => next == "来",
        _ => false,
    };
    if none {
        return None;
    }
    let len = match (word, next) {
        ("不", "得" | "能" | "可" | "要" | "会" | "应" | "准" | "许") => 2,
        ("严" | "切", "禁" | "勿") => 2,
        ("禁", "止") | ("没", "有") | ("无", "法") => 2,
        ("严" | "切", _) => return None,
        ("除", "非") => 2,
        ("除", _) => return None,
        _ => 1,
    };
    Some((found, len))
}

fn turn(word: &str) -> Option<Turn> {
    Some(match word {
        "not" | "no" | "never" | "none" | "nor" | "neither" | "without" | "cannot" | "avoid" | "avoided"
        | "prohibited" | "forbidden" | "nobody" | "nothing" | "nowhere" | "nunca" | "jamás" | "sin"
        | "ni" | "ningún" | "ninguna" | "ninguno" | "tampoco" | "prohibido" | "prohibida" | "evite"
        | "evitar" | "不" | "无" | "未" | "没" | "勿" | "严" | "切" | "禁" => Turn::Not,
        "dont" | "doesnt" | "didnt" | "cant" | "wont" | "mustnt" | "shouldnt" | "isnt" | "arent"
        | "wasnt" | "werent" | "couldnt" | "neednt" | "wouldnt" | "hasnt" | "havent" | "hadnt" => Turn::Not,
        "only" | "solely" | "exclusively" | "solo" | "sólo" | "solamente" | "únicamente" | "只" | "仅" => {
            Turn::Only
        }
        "unless" | "except" | "salvo" | "excepto" | "除" => Turn::Unless,
        "unable" | "impossible" | "fail" | "fails" | "failed" | "failing" | "lack" | "lacks" | "lacking"
        | "prevent" | "prevents" | "prevented" | "refuse" | "refuses" | "refused" | "exclude"
        | "excludes" | "excluded" | "deny" | "denied" | "missing" | "absent" | "absence" | "vanished"
        | "instead" | "rather" | "hardly" | "barely" | "rarely" | "seldom" | "few" | "little" | "free"
        | "lose" | "loses" | "lost" | "useless" | "unavailable" | "unknown" | "until" | "off" | "dead"
        | "zero" | "other" | "stop" | "stops" | "stopped" | "against" | "ban" | "banned" | "disregard"
        | "ignore" | "ignored" | "falta" | "impide" | "imposible" | "fuera" | "hasta" => Turn::Soft,
        _ => return None,
    })
}

/// Does a comparison with a number begin at word `i` ("more than 5", "exceed 80")?
fn compares(words: &[Word], i: usize) -> bool {
    let comparative = words.iter().skip(i).take(3).position(|w| {
        matches!(
            w.lower.as_str(),
            "more"
                | "less"
                | "greater"
                | "higher"
                | "lower"
                | "larger"
                | "smaller"
                | "longer"
                | "shorter"
                | "fewer"
                | "exceed"
                | "exceeds"
                | "exceeded"
                | "exceeding"
                | "above"
                | "below"
                | "over"
                | "under"
                | "later"
                | "earlier"
                | "superar"
                | "supera"
                | "supere"
                | "exceder"
                | "exceda"
                | "más"
                | "menos"
                | "mayor"
                | "menor"
                | "inferior"
                | "superior"
                | "超"
                | "大"
                | "小"
                | "高"
                | "低"
                | "少"
                | "多"
        )
    });
    // Directly behind it: in "do not wait more than 5 minutes" it is the waiting that is denied.
    // And a second negation between ("不应不低于") has a comparison of its own.
    let plain = |w: &Word| !w.content && turn(&w.lower) != Some(Turn::Not);
    let comparative = comparative.filter(|at| words.iter().skip(i).take(*at).all(plain));
    let numbered = |w: &Word| {
        w.lower.starts_with(|c: char| c.is_ascii_digit())
            || crate::core::answer::quantity::numeral::read(
                &w.lower,
                crate::core::answer::quantity::numeral::Style::Written,
            )
            .is_some_and(|n| n.len == w.lower.len() && w.lower != "a")
    };
    comparative.is_some_and(|at| words.iter().skip(i + at).take(8).any(numbered))
}

/// How strictly a sentence is held against the clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// A draft that is to be delivered: also what was added to or taken from how binding a
    /// sentence is, and "only".
    Draft,
    /// Another's wording: only what cannot both be true.
    Paraphrase,
}

/// Why `sentence` means otherwise than the `clauses` that it is nearest to.
pub fn turned(sentence: &str, held: &[&Clause], grade: Grade) -> Vec<String> {
    let mut reasons = Vec::new();
    for said in clauses(sentence) {
        let (near, covered) = nearest(&said, held);
        reasons.extend(negations(&said, &near, covered));
        if grade == Grade::Draft {
            reasons.extend(restrictions(&said, &near));
        }
        reasons.extend(modality(&said, &near, grade));
        reasons.extend(opposites(&said, &near));
    }
    if grade == Grade::Draft {
        reasons.extend(affirmation(sentence, held));
    }
    reasons.dedup();
    reasons
}

/// A clause of the source with how near it is, from 0 to 1 for the nearest.
type Near<'c> = (&'c Clause, f32);

/// A clause that holds so much of the sentence says it nearly in the same words: then it
/// answers for every negation in it.
const SAME_WORDS: f32 = 0.75;

/// How much a word says of what a clause is about: codes and figures say which entry it is,
/// not what is said of it.
fn tells(stem: &str) -> f32 {
    if stem.bytes().any(|b| b.is_ascii_digit()) { 0.5 } else { words::weight(stem) }
}

/// The clauses that share the most with `said`, nearest first, and how much of `said` the
/// nearest holds.
fn nearest<'c>(said: &Clause, held: &[&'c Clause]) -> (Vec<Near<'c>>, f32) {
    let weights: Vec<(&String, f32)> = said.stems.iter().map(|s| (s, tells(s))).collect();
    let whole = said.size.max(0.1);
    let mut all: Vec<(&Clause, f32, f32)> = Vec::new();
    for clause in held.iter().copied() {
        let shared: f32 = weights.iter().filter(|(s, _)| clause.has(s)).map(|w| w.1).sum();
        if shared > 0.0 {
            // Of two that hold as much the shorter is nearer.
            all.push((clause, shared / (whole + 0.25 * clause.size), shared / whole));
        }
    }
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let top = all.first().map_or(1.0, |c| c.1);
    let covered = all.first().map_or(0.0, |c| c.2);
    let least = if covered >= SAME_WORDS { 0.8 } else { 0.4 };
    let near = all.into_iter().map(|(c, n, _)| (c, n / top)).filter(|c| c.1 >= least).take(8).collect();
    (near, covered)
}

/// May `a` and `b` be the same mark? In the `same_words` they govern the same; else what one
/// governs may stand before the other ("not mixed with oil", "oil must not be added").
fn meets(a: &Mark, b: &Mark, same_words: bool) -> bool {
    let hit = |x: &[String], y: &[String]| x.iter().any(|s| y.iter().any(|t| alike(s, t)));
    let back = a.ahead.is_empty() || b.ahead.is_empty();
    hit(&a.ahead, &b.ahead)
        || (back || !same_words) && (hit(&a.ahead, &b.behind) || hit(&a.behind, &b.ahead))
        || a.ahead.is_empty()
            && b.ahead.is_empty()
            && (hit(&a.behind, &b.behind) || a.behind.is_empty() && b.behind.is_empty())
}

/// The same word, perhaps in another form ("navig", "navigabl").
fn alike(a: &str, b: &str) -> bool {
    a == b || {
        let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        common >= 5 && common * 10 >= a.len().max(b.len()) * 6
    }
}

/// How many words two marks share.
fn common(a: &Mark, b: &Mark) -> usize {
    let all = |m: &Mark| m.ahead.iter().chain(&m.behind).cloned().collect::<Vec<_>>();
    let (a, b) = (all(a), all(b));
    a.iter().filter(|w| b.iter().any(|t| alike(w, t))).count()
}

/// A "yes" or "no" that answers where the manual only states.
fn affirmation(sentence: &str, held: &[&Clause]) -> Option<String> {
    let first = words::words(sentence).into_iter().next()?.1;
    let judges =
        matches!(first.as_str(), "yes" | "yeah" | "sure" | "correct" | "true" | "false" | "sí" | "是的")
            || first == "no"
                && sentence.trim_start().get(2..).is_some_and(|t| t.starts_with([',', '.', '!', ';']));
    let opens = held.iter().any(|c| c.words.first().is_some_and(|w| w.lower == first));
    (judges && !opens).then(|| format!("\"{first}\" is the draft's own word"))
}
