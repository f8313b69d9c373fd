//! Bytes become text: by byte order mark, then as UTF-8, then by what the file says of
//! itself, then by the statistics of its bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::{MAX_BYTES, unreadable};
use crate::core::{Error, Result};

/// Text, and what had to be given up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// What could not be decoded, one clear line each.
    pub notes: Vec<String>,
}

/// The text in `bytes`, without a byte order mark; `name` is for messages only.
///
/// # Errors
/// `Kind::Unreadable` where the file is too large or binary.
pub fn decode(bytes: &[u8], name: &str) -> Result<String> {
    decode_as(bytes, name, None).map(|d| d.text)
}

/// The same, where the file may say its own encoding (`charset=…`, `encoding="…"`).
///
/// # Errors
/// As [`decode`].
pub fn decode_as(bytes: &[u8], name: &str, stated: Option<&str>) -> Result<Decoded> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(
            format!("{name}: larger than {} MiB", MAX_BYTES >> 20),
            "split the manual into smaller files",
        ));
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return marked(bytes.get(mark..).unwrap_or_default(), encoding, name);
    }
    // Some programs fill the last block of a file with zeros.
    let filled = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let body = bytes.get(..filled).unwrap_or_default();
    if bytes.contains(&0)
        && let Some(text) = utf16_without_mark(bytes)
    {
        return Ok(Decoded { text, notes: Vec::new() });
    }
    if body.contains(&0) || is_binary(body) || magic(body).is_some() {
        return Err(binary(body, name));
    }
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(Decoded { text: text.to_owned(), notes: Vec::new() });
    }
    if let Some(text) = damaged_utf8(body) {
        return Ok(Decoded {
            text, notes: vec!["a few bytes are not UTF-8 and are shown as �".to_owned()]
        });
    }
    Ok(legacy(body, stated))
}

fn marked(bytes: &[u8], encoding: &'static Encoding, name: &str) -> Result<Decoded> {
    let broken = |what: &str| unreadable(format!("{name}: broken {what}"), "save the file as UTF-8");
    if encoding != UTF_8 && !bytes.len().is_multiple_of(2) {
        return Err(broken("UTF-16"));
    }
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
        return Err(broken(encoding.name()));
    };
    if text.contains('\0') {
        return Err(binary(bytes, name));
    }
    Ok(Decoded { text: text.into_owned(), notes: Vec::new() })
}

/// UTF-16 that does not say so: one of the two byte orders gives plain letters.
fn utf16_without_mark(bytes: &[u8]) -> Option<String> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    [UTF_16LE, UTF_16BE].into_iter().find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        let common = |c: &char| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{24f}' | '\u{370}'..='\u{52f}')
                || matches!(c, '\u{2010}'..='\u{2044}' | '\u{3000}'..='\u{30ff}')
                || matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ffe5}')
        };
        let all = text.chars().count();
        let plain = text.chars().filter(common).count();
        if text.contains('\0') {
            return None;
        }
        // In the wrong order every space and line end becomes a rare letter.
        let spaced = text.chars().any(|c| c == ' ' || c == '\n' || c.is_ascii_alphanumeric());
        (spaced && all >= 2 && plain * 20 >= all * 19).then(|| text.into_owned())
    })
}

/// Control characters that no text has are more than one in a hundred.
fn is_binary(bytes: &[u8]) -> bool {
    let control = |b: &&u8| matches!(b, 0..=8 | 14..=25 | 28..=31 | 127);
    let found = bytes.iter().filter(control).count();
    found > 0 && found * 100 > bytes.len()
}

/// What a binary file is, by its first bytes.
fn magic(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a ZIP archive or office file"),
        (b"%PDF-", "a PDF"),
        (b"\x89PNG", "a picture"),
        (b"\xFF\xD8\xFF", "a picture"),
        (b"GIF8", "a picture"),
        (b"\xD0\xCF\x11\xE0", "an old office file"),
        (b"\x7FELF", "a program"),
        (b"\x1F\x8B", "a compressed file"),
        (b"7z\xBC\xAF", "a compressed file"),
        (b"{\\rtf", "RTF"),
    ];
    MAGIC.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, what)| *what)
}

