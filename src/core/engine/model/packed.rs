//! The packed weights on the disk: written once per model, mapped into memory from then on.
//!
//! `<sha256 of the model file>-<layout version>-rows16` holds every tensor in the order in
//! which a step reads them, matrices as [`format`] packs them. One layout serves every
//! instruction-set path, so the name says the layout instead of a path. A file is written
//! aside and renamed when it is whole; one that is not what it should be is made anew.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use crate::core::engine::kernels::format::{Format, GROUP, pack_group};
use crate::core::engine::kernels::product::Matrix;
use crate::core::{Error, Kind, Result};

/// Raised with every change of the layout.
const LAYOUT: u32 = 1;
const MAGIC: &[u8; 8] = b"MWPACK\0\x01";
/// Where tensors may begin.
const ALIGN: usize = 64;

/// A tensor in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    format: Format,
    /// Outputs.
    pub rows: usize,
    /// Inputs; 1 for a vector.
    pub depth: usize,
    at: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    layout: u32,
    source: String,
    /// By name, in one order: the same model gives the same file.
    tensors: BTreeMap<String, Tensor>,
    /// Bytes of the data.
    bytes: usize,
}

/// The packed weights of one model.
#[derive(Debug)]
pub struct Packed {
    header: Header,
    bytes: OwnedBytes,
    data: Range<usize>,
}

fn format_of(dtype: GgmlDType) -> Option<Format> {
    Some(match dtype {
        GgmlDType::Q4_0 => Format::Q4_0,
        GgmlDType::Q4_1 => Format::Q4_1,
        GgmlDType::Q5_0 => Format::Q5_0,
        GgmlDType::Q5_1 => Format::Q5_1,
        GgmlDType::Q8_0 => Format::Q8_0,
        GgmlDType::Q4K => Format::Q4K,
        GgmlDType::Q5K => Format::Q5K,
        GgmlDType::Q6K => Format::Q6K,
        GgmlDType::F16 => Format::F16,
        GgmlDType::F32 => Format::F32,
        _ => return None,
    })
}

impl Packed {
    /// The packed weights of the model file `source`, whose header is `content`; made in
    /// `dir` where they are not there yet.
    ///
    /// # Errors
    /// [`Kind::Io`] where files cannot be read or written, [`Kind::Model`] where the model has
    /// weights of a type that cannot be run.
    pub fn open(source: &Path, content: &Content, dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|e| unwritable(dir, e))?;
        let sum = digest(source, dir)?;
        let name = format!("{sum}-{LAYOUT}-rows{GROUP}");
        if let Some(packed) = Self::map(dir, &name, &sum) {
            return Ok(packed);
        }
        tracing::info!(model = %source.display(), "packing the weights, once");
        let made = tempfile_in(dir, &name);
        let result = pack(source, content, &sum, &made)
            .and_then(|()| fs::rename(&made, dir.join(&name)).map_err(|e| unwritable(dir, e)));
        if let Err(error) = result {
            let _ = fs::remove_file(&made);
            return Err(error);
        }
        Self::map(dir, &name, &sum).ok_or_else(|| {
            Error::new(Kind::Io, format!("the packed weights in {} cannot be read back", dir.display()))
                .hint("is the disk full or failing?")
        })
    }

    /// Maps a packed file; `None` where there is none, or it is not what its name says.
    fn map(dir: &Path, name: &str, sum: &str) -> Option<Self> {
        if !dir.join(name).is_file() {
            return None;
        }
        let bytes = MmapDirectory::open(dir).ok()?.open_read(Path::new(name)).ok()?.read_bytes().ok()?;
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let length = usize::try_from(u64::from_le_bytes(*rest.first_chunk::<8>()?)).ok()?;
        let header: Header = serde_json::from_slice(rest.get(8..8_usize.checked_add(length)?)?).ok()?;
        let start = (16 + length).next_multiple_of(ALIGN);
        let data = start..start.checked_add(header.bytes)?;
        let fits = |t: &Tensor| {
            let whole = t.rows.checked_mul(t.depth).is_some_and(|n| n < 1 << 40);
            let end = whole.then(|| t.at.checked_add(t.format.packed_bytes(t.rows, t.depth)))??;
            (end <= header.bytes && t.depth.is_multiple_of(t.format.block())).then_some(())
        };
        let whole = header.layout == LAYOUT && header.source == sum && data.end == bytes.len();
        (whole && header.tensors.values().all(|t| fits(t).is_some())).then_some(Self { header, bytes, data })
    }

    /// A tensor by its name in the file.
    pub fn find(&self, name: &str) -> Option<&Tensor> {
        self.header.tensors.get(name)
    }

    /// A tensor as a matrix.
    pub fn matrix(&self, tensor: &Tensor) -> Matrix<'_> {
        let format = tensor.format;
        let bytes = format.packed_bytes(tensor.rows, tensor.depth);
        let packed = &self.bytes[self.data.clone()][tensor.at..][..bytes];
        Matrix { format, rows: tensor.rows, depth: tensor.depth, packed }
    }

    /// A vector of f32 numbers.
    pub fn vector(&self, tensor: &Tensor) -> Option<Vec<f32>> {
        let matrix = self.matrix(tensor);
        (matrix.format == Format::F32 && matrix.depth == 1).then(|| {
            matrix
                .packed
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .take(matrix.rows)
                .collect()
        })
    }

    /// Bytes of all weights.
    pub fn bytes(&self) -> usize {
        self.header.bytes
    }
}

