//! The maps of a layer as one picture.

/// Rows of maps in a picture.
const ROWS: usize = 4;

/// Maps side by side, a transparent pixel apart.
pub(crate) struct Picture {
    /// Red, green, blue and alpha, row by row.
    pub(crate) pixels: Vec<[u8; 4]>,
    /// Pixels in a row.
    pub(crate) width: usize,
    /// The largest number, which has the lightest colour; 0 has the darkest.
    pub(crate) most: f32,
}

impl Picture {
    /// All maps of a tensor after ReLU on one scale, so that they can be compared.
    pub(crate) fn of<const H: usize, const W: usize, const C: usize>(maps: &[[[f32; C]; W]; H]) -> Self {
        let columns = C.div_ceil(ROWS);
        let width = columns * (W + 1) - 1;
        let mut pixels = vec![[0; 4]; width * (ROWS * (H + 1) - 1)];
        let most = maps.as_flattened().as_flattened().iter().copied().fold(0.0, f32::max);
        for (y, row) in maps.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                for (map, value) in cell.iter().enumerate() {
                    let top = map / columns * (H + 1);
                    let left = map % columns * (W + 1);
                    let share = if most > 0.0 { value / most } else { 0.0 };
                    let colour = colorous::VIRIDIS.eval_continuous(f64::from(share.clamp(0.0, 1.0)));
                    pixels[(top + y) * width + left + x] = [colour.r, colour.g, colour.b, 255];
                }
            }
        }
        Self { pixels, width, most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lie_side_by_side() {
        // Eight maps of 1×2, the last of which is the lightest.
        let maps = [[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]]];
        let Picture { pixels, width, most } = Picture::of(&maps);
        assert_eq!((width, pixels.len() / width, most), (5, 7, 2.0));
        let [dark, light] = [[68, 1, 84, 255], [253, 231, 37, 255]];
        assert_eq!(pixels[..5], [dark, dark, [0; 4], dark, dark]);
        assert_eq!(pixels[5..10], [[0; 4]; 5]);
        assert_eq!(pixels[30..33], [dark, dark, [0; 4]]);
        assert_eq!(pixels[34], light);
        assert!(![dark, light].contains(&pixels[33]));
    }

    #[test]
    fn nothing_is_dark() {
        assert!(Picture::of(&[[[0.0; 4]]]).pixels.iter().all(|pixel| pixel[3] == 0 || pixel[0] == 68));
    }
}
