//! CTranslate2 Whisper → whisper.cpp's ggml file, streaming: one tensor's slice at a time
//! goes through a buffer of fixed size, whatever the model's.
//!
//! The ggml file: magic, eleven i32 of hyper-parameters, the mel filterbank, the token
//! list, then per tensor its rank, name length, type, dimensions (fastest first), name and
//! numbers. Weights are f16, vectors and positional embeddings f32. What CTranslate2 fused
//! is cut by rows: self-attention `linear_0` is query, key, value; cross-attention
//! `linear_0` is query and `linear_1` key, value. Whisper's keys have no bias, so the
//! fused one must be zero there.

use super::ct2::{Ct2, Type, bad};
use super::mel;
use super::tokens::tokens;
use crate::operations::outcome::{Error, Kind, Result};
use half::f16;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;

const MAGIC: i32 = 0x6767_6d6c;
/// The whisper.cpp file type whose weights are f16.
const FILE_TYPE_F16: i32 = 1;
/// Width of one attention head in every Whisper.
const HEAD: u64 = 64;
const CHUNK: usize = 64 << 10;

/// How a tensor's numbers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    F16,
    F32,
}

/// Converts CTranslate2 `weights` and their `tokenizer.json` and writes ggml to `out`.
///
/// Memory: the index, the token list and one buffer, never a whole tensor.
///
/// # Errors
/// One line that says what is not as a float Whisper model should be; what `out` refuses.
pub fn ct2_to_ggml(weights: impl Read + Seek, tokenizer: impl Read, out: impl Write) -> Result<()> {
    let tokens = tokens(tokenizer)?;
    let mut converter = Converter { ct2: Ct2::open(weights)?, out: Out(out), buffer: vec![0; CHUNK] };
    let shape = Shape::of(&converter.ct2)?;
    if tokens.len() as u64 > shape.vocabulary {
        return Err(bad(format!(
            "the tokenizer has {} tokens, the model {}",
            tokens.len(),
            shape.vocabulary
        )));
    }
    converter.header(&shape, &tokens)?;
    converter.tensors(&shape)?;
    converter.out.0.flush().map_err(refused)
}

fn refused(cause: io::Error) -> Error {
    Error::new(Kind::Failed, "the converted model cannot be written")
        .because(cause)
        .hint("check the disk that the data directory lies on, then pull again")
}

/// The hyper-parameters, read off the tensors' dimensions.
struct Shape {
    vocabulary: u64,
    audio_context: u64,
    text_context: u64,
    width: u64,
    encoder_layers: u64,
    decoder_layers: u64,
    mels: u64,
}

impl Shape {
    fn of<R: Read + Seek>(ct2: &Ct2<R>) -> Result<Self> {
        let dim = |name: &str, axis: usize| {
            ct2.get(name)
                .and_then(|v| v.dims.get(axis).copied())
                .ok_or_else(|| bad(format!("{name:?} is missing")))
        };
        let layers = |side: &str| {
            (0_u64..)
                .take_while(|i| {
                    ct2.get(&format!("{side}/layer_{i}/self_attention/linear_0/weight")).is_some()
                })
                .count() as u64
        };
        let shape = Shape {
            vocabulary: dim("decoder/embeddings/weight", 0)?,
            audio_context: dim("encoder/position_encodings/encodings", 0)?,
            text_context: dim("decoder/position_encodings/encodings", 0)?,
            width: dim("encoder/conv1/bias", 0)?,
            encoder_layers: layers("encoder"),
            decoder_layers: layers("decoder"),
            mels: dim("encoder/conv1/weight", 1)?,
        };
        if shape.width == 0 || !shape.width.is_multiple_of(HEAD) {
            return Err(bad(format!("its width is {}", shape.width)));
        }
        if shape.mels != 80 && shape.mels != 128 {
            return Err(bad(format!("it hears {} mel bands", shape.mels)));
        }
        if shape.encoder_layers == 0 || shape.decoder_layers == 0 {
            return Err(bad("it has no layers"));
        }
        Ok(shape)
    }
}

/// Little-endian numbers into a writer.
struct Out<W>(W);

impl<W: Write> Out<W> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).map_err(refused)
    }

    fn i32(&mut self, value: u64) -> Result<()> {
        let value = i32::try_from(value).map_err(|_| bad(format!("{value} does not fit the ggml header")))?;
        self.bytes(&value.to_le_bytes())
    }
}

struct Converter<R, W> {
    ct2: Ct2<R>,
    out: Out<W>,
    buffer: Vec<u8>,
}

