//! The last half minute of sound, by position in the stream.

use std::collections::VecDeque;

/// Samples by their position, counted from the opening of the ear. Older ones are forgotten.
#[derive(Debug)]
pub struct Track {
    samples: VecDeque<f32>,
    end: u64,
    most: usize,
}

impl Track {
    /// A track that remembers so many samples.
    pub fn new(most: usize) -> Self {
        Self { samples: VecDeque::new(), end: 0, most }
    }

    /// Appends what was heard.
    pub fn push(&mut self, samples: &[f32]) {
        self.end += samples.len() as u64;
        self.samples.extend(samples.iter().skip(samples.len().saturating_sub(self.most)));
        let surplus = self.samples.len().saturating_sub(self.most);
        self.samples.drain(..surplus);
    }

    /// The position of the next sample.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// What is remembered of the positions `from..to`.
    pub fn slice(&self, from: u64, to: u64) -> Vec<f32> {
        let start = self.end - self.samples.len() as u64;
        let at = |position: u64| position.clamp(start, self.end) - start;
        let (from, to) = (at(from) as usize, at(to) as usize);
        self.samples.range(from.min(to)..to).copied().collect()
    }

    /// Forgets the sound, not the position: after a loss nothing is joined across the gap.
    pub fn clear(&mut self) {
        self.samples.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_stay_while_old_sound_is_forgotten() {
        let mut track = Track::new(4);
        track.push(&[0.0, 1.0, 2.0]);
        track.push(&[3.0, 4.0, 5.0]);
        assert_eq!(track.end(), 6);
        assert_eq!(track.slice(3, 5), [3.0, 4.0]);
        assert_eq!(track.slice(0, 100), [2.0, 3.0, 4.0, 5.0]);
        assert!(track.slice(5, 3).is_empty());
        track.clear();
        assert_eq!((track.end(), track.slice(0, 6).len()), (6, 0));
        track.push(&[6.0]);
        assert_eq!(track.slice(6, 7), [6.0]);
    }

    #[test]
    fn a_block_longer_than_the_track_leaves_its_end() {
        let mut track = Track::new(2);
        track.push(&[1.0, 2.0, 3.0]);
        assert_eq!(track.slice(0, 3), [2.0, 3.0]);
    }
}
