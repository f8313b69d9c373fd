//! What the recogniser is told to expect: a short sentence of the machine's names. Its
//! decoder reads it as what was said before.
//!
//! No code is in it: told to expect E15, tiny.en wrote E15 for a spoken E 50.

/// Names in a prompt. Each costs the decoder some tokens of reading, and a long list makes
/// a small model hear its words in noise.
const MOST: usize = 8;
/// The longest list of names, in bytes: with the words before it about 60 tokens of the 220
/// that there is room for.
const LONGEST: usize = 160;

/// A prompt of the machines' names, that of `machine` first; `None` where there are none.
pub(super) fn of(terms: &[String], machine: Option<&str>) -> Option<String> {
    let mut names: Vec<String> = machine.and_then(name_of).into_iter().collect();
    for name in terms.iter().filter(|t| t.contains(|c: char| c.is_ascii_digit())).filter_map(|t| name_of(t)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut list = String::new();
    for name in names.into_iter().take(MOST) {
        if list.len() + name.len() + 2 > LONGEST {
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&name);
    }
    (!list.is_empty()).then(|| format!("Fault code, error, alarm. The {list}."))
}

/// The name of the machine that a title is about: the words beside its designation, without
/// those that are about the document ("GB-320 Agitator Gearbox Service Manual").
fn name_of(title: &str) -> Option<String> {
    #[rustfmt::skip]
    const DOCUMENT: &[&str] = &[
        "manual", "service", "maintenance", "online", "list", "notice", "handbook", "guide", "instructions",
        "revision", "rev", "of", "the", "for", "and", "user", "operation", "installation",
    ];
    let mut words = title.split_whitespace();
    // A heading's number ("4.2 Oil") is no designation.
    if words.clone().next().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let name: Vec<String> = words
        .by_ref()
        .map(str::to_lowercase)
        .filter(|w| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .filter(|w| !DOCUMENT.contains(&w.as_str()))
        .collect();
    (2..=4).contains(&name.len()).then(|| name.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_comes_first_and_no_code_is_in_it() {
        let terms = [
            "4.2 Changing the oil",
            "A41 Safety chain open",
            "GB-320 Agitator Gearbox Service Manual",
            "HPU-250",
        ];
        let terms: Vec<String> = terms.map(str::to_owned).to_vec();
        let prompt = of(&terms, Some("Pump jack PJ-40"));
        let wanted = "Fault code, error, alarm. The pump jack, safety chain open, agitator gearbox.";
        assert_eq!(prompt.as_deref(), Some(wanted));
        assert_eq!(of(&[], None), None);
    }

    #[test]
    fn it_is_short_however_many_machines_there_are() {
        let terms: Vec<String> =
            (0..400).map(|n| format!("M-{n} big machine{}", "x".repeat(n % 20))).collect();
        assert!(of(&terms, None).is_some_and(|p| p.len() < 250));
    }
}
