//! Winograd's transforms of windows and of outputs, on vectors of channels.
//!
//! `F(t × t, 3 × 3)` computes `t × t` outputs from a window of `n = t + 2` cells on each side:
//! `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A` (Lavin & Gray 2016). The matrices follow from `n − 1` points
//! and infinity (Toom 1963, Cook 1966): with `M(x) = Π (x − pᵢ)`, row `i` of `Bᵀ` holds the
//! coefficients of `M(x) / (x − pᵢ)`, the last those of `M(x)`; column `i` of `Aᵀ` the powers of `pᵢ`, the last
//! the highest power alone; and row `i` of `G` is `(1, pᵢ, pᵢ²) / M′(pᵢ)`, the last `(0, 0, 1)`.
#![expect(unsafe_code, reason = "the loops run without bounds checks; `compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::{Simd, Square, Target, WithSimd};

/// A transform of `I` cells to the `N` elements of a window: `Bᵀ d`, of as many cells as there are elements, or `A y`, of
/// the gradients of a tile's outputs.
pub(crate) trait Along<const I: usize, const N: usize> {
    /// The transform along one axis.
    fn apply<S: Simd>(simd: S, cells: [S::V; I]) -> [S::V; N];
}

/// The matrices of a tile of `T` outputs and `N` cells a side, times a vector.
pub(crate) trait Scheme<const N: usize, const T: usize>: Along<N, N> + Along<T, N> {
    /// `Aᵀ m`
    fn outputs<S: Simd>(simd: S, m: [S::V; N]) -> [S::V; T];
}

/// Four outputs a side; points 0, ±√½, ±√2, whose error is a third of that of 0, ±1, ±2.
pub(crate) struct F4;

impl Along<6, 6> for F4 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 6]) -> [S::V; 6] {
        let add_scaled = |factor: f32, a, b| simd.mul_add(simd.splat(factor), a, b);
        let even = [add_scaled(-2.0, d[2], d[4]), add_scaled(-0.5, d[2], d[4])];
        let root = |factor: f32, a| simd.mul(simd.splat(factor), a);
        let odd = [
            add_scaled(FRAC_1_SQRT_2, d[3], root(-SQRT_2, d[1])),
            add_scaled(SQRT_2, d[3], root(-FRAC_1_SQRT_2, d[1])),
        ];
        [
            add_scaled(-2.5, d[2], simd.add(d[0], d[4])),
            simd.add(even[0], odd[0]),
            simd.sub(even[0], odd[0]),
            simd.add(even[1], odd[1]),
            simd.sub(even[1], odd[1]),
            add_scaled(-2.5, d[3], simd.add(d[1], d[5])),
        ]
    }
}

impl Along<4, 6> for F4 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, y: [S::V; 4]) -> [S::V; 6] {
        let add_scaled = |factor: f32, a, b| simd.mul_add(simd.splat(factor), a, b);
        let even = [add_scaled(0.5, y[2], y[0]), add_scaled(2.0, y[2], y[0])];
        let root = |factor: f32, a| simd.mul(simd.splat(factor), a);
        let odd =
            [root(FRAC_1_SQRT_2, add_scaled(0.5, y[3], y[1])), root(SQRT_2, add_scaled(2.0, y[3], y[1]))];
        [
            y[0],
            simd.add(even[0], odd[0]),
            simd.sub(even[0], odd[0]),
            simd.add(even[1], odd[1]),
            simd.sub(even[1], odd[1]),
            y[3],
        ]
    }
}

impl Scheme<6, 4> for F4 {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 6]) -> [S::V; 4] {
        let even = [simd.add(m[1], m[2]), simd.add(m[3], m[4])];
        let odd = [simd.sub(m[1], m[2]), simd.sub(m[3], m[4])];
        let scaled = |factor: f32, v| simd.mul(simd.splat(factor), v);
        let add_scaled = |factor: f32, a, b| simd.mul_add(simd.splat(factor), a, b);
        [
            simd.add(simd.add(m[0], even[0]), even[1]),
            add_scaled(SQRT_2, odd[1], scaled(FRAC_1_SQRT_2, odd[0])),
            add_scaled(2.0, even[1], scaled(0.5, even[0])),
            add_scaled(2.0 * SQRT_2, odd[1], add_scaled(0.5 * FRAC_1_SQRT_2, odd[0], m[5])),
        ]
    }
}

