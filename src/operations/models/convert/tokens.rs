//! The text tokens of a `tokenizer.json` as the bytes that they stand for.

use super::ct2::bad;
use crate::operations::outcome::Result;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::{BufReader, Read};

/// GPT-2's byte-level vocabulary; what follows it are Whisper's own marks, which
/// whisper.cpp numbers by itself.
const TEXT_TOKENS: usize = 50_257;
/// Larger than any Whisper tokenizer.
const MAX_TOKENIZER: u64 = 64 << 20;

#[derive(Deserialize)]
struct Tokenizer {
    model: Vocabulary,
}

#[derive(Deserialize)]
struct Vocabulary {
    vocab: HashMap<String, usize>,
}

/// The text tokens in the order of their numbers, as the bytes that they stand for.
pub fn tokens(tokenizer: impl Read) -> Result<Vec<Vec<u8>>> {
    let reader = BufReader::new(tokenizer.take(MAX_TOKENIZER));
    let tokenizer: Tokenizer =
        serde_json::from_reader(reader).map_err(|e| bad("its tokenizer.json cannot be read").because(e))?;
    let vocabulary = tokenizer.model.vocab;
    let count = vocabulary.len().min(TEXT_TOKENS);
    let mut tokens: Vec<Option<Vec<u8>>> = vec![None; count];
    let bytes = byte_alphabet();
    for (text, number) in &vocabulary {
        if let Some(slot) = tokens.get_mut(*number) {
            let decoded: Option<Vec<u8>> = text.chars().map(|c| bytes.get(&c).copied()).collect();
            *slot = Some(decoded.ok_or_else(|| bad(format!("token {text:?} is not of the byte alphabet")))?);
        }
    }
    tokens
        .into_iter()
        .enumerate()
        .map(|(number, token)| token.ok_or_else(|| bad(format!("its tokenizer has no token {number}"))))
        .collect()
}

/// GPT-2's alphabet: printable bytes stand for themselves, the others for the characters
/// from U+0100 on.
fn byte_alphabet() -> HashMap<char, u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100_u32;
    (0..=u8::MAX)
        .filter_map(|byte| {
            if printable(byte) {
                return Some((char::from(byte), byte));
            }
            let stand_in = char::from_u32(next);
            next += 1;
            stand_in.map(|c| (c, byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_has_every_byte_once() {
        let alphabet = byte_alphabet();
        assert_eq!(alphabet.len(), 256);
        assert_eq!(alphabet.get(&'Ġ'), Some(&b' '));
        assert_eq!(alphabet.get(&'Ċ'), Some(&b'\n'));
        assert_eq!(alphabet.get(&'a'), Some(&b'a'));
    }

    #[test]
    fn tokens_come_in_the_order_of_their_numbers_as_bytes() {
        let json = r#"{"model":{"vocab":{"b":1,"Ġa":0,"<|endoftext|>":2}}}"#;
        assert_eq!(
            tokens(json.as_bytes()).ok(),
            Some(vec![b" a".to_vec(), b"b".to_vec(), b"<|endoftext|>".to_vec()])
        );
    }

    #[test]
    fn a_gap_in_the_numbers_is_refused() {
        assert!(tokens(r#"{"model":{"vocab":{"a":0,"b":5}}}"#.as_bytes()).is_err());
        assert!(tokens(&b"no json"[..]).is_err());
    }
}
