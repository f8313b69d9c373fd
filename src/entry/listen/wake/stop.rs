//! Words that stop the voice.

/// Said alone, they ask for silence. English, Spanish, Chinese; as folded by [`folded`].
const STOPS: [&str; 40] = [
    "stop",
    "stop it",
    "stop talking",
    "stop that",
    "wait",
    "weight",
    "wait a minute",
    "wait a moment",
    "wait a second",
    "hold on",
    "hold it",
    "hang on",
    "be quiet",
    "quiet",
    "silence",
    "shut up",
    "enough",
    "thats enough",
    "pause",
    "one moment",
    "just a moment",
    "halt",
    "para",
    "pare",
    "parate",
    "alto",
    "espera",
    "espere",
    "basta",
    "silencio",
    "callate",
    "un momento",
    "停",
    "停下",
    "停止",
    "等",
    "等一下",
    "等等",
    "安静",
    "别说了",
];
/// May stand before or after them.
const POLITE: [&str; 10] = ["please", "okay", "ok", "now", "hey", "oh", "no", "por favor", "请", "好了"];

/// Said while an answer is being spoken: does it ask the voice to stop? True where nothing
/// else is said, once or again and again ("stop stop"); "stop the pump" does not.
pub fn is_stop(heard: &str) -> bool {
    let heard = folded(heard);
    let (mut rest, mut stops) = (heard.as_str(), 0);
    while !rest.is_empty() {
        let after = |words: &[&str]| longest(rest, words);
        rest = if let Some(after) = after(&STOPS) {
            stops += 1;
            after
        } else if let Some(after) = after(&POLITE) {
            after
        } else {
            return false;
        };
    }
    stops > 0
}

/// What follows the longest of `phrases` that `text` begins with, as whole words.
fn longest<'t>(text: &'t str, phrases: &[&str]) -> Option<&'t str> {
    let after = |phrase: &&str| {
        let rest = text.strip_prefix(*phrase)?;
        let ends = rest.is_empty() || rest.starts_with(' ') || !phrase.is_ascii();
        ends.then(|| rest.trim_start())
    };
    phrases.iter().filter_map(after).min_by_key(|rest| rest.len())
}

/// Lower case, letters only, accents off, one space between words.
fn folded(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'á' => out.push('a'),
            'é' => out.push('e'),
            'í' => out.push('i'),
            'ó' => out.push('o'),
            'ú' => out.push('u'),
            '\'' | '’' => {}
            _ if c.is_alphanumeric() => out.push(c),
            _ if !out.is_empty() && !out.ends_with(' ') => out.push(' '),
            _ => {}
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_alone_is_a_stop() {
        for heard in [
            "Stop.",
            "stop!",
            "Stop, stop, stop.",
            "Wait.",
            "Okay, stop.",
            "Hold on.",
            "Please be quiet.",
            "¡Para!",
            "Espera, por favor.",
            "停",
            "等一下。",
            "停停停",
            "Wait, wait a minute.",
            "That's enough.",
        ] {
            assert!(is_stop(heard), "{heard}");
        }
    }

    #[test]
    fn a_stop_among_other_words_is_none() {
        for heard in [
            "",
            ".",
            "Please.",
            "Stop the pump.",
            "How do I stop the conveyor?",
            "Stopped.",
            "What is the wait time?",
            "para qué sirve",
            "停机怎么办",
            "Quietly.",
            "okay",
        ] {
            assert!(!is_stop(heard), "{heard}");
        }
    }
}
