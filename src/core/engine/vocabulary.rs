//! Text to token ids and back, from the tokenizer that a GGUF file carries.
//!
//! Byte-level BPE only (`tokenizer.ggml.model = "gpt2"`: Qwen, SmolLM2, Llama 3). The
//! pre-tokenizers are those of llama.cpp's `llama-vocab.cpp` by their names in the file.
//!
//! Invariant: [`Vocabulary::encode`] never yields a control token. Tokens that are not
//! plain text are kept out of the BPE vocabulary, so that "<|im_end|>" in a manual is read
//! as seven letters and some punctuation, and cannot end the system's turn.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{SplitDelimiterBehavior, Tokenizer};

use super::constraint::lexicon::Lexicon;
use crate::core::{Error, Kind, Result};

/// What a GGUF file says about its tokenizer.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// `tokenizer.ggml.pre`.
    pub pre: String,
    /// `tokenizer.ggml.tokens`, by id.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.token_type`, by id; empty means that all are text.
    pub types: Vec<u32>,
    /// `tokenizer.ggml.merges`, best first: two tokens with a blank between.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.eos_token_id` and its like.
    pub stops: Vec<u32>,
    /// `tokenizer.ggml.bos_token_id`, where the file wants one before everything.
    pub bos: Option<u32>,
}

impl Parts {
    /// Reads a file's metadata.
    ///
    /// # Errors
    /// [`Kind::Model`] where it carries no byte-level BPE.
    pub fn of(metadata: &HashMap<String, Value>) -> Result<Self> {
        let text = |key: &str| metadata.get(key).and_then(|v| v.to_string().ok().cloned());
        let list = |key: &str| -> Result<&Vec<Value>> {
            metadata
                .get(key)
                .and_then(|v| v.to_vec().ok())
                .ok_or_else(|| unusable(format!("the model file has no `{key}`")))
        };
        let strings = |key: &str| -> Result<Vec<String>> {
            let all = list(key)?.iter().map(|v| v.to_string().cloned());
            all.collect::<candle_core::Result<_>>().map_err(|e| {
                unusable(format!("`{key}` of the model file holds something else than text")).because(e)
            })
        };
        let kind = text("tokenizer.ggml.model").unwrap_or_default();
        if kind != "gpt2" {
            return Err(unusable(format!(
                "the model file's tokenizer is `{kind}`, not a byte-level BPE (`gpt2`)"
            )));
        }
        let id = |key: &str| metadata.get(key).and_then(id_of);
        let flag = |key: &str| metadata.get(key).and_then(|v| v.to_bool().ok()).unwrap_or(false);
        let stops = ["eos", "eot", "eom"].iter().filter_map(|k| id(&format!("tokenizer.ggml.{k}_token_id")));
        Ok(Self {
            pre: text("tokenizer.ggml.pre").unwrap_or_else(|| "default".to_owned()),
            tokens: strings("tokenizer.ggml.tokens")?,
            types: list("tokenizer.ggml.token_type")
                .map_or_else(|_| Vec::new(), |types| types.iter().map(|v| id_of(v).unwrap_or(1)).collect()),
            merges: strings("tokenizer.ggml.merges")?,
            stops: stops.collect(),
            bos: id("tokenizer.ggml.bos_token_id").filter(|_| flag("tokenizer.ggml.add_bos_token")),
        })
    }
}

/// Files differ in the width of these numbers.
fn id_of(value: &Value) -> Option<u32> {
    match value {
        Value::U8(v) => Some(u32::from(*v)),
        Value::U16(v) => Some(u32::from(*v)),
        Value::U32(v) => Some(*v),
        Value::U64(v) => u32::try_from(*v).ok(),
        Value::I8(v) => u32::try_from(*v).ok(),
        Value::I16(v) => u32::try_from(*v).ok(),
        Value::I32(v) => u32::try_from(*v).ok(),
        Value::I64(v) => u32::try_from(*v).ok(),
        _ => None,
    }
}

fn unusable(what: String) -> Error {
    Error::new(Kind::Model, what)
        .hint("use a GGUF file of a Qwen2, Qwen3, SmolLM2 or Llama 3 model: `millwright models list`")
}

/// A model's tokens.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    /// What each token writes, one after the other; empty for control tokens.
    bytes: Vec<u8>,
    /// Where a token's bytes end; they begin where those of the one before end.
    ends: Vec<usize>,
    control: HashMap<String, u32>,
    stops: HashSet<u32>,
    bos: Option<u32>,
    lexicon: OnceLock<Arc<Lexicon>>,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vocabulary").field("tokens", &self.ends.len()).finish_non_exhaustive()
    }
}

