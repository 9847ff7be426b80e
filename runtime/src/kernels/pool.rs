use super::rows::{each_row, load, store};
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
    #[inline]
    pub(crate) const fn rows(&self, y: usize, height: usize, outputs: usize) -> Taps {
        match self {
            Self::Sliding(axis, _) => axis.taps(y, height),
            Self::Adaptive => adaptive_taps(y, height, outputs),
        }
    }

    /// The input columns of output column `x`, on an input of `width` columns.
    #[inline(always)]
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
        let (level, team) = (run.level, run.team);
        let ([input], output) = run.operands([&self.input], &self.output);
        let taps = match self.windows {
            Windows::Sliding(rows, columns) => rows.kernel * columns.kernel,
            Windows::Adaptive => self.input.len() / self.output.len(),
        };
        each_row(team, &self.output, output, 4 * taps.max(1), |y, row| {
            let taps = self.windows.rows(y, self.input.height, self.output.height);
            self.row(level, taps, input, row);
        });
    }

    /// Whether neighbouring rows of the output have input rows in common.
    pub(crate) const fn overlaps(&self) -> bool {
        match self.windows {
            Windows::Sliding(Axis { kernel, stride, .. }, _) => kernel > stride,
            Windows::Adaptive => true,
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
            PoolOp::Max => self.each::<S, true>(s, |_| 1),
            PoolOp::Average => self.each::<S, false>(s, |columns| rows.count * columns.count),
            PoolOp::AverageWithPadding => {
                self.each::<S, false>(s, |columns| rows.padded * columns.padded);
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
    /// Takes the maximum or the sum of every window, over its number of `cells`.
    #[inline(always)]
    fn each<S: Simd, const MAX: bool>(self, s: S, cells: impl Fn(Taps) -> usize) {
        let Slot { height, width, channels, pitch, .. } = self.pool.input;
        let Slot { width: outputs, pitch: out_pitch, .. } = self.pool.output;
        for (x, pixel) in self.output.chunks_mut(out_pitch).enumerate() {
            let columns = self.pool.windows.columns(x, width, outputs);
            let window = Window { rows: self.taps, columns, height, row: width * pitch, pixel: pitch };
            let pixel = &mut pixel[..channels];
            if window.rows.count * columns.count == 0 {
                pixel.fill(if MAX { f32::NEG_INFINITY } else { 0.0 });
                continue;
            }
            let share = 1.0 / cells(columns) as f32;
            let (input, pixel) = window.reduce_blocks::<S, 4, MAX>(s, self.input, pixel, share);
            let (input, pixel) = window.reduce_blocks::<S, 2, MAX>(s, input, pixel, share);
            for (index, lanes) in pixel.chunks_mut(S::LANES).enumerate() {
                let [sum] = window.reduce::<S, 1, MAX>(s, &input[index * S::LANES..], lanes.len());
                store(s, s.mul(sum, s.splat(share)), lanes);
            }
        }
    }
}

impl Window {
    /// Reduces as many channels of `output` as make whole blocks of `N` vectors; gives what is left.
    #[inline(always)]
    fn reduce_blocks<'a, S: Simd, const N: usize, const MAX: bool>(
        &self,
        s: S,
        input: &'a [f32],
        output: &'a mut [f32],
        share: f32,
    ) -> (&'a [f32], &'a mut [f32]) {
        let floats = N * S::LANES;
        let (blocks, rest) = output.split_at_mut(output.len() / floats * floats);
        let done = blocks.len();
        for (index, block) in blocks.chunks_exact_mut(floats).enumerate() {
            let sums = self.reduce::<S, N, MAX>(s, &input[index * floats..], floats);
            for (lanes, sum) in block.chunks_exact_mut(S::LANES).zip(sums) {
                s.store(s.mul(sum, s.splat(share)), lanes);
            }
        }
        (&input[done..], rest)
    }

    /// Joins the first `floats` channels of the cells of each row, then the rows: sums of large windows
    /// stay accurate.
    #[inline(always)]
    fn reduce<S: Simd, const N: usize, const MAX: bool>(
        &self,
        s: S,
        input: &[f32],
        floats: usize,
    ) -> [S::V; N] {
        let mut total = [s.splat(0.0); N];
        let mut row = self.rows.first;
        for index in 0..self.rows.count {
            if row >= self.height {
                row %= self.height;
            }
            let mut at = row * self.row + self.columns.first * self.pixel;
            let mut sums = vectors::<S, N>(s, &input[at..at + floats]);
            for _ in 1..self.columns.count {
                at += self.columns.step * self.pixel;
                sums = join::<S, N, MAX>(s, sums, vectors::<S, N>(s, &input[at..at + floats]));
            }
            total = if index == 0 { sums } else { join::<S, N, MAX>(s, total, sums) };
            row += self.rows.step;
        }
        total
    }
}

/// The vectors of some floats, the last of which may be partial.
#[inline(always)]
fn vectors<S: Simd, const N: usize>(s: S, floats: &[f32]) -> [S::V; N] {
    let mut vectors = [s.splat(0.0); N];
    for (vector, lanes) in vectors.iter_mut().zip(floats.chunks(S::LANES)) {
        *vector = load(s, lanes);
    }
    vectors
}

/// The maxima or the sums of two blocks of vectors.
#[inline(always)]
fn join<S: Simd, const N: usize, const MAX: bool>(s: S, mut a: [S::V; N], b: [S::V; N]) -> [S::V; N] {
    for (a, b) in a.iter_mut().zip(b) {
        *a = if MAX { s.maximum(*a, b) } else { s.add(*a, b) };
    }
    a
}