/// Two outputs a side; points 0, ±1.
pub(crate) struct F2;

impl Along<4, 4> for F2 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 4]) -> [S::V; 4] {
        [simd.sub(d[2], d[0]), simd.add(d[2], d[1]), simd.sub(d[2], d[1]), simd.sub(d[3], d[1])]
    }
}

impl Along<2, 4> for F2 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, [a, b]: [S::V; 2]) -> [S::V; 4] {
        [a, simd.add(a, b), simd.sub(a, b), b]
    }
}

impl Scheme<4, 2> for F2 {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 4]) -> [S::V; 2] {
        [simd.add(simd.add(m[0], m[1]), m[2]), simd.add(simd.sub(m[1], m[2]), m[3])]
    }
}

/// The window of a tile, to transform: channel `c` of output pixel `(i · N + j) · step` is `(Bᵀ d B)[i][j]` of that channel;
/// or the gradients of a tile's outputs, likewise.
#[derive(Debug)]
pub(crate) struct Window<'a, const I: usize> {
    /// The cells.
    pub input: &'a [f32],
    /// First float of each row of the window; `None` is a row of zeros.
    pub rows: [Option<usize>; I],
    /// First float of each column, from the row's; `None` is a column of zeros.
    pub columns: [Option<usize>; I],
    /// Channels; what is written is a whole number of vectors, zero in the lanes after them.
    pub channels: usize,
    /// The transformed window.
    pub output: Target<'a>,
    /// Pixels from one of its elements to the next.
    pub step: usize,
}

impl<const I: usize> Window<'_, I> {
    /// Transforms the window.
    ///
    /// # Panics
    /// If it leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd, F: Along<I, N>, const N: usize>(&self, simd: S) {
        assert!(self.fits(S::LANES, N) == Some(true), "the window leaves its slices");
        simd.call(CheckedWindow::<F, I, N>(self, core::marker::PhantomData));
    }

    fn fits(&self, lanes: usize, n: usize) -> Option<bool> {
        let farthest = |axis: &[Option<usize>; I]| axis.iter().flatten().copied().max().unwrap_or(0);
        let input = farthest(&self.rows).checked_add(farthest(&self.columns))?.checked_add(self.channels)?;
        let width = self.channels.checked_next_multiple_of(lanes)?;
        Some(input <= self.input.len() && self.output.reaches(self.step.checked_mul(n * n - 1), width))
    }
}

/// A window that was found to fit its slices.
struct CheckedWindow<'w, F, const I: usize, const N: usize>(&'w Window<'w, I>, core::marker::PhantomData<F>);

impl<F: Along<I, N>, const I: usize, const N: usize> WithSimd for CheckedWindow<'_, F, I, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Window { rows, columns, channels, .. } = *self.0;
        let inside = rows.iter().chain(&columns).all(Option::is_some);
        let whole = channels - channels % S::LANES;
        // SAFETY: `Window::compute` checked that the channels of every cell, and whole vectors of every element, lie
        // inside the slices; whether all cells exist was looked at.
        unsafe {
            for channel in (0..whole).step_by(S::LANES) {
                if inside {
                    self.vector::<S, true, true>(simd, channel, S::LANES);
                } else {
                    self.vector::<S, true, false>(simd, channel, S::LANES);
                }
            }
            if whole < channels {
                self.vector::<S, false, false>(simd, whole, channels - whole);
            }
        }
    }
}