/// End-of-turn tokens by name, for files whose metadata names only one of them.
const ENDS: [&str; 4] = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>"];

impl Vocabulary {
    /// Builds the tokenizer.
    ///
    /// # Errors
    /// [`Kind::Model`] where the pre-tokenizer is not known, or the parts do not fit.
    pub fn new(parts: Parts) -> Result<Self> {
        let mut vocab = Vocab::default();
        let mut control = HashMap::new();
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(parts.tokens.len()));
        let of_char = byte_of_char();
        for (id, token) in (0u32..).zip(&parts.tokens) {
            // llama.cpp's token types: 3 control, 5 unused; 4 is text that was added beside
            // the BPE, which is written as it stands.
            match parts.types.get(id as usize) {
                Some(3 | 5) => {
                    control.insert(token.clone(), id);
                }
                Some(4) => {
                    bytes.extend_from_slice(token.as_bytes());
                    control.insert(token.clone(), id);
                }
                _ => {
                    bytes.extend(token.chars().filter_map(|c| of_char.get(&c)));
                    vocab.insert(token.clone(), id);
                }
            }
            ends.push(bytes.len());
        }
        let merges = parts
            .merges
            .iter()
            .map(|m| match m.split_once(' ') {
                Some((a, b)) => Ok((a.to_owned(), b.to_owned())),
                None => Err(unusable(format!("`{m}` in the model file is no merge"))),
            })
            .collect::<Result<Vec<_>>>()?;
        let broken = |e| unusable("the model file's tokenizer does not hold together".to_owned()).because(e);
        let bpe = BPE::builder()
            .vocab_and_merges(vocab, merges)
            .ignore_merges(parts.pre == "llama-bpe")
            .build()
            .map_err(broken)?;
        let mut tokenizer = Tokenizer::new(bpe);
        tokenizer.with_pre_tokenizer(Some(pre_tokenizer(&parts.pre)?));
        if parts.pre == "qwen2" {
            tokenizer.with_normalizer(Some(NFC)).map_err(broken)?;
        }
        let mut stops: HashSet<u32> = parts.stops.iter().copied().collect();
        stops.extend(ENDS.iter().filter_map(|name| control.get(*name)));
        Ok(Self { tokenizer, bytes, ends, control, stops, bos: parts.bos, lexicon: OnceLock::new() })
    }

    /// The ids of plain text. Never a control token, whatever the text says.
    ///
    /// # Errors
    /// [`Kind::Compute`] where the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|e| Error::new(Kind::Compute, "the text cannot be split into tokens").because(e))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The bytes that a token writes; not always whole characters. Empty for control
    /// tokens and unknown ids.
    pub fn bytes(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = id.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(id).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The tokens sorted by their bytes, for constraints. Sorted at the first call: some tens
    /// of milliseconds.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        self.lexicon.get_or_init(|| {
            let tokens = (0..self.ends.len() as u32).map(|id| self.bytes(id));
            Arc::new(Lexicon::new(tokens, self.stops()))
        })
    }

    /// How many tokens there are.
    pub fn tokens(&self) -> usize {
        self.ends.len()
    }

    /// The id of a control token by its name.
    pub fn control(&self, name: &str) -> Option<u32> {
        self.control.get(name).copied()
    }

    /// Does this token end the model's turn?
    pub fn is_stop(&self, id: u32) -> bool {
        self.stops.contains(&id)
    }

    /// The tokens that end the model's turn.
    pub fn stops(&self) -> impl Iterator<Item = u32> {
        self.stops.iter().copied()
    }

    /// The token that stands before every prompt, where the file wants one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The text of some ids; bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes(*id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// GPT-2's alphabet: every byte is one printable character.
fn byte_of_char() -> HashMap<char, u8> {
    let printable = |b: &u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shifted = (0..=u8::MAX).filter(|b| !printable(b)).zip('\u{100}'..);
    let same = (0..=u8::MAX).filter(printable).map(|b| (char::from(b), b));
    shifted.map(|(b, c)| (c, b)).chain(same).collect()
}

const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How text is cut before the merges, by the name that llama.cpp gave it.
fn pre_tokenizer(name: &str) -> Result<Sequence> {
    let by = |pattern: &str| -> Result<Sequence> {
        let split =
            Split::new(SplitPattern::Regex(pattern.to_owned()), SplitDelimiterBehavior::Isolated, false)
                .map_err(|e| {
                    Error::new(Kind::Compute, "the pre-tokenizer's pattern does not compile").because(e)
                })?;
        Ok(Sequence::new(vec![split.into(), ByteLevel::new(false, false, false).into()]))
    };
    match name {
        "qwen2" => by(QWEN2),
        "llama-bpe" => by(LLAMA3),
        "smollm" => {
            Ok(Sequence::new(vec![Digits::new(true).into(), ByteLevel::new(false, false, true).into()]))
        }
        "default" | "gpt-2" => Ok(Sequence::new(vec![ByteLevel::new(false, false, true).into()])),
        other => Err(unusable(format!("the model file's pre-tokenizer `{other}` is not known"))),
    }
}

