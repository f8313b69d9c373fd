//! The comparison that governs a number: "above 5 bar", "5 bar max.", "no debe superar 5 bar",
//! "不超过5bar", "5bar以上".

use super::lex::{Lexeme, Piece, is_han};
use super::{Bound, sign_at, word_at};

/// How far before a number a word like "maximum" still governs it ("maximum working
/// pressure is 210 bar"), and how far an adjacent one like "above" ("above about 5").
const REACH_FAR: usize = 6;
const REACH_NEAR: usize = 3;

/// The comparison that governs the quantity of pieces `from..next`.
pub(super) fn bound(pieces: &[Lexeme], from: usize, next: usize) -> Bound {
    after(pieces, next).or_else(|| before(pieces, from)).unwrap_or(Bound::Exact)
}

fn before(pieces: &[Lexeme], from: usize) -> Option<Bound> {
    let mut distance = 0;
    for at in (0..from).rev() {
        distance += 1;
        if distance > REACH_FAR {
            break;
        }
        let found = match &pieces.get(at)?.piece {
            // Directly before the number: a line's ">" is Markdown's quotation mark.
            Piece::Sign('>' | '≥') if at + 1 == from => Some(Bound::Least),
            Piece::Sign('<' | '≤') if at + 1 == from => Some(Bound::Most),
            Piece::Sign(',' | '(' | ')') | Piece::Stop | Piece::Number(_) => break,
            Piece::Sign(_) => {
                distance -= 1;
                None
            }
            Piece::Word(w) => comparing(pieces, at, w, distance),
            Piece::Code => None,
        };
        if let Some(bound) = found {
            return Some(if negated(pieces, at) && turns(pieces, at) { opposite(bound) } else { bound });
        }
    }
    None
}

/// What the word at `at`, `distance` pieces before a number, says of it.
fn comparing(pieces: &[Lexeme], at: usize, word: &str, distance: usize) -> Option<Bound> {
    use Bound::{Least, Most};
    let prior = at.checked_sub(1).and_then(|p| word_at(pieces, p)).unwrap_or_default();
    let after = word_at(pieces, at + 1).unwrap_or_default();
    let near = distance <= REACH_NEAR;
    match word {
        "maximum" | "max" | "maximal" | "máximo" | "máxima" | "máx" | "最大" | "最高" | "最多" | "最长"
        | "上限" | "至多" => Some(Most),
        "minimum" | "min" | "minimal" | "mínimo" | "mínima" | "mín" | "最小" | "最低" | "最少" | "最短"
        | "下限" | "至少" => Some(Least),
        "exceed" | "exceeds" | "exceeding" | "exceeded" | "supera" | "superar" | "supere" | "excede"
        | "exceder" | "exceda" | "rebasa" | "rebasar" | "sobrepasa" | "sobrepasar" | "超过" | "超出"
        | "大于" | "高于" | "多于" | "长于" => Some(Least),
        "小于" | "低于" | "少于" | "短于" | "不足" => Some(Most),
        "above" | "over" | "beyond" | "encima" if near => Some(Least),
        "below" | "under" | "beneath" | "within" | "debajo" if near => Some(Most),
        "least" if near && prior == "at" => Some(Least),
        "most" if near && prior == "at" => Some(Most),
        "menos" if near && matches!(prior, "al" | "lo") => Some(Least),
        "menos" | "menor" | "inferior" if near && matches!(after, "de" | "que" | "a" | "del") => Some(Most),
        "más" | "mayor" | "superior" if near && matches!(after, "de" | "que" | "a" | "del") => Some(Least),
        "hasta" if near => Some(Most),
        "to" if near && matches!(prior, "up" | "limited" | "limit") => Some(Most),
        "as" if near && matches!(prior, "much" | "many" | "long") => Some(Most),
        "than" if near => match prior {
            "more" | "greater" | "higher" | "larger" | "longer" | "thicker" | "wider" | "faster"
            | "hotter" | "older" | "later" | "heavier" | "deeper" | "stronger" | "bigger" => Some(Least),
            "less" | "lower" | "smaller" | "fewer" | "shorter" | "thinner" | "slower" | "colder"
            | "younger" | "newer" | "earlier" | "lighter" | "weaker" | "cooler" => Some(Most),
            _ => between(pieces, at),
        },
        _ => None,
    }
}

