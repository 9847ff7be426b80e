//! Winograd's transforms of windows and of outputs, on vectors of channels.
#![expect(unsafe_code, reason = "the loops run without bounds checks; `compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::prefetch::will_read;
use super::schemes::{Along, Scheme};
use super::{Residual, Simd, Square, Target, WithSimd};

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
    /// How many cells on the window of the tile's neighbour lies, if that is next and the tensor read is
    /// [`FAR`](super::FAR): the cells that it has and this one has not are asked for.
    pub ahead: Option<usize>,
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
        if INSIDE && let Some(ahead) = self.0.ahead {
            self.ask(channel, ahead);
        }
        // More than some columns of a large window, once transformed along the rows, do not fit the registers. Its cells
        // are then read several times.
        const { assert!(5 * Self::COLUMNS >= N, "five parts") };
        // SAFETY: the caller's promise.
        unsafe {
            self.part::<S, WHOLE, INSIDE>(simd, channel, count, 0);
            self.part::<S, WHOLE, INSIDE>(simd, channel, count, 1);
            self.part::<S, WHOLE, INSIDE>(simd, channel, count, 2);
            self.part::<S, WHOLE, INSIDE>(simd, channel, count, 3);
            self.part::<S, WHOLE, INSIDE>(simd, channel, count, 4);
        }
    }

    /// Columns that fit the registers.
    const COLUMNS: usize = 18 / I;

    /// So many columns of what [`vector`](Self::vector) writes.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    unsafe fn part<S: Simd, const WHOLE: bool, const INSIDE: bool>(
        &self,
        simd: S,
        channel: usize,
        count: usize,
        index: usize,
    ) {
        let [first, end] = [index, index + 1].map(|index| N.min(index * Self::COLUMNS));
        if first < end {
            // SAFETY: the caller's promise.
            unsafe { self.columns::<S, WHOLE, INSIDE>(simd, channel, count, first..end) }
        }
    }

    /// Asks for a channel's cells that the next window has as its last ones.
    #[inline(always)]
    fn ask(&self, channel: usize, ahead: usize) {
        let Window { input, rows, columns, .. } = self.0;
        let cells = columns.iter().flatten().copied();
        let floats = columns[ahead].unwrap_or(0) - columns[0].unwrap_or(0);
        for row in rows.iter().flatten() {
            for column in cells.clone().skip(I - ahead) {
                will_read(input.as_ptr().wrapping_add(channel + row + column + floats), 1);
            }
        }
    }

    /// Some columns of what [`vector`](Self::vector) writes.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    unsafe fn columns<S: Simd, const WHOLE: bool, const INSIDE: bool>(
        &self,
        simd: S,
        channel: usize,
        count: usize,
        range: Range<usize>,
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
            for j in range {
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
    /// What to add, its steps from one row and one cell to the next; without pooling, it may be what is written over.
    pub residual: Residual<'a, [usize; 2]>,
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
            Residual::Of(floats, [row, cell]) => {
                let rows = (height * pooled).checked_sub(1)?.checked_mul(row)?;
                let cells = (width * pooled).checked_sub(1)?.checked_mul(cell)?;
                rows.checked_add(cells)?.checked_add(self.channels)? <= floats.len()
            }
            Residual::Written => pooled == 1,
            Residual::None => true,
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
        // Two numbers, just written one by one, are late where they are read as one.
        let [height, width] = output.size;
        // Not all vectors of a tile fit the registers. Where the stack happens to begin, those put aside would lie across two
        // lines of the cache, which takes a fifth longer; a vector that must have an address makes the compiler align it.
        core::hint::black_box(&simd.splat(0.0));
        let whole = if height * width == (T / P) * (T / P) { channels - channels % S::LANES } else { 0 };
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
            let residual = residual.from(channel, output, steps);
            // In this order, so that NaN passes.
            let limit = |sum| simd.min(high, simd.max(low, simd.add(sum, bias)));
            for y in 0..T / P {
                if !WHOLE && y >= size[0] {
                    break;
                }
                let mut cells = [[zero; T]; P];
                for p in 0..P {
                    let i = y * P + p;
                    cells[p] = F::outputs(simd, down[i]);
                    for j in 0..T {
                        let mut sum = cells[p][j];
                        if let Some((floats, [row, cell])) = residual {
                            let from = floats.wrapping_add(i * row + j * cell);
                            if WHOLE {
                                sum = simd.add(sum, simd.load_at(from));
                            } else if j / P < size[1] {
                                sum = simd.add(sum, simd.load_some_at(from, count));
                            }
                        }
                        // The largest of the sums is the largest of what becomes of them.
                        cells[p][j] = if MAX { sum } else { limit(sum) };
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
                            limit(simd.maximum(pairs[0], pairs[1]))
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