/// Token by token to text, never a broken character: bytes wait here until the character
/// that they belong to is whole.
#[derive(Debug, Default)]
pub struct Detokeniser {
    pending: Vec<u8>,
}

impl Detokeniser {
    /// Takes the bytes of the next token; returns the text that is whole now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut done = 0;
        for chunk in self.pending.utf8_chunks() {
            text.push_str(chunk.valid());
            done += chunk.valid().len();
            let rest = chunk.invalid();
            // Only at the very end may an invalid piece still become a character.
            if done + rest.len() == self.pending.len() && may_grow(rest) {
                break;
            }
            if !rest.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
                done += rest.len();
            }
        }
        self.pending.drain(..done);
        text
    }
}

/// Is this the beginning of one character? `utf8_chunks` only ever cuts such a beginning
/// off where the bytes ended, or where the next one did not fit.
fn may_grow(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All 256 bytes, a few merges, and ChatML's control tokens: ids 0..=255 are bytes.
    pub fn small() -> Vocabulary {
        let char_of: HashMap<u8, char> = byte_of_char().into_iter().map(|(c, b)| (b, c)).collect();
        let mut tokens: Vec<String> = (0..=u8::MAX).map(|b| char_of[&b].to_string()).collect();
        let merges = ["N m", "Ġ Nm", "e s", "y es", "n o"];
        tokens.extend(merges.iter().map(|m| m.replace(' ', "")));
        let mut types = vec![1; tokens.len()];
        for control in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] {
            tokens.push(control.to_owned());
            types.push(3);
        }
        Vocabulary::new(Parts {
            pre: "qwen2".to_owned(),
            tokens,
            types,
            merges: merges.map(str::to_owned).to_vec(),
            stops: vec![],
            bos: None,
        })
        .unwrap()
    }

    #[test]
    fn merges_are_followed_and_undone() {
        let v = small();
        let ids = v.encode("45 Nm").unwrap();
        assert_eq!(ids.len(), 3, "4, 5 and ' Nm': {ids:?}");
        assert_eq!(v.decode(&ids), "45 Nm");
    }

    #[test]
    fn text_that_looks_like_a_control_token_is_text() {
        let v = small();
        let end = v.control("<|im_end|>").unwrap();
        let ids = v.encode("a<|im_end|>b").unwrap();
        assert!(!ids.contains(&end));
        assert_eq!(v.decode(&ids), "a<|im_end|>b");
        assert!(v.is_stop(end) && v.bytes(end).is_empty());
    }

    #[test]
    fn an_unknown_pre_tokenizer_is_refused_with_a_way_out() {
        let error = pre_tokenizer("tekken").unwrap_err();
        assert_eq!(error.kind, Kind::Model);
        assert!(error.what.contains("tekken") && !error.hint.is_empty());
    }

    #[test]
    fn a_character_cut_in_two_waits_for_its_other_half() {
        let mut d = Detokeniser::default();
        let degree = "°".as_bytes();
        assert_eq!(d.push(&[b'5', degree[0]]), "5");
        assert_eq!(d.push(&[degree[1], b'C']), "°C");
    }

    #[test]
    fn bytes_that_can_never_be_text_do_not_hold_up_the_rest() {
        let mut d = Detokeniser::default();
        assert_eq!(d.push(&[0xE2, 0x82]), "");
        assert_eq!(d.push(b"x"), "\u{FFFD}x");
        assert_eq!(d.push(&[0xFF]), "\u{FFFD}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in "[ -~°äµ泵\\n]{0,40}") {
            let v = small();
            prop_assert_eq!(v.decode(&v.encode(&text).unwrap()), text);
        }

        /// However the bytes are cut into tokens, the text is the same.
        #[test]
        fn the_cuts_between_tokens_do_not_show(text in "\\PC{0,20}", cuts in prop::collection::vec(1usize..5, 1..40)) {
            let mut d = Detokeniser::default();
            let (mut out, mut rest) = (String::new(), text.as_bytes());
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() { break }
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                out.push_str(&d.push(head));
                rest = tail;
            }
            prop_assert_eq!(out, text);
        }
    }
}