impl<R: Read + Seek, W: Write> Converter<R, W> {
    fn header(&mut self, s: &Shape, tokens: &[Vec<u8>]) -> Result<()> {
        self.out.bytes(&MAGIC.to_le_bytes())?;
        let heads = s.width / HEAD;
        for value in [
            s.vocabulary,
            s.audio_context,
            s.width,
            heads,
            s.encoder_layers,
            s.text_context,
            s.width,
            heads,
            s.decoder_layers,
            s.mels,
        ] {
            self.out.i32(value)?;
        }
        self.out.bytes(&FILE_TYPE_F16.to_le_bytes())?;
        self.out.i32(s.mels)?;
        self.out.i32(mel::BINS as u64)?;
        for weight in mel::filterbank(s.mels as usize) {
            self.out.bytes(&weight.to_le_bytes())?;
        }
        self.out.i32(tokens.len() as u64)?;
        for token in tokens {
            self.out.i32(token.len() as u64)?;
            self.out.bytes(token)?;
        }
        Ok(())
    }

    fn tensors(&mut self, s: &Shape) -> Result<()> {
        let d = s.width;
        self.whole(
            "encoder.positional_embedding",
            "encoder/position_encodings/encodings",
            &[s.audio_context, d],
            As::F32,
        )?;
        for (conv, channels) in [("conv1", s.mels), ("conv2", d)] {
            self.whole(
                &format!("encoder.{conv}.weight"),
                &format!("encoder/{conv}/weight"),
                &[d, channels, 3],
                As::F16,
            )?;
            // ggml adds this bias to (frames, channels), hence a column.
            let bias = format!("encoder/{conv}/bias");
            self.check(&bias, &[d])?;
            self.tensor(&format!("encoder.{conv}.bias"), &[d, 1], &bias, 0..d, As::F32)?;
        }
        for i in 0..s.encoder_layers {
            self.block(&format!("encoder.blocks.{i}"), &format!("encoder/layer_{i}"), d, false)?;
        }
        self.norm("encoder.ln_post", "encoder/layer_norm", d)?;
        self.whole(
            "decoder.positional_embedding",
            "decoder/position_encodings/encodings",
            &[s.text_context, d],
            As::F32,
        )?;
        self.whole(
            "decoder.token_embedding.weight",
            "decoder/embeddings/weight",
            &[s.vocabulary, d],
            As::F16,
        )?;
        for i in 0..s.decoder_layers {
            self.block(&format!("decoder.blocks.{i}"), &format!("decoder/layer_{i}"), d, true)?;
        }
        self.norm("decoder.ln", "decoder/layer_norm", d)
    }

    fn block(&mut self, to: &str, from: &str, d: u64, decoder: bool) -> Result<()> {
        let own = format!("{from}/self_attention");
        let fused = format!("{own}/linear_0");
        self.check_linear(&fused, 3 * d, d)?;
        self.zero(&format!("{fused}/bias"), d..2 * d)?;
        self.rows(&format!("{to}.attn.query"), &fused, d, 0..d, true)?;
        self.rows(&format!("{to}.attn.key"), &fused, d, d..2 * d, false)?;
        self.rows(&format!("{to}.attn.value"), &fused, d, 2 * d..3 * d, true)?;
        self.linear(&format!("{to}.attn.out"), &format!("{own}/linear_1"), d, d)?;
        self.norm(&format!("{to}.attn_ln"), &format!("{own}/layer_norm"), d)?;
        if decoder {
            let cross = format!("{from}/attention");
            self.linear(&format!("{to}.cross_attn.query"), &format!("{cross}/linear_0"), d, d)?;
            let fused = format!("{cross}/linear_1");
            self.check_linear(&fused, 2 * d, d)?;
            self.zero(&format!("{fused}/bias"), 0..d)?;
            self.rows(&format!("{to}.cross_attn.key"), &fused, d, 0..d, false)?;
            self.rows(&format!("{to}.cross_attn.value"), &fused, d, d..2 * d, true)?;
            self.linear(&format!("{to}.cross_attn.out"), &format!("{cross}/linear_2"), d, d)?;
            self.norm(&format!("{to}.cross_attn_ln"), &format!("{cross}/layer_norm"), d)?;
        }
        self.linear(&format!("{to}.mlp.0"), &format!("{from}/ffn/linear_0"), 4 * d, d)?;
        self.linear(&format!("{to}.mlp.2"), &format!("{from}/ffn/linear_1"), d, 4 * d)?;
        self.norm(&format!("{to}.mlp_ln"), &format!("{from}/ffn/layer_norm"), d)
    }

    fn norm(&mut self, to: &str, from: &str, d: u64) -> Result<()> {
        self.whole(&format!("{to}.weight"), &format!("{from}/gamma"), &[d], As::F32)?;
        self.whole(&format!("{to}.bias"), &format!("{from}/beta"), &[d], As::F32)
    }

    fn linear(&mut self, to: &str, from: &str, rows: u64, columns: u64) -> Result<()> {
        self.check_linear(from, rows, columns)?;
        self.rows(to, from, columns, 0..rows, true)
    }

