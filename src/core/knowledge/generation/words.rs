//! A set of words on the disk: sorted, looked up through the memory map.

use std::collections::BTreeSet;
use std::path::Path;

use super::records::{Records, Writer};
use crate::core::Result;

/// The words with letters and digits of all passages, in canonical form.
#[derive(Default)]
pub struct Words {
    records: Option<Records>,
}

impl Words {
    pub(crate) fn write(dir: &Path, words: &BTreeSet<String>) -> Result<()> {
        let mut writer = Writer::create(dir, NAME)?;
        for word in words {
            writer.push(word.as_bytes())?;
        }
        writer.finish()
    }

    pub(crate) fn open(dir: &Path, count: u64) -> Result<Self> {
        Ok(Words { records: Some(Records::open(dir, NAME, count)?) })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.as_ref().map_or(0, Records::len)
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is it one of them? A damaged word is none.
    pub fn contains(&self, word: &str) -> bool {
        let Some(records) = &self.records else { return false };
        let (mut low, mut high) = (0, records.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            let Ok(Some(found)) = records.get(middle) else { return false };
            match found.cmp(word.as_bytes()) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        false
    }
}

const NAME: &str = "designations";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let words: BTreeSet<String> = ["PJ40", "M16", "IP65", "H12", "24V"].map(String::from).into();
        Words::write(dir.path(), &words).unwrap();
        let read = Words::open(dir.path(), 5).unwrap();
        assert!(words.iter().all(|w| read.contains(w)));
        assert!(!["", "M1", "M160", "Z9", "2"].iter().any(|w| read.contains(w)));
        assert!(!Words::default().contains("M16"));
    }
}
