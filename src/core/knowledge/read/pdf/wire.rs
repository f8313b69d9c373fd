//! How the process that reads a PDF hands its pages over: frames of a tag, a length and as
//! many bytes. Words travel as JSON, pictures as they are.
//!
//! The writer is a process that a broken file may have taken over, so nothing here trusts a
//! length or an order.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::page::{Area, Page, Pages, Rendered};

/// No frame is longer, in bytes.
pub const MOST_FRAME: usize = 64 << 20;
/// All frames of one document together are not longer, in bytes.
pub const MOST_BYTES: usize = 512 << 20;

/// One piece of what is handed over.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// What the document says about itself; comes first.
    Head(Head),
    /// The next page.
    Page(Box<Page>),
    /// A figure of the page before.
    Picture(Rendered),
    /// The page before as a grey PNG: it has no text.
    Scan(Vec<u8>),
    /// A line about something that could not be read.
    Note(String),
    /// It cannot be read at all.
    Fault(Fault),
    /// Nothing follows.
    End,
}

/// What the document says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// As in [`Pages::meta`].
    pub meta: BTreeMap<String, String>,
    /// How many pages it has.
    pub pages: u32,
}

/// Why a PDF cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// A password is needed.
    Encrypted,
    /// It is no PDF, or a damaged one.
    Broken,
    /// It has no pages.
    Empty,
    /// The PDF library cannot be loaded; its own words.
    Library(String),
}

impl Frame {
    fn tag(&self) -> u8 {
        match self {
            Frame::Head(_) => b'H',
            Frame::Page(_) => b'P',
            Frame::Picture(_) => b'F',
            Frame::Scan(_) => b'S',
            Frame::Note(_) => b'N',
            Frame::Fault(_) => b'X',
            Frame::End => b'E',
        }
    }

    /// Writes the frame.
    ///
    /// # Errors
    /// The writer's own, and `InvalidInput` for one that is too long.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let json = |value: serde_json::Result<Vec<u8>>| value.map_err(io::Error::other);
        let body = match self {
            Frame::Head(head) => json(serde_json::to_vec(head))?,
            Frame::Page(page) => json(serde_json::to_vec(page))?,
            Frame::Picture(Rendered { area, png }) => {
                let mut body: Vec<u8> =
                    <[f32; 4]>::from(*area).into_iter().flat_map(f32::to_le_bytes).collect();
                body.extend_from_slice(png);
                body
            }
            Frame::Scan(png) => png.clone(),
            Frame::Note(note) => note.clone().into_bytes(),
            Frame::Fault(fault) => json(serde_json::to_vec(fault))?,
            Frame::End => Vec::new(),
        };
        let length = u32::try_from(body.len()).ok().filter(|n| *n as usize <= MOST_FRAME);
        let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "frame too long"))?;
        to.write_all(&[self.tag()])?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&body)
    }

    /// Reads the next frame; `None` where the stream ends between two.
    ///
    /// # Errors
    /// `InvalidData` for what no writer of ours writes; `UnexpectedEof` inside a frame.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut tag = [0u8; 1];
        if from.read(&mut tag)? == 0 {
            return Ok(None);
        }
        let mut length = [0u8; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_FRAME {
            return Err(invalid("a frame is too long"));
        }
        // Grows as bytes come: a length alone reserves nothing.
        let mut body = Vec::new();
        from.take(length as u64).read_to_end(&mut body)?;
        if body.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let broken = |e: serde_json::Error| invalid(&e.to_string());
        Ok(Some(match tag {
            [b'H'] => Frame::Head(serde_json::from_slice(&body).map_err(broken)?),
            [b'P'] => Frame::Page(serde_json::from_slice(&body).map_err(broken)?),
            [b'F'] => picture(&body).ok_or_else(|| invalid("a figure without a place"))?,
            [b'S'] => Frame::Scan(body),
            [b'N'] => Frame::Note(String::from_utf8_lossy(&body).into_owned()),
            [b'X'] => Frame::Fault(serde_json::from_slice(&body).map_err(broken)?),
            [b'E'] => Frame::End,
            _ => return Err(invalid("an unknown frame")),
        }))
    }
}

