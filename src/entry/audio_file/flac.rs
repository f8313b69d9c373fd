//! FLAC, by symphonia, driven directly: rodio's wrapper skips what it cannot decode, and
//! a recording with a hole must be an error, not a shorter question.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::{Decoder, DecoderOptions};
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

use super::{Blocks, broken, unreadable};
use crate::entry::{Error, Result};

/// An open FLAC file, just before its next packet.
pub struct Flac {
    reader: FlacReader,
    decoder: FlacDecoder,
    rate: u32,
    channels: u16,
    declared: Option<u64>,
}

impl Flac {
    /// Reads up to the first packet of sound.
    pub fn open(source: impl Read + Seek + Send + Sync + 'static) -> Result<Self> {
        let stream = MediaSourceStream::new(Box::new(Source(source)), Default::default());
        let reader = FlacReader::try_new(stream, &FormatOptions::default()).map_err(damaged)?;
        let no_stream = || unreadable("the FLAC header does not say what is in it");
        let params = &reader.default_track().ok_or_else(no_stream)?.codec_params;
        let rate = params.sample_rate.ok_or_else(no_stream)?;
        let channels = params.channels.ok_or_else(no_stream)?.count();
        let channels = u16::try_from(channels)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(no_stream)?;
        // A stream that was never finished says 0.
        let declared = params.n_frames.filter(|&frames| frames > 0);
        let decoder = FlacDecoder::try_new(params, &DecoderOptions::default()).map_err(damaged)?;
        Ok(Self {
            reader,
            decoder,
            rate,
            channels,
            declared,
        })
    }
}

impl Blocks for Flac {
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
            Ok(packet) => packet,
            Err(Fault::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(damaged(e)),
        };
        let decoded = self.decoder.decode(&packet).map_err(damaged)?;
        let channels = decoded.spec().channels.count().max(1);
        let mut samples = SampleBuffer::<f32>::new(decoded.capacity() as u64, *decoded.spec());
        samples.copy_interleaved_ref(decoded);
        out.extend(
            samples
                .samples()
                .chunks_exact(channels)
                .map(|frame| frame.iter().sum::<f32>() / channels as f32),
        );
        Ok(true)
    }
}

fn damaged(fault: Fault) -> Error {
    match fault {
        Fault::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => broken(e),
        Fault::IoError(_) => unreadable("the FLAC file ends before its sound begins"),
        fault => unreadable("the FLAC file is damaged").because(fault),
    }
}

/// Any seekable reader as symphonia wants it.
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
        true
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
