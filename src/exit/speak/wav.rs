//! Sound into a file: 16-bit mono WAV, whole or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::voice::Pcm;
use crate::exit::{Error, Kind, Result};

/// Writes the pieces one after the other. The file appears under its name only when it is
/// complete; an older one is replaced.
///
/// # Errors
/// [`Kind::Io`] where the folder refuses, [`Kind::Compute`] where the pieces' rates differ.
pub fn write(path: &Path, pieces: &[Pcm]) -> Result<()> {
    let sample_rate = pieces.first().map_or(22_050, |p| p.sample_rate);
    if pieces.iter().any(|p| p.sample_rate != sample_rate) {
        return Err(Error::new(Kind::Compute, "the pieces of one WAV file have different sample rates"));
    }
    let part = part_of(path);
    let written = write_part(&part, pieces, sample_rate).and_then(|()| fs::rename(&part, path));
    written.map_err(|e| {
        // Best effort: a part that cannot be removed does no harm.
        let _ = fs::remove_file(&part);
        Error::new(Kind::Io, format!("cannot write {}", path.display()))
            .because(e)
            .hint("name a folder that exists and can be written, with --out")
    })
}

fn write_part(part: &Path, pieces: &[Pcm], sample_rate: u32) -> std::io::Result<()> {
    let other = |e: hound::Error| match e {
        hound::Error::IoError(e) => e,
        e => std::io::Error::other(e),
    };
    let spec = WavSpec { channels: 1, sample_rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let file = File::create(part)?;
    let mut buffer = BufWriter::new(&file);
    let mut writer = WavWriter::new(&mut buffer, spec).map_err(other)?;
    for sample in pieces.iter().flat_map(|p| &p.samples) {
        writer.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16).map_err(other)?;
    }
    writer.finalize().map_err(other)?;
    buffer.flush()?;
    drop(buffer);
    file.sync_all()
}

/// Beside the file, so that the rename stays on one file system.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let pieces =
            [Pcm { samples: vec![0.0, 0.5, -0.5, 2.0], sample_rate: 16_000 }, Pcm::silence(1, 16_000)];
        write(&path, &pieces).unwrap();
        write(&path, &pieces).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().sample_rate, 16_000);
        let samples: Vec<i16> = reader.samples().map(|s| s.unwrap()).collect();
        assert_eq!(samples.len(), 20);
        assert_eq!(&samples[..5], &[0, 16_383, -16_383, 32_767, 0]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no part is left");
    }

    #[test]
    fn a_missing_folder_or_mixed_rates_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let error = write(&dir.path().join("no/a.wav"), &[]).unwrap_err();
        assert_eq!(error.kind, Kind::Io);
        let mixed = [Pcm::silence(1, 8000), Pcm::silence(1, 16_000)];
        assert_eq!(write(&dir.path().join("a.wav"), &mixed).unwrap_err().kind, Kind::Compute);
    }
}
