//! A set of token ids, as wide as the vocabulary.

/// One bit per token. The output layer asks sixteen neighbours at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set over `size` tokens.
    pub fn none(size: usize) -> Self {
        Self { words: vec![0; size.div_ceil(64)] }
    }

    /// All of `size` tokens.
    pub fn all(size: usize) -> Self {
        let mut words = vec![u64::MAX; size.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !size.is_multiple_of(64)
        {
            *last = (1 << (size % 64)) - 1;
        }
        Self { words }
    }

    /// Puts a token in. Ids past the vocabulary are left out.
    pub fn insert(&mut self, id: u32) {
        if let Some(word) = self.words.get_mut(id as usize / 64) {
            *word |= 1 << (id % 64);
        }
    }

    /// Takes a token out.
    pub fn remove(&mut self, id: u32) {
        if let Some(word) = self.words.get_mut(id as usize / 64) {
            *word &= !(1 << (id % 64));
        }
    }

    /// Takes all out; keeps the memory.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// The empty set over `size` tokens, in the memory that is there.
    pub fn fit(&mut self, size: usize) {
        self.words.clear();
        self.words.resize(size.div_ceil(64), 0);
    }

    /// Becomes a copy of another set, in the memory that is there.
    pub fn copy(&mut self, other: &Bits) {
        self.words.clone_from(&other.words);
    }

    /// Takes all of another set in.
    pub fn add(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    /// Is none in?
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// All that are in, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let of = |(at, word): (u32, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        };
        (0u32..).zip(&self.words).flat_map(of)
    }

    /// Is it in?
    pub fn contains(&self, id: u32) -> bool {
        self.words.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// The tokens `16 × group` to `16 × group + 15`, the lowest id in the lowest bit.
    pub fn group(&self, group: usize) -> u16 {
        self.words.get(group / 4).map_or(0, |word| (word >> (group % 4 * 16)) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_past_its_end() {
        let mut set = Bits::none(70);
        for id in [0, 17, 69, 700] {
            set.insert(id);
        }
        assert!(set.contains(0) && set.contains(17) && set.contains(69) && !set.contains(700));
        assert_eq!((set.group(0), set.group(1), set.group(4), set.group(9)), (1, 2, 1 << 5, 0));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 17, 69]);
        let mut more = Bits::none(70);
        assert!(more.is_empty());
        more.insert(3);
        more.add(&set);
        assert_eq!(more.iter().collect::<Vec<_>>(), [0, 3, 17, 69]);
        more.copy(&set);
        assert_eq!(more, set);
        set.remove(17);
        assert_eq!(set.group(1), 0);
        assert_eq!(Bits::all(70).group(4), 0b11_1111);
    }
}
