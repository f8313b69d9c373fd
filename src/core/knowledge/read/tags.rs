//! Tags in running text, with their places: what HTML in Markdown is read with, and how deep
//! a page is nested before it is parsed.

use std::borrow::Cow;
use std::ops::Range;

use scraper::Html;

/// A piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// `<name attributes>`; the name is in lower case.
    Open(String, &'t str),
    /// `</name>`.
    Close(String),
    /// Text between tags, as it stands.
    Text(&'t str),
    /// A comment, a declaration.
    Other(&'t str),
}

/// The tokens of a part of `text`, in order, with their places. Linear in its length.
pub(crate) fn tokens(text: &str, range: Range<usize>) -> Vec<(Range<usize>, Token<'_>)> {
    let mut out = Vec::new();
    let mut at = range.start;
    let mut text_from = at;
    let end = range.end.min(text.len());
    while let Some(open) = text.get(at..end).and_then(|rest| rest.find('<')).map(|i| at + i) {
        let Some((token, close)) = tag(text, open, end) else {
            at = open + 1;
            continue;
        };
        if let Some(between) = text.get(text_from..open).filter(|t| !t.is_empty()) {
            out.push((text_from..open, Token::Text(between)));
        }
        out.push((open..close, token));
        at = close;
        text_from = close;
    }
    if let Some(rest) = text.get(text_from..end).filter(|t| !t.is_empty()) {
        out.push((text_from..end, Token::Text(rest)));
    }
    out
}

/// The tag at `open`, and where it ends.
fn tag(text: &str, open: usize, end: usize) -> Option<(Token<'_>, usize)> {
    let rest = text.get(open..end)?;
    if rest.starts_with("<!--") {
        // An open comment reaches to the end, as in a browser.
        let close = rest.find("-->").map_or(rest.len(), |i| i + 3);
        return Some((Token::Other(rest.get(..close)?), open + close));
    }
    let inner = rest.get(1..)?;
    let first = inner.chars().next()?;
    if first == '!' || first == '?' {
        let close = rest.find('>').map_or(rest.len(), |i| i + 1);
        return Some((Token::Other(rest.get(..close)?), open + close));
    }
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |i| (true, i));
    let named = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner.get(..named)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 32 {
        return None;
    }
    let length = tag_end(inner.get(named..)?)?;
    let attributes = inner.get(named..named + length)?;
    let close = open + 1 + usize::from(closing) + named + length + 1;
    // `<value>` and `<axis>` in a manual are placeholders, not tags.
    if !is_known(name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let token = if closing { Token::Close(name) } else { Token::Open(name, attributes) };
    Some((token, close))
}

/// Where the `>` stands that ends a tag; a quoted one does not. A tag has at most 4 KiB.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (i, b) in rest.bytes().take(4096).enumerate() {
        match (b, quote) {
            (b'>', None) => return Some(i),
            (b'<', None) => return None,
            (b'"' | b'\'', None) => quote = Some(b),
            (b, Some(q)) if b == q => quote = None,
            _ => {}
        }
    }
    None
}

fn is_known(name: &str) -> bool {
    const KNOWN: &str = " a abbr address article aside b big blockquote body br button caption center cite code col colgroup dd del details dfn div dl dt em embed fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link main mark meta nav noscript object ol option p param picture pre q s samp script section select small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead title tr tt u ul var video wbr ";
    let name = name.to_ascii_lowercase();
    KNOWN.split(' ').any(|k| k == name)
}

/// The value of an attribute in a tag's inside.
pub(crate) fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        if end == 0 {
            // A stray `=`, or nothing left.
            rest = rest.get(1..)?;
            continue;
        }
        let (key, after) = rest.split_at(end);
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(v) => match v.chars().next() {
                Some(q @ ('"' | '\'')) => {
                    let inner = v.get(1..)?;
                    inner.split_once(q).unwrap_or((inner, ""))
                }
                _ => v.split_at(v.find(char::is_whitespace).unwrap_or(v.len())),
            },
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(unescaped(value).into_owned());
        }
        rest = next;
    }
}

