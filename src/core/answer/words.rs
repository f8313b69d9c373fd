//! Words compared as a reader would: without endings, without words that carry nothing.

/// Words that carry no content of their own, in lower case.
const STOP: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "done",
    "each", "every", "for", "from", "get", "got", "had", "has", "have", "having", "he", "her", "here", "him",
    "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "let", "like", "may", "me", "might",
    "more", "most", "much", "many", "must", "my", "of", "off", "on", "one", "or", "other", "our", "out",
    "over", "please", "say", "shall", "she", "should", "so", "some", "such", "tell", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "up", "us",
    "very", "want", "was", "we", "well", "were", "what", "when", "where", "which", "while", "who", "why",
    "will", "with", "would", "you", "your",
];

/// Words that turn a meaning round; never content, looked at by their own check.
const NEGATORS: &[&str] = &[
    "not", "no", "never", "none", "nor", "neither", "without", "cannot", "dont", "doesnt", "cant", "wont",
    "mustnt", "shouldnt", "isnt", "arent", "only", "unless", "except",
];

/// A content word with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Lower case, without its ending.
    pub stem: String,
    /// First byte in the text.
    pub start: usize,
}

/// All words of `text` in lower case with their first bytes: runs of letters and digits,
/// joined over `'` (dropped) and over `-` where a digit follows ("PJ-40" → "pj40"). A
/// Chinese, Japanese or Korean character is a word of its own.
pub fn words(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut word = String::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if is_cjk(c) {
            flush(&mut out, &mut word, start);
            out.push((i, c.to_string()));
        } else if c.is_alphanumeric() {
            if word.is_empty() {
                start = i;
            }
            word.extend(c.to_lowercase());
        } else {
            let next = chars.peek().map(|&(_, n)| n);
            let joins = match c {
                // "don't" is one word, the "s" of "pump's" none of its own.
                '\'' | '’' => next.is_some_and(|n| n.is_alphabetic() && n != 's'),
                // A short designation and its number are one word, "10-15" is not.
                '-' => {
                    next.is_some_and(|n| n.is_ascii_digit())
                        && word.len() <= 5
                        && word.ends_with(|l: char| l.is_ascii_alphabetic())
                }
                '.' | ',' => {
                    next.is_some_and(|n| n.is_ascii_digit()) && word.ends_with(|l: char| l.is_ascii_digit())
                }
                _ => false,
            };
            if joins && !word.is_empty() {
                if c == '.' || c == ',' {
                    word.push(c);
                }
            } else {
                flush(&mut out, &mut word, start);
            }
        }
    }
    flush(&mut out, &mut word, start);
    out
}

