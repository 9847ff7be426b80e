use super::rows::rows;
use crate::geometry::{Axis, Taps, adaptive_window};
use crate::run::Run;
use crate::simd::{Level, Simd, WithSimd};
use crate::slot::Slot;

/// What a pooling takes of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolOp {
    /// The largest cell of the input; padding never wins.
    Max,
    /// The mean of the cells inside the input.
    Average,
    /// The sum of the cells inside the input over the number of cells inside the padded input
    /// (PyTorch's `count_include_pad`).
    AverageWithPadding,
}

/// The windows of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// Windows of equal size, along rows and columns.
    Sliding(Axis, Axis),
    /// [`adaptive_window`](crate::geometry::adaptive_window)s that cover the input, however many outputs there are.
    Adaptive,
}

/// Pooling, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// Maximum or mean.
    pub op: PoolOp,
    /// The windows.
    pub windows: Windows,
}

impl Windows {
    /// The input rows of output row `y`, on an input of `height` rows.
    pub(crate) const fn rows(&self, y: usize, height: usize, outputs: usize) -> Taps {
        match self {
            Self::Sliding(axis, _) => axis.taps(y, height),
            Self::Adaptive => adaptive_taps(y, height, outputs),
        }
    }

    /// The input columns of output column `x`, on an input of `width` columns.
    pub(crate) const fn columns(&self, x: usize, width: usize, outputs: usize) -> Taps {
        match self {
            Self::Sliding(_, axis) => axis.taps(x, width),
            Self::Adaptive => adaptive_taps(x, width, outputs),
        }
    }
}

const fn adaptive_taps(index: usize, input: usize, output: usize) -> Taps {
    let (first, end) = adaptive_window(index, input, output);
    Taps { tap: 0, first, count: end - first, step: 1, padded: end - first }
}

impl Pool {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let level = run.level;
        let ([input], output) = run.operands([&self.input], &self.output);
        for (y, row) in rows(&self.output, output).enumerate() {
            let taps = self.windows.rows(y, self.input.height, self.output.height);
            self.row(level, taps, input, row);
        }
    }

    /// Computes one row of the output from the input rows of `taps`, which are taken modulo the
    /// input's height: the input may be a ring of the rows of a taller map.
    pub(crate) fn row(&self, level: Level, taps: Taps, input: &[f32], output: &mut [f32]) {
        level.dispatch(Row { pool: self, taps, input, output });
    }
}

struct Row<'a> {
    pool: &'a Pool,
    taps: Taps,
    input: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let rows = self.taps;
        match self.pool.op {
            PoolOp::Max => self.each(s, |a, b| s.maximum(a, b), f32::NEG_INFINITY, |_| 1.0),
            PoolOp::Average => {
                self.each(s, |a, b| s.add(a, b), 0.0, |columns| (rows.count * columns.count) as f32)
            }
            PoolOp::AverageWithPadding => {
                self.each(s, |a, b| s.add(a, b), 0.0, |columns| (rows.padded * columns.padded) as f32)
            }
        }
    }
}

/// One window: its taps and the floats that they step by.
#[derive(Clone, Copy)]
struct Window {
    rows: Taps,
    columns: Taps,
    height: usize,
    row: usize,
    pixel: usize,
}

impl Row<'_> {
    /// Reduces every window with `join`, a window without cells to `empty`, and divides by `divisor`.
    #[inline(always)]
    fn each<S: Simd>(
        self,
        s: S,
        join: impl Fn(S::V, S::V) -> S::V + Copy,
        empty: f32,
        divisor: impl Fn(Taps) -> f32,
    ) {
        let Slot { height, width, channels, pitch, .. } = self.pool.input;
        let Slot { width: outputs, pitch: out_pitch, .. } = self.pool.output;
        for (x, pixel) in self.output.chunks_mut(out_pitch).enumerate() {
            let columns = self.pool.windows.columns(x, width, outputs);
            let window = Window { rows: self.taps, columns, height, row: width * pitch, pixel: pitch };
            let pixel = &mut pixel[..channels];
            if window.rows.count * columns.count == 0 {
                pixel.fill(empty);
                continue;
            }
            let share = s.splat(1.0 / divisor(columns));
            let mut done = 0;
            for four in pixel.chunks_exact_mut(4 * S::LANES) {
                let sums = window.reduce(s, &self.input[done..], four.len(), join, |cell| {
                    let (a, b) = cell.split_at(2 * S::LANES);
                    [s.load(a), s.load(&a[S::LANES..]), s.load(b), s.load(&b[S::LANES..])]
                });
                for (lanes, sum) in four.chunks_exact_mut(S::LANES).zip(sums) {
                    s.store(s.mul(sum, share), lanes);
                }
                done += four.len();
            }
            for lanes in pixel[done..].chunks_mut(S::LANES) {
                let [sum] =
                    window.reduce(s, &self.input[done..], lanes.len(), join, |cell| [s.load_partial(cell)]);
                s.store_partial(s.mul(sum, share), lanes);
                done += lanes.len();
            }
        }
    }
}

impl Window {
    /// Joins cells of so many `floats`, first those of each row, then the rows: sums of large windows
    /// stay accurate.
    #[inline(always)]
    fn reduce<S: Simd, const N: usize>(
        &self,
        s: S,
        input: &[f32],
        floats: usize,
        join: impl Fn(S::V, S::V) -> S::V,
        load: impl Fn(&[f32]) -> [S::V; N],
    ) -> [S::V; N] {
        let mut total = [s.splat(0.0); N];
        let mut row = self.rows.first % self.height;
        for index in 0..self.rows.count {
            let mut at = row * self.row + self.columns.first * self.pixel;
            let mut sums = load(&input[at..at + floats]);
            for _ in 1..self.columns.count {
                at += self.columns.step * self.pixel;
                let cell = load(&input[at..at + floats]);
                for n in 0..N {
                    sums[n] = join(sums[n], cell[n]);
                }
            }
            for n in 0..N {
                total[n] = if index == 0 { sums[n] } else { join(total[n], sums[n]) };
            }
            row = (row + self.rows.step) % self.height;
        }
        total
    }
}