/// Text without character references (`&deg;`, `&#176;`).
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let fragment = Html::parse_fragment(&text.replace('<', "&lt;"));
    Cow::Owned(fragment.root_element().text().collect())
}

/// Does the tag part words? (`<b>` does not, `<br>` does.)
pub(crate) fn parts_words(name: &str) -> bool {
    !matches!(
        name,
        "a" | "abbr" | "b" | "big" | "cite" | "code" | "del" | "dfn" | "em" | "font" | "i" | "ins" | "kbd"
            | "label" | "mark" | "q" | "s" | "samp" | "small" | "span" | "strike" | "strong" | "sub" | "tt"
            | "u" | "var" | "wbr" | "sup"
    )
}

/// A raised number keeps its meaning without markup: "10<sup>3</sup>" is 10³, never 103.
pub(crate) fn raised(text: &str) -> String {
    let up = |c: char| {
        Some(match c {
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4'..='9' => char::from_u32(0x2070 + c.to_digit(10)?)?,
            '+' => '⁺',
            '-' | '−' | '–' => '⁻',
            _ => return None,
        })
    };
    let trimmed = text.trim();
    trimmed.chars().map(up).collect::<Option<String>>().unwrap_or_else(|| format!(" {trimmed}"))
}

/// The words of some tokens, without markup.
pub(crate) fn words(tokens: &[(Range<usize>, Token<'_>)]) -> String {
    let mut out = String::new();
    let mut sup = false;
    for (_, token) in tokens {
        match token {
            Token::Text(text) if sup => out.push_str(&raised(&unescaped(text))),
            Token::Text(text) => out.push_str(&unescaped(text)),
            Token::Open(name, _) | Token::Close(name) => {
                if name == "sup" {
                    sup = matches!(token, Token::Open(..));
                } else if parts_words(name) {
                    out.push(' ');
                }
            }
            Token::Other(_) => {}
        }
    }
    super::single_spaced(&out)
}

/// How deep the tags of a page nest at most, by a count that forgives what browsers forgive.
pub(crate) fn depth(text: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for (_, token) in tokens(text, 0..text.len()) {
        match token {
            Token::Open(name, attributes) if !closes_itself(&name) && !attributes.ends_with('/') => depth += 1,
            Token::Close(name) if !closes_itself(&name) => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Elements without an end, or whose end may be left out.
fn closes_itself(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr" | "img" | "input" | "link" | "meta" | "col" | "embed" | "source" | "param" | "wbr" | "p"
            | "li" | "dt" | "dd" | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "colgroup" | "option"
            | "html" | "head" | "body"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_and_placeholders_are_not() {
        let text = "set <value> to <b class='a>b'>5</b><!-- x --> if a<b";
        let found: Vec<_> = tokens(text, 0..text.len()).into_iter().map(|(r, _)| &text[r]).collect();
        assert_eq!(found, ["set <value> to ", "<b class='a>b'>", "5", "</b>", "<!-- x -->", " if a<b"]);
        assert_eq!(words(&tokens(text, 0..text.len())), "set <value> to 5 if a<b");
    }

    #[test]
    fn attributes_and_references_are_read() {
        assert_eq!(attribute(" rowspan=2 colspan = \"3\" x", "colspan").as_deref(), Some("3"));
        assert_eq!(attribute(" ROWSPAN='2'", "rowspan").as_deref(), Some("2"));
        assert_eq!(attribute(" alt=\"a &amp; b\"/", "alt").as_deref(), Some("a & b"));
        assert_eq!(attribute(" = =", "alt"), None);
        assert_eq!(unescaped("45&nbsp;&deg;C &lt; 5 < 6"), "45\u{a0}°C < 5 < 6");
    }

    #[test]
    fn raised_numbers_stay_apart() {
        let text = "10<sup>-3</sup> m<sup>2</sup> H<sub>2</sub>O x<sup>note</sup>";
        assert_eq!(words(&tokens(text, 0..text.len())), "10⁻³ m² H2O x note");
    }

    #[test]
    fn depth_forgives_open_paragraphs() {
        assert_eq!(depth(&"<p>a<br><li>".repeat(500)), 0);
        assert_eq!(depth(&"<div>".repeat(500)), 500);
    }
}
