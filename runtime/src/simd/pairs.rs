//! Depthwise convolution with square windows, two rows of output at once, for AVX2, whose registers do not hold the weights
//! of a window: what is loaded from a row of input goes into the windows of both. Scalar code is a quarter faster row by
//! row.
#![expect(
    unsafe_code,
    reason = "the inner loops run without bounds checks; `Lanewise::compute` checks before"
)]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::lanewise::Lanewise;
use super::{Simd, WithSimd};
use crate::weights::PANEL;

/// Most pixels of a tile in each row: with the cells of a row of input and a weight, the sums fill sixteen registers, and no
/// product waits for the one before.
const TILE: usize = 4;
/// Most cells of a row of input in the windows of a tile, and most rows.
const CELLS: [usize; 2] = [(TILE - 1) * 2 + 5, 2 + 5];

/// Rows that were found to fit their slices, of whole vectors, with [`usual`](Lanewise::usual) windows of `K`×`K`, `STRIDE`
/// cells apart: three or five, one or two.
pub(super) struct Pairs<'a, const K: usize, const STRIDE: usize> {
    pub(super) rows: &'a Lanewise<'a>,
}

/// Pixels of one row or two that are computed together.
struct Tile<'a> {
    /// The first of all rows' pixels.
    pixel: usize,
    /// Where the rows of the windows start that are inside the input.
    rows: &'a [Option<&'a [f32]>; CELLS[1]],
    /// The first input cell along the columns, which may lie outside.
    cell: isize,
    /// The channels.
    channels: Range<usize>,
}

impl<const K: usize, const STRIDE: usize> WithSimd for Pairs<'_, K, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Lanewise { rows, channels, .. } = self.rows;
        // So many channels at once that the cells and the weights of a tile stay in a first-level cache.
        const LINES: usize = 448;
        let lines = (K + STRIDE) * ((TILE - 1) * STRIDE + 2 * K);
        let block = (LINES / lines).max(1) * PANEL;
        for first in (0..*channels).step_by(block) {
            let channels = first..(first + block).min(*channels);
            for row in rows.clone().step_by(2) {
                if row + 1 < rows.end {
                    self.rows::<S, 2>(simd, row, &channels);
                } else {
                    self.rows::<S, 1>(simd, row, &channels);
                }
            }
        }
    }
}

impl<const K: usize, const STRIDE: usize> Pairs<'_, K, STRIDE> {
    /// Computes some channels of `R` rows, in tiles of nearly equal size.
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&self, simd: S, row: usize, channels: &Range<usize>) {
        let Lanewise { rows, width, windows: [down, across], cells, input, ring, pitch, .. } = self.rows;
        let mut windows = [None; CELLS[1]];
        for (index, from) in windows[..(R - 1) * STRIDE + K].iter_mut().enumerate() {
            let row = (row * STRIDE + index).wrapping_sub(down.before);
            *from = (row < cells[0]).then(|| &input[row % ring * cells[1] * pitch..]);
        }
        let tiles = width.div_ceil(TILE);
        let mut first = 0;
        for tile in 0..tiles {
            let pixels = (width - first).div_ceil(tiles - tile);
            let cell = (first * STRIDE) as isize - across.before as isize;
            let reach = ((pixels - 1) * STRIDE + K - 1) as isize;
            let inside = cell >= 0 && cell + reach < cells[1] as isize;
            let pixel = (row - rows.start) * width + first;
            let tile = Tile { pixel, rows: &windows, cell, channels: channels.clone() };
            macro_rules! cases {
                ($($p:literal)+) => {
                    // SAFETY: `Lanewise::compute` checked the slices; the tile's pixels and channels are among the
                    // output's, its rows are inside the input, and its cells if it is no edge.
                    unsafe {
                        match (pixels, inside) {
                            $(($p, true) => self.tile::<S, R, $p, false>(simd, &tile),
                            ($p, false) => self.tile::<S, R, $p, true>(simd, &tile),)+
                            _ => unreachable!("no such tile"),
                        }
                    }
                };
            }
            cases!(1 2 3 4);
            first += pixels;
        }
    }

    /// Computes `P` pixels of `R` rows, vector by vector; at an `EDGE`, cells may lie outside the input.
    ///
    /// # Safety
    /// The pixels and channels are among the output's, the rows inside the input, and the cells unless at an edge.
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const P: usize, const EDGE: bool>(
        &self,
        simd: S,
        tile: &Tile<'_>,
    ) {
        for channel in tile.channels.clone().step_by(S::LANES) {
            // The last vector starts early rather than be partly empty.
            let channel = channel.min(self.rows.channels - S::LANES);
            // SAFETY: the caller's promise.
            unsafe { self.vector::<S, R, P, EDGE>(simd, tile, channel) };
        }
    }

    /// Computes the vector from `channel` on of a tile.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn vector<S: Simd, const R: usize, const P: usize, const EDGE: bool>(
        &self,
        simd: S,
        tile: &Tile<'_>,
        channel: usize,
    ) {
        let Lanewise { width, cells: [_, cells], pitch, tap: panels, limits, output, .. } = self.rows;
        let &Tile { pixel, rows, cell, .. } = tile;
        let columns = (P - 1) * STRIDE + K;
        // SAFETY: the caller's promise, and the slices were checked: they hold the weights of all taps.
        unsafe {
            let weights = self.rows.weights.as_ptr().add(channel);
            let mut sums = [[simd.load_at(self.rows.bias.as_ptr().add(channel)); P]; R];
            for i in 0..(R - 1) * STRIDE + K {
                let Some(row) = rows[i] else { continue };
                // At an edge it may lie outside, where nothing is loaded.
                let first = row.as_ptr().wrapping_offset(cell * *pitch as isize).wrapping_add(channel);
                // Outside there are zeros: along a row, they cost less than to leave them out.
                let mut x = [simd.splat(0.0); CELLS[0]];
                for j in 0..columns {
                    // There is padding of half a window at most.
                    let inner = !EDGE || (K / 2..columns - K / 2).contains(&j);
                    if inner || (0..*cells as isize).contains(&(cell + j as isize)) {
                        x[j] = simd.load_at(first.wrapping_add(j * pitch));
                    }
                }
                for across in 0..K {
                    for r in 0..R {
                        let down = i.wrapping_sub(r * STRIDE);
                        if down < K {
                            let weight = simd.load_at(weights.add((down * K + across) * panels));
                            for p in 0..P {
                                sums[r][p] = simd.mul_add(x[p * STRIDE + across], weight, sums[r][p]);
                            }
                        }
                    }
                }
            }
            let [low, high] = simd.splat_each(*limits);
            for r in 0..R {
                let to = output.to.add((pixel + r * width) * output.pitch + channel);
                for p in 0..P {
                    // In this order, so that NaN passes.
                    let limited = simd.min(high, simd.max(low, sums[r][p]));
                    simd.store_at(limited, to.add(p * output.pitch));
                }
            }
        }
    }
}
