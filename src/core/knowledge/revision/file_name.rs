//! What a file's name says: `sc-110_manual_rev-c_en`.

use std::sync::LazyLock;

use regex::Regex;

use super::Stated;

/// Language endings that are seen on manuals, with their tags. Those that are words of a
/// language too ("it", "no") count only after `_` or `.`.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", "en"),
    ("eng", "en"),
    ("english", "en"),
    ("en-us", "en-US"),
    ("en-gb", "en-GB"),
    ("es", "es"),
    ("spa", "es"),
    ("esp", "es"),
    ("spanish", "es"),
    ("español", "es"),
    ("zh", "zh"),
    ("zho", "zh"),
    ("chi", "zh"),
    ("chs", "zh-Hans"),
    ("cht", "zh-Hant"),
    ("cn", "zh"),
    ("zh-cn", "zh-CN"),
    ("zh-hans", "zh-Hans"),
    ("zh-tw", "zh-TW"),
    ("chinese", "zh"),
    ("中文", "zh"),
    ("de", "de"),
    ("deu", "de"),
    ("ger", "de"),
    ("fr", "fr"),
    ("fra", "fr"),
    ("pt", "pt"),
    ("pt-br", "pt-BR"),
    ("nl", "nl"),
    ("pl", "pl"),
    ("cs", "cs"),
    ("ru", "ru"),
    ("ja", "ja"),
    ("jp", "ja"),
    ("ko", "ko"),
    ("tr", "tr"),
    ("sv", "sv"),
    ("da", "da"),
    ("fi", "fi"),
    ("hu", "hu"),
    ("ita", "it"),
    ("it", "it"),
    ("no", "no"),
];
const WORDS_TOO: &[&str] = &["it", "no", "da", "de", "es", "fi", "pl", "cs", "tr", "cn", "chi", "esp"];

/// The facts in a file's name without its ending. The title is what is left of it.
pub(super) fn facts(stem: &str) -> Stated {
    static REVISION: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)(?:^|[_\s.-])(?:(?:rev(?:ision)?|issue|edition|ausgabe|version|ver)[_\s.-]?",
            r"(?<a>[a-z]|\d{1,4}(?:[.]\d{1,4})*[a-z]?)|v(?<b>\d{1,3}(?:[.]\d{1,4})*))(?<end>[_\s.-]|$)"
        ))
        .ok()
    });
    static KIND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            "(?i)manual|handbu?ch|handbook|guide|instruc|anleitung|manuel|notice|operator|service|maintenance|手册|说明",
        )
        .ok()
    });
    // Two letters or a dash: a bare "E203" is more likely a fault than a machine.
    static MODEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:[a-z]{1,5}-\d{1,5}[a-z]{0,2}|[a-z]{2,5}\d{1,5}[a-z]{0,2})$").ok()
    });
    let mut facts = Stated::new();
    let mut rest = stem.to_owned();
    if let Some((start, tag)) = language(&rest) {
        facts.insert("language".into(), tag.to_owned());
        rest.truncate(start);
    }
    if let Some(c) = REVISION.as_ref().and_then(|r| r.captures(&rest))
        && let (Some(whole), Some(value), Some(end)) = (c.get(0), c.name("a").or(c.name("b")), c.name("end"))
    {
        facts.insert("revision".into(), value.as_str().to_uppercase());
        rest = format!(
            "{}{}",
            rest.get(..whole.start()).unwrap_or_default(),
            rest.get(end.start()..).unwrap_or_default()
        );
    }
    let is_manual = facts.contains_key("revision") || KIND.as_ref().is_some_and(|k| k.is_match(&rest));
    let mut parts = rest.split(['_', ' ']);
    let is_model = |part: &&str| MODEL.as_ref().is_some_and(|m| m.is_match(part));
    if let Some(model) = parts.find(is_model).filter(|_| is_manual) {
        facts.insert("model".into(), model.to_uppercase());
    }
    let title = spaced(&rest);
    if !title.is_empty() {
        facts.insert("title".into(), title);
    }
    facts
}

/// A name as words.
pub(super) fn spaced(name: &str) -> String {
    name.replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the language's ending begins, and its tag.
fn language(stem: &str) -> Option<(usize, &'static str)> {
    let lower = stem.to_lowercase();
    LANGUAGES.iter().find_map(|(ending, tag)| {
        let start = lower.strip_suffix(ending)?.len().checked_sub(1)?;
        let separators: &[char] =
            if WORDS_TOO.contains(ending) { &['_', '.'] } else { &['_', '.', '-', ' '] };
        let separated = lower.get(start..)?.starts_with(separators) && stem.is_char_boundary(start);
        (separated && start > 0).then_some((start, *tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stem: &str) -> Vec<(String, String)> {
        facts(stem).into_iter().collect()
    }

    fn expect(stem: &str, wanted: &[(&str, &str)]) {
        let wanted: Vec<(String, String)> =
            wanted.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(told(stem), wanted, "{stem}");
    }

    #[test]
    fn a_name_in_parts_tells_model_revision_and_language() {
        expect(
            "sc-110_manual_rev-c_en",
            &[("language", "en"), ("model", "SC-110"), ("revision", "C"), ("title", "sc 110 manual")],
        );
        expect("hpu-250-rev-b", &[("model", "HPU-250"), ("revision", "B"), ("title", "hpu 250")]);
        expect("Operator Manual v2.1", &[("revision", "2.1"), ("title", "Operator Manual")]);
        expect("guide.zh-CN", &[("language", "zh-CN"), ("title", "guide")]);
    }

    #[test]
    fn a_plain_name_tells_nothing() {
        for stem in ["pump-jack_40", "m", "e203_service_note", "do-it", "over-voltage", "preview", "液压站"]
        {
            assert!(told(stem).iter().all(|(name, _)| name == "title"), "{stem}: {:?}", told(stem));
        }
    }
}