fn binary(bytes: &[u8], name: &str) -> Error {
    let what = magic(bytes).unwrap_or("holds NUL bytes or control characters");
    unreadable(format!("{name}: binary ({what})"), "index text, not programs or pictures")
}

/// UTF-8 with a broken byte here and there, in a text that otherwise proves to be UTF-8.
fn damaged_utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|c| *c == '\u{fffd}').count();
    let whole = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    (whole >= 20 && broken * 20 <= whole).then(|| text.into_owned())
}

/// GB18030, Windows-1252 and their kind.
fn legacy(bytes: &[u8], stated: Option<&str>) -> Decoded {
    // A file that claims to be UTF-16 and is not has its label from elsewhere.
    let stated = stated
        .and_then(|label| Encoding::for_label_no_replacement(label.trim().as_bytes()))
        .filter(|e| e.is_ascii_compatible());
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    let mut text = String::new();
    for encoding in stated.into_iter().chain([guessed, GB18030]) {
        // GB18030 holds all of GBK and the characters that came later.
        let encoding = if encoding == GBK { GB18030 } else { encoding };
        let (decoded, broken) = encoding.decode_without_bom_handling(bytes);
        if !broken {
            return Decoded { text: decoded.into_owned(), notes: Vec::new() };
        }
        if text.is_empty() {
            text = decoded.into_owned();
        }
    }
    Decoded { text, notes: vec!["some bytes are of an unknown encoding and are shown as �".to_owned()] }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn unicode_is_read_with_and_without_a_mark() {
        assert_eq!(decode("45 °C".as_bytes(), "a").unwrap(), "45 °C");
        assert_eq!(decode(b"\xEF\xBB\xBFoil", "a").unwrap(), "oil");
        for (mark, unit) in
            [([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]), ([0xFE, 0xFF], u16::to_be_bytes)]
        {
            let text = "油 45 °C\r\nE203: Ölstand niedrig\n";
            let bare = utf16(text, unit);
            assert_eq!(decode(&[&mark[..], &bare].concat(), "a").unwrap(), text);
            assert_eq!(decode(&bare, "a").unwrap(), text);
        }
    }

    #[test]
    fn older_encodings_are_told_by_their_bytes() {
        let (gb, _, _) = GB18030.encode("故障代码 E203：油位过低，请检查油箱并加油。");
        assert!(decode(&gb, "a").unwrap().contains("油位过低"));
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("La válvula está dañada – 45 °C");
        assert_eq!(decode(&latin, "a").unwrap(), "La válvula está dañada – 45 °C");
        let (big5, _, _) = encoding_rs::BIG5.encode("油");
        assert_eq!(decode_as(&big5, "a", Some("big5")).unwrap().text, "油");
    }

    #[test]
    fn a_damaged_byte_costs_a_letter_not_the_file() {
        let mut bytes = "油位过低。".repeat(20).into_bytes();
        bytes.extend(b"\xFF end");
        let d = decode_as(&bytes, "a", None).unwrap();
        assert!(d.text.ends_with("\u{fffd} end") && d.notes.len() == 1);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let reason = |bytes: &[u8]| decode(bytes, "m.md").unwrap_err().to_string();
        assert!(reason(b"PK\x03\x04\x00").contains("binary (a ZIP"));
        assert!(reason(b"\x7FELF\x02\x01\x01\0\0\0").contains("a program"));
        assert!(reason(b"one\0two three").contains("binary (holds NUL"));
        assert!(reason(b"\xFF\xFEa").contains("UTF-16"));
        assert!(reason(b"\xFF\xFE\x00\xD8").contains("UTF-16"));
        assert_eq!(decode(b"text\0\0\0\0\0", "a").unwrap(), "text");
    }
}
