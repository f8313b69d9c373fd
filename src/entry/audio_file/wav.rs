//! RIFF/WAVE: PCM of 8 to 32 bits, IEEE float of 32 and 64, A-law, µ-law and ADPCM.
//!
//! Read here rather than by a crate, because the crates at hand refuse what recorders
//! write (piped files with an open length) or panic on what they do not expect (0 Hz).
//! Source: "Multiple Channel Audio Data and WAVE Files", Microsoft; ITU-T G.711.

use std::io::{self, Read};

use super::adpcm::Adpcm;
use super::{Blocks, broken, unreadable};
use crate::entry::Result;

/// Frames per block.
const BLOCK: usize = 4_096;
/// From here on a data length is a recorder's way of writing "to the end of the file".
const OPEN_LENGTH: u32 = 0x7FFF_0000;

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const EXTENSIBLE: u16 = 0xFFFE;

/// An open WAV file, just before its next frame.
pub struct Wav<R> {
    source: R,
    format: Format,
    /// Bytes of sound that are still to come, as far as the header knows.
    left: Option<u64>,
    declared: Option<u64>,
    /// Frames that are still to come, where the last block may hold more than that.
    frames_left: Option<u64>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
    /// Bytes of one frame: one sample of each channel, padding included; of ADPCM, one block.
    frame: usize,
}

#[derive(Clone, Copy)]
enum Coding {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
    ALaw,
    MuLaw,
    Adpcm(Adpcm),
}

impl<R: Read> Wav<R> {
    /// Reads up to the first byte of sound.
    pub fn open(mut source: R) -> Result<Self> {
        // "RIFF", the length of all (often wrong), "WAVE".
        bytes::<12>(&mut source)?;
        let (mut format, mut fact) = (None, None);
        loop {
            let [a, b, c, d, length @ ..] = bytes::<8>(&mut source)?;
            let length = u32::from_le_bytes(length);
            match &[a, b, c, d] {
                b"fmt " => format = Some(Format::read(&mut source, length)?),
                b"fact" if length >= 4 => {
                    fact = Some(u64::from(u32::from_le_bytes(bytes::<4>(&mut source)?)));
                    skip(&mut source, length - 4)?;
                }
                b"data" => {
                    let format: Format =
                        format.ok_or_else(|| unreadable("the WAV header does not say what is in it"))?;
                    let left = (length < OPEN_LENGTH).then_some(u64::from(length));
                    let declared = left.map(|bytes| bytes / format.frame as u64 * format.frames_per_unit());
                    // Only blocks hold more than was recorded; others are as long as they are.
                    let adpcm = matches!(format.coding, Coding::Adpcm(_));
                    let frames_left = fact.filter(|&n| adpcm && n > 0 && declared.is_none_or(|d| n <= d));
                    let declared = frames_left.or(declared);
                    return Ok(Self { source, format, left, declared, frames_left, bytes: Vec::new() });
                }
                _ => skip(&mut source, length)?,
            }
        }
    }
}

impl<R: Read> Blocks for Wav<R> {
    fn rate(&self) -> u32 {
        self.format.rate
    }

    fn channels(&self) -> u16 {
        self.format.channels
    }

    fn declared(&self) -> Option<u64> {
        self.declared
    }

    fn next(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let Format { coding, channels, frame, .. } = self.format;
        let units = match coding {
            Coding::Adpcm(_) => BLOCK.div_ceil(frame),
            _ => BLOCK,
        };
        let want = (units * frame) as u64;
        let want = self.left.map_or(want, |left| left.min(want));
        self.bytes.clear();
        let got = self.source.by_ref().take(want).read_to_end(&mut self.bytes).map_err(broken)?;
        if let Some(left) = &mut self.left {
            *left -= got as u64;
        }
        let (before, channel_count) = (out.len(), usize::from(channels));
        if let Coding::Adpcm(adpcm) = coding {
            for block in self.bytes.chunks(frame) {
                adpcm.block(block, channel_count, out);
            }
            if let Some(left) = &mut self.frames_left {
                let new = ((out.len() - before) as u64).min(*left);
                *left -= new;
                out.truncate(before + new as usize);
            }
            return Ok(out.len() > before);
        }
        let width = frame / channel_count;
        out.extend(self.bytes.chunks_exact(frame).map(|frame| {
            let sum: f32 = frame.chunks_exact(width).map(|sample| coding.sample(sample)).sum();
            sum / f32::from(channels)
        }));
        Ok(got >= frame)
    }
}

impl Format {
    /// Sound frames in [`Format::frame`] bytes.
    fn frames_per_unit(&self) -> u64 {
        match self.coding {
            Coding::Adpcm(adpcm) => adpcm.frames(self.frame, usize::from(self.channels)) as u64,
            _ => 1,
        }
    }

