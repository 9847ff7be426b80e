use super::Pass;
use super::derivatives::clip;
use super::rows::clear;
use crate::geometry::{Axis, Taps};
use crate::kernels::rows::{load, store};
use crate::kernels::{Activation, Windows};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// What a pooling took of its windows, and what its gradient has to know for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pooled {
    /// The largest cell. It gets the whole gradient, or the first of several, row by row, does (PyTorch's choice).
    Max {
        /// What the pooling read.
        input: Slot,
        /// What made `input`: a function that limits, or `Linear`. The gradient written is that of what it was given,
        /// as [`ActivateGradient`](super::ActivateGradient) would make it after the pooling.
        activation: Activation,
    },
    /// The mean of the cells inside the input.
    Average,
    /// The sum of the cells inside the input over the number of cells inside the padded input.
    AverageWithPadding,
}

/// The gradient of [`Pool`](crate::kernels::Pool).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolGradient {
    /// Gradient of the result.
    pub gradient: Slot,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// Maximum or mean.
    pub pooled: Pooled,
    /// The windows.
    pub windows: Windows,
}

impl PoolGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        // A mean needs no input; the gradient, which is read anyway, stands for it.
        let (input, activation) = match self.pooled {
            Pooled::Max { input, activation } => (input, activation),
            Pooled::Average | Pooled::AverageWithPadding => (self.gradient, Activation::Linear),
        };
        let limits = activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let ([gradient, data], output) = pass.run.operands([&self.gradient, &input], &self.output);
        let Slot { width, channels, pitch, .. } = self.output;
        let covered = self.covered();
        let [rows, columns] = covered.unwrap_or([0, 0]);
        for (y, row) in output.chunks_mut(width * pitch).enumerate() {
            let covered = if y < rows { columns * pitch } else { 0 };
            clear(row.get_mut(covered..).unwrap_or_default(), channels, pitch);
        }
        level.dispatch(Map { kernel: self, add: covered.is_none(), limits, input, data, gradient, output });
    }

    /// Rows and columns at the start of the input, every cell of which lies in one window; `None` where windows overlap
    /// or leave out cells between them.
    fn covered(&self) -> Option<[usize; 2]> {
        let side = |window: Option<Axis>, input: usize, output: usize| match window {
            Some(Axis { kernel, stride, dilation, before: 0, .. }) if kernel == stride && dilation == 1 => {
                Some((kernel * output).min(input))
            }
            None if input.is_multiple_of(output) => Some(input),
            _ => None,
        };
        let axes = match self.windows {
            Windows::Sliding(rows, columns) => [Some(rows), Some(columns)],
            Windows::Adaptive => [None, None],
        };
        let (input, output) = (&self.output, &self.gradient);
        Some([side(axes[0], input.height, output.height)?, side(axes[1], input.width, output.width)?])
    }
}

struct Map<'a> {
    kernel: &'a PoolGradient,
    /// Whether to add to the output.
    add: bool,
    limits: [f32; 2],
    input: Slot,
    data: &'a [f32],
    gradient: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        match (self.kernel.pooled, self.add) {
            (Pooled::Max { .. }, true) => self.each::<S, true, true>(s),
            (Pooled::Max { .. }, false) => self.each::<S, true, false>(s),
            (_, true) => self.each::<S, false, true>(s),
            (_, false) => self.each::<S, false, false>(s),
        }
    }
}

impl Map<'_> {
    /// Hands out the gradient of each window.
    #[inline(always)]
    fn each<S: Simd, const MAX: bool, const ADD: bool>(self, s: S) {
        let Slot { height: rows, width: columns, pitch: step, .. } = self.kernel.gradient;
        let Slot { height, width, channels, pitch, .. } = self.kernel.output;
        for y in 0..rows {
            let down = self.kernel.windows.rows(y, height, rows);
            for x in 0..columns {
                let across = self.kernel.windows.columns(x, width, columns);
                if down.count * across.count == 0 {
                    continue;
                }
                let cells = match self.kernel.pooled {
                    Pooled::Max { .. } => 1,
                    Pooled::Average => down.count * across.count,
                    Pooled::AverageWithPadding => down.padded * across.padded,
                };
                let window = Window {
                    counts: [down.count, across.count],
                    input: Cells::new([down, across], width, self.input.pitch),
                    output: Cells::new([down, across], width, pitch),
                    limits: self.limits,
                    share: 1.0 / cells as f32,
                };
                let pixel = &self.gradient[(y * columns + x) * step..][..channels];
                window.spread::<S, MAX, ADD>(s, pixel, self.data, self.output);
            }
        }
    }
}

