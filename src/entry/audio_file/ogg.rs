//! OGG pages, as far as one must look at them to know what is in the file and whether it is
//! all there. Source: RFC 3533.

use std::io::{self, Read, Seek, SeekFrom};

use super::{broken, unreadable};
use crate::entry::Result;

/// A page's header without its table of segments.
const HEADER: usize = 27;

/// Looks at the first page for the coding and at all others for a cut; stands at the start
/// again.
pub fn check(source: &mut (impl Read + Seek)) -> Result<()> {
    let length = source.seek(SeekFrom::End(0)).and_then(|n| source.rewind().map(|()| n)).map_err(broken)?;
    let mut at = 0;
    while let Some(page) = page(source, at).map_err(broken)? {
        if at == 0 {
            coding(&page.first)?;
        }
        at = page.end;
        if at > length {
            return Err(unreadable("the recording is cut off in the middle"));
        }
    }
    if at < length && length - at < HEADER as u64 {
        return Err(unreadable("the recording is cut off in the middle"));
    }
    source.rewind().map_err(broken)
}

struct Page {
    /// Its first bytes of payload.
    first: [u8; 8],
    /// Where it should end.
    end: u64,
}

/// The page at `at`, where the source stands, which is then moved behind it; `None` where
/// there is no whole header of one.
fn page(source: &mut (impl Read + Seek), at: u64) -> io::Result<Option<Page>> {
    let mut header = [0; HEADER];
    if !filled(source, &mut header)? || !header.starts_with(b"OggS") {
        return Ok(None);
    }
    let segments = usize::from(header[HEADER - 1]);
    let mut table = [0; 255];
    let table = &mut table[..segments];
    if !filled(source, table)? {
        return Ok(Some(Page { first: [0; 8], end: u64::MAX }));
    }
    let payload: i64 = table.iter().map(|&n| i64::from(n)).sum();
    let end = at + (HEADER + segments) as u64 + payload.unsigned_abs();
    let (mut first, mut left) = ([0; 8], payload);
    // A shorter payload is no coding that is known.
    if payload >= 8 {
        if !filled(source, &mut first)? {
            return Ok(Some(Page { first, end }));
        }
        left -= 8;
    }
    source.seek_relative(left)?;
    Ok(Some(Page { first, end }))
}

fn filled(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

/// Is this the first packet of a coding that can be read?
fn coding(first: &[u8; 8]) -> Result<()> {
    let named = match first {
        [1, b'v', b'o', b'r', b'b', b'i', b's', _] | [0x7F, b'F', b'L', b'A', b'C', ..] => return Ok(()),
        b"OpusHead" => "Opus",
        b"Speex   " => "Speex",
        [0x80, b't', b'h', b'e', b'o', b'r', b'a', _] | b"fishead\0" => "video",
        _ => return Err(unreadable("the OGG file holds no sound that can be read: neither Vorbis nor FLAC")),
    };
    let out = "ffmpeg -i IN -vn -ar 16000 -ac 1 OUT.wav";
    Err(unreadable(format!("{named} in OGG cannot be read, only Vorbis and FLAC"))
        .hint(format!("convert it: {out}")))
}