fn flush(out: &mut Vec<(usize, String)>, word: &mut String, start: usize) {
    if !word.is_empty() {
        out.push((start, std::mem::take(word)));
    }
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Is `word` (lower case) one that carries no content?
pub fn is_stop(word: &str) -> bool {
    STOP.contains(&word) || NEGATORS.contains(&word)
}

/// Does `word` (lower case) turn a meaning round?
pub fn is_negator(word: &str) -> bool {
    NEGATORS.contains(&word)
}

/// The content words of `text`, in order.
pub fn terms(text: &str) -> Vec<Term> {
    words(text)
        .into_iter()
        .filter(|(_, w)| {
            !is_stop(w) && (w.chars().count() > 1 || w.chars().any(|c| c.is_ascii_digit() || is_cjk(c)))
        })
        .map(|(start, w)| Term { stem: stem(&w), start })
        .collect()
}

/// `word` (lower case) without its English inflection. Light on purpose: "filters" is
/// "filter", "blocked" and "blocking" are "block"; words with digits are left alone.
pub fn stem(word: &str) -> String {
    if !word.is_ascii() || word.bytes().any(|b| b.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut w = word;
    let ends = |w: &str, tail: &str, least: usize| w.len() >= tail.len() + least && w.ends_with(tail);
    if ends(w, "ies", 3) {
        return format!("{}i", &w[..w.len() - 3]);
    }
    if ends(w, "sses", 1) || ends(w, "ches", 2) || ends(w, "shes", 2) || ends(w, "xes", 2) {
        w = &w[..w.len() - 2];
    } else if ends(w, "s", 3) && !w.ends_with("ss") && !w.ends_with("us") && !w.ends_with("is") {
        w = &w[..w.len() - 1];
    }
    for tail in ["ing", "ed"] {
        // A stem has a vowel: "ring" and "red" are whole words.
        if ends(w, tail, 3) && w[..w.len() - tail.len()].bytes().any(|b| b"aeiouy".contains(&b)) {
            w = undouble(&w[..w.len() - tail.len()]);
            break;
        }
    }
    if ends(w, "e", 3) {
        w = &w[..w.len() - 1];
    }
    match w.strip_suffix('y') {
        Some(head) if head.len() >= 3 => format!("{head}i"),
        _ => w.to_owned(),
    }
}

/// "stopp" → "stop", but "fill" stays.
fn undouble(w: &str) -> &str {
    let b = w.as_bytes();
    match b {
        [.., x, y] if x == y && !b"lsz".contains(y) && w.len() > 3 => &w[..w.len() - 1],
        _ => w,
    }
}

/// How much a content word says where no corpus statistics are at hand: longer words are
/// rarer, and words with digits (codes, sizes) are the rarest.
pub fn weight(stem: &str) -> f32 {
    if stem.bytes().any(|b| b.is_ascii_digit()) {
        return 3.0;
    }
    let n = stem.chars().count().min(10) as f32;
    if stem.is_ascii() { 0.4 + n / 6.0 } else { 1.0 }
}

/// `text` without Markdown's marks, on one line: what a person reads. The words stay.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim().trim_start_matches(['>', '#', '|']).trim_start();
        let line = match line.chars().next() {
            Some('-' | '*' | '+' | '•') => &line[super::sentence::marker_len(line)..],
            _ => line,
        };
        let line = line.trim_end_matches('|').trim_end();
        if line.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    let out = unlink(&out.replace("**", "").replace('`', ""));
    let mut tidy = String::with_capacity(out.len());
    for word in unstar(&out).split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

/// "*this*" → "this"; "2 * 3" stays.
fn unstar(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let emphasis = c == '*' && (before.is_whitespace() != next.is_whitespace());
        if !emphasis {
            out.push(c);
        }
        before = c;
    }
    out
}

/// "[text](address)" → "text".
fn unlink(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let tail = &rest[open..];
        let link = tail.find("](").and_then(|mid| tail[mid..].find(')').map(|close| (mid, mid + close)));
        match link {
            Some((mid, close)) if !tail[1..mid].contains(['[', '\n']) => {
                out.push_str(&rest[..open]);
                out.push_str(&tail[1..mid]);
                rest = &tail[close + 1..];
            }
            _ => {
                out.push_str(&rest[..=open]);
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn inflections_meet_in_one_stem() {
        for (a, b) in [
            ("filters", "filter"),
            ("blocked", "block"),
            ("blocking", "blocks"),
            ("batteries", "battery"),
            ("replace", "replaced"),
            ("stopped", "stop"),
            ("switches", "switch"),
            ("fitting", "fit"),
            ("valve", "valves"),
            ("leaking", "leaks"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} and {b}");
        }
        assert_ne!(stem("open"), stem("close"));
        assert_eq!(stem("gas"), "gas");
        assert_eq!(stem("ring"), "ring");
    }

    #[test]
    fn terms_keep_codes_and_drop_what_carries_nothing() {
        let stems: Vec<_> =
            terms("What does E-203 mean on the PJ-40's pump, 2.5 bar?").into_iter().map(|t| t.stem).collect();
        assert_eq!(stems, ["e203", "mean", "pj40", "pump", "2.5", "bar"]);
        assert_eq!(terms("滤芯").len(), 2);
    }

    #[test]
    fn markdown_marks_go_and_words_stay() {
        assert_eq!(
            plain("> **WARNING:** Do *not* open `V1`.\n> See [the table](t.md#x)."),
            "WARNING: Do not open V1. See the table."
        );
        assert_eq!(plain("- item one\n  goes on"), "item one goes on");
        assert_eq!(plain("2 * 3 and [1]"), "2 * 3 and [1]");
        assert_eq!(plain("3. Open V2"), "3. Open V2");
    }

    proptest! {
        #[test]
        fn nothing_here_panics(text in "(?s).{0,120}") {
            let _ = terms(&text);
            let _ = plain(&text);
        }
    }
}
