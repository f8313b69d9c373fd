//! What a file's own metadata say, under the names of front matter.

use std::collections::BTreeMap;

use super::single_spaced;

/// Longer values are texts, not facts.
const LONGEST: usize = 500;

/// Notes a fact, where its name is one that front matter has and the first of its name.
pub(crate) fn put(out: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let name = name.trim().to_lowercase();
    let name = name.trim_start_matches("dc.").trim_start_matches("dcterms.").trim_start_matches("dc:");
    let key = match name {
        "title" => "title",
        "version" | "revision" | "rev" | "release" | "revnumber" | "edition" => "revision",
        "lang" | "language" => "language",
        "author" | "authors" | "creator" | "publisher" | "organization" => "author",
        "valid_from" | "valid-from" | "date" | "issued" | "revdate" | "effective-date" => "valid_from",
        "machine" => "machine",
        "model" | "product" => "model",
        "status" => "status",
        _ => return,
    };
    let mut value = single_spaced(value.trim_matches('$'));
    if key == "valid_from" {
        // A time of day says nothing about a manual.
        if let Some(day) = value.get(..10).filter(|d| is_day(d)) {
            value = day.to_owned();
        }
        if !is_day(&value) {
            return;
        }
    }
    if !value.is_empty() && value.len() <= LONGEST {
        out.entry(key.to_owned()).or_insert(value);
    }
}

fn is_day(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    text.len() == 10 && digits(0..4) && digits(5..7) && digits(8..10) && text.matches('-').count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_have_one_name_each() {
        let mut out = BTreeMap::new();
        for (name, value) in [
            ("DC.Title", "Pump  manual"),
            ("Version", "3.2"),
            ("revision", "9"),
            ("date", "2026-01-02T10:00:00Z"),
            ("viewport", "width=1"),
        ] {
            put(&mut out, name, value);
        }
        let found: Vec<_> = out.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, [("revision", "3.2"), ("title", "Pump manual"), ("valid_from", "2026-01-02")]);
        put(&mut out, "date", "last spring");
    }
}
