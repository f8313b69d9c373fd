//! FLAC, MP3 and OGG (Vorbis or FLAC in it), by symphonia, driven directly: rodio's wrapper
//! skips what it cannot decode, and a recording with a hole must be an error, not a shorter
//! question.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::{Decoder, DecoderOptions};
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::default::formats::{FlacReader, MpaReader, OggReader};

use super::{Blocks, broken, ogg, unreadable};
use crate::entry::{Error, Result};

/// Frames at the start of an MP3 that may point back to data that were cut away.
const LEAD_IN: u32 = 10;

/// A container, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// FLAC by itself.
    Flac,
    /// MPEG audio layer III, perhaps behind ID3v2 tags.
    Mp3,
    /// OGG with one stream of sound.
    Ogg,
}

impl Container {
    /// Its name.
    fn name(self) -> &'static str {
        match self {
            Container::Flac => "FLAC",
            Container::Mp3 => "MP3",
            Container::Ogg => "OGG",
        }
    }

    /// What the first twelve bytes belong to.
    pub fn of(magic: &[u8; 12]) -> Option<Container> {
        match magic {
            [b'f', b'L', b'a', b'C', ..] => Some(Container::Flac),
            [b'O', b'g', b'g', b'S', ..] => Some(Container::Ogg),
            [b'I', b'D', b'3', ..] => Some(Container::Mp3),
            // Sync, a version and layer III, a bit rate and a sample rate that exist. A byte
            // order mark of UTF-16 (FF FE) is layer I.
            [0xFF, second, third, ..]
                if second & 0xE6 == 0xE2
                    && second & 0x18 != 0x08
                    && third & 0xF0 != 0xF0
                    && third & 0x0C != 0x0C =>
            {
                Some(Container::Mp3)
            }
            _ => None,
        }
    }
}

/// An open file, just before its next packet.
pub struct Compressed {
    container: Container,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn Decoder>,
    track: u32,
    rate: u32,
    channels: u16,
    declared: Option<u64>,
    /// Packets that may still fail because what they refer to is not there.
    lenient: u32,
}

impl Compressed {
    /// Reads up to the first packet of sound.
    pub fn open(container: Container, mut source: impl Read + Seek + Send + Sync + 'static) -> Result<Self> {
        match container {
            Container::Mp3 => skip_id3(&mut source).map_err(broken)?,
            Container::Ogg => ogg::check(&mut source)?,
            Container::Flac => {}
        }
        let name = container.name();
        let damaged = |fault| damaged(container, fault);
        let stream = MediaSourceStream::new(Box::new(Source(source)), Default::default());
        let options = FormatOptions::default();
        let reader: Box<dyn FormatReader> = match container {
            Container::Flac => Box::new(FlacReader::try_new(stream, &options).map_err(damaged)?),
            Container::Mp3 => Box::new(MpaReader::try_new(stream, &options).map_err(damaged)?),
            Container::Ogg => Box::new(OggReader::try_new(stream, &options).map_err(damaged)?),
        };
        let no_stream = || unreadable(format!("the {name} header does not say what is in it"));
        let track = reader.default_track().ok_or_else(no_stream)?;
        let params = &track.codec_params;
        let rate = params.sample_rate.ok_or_else(no_stream)?;
        let channels = params.channels.ok_or_else(no_stream)?.count();
        let channels = u16::try_from(channels).ok().filter(|&n| n > 0).ok_or_else(no_stream)?;
        // A FLAC that was never finished says 0. The length of an MP3 is known where its
        // encoder wrote it down; that of an OGG is only where its last page says it ends.
        let declared = match container {
            Container::Ogg => None,
            _ => params.n_frames.filter(|&frames| frames > 0),
        };
        let codecs = symphonia::default::get_codecs();
        let decoder = codecs.make(params, &DecoderOptions::default()).map_err(damaged)?;
        let (track, lenient) = (track.id, if container == Container::Mp3 { LEAD_IN } else { 0 });
        Ok(Self { container, reader, decoder, track, rate, channels, declared, lenient })
    }
}

impl Blocks for Compressed {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn declared(&self) -> Option<u64> {
        self.declared
    }

    fn next(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let packet = match self.reader.next_packet() {
            Ok(packet) if packet.track_id() != self.track => return Ok(true),
            Ok(packet) => packet,
            Err(Fault::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            // A second recording follows in the same file: its rate may be another.
            Err(Fault::ResetRequired) => {
                return Err(unreadable("there are several recordings in it, one after the other"));
            }
            Err(e) => return Err(damaged(self.container, e)),
        };
        let decoded = match self.decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Fault::DecodeError(_)) if self.lenient > 0 => {
                self.lenient -= 1;
                // What the packet stood for is silence, so that the length stays right.
                let frames = usize::try_from(packet.dur()).unwrap_or(0).min(2 * 1_152);
                out.resize(out.len() + frames, 0.0);
                return Ok(true);
            }
            Err(e) => return Err(damaged(self.container, e)),
        };
        let spec = *decoded.spec();
        if spec.rate != self.rate {
            return Err(unreadable(format!(
                "its sample rate changes from {} to {} Hz on the way",
                self.rate, spec.rate
            )));
        }
        self.lenient = 0;
        let channels = spec.channels.count().max(1);
        let mut samples = SampleBuffer::<f32>::new(decoded.capacity() as u64, spec);
        samples.copy_interleaved_ref(decoded);
        out.extend(
            samples.samples().chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32),
        );
        Ok(true)
    }
}

/// Moves behind the ID3v2 tags: a picture in one may look like sound.
fn skip_id3(source: &mut (impl Read + Seek)) -> io::Result<()> {
    let mut at = 0;
    loop {
        source.seek(SeekFrom::Start(at))?;
        let mut head = [0; 10];
        match source.read_exact(&mut head) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
            other => other?,
        }
        let [b'I', b'D', b'3', _, _, flags, a, b, c, d] = head else { break };
        // Seven bits to a byte; flag 0x10 says that the header is repeated behind.
        let size = [a, b, c, d].iter().fold(0, |size, &byte| (size << 7) | u64::from(byte & 0x7F));
        at += 10 + size + if flags & 0x10 == 0 { 0 } else { 10 };
    }
    source.seek(SeekFrom::Start(at)).map(|_| ())
}

fn damaged(container: Container, fault: Fault) -> Error {
    let name = container.name();
    match fault {
        Fault::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => broken(e),
        Fault::IoError(_) => unreadable(format!("the {name} file ends before its sound begins")),
        fault => unreadable(format!("the {name} file is damaged")).because(fault),
    }
}

/// Any reader as symphonia wants it: read forwards only, from where it stands.
struct Source<R>(R);

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Seek> Seek for Source<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Source<R> {
    fn is_seekable(&self) -> bool {
        // A reader that may seek looks through the whole file for its length first.
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
