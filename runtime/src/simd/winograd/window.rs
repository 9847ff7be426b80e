//! From windows to their elements.
#![expect(unsafe_code, reason = "the loops run without bounds checks; `compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use crate::simd::prefetch::will_read;
use crate::simd::schemes::Along;
use crate::simd::{Simd, Target, WithSimd};

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
    /// Transforms the window, along the columns by `F` and along the rows by `G`.
    ///
    /// # Panics
    /// If it leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd, F: Along<I, N>, G: Along<I, N>, const N: usize>(&self, simd: S) {
        assert!(self.fits(S::LANES, N) == Some(true), "the window leaves its slices");
        simd.call(CheckedWindow::<F, G, I, N>(self, core::marker::PhantomData));
    }

    fn fits(&self, lanes: usize, n: usize) -> Option<bool> {
        let farthest = |axis: &[Option<usize>; I]| axis.iter().flatten().copied().max().unwrap_or(0);
        let input = farthest(&self.rows).checked_add(farthest(&self.columns))?.checked_add(self.channels)?;
        let width = self.channels.checked_next_multiple_of(lanes)?;
        Some(input <= self.input.len() && self.output.reaches(self.step.checked_mul(n * n - 1), width))
    }
}

/// A window that was found to fit its slices.
struct CheckedWindow<'w, F, G, const I: usize, const N: usize>(
    &'w Window<'w, I>,
    core::marker::PhantomData<(F, G)>,
);

impl<F: Along<I, N>, G: Along<I, N>, const I: usize, const N: usize> WithSimd
    for CheckedWindow<'_, F, G, I, N>
{
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

impl<F: Along<I, N>, G: Along<I, N>, const I: usize, const N: usize> CheckedWindow<'_, F, G, I, N> {
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
                across[i] = G::apply(simd, cells);
            }
            let (output, step) = (output.to.add(channel), *step * output.pitch);
            for j in range {
                if !G::has(j) {
                    continue;
                }
                let mut column = [zero; I];
                for i in 0..I {
                    column[i] = across[i][j];
                }
                let column = F::apply(simd, column);
                for i in 0..N {
                    if F::has(i) {
                        simd.store_at(column[i], output.add((i * N + j) * step));
                    }
                }
            }
        }
    }
}
