//! A `safetensors` file, mapped: a length (u64), a JSON head that names each tensor's type,
//! shape and place, then the numbers. Only what is asked for is read; a big vocabulary's
//! rows are read one by one from the mapping and never copied as a whole.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tantivy::directory::OwnedBytes;

use crate::core::knowledge::vectors::container::map;
use crate::core::{Error, Kind, Result};

/// A head longer than this is no model's.
const MAX_HEAD: usize = 16 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Number {
    F32,
    F16,
    BF16,
    #[serde(other)]
    Other,
}

impl Number {
    fn bytes(self) -> Option<usize> {
        match self {
            Number::F32 => Some(4),
            Number::F16 | Number::BF16 => Some(2),
            Number::Other => None,
        }
    }

    fn read(self, bytes: &[u8], put: impl FnMut(f32)) {
        match self {
            Number::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).for_each(put),
            Number::F16 => {
                bytes.as_chunks().0.iter().map(|&b| half::f16::from_le_bytes(b).to_f32()).for_each(put)
            }
            Number::BF16 => {
                bytes.as_chunks().0.iter().map(|&b| half::bf16::from_le_bytes(b).to_f32()).for_each(put)
            }
            Number::Other => {}
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Place {
    dtype: Number,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// A model's tensors by name.
pub(super) struct Weights {
    path: PathBuf,
    bytes: OwnedBytes,
    /// Where the numbers begin.
    start: usize,
    places: HashMap<String, Place>,
}

/// A matrix that stays in the file; its rows are read when they are wanted.
pub(super) struct Rows {
    number: Number,
    width: usize,
    bytes: OwnedBytes,
}

impl Weights {
    /// # Errors
    /// `Kind::Model` where the file is missing or not a whole `safetensors` file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = map(path).map_err(|e| fault(path, "cannot be opened").because(e))?;
        Self::parse(path, bytes)
    }

    fn parse(path: &Path, bytes: OwnedBytes) -> Result<Self> {
        let broken = || fault(path, "is not a whole safetensors file");
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|&l| l <= MAX_HEAD);
        let head = length.and_then(|l| rest.get(..l)).ok_or_else(broken)?;
        let mut head: HashMap<String, serde_json::Value> =
            serde_json::from_slice(head).map_err(|e| broken().because(e))?;
        head.remove("__metadata__");
        let start = 8 + length.unwrap_or_default();
        let mut places = HashMap::with_capacity(head.len());
        for (name, place) in head {
            let place: Place = serde_json::from_value(place).map_err(|e| broken().because(e))?;
            let (from, to) = place.data_offsets;
            if from > to || to > bytes.len() - start {
                return Err(broken());
            }
            let count = place.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
            let size = |width| count.and_then(|c| c.checked_mul(width));
            if place.dtype.bytes().is_some_and(|width| size(width) != Some(to - from)) {
                return Err(broken());
            }
            places.insert(name, place);
        }
        Ok(Self { path: path.to_owned(), bytes, start, places })
    }

    /// Is there a tensor of this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// A tensor's numbers, row-major.
    ///
    /// # Errors
    /// `Kind::Model` where it is missing or of another shape.
    pub(super) fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let (place, range) = self.place(name)?;
        if place.shape != shape {
            return Err(fault(&self.path, &format!("has `{name}` as {:?}, not {shape:?}", place.shape)));
        }
        let mut numbers = Vec::with_capacity(shape.iter().product());
        place.dtype.read(self.bytes.get(range).unwrap_or_default(), |x| numbers.push(x));
        Ok(numbers)
    }

    /// A matrix of rows of `width` that stays in the file.
    ///
    /// # Errors
    /// As [`Weights::numbers`].
    pub(super) fn rows(&self, name: &str, width: usize) -> Result<Rows> {
        let (place, range) = self.place(name)?;
        match *place.shape {
            [_, w] if w == width => Ok(Rows { number: place.dtype, width, bytes: self.bytes.slice(range) }),
            _ => Err(fault(&self.path, &format!("has `{name}` as {:?}, not rows of {width}", place.shape))),
        }
    }

    fn place(&self, name: &str) -> Result<(&Place, Range<usize>)> {
        let place = self.places.get(name);
        let place = place.ok_or_else(|| fault(&self.path, &format!("has no `{name}`")))?;
        if place.dtype == Number::Other {
            return Err(fault(&self.path, &format!("has `{name}` in another type than f32, f16 or bf16")));
        }
        let (from, to) = place.data_offsets;
        Ok((place, self.start + from..self.start + to))
    }
}

impl Rows {
    /// How many rows.
    pub(super) fn len(&self) -> usize {
        let row = self.number.bytes().unwrap_or(1) * self.width;
        if row == 0 { 0 } else { self.bytes.len() / row }
    }

    /// Row `at`, number by number; nothing past the end.
    pub(super) fn read(&self, at: usize, put: impl FnMut(f32)) {
        let row = self.number.bytes().unwrap_or(1) * self.width;
        let start = at.saturating_mul(row);
        self.number.read(self.bytes.get(start..start.saturating_add(row)).unwrap_or_default(), put);
    }
}

fn fault(path: &Path, what: &str) -> Error {
    Error::new(Kind::Model, format!("{} {what}", path.display())).hint("millwright models verify")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(head: &str, numbers: &[u8]) -> Vec<u8> {
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head.as_bytes());
        bytes.extend(numbers);
        bytes
    }

    fn parse(bytes: Vec<u8>) -> Result<Weights> {
        Weights::parse(Path::new("sample"), OwnedBytes::new(bytes))
    }

    #[test]
    fn tensors_are_read_by_name_and_shape() {
        let head = r#"{"__metadata__":{"a":"b"},
            "w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},
            "h":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]},
            "i":{"dtype":"I64","shape":[1],"data_offsets":[16,24]}}"#;
        let mut numbers: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        numbers.extend([0x80, 0x3f, 0, 0, 0, 0, 0, 0]);
        let weights = parse(file(head, &numbers)).unwrap();
        assert_eq!(weights.numbers("w", &[2, 2]).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(weights.numbers("h", &[1]).unwrap(), [1.0]);
        assert!(weights.has("i") && !weights.has("x"));
        for (name, shape) in [("w", [4]), ("i", [1]), ("x", [1])] {
            assert_eq!(weights.numbers(name, &shape).unwrap_err().kind, Kind::Model, "{name}");
        }
        let rows = weights.rows("w", 2).unwrap();
        let row = |at| {
            let mut row = Vec::new();
            rows.read(at, |x| row.push(x));
            row
        };
        assert_eq!((rows.len(), row(1), row(2), row(usize::MAX)), (2, vec![3.0, 4.0], vec![], vec![]));
        assert!(weights.rows("w", 4).is_err());
    }

    #[test]
    fn a_tensor_outside_the_file_is_refused() {
        for (shape, offsets) in
            [("[2]", "[0,8]"), ("[1]", "[4,0]"), ("[3]", "[0,4]"), ("[9223372036854775807,4]", "[0,4]")]
        {
            let head = format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#);
            assert!(parse(file(&head, &[0; 4])).is_err(), "{shape} {offsets}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, head in "\\PC*") {
            let _ = parse(bytes.clone());
            let _ = parse(file(&head, &bytes));
        }
    }
}
