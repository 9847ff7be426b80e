//! Numbers to colours, channel by channel.

use clap::ValueEnum;
use convolve_compiler::trace::Value;

use crate::draw::colour::{Map, colour};
use crate::draw::figure::Colour;

/// What the smallest and the largest number, which have the ends of the colour map, are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// Each map: small differences show
    #[default]
    Map,
    /// The whole layer: maps can be compared
    Layer,
}

/// Cells of a row of a long vector.
pub(super) const STRIP: usize = 64;

/// The smallest and the largest of the numbers that are finite; zeros if there is none.
pub(super) fn range(data: impl Iterator<Item = f32>) -> [f32; 2] {
    let finite = data.filter(|x| x.is_finite());
    let ends =
        finite.fold([f32::INFINITY, f32::NEG_INFINITY], |[least, most], x| [least.min(x), most.max(x)]);
    if ends[0] > ends[1] { [0.0; 2] } else { ends }
}

/// The numbers of one channel, row by row.
pub(super) fn channel(value: &Value, channel: usize) -> impl Iterator<Item = f32> {
    value.data.iter().skip(channel).step_by(value.shape.channels()).copied()
}

/// The place of a number in a range, from 0 to 1; 0 where the range is empty.
pub(super) fn place(x: f32, [least, most]: [f32; 2]) -> f32 {
    // Halves, so that the range of the largest numbers is finite.
    let (x, least, most) = (0.5 * x, 0.5 * least, 0.5 * most);
    if most > least || x.is_nan() { (x - least) / (most - least) } else { 0.0 }
}

/// The colours of each channel, row by row.
pub(super) fn pixels(value: &Value, map: Map, scale: Scale) -> Vec<Vec<Colour>> {
    let whole = range(value.data.iter().copied());
    let one = |index: usize| {
        let ends = match scale {
            Scale::Map => range(channel(value, index)),
            Scale::Layer => whole,
        };
        channel(value, index).map(|x| colour(map, place(x, ends))).collect()
    };
    (0..value.shape.channels()).map(one).collect()
}

/// Pixels of a picture, row by row; nothing between maps.
pub(crate) struct Atlas {
    pub(crate) columns: usize,
    pub(crate) pixels: Vec<Option<Colour>>,
}

/// The first maps of a value, at most so many, in one picture with a pixel for each number and one between maps; a
/// vector is row after row.
pub(crate) fn atlas(value: &Value, map: Map, scale: Scale, most: usize) -> Atlas {
    let [height, width, channels] = value.shape.extents();
    if height * width == 1 {
        let columns = channels.min(STRIP);
        let ends = range(value.data.iter().copied());
        let mut pixels: Vec<Option<Colour>> =
            value.data.iter().map(|&x| Some(colour(map, place(x, ends)))).collect();
        pixels.resize(channels.next_multiple_of(columns), None);
        return Atlas { columns, pixels };
    }
    let maps = channels.min(most);
    let across = grid(maps, [width + 1, height + 1]);
    let columns = across * (width + 1) - 1;
    let rows = maps.div_ceil(across) * (height + 1) - 1;
    let mut pixels = vec![None; columns * rows];
    for (index, map) in self::pixels(value, map, scale).iter().take(maps).enumerate() {
        let corner = (index / across * (height + 1)) * columns + index % across * (width + 1);
        for (row, line) in map.chunks_exact(width).enumerate() {
            let place = &mut pixels[corner + row * columns..][..width];
            place.iter_mut().zip(line).for_each(|(pixel, &colour)| *pixel = Some(colour));
        }
    }
    Atlas { columns, pixels }
}

/// Columns of a grid of so many tiles that is about three by two.
pub(super) fn grid(tiles: usize, [width, height]: [usize; 2]) -> usize {
    let columns = (1.5 * tiles as f64 * height as f64 / width as f64).sqrt().round() as usize;
    columns.clamp(1, tiles.max(1))
}

#[cfg(test)]
mod tests {
    use convolve_compiler::graph::Shape;

    use super::*;

    fn value(height: usize, width: usize, channels: usize, data: &[f32]) -> Value {
        let shape = Shape::Map { height, width, channels };
        Value { layer: "layer".to_owned(), shape, data: data.to_vec() }
    }

    #[test]
    fn a_map_has_its_own_ends_or_those_of_the_layer() {
        // Two maps of two pixels: 0, 1 and 2, 4.
        let value = value(1, 2, 2, &[0.0, 2.0, 1.0, 4.0]);
        let grey = |scale| pixels(&value, Map::Grey, scale).into_iter().flatten().map(|[r, ..]| r).collect();
        let (own, shared): (Vec<u8>, Vec<u8>) = (grey(Scale::Map), grey(Scale::Layer));
        assert_eq!(own, [0, 255, 0, 255]);
        assert_eq!(shared, [0, 64, 128, 255]);
    }

    #[test]
    fn numbers_that_are_none_and_equal_ones_have_a_place() {
        assert_eq!(range([f32::NAN, 2.0, f32::INFINITY, 1.0].into_iter()), [1.0, 2.0]);
        assert_eq!(range([f32::NAN].into_iter()), [0.0, 0.0]);
        assert_eq!(place(3.0, [3.0, 3.0]), 0.0);
        assert_eq!(place(0.0, [f32::MIN, f32::MAX]), 0.5);
        assert!(place(f32::NAN, [0.0, 1.0]).is_nan());
    }

    #[test]
    fn an_atlas_has_every_map_in_its_tile() {
        // Three maps of two rows: two tiles across with a pixel between them, and two down.
        let value = value(2, 1, 3, &[0.0, 1.0, 5.0, 1.0, 0.0, 5.0]);
        let Atlas { columns, pixels } = atlas(&value, Map::Grey, Scale::Map, 64);
        let reds: Vec<Option<u8>> = pixels.iter().map(|pixel| pixel.map(|[red, ..]| red)).collect();
        assert_eq!(columns, 5);
        assert_eq!(reds[..5], [Some(0), None, Some(255), None, Some(0)]);
        assert_eq!(reds[5..], [Some(255), None, Some(0), None, Some(0)]);
        let Atlas { columns, pixels } = atlas(&value, Map::Grey, Scale::Map, 1);
        assert_eq!((columns, pixels.len()), (1, 2));
    }
}
