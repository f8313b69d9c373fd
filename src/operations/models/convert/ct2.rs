//! Reads a CTranslate2 `model.bin`: an index first, then one tensor's bytes at a time.
//!
//! Little-endian records: version u32, specification name, revision u32, count u32, then
//! per variable its name, rank u8, dimensions u32 each, type u8, bytes u32 and the data;
//! then aliases. A name is its length u16 with a closing NUL.
//!
//! The file may be hostile: every size is checked against the file's own length before
//! anything is allocated or skipped.

use crate::operations::outcome::{Error, Kind, Result};
use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// The format's version that is read.
const VERSION: u32 = 6;
/// More variables than any Whisper has.
const MAX_VARIABLES: u32 = 16_384;
const MAX_NAME: u16 = 512;
const MAX_RANK: u8 = 4;

/// How a variable's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// Quantised or an integer: no weights that can be converted.
    Integer(u64),
    /// bfloat16.
    Bf16,
}

impl Type {
    /// Bytes of one number.
    pub fn width(self) -> u64 {
        match self {
            Type::F32 => 4,
            Type::F16 | Type::Bf16 => 2,
            Type::Integer(width) => width,
        }
    }
}

/// One variable: what it is and where its bytes lie.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Slowest dimension first.
    pub dims: Vec<u64>,
    /// How its numbers are stored.
    pub kind: Type,
    /// First byte in the file.
    pub offset: u64,
}

/// A CTranslate2 file whose records have been indexed.
pub struct Ct2<R> {
    reader: BufReader<R>,
    variables: HashMap<String, Variable>,
}

pub(super) fn bad(why: impl Into<String>) -> Error {
    Error::new(Kind::Failed, format!("the CTranslate2 model cannot be converted: {}", why.into()))
        .hint("it is damaged or of another kind: pull it again, or bring the finished ggml file with `millwright models import PATH`")
}

fn cut(cause: io::Error) -> Error {
    bad("it ends early or cannot be read").because(cause)
}

impl<R: Read + Seek> Ct2<R> {
    /// Reads the index. Memory: the names and dimensions only.
    ///
    /// # Errors
    /// Where the file is not a whole Whisper model of the version that is read.
    pub fn open(mut reader: R) -> Result<Self> {
        let length = reader.seek(SeekFrom::End(0)).map_err(cut)?;
        reader.seek(SeekFrom::Start(0)).map_err(cut)?;
        let mut file = Records { reader: BufReader::new(reader), at: 0, length };
        let version = file.u32()?;
        if version != VERSION {
            return Err(bad(format!("its format version is {version}, read is {VERSION}")));
        }
        let spec = file.name()?;
        if spec != "WhisperSpec" {
            return Err(bad(format!("it is a {spec:?}, not a Whisper model")));
        }
        let _revision = file.u32()?;
        let count = file.u32()?;
        if count > MAX_VARIABLES {
            return Err(bad(format!("it claims {count} variables")));
        }
        let mut variables = HashMap::new();
        for _ in 0..count {
            let (name, variable) = file.variable()?;
            if variables.insert(name.clone(), variable).is_some() {
                return Err(bad(format!("{name:?} stands there twice")));
            }
        }
        Ok(Self { reader: file.reader, variables })
    }

    /// The variable of that name, if it is there.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Fills `bytes` from position `offset` of the file.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        // Relative, so that neighbouring reads stay in the buffer.
        let here = self.reader.stream_position().map_err(cut)?;
        match i64::try_from(offset).ok().zip(i64::try_from(here).ok()) {
            Some((there, here)) => self.reader.seek_relative(there - here).map_err(cut)?,
            None => return Err(bad("it is too long")),
        }
        self.reader.read_exact(bytes).map_err(cut)
    }
}

/// The record reader: knows where it is, and never steps past the end.
struct Records<R> {
    reader: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Records<R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(cut)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.bytes()?))
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.bytes()?))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn name(&mut self) -> Result<String> {
        let length = self.u16()?;
        if length == 0 || length > MAX_NAME {
            return Err(bad(format!("a name has {length} bytes")));
        }
        let mut bytes = vec![0; usize::from(length)];
        self.reader.read_exact(&mut bytes).map_err(cut)?;
        self.at += u64::from(length);
        if bytes.pop() != Some(0) {
            return Err(bad("a name is not closed"));
        }
        String::from_utf8(bytes).map_err(|e| bad("a name is not text").because(e))
    }

    fn variable(&mut self) -> Result<(String, Variable)> {
        let name = self.name()?;
        let rank = self.u8()?;
        if rank > MAX_RANK {
            return Err(bad(format!("{name:?} has {rank} dimensions")));
        }
        let dims: Vec<u64> = (0..rank).map(|_| self.u32().map(u64::from)).collect::<Result<_>>()?;
        let kind = match self.u8()? {
            0 => Type::F32,
            1 => Type::Integer(1),
            2 => Type::Integer(2),
            3 => Type::Integer(4),
            4 => Type::F16,
            5 => Type::Bf16,
            other => return Err(bad(format!("{name:?} is of unknown type {other}"))),
        };
        let size = u64::from(self.u32()?);
        let claimed = dims.iter().try_fold(kind.width(), |product, d| product.checked_mul(*d));
        if claimed != Some(size) {
            return Err(bad(format!("{name:?} has {size} bytes for dimensions {dims:?}")));
        }
        let offset = self.at;
        let end = offset.checked_add(size).filter(|end| *end <= self.length);
        self.at = end.ok_or_else(|| bad(format!("it ends in the middle of {name:?}")))?;
        self.reader.seek_relative(i64::from(size as u32)).map_err(cut)?;
        Ok((name, Variable { dims, kind, offset }))
    }
}
