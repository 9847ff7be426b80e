//! Layers that move cells: padding, cutting, enlarging, joining, reshaping.

use super::Array;

/// What stands in the cells around the input, as `numpy.pad` calls it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// This value.
    Constant(f64),
    /// The mirror image without the border cell.
    Reflect,
    /// The mirror image with the border cell.
    Symmetric,
    /// The border cell.
    Edge,
    /// The input again.
    Wrap,
}

/// Adds cells at top, bottom, left and right.
#[must_use]
pub fn pad(x: &Array, [top, bottom, left, right]: [usize; 4], mode: Padding) -> Array {
    let shape = [x.height + top + bottom, x.width + left + right, x.channels];
    Array::from_fn(shape, |oy, ox, c| {
        let y = source(oy as isize - top as isize, x.height as isize, mode);
        let x_ = source(ox as isize - left as isize, x.width as isize, mode);
        match (x.get(y, x_, c), mode) {
            (Some(value), _) | (None, Padding::Constant(value)) => value,
            (None, _) => panic!("{mode:?} padding reaches past its source"),
        }
    })
}

/// The place inside 0..size whose cell stands at `i`.
fn source(i: isize, size: isize, mode: Padding) -> isize {
    match mode {
        Padding::Constant(_) => i,
        Padding::Reflect if i < 0 => -i,
        Padding::Reflect if i >= size => 2 * (size - 1) - i,
        Padding::Symmetric if i < 0 => -i - 1,
        Padding::Symmetric if i >= size => 2 * size - 1 - i,
        Padding::Reflect | Padding::Symmetric => i,
        Padding::Edge => i.clamp(0, size - 1),
        Padding::Wrap => i.rem_euclid(size),
    }
}

/// Removes cells at top, bottom, left and right.
#[must_use]
pub fn crop(x: &Array, [top, bottom, left, right]: [usize; 4]) -> Array {
    let shape = [x.height - top - bottom, x.width - left - right, x.channels];
    Array::from_fn(shape, |y, x_, c| x.at(y + top, x_ + left, c))
}

/// Keeps every `stride`-th row and column, from the first on.
#[must_use]
pub fn subsample(x: &Array, stride: [usize; 2]) -> Array {
    let shape = [x.height.div_ceil(stride[0]), x.width.div_ceil(stride[1]), x.channels];
    Array::from_fn(shape, |y, x_, c| x.at(y * stride[0], x_ * stride[1], c))
}

/// Repeats every cell `scale` times down and across.
#[must_use]
pub fn nearest(x: &Array, scale: [usize; 2]) -> Array {
    let shape = [x.height * scale[0], x.width * scale[1], x.channels];
    Array::from_fn(shape, |y, x_, c| x.at(y / scale[0], x_ / scale[1], c))
}

/// Enlarges with linear interpolation along both axes. Cell centres lie at whole halves, or with
/// `align_corners` the corner cells of input and output coincide.
#[must_use]
pub fn bilinear(x: &Array, scale: [usize; 2], align_corners: bool) -> Array {
    let shape = [x.height * scale[0], x.width * scale[1], x.channels];
    // Two neighbours and the weight of the second.
    let place = |o: usize, scale: usize, size: usize| {
        let at = match align_corners {
            true if size * scale == 1 => 0.0,
            true => o as f64 * (size - 1) as f64 / (size * scale - 1) as f64,
            false => ((o as f64 + 0.5) / scale as f64 - 0.5).max(0.0),
        };
        let first = at.floor() as usize;
        (first, (first + 1).min(size - 1), at - at.floor())
    };
    Array::from_fn(shape, |oy, ox, c| {
        let (top, bottom, down) = place(oy, scale[0], x.height);
        let (left, right, across) = place(ox, scale[1], x.width);
        let row = |y| x.at(y, left, c) * (1.0 - across) + x.at(y, right, c) * across;
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

/// The channels of all sources, one after the other.
///
/// # Panics
/// Without a source.
#[must_use]
pub fn concat(sources: &[&Array]) -> Array {
    let [height, width, _] = sources.first().expect("a source").shape();
    let channels = sources.iter().map(|source| source.channels).sum();
    Array::from_fn([height, width, channels], |y, x, channel| {
        let mut c = channel;
        for source in sources {
            if c < source.channels {
                return source.at(y, x, c);
            }
            c -= source.channels;
        }
        unreachable!("`channels` is the sum over the sources")
    })
}

/// The same numbers in memory order under another shape.
///
/// # Panics
/// If the shape has another number of cells.
#[must_use]
pub fn reshape(x: &Array, [height, width, channels]: [usize; 3]) -> Array {
    assert_eq!(x.data.len(), height * width * channels, "a reshape keeps the number of cells");
    Array { height, width, channels, data: x.data.clone() }
}

/// Where the pixel (row, column) of a block goes among the channels of one deep pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Depth–column–row, TensorFlow's: row, then column, then the shallow channel fastest.
    Dcr,
    /// Column–row–depth, PyTorch's: the shallow channel, then row, then column fastest.
    Crd,
}

impl Order {
    fn deep(self, [row, column]: [usize; 2], c: usize, block: usize, channels: usize) -> usize {
        match self {
            Self::Dcr => (row * block + column) * channels + c,
            Self::Crd => (c * block + row) * block + column,
        }
    }
}

/// Spreads the channels of every pixel over a block × block square of pixels.
#[must_use]
pub fn depth_to_space(x: &Array, block: usize, order: Order) -> Array {
    let channels = x.channels / (block * block);
    Array::from_fn([x.height * block, x.width * block, channels], |y, x_, c| {
        x.at(y / block, x_ / block, order.deep([y % block, x_ % block], c, block, channels))
    })
}

/// Gathers every block × block square of pixels in the channels of one pixel.
#[must_use]
pub fn space_to_depth(x: &Array, block: usize, order: Order) -> Array {
    let shape = [x.height / block, x.width / block, x.channels * block * block];
    let mut deep = Array::from_fn(shape, |_, _, _| f64::NAN);
    for y in 0..shape[0] * block {
        for x_ in 0..shape[1] * block {
            for c in 0..x.channels {
                let channel = order.deep([y % block, x_ % block], c, block, x.channels);
                deep.data[(y / block * shape[1] + x_ / block) * shape[2] + channel] = x.at(y, x_, c);
            }
        }
    }
    deep
}
