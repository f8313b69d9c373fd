//! The side that asks: starts the child, gives it the file, gathers its pages, and ends it
//! when it is late.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};

use super::ocr::{Ocr, Seen};
use super::{Limits, SUBCOMMAND};
use crate::core::knowledge::read::pdf::wire::{Assembly, Fault, Frame, MOST_BYTES};
use crate::core::knowledge::read::pdf::{Page, Pages};
use crate::core::{Error, Kind, Result};
use crate::operations::platform::{self, Ended};

/// A child that is killed and reaped when dropped.
pub(super) struct Kept(pub Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn unreadable(what: String, hint: &str) -> Error {
    Error::new(Kind::Unreadable, what).hint(hint)
}

/// The PDF library is not here.
pub(super) fn no_library(name: &str) -> Error {
    unreadable(
        format!("{name}: a PDF needs the PDF library, which is not installed"),
        "millwright models pull pdfium",
    )
}

/// The pages of a PDF.
///
/// # Errors
/// `Kind::Unreadable` with the reason, in every case.
pub(super) fn read(
    program: &Path,
    library: &Path,
    limits: &Limits,
    ocr: Option<&Ocr>,
    bytes: &[u8],
    name: &str,
) -> Result<Pages> {
    let child = Command::new(program)
        .arg(SUBCOMMAND)
        .arg(library)
        .args(["--memory", &limits.memory.to_string()])
        .args(["--seconds", &limits.cpu_seconds.to_string()])
        .args(["--pages", &limits.pages.to_string()])
        // Nothing of this process's surroundings is the library's business.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Kept)
        .map_err(|e| unreadable(format!("{name}: cannot start the PDF reader"), "").because(e))?;
    let mut talk = Talk { child, limits, ocr, name, read: 0, blind: 0 };
    talk.all(bytes)
}

/// One conversation with the child.
struct Talk<'t> {
    child: Kept,
    limits: &'t Limits,
    ocr: Option<&'t Ocr>,
    name: &'t str,
    /// Pictures of pages that were read.
    read: u32,
    /// Pictures of pages that could not be.
    blind: u32,
}

impl Talk<'_> {
    fn all(&mut self, bytes: &[u8]) -> Result<Pages> {
        let (Some(mut stdin), Some(stdout)) = (self.child.0.stdin.take(), self.child.0.stdout.take()) else {
            return Err(unreadable(format!("{}: the PDF reader has no input or output", self.name), ""));
        };
        // Two frames are enough ahead: the child waits while a picture is being read.
        let (to, frames) = mpsc::sync_channel::<io::Result<Option<Frame>>>(2);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A child that ends early closes the pipe; why it did is said elsewhere.
                let _ = stdin.write_all(bytes);
            });
            scope.spawn(move || {
                let mut from = io::BufReader::new(stdout.take(MOST_BYTES as u64));
                loop {
                    let frame = Frame::read(&mut from);
                    let last = !matches!(frame, Ok(Some(_)));
                    if to.send(frame).is_err() || last {
                        break;
                    }
                }
            });
            let pages = self.gather(&frames);
            // Ends both threads, whatever they wait for.
            let _ = self.child.0.kill();
            drop(frames);
            pages
        })
    }

    fn gather(&mut self, frames: &mpsc::Receiver<io::Result<Option<Frame>>>) -> Result<Pages> {
        let mut assembly = Assembly::default();
        loop {
            let frame = match frames.recv_timeout(self.limits.silence) {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => break,
                Ok(Err(e)) => return Err(self.ended(&assembly, Some(e))),
                Err(RecvTimeoutError::Timeout) => return Err(self.late(&assembly)),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let scan = match &frame {
                Frame::Scan(png) => Some(png.clone()),
                _ => None,
            };
            match assembly.take(frame) {
                Ok(None) => {}
                Ok(Some(fault)) => return Err(self.fault(fault)),
                Err(e) => return Err(self.ended(&assembly, Some(e))),
            }
            if let Some(png) = scan {
                let note = assembly.page().ok().and_then(|page| self.scanned(page, &png));
                note.into_iter().for_each(|n| assembly.note(n));
            }
        }
        if assembly.is_ended() {
            return assembly.finish().ok_or_else(|| unreadable(format!("{}: broken", self.name), ""));
        }
        Err(self.ended(&assembly, None))
    }

    /// Reads the picture of a page; returns a note where it cannot.
    fn scanned(&mut self, page: &mut Page, png: &[u8]) -> Option<String> {
        let number = page.number;
        let seen = match self.ocr {
            Some(ocr) if self.read < self.limits.ocr_pages => ocr.read(png, page, self.limits.ocr),
            Some(_) => Err(format!("only {} pictures of pages are read", self.limits.ocr_pages)),
            None => Err("tesseract is not installed".to_owned()),
        };
        match seen {
            Ok(Seen { words, confidence }) => {
                self.read += 1;
                page.words = words;
                page.ocr = Some(confidence);
                // Its text is there; the picture would only weigh.
                page.scan = None;
                (confidence < 0.6).then(|| {
                    format!(
                        "page {number} is a scan, hard to read: {:.0} % sure on average",
                        confidence * 100.0
                    )
                })
            }
            Err(why) => {
                self.blind += 1;
                // The page stays known as a scan, without the bytes.
                page.scan = Some(Vec::new());
                (self.blind <= 20).then(|| format!("page {number} is a scan; {why}"))
            }
        }
    }

    fn late(&self, assembly: &Assembly) -> Error {
        unreadable(
            format!(
                "{}: page {} took longer than {} s",
                self.name,
                assembly.arrived() + 1,
                self.limits.silence.as_secs_f32()
            ),
            "print the file to a new PDF, or leave it out",
        )
    }

    /// The child ended before its last frame, or wrote what none of ours writes.
    fn ended(&mut self, assembly: &Assembly, cause: Option<io::Error>) -> Error {
        let (name, page) = (self.name, assembly.arrived() + 1);
        if let Some(e) = cause.filter(|e| e.kind() == io::ErrorKind::InvalidData) {
            return unreadable(format!("{name}: the PDF reader wrote nonsense at page {page}"), "")
                .because(e);
        }
        let ended = self.child.0.wait().map_or(Ended::Crashed, |status| platform::ended(&status));
        let hint = "print the file to a new PDF, or leave it out";
        match ended {
            Ended::OutOfTime => unreadable(
                format!("{name}: took longer than {} s of computing", self.limits.cpu_seconds),
                hint,
            ),
            Ended::Normally => {
                unreadable(format!("{name}: its pages need more than {} MiB", MOST_BYTES >> 20), hint)
            }
            Ended::Crashed => unreadable(
                format!(
                    "{name}: broken, or needs more than {} MiB of memory (the PDF library stopped at page {page})",
                    self.limits.memory >> 20
                ),
                hint,
            ),
        }
    }

    fn fault(&self, fault: Fault) -> Error {
        let name = self.name;
        match fault {
            Fault::Encrypted => unreadable(
                format!("{name}: encrypted, a password is needed"),
                "save a copy without the password and index that",
            ),
            Fault::Broken => unreadable(format!("{name}: a broken PDF"), "print the file to a new PDF"),
            Fault::Empty => {
                unreadable(format!("{name}: a PDF without pages"), "check what the file really is")
            }
            Fault::Library(why) => unreadable(
                format!("{name}: the PDF library cannot be loaded: {why}"),
                "millwright models verify pdfium; then `millwright models pull pdfium`",
            ),
        }
    }
}
