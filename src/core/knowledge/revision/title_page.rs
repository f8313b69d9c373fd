//! What a title page says: lines and cells that name a fact and its value and nothing else
//! ("Revision C", "Model: SC-110", "Ausgabe 03/2019", "版本 V2.1").

use std::sync::LazyLock;

use regex::Regex;

use super::super::read::{Block, BlockKind, Document};
use super::{Stated, day, serials::Serials};

/// A title page without pages is what stands before the second heading, at most so long.
const BYTES: usize = 1500;
/// The same where there are pages.
const PAGE_BYTES: usize = 6000;
/// A longer line is a sentence.
const LONGEST_LINE: usize = 120;

/// The facts on a document's title page.
pub(super) fn facts(document: &Document) -> Stated {
    let mut facts = Stated::new();
    for segment in segments(document) {
        if let Some((name, value)) = fact(&segment) {
            facts.entry(name.to_owned()).or_insert(value);
        }
    }
    facts
}

/// The pieces of the title page that may state a fact, in its order.
fn segments(document: &Document) -> Vec<String> {
    let second_page = document.pages.get(1).map(|p| p.at);
    let end = second_page.unwrap_or(BYTES).min(PAGE_BYTES);
    let mut headings = 0;
    let mut segments = Vec::new();
    for block in &document.blocks {
        headings += usize::from(matches!(block.kind, BlockKind::Heading { .. }));
        if block.span.start >= end || (second_page.is_none() && headings > 1) {
            break;
        }
        match &block.kind {
            BlockKind::Table { header, rows } => {
                let cells = std::iter::once(header).chain(rows.iter().map(|r| &r.cells));
                for row in cells {
                    if let [name, value] = row.as_slice() {
                        segments.push(format!("{}: {}", name.text.trim_end_matches([':', '：']), value.text));
                    }
                }
            }
            BlockKind::Code | BlockKind::Warning { .. } => {}
            _ => lines(document, block, &mut segments),
        }
    }
    segments
}

fn lines(document: &Document, block: &Block, segments: &mut Vec<String>) {
    let raw = block.span.of(&document.text).unwrap_or(&block.text);
    for line in raw.lines().filter(|l| l.len() <= LONGEST_LINE) {
        let plain: String = line.chars().filter(|c| !matches!(c, '*' | '#' | '`' | '>')).collect();
        let whole = plain.trim();
        if whole.is_empty() {
            continue;
        }
        segments.push(whole.to_owned());
        let parts = whole
            .split(['|', '·', '•', ';', ',', '\t', '(', ')', '/'])
            .flat_map(|p| p.split("  "))
            .flat_map(|p| p.split(" – "))
            .flat_map(|p| p.split(" — "))
            .flat_map(|p| p.split(" - "));
        segments.extend(parts.map(str::trim).filter(|p| !p.is_empty() && *p != whole).map(str::to_owned));
    }
}

/// The fact that a piece states.
fn fact(segment: &str) -> Option<(&'static str, String)> {
    static LABELS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
        // A label, then its value to the end. `1` is the value.
        let labels = [
            (
                "revision",
                concat!(
                    r"(?i)^(?:(?:document|manual|doc\.?)\s+)?(?:revision|rev|revisi[óo]n|r[ée]vision|issue|edition|",
                    r"edici[óo]n|ausgabe|version|versi[óo]n|ver|stand|版本号?|版次|修订版?)",
                    r"(?:\s*(?:no|nr|number|n[º°o]))?\.?\s*[:：#]?\s*([\p{L}\d][\p{L}\d./_-]{0,15})$"
                ),
            ),
            ("revision", r"(?i)^(v\d{1,3}(?:\.\d{1,4})+)$"),
            ("revision", r"^第\s*([\d一二三四五六七八九十]{1,3})\s*版$"),
            (
                "model",
                r"(?i)^(?:model|models|modell|modelo|mod[èe]le|型号|机型)(?:\s*(?:no|nr|number|n[º°o]|code))?\.?\s*[:：]\s*(.{1,40})$",
            ),
            (
                "machine",
                r"(?i)^(?:machine|equipment|maschine|m[áa]quina|equipo|设备名称|设备|机器)\s*[:：]\s*(.{2,60})$",
            ),
            (
                "serials",
                concat!(
                    r"(?i)^(?:(?:valid\s+)?(?:for|from)\s+)?(?:serial\s*(?:numbers?|nos?\.?)(?:\s*range)?|serials|s/n|",
                    r"seriennummern?|serien-?nr\.?|n[úu]meros?\s+de\s+serie|序列号|机号)\s*[:：]?\s*(.{1,40})$"
                ),
            ),
            (
                "valid_from",
                concat!(
                    r"(?i)^(?:valid\s+from|effective(?:\s+(?:date|from))?|in\s+force\s+from|g[üu]ltig\s+ab|",
                    r"v[áa]lido\s+desde|vigente\s+desde|生效日期|自)\s*[:：]?\s*(.{6,30}?)(?:\s*起)?$"
                ),
            ),
            ("status", r"(?i)^(?:(?:document\s+)?status|estado|状态)\s*[:：]\s*(\p{L}{2,20})$"),
            ("status", r"^(DRAFT|PRELIMINARY|WITHDRAWN|OBSOLETE|ENTWURF|BORRADOR|草案|草稿)$"),
            ("language", r"(?i)^(?:language|sprache|idioma|语言)\s*[:：]\s*(\p{L}{2,12}(?:-\p{L}{2,4})?)$"),
        ];
        labels.into_iter().filter_map(|(name, pattern)| Some((name, Regex::new(pattern).ok()?))).collect()
    });
    LABELS.iter().find_map(|(name, label)| {
        let value = label.captures(segment)?.get(1)?.as_str().trim();
        Some((*name, meant(name, value)?))
    })
}

