use super::parts::parts;
use super::rows::{copy_channels, copy_pixels, each_row, load, store};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// Copies pixels: concatenation, cropping and subsampling.
///
/// Output pixel `(y, x)` is input pixel `(top + y · stride[0], left + x · stride[1])`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// First row read.
    pub top: usize,
    /// First column read.
    pub left: usize,
    /// Rows and columns from one pixel read to the next.
    pub stride: [usize; 2],
}

/// What stands in the cells around the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// This value.
    Constant(f32),
    /// The input mirrored at its border cells, which are not repeated.
    Reflect,
    /// The input mirrored at its border, the border cells repeated.
    Symmetric,
    /// The nearest border cell.
    Edge,
    /// The input, repeated periodically.
    Wrap,
}

/// Padding of rows and columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pad {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; the rows and columns it has more are the padding.
    pub output: Slot,
    /// Rows above the input.
    pub top: usize,
    /// Columns left of the input.
    pub left: usize,
    /// What stands in the new cells.
    pub mode: PadMode,
}

/// Multiply–adds that take as long as a float is copied.
const MACS: usize = 4;

/// How the channels of a deep pixel are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOrder {
    /// Depth, column, row: channel `(row · block + column) · depth + d` (TensorFlow's).
    DepthLast,
    /// Column, row, depth: channel `(d · block + row) · block + column` (PyTorch's `pixel_shuffle`).
    DepthFirst,
}

/// `depth_to_space` and `space_to_depth`: pixels of a block × block square against channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written: larger than the input for `depth_to_space`, smaller for `space_to_depth`.
    pub output: Slot,
    /// Side of the square.
    pub block: usize,
    /// Order of the deep pixel's channels.
    pub order: BlockOrder,
}

impl Copy {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let team = run.team;
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { width, channels, pitch, .. } = self.output;
        each_row(team, &self.output, output, MACS, |y, row| {
            let first = (self.top + y * self.stride[0]) * self.input.width + self.left;
            let step = self.stride[1] * self.input.pitch;
            copy_pixels(&input[first * self.input.pitch..], step, row, pitch, width, channels);
        });
    }
}

impl PadMode {
    /// The cell of an axis of `size` cells that stands at `at`; none where it is the constant.
    pub(crate) fn source(self, at: isize, size: usize) -> Option<usize> {
        let size = size as isize;
        if (0..size).contains(&at) {
            return Some(at as usize);
        }
        let cell = match self {
            Self::Constant(_) => return None,
            Self::Edge => at.clamp(0, size - 1),
            Self::Wrap => at.rem_euclid(size),
            // A mirror repeats after there and back, with the border cells once or twice.
            Self::Reflect => {
                let place = at.rem_euclid((2 * size - 2).max(1));
                place.min(2 * size - 2 - place)
            }
            Self::Symmetric => {
                let place = at.rem_euclid(2 * size);
                place.min(2 * size - 1 - place)
            }
        };
        Some(cell as usize)
    }
}

impl Pad {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team) = (run.level, run.team);
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { height, width, channels, pitch, .. } = self.input;
        let to = self.output.pitch;
        // A small map, before a small network's first convolution, takes as long as what is called for each row.
        if let PadMode::Constant(value) = self.mode
            && self.input.is_dense()
            && self.output.is_dense()
            && parts(self.output.len() * MACS) == 1
        {
            let first = (self.top * self.output.width + self.left) * channels;
            let rows = [width, self.output.width].map(|width| width * channels);
            return level.dispatch(Frame { input, output, first, rows, value });
        }
        each_row(team, &self.output, output, MACS, |y, row| {
            let Some(source) = self.mode.source(y as isize - self.top as isize, height) else {
                return self.fill(row);
            };
            let from = &input[source * width * pitch..];
            let (left, rest) = row.split_at_mut(self.left * to);
            copy_pixels(from, pitch, rest, to, width, channels);
            // Without padding on the right, the row ends before the gap after its last pixel.
            let right = rest.get_mut(width * to..).unwrap_or_default();
            self.border(from, left, 0);
            self.border(from, right, self.left + width);
        });
    }

    /// Fills the pixels of `border`, the first of which is column `first` of the output, from the
    /// input's row.
    #[inline]
    fn border(&self, input: &[f32], border: &mut [f32], first: usize) {
        if let PadMode::Constant(_) = self.mode {
            return self.fill(border);
        }
        let Slot { width, channels, pitch, .. } = self.input;
        for (x, pixel) in border.chunks_mut(self.output.pitch).enumerate() {
            if let Some(column) = self.mode.source((first + x) as isize - self.left as isize, width) {
                copy_channels(&input[column * pitch..][..channels], &mut pixel[..channels]);
            }
        }
    }

    /// Fills pixels with the constant.
    fn fill(&self, pixels: &mut [f32]) {
        if let PadMode::Constant(value) = self.mode {
            if self.output.is_dense() {
                return pixels.fill(value);
            }
            for pixel in pixels.chunks_mut(self.output.pitch) {
                pixel[..self.output.channels].fill(value);
            }
        }
    }
}

/// Rows of a map without gaps, copied into larger ones.
struct Frame<'a> {
    input: &'a [f32],
    output: &'a mut [f32],
    /// Where the first row goes.
    first: usize,
    /// Floats of a row of either.
    rows: [usize; 2],
    /// What stands between the rows.
    value: f32,
}

impl WithSimd for Frame<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { input, output, first, rows: [from, to], value } = self;
        let (above, below) = output.split_at_mut(first);
        above.fill(value);
        for (row, place) in input.chunks_exact(from).zip(below.chunks_mut(to)) {
            let (place, beside) = place.split_at_mut(from);
            for (floats, place) in row.chunks(S::LANES).zip(place.chunks_mut(S::LANES)) {
                store(s, load(s, floats), place);
            }
            beside.fill(value);
        }
        let end = input.len() / from * to;
        below.get_mut(end..).unwrap_or_default().fill(value);
    }
}

impl Blocks {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let ([input], output) = run.operands([&self.input], &self.output);
        let spread = self.output.channels < self.input.channels;
        let (deep, wide) = if spread { (&self.input, &self.output) } else { (&self.output, &self.input) };
        for y in 0..wide.height {
            for x in 0..wide.width {
                let at_wide = (y * wide.width + x) * wide.pitch;
                let at_deep = (y / self.block * deep.width + x / self.block) * deep.pitch;
                let place = y % self.block * self.block + x % self.block;
                let (start, step) = match self.order {
                    BlockOrder::DepthLast => (at_deep + place * wide.channels, 1),
                    BlockOrder::DepthFirst => (at_deep + place, self.block * self.block),
                };
                if step == 1 {
                    let (from, to) = if spread { (start, at_wide) } else { (at_wide, start) };
                    copy_channels(&input[from..][..wide.channels], &mut output[to..][..wide.channels]);
                    continue;
                }
                for channel in 0..wide.channels {
                    let (shallow, deep) = (at_wide + channel, start + channel * step);
                    let (from, to) = if spread { (deep, shallow) } else { (shallow, deep) };
                    output[to] = input[from];
                }
            }
        }
    }
}