impl<F: Along<I, N>, const I: usize, const N: usize> CheckedWindow<'_, F, I, N> {
    /// Transforms `count` channels from `channel` on; if `WHOLE`, a vector of them, and if `INSIDE`, no cell is outside.
    ///
    /// # Safety
    /// The channels of all cells and a vector of all elements lie inside the slices.
    #[inline(always)]
    unsafe fn vector<S: Simd, const WHOLE: bool, const INSIDE: bool>(
        &self,
        simd: S,
        channel: usize,
        count: usize,
    ) {
        let Window { input, rows, columns, output, step, .. } = self.0;
        let zero = simd.splat(0.0);
        let mut across = [[zero; N]; I];
        // SAFETY: the caller's promise; of cells outside nothing is read.
        unsafe {
            let input = input.as_ptr().add(channel);
            for i in 0..I {
                let row = match rows[i] {
                    Some(row) => input.add(row),
                    None if INSIDE => core::hint::unreachable_unchecked(),
                    None => continue,
                };
                let mut cells = [zero; I];
                for j in 0..I {
                    cells[j] = match columns[j] {
                        Some(column) if WHOLE => simd.load_at(row.add(column)),
                        Some(column) => simd.load_some_at(row.add(column), count),
                        None if INSIDE => core::hint::unreachable_unchecked(),
                        None => zero,
                    };
                }
                across[i] = F::apply(simd, cells);
            }
            let (output, step) = (output.to.add(channel), *step * output.pitch);
            for j in 0..N {
                let mut column = [zero; I];
                for i in 0..I {
                    column[i] = across[i][j];
                }
                let column = F::apply(simd, column);
                for i in 0..N {
                    simd.store_at(column[i], output.add((i * N + j) * step));
                }
            }
        }
    }
}

/// What becomes of the outputs of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// Each is written.
    None,
    /// The largest of every 2 × 2.
    Max,
    /// The mean of every 2 × 2.
    Mean,
}

/// The outputs of a tile, from products in the transformed domain: `limit(bias + (Aᵀ m A) + residual)`, pooled.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    /// Products of all elements of the window: element `f` of channel `c` at `f · step + c`, whole vectors of channels.
    pub products: &'a [f32],
    /// Floats from one element to the next.
    pub step: usize,
    /// Bias of each channel, up to a whole vector.
    pub bias: &'a [f32],
    /// What to add, from the tile's first cell on, and its floats from one row and one cell to the next.
    pub residual: Option<(&'a [f32], [usize; 2])>,
    /// Lower and upper limit of the result.
    pub limits: [f32; 2],
    /// What becomes of the results.
    pub join: Join,
    /// Channels to write.
    pub channels: usize,
    /// The cells to write, after pooling; at most as many rows and columns as the tile has.
    pub output: Square<'a>,
}

impl Outputs<'_> {
    /// Computes the outputs.
    ///
    /// # Panics
    /// If the tile leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd, F: Scheme<N, T>, const N: usize, const T: usize>(&self, simd: S) {
        assert!(self.fits(S::LANES, N, T) == Some(true), "the tile leaves its slices");
        match self.join {
            Join::None => simd.call(CheckedOutputs::<F, N, T, 1, false>(self, core::marker::PhantomData)),
            Join::Max => simd.call(CheckedOutputs::<F, N, T, 2, true>(self, core::marker::PhantomData)),
            Join::Mean => simd.call(CheckedOutputs::<F, N, T, 2, false>(self, core::marker::PhantomData)),
        }
    }

    fn fits(&self, lanes: usize, n: usize, t: usize) -> Option<bool> {
        let pooled = if self.join == Join::None { 1 } else { 2 };
        let [height, width] = self.output.size;
        let adds = match self.residual {
            Some((floats, [row, cell])) => {
                let rows = (height * pooled).checked_sub(1)?.checked_mul(row)?;
                let cells = (width * pooled).checked_sub(1)?.checked_mul(cell)?;
                rows.checked_add(cells)?.checked_add(self.channels)? <= floats.len()
            }
            None => true,
        };
        let vectors = self.channels.checked_next_multiple_of(lanes)?;
        let reads = self.step.checked_mul(n * n - 1)?.checked_add(vectors)? <= self.products.len();
        let inside = height <= t / pooled && width <= t / pooled;
        Some(adds && reads && inside && vectors <= self.bias.len() && self.channels <= self.output.channels)
    }
}