fn picture(body: &[u8]) -> Option<Frame> {
    let (place, png) = body.split_at_checked(16)?;
    let mut numbers = [0f32; 4];
    let (chunks, _) = place.as_chunks::<4>();
    for (slot, bytes) in numbers.iter_mut().zip(chunks) {
        *slot = f32::from_le_bytes(*bytes);
    }
    numbers
        .iter()
        .all(|n| n.is_finite())
        .then(|| Frame::Picture(Rendered { area: Area::from(numbers), png: png.to_vec() }))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Puts frames together again.
#[derive(Debug, Default)]
pub struct Assembly {
    pages: Pages,
    /// How many pages the document has, where it said so.
    pub announced: Option<u32>,
    ended: bool,
}

impl Assembly {
    /// Takes the next frame; returns the fault where it is one.
    ///
    /// # Errors
    /// `InvalidData` for frames in an order that no writer of ours has.
    pub fn take(&mut self, frame: Frame) -> io::Result<Option<Fault>> {
        if self.ended {
            return Err(invalid("a frame after the last"));
        }
        match frame {
            Frame::Fault(fault) => return Ok(Some(fault)),
            Frame::Head(head) if self.announced.is_none() && self.pages.pages.is_empty() => {
                self.announced = Some(head.pages);
                self.pages.meta = head.meta;
            }
            Frame::Head(_) => return Err(invalid("two heads")),
            Frame::Page(page) => {
                let last = self.pages.pages.last().map_or(0, |p| p.number);
                if page.number <= last {
                    return Err(invalid("pages out of order"));
                }
                self.pages.pages.push(*page);
            }
            Frame::Picture(picture) => self.page()?.pictures.push(picture),
            Frame::Scan(png) => self.page()?.scan = Some(png),
            Frame::Note(note) => self.pages.notes.push(note),
            Frame::End => self.ended = true,
        }
        Ok(None)
    }

    /// The page that the next picture belongs to.
    ///
    /// # Errors
    /// `InvalidData` where there is none yet.
    pub fn page(&mut self) -> io::Result<&mut Page> {
        self.pages.pages.last_mut().ok_or_else(|| invalid("a picture without a page"))
    }

    /// Adds a line about something that could not be read.
    pub fn note(&mut self, note: String) {
        self.pages.notes.push(note);
    }

    /// How many pages have come.
    pub fn arrived(&self) -> usize {
        self.pages.pages.len()
    }

    /// Did the last frame come?
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The pages, where the last frame came.
    pub fn finish(self) -> Option<Pages> {
        self.ended.then_some(self.pages)
    }
}

/// The pages in a whole stream of frames, or the fault in it.
///
/// # Errors
/// As [`Frame::read`] and [`Assembly::take`].
pub fn read_all(mut from: impl Read) -> io::Result<std::result::Result<Pages, Fault>> {
    let mut assembly = Assembly::default();
    while let Some(frame) = Frame::read(&mut from)? {
        if let Some(fault) = assembly.take(frame)? {
            return Ok(Err(fault));
        }
    }
    assembly.finish().map(Ok).ok_or_else(|| invalid("the stream stops before its end"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::pdf::page::Word;

    #[test]
    fn what_is_written_is_read_again() {
        let page = Page {
            number: 1,
            label: Some("iv".into()),
            width: 100.0,
            height: 200.0,
            words: vec![Word { text: "油".into(), size: 9.0, bold: true, ..Word::default() }],
            ..Page::default()
        };
        let head = Head { meta: [("Title".to_owned(), "T".to_owned())].into(), pages: 1 };
        let area = Area { x0: 1.0, y0: 2.0, x1: 3.0, y1: 4.0 };
        let mut bytes = Vec::new();
        for frame in [
            Frame::Head(head),
            Frame::Page(Box::new(page.clone())),
            Frame::Picture(Rendered { area, png: vec![7] }),
            Frame::Note("n".into()),
            Frame::End,
        ] {
            frame.write(&mut bytes).unwrap();
        }
        let pages = read_all(bytes.as_slice()).unwrap().unwrap();
        assert_eq!(pages.meta["Title"], "T");
        assert_eq!(pages.pages[0].words, page.words);
        assert_eq!(pages.pages[0].pictures, [Rendered { area, png: vec![7] }]);
        assert_eq!(pages.notes, ["n"]);
        // One that stops early is no document.
        assert!(read_all(bytes.get(..bytes.len() - 5).unwrap()).is_err());
        assert!(read_all(bytes.get(..bytes.len() - 3).unwrap()).is_err());
    }

    #[test]
    fn a_length_that_lies_reserves_nothing_and_is_refused() {
        assert!(read_all([b'P', 0xFF, 0xFF, 0xFF, 0x03, b'{'].as_slice()).is_err());
        assert!(read_all([b'P', 0xFF, 0xFF, 0xFF, 0xFF].as_slice()).is_err());
        assert!(read_all([b'F', 1, 0, 0, 0, 9].as_slice()).is_err());
    }
}