/// "more often than 5", "lower pressure than 5": the comparative stands up to two words off.
fn between(pieces: &[Lexeme], than: usize) -> Option<Bound> {
    (than.saturating_sub(3)..than).rev().find_map(|at| match word_at(pieces, at)? {
        "more" | "greater" | "higher" | "larger" | "longer" => Some(Bound::Least),
        "less" | "lower" | "smaller" | "fewer" | "shorter" => Some(Bound::Most),
        _ => None,
    })
}

/// Words that a negation before them turns round ("not above", "no more than").
fn turns(pieces: &[Lexeme], at: usize) -> bool {
    let stays = matches!(
        word_at(pieces, at),
        Some(
            "maximum"
                | "max"
                | "maximal"
                | "minimum"
                | "min"
                | "minimal"
                | "least"
                | "most"
                | "to"
                | "as"
                | "within"
                | "hasta"
                | "máximo"
                | "máxima"
                | "máx"
                | "mínimo"
                | "mínima"
                | "mín"
                | "最大"
                | "最高"
                | "最多"
                | "最长"
                | "最小"
                | "最低"
                | "最少"
                | "最短"
                | "上限"
                | "下限"
                | "至少"
                | "至多"
                | "不足"
        )
    );
    let least = word_at(pieces, at) == Some("menos")
        && at.checked_sub(1).and_then(|p| word_at(pieces, p)).is_some_and(|w| matches!(w, "al" | "lo"));
    !stays && !least
}

fn negated(pieces: &[Lexeme], at: usize) -> bool {
    (at.saturating_sub(3)..at)
        .rev()
        .map_while(|p| match pieces.get(p).map(|l| &l.piece) {
            Some(Piece::Word(w)) => Some(w.as_str()),
            _ => None,
        })
        .any(|w| {
            matches!(
                w,
                "not"
                    | "no"
                    | "never"
                    | "cannot"
                    | "nor"
                    | "nunca"
                    | "不"
                    | "不得"
                    | "不能"
                    | "不可"
                    | "不应"
                    | "不要"
                    | "不会"
                    | "未"
                    | "勿"
                    | "禁止"
                    | "严禁"
                    | "没有"
            ) || w.ends_with("n't")
                || w.ends_with("n’t")
        })
}

fn opposite(bound: Bound) -> Bound {
    match bound {
        Bound::Least => Bound::Most,
        Bound::Most => Bound::Least,
        Bound::Exact => Bound::Exact,
    }
}

/// "210 bar max.", "10 bar or more", "(maximum)", "5 bar como máximo", "5bar以上".
fn after(pieces: &[Lexeme], next: usize) -> Option<Bound> {
    let at = if sign_at(pieces, next) == Some('(') { next + 1 } else { next };
    // "below 3.6 mA or above 20.8 mA": the second compares another.
    let other = (2..5).any(|n| matches!(pieces.get(at + n).map(|l| &l.piece), Some(Piece::Number(_))));
    match word_at(pieces, at)? {
        "or" | "and" | "o" | "y" if other => None,
        "max" | "maximum" | "máximo" | "máx" | "以下" | "以内" | "之内" => Some(Bound::Most),
        "min" | "minimum" | "mínimo" | "mín" | "以上" => Some(Bound::Least),
        "como" => match word_at(pieces, at + 1)? {
            "máximo" | "mucho" => Some(Bound::Most),
            "mínimo" | "poco" => Some(Bound::Least),
            _ => None,
        },
        "or" | "and" | "o" | "y" => {
            match word_at(pieces, at + 1)? {
                "more" | "above" | "higher" | "over" | "greater" | "longer" | "más" | "mayor"
                | "superior" => Some(Bound::Least),
                "less" | "below" | "lower" | "under" | "fewer" | "shorter" | "menos" | "menor"
                | "inferior" => Some(Bound::Most),
                _ => None,
            }
        }
        // "60℃时以上", "3个以上": a counted thing lies between.
        word if word.chars().all(is_han) && word.chars().count() == 1 => match word_at(pieces, at + 1)? {
            "以上" => Some(Bound::Least),
            "以下" | "以内" => Some(Bound::Most),
            _ => None,
        },
        _ => None,
    }
}
