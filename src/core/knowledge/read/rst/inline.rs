//! reStructuredText's inline markup taken off: roles, links, literals, emphasis.

use crate::core::knowledge::read::single_spaced;
use crate::core::knowledge::read::tags::raised;

/// The words of `raw`, without inline markup and with single spaces; substitutions (`|x|`)
/// stay as they are.
pub(crate) fn words(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    // The literals and emphasis that were not closed once are not looked for again.
    let mut open_ended = [false; 4];
    while let Some(rest) = raw.get(at..).filter(|r| !r.is_empty()) {
        let before = out.chars().next_back();
        // `5\ :sup:`2``: an escaped space parts markup and leaves nothing.
        let parted = raw.get(..at).is_some_and(|r| r.ends_with("\\ "));
        let opens = parted
            || before.is_none_or(|c| c.is_whitespace() || "'\"([{<-/:*|—–".contains(c) || !c.is_ascii());
        let (text, taken) = piece(rest, opens, &mut open_ended);
        out.push_str(&text);
        at += taken.max(1);
    }
    single_spaced(&out)
}

/// The text of the next piece, and how many bytes it takes.
fn piece(rest: &str, opens: bool, open_ended: &mut [bool; 4]) -> (String, usize) {
    if let Some(inner) = rest.strip_prefix("``")
        && let Some(end) = close(inner, "``", &mut open_ended[0])
    {
        return (inner.get(..end).unwrap_or_default().to_owned(), end + 4);
    }
    if opens {
        if let Some((name, inner)) = role(rest)
            && let Some(end) = close(inner, "`", &mut open_ended[1])
        {
            let text = label(inner.get(..end).unwrap_or_default());
            let sup = rest.starts_with(":sup");
            return (if sup { raised(&text) } else { text }, name + end + 1);
        }
        if let Some(inner) = rest.strip_prefix("**")
            && !inner.starts_with(|c: char| c.is_whitespace() || c == '*')
            && let Some(end) = close(inner, "**", &mut open_ended[2])
        {
            return (words(inner.get(..end).unwrap_or_default()), end + 4);
        }
        if let Some(inner) = rest.strip_prefix('*')
            && !inner.starts_with(|c: char| c.is_whitespace() || c == '*')
            && let Some(end) = close(inner, "*", &mut open_ended[3]).filter(|e| *e > 0)
            && !inner.get(..end).is_some_and(|i| i.ends_with(char::is_whitespace))
        {
            return (inner.get(..end).unwrap_or_default().to_owned(), end + 2);
        }
        // A footnote's or citation's mark.
        if let Some(inner) = rest.strip_prefix('[')
            && let Some(end) = inner.as_bytes().windows(2).take(24).position(|w| w == b"]_")
            && !inner.get(..end).unwrap_or_default().contains(char::is_whitespace)
        {
            return (String::new(), end + 3);
        }
    }
    if let Some(inner) = rest.strip_prefix('`')
        && let Some(end) = close(inner, "`", &mut open_ended[1])
    {
        let after = inner.get(end + 1..).unwrap_or_default();
        let marks = after.len() - after.trim_start_matches('_').len();
        return (label(inner.get(..end).unwrap_or_default()), end + 2 + marks.min(2));
    }
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(c)) if c.is_whitespace() => (String::new(), 1 + c.len_utf8()),
        (Some('\\'), Some(c)) if !c.is_alphanumeric() => (c.to_string(), 1 + c.len_utf8()),
        // `name_` is a link; `a_b` and `a__` in code are not.
        (Some(c), Some('_')) if c.is_ascii_alphanumeric() => {
            let after = rest.get(1..).unwrap_or_default().trim_start_matches('_');
            let marks = rest.len() - 1 - after.len();
            let ends = after.chars().next().is_none_or(|n| n.is_whitespace() || ".,;:!?)]}'\"".contains(n));
            if ends && marks <= 2 {
                (c.to_string(), 1 + marks)
            } else {
                (rest.get(..2).unwrap_or_default().to_owned(), 2)
            }
        }
        (Some(c), _) => (c.to_string(), c.len_utf8()),
        (None, _) => (String::new(), 1),
    }
}

/// Where `mark` closes; a mark that does not close any more is remembered, so that a text of
/// openings alone takes linear time.
fn close(inner: &str, mark: &str, open_ended: &mut bool) -> Option<usize> {
    if *open_ended {
        return None;
    }
    let found = inner.find(mark);
    *open_ended = found.is_none();
    found
}

/// `:role:` before a backquote: the bytes up to and with the quote, and what follows.
fn role(rest: &str) -> Option<(usize, &str)> {
    let inner = rest.strip_prefix(':')?;
    let end = inner.bytes().take(48).position(|b| b == b'`')?;
    let name = inner.get(..end)?.strip_suffix(':')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.:+".contains(c));
    plain.then(|| (end + 2, inner.get(end + 1..).unwrap_or_default()))
}

/// `text <target>` without its target; `~a.b.c` by its last part.
fn label(inner: &str) -> String {
    let inner = inner.trim();
    if let Some((text, target)) = inner.rsplit_once('<')
        && target.ends_with('>')
        && !text.trim().is_empty()
    {
        return text.trim().replace('\\', "");
    }
    if let Some(path) = inner.strip_prefix('~') {
        return path.rsplit('.').next().unwrap_or(path).to_owned();
    }
    inner.trim_start_matches('!').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        for (raw, want) in [
            ("Set ``a_b`` to **5 V** or *more*.", "Set a_b to 5 V or more."),
            ("See :ref:`the pump <pump>` and :kbd:`F1`.", "See the pump and F1."),
            ("`Site <https://x.y>`_ and `other`__, name_ too.", "Site and other, name too."),
            ("a_b 2 * 3 * 4 **open", "a_b 2 * 3 * 4 **open"),
            ("Torque [1]_ is |x| \\*raw\\*", "Torque is |x| *raw*"),
            (":py:class:`~a.b.Pump`", "Pump"),
            ("10\\ :sup:`2`", "10²"),
        ] {
            assert_eq!(words(raw), want, "{raw}");
        }
    }
}
