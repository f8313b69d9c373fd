//! Synthetic manuals of any size, for speed only: the same number gives the same text.
//!
//! What matters for speed is that they are shaped like manuals: headings, paragraphs of two
//! to four sentences, numbered steps, fault tables; a few frequent words and many rare ones.

use super::dice::Dice;

/// Passages that one document of [`document`] gives, about.
pub const PASSAGES: usize = 100;

const PARTS: &[&str] = &[
    "hydraulic pump",
    "return filter",
    "brake caliper",
    "gearbox",
    "slip ring",
    "pitch motor",
    "cooling fan",
    "drive belt",
    "inlet valve",
    "relief valve",
    "accumulator",
    "main bearing",
    "crank arm",
    "wrist pin",
    "stuffing box",
    "oil cooler",
    "level switch",
    "pressure sensor",
    "encoder",
    "contactor",
    "frequency drive",
    "conveyor drum",
    "guide rail",
    "cutting head",
    "heating plate",
    "vacuum pump",
    "solenoid",
    "terminal strip",
    "safety relay",
    "door switch",
    "lubrication line",
    "coupling",
    "flange",
    "end stop",
    "torque arm",
    "spindle",
];
const VERBS: &[&str] = &[
    "check",
    "replace",
    "clean",
    "tighten",
    "adjust",
    "lubricate",
    "inspect",
    "drain",
    "fill",
    "align",
    "measure",
    "disconnect",
    "calibrate",
    "bleed",
    "unscrew",
    "secure",
];
const STATES: &[&str] = &[
    "worn",
    "leaking",
    "too hot",
    "blocked",
    "loose",
    "noisy",
    "out of line",
    "without pressure",
    "corroded",
    "short-circuited",
    "dirty",
    "cracked",
    "not responding",
    "over its limit",
];
const CAUSES: &[&str] = &[
    "the filter element is clogged",
    "air is in the suction line",
    "the cable is broken",
    "the load is too high",
    "the supply is missing",
    "the set point was changed",
    "the seal is old",
    "the ambient temperature is high",
    "a fuse has blown",
    "the parameter set does not fit the motor",
];
const UNITS: &[(&str, usize, usize)] = &[
    ("bar", 4, 320),
    ("Nm", 8, 900),
    ("mm", 1, 90),
    ("°C", 20, 120),
    ("h", 50, 9000),
    ("rpm", 8, 3000),
    ("V", 12, 690),
];

/// The `n`-th document, as Markdown.
pub fn document(n: usize) -> String {
    let mut dice = Dice::new(0x5EED_0000 + n as u64);
    let model = model(n);
    let mut text = format!(
        "+++\ntitle = \"{model} maintenance manual\"\nmachine = \"Machine {model}\"\nmodel = \"{model}\"\nlanguage = \"en\"\nrevision = \"A\"\n+++\n# {model} maintenance manual\n"
    );
    let mut passages = 0;
    let mut chapter = 0;
    while passages < PASSAGES {
        chapter += 1;
        let part = dice.pick(PARTS);
        text.push_str(&format!("\n## {chapter} {} {}\n", capital(part), serial(&mut dice)));
        for _ in 0..2 {
            text.push_str(&format!("\n### {} the {part}\n\n", capital(dice.pick(VERBS))));
            let sentences = 2 + dice.below(3);
            let paragraph: Vec<String> = (0..sentences).map(|_| sentence(&mut dice, part)).collect();
            text.push_str(&format!("{}\n", paragraph.join(" ")));
            passages += 1;
        }
        text.push('\n');
        for step in 1..=4 {
            text.push_str(&format!("{step}. {}\n", sentence(&mut dice, part)));
            passages += 1;
        }
        text.push_str("\n| Code | Meaning | Cause | Remedy |\n|---|---|---|---|\n");
        for _ in 0..4 {
            let row = [code(&mut dice), format!("{} {}", capital(part), dice.pick(STATES))];
            let (cause, verb) = (capital(dice.pick(CAUSES)), capital(dice.pick(VERBS)));
            text.push_str(&format!("| {} | {} | {cause} | {verb} the {part} |\n", row[0], row[1]));
            passages += 1;
        }
    }
    text
}

/// The `n`-th question about the first `documents` documents: half by words, a quarter
/// each by a code and by a model.
pub fn question(n: usize, documents: usize) -> String {
    let mut dice = Dice::new(0xA5C_0000 + n as u64);
    let (part, verb) = (dice.pick(PARTS), dice.pick(VERBS));
    match n % 4 {
        0 => format!("What does fault code {} mean?", code(&mut dice)),
        1 => format!("How do I {verb} the {part} of the {}?", model(dice.below(documents))),
        2 => format!("The {part} is {}, what can be the cause?", dice.pick(STATES)),
        _ => format!("Which {} is right when I {verb} the {part}?", dice.pick(UNITS).0),
    }
}

fn model(n: usize) -> String {
    let letters: String =
        [n / 26 % 26, n % 26].into_iter().filter_map(|i| char::from_u32('A' as u32 + i as u32)).collect();
    format!("{letters}{}-{}", char::from(b'A' + (n / 676 % 26) as u8), 100 + n % 900)
}

fn code(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(&["E", "F", "A", "C"]), 100 + dice.below(900))
}

/// A rare word: a part number.
fn serial(dice: &mut Dice) -> String {
    format!("{}{:05}", dice.pick(&["HX", "KL", "ZW", "TR", "QN"]), dice.below(100_000))
}

fn sentence(dice: &mut Dice, part: &str) -> String {
    let verb = dice.pick(VERBS);
    let (unit, from, to) = dice.pick(UNITS);
    let value = from + dice.below(to - from);
    match dice.below(6) {
        0 => format!("{} the {part} every {value} {unit} and write the reading down.", capital(verb)),
        1 => format!("If the {part} is {}, {}.", dice.pick(STATES), dice.pick(CAUSES)),
        2 => format!("The {part} is set to {value} {unit}; see position {}.", serial(dice)),
        3 => format!("{} the {} before you touch the {part}.", capital(verb), dice.pick(PARTS)),
        4 => format!("Above {value} {unit} the controller stops the {part} and shows {}.", code(dice)),
        _ => format!("{} the {part} with the special tool {}.", capital(verb), serial(dice)),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_gives_one_document_with_as_many_passages_as_said() {
        assert_eq!(document(7), document(7));
        assert_ne!(document(7), document(8));
        let lines =
            document(7).lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit() || c == '|')).count();
        assert!(lines >= PASSAGES * 8 / 10, "{lines}");
        let models: BTreeSet<String> = (0..1000).map(model).collect();
        assert_eq!(models.len(), 1000);
        assert!(question(1, 10).contains("of the "));
        assert_ne!(question(0, 10), question(4, 10));
    }
}
