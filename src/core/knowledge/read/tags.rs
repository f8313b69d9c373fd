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

/// More tokens than this are not kept; what follows is left out.
pub(crate) const MOST_TOKENS: usize = 1_000_000;

/// The tokens of a part of `text`, in order, with their places: at most [`MOST_TOKENS`].
/// Linear in its length.
pub(crate) fn tokens(text: &str, range: Range<usize>) -> Vec<(Range<usize>, Token<'_>)> {
    let mut out = Vec::new();
    let mut at = range.start;
    let mut text_from = at;
    let end = range.end.min(text.len());
    while let Some(open) = text.get(at..end).and_then(|rest| rest.find('<')).map(|i| at + i) {
        if out.len() >= MOST_TOKENS {
            return out;
        }
        let Some((token, close)) = tag(text, open, end).filter(|t| is_known(&t.0)) else {
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
    let name = name.to_ascii_lowercase();
    let token = if closing { Token::Close(name) } else { Token::Open(name, attributes) };
    Some((token, close))
}

/// Where the `>` stands that ends a tag; a quoted one does not. A picture may be inside one.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (i, b) in rest.bytes().take(16 << 20).enumerate() {
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

/// `<value>` and `<axis>` in a manual are placeholders, not tags.
fn is_known(token: &Token<'_>) -> bool {
    const KNOWN: &str = " a abbr address article aside b big blockquote body br button caption center cite code col colgroup dd del details dfn div dl dt em embed fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link main mark meta nav noscript object ol option p param picture pre q s samp script section select small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead title tr tt u ul var video wbr ";
    match token {
        Token::Open(name, _) | Token::Close(name) => KNOWN.split(' ').any(|known| known == name),
        _ => true,
    }
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
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(32).position(|b| b == b';');
        match end.and_then(|end| Some((reference(after.get(..end)?)?, end))) {
            Some((words, end)) => {
                out.push_str(&words);
                rest = after.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What `&name;` stands for.
fn reference(name: &str) -> Option<String> {
    let known = match name {
        "nbsp" => "\u{a0}",
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "deg" => "°",
        "plusmn" => "±",
        "micro" => "µ",
        "ndash" => "–",
        "mdash" => "—",
        _ => {
            let plain = name.starts_with('#') || name.chars().all(|c| c.is_ascii_alphanumeric());
            if !plain || name.len() < 2 {
                return None;
            }
            // The long list is html5ever's.
            let fragment = Html::parse_fragment(&format!("&{name};"));
            let words: String = fragment.root_element().text().collect();
            return (!words.starts_with('&') || words.len() == 1).then_some(words);
        }
    };
    Some(known.to_owned())
}

/// Does the tag part words? (`<b>` does not, `<br>` does.)
pub(crate) fn parts_words(name: &str) -> bool {
    !matches!(
        name,
        "a" | "abbr"
            | "b"
            | "big"
            | "cite"
            | "code"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "tt"
            | "u"
            | "var"
            | "wbr"
            | "sup"
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

/// What makes a page dear to parse, found without parsing it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// How deep its elements nest, by a count that forgives what browsers forgive.
    pub depth: usize,
    /// How many tags it has.
    pub tags: usize,
    /// Most `<b>`, `<font>` … open at a time: a parser opens them again in each paragraph.
    pub formats: usize,
    /// Most attributes of one tag.
    pub attributes: usize,
}

/// Counts what a page costs. Linear in its length.
pub(crate) fn cost(text: &str) -> Cost {
    let mut cost = Cost::default();
    let mut open: Vec<String> = Vec::new();
    let mut formats: usize = 0;
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find('<')).map(|i| at + i) {
        let Some((token, end)) = tag(text, start, text.len()) else {
            at = start + 1;
            continue;
        };
        at = end;
        cost.tags += 1;
        match token {
            Token::Open(name, attributes) => {
                let parts =
                    attributes.bytes().filter(|b| matches!(b, b'=' | b' ' | b'\n' | b'\t' | b'/')).count();
                cost.attributes =
                    cost.attributes.max(if parts > 2000 { quoted_out(attributes) } else { parts });
                if matches!(name.as_str(), "script" | "style" | "textarea" | "title" | "xmp") {
                    // No tags inside; the end is looked for as a browser does.
                    let close = format!("</{name}");
                    at = text
                        .get(at..)
                        .and_then(|r| find_ignoring_case(r, &close))
                        .map_or(text.len(), |i| at + i);
                    continue;
                }
                formats += usize::from(is_format(&name));
                cost.formats = cost.formats.max(formats);
                if !closes_itself(&name) {
                    open.push(name);
                }
            }
            Token::Close(name) => {
                if is_format(&name) {
                    formats = formats.saturating_sub(1);
                }
                // A stray end closes nothing; one that matches closes all inside.
                let near = open.len().saturating_sub(64);
                let found = open.get(near..).and_then(|last| last.iter().rposition(|n| *n == name));
                if let Some(i) = found {
                    open.truncate(near + i);
                }
            }
            _ => {}
        }
        cost.depth = cost.depth.max(open.len());
    }
    cost
}

/// Attributes of a long tag, without what stands in quotes.
fn quoted_out(attributes: &str) -> usize {
    let mut quote = None;
    let mut count = 0;
    for b in attributes.bytes() {
        match (b, quote) {
            (b'"' | b'\'', None) => quote = Some(b),
            (b, Some(q)) if b == q => quote = None,
            (b'=' | b' ' | b'\n' | b'\t' | b'/', None) => count += 1,
            _ => {}
        }
    }
    count
}

fn find_ignoring_case(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|w| w.eq_ignore_ascii_case(what.as_bytes()))
}

fn is_format(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Elements without an end, or whose end may be left out.
fn closes_itself(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "col"
            | "embed"
            | "source"
            | "param"
            | "wbr"
            | "p"
            | "li"
            | "dt"
            | "dd"
            | "tr"
            | "td"
            | "th"
            | "thead"
            | "tbody"
            | "tfoot"
            | "colgroup"
            | "option"
            | "html"
            | "head"
            | "body"
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
    fn cost_forgives_open_paragraphs_and_counts_the_rest() {
        assert_eq!(cost(&"<p>a<br><li>".repeat(500)).depth, 0);
        assert_eq!(cost(&"<div>".repeat(500)).depth, 500);
        assert_eq!(cost(&"<x-y></z><x-y>".repeat(100)).depth, 200);
        assert_eq!(cost(&"<div><span></div>".repeat(100)).depth, 2);
        assert_eq!(cost(&"<p><b>x</p>".repeat(100)).formats, 100);
        assert_eq!(cost("<script>if (a<b) </div></script><p>").tags, 3);
    }
}
