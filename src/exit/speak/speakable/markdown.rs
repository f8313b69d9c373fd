//! Markdown to plain prose: what is left is what a person would read aloud.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Deeper lists than this are read flat.
const DEEPEST_LIST: usize = 16;

/// The text without its markup. Every block ends in a full stop or stronger, table cells
/// are parted by commas, items of numbered lists keep their number.
pub(super) fn prose(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut out = String::with_capacity(markdown.len());
    let mut lists: Vec<Option<u64>> = Vec::new();
    let markdown = multiplied(markdown);
    for event in Parser::new_ext(&markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::SoftBreak => out.push(' '),
            // Raw "<…>" in a manual is far more often a placeholder than HTML, but either
            // way it is not for the ear.
            Event::Html(_) | Event::InlineHtml(_) => out.push(' '),
            Event::HardBreak | Event::Rule => stop(&mut out),
            Event::Start(Tag::List(first)) => {
                stop(&mut out);
                if lists.len() < DEEPEST_LIST {
                    lists.push(first);
                }
            }
            Event::End(TagEnd::List(_)) => {
                stop(&mut out);
                lists.pop();
            }
            Event::Start(Tag::Item) => {
                stop(&mut out);
                if let Some(Some(number)) = lists.last_mut() {
                    out.push_str(&format!("{number}, "));
                    *number = number.saturating_add(1);
                }
            }
            Event::End(TagEnd::TableCell) => out.push_str(", "),
            Event::Start(
                Tag::Paragraph | Tag::Heading { .. } | Tag::BlockQuote(_) | Tag::CodeBlock(_) | Tag::Table(_),
            ) => out.push(' '),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::BlockQuote(_)
                | TagEnd::CodeBlock
                | TagEnd::TableHead
                | TagEnd::TableRow,
            ) => stop(&mut out),
            _ => {}
        }
    }
    out
}

/// "10*20*30" is a product, not an emphasised 20 glued between its neighbours.
fn multiplied(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        let product = c == '*'
            && out.ends_with(|p: char| p.is_ascii_digit())
            && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if product { '×' } else { c });
    }
    out
}

/// Ends a sentence, unless the text already ends in one.
fn stop(out: &mut String) {
    let kept = out.trim_end_matches([' ', ',', '\n']).len();
    out.truncate(kept);
    if !out.is_empty() && !out.ends_with(['.', '!', '?', ':', ';']) {
        out.push('.');
    }
    out.push(' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, plain: &str) {
        let got = prose(markdown);
        assert_eq!(got.split_whitespace().collect::<Vec<_>>().join(" "), plain);
    }

    #[test]
    fn inline_markup_goes() {
        check("Set **195 Nm** on the *flange* `M16` ~~bolt~~.", "Set 195 Nm on the flange M16 bolt.");
        check("See [the manual](https://x.example/a) ![pump](p.png)", "See the manual pump.");
    }

    #[test]
    fn a_product_keeps_its_factors_apart() {
        check("10*20*30 mm", "10×20×30 mm.");
    }

    #[test]
    fn blocks_become_sentences() {
        check("# Pump\n\nStop it.\n\n- Lock out\n- Tag out\n", "Pump. Stop it. Lock out. Tag out.");
        check("1. Isolate\n2. Vent\n", "1, Isolate. 2, Vent.");
        check("> **WARNING** hot", "WARNING hot.");
        check("---\n\nx", "x.");
    }

    #[test]
    fn a_table_is_read_by_rows() {
        check("| Code | Cause |\n|---|---|\n| E203 | Low pressure |\n", "Code, Cause. E203, Low pressure.");
    }
}
