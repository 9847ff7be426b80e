//! The maps of a layer as one picture.

use convolve::Layer;

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
    /// All maps of a layer after ReLU on one scale, so that they can be compared; none of a vector.
    pub(crate) fn of(layer: Layer<'_>) -> Option<Self> {
        let &[height, across, channels] = layer.shape else { return None };
        let columns = channels.div_ceil(ROWS);
        let width = columns * (across + 1) - 1;
        let mut pixels = vec![[0; 4]; width * (ROWS * (height + 1) - 1)];
        let most = layer.data.iter().copied().fold(0.0, f32::max);
        for (index, cell) in layer.data.chunks_exact(channels).enumerate() {
            let (y, x) = (index / across, index % across);
            for (map, value) in cell.iter().enumerate() {
                let top = map / columns * (height + 1);
                let left = map % columns * (across + 1);
                let share = if most > 0.0 { value / most } else { 0.0 };
                let colour = colorous::VIRIDIS.eval_continuous(f64::from(share.clamp(0.0, 1.0)));
                pixels[(top + y) * width + left + x] = [colour.r, colour.g, colour.b, 255];
            }
        }
        Some(Self { pixels, width, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lie_side_by_side() {
        // Eight maps of 1×2, the last of which is the lightest.
        let mut data = [0.0; 16];
        (data[7], data[15]) = (1.0, 2.0);
        let maps = Layer { name: "maps", shape: &[1, 2, 8], data: &data };
        let Picture { pixels, width, most } = Picture::of(maps).expect("maps");
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
        let maps = Layer { name: "maps", shape: &[1, 1, 4], data: &[0.0; 4] };
        let picture = Picture::of(maps).expect("maps");
        assert!(picture.pixels.iter().all(|pixel| pixel[3] == 0 || pixel[0] == 68));
    }

    #[test]
    fn a_vector_has_no_maps() {
        assert!(Picture::of(Layer { name: "vector", shape: &[4], data: &[0.0; 4] }).is_none());
    }
}
