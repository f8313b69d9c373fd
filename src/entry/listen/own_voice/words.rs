//! Are the words heard those that are being spoken, rather than somebody's?

use crate::entry::listen::wake::is_stop;

/// This share of the words heard must be among those spoken, in their order.
const SHARE: f32 = 0.8;
/// Letters of a word that may be other ones: a mis-hearing.
const ASTRAY: f32 = 0.4;
/// Fewer words are own only where they are spoken in one piece, all of them.
const FEW: usize = 3;

/// Are the words heard those that are being spoken? `spoken` is what the voice said within
/// the last seconds, as text (1.5 s and the length of what was heard).
///
/// A stop word alone is the voice's only where the voice said it as a clause of its own: who
/// says "stop" into "stop the pump" wants it to stop.
pub fn is_own(heard: &str, spoken: &str) -> bool {
    let said = words(spoken);
    let words = words(heard);
    if words.is_empty() || said.is_empty() {
        return false;
    }
    if is_stop(heard) {
        return spoken
            .split(|c: char| ".,;:!?。，；：！？".contains(c))
            .any(|clause| self::words(clause) == words);
    }
    if words.len() < FEW {
        return said.windows(words.len()).any(|run| run.iter().zip(&words).all(|(a, b)| alike(a, b)));
    }
    common(&words, &said) as f32 >= SHARE * words.len() as f32
}

/// Lower-case words; of languages written without spaces, the signs.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut goes_on = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if ('\u{2E80}'..='\u{9FFF}').contains(&c) {
            words.push(c.to_string());
            goes_on = false;
        } else if c.is_alphanumeric() {
            match words.last_mut().filter(|_| goes_on) {
                Some(word) => word.push(c),
                None => words.push(c.to_string()),
            }
            goes_on = true;
        } else if c != '\'' && c != '’' {
            goes_on = false;
        }
    }
    words
}

/// The longest common subsequence, its words alike.
fn common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        let mut left = 0;
        for (other, slot) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *slot;
            *slot = if alike(word, other) { diagonal + 1 } else { above.max(left) };
            (diagonal, left) = (above, *slot);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The same word, or one taken for it. Figures are never taken for others.
fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let figures = |w: &str| w.contains(|c: char| c.is_numeric());
    let longer = a.chars().count().max(b.chars().count());
    longer > 3 && !figures(a) && !figures(b) && distance(a, b) as f32 <= ASTRAY * longer as f32
}

/// Letters to change, add or drop (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (y, slot) in b.chars().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*slot + 1);
            diagonal = std::mem::replace(slot, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOKEN: &str =
        "Warning. Stop the pump and lock out the supply. Tighten the flange bolts to 85 newton metres.";

    #[test]
    fn what_is_spoken_is_own_also_misheard_and_in_part() {
        for heard in [
            "Tighten the flange bolts to 85 newton metres.",
            "Titan the flange balls to 85 Newton meters",
            "lock out the supply",
            "stop the pump and look out the supply",
            "the pump",
            "Newton meters.",
            "Warning.",
        ] {
            assert!(is_own(heard, SPOKEN), "{heard}");
        }
    }

    #[test]
    fn what_somebody_says_is_not() {
        for heard in [
            "",
            "stop",
            "Stop, stop!",
            "wait",
            "What is the torque of the flange bolts?",
            "How do I lock out the conveyor?",
            "next step please",
            "yes",
            "E15",
        ] {
            assert!(!is_own(heard, SPOKEN), "{heard}");
        }
        assert!(!is_own("anything", ""));
    }

    #[test]
    fn a_stop_that_the_voice_said_itself_is_own() {
        assert!(is_own("Wait.", "Wait. The lamp goes out."));
        assert!(!is_own("Wait.", "Then wait for the lamp to go out."));
    }

    #[test]
    fn chinese_is_compared_by_its_signs() {
        assert!(is_own("松开主阀", "请先松开主阀，然后停机。"));
        assert!(!is_own("停", "请先松开主阀，然后停机。"));
        assert!(!is_own("报警是什么意思", "请先松开主阀，然后停机。"));
    }

    proptest::proptest! {
        #[test]
        fn a_run_of_what_is_spoken_is_own(from in 0usize..12, count in 3usize..8) {
            let all: Vec<&str> = SPOKEN.split(' ').collect();
            let heard = all[from.min(all.len() - 8)..][..count].join(" ");
            proptest::prop_assert!(is_own(&heard, SPOKEN), "{}", heard);
        }
    }
}
