//! A text in its parts.

/// Lower case, accents and apostrophes off, one blank between words, a bar where a part ends:
/// what the patterns of the languages that write blanks are made for.
///
/// `" there is smoke | what do i do "`: one blank before and after each word, so that a
/// pattern finds whole words without looking around.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push(' ');
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let plain = plain(c);
        let blank = out.ends_with(' ');
        match plain {
            // "3.5" is one number.
            '.' | ',' if before.is_ascii_digit() && next.is_ascii_digit() => out.push('.'),
            '.' | ',' | ';' | ':' | '!' | '?' | '…' | '—' | '–' | '\n' | '¡' | '¿' | '(' | ')' | '"' =>
            {
                if !blank {
                    out.push(' ');
                }
                if !out.ends_with("| ") && out.len() > 1 {
                    out.push_str("| ");
                }
            }
            // "We're" is not "were".
            '\'' | '’' if matches!(next, 'r' | 'R') && before.is_alphabetic() => out.push_str(" a"),
            '\'' | '’' | '‘' | '`' | '´' => {}
            c if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ if !blank => out.push(' '),
            _ => {}
        }
        before = c;
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'Á' => 'a',
        'é' | 'è' | 'É' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' | 'Ü' => 'u',
        'ñ' | 'Ñ' => 'n',
        c => c,
    }
}

/// The parts of a folded text, each with one blank at both ends, cut also before the words
/// in `joins` (where a new thought begins without a comma, as transcripts have it).
pub fn parts(folded: &str, joins: &regex::Regex) -> Vec<String> {
    let mut out = Vec::new();
    for part in folded.split('|') {
        let mut rest = part;
        loop {
            // The first word cannot be a join: there is nothing before it.
            let first =
                rest.trim_start().find(' ').map_or(rest.len(), |n| rest.len() - rest.trim_start().len() + n);
            let mut joints = joins.find_iter(rest).map(|m| m.start()).filter(|&at| at >= first);
            let cut = joints.find(|&at| !depends(rest.get(..at).unwrap_or_default()));
            match cut {
                Some(at) if at > 0 => {
                    push(&mut out, rest.get(..at).unwrap_or_default());
                    rest = rest.get(at..).unwrap_or_default();
                }
                _ => break,
            }
        }
        push(&mut out, rest);
    }
    out
}

/// Does what comes next hang on the last word of `before` ("if he is trapped")?
fn depends(before: &str) -> bool {
    const WORDS: &[&str] = &[
        "if", "when", "whether", "whenever", "where", "unless", "while", "case", "like", "until", "before",
        "after", "until", "once", "suppose", "think", "means", "what", "how", "why", "who", "which", "si",
        "cuando",
    ];
    before.split(' ').rfind(|w| !w.is_empty()).is_some_and(|w| WORDS.contains(&w))
}

fn push(out: &mut Vec<String>, part: &str) {
    let part = part.trim();
    if !part.is_empty() {
        out.push(format!(" {part} "));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_to_words_and_bars() {
        assert_eq!(fold("There's smoke! What do I do?"), " theres smoke | what do i do | ");
        assert_eq!(fold("¿Está a 3.5 bar, señor?"), " esta a 3.5 bar | senor | ");
        assert_eq!(fold(""), " ");
    }

    #[test]
    fn parts_end_at_bars_and_before_joining_words() {
        let joins = regex::Regex::new(" (?:what do|and i) ").unwrap();
        let text = fold("gas alarm and I smell gas, what do I do what do we do");
        assert_eq!(
            parts(&text, &joins),
            [" gas alarm ", " and i smell gas ", " what do i do ", " what do we do "]
        );
    }
}
