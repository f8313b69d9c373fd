//! Words that must not take each other's place.

use super::{Clause, Near, Word};
use crate::core::answer::words::stem;

/// Pairs of which one must not take the other's place.
pub(super) const OPPOSITES: &[(&str, &str)] = &[
    ("open", "close"),
    ("open", "shut"),
    ("above", "below"),
    ("over", "under"),
    ("clockwise", "counterclockwise"),
    ("clockwise", "anticlockwise"),
    ("increase", "decrease"),
    ("increase", "reduce"),
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
    ("rise", "fall"),
    ("connect", "disconnect"),
    ("start", "stop"),
    ("enable", "disable"),
    ("engage", "disengage"),
    ("remove", "install"),
    ("remove", "fit"),
    ("positive", "negative"),
    ("more", "less"),
    ("more", "fewer"),
    ("greater", "less"),
    ("most", "least"),
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
    ("always", "never"),
    ("with", "without"),
    ("antes", "después"),
    ("encima", "debajo"),
    ("mayor", "menor"),
    ("máximo", "mínimo"),
    ("máxima", "mínima"),
    ("alto", "bajo"),
    ("alta", "baja"),
    ("más", "menos"),
    ("superior", "inferior"),
    ("siempre", "nunca"),
    ("abrir", "cerrar"),
    ("abra", "cierre"),
    ("izquierda", "derecha"),
    ("con", "sin"),
    ("大于", "小于"),
    ("高于", "低于"),
    ("超过", "低于"),
    ("以上", "以下"),
    ("最大", "最小"),
    ("最高", "最低"),
    ("过高", "过低"),
    ("过高", "低于"),
    ("过低", "高于"),
    ("过低", "超过"),
    ("antes", "tras"),
    ("打开", "关闭"),
    ("闭合", "断开"),
    ("增大", "减小"),
    ("增加", "减少"),
    ("上升", "下降"),
    ("之前", "之后"),
];

/// A word whose opposite stands in the passage beside the same word.
pub(super) fn opposites(said: &Clause, near: &[Near<'_>]) -> Option<String> {
    for (a, b) in OPPOSITES {
        for (here, there) in [(a, b), (b, a)] {
            let places = beside(said, here);
            if places.is_empty() {
                continue;
            }
            let same: Vec<Vec<String>> = near.iter().flat_map(|(c, _)| beside(c, here)).collect();
            let other: Vec<Vec<String>> =
                near.iter().filter(|(_, n)| *n >= 0.6).flat_map(|(c, _)| beside(c, there)).collect();
            let meets =
                |x: &[String], all: &[Vec<String>]| all.iter().any(|y| x.iter().any(|w| y.contains(w)));
            if places.iter().any(|p| meets(p, &other) && !meets(p, &same)) {
                return Some(format!("\"{here}\" where the passage has \"{there}\""));
            }
        }
    }
    None
}

/// For each place of `word` in `clause` the two content words after it, or the one before.
/// Where a number is compared, the number lock compares better: no place.
fn beside(clause: &Clause, word: &str) -> Vec<Vec<String>> {
    let parts: Vec<String> = match word.is_ascii() || word.chars().any(|c| ('a'..='ÿ').contains(&c)) {
        true => vec![stem(word)],
        false => word.chars().map(String::from).collect(),
    };
    let comparative = matches!(
        word,
        "above"
            | "below"
            | "over"
            | "under"
            | "more"
            | "less"
            | "fewer"
            | "greater"
            | "most"
            | "least"
            | "encima"
            | "debajo"
            | "mayor"
            | "menor"
            | "más"
            | "menos"
            | "大于"
            | "小于"
            | "高于"
            | "低于"
            | "超过"
            | "以上"
            | "以下"
    );
    let mut all = Vec::new();
    for i in 0..clause.words.len() {
        let at = |n: usize| clause.words.get(i + n);
        if !parts.iter().enumerate().all(|(n, p)| at(n).is_some_and(|w| w.stem == *p)) {
            continue;
        }
        let end = i + parts.len();
        let digit = |w: &Word| w.lower.starts_with(|c: char| c.is_ascii_digit());
        if comparative && clause.words.iter().skip(end).take(4).any(digit) {
            continue;
        }
        // "after 500 h": what comes after is the figure.
        let timed = matches!(word, "before" | "after" | "antes" | "después");
        let content = |w: &&Word| w.content && (timed || !digit(w)) || timed && digit(w);
        let mut around: Vec<String> =
            clause.words.iter().skip(end).filter(content).take(2).map(|w| w.stem.clone()).collect();
        if around.is_empty() {
            around.extend(clause.words.iter().take(i).rev().filter(content).take(1).map(|w| w.stem.clone()));
        }
        all.push(around);
    }
    all
}
