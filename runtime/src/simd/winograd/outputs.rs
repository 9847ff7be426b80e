//! From products to outputs.
#![expect(unsafe_code, reason = "the loops run without bounds checks; `compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use crate::simd::schemes::Scheme;
use crate::simd::{Residual, Simd, Square, WithSimd};

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
    /// Computes the outputs, `T` a column by `F`, `U` a row by `G`.
    ///
    /// # Panics
    /// If the tile leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<
        S: Simd,
        F: Scheme<N, T>,
        G: Scheme<N, U>,
        const N: usize,
        const T: usize,
        const U: usize,
    >(
        &self,
        simd: S,
    ) {
        assert!(self.fits(S::LANES, N, [T, U]) == Some(true), "the tile leaves its slices");
        let schemes = core::marker::PhantomData;
        match self.join {
            Join::None => simd.call(CheckedOutputs::<F, G, N, T, U, 1, false>(self, schemes)),
            Join::Max => simd.call(CheckedOutputs::<F, G, N, T, U, 2, true>(self, schemes)),
            Join::Mean => simd.call(CheckedOutputs::<F, G, N, T, U, 2, false>(self, schemes)),
        }
    }

    fn fits(&self, lanes: usize, n: usize, tile: [usize; 2]) -> Option<bool> {
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
        let inside = height <= tile[0] / pooled && width <= tile[1] / pooled;
        Some(adds && reads && inside && vectors <= self.bias.len() && self.channels <= self.output.channels)
    }
}

/// A tile that was found to fit its slices, with pools of `P` × `P` outputs.
struct CheckedOutputs<
    'o,
    F,
    G,
    const N: usize,
    const T: usize,
    const U: usize,
    const P: usize,
    const MAX: bool,
>(&'o Outputs<'o>, core::marker::PhantomData<(F, G)>);

impl<
    F: Scheme<N, T>,
    G: Scheme<N, U>,
    const N: usize,
    const T: usize,
    const U: usize,
    const P: usize,
    const MAX: bool,
> WithSimd for CheckedOutputs<'_, F, G, N, T, U, P, MAX>
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
        let whole = if height * width == (T / P) * (U / P) { channels - channels % S::LANES } else { 0 };
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

impl<
    F: Scheme<N, T>,
    G: Scheme<N, U>,
    const N: usize,
    const T: usize,
    const U: usize,
    const P: usize,
    const MAX: bool,
> CheckedOutputs<'_, F, G, N, T, U, P, MAX>
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
                if !G::has(j) {
                    continue;
                }
                let mut column = [zero; N];
                for i in 0..N {
                    if F::has(i) {
                        column[i] = simd.load_at(products.add((i * N + j) * *step));
                    }
                }
                let column = F::outputs(simd, column);
                for i in 0..T {
                    down[i][j] = column[i];
                }
            }
            let bias = simd.load_at(bias.as_ptr().add(channel));
            let [low, high] = simd.splat_each(*limits);
            let output = to.wrapping_add(channel);
            let residual = residual.from(channel, output, steps);
            // In this order, so that NaN passes.
            let limit = |sum| simd.min(high, simd.max(low, simd.add(sum, bias)));
            for y in 0..T / P {
                if !WHOLE && y >= size[0] {
                    break;
                }
                let mut cells = [[zero; U]; P];
                for p in 0..P {
                    let i = y * P + p;
                    cells[p] = G::outputs(simd, down[i]);
                    for j in 0..U {
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
                for x in 0..U / P {
                    let mut cell = cells[0][x * P];
                    if P == 2 {
                        let [[a, b], [c, d]] =
                            [[cell, cells[0][x * P + 1]], [cells[P - 1][x * P], cells[P - 1][x * P + 1]]];
                        cell = if MAX {
                            limit(simd.maximum(simd.maximum(a, b), simd.maximum(c, d)))
                        } else {
                            simd.mul(simd.add(simd.add(a, b), simd.add(c, d)), simd.splat(0.25))
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