/// The value in the form in which identities keep it; `None` where it can be none.
fn meant(name: &str, value: &str) -> Option<String> {
    let has_digit = value.chars().any(|c| c.is_numeric());
    match name {
        "revision" => {
            let letters = (1..=2).contains(&value.len()) && value.chars().all(|c| c.is_ascii_uppercase());
            let counted = value.chars().all(|c| "一二三四五六七八九十".contains(c));
            (has_digit || letters || counted).then(|| value.to_owned())
        }
        "model" => (has_digit && value.split_whitespace().count() <= 4).then(|| value.to_owned()),
        "serials" => {
            let known = matches!(Serials::of(value), Serials::Range { .. });
            known.then(|| value.to_owned())
        }
        "valid_from" => day::iso(value),
        "status" => {
            let status = match value.to_lowercase().as_str() {
                "draft" | "preliminary" | "entwurf" | "borrador" | "草案" | "草稿" => "draft",
                "withdrawn" | "obsolete" | "retirado" | "作废" => "withdrawn",
                "released" | "final" | "approved" | "publicado" | "发布" => "released",
                _ => return None,
            };
            Some(status.to_owned())
        }
        "language" => {
            let tag = match value.to_lowercase().as_str() {
                "english" | "englisch" | "inglés" | "英文" | "英语" => "en".to_owned(),
                "spanish" | "español" | "spanisch" | "西班牙语" => "es".to_owned(),
                "chinese" | "中文" | "汉语" | "chino" => "zh".to_owned(),
                "german" | "deutsch" => "de".to_owned(),
                tag if tag.split('-').next().is_some_and(|t| t.len() == 2 && t.is_ascii()) => {
                    value.to_owned()
                }
                _ => return None,
            };
            Some(tag)
        }
        _ => Some(value.to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::{Markdown, Reader};

    #[test]
    fn a_piece_that_states_a_fact_is_read_in_each_language() {
        for (piece, name, value) in [
            ("Revision C", "revision", "C"),
            ("Rev. 2.1", "revision", "2.1"),
            ("Ausgabe 03/2019", "revision", "03/2019"),
            ("版本 V2.1", "revision", "V2.1"),
            ("版本：2", "revision", "2"),
            ("第3版", "revision", "3"),
            ("Revisión 3", "revision", "3"),
            ("Document version: 4.0", "revision", "4.0"),
            ("Model: SC-110", "model", "SC-110"),
            ("型号：YB-32", "model", "YB-32"),
            ("Serial numbers 2000-4999", "serials", "2000-4999"),
            ("序列号：2000至4999", "serials", "2000至4999"),
            ("Valid from 1 March 2024", "valid_from", "2024-03-01"),
            ("生效日期：2024年3月1日", "valid_from", "2024-03-01"),
            ("Status: Draft", "status", "draft"),
            ("DRAFT", "status", "draft"),
            ("Language: English", "language", "en"),
            ("Machine: Pump jack", "machine", "Pump jack"),
        ] {
            assert_eq!(fact(piece), Some((name, value.to_owned())), "{piece}");
        }
    }

    #[test]
    fn a_sentence_states_nothing() {
        for piece in [
            "Revision history",
            "The revision C of the drive needs a new cable",
            "Version control",
            "Model: see the name plate",
            "Serial number plate",
            "Draft the belt",
            "Valid from the start",
            "Stand clear",
            "Issue a warning",
            "Version info",
        ] {
            assert_eq!(fact(piece), None, "{piece}");
        }
    }

    #[test]
    fn only_the_title_page_is_read() {
        let text = "# Drive manual, Rev. B\n\n**Model:** DX-7 · Serial numbers 10-99\n\n\
                    | Status | Released |\n|---|---|\n| Valid from | 2024-01-01 |\n\n## Parts\n\nModel: ZZ-9\n\nRevision Q\n";
        let facts = facts(&Markdown.read(text.as_bytes(), "m.md").unwrap());
        let told: Vec<(&str, &str)> = facts.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            told,
            [
                ("model", "DX-7"),
                ("revision", "B"),
                ("serials", "10-99"),
                ("status", "released"),
                ("valid_from", "2024-01-01"),
            ]
        );
    }
}