/// Where a window's cells lie in a tensor.
struct Cells {
    first: usize,
    row: usize,
    column: usize,
}

impl Cells {
    #[inline(always)]
    fn new([down, across]: [Taps; 2], width: usize, pitch: usize) -> Self {
        let first = (down.first * width + across.first) * pitch;
        Self { first, row: down.step * width * pitch, column: across.step * pitch }
    }

    /// The first float of a cell.
    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> usize {
        self.first + row * self.row + column * self.column
    }
}

/// One window, on the input and on its gradient.
struct Window {
    counts: [usize; 2],
    input: Cells,
    output: Cells,
    limits: [f32; 2],
    share: f32,
}

impl Window {
    /// Hands out the gradient of a pixel.
    #[inline(always)]
    fn spread<S: Simd, const MAX: bool, const ADD: bool>(
        &self,
        s: S,
        gradient: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) {
        let whole = gradient.len() / S::LANES * S::LANES;
        let (vectors, rest) = gradient.split_at(whole);
        for (index, g) in vectors.chunks_exact(S::LANES).enumerate() {
            self.vector::<S, MAX, ADD>(s, s.load(g), index * S::LANES, S::LANES, input, output);
        }
        if !rest.is_empty() {
            self.vector::<S, MAX, ADD>(s, s.load_partial(rest), whole, rest.len(), input, output);
        }
    }

    /// Hands out a vector of gradients.
    #[inline(always)]
    fn vector<S: Simd, const MAX: bool, const ADD: bool>(
        &self,
        s: S,
        g: S::V,
        channel: usize,
        lanes: usize,
        input: &[f32],
        output: &mut [f32],
    ) {
        // Macros, because nothing makes the compiler inline a closure.
        macro_rules! read {
            ($row:expr, $column:expr) => {
                load(s, &input[self.input.at($row, $column) + channel..][..lanes])
            };
        }
        macro_rules! write {
            ($row:expr, $column:expr, $value:expr) => {
                let to = &mut output[self.output.at($row, $column) + channel..][..lanes];
                store(s, if ADD { s.add(load(s, to), $value) } else { $value }, to);
            };
        }
        let [rows, columns] = self.counts;
        if !MAX {
            let share = s.mul(g, s.splat(self.share));
            for row in 0..rows {
                for column in 0..columns {
                    write!(row, column, share);
                }
            }
        } else if [rows, columns] == [2, 2] {
            // The commonest window, whose cells stay in registers.
            let [a, b, c, d] = [read!(0, 0), read!(0, 1), read!(1, 0), read!(1, 1)];
            let top = s.max(s.max(a, b), s.max(c, d));
            let rest = clip(s, g, top, self.limits);
            let (given, rest) = give(s, a, top, rest);
            write!(0, 0, given);
            let (given, rest) = give(s, b, top, rest);
            write!(0, 1, given);
            let (given, rest) = give(s, c, top, rest);
            write!(1, 0, given);
            write!(1, 1, give(s, d, top, rest).0);
        } else {
            let mut top = s.splat(f32::NEG_INFINITY);
            for row in 0..rows {
                for column in 0..columns {
                    top = s.max(top, read!(row, column));
                }
            }
            let mut rest = clip(s, g, top, self.limits);
            for row in 0..rows {
                for column in 0..columns {
                    let (given, after) = give(s, read!(row, column), top, rest);
                    write!(row, column, given);
                    rest = after;
                }
            }
        }
    }
}

/// What a cell gets of what is left to give, all of it if it is the largest, and what is left then.
#[inline(always)]
fn give<S: Simd>(s: S, x: S::V, top: S::V, rest: S::V) -> (S::V, S::V) {
    let (below, zero) = (s.lt(x, top), s.splat(0.0));
    (s.select(below, zero, rest), s.select(below, rest, zero))
}