    fn read(source: &mut impl Read, length: u32) -> Result<Self> {
        let Some(rest) = length.checked_sub(16) else {
            return Err(unreadable("the WAV header is damaged: its format is too short"));
        };
        let [t0, t1, c0, c1, r0, r1, r2, r3, _, _, _, _, f0, f1, b0, b1] = bytes::<16>(source)?;
        let (mut tag, bits) = (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([b0, b1]));
        let channels = u16::from_le_bytes([c0, c1]);
        let rate = u32::from_le_bytes([r0, r1, r2, r3]);
        let frame = usize::from(u16::from_le_bytes([f0, f1]));
        if tag == EXTENSIBLE && rest >= 24 {
            // Size, valid bits, speaker mask; then the true tag leads a GUID of 16 bytes.
            let [_, _, _, _, _, _, _, _, t0, t1, ..] = bytes::<24>(source)?;
            tag = u16::from_le_bytes([t0, t1]);
            skip(source, rest - 24)?;
        } else {
            skip(source, rest)?;
        }
        let adpcm = match tag {
            MS_ADPCM => Some(Adpcm::Microsoft),
            IMA_ADPCM => Some(Adpcm::Ima),
            _ => None,
        };
        if let Some(adpcm) = adpcm.filter(|a| channels > 0 && frame >= a.header(usize::from(channels))) {
            return Ok(Self { coding: Coding::Adpcm(adpcm), channels, rate, frame });
        }
        if channels == 0 || frame == 0 || frame % usize::from(channels) != 0 {
            return Err(unreadable(format!(
                "the WAV header is damaged: {channels} channels in frames of {frame} bytes"
            )));
        }
        // The container decides: samples of fewer valid bits stand at its upper end.
        let coding = match (tag, frame / usize::from(channels)) {
            (PCM, 1) => Coding::U8,
            (PCM, 2) => Coding::I16,
            (PCM, 3) => Coding::I24,
            (PCM, 4) => Coding::I32,
            (FLOAT, 4) => Coding::F32,
            (FLOAT, 8) => Coding::F64,
            (A_LAW, 1) => Coding::ALaw,
            (MU_LAW, 1) => Coding::MuLaw,
            (PCM | FLOAT | A_LAW | MU_LAW, _) => {
                return Err(unreadable(format!("WAV samples of {bits} bits cannot be read")));
            }
            (tag, _) => {
                let kind = match tag {
                    0x31 => "GSM 6.10",
                    0x45 | 0x64 | 0x65 | 0x40 => "G.72x ADPCM",
                    0x50 => "MPEG layer II",
                    0x55 => "MP3",
                    0xFF | 0x1600 | 0x1610 => "AAC",
                    0x161 | 0x162 => "WMA",
                    _ => "an unknown coding",
                };
                return Err(unreadable(format!("WAV with {kind} in it (0x{tag:04X}) cannot be read")));
            }
        };
        Ok(Self { coding, channels, rate, frame })
    }
}

impl Coding {
    /// One sample from its bytes, of which there are as many as the coding needs.
    fn sample(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Coding::U8, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (Coding::I16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Coding::I24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
            (Coding::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            (Coding::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Coding::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            (Coding::ALaw, &[a]) => a_law(a),
            (Coding::MuLaw, &[a]) => mu_law(a),
            _ => 0.0,
        }
    }
}

/// G.711 A-law: sign, three bits of exponent, four of mantissa, every other bit inverted.
fn a_law(byte: u8) -> f32 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, i32::from(byte & 15));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        e => ((mantissa << 4) + 0x108) << (e - 1),
    };
    (if byte & 0x80 == 0 { -magnitude } else { magnitude }) as f32 / 32_768.0
}

/// G.711 µ-law: all bits inverted, a bias of 132.
fn mu_law(byte: u8) -> f32 {
    let byte = !byte;
    let (exponent, mantissa) = ((byte >> 4) & 7, i32::from(byte & 15));
    let magnitude = (((mantissa << 3) + 132) << exponent) - 132;
    (if byte & 0x80 == 0 { magnitude } else { -magnitude }) as f32 / 32_768.0
}

fn bytes<const N: usize>(source: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match source.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(ended()),
        Err(e) => Err(broken(e)),
    }
}

/// Skips a chunk; chunks begin at even offsets.
fn skip(source: &mut impl Read, length: u32) -> Result<()> {
    let length = u64::from(length) + u64::from(length % 2);
    let skipped = io::copy(&mut source.take(length), &mut io::sink()).map_err(broken)?;
    if skipped == length { Ok(()) } else { Err(ended()) }
}

fn ended() -> crate::entry::Error {
    unreadable("the WAV file ends before its sound begins")
}
