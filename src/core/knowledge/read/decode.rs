//! Bytes become text: UTF-8, or UTF-16 with a byte order mark.

use super::{MAX_BYTES, unreadable};
use crate::core::Result;

/// The text in `bytes`, without a byte order mark; `name` is for messages only.
///
/// # Errors
/// `Kind::Unreadable` where the file is too large, binary, or of another encoding.
pub fn decode(bytes: &[u8], name: &str) -> Result<String> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(
            format!("{name}: larger than {} MiB", MAX_BYTES >> 20),
            "split the manual into smaller files",
        ));
    }
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, name)?,
        [0xFF, 0xFE, rest @ ..] => utf16(rest, name, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, name, u16::from_be_bytes)?,
        // Before the UTF-8 test: a program or a picture is called what it is.
        _ if bytes.contains(&0) => return Err(binary(name)),
        _ => utf8(bytes, name)?,
    };
    if text.contains('\0') {
        return Err(binary(name));
    }
    Ok(text)
}

fn binary(name: &str) -> crate::core::Error {
    unreadable(format!("{name}: binary (holds NUL bytes)"), "index text, not programs or pictures")
}

fn utf8(bytes: &[u8], name: &str) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|e| {
        unreadable(
            format!("{name}: not UTF-8 (byte {})", e.valid_up_to()),
            "save the file as UTF-8, or as UTF-16 with a byte order mark",
        )
    })
}

fn utf16(bytes: &[u8], name: &str, unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let broken = || unreadable(format!("{name}: broken UTF-16"), "save the file as UTF-8");
    if !odd.is_empty() {
        return Err(broken());
    }
    char::decode_utf16(pairs.iter().map(|p| unit(*p)))
        .collect::<std::result::Result<String, _>>()
        .map_err(|_| broken())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn utf8_and_utf16_with_a_mark_are_read() {
        assert_eq!(decode("45 °C".as_bytes(), "a").unwrap(), "45 °C");
        assert_eq!(decode(b"\xEF\xBB\xBFoil", "a").unwrap(), "oil");
        let le: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("油 45".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&le, "a").unwrap(), "油 45");
        let be: Vec<u8> =
            [0xFE, 0xFF].into_iter().chain("油 45".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&be, "a").unwrap(), "油 45");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let reason = |bytes: &[u8]| decode(bytes, "m.md").unwrap_err().to_string();
        assert!(reason(b"PK\x03\x04\x00").contains("binary"));
        assert!(reason(b"caf\xE9").contains("not UTF-8"));
        assert!(reason(b"\xFF\xFEa").contains("UTF-16"));
        assert!(reason(b"\xFF\xFE\x00\xD8").contains("UTF-16"));
    }
}