/// A tile that was found to fit its slices, with pools of `P` × `P` outputs.
struct CheckedOutputs<'o, F, const N: usize, const T: usize, const P: usize, const MAX: bool>(
    &'o Outputs<'o>,
    core::marker::PhantomData<F>,
);

impl<F: Scheme<N, T>, const N: usize, const T: usize, const P: usize, const MAX: bool> WithSimd
    for CheckedOutputs<'_, F, N, T, P, MAX>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let &Outputs { channels, ref output, .. } = self.0;
        let whole = if output.size == [T / P; 2] { channels - channels % S::LANES } else { 0 };
        // SAFETY: `Outputs::compute` checked that these channels of the tile's cells lie inside the slices.
        unsafe {
            for channel in (0..whole).step_by(S::LANES) {
                self.vector::<S, true>(simd, channel, S::LANES);
            }
            for channel in (whole..channels).step_by(S::LANES) {
                self.vector::<S, false>(simd, channel, S::LANES.min(channels - channel));
            }
        }
    }
}

impl<F: Scheme<N, T>, const N: usize, const T: usize, const P: usize, const MAX: bool>
    CheckedOutputs<'_, F, N, T, P, MAX>
{
    /// Computes `count` channels from `channel` on; if `WHOLE`, a vector of them, and the tile is whole.
    ///
    /// # Safety
    /// The channels of the cells lie inside the slices.
    #[inline(always)]
    unsafe fn vector<S: Simd, const WHOLE: bool>(&self, simd: S, channel: usize, count: usize) {
        let Outputs { products, step, bias, residual, limits, output, .. } = self.0;
        let &Square { to, size, steps, .. } = output;
        let zero = simd.splat(0.0);
        // SAFETY: the caller's promise; cells beyond the size are not touched.
        unsafe {
            let products = products.as_ptr().add(channel);
            let mut down = [[zero; N]; T];
            for j in 0..N {
                let mut column = [zero; N];
                for i in 0..N {
                    column[i] = simd.load_at(products.add((i * N + j) * *step));
                }
                let column = F::outputs(simd, column);
                for i in 0..T {
                    down[i][j] = column[i];
                }
            }
            let bias = simd.load_at(bias.as_ptr().add(channel));
            let [low, high] = limits.map(|limit| simd.splat(limit));
            let output = to.wrapping_add(channel);
            for y in 0..T / P {
                if !WHOLE && y >= size[0] {
                    break;
                }
                let mut cells = [[zero; T]; P];
                for p in 0..P {
                    let i = y * P + p;
                    cells[p] = F::outputs(simd, down[i]);
                    for j in 0..T {
                        let mut sum = simd.add(cells[p][j], bias);
                        if let Some((floats, [row, cell])) = residual {
                            let from = floats.as_ptr().wrapping_add(channel + i * *row + j * *cell);
                            if WHOLE {
                                sum = simd.add(sum, simd.load_at(from));
                            } else if j / P < size[1] {
                                sum = simd.add(sum, simd.load_some_at(from, count));
                            }
                        }
                        // In this order, so that NaN passes.
                        cells[p][j] = simd.min(high, simd.max(low, sum));
                    }
                }
                for x in 0..T / P {
                    let mut cell = cells[0][x * P];
                    if P == 2 {
                        let pairs = [0, 1].map(|p: usize| {
                            let [a, b] = [cells[p][x * P], cells[p][x * P + 1]];
                            if MAX { simd.maximum(a, b) } else { simd.add(a, b) }
                        });
                        cell = if MAX {
                            simd.maximum(pairs[0], pairs[1])
                        } else {
                            simd.mul(simd.add(pairs[0], pairs[1]), simd.splat(0.25))
                        };
                    }
                    let to = output.wrapping_add(y * steps[0] + x * steps[1]);
                    if WHOLE {
                        simd.store_at(cell, to);
                    } else if x < size[1] {
                        simd.store_some_at(cell, to, count);
                    }
                }
            }
        }
    }
}
