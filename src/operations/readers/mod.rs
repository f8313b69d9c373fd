//! The programs that readers need, each a process of its own with limits: the PDF library
//! behind a hidden subcommand of this binary, and tesseract for pages that are pictures.
//!
//! A manual comes from anywhere. What parses it in C++ may be taken over, run for ever or
//! eat all memory; then a child ends and the file is named as skipped, nothing else.

pub mod child;
mod host;
mod ocr;
mod pixels;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::core;
use crate::core::knowledge::read::{Tools, pdf};
use crate::operations::models::{Role, Store};

pub use ocr::Ocr;

/// The hidden subcommand's name.
pub const SUBCOMMAND: &str = "read-pdf";

/// What one PDF may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The child's address space, in bytes.
    pub memory: u64,
    /// The child's computing time, in seconds.
    pub cpu_seconds: u64,
    /// The longest wait for the next page.
    pub silence: Duration,
    /// Pages beyond these are left out, and a note says so.
    pub pages: u32,
    /// The longest that reading one picture of a page may take.
    pub ocr: Duration,
    /// Pictures of pages beyond these are not read, and a note says so.
    pub ocr_pages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 1 << 30,
            cpu_seconds: 300,
            silence: Duration::from_secs(60),
            pages: 5_000,
            ocr: Duration::from_secs(90),
            ocr_pages: 500,
        }
    }
}

/// The programs of one installation.
#[derive(Debug)]
pub struct Programs {
    program: PathBuf,
    library: Option<PathBuf>,
    ocr: Option<Ocr>,
    limits: Limits,
}

impl Programs {
    /// The programs of a data directory; this very binary reads PDFs.
    pub fn of(data: &Path) -> Self {
        Self::with_program(data, std::env::current_exe().unwrap_or_default())
    }

    /// The same with another binary (in tests the running program is the test).
    pub fn with_program(data: &Path, program: PathBuf) -> Self {
        let library =
            Store::open(data).and_then(|store| store.locate(Role::Reader, None)).ok().map(|found| found.path);
        Self { program, library, ocr: Some(Ocr::new("tesseract")), limits: Limits::default() }
    }

    /// The same with another library.
    #[must_use]
    pub fn library(mut self, path: Option<PathBuf>) -> Self {
        self.library = path;
        self
    }

    /// The same with another program for pictures of pages, or none.
    #[must_use]
    pub fn ocr(mut self, ocr: Option<Ocr>) -> Self {
        self.ocr = ocr;
        self
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Tools for Programs {
    fn pdf(&self, bytes: &[u8], name: &str) -> core::Result<pdf::Pages> {
        let library = self.library.as_deref().ok_or_else(|| host::no_library(name))?;
        host::read(&self.program, library, &self.limits, self.ocr.as_ref(), bytes, name)
    }
}