    /// The rows of a weight whose dimensions have been checked, and its bias.
    fn rows(&mut self, to: &str, from: &str, columns: u64, rows: Range<u64>, bias: bool) -> Result<()> {
        let count = rows.end - rows.start;
        let numbers = rows.start * columns..rows.end * columns;
        self.tensor(&format!("{to}.weight"), &[count, columns], &format!("{from}/weight"), numbers, As::F16)?;
        if bias {
            self.tensor(&format!("{to}.bias"), &[count], &format!("{from}/bias"), rows, As::F32)?;
        }
        Ok(())
    }

    fn whole(&mut self, to: &str, from: &str, dims: &[u64], kind: As) -> Result<()> {
        self.check(from, dims)?;
        self.tensor(to, dims, from, 0..dims.iter().product(), kind)
    }

    fn check_linear(&self, from: &str, rows: u64, columns: u64) -> Result<()> {
        self.check(&format!("{from}/weight"), &[rows, columns])?;
        self.check(&format!("{from}/bias"), &[rows])
    }

    /// Refuses a variable that is absent, of other dimensions, or not of floats.
    fn check(&self, name: &str, dims: &[u64]) -> Result<()> {
        let variable = self.ct2.get(name).ok_or_else(|| bad(format!("{name:?} is missing")))?;
        if variable.dims != dims {
            return Err(bad(format!("{name:?} has dimensions {:?} where {dims:?} belong", variable.dims)));
        }
        match variable.kind {
            Type::F16 | Type::F32 => Ok(()),
            Type::Integer(_) => {
                Err(bad(format!("{name:?} is quantised to integers; only float16 and float32 are converted")))
            }
            Type::Bf16 => Err(bad(format!("{name:?} is bfloat16; only float16 and float32 are converted"))),
        }
    }

    /// Refuses numbers that are not all zero.
    fn zero(&mut self, name: &str, numbers: Range<u64>) -> Result<()> {
        let mut all = true;
        self.each(name, numbers, |kind, bytes| {
            all &= match kind {
                Type::F32 => f32s(bytes).all(|v| v == 0.0),
                _ => f16s(bytes).all(|v| v == f16::ZERO),
            };
            Ok(())
        })?;
        if all { Ok(()) } else { Err(bad(format!("{name:?} has a key bias, which Whisper has not"))) }
    }

    /// Writes one ggml tensor from a run of a variable's numbers.
    fn tensor(&mut self, to: &str, dims: &[u64], from: &str, numbers: Range<u64>, kind: As) -> Result<()> {
        // whisper.cpp keeps vectors in f32 whatever the file type.
        let kind = if dims.len() > 1 { kind } else { As::F32 };
        self.out.i32(dims.len() as u64)?;
        self.out.i32(to.len() as u64)?;
        self.out.i32(u64::from(kind == As::F16))?;
        for d in dims.iter().rev() {
            self.out.i32(*d)?;
        }
        self.out.bytes(to.as_bytes())?;
        let mut converted = Vec::with_capacity(2 * CHUNK);
        let mut out = Out(&mut self.out.0);
        each(&mut self.ct2, &mut self.buffer, from, numbers, |source, bytes| {
            converted.clear();
            match (source, kind) {
                (Type::F16, As::F16) | (Type::F32, As::F32) => return out.bytes(bytes),
                (Type::F32, As::F16) => {
                    f32s(bytes).for_each(|v| converted.extend_from_slice(&f16::from_f32(v).to_le_bytes()));
                }
                _ => f16s(bytes).for_each(|v| converted.extend_from_slice(&v.to_f32().to_le_bytes())),
            }
            out.bytes(&converted)
        })
    }

    fn each(
        &mut self,
        name: &str,
        numbers: Range<u64>,
        take: impl FnMut(Type, &[u8]) -> Result<()>,
    ) -> Result<()> {
        each(&mut self.ct2, &mut self.buffer, name, numbers, take)
    }
}

/// Hands a run of a variable's numbers to `take`, a buffer at a time. The variable's
/// dimensions have been checked, so the run lies inside it and it inside the file.
fn each<R: Read + Seek>(
    ct2: &mut Ct2<R>,
    buffer: &mut [u8],
    name: &str,
    numbers: Range<u64>,
    mut take: impl FnMut(Type, &[u8]) -> Result<()>,
) -> Result<()> {
    let variable = ct2.get(name).ok_or_else(|| bad(format!("{name:?} is missing")))?;
    let (kind, width) = (variable.kind, variable.kind.width());
    let mut at = variable.offset + numbers.start * width;
    let end = variable.offset + numbers.end * width;
    while at < end {
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let Some(chunk) = buffer.get_mut(..length) else {
            break;
        };
        ct2.read_at(at, chunk)?;
        take(kind, chunk)?;
        at += length as u64;
    }
    Ok(())
}

fn f32s(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))
}

fn f16s(bytes: &[u8]) -> impl Iterator<Item = f16> {
    bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b))
}
