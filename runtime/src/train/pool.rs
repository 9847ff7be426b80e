use super::Pass;
use super::rows::clear;
use crate::geometry::{Axis, Taps};
use crate::kernels::Windows;
use crate::kernels::rows::{load, store};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// What a pooling took of its windows, and what its gradient has to know for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pooled {
    /// The largest cell. It gets the whole gradient.
    Max {
        /// Which it was, as [`MaxPool`](super::MaxPool) has left it.
        choice: Slot,
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
        // A mean makes no choice; the gradient, which is read anyway, stands for it.
        let choice = match self.pooled {
            Pooled::Max { choice } => choice,
            Pooled::Average | Pooled::AverageWithPadding => self.gradient,
        };
        let ([gradient, choices], output) = pass.run.operands([&self.gradient, &choice], &self.output);
        let Slot { width, channels, pitch, .. } = self.output;
        let covered = self.covered();
        let [rows, columns] = covered.unwrap_or([0, 0]);
        for (y, row) in output.chunks_mut(width * pitch).enumerate() {
            let covered = if y < rows { columns * pitch } else { 0 };
            clear(row.get_mut(covered..).unwrap_or_default(), channels, pitch);
        }
        let add = covered.is_none();
        level.dispatch(Map { kernel: self, add, pitch: choice.pitch, choices, gradient, output });
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
    /// Of the choices.
    pitch: usize,
    choices: &'a [f32],
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
                    cells: Cells::new([down, across], width, pitch),
                    share: 1.0 / cells as f32,
                };
                let pixel = y * columns + x;
                let own = &self.gradient[pixel * step..][..channels];
                let choices = &self.choices[pixel * self.pitch..][..channels];
                window.spread::<S, MAX, ADD>(s, own, choices, self.output);
            }
        }
    }
}

/// Where a window's cells lie in a tensor.
pub(super) struct Cells {
    first: usize,
    row: usize,
    column: usize,
}

impl Cells {
    #[inline(always)]
    pub(super) fn new([down, across]: [Taps; 2], width: usize, pitch: usize) -> Self {
        let first = (down.first * width + across.first) * pitch;
        Self { first, row: down.step * width * pitch, column: across.step * pitch }
    }

    /// The first float of a cell.
    #[inline(always)]
    pub(super) fn at(&self, row: usize, column: usize) -> usize {
        self.first + row * self.row + column * self.column
    }
}

/// One window on the gradient that is written.
struct Window {
    counts: [usize; 2],
    cells: Cells,
    share: f32,
}

impl Window {
    /// Hands out the gradient of a pixel.
    #[inline(always)]
    fn spread<S: Simd, const MAX: bool, const ADD: bool>(
        &self,
        s: S,
        gradient: &[f32],
        choices: &[f32],
        output: &mut [f32],
    ) {
        let whole = gradient.len() / S::LANES * S::LANES;
        let (vectors, rest) = gradient.split_at(whole);
        for (index, g) in vectors.chunks_exact(S::LANES).enumerate() {
            let channel = index * S::LANES;
            let choice = if MAX { s.load(&choices[channel..]) } else { s.splat(0.0) };
            self.vector::<S, MAX, ADD>(s, [s.load(g), choice], channel, S::LANES, output);
        }
        if !rest.is_empty() {
            let choice = if MAX { s.load_partial(&choices[whole..]) } else { s.splat(0.0) };
            self.vector::<S, MAX, ADD>(s, [s.load_partial(rest), choice], whole, rest.len(), output);
        }
    }

    /// Hands out a vector of gradients.
    #[inline(always)]
    fn vector<S: Simd, const MAX: bool, const ADD: bool>(
        &self,
        s: S,
        [g, choice]: [S::V; 2],
        channel: usize,
        lanes: usize,
        output: &mut [f32],
    ) {
        let (share, zero) = (s.mul(g, s.splat(self.share)), s.splat(0.0));
        // What is left to give.
        let mut rest = g;
        // Macros, because nothing makes the compiler inline a closure.
        macro_rules! give {
            ($row:expr, $column:expr, $index:expr) => {
                let given = if MAX {
                    let chosen = s.lt(choice, s.splat($index as f32 + 0.5));
                    let given = s.select(chosen, rest, zero);
                    rest = s.select(chosen, zero, rest);
                    given
                } else {
                    share
                };
                let to = &mut output[self.cells.at($row, $column) + channel..][..lanes];
                store(s, if ADD { s.add(load(s, to), given) } else { given }, to);
            };
        }
        let [rows, columns] = self.counts;
        if self.counts == [2, 2] {
            // The commonest window, whose loop is unrolled.
            for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                give!(row, column, 2 * row + column);
            }
        } else {
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                give!(row, column, row * columns + column);
            }
        }
    }
}
