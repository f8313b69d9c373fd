//! What a PDF's information dictionary says, under the names of front matter.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::running::Running;

/// The dictionary's entries and what the running headers name, in front matter's words.
pub(super) fn front(info: &BTreeMap<String, String>, running: &Running) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut put = |name: &str, value: &str| {
        let value = value.trim();
        // What programs write where the author wrote nothing.
        let empty = ["", "unspecified", "anonymous", "unknown", "untitled"];
        if !empty.contains(&value.to_lowercase().as_str()) {
            out.insert(name.to_owned(), value.to_owned());
        }
    };
    let said = |name: &str| info.get(name).map_or("", |v| v.trim());
    let title = said("Title");
    if !is_file_name(title) {
        put("title", title);
    }
    put("author", said("Author"));
    put("subject", said("Subject"));
    put("keywords", said("Keywords"));
    put("language", said("Lang"));
    if let Some(date) = date(said("ModDate")).or_else(|| date(said("CreationDate"))) {
        put("date", &date);
    }
    let sources = [title, said("Subject"), said("Keywords")];
    let edges = [&running.footer, &running.header].into_iter().flatten().map(String::as_str);
    if let Some(revision) = sources.into_iter().chain(edges).find_map(revision) {
        put("revision", revision);
    }
    put("header", running.header.as_deref().unwrap_or_default());
    put("footer", running.footer.as_deref().unwrap_or_default());
    out
}

/// Many programs write the source file's name as the title.
fn is_file_name(title: &str) -> bool {
    let lower = title.to_lowercase();
    let endings =
        [".doc", ".docx", ".indd", ".fm", ".book", ".pdf", ".tex", ".odt", ".xls", ".xlsx", ".qxd", ".pmd"];
    endings.iter().any(|e| lower.ends_with(e)) || lower.starts_with("microsoft word -") || lower == "untitled"
}

/// "D:20240531120000+02'00'" as "2024-05-31".
fn date(text: &str) -> Option<String> {
    let digits = text.strip_prefix("D:").unwrap_or(text);
    let (year, month, day) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    let number = |t: &str| t.chars().all(|c| c.is_ascii_digit()).then(|| t.parse::<u32>().ok()).flatten();
    let fits = (1900..2200).contains(&number(year)?) && (1..=12).contains(&number(month)?);
    (fits && (1..=31).contains(&number(day)?)).then(|| format!("{year}-{month}-{day}"))
}

/// The revision that a line names: "Rev. C", "Version 2.1", "版本 3".
fn revision(text: &str) -> Option<&str> {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?i)(?:\b(?:revision|rev|version|issue|edition|revisi[oó]n|versi[oó]n|edici[oó]n)\b\.?|版本|版次|修订)\s*[:：.]?\s*((?-i:[A-Z])?\d[\w.\-]*|(?-i:[A-Z]))\b",
        )
        .ok()
    });
    let found = NAMED.as_ref()?.captures(text)?.get(1)?;
    Some(found.as_str().trim_end_matches(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_speaks_front_matters_words() {
        let info: BTreeMap<String, String> = [
            ("Title", "PJ-40 Service Manual Rev. C"),
            ("Author", "Acme"),
            ("ModDate", "D:20240531120000+02'00'"),
            ("Lang", "en-US"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let front = front(&info, &Running::default());
        let got = |k: &str| front.get(k).map(String::as_str);
        assert_eq!(got("title"), Some("PJ-40 Service Manual Rev. C"));
        assert_eq!(got("revision"), Some("C"));
        assert_eq!(got("date"), Some("2024-05-31"));
        assert_eq!(got("language"), Some("en-US"));
        assert_eq!(got("subject"), None);
    }

    #[test]
    fn a_file_name_is_no_title_and_a_word_no_revision() {
        let info = [("Title".to_owned(), "Microsoft Word - pump_v3.doc".to_owned())].into();
        assert!(!front(&info, &Running::default()).contains_key("title"));
        assert_eq!(revision("This version is for review"), None);
        assert_eq!(revision("Version 2.1 of 2024"), Some("2.1"));
        assert_eq!(revision("Review 3"), None);
    }
}
