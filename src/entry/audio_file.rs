//! Audio files: WAV, FLAC, MP3 and OGG of any rate, width and number of channels become what
//! the recogniser hears, mono at 16 kHz. The content tells which it is, not the name.
//!
//! A file is read as a stream, block by block, so that a long one at a high rate takes
//! no more memory than its 16 kHz result. What the header says is believed only as far as
//! the data bear it out: nothing here panics or allocates by a number in a file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use super::listen::resample::Resampler;
use super::{Error, Kind, Result};
use crate::core::hear::SAMPLE_RATE;

mod adpcm;
mod compressed;
mod ogg;
mod wav;

use compressed::{Compressed, Container};

/// The longest recording that is read, in seconds.
pub const LONGEST_SECONDS: u64 = 600;

/// A decoded recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Mono samples in −1..1 at [`SAMPLE_RATE`].
    pub samples: Vec<f32>,
    /// The file's own rate, Hz.
    pub source_rate: u32,
    /// The file's own channels, which were averaged.
    pub channels: u16,
    /// Length, milliseconds.
    pub duration_ms: u64,
}

/// A format's decoder: blocks of mono samples at the file's own rate.
trait Blocks {
    /// Samples per second, as the header has it.
    fn rate(&self) -> u32;
    /// Channels, as the header has it.
    fn channels(&self) -> u16;
    /// Length in frames, where the header tells.
    fn declared(&self) -> Option<u64>;
    /// Appends the next block to `out`; false at the end of the data.
    fn next(&mut self, out: &mut Vec<f32>) -> Result<bool>;
}

/// Reads a WAV, FLAC, MP3 or OGG (Vorbis) file.
///
/// # Errors
/// `Io` where the file cannot be opened or read; `Unreadable` where it is no audio, holds
/// no sound, is damaged or cut off, or is longer than [`LONGEST_SECONDS`].
pub fn read(path: &Path) -> Result<Audio> {
    let name = path.display();
    let file = File::open(path)
        .and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        })
        .map_err(|e| {
            Error::new(Kind::Io, format!("cannot open {name}"))
                .because(e)
                .hint("check the path and its permissions")
        })?;
    decode(BufReader::new(file)).map_err(|mut error| {
        error.what = format!("{name}: {}", error.what);
        if error.hint.is_empty() {
            error.hint = "record it again, or convert it: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav".into();
        }
        error
    })
}

/// Reads WAV, FLAC, MP3 or OGG (Vorbis) from anything seekable.
///
/// # Errors
/// As [`read`], without the name of a file.
pub fn decode(mut source: impl Read + Seek + Send + Sync + 'static) -> Result<Audio> {
    let mut magic = [0; 12];
    let known = source.read_exact(&mut magic).and_then(|()| source.rewind());
    match known {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(unreadable("this is not audio: it is nearly empty"));
        }
        Err(e) => return Err(broken(e)),
        Ok(()) => {}
    }
    if let [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] = magic {
        return drain(wav::Wav::open(source)?);
    }
    if let Some(container) = Container::of(&magic) {
        return drain(Compressed::open(container, source)?);
    }
    let what = "this is not audio that can be read: neither WAV, FLAC, MP3 nor OGG";
    Err(match other_audio(&magic) {
        Some(name) => unreadable(format!("{name} cannot be read, only WAV, FLAC, MP3 and OGG"))
            .hint("convert it: ffmpeg -i IN -vn -ar 16000 -ac 1 OUT.wav"),
        None => unreadable(what),
    })
}

/// The name of audio that is known but not read here.
fn other_audio(magic: &[u8; 12]) -> Option<&'static str> {
    Some(match magic {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "MP4 (AAC)",
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => "AAC",
        [0x30, 0x26, 0xB2, 0x75, ..] => "WMA",
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', ..] => "AIFF",
        [b'#', b'!', b'A', b'M', b'R', ..] => "AMR",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "WebM",
        [b'R', b'F', b'6', b'4', ..] => "WAV beyond 4 GB (RF64)",
        [b'.', b's', b'n', b'd', ..] => "AU",
        _ => return None,
    })
}

/// Runs a decoder to its end.
fn drain(mut blocks: impl Blocks) -> Result<Audio> {
    let (source_rate, channels) = (blocks.rate(), blocks.channels());
    let mut resampler = Resampler::new(source_rate)?;
    // A recording "of ten minutes" is often a little more.
    let longest = (LONGEST_SECONDS + 1) * u64::from(source_rate);
    if blocks.declared().is_some_and(|frames| frames > longest) {
        return Err(too_long());
    }
    let (mut samples, mut block, mut frames) = (Vec::new(), Vec::new(), 0_u64);
    while blocks.next(&mut block)? {
        frames += block.len() as u64;
        if frames > longest {
            return Err(too_long());
        }
        for sample in &mut block {
            *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        resampler.push(&block, &mut samples)?;
        block.clear();
    }
    match blocks.declared() {
        _ if frames == 0 => return Err(unreadable("there is no sound in it: 0 samples")),
        Some(declared) if frames < declared => {
            return Err(unreadable(format!(
                "the recording is cut off: {} of {} are there",
                clock(frames, source_rate),
                clock(declared, source_rate)
            )));
        }
        _ => {}
    }
    resampler.finish(&mut samples)?;
    let duration_ms = samples.len() as u64 * 1000 / u64::from(SAMPLE_RATE);
    Ok(Audio { samples, source_rate, channels, duration_ms })
}

fn clock(frames: u64, rate: u32) -> String {
    format!("{:.1} s", frames as f64 / f64::from(rate))
}

fn too_long() -> Error {
    let minutes = LONGEST_SECONDS / 60;
    unreadable(format!("the recording is longer than {minutes} minutes")).hint(format!(
        "cut it into parts of at most {minutes} minutes: sox IN OUT.wav trim 0 {LONGEST_SECONDS}"
    ))
}

fn unreadable(what: impl Into<String>) -> Error {
    Error::new(Kind::Unreadable, what)
}

fn broken(cause: io::Error) -> Error {
    Error::new(Kind::Io, "the file cannot be read")
        .because(cause)
        .hint("check the disk or the medium that it is on")
}
