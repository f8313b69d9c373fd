//! Pixels become PNG files, cut and in grey where that is wanted.

use std::io;

/// A picture of a page: four bytes a pixel, red first.
pub(super) struct Pixels {
    pub width: usize,
    pub height: usize,
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// The whole picture in grey.
    pub fn grey(&self) -> io::Result<Vec<u8>> {
        let grey = self.rgba.as_chunks::<4>().0.iter().map(|[r, g, b, _]| {
            // Luma of Rec. 601, in integers.
            let sum = 77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b);
            (sum >> 8) as u8
        });
        encode(self.width, self.height, png::ColorType::Grayscale, &grey.collect::<Vec<u8>>())
    }

    /// A part of the picture, in colours.
    pub fn part(&self, x: usize, y: usize, width: usize, height: usize) -> io::Result<Vec<u8>> {
        let (x, y) = (x.min(self.width), y.min(self.height));
        let (width, height) = (width.min(self.width - x), height.min(self.height - y));
        let mut rgb = Vec::with_capacity(width * height * 3);
        for row in self.rgba.chunks_exact((self.width * 4).max(1)).skip(y).take(height) {
            let pixels = row.as_chunks::<4>().0;
            rgb.extend(pixels.iter().skip(x).take(width).flat_map(|[r, g, b, _]| [*r, *g, *b]));
        }
        encode(width, height, png::ColorType::Rgb, &rgb)
    }
}

fn encode(width: usize, height: usize, colour: png::ColorType, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let side = |n: usize| u32::try_from(n).map_err(io::Error::other);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(width)?, side(height)?);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(bytes).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out_and_grey_is_one_byte_a_pixel() {
        let rgba = (0..4u8).flat_map(|i| [i * 60, i * 60, i * 60, 255]).collect();
        let pixels = Pixels { width: 2, height: 2, rgba };
        let read = |png: &[u8]| {
            let mut reader = png::Decoder::new(io::Cursor::new(png)).read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(read(&pixels.grey().unwrap()), [0, 60, 120, 180]);
        assert_eq!(read(&pixels.part(1, 0, 9, 9).unwrap()), [60, 60, 60, 180, 180, 180]);
    }
}
