//! Many channels to one: their mean, or the one channel that carries the voice.
//!
//! A headset on one input of a stereo interface loses 6 dB in the mean, and a balanced line
//! taken for stereo cancels out. The loudest block of the last seconds decides: where the
//! mean loses more than 4.5 dB against the loudest channel, that channel alone is heard.

/// More channels than these are always averaged.
const MOST: usize = 8;
/// Below this share of the loudest channel's power the mean is given up (−4.5 dB); for more
/// than two channels accordingly less, so that independent noise (1 / channels) does not.
const LOW: f32 = 0.35;
/// Above so many times [`LOW`] it is taken again.
const AGAIN: f32 = 1.8;
/// The loudest block counts for half after so many seconds.
const HALF_LIFE: f32 = 2.0;
/// From this magnitude on a sample is at full scale, and so many in a row are clipping.
const FULL: f32 = 0.989;
const CUT_OFF: u32 = 3;

/// The state between blocks. Nothing in it allocates.
#[derive(Debug)]
pub struct Mixer {
    channels: usize,
    rate: f32,
    loudest: f32,
    chosen: Option<usize>,
    runs: [u32; MOST],
}

/// How one block becomes mono.
#[derive(Debug, Clone, Copy)]
pub struct Blend {
    from: Option<usize>,
    to: Option<usize>,
    step: f32,
}

impl Mixer {
    /// For so many channels at this rate.
    pub fn new(channels: u16, rate: u32) -> Self {
        let channels = usize::from(channels).max(1);
        Self { channels, rate: rate as f32, loudest: 0.0, chosen: None, runs: [0; MOST] }
    }

    /// Looks at a block of frames (an iterator of interleaved samples): how it becomes mono,
    /// and how many peaks in it were cut off.
    pub fn look(&mut self, samples: impl ExactSizeIterator<Item = f32>) -> (Blend, u64) {
        let frames = samples.len() / self.channels;
        let (mut power, mut mean, mut sum) = ([0.0_f32; MOST], 0.0_f32, 0.0);
        let (mut channel, mut cut_off) = (0, 0);
        for sample in samples {
            sum += sample;
            if let (Some(power), Some(run)) = (power.get_mut(channel), self.runs.get_mut(channel)) {
                *power += sample * sample;
                *run = if sample.abs() >= FULL { *run + 1 } else { 0 };
                cut_off += u64::from(*run == CUT_OFF);
            }
            channel += 1;
            if channel == self.channels {
                let mono = sum / self.channels as f32;
                mean += mono * mono;
                (channel, sum) = (0, 0.0);
            }
        }
        let from = self.chosen;
        if (2..=MOST).contains(&self.channels) && frames > 0 {
            let (best, most) =
                power.iter().enumerate().fold((0, 0.0), |m, (i, &p)| if p > m.1 { (i, p) } else { m });
            let loud = most / frames as f32;
            self.loudest *= 0.5_f32.powf(frames as f32 / self.rate / HALF_LIFE);
            if loud > 0.0 && loud >= self.loudest {
                self.loudest = loud;
                let low = LOW * 2.0 / self.channels as f32;
                let share = mean / most;
                if share < low {
                    self.chosen = Some(best);
                } else if share > low * AGAIN {
                    self.chosen = None;
                }
            }
        }
        (Blend { from, to: self.chosen, step: 1.0 / frames.max(1) as f32 }, cut_off)
    }
}

impl Blend {
    /// Frame number `at` of the block as mono; a change is faded in over the block.
    pub fn mono(&self, at: usize, frame: impl Iterator<Item = f32> + Clone) -> f32 {
        let heard = |choice: Option<usize>| match choice {
            Some(channel) => frame.clone().nth(channel).unwrap_or(0.0),
            None => {
                let (sum, n) = frame.clone().fold((0.0, 0.0_f32), |(sum, n), s| (sum + s, n + 1.0));
                sum / n.max(1.0)
            }
        };
        if self.from == self.to {
            return heard(self.to);
        }
        let share = at as f32 * self.step;
        heard(self.from) * (1.0 - share) + heard(self.to) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mono of `blocks` blocks of these frames.
    fn mix<const N: usize>(mixer: &mut Mixer, frames: &[[f32; N]], blocks: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for _ in 0..blocks {
            let (blend, _) = mixer.look(frames.as_flattened().iter().copied());
            out = frames.iter().enumerate().map(|(i, f)| blend.mono(i, f.iter().copied())).collect();
        }
        out
    }

    fn voice(i: usize) -> f32 {
        0.3 * (i as f32 * 0.1).sin()
    }

    #[test]
    fn a_headset_on_one_channel_is_heard_at_its_full_level() {
        let frames: Vec<[f32; 2]> = (0..480).map(|i| [0.0, voice(i)]).collect();
        let out = mix(&mut Mixer::new(2, 48_000), &frames, 2);
        assert!(out.iter().enumerate().all(|(i, s)| *s == voice(i)));
    }

    #[test]
    fn opposite_phases_do_not_cancel() {
        let frames: Vec<[f32; 2]> = (0..480).map(|i| [voice(i), -voice(i)]).collect();
        let out = mix(&mut Mixer::new(2, 48_000), &frames, 2);
        assert!(out.iter().enumerate().all(|(i, s)| *s == voice(i)));
    }

    #[test]
    fn the_same_on_all_channels_and_independent_noise_are_averaged() {
        let frames: Vec<[f32; 3]> = (0..480).map(|i| [voice(i); 3]).collect();
        let mut mixer = Mixer::new(3, 48_000);
        mix(&mut mixer, &frames, 3);
        assert_eq!(mixer.chosen, None);
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as f32 / u32::MAX as f32 - 0.5
        };
        let frames: Vec<[f32; 2]> = (0..48_000).map(|_| [noise(), noise()]).collect();
        let mut mixer = Mixer::new(2, 48_000);
        for block in frames.chunks(1_024) {
            mix(&mut mixer, block, 1);
            assert_eq!(mixer.chosen, None);
        }
    }

    #[test]
    fn hum_on_the_other_channel_does_not_take_the_voice_away() {
        let mut mixer = Mixer::new(2, 48_000);
        let speech: Vec<[f32; 2]> = (0..480).map(|i| [voice(i), 0.01]).collect();
        let pause = [[0.0, 0.01]; 480];
        mix(&mut mixer, &speech, 10);
        mix(&mut mixer, &pause, 100);
        assert_eq!(mixer.chosen, Some(0), "a pause of a second");
        mix(&mut mixer, &pause, 10_000);
        mix(&mut mixer, &speech, 1);
        assert_eq!(mixer.chosen, Some(0), "the first block of speech");
    }

    #[test]
    fn a_change_of_channel_makes_no_click() {
        let mut mixer = Mixer::new(2, 48_000);
        let frames: Vec<[f32; 2]> = (0..1_024).map(|i| [0.0, voice(i)]).collect();
        let out = mix(&mut mixer, &frames, 1);
        assert!(out.windows(2).all(|w| (w[1] - w[0]).abs() < 0.035));
    }

    #[test]
    fn peaks_that_are_cut_off_are_counted_once_each() {
        let mut mixer = Mixer::new(1, 48_000);
        assert_eq!(mixer.look([0.0, 1.0, 1.0, 0.5, 1.0, 1.0].into_iter()).1, 0);
        assert_eq!(mixer.look([1.0, 1.0, 0.0, -1.0, -1.0, -1.0].into_iter()).1, 2);
    }
}
