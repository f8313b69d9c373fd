//! Made-up manual text of a wanted length in tokens, the same for the same seed.
//!
//! Real numbers of tokens matter here and the words do not, save that no two texts may be alike:
//! what was read once must not be found in a cache the next time.

use crate::operations::eval::retrieval::dice::Dice;

/// Counts a text's tokens.
pub type Count<'c> = &'c dyn Fn(&str) -> usize;

const PARTS: [&str; 16] = [
    "relief valve",
    "gear reducer",
    "inlet filter",
    "drive belt",
    "tank heater",
    "pressure sensor",
    "oil cooler",
    "brake lining",
    "guide rail",
    "seal kit",
    "fan motor",
    "coupling",
    "pilot line",
    "limit switch",
    "suction hose",
    "cross head",
];
const STATES: [&str; 8] = [
    "is warm to the touch",
    "shows scoring",
    "leaks at the flange",
    "hums under load",
    "has worn to the mark",
    "reads low",
    "moves unevenly",
    "was replaced last season",
];
const ACTIONS: [&str; 8] = [
    "Isolate it and vent the line",
    "Note the reading in the log",
    "Tighten it crosswise",
    "Clean it with a lint-free cloth",
    "Compare it with the name plate",
    "Turn it by hand once",
    "Let it cool before opening",
    "Replace the gasket as well",
];
const UNITS: [&str; 6] = ["bar", "Nm", "mm", "hours", "degrees", "litres"];

/// A sentence or two, unlike any other: it names a part by a number of its own.
pub fn remark(dice: &mut Dice) -> String {
    let tag = 100 + dice.below(99_900);
    let limit = 1 + dice.below(480);
    format!(
        "The {} {}-{tag} {} above {limit} {}. {}.",
        dice.pick(&PARTS),
        dice.pick(&["A", "B", "K", "M", "P", "T"]),
        dice.pick(&STATES),
        dice.pick(&UNITS),
        dice.pick(&ACTIONS),
    )
}

/// A name of something, for questions.
pub fn part(dice: &mut Dice) -> String {
    let part = dice.pick(&PARTS);
    format!("{part} {}-{}", dice.pick(&["A", "B", "K", "M", "P", "T"]), 100 + dice.below(99_900))
}

/// Text of at most `tokens` tokens, and of at most a word less.
pub fn of(dice: &mut Dice, tokens: usize, count: Count<'_>) -> String {
    let mut text = String::new();
    let mut has = 0;
    while has < tokens {
        let next = remark(dice);
        if !text.is_empty() {
            text.push(' ');
        }
        // Sentences join at blanks, where tokens end as well: their counts add up nearly, and
        // what is over is cut below by the true count.
        has += count(&format!(" {next}"));
        text.push_str(&next);
    }
    while count(&text) > tokens {
        match text.rsplit_once(' ') {
            Some((head, _)) => text.truncate(head.len()),
            None => break,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    #[test]
    fn a_text_has_the_wanted_length_and_its_seed_makes_it_again() {
        for tokens in [1, 10, 100, 1000] {
            let text = of(&mut Dice::new(7), tokens, &words);
            assert_eq!(words(&text), tokens);
            assert_eq!(text, of(&mut Dice::new(7), tokens, &words));
        }
    }

    #[test]
    fn two_texts_part_early() {
        let mut dice = Dice::new(1);
        let (a, b) = (of(&mut dice, 200, &words), of(&mut dice, 200, &words));
        let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
        assert!(same < 40, "{same}: {a}");
    }
}