/// Where a file is made before it is whole.
fn tempfile_in(dir: &Path, name: &str) -> PathBuf {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    dir.join(format!(".{name}.{}.{number}", std::process::id()))
}

fn unwritable(dir: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot write the packed weights to {}", dir.display()))
        .because(e)
        .hint("make room on that disk, or make the directory writable")
}

fn unreadable(source: &Path, e: impl std::fmt::Display) -> Error {
    Error::new(Kind::Io, format!("cannot read the model {}", source.display()))
        .because(e.to_string())
        .hint("millwright models verify")
}

/// The order of a step: layer by layer, the output last.
fn order(name: &str) -> (usize, usize, &str) {
    const PARTS: [&str; 6] = ["attn_norm", "attn_", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"];
    if let Some((layer, part)) = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
        let place = PARTS.iter().position(|p| part.starts_with(p)).unwrap_or(PARTS.len());
        return (1 + layer.parse::<usize>().unwrap_or(0), place, name);
    }
    (if name.starts_with("output") { usize::MAX } else { 0 }, 0, name)
}

/// Writes the packed file `to`.
fn pack(source: &Path, content: &Content, sum: &str, to: &Path) -> Result<()> {
    let mut names: Vec<&String> = content.tensor_infos.keys().collect();
    names.sort_by_key(|name| order(name));
    let mut tensors = BTreeMap::new();
    let mut at = 0;
    let mut plan = Vec::new();
    for name in names {
        let info = &content.tensor_infos[name];
        let Some(format) = format_of(info.ggml_dtype) else {
            return Err(Error::new(
                Kind::Model,
                format!("`{name}` has weights of the type {:?}, which cannot be run here", info.ggml_dtype),
            )
            .hint("use a file with Q4_0 to Q8_0, Q4_K to Q6_K, F16 or F32 weights"));
        };
        let (rows, depth) = match info.shape.dims() {
            [n] => (*n, 1),
            [rows, depth] => (*rows, *depth),
            dims => {
                return Err(Error::new(Kind::Model, format!("`{name}` has {} dimensions", dims.len()))
                    .hint("use a llama, qwen2 or qwen3 model"));
            }
        };
        if depth == 0 || rows == 0 || !depth.is_multiple_of(format.block()) {
            return Err(Error::new(Kind::Model, format!("`{name}` is {rows} by {depth}: no whole blocks"))
                .hint("millwright models verify"));
        }
        tensors.insert(name.clone(), Tensor { format, rows, depth, at });
        plan.push((info, format, rows, depth, at));
        at = (at + format.packed_bytes(rows, depth)).next_multiple_of(ALIGN);
    }
    let header = Header { layout: LAYOUT, source: sum.to_owned(), tensors, bytes: at };
    let header = serde_json::to_vec(&header)
        .map_err(|e| Error::new(Kind::Io, "the packed file's header cannot be written").because(e))?;
    let dir = to.parent().unwrap_or(Path::new("."));
    let mut reader = BufReader::new(File::open(source).map_err(|e| unreadable(source, e))?);
    let write = || -> std::io::Result<File> {
        let mut file = File::create(to)?;
        file.write_all(MAGIC)?;
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        file.set_len(((16 + header.len()).next_multiple_of(ALIGN) + at) as u64)?;
        Ok(file)
    };
    let mut file = write().map_err(|e| unwritable(dir, e))?;
    let start = (16 + header.len()).next_multiple_of(ALIGN);
    for (info, format, rows, depth, at) in plan {
        let raw =
            read(&mut reader, content, info, format, rows * depth).map_err(|e| unreadable(source, e))?;
        let packed = pack_matrix(format, rows, depth, &raw);
        file.seek(SeekFrom::Start((start + at) as u64))
            .and_then(|_| file.write_all(&packed))
            .map_err(|e| unwritable(dir, e))?;
    }
    file.sync_all().map_err(|e| unwritable(dir, e))
}

