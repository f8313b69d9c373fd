//! ADPCM of four bits in WAV, IMA's and Microsoft's: what dictation machines and telephone
//! recorders write. Each block stands alone. Source: "New Multimedia Data Types and Data
//! Techniques", Microsoft, 1994; IMA "Recommended Practices for Enhancing Digital Audio
//! Compatibility", 1992.

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adpcm {
    /// DVI/IMA, tag 0x11.
    Ima,
    /// Microsoft, tag 0x02.
    Microsoft,
}

/// How IMA's step changes with a code, by its magnitude.
const IMA_INDEX: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];
/// IMA's steps, each about a tenth larger than the one before.
const IMA_STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88,
    97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658,
    724, 796, 876, 963, 1_060, 1_166, 1_282, 1_411, 1_552, 1_707, 1_878, 2_066, 2_272, 2_499, 2_749, 3_024,
    3_327, 3_660, 4_026, 4_428, 4_871, 5_358, 5_894, 6_484, 7_132, 7_845, 8_630, 9_493, 10_442, 11_487,
    12_635, 13_899, 15_289, 16_818, 18_500, 20_350, 22_385, 24_623, 27_086, 29_794, 32_767,
];
/// How Microsoft's step changes with a code, in 256ths.
const MS_STEP: [i32; 16] = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];
/// Microsoft's predictors: weights of the last two samples, in 256ths.
const MS_WEIGHTS: [(i32, i32); 7] =
    [(256, 0), (512, -256), (0, 0), (192, 64), (240, 0), (460, -208), (392, -232)];

impl Adpcm {
    /// Bytes of a block that come before its codes.
    pub fn header(self, channels: usize) -> usize {
        match self {
            Adpcm::Ima => 4 * channels,
            Adpcm::Microsoft => 7 * channels,
        }
    }

    /// Frames in a block of so many bytes.
    pub fn frames(self, bytes: usize, channels: usize) -> usize {
        let codes = bytes.saturating_sub(self.header(channels));
        match self {
            Adpcm::Ima => codes / (4 * channels) * 8 + 1,
            Adpcm::Microsoft => codes * 2 / channels + 2,
        }
    }

    /// Decodes one block, the last one perhaps not whole, and appends it mixed to mono.
    pub fn block(self, block: &[u8], channels: usize, out: &mut Vec<f32>) {
        let header = self.header(channels);
        if block.len() < header || channels == 0 {
            return;
        }
        let (header, codes) = block.split_at(header);
        let mut sums = vec![0_i32; self.frames(block.len(), channels)];
        match self {
            Adpcm::Ima => ima(header, codes, channels, &mut sums),
            Adpcm::Microsoft => microsoft(header, codes, channels, &mut sums),
        }
        out.extend(sums.iter().map(|&sum| sum as f32 / (32_768.0 * channels as f32)));
    }
}

/// Four bytes of each channel in turn, the low half of a byte first.
fn ima(header: &[u8], codes: &[u8], channels: usize, sums: &mut [i32]) {
    for (channel, head) in header.chunks_exact(4).enumerate() {
        let mut value = word(head);
        let mut index = usize::from(head[2]).min(88);
        let words = codes.chunks_exact(4).skip(channel).step_by(channels);
        let nibbles = words.flatten().flat_map(|&byte| [byte & 15, byte >> 4]);
        let mut sums = sums.iter_mut();
        if let Some(first) = sums.next() {
            *first += value;
        }
        for (sum, code) in sums.zip(nibbles) {
            let (step, size) = (IMA_STEPS[index], i32::from(code & 7));
            let change = (step * (2 * size + 1)) >> 3;
            value = if code & 8 == 0 { value + change } else { value - change }.clamp(-32_768, 32_767);
            index = (index as i32 + IMA_INDEX[size as usize]).clamp(0, 88) as usize;
            *sum += value;
        }
    }
}

/// A code of each channel in turn, the high half of a byte first.
fn microsoft(header: &[u8], codes: &[u8], channels: usize, sums: &mut [i32]) {
    let (predictors, words) = header.split_at(channels);
    let words: Vec<i32> = words.chunks_exact(2).map(word).collect();
    for channel in 0..channels {
        let (a, b) = MS_WEIGHTS[usize::from(predictors[channel]).min(6)];
        let mut delta = words[channel].max(16);
        let (mut last, mut before) = (words[channels + channel], words[2 * channels + channel]);
        for (sum, value) in sums.iter_mut().zip([before, last]) {
            *sum += value;
        }
        let nibbles = codes.iter().flat_map(|&byte| [byte >> 4, byte & 15]).skip(channel).step_by(channels);
        for (sum, code) in sums.iter_mut().skip(2).zip(nibbles) {
            let signed = if code < 8 { i32::from(code) } else { i32::from(code) - 16 };
            let guess = (last * a + before * b) >> 8;
            // No sound makes the step so large; a damaged file may.
            let value = guess.saturating_add(signed.saturating_mul(delta)).clamp(-32_768, 32_767);
            (before, last) = (last, value);
            delta = ((MS_STEP[usize::from(code)] * delta) >> 8).clamp(16, 1 << 20);
            *sum += value;
        }
    }
}

fn word(bytes: &[u8]) -> i32 {
    i32::from(i16::from_le_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_begins_with_the_samples_of_its_header() {
        let mut out = Vec::new();
        // 0x2000 is a quarter of full scale; a code of zero at the smallest step adds nothing.
        Adpcm::Ima.block(&[0x00, 0x20, 0, 0, 0, 0, 0, 0], 1, &mut out);
        assert_eq!(out.len(), 9);
        assert!(out.iter().all(|s| (s - 0.25).abs() < 0.001), "{out:?}");
        out.clear();
        // Predictor 0 repeats the last sample.
        Adpcm::Microsoft.block(&[0, 16, 0, 0x00, 0x20, 0x00, 0x10, 0, 0], 1, &mut out);
        assert_eq!(out, [0.125, 0.25, 0.25, 0.25, 0.25, 0.25]);
    }

    #[test]
    fn channels_are_mixed_and_whatever_the_bytes_nothing_overflows() {
        for fill in [0x00, 0x7F, 0x80, 0xFF] {
            for (coding, channels) in
                [(Adpcm::Ima, 1), (Adpcm::Ima, 2), (Adpcm::Microsoft, 1), (Adpcm::Microsoft, 2)]
            {
                for length in 0..300 {
                    let mut out = Vec::new();
                    coding.block(&vec![fill; length], channels, &mut out);
                    assert!(out.iter().all(|s| (-1.0..=1.0).contains(s)));
                    let want =
                        if length < coding.header(channels) { 0 } else { coding.frames(length, channels) };
                    assert_eq!(out.len(), want);
                }
            }
        }
    }
}