fn read(
    reader: &mut BufReader<File>,
    content: &Content,
    info: &TensorInfo,
    format: Format,
    numbers: usize,
) -> std::io::Result<Vec<u8>> {
    let mut raw = vec![0; numbers / format.block() * format.bytes()];
    reader.seek(SeekFrom::Start(content.tensor_data_offset + info.offset))?;
    reader.read_exact(&mut raw)?;
    Ok(raw)
}

/// Packs a whole matrix, on all cores: this is once per model.
pub fn pack_matrix(format: Format, rows: usize, depth: usize, raw: &[u8]) -> Vec<u8> {
    let row_bytes = depth / format.block() * format.bytes();
    let mut packed = vec![0; format.packed_bytes(rows, depth)];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let groups_each = rows.div_ceil(GROUP).div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let sources = raw.chunks(groups_each * GROUP * row_bytes);
        for (raw, packed) in sources.zip(packed.chunks_mut(groups_each * GROUP * row_bytes)) {
            scope.spawn(move || {
                let groups = packed.chunks_exact_mut(GROUP * row_bytes);
                for (raw, packed) in raw.chunks(GROUP * row_bytes).zip(groups) {
                    let rows: Vec<&[u8]> = raw.chunks_exact(row_bytes).collect();
                    pack_group(format, &rows, packed);
                }
            });
        }
    });
    packed
}

/// What was hashed before, by path: hashing half a gigabyte at every start is not needed
/// where the file did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    bytes: u64,
    modified_ns: u64,
    sha256: String,
}

/// The SHA-256 of a file, in hexadecimal.
fn digest(source: &Path, dir: &Path) -> Result<String> {
    let known = dir.join("seen.json");
    let meta = fs::metadata(source).map_err(|e| unreadable(source, e))?;
    let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.and_then(|d| u64::try_from(d.as_nanos()).ok()).unwrap_or(0);
    let key = fs::canonicalize(source).map_err(|e| unreadable(source, e))?.to_string_lossy().into_owned();
    let mut seen: HashMap<String, Seen> =
        fs::read(&known).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
    if let Some(seen) = seen.get(&key)
        && seen.bytes == meta.len()
        && seen.modified_ns == modified_ns
    {
        return Ok(seen.sha256.clone());
    }
    let mut file = File::open(source).map_err(|e| unreadable(source, e))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(|e| unreadable(source, e))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
    }
    let sha256: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    seen.insert(key, Seen { bytes: meta.len(), modified_ns, sha256: sha256.clone() });
    // Only a shortcut: where it cannot be kept, the next start hashes again.
    let aside = tempfile_in(dir, "seen");
    if let Ok(text) = serde_json::to_vec_pretty(&seen)
        && fs::write(&aside, text).is_ok()
    {
        let _ = fs::rename(&aside, &known);
    }
    Ok(sha256)
}
