//! The inner loop of depthwise convolution: each channel sums its own taps, vectors of channels side
//! by side.
#![expect(
    unsafe_code,
    reason = "the inner loops run without bounds checks; `Lanewise::compute` checks before"
)]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::columns::Columns;
use super::pairs::Pairs;
use super::{Simd, Target, WithSimd};
use crate::geometry::{Axis, Taps};
use crate::weights::{PANEL, padded};

/// Rows of output pixels that sum the taps of their windows, channel by channel:
/// `output[c] = limit(bias[c] + Σ weights[tap][c] · input[c / multiplier])`. Taps outside the input are left out.
#[derive(Debug)]
pub(crate) struct Lanewise<'a> {
    /// The output rows to compute.
    pub rows: Range<usize>,
    /// Pixels of an output row.
    pub width: usize,
    /// Output channels.
    pub channels: usize,
    /// Output channels for each input channel.
    pub multiplier: usize,
    /// The windows along the rows and along the columns.
    pub windows: [Axis; 2],
    /// Rows and columns of the input.
    pub cells: [usize; 2],
    /// The input: row `y` is row `y % ring` of it.
    pub input: &'a [f32],
    /// Rows of the input that are there at once.
    pub ring: usize,
    /// Floats from one input cell to the next.
    pub pitch: usize,
    /// The weights of the taps, row by row, each for all channels, up to a whole panel.
    pub weights: &'a [f32],
    /// Floats from one tap's weights to the next.
    pub tap: usize,
    /// Bias of each channel, up to a whole panel.
    pub bias: &'a [f32],
    /// Lower and upper limit of the result.
    pub limits: [f32; 2],
    /// The first pixel's channels and what follows them.
    pub output: Target<'a>,
}

/// Most pixels of a tile, as many as there are cases for. The widths of maps are often its multiples.
const TILE: usize = 7;

impl Lanewise<'_> {
    /// Computes the rows.
    ///
    /// # Panics
    /// If they leave one of the slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd>(self, simd: S) {
        assert!(self.fits() == Some(true), "the rows leave their slices");
        let rows = &self;
        if self.channels < S::LANES || self.multiplier > 1 {
            return simd.call(Checked::<0, 0, false> { rows });
        }
        // No level compiles the loops of others.
        if const { S::REGISTERS >= 32 } {
            match self.usual() {
                Some([3, 1]) => simd.call(Columns::<1> { rows }),
                Some([3, 2]) => simd.call(Columns::<2> { rows }),
                Some([5, 1]) => simd.call(Checked::<5, 1, true> { rows }),
                Some([5, 2]) => simd.call(Checked::<5, 2, true> { rows }),
                _ => simd.call(Checked::<0, 0, true> { rows }),
            }
        } else if const { S::LANES == 8 } {
            match self.usual() {
                Some([3, 1]) => simd.call(Pairs::<3, 1> { rows }),
                Some([3, 2]) => simd.call(Pairs::<3, 2> { rows }),
                Some([5, 1]) => simd.call(Pairs::<5, 1> { rows }),
                Some([5, 2]) => simd.call(Pairs::<5, 2> { rows }),
                _ => simd.call(Checked::<0, 0, true> { rows }),
            }
        } else {
            match self.usual() {
                Some([3, 1]) => simd.call(Checked::<3, 1, true> { rows }),
                Some([3, 2]) => simd.call(Checked::<3, 2, true> { rows }),
                Some([5, 1]) => simd.call(Checked::<5, 1, true> { rows }),
                Some([5, 2]) => simd.call(Checked::<5, 2, true> { rows }),
                _ => simd.call(Checked::<0, 0, true> { rows }),
            }
        }
    }

    /// Taps along either side of the windows, and cells from one to the next, if both sides are alike and there is padding of
    /// half a window at most, as most networks have it.
    pub(super) fn usual(&self) -> Option<[usize; 2]> {
        let [Axis { kernel, stride, .. }, _] = self.windows;
        let alike = |axis: &Axis| {
            (axis.kernel, axis.stride, axis.dilation) == (kernel, stride, 1)
                && axis.before.max(axis.after) <= kernel / 2
        };
        self.windows.iter().all(alike).then_some([kernel, stride])
    }

    /// Whether everything that the tiles touch lies inside the slices; `None` is an overflow.
    fn fits(&self) -> Option<bool> {
        let [down, across] = &self.windows;
        let last = |rows: usize, width: usize| rows.checked_mul(width)?.checked_sub(1);
        let end = |last: usize, step: usize, channels: usize| last.checked_mul(step)?.checked_add(channels);
        let input =
            end(last(self.ring, self.cells[1])?, self.pitch, self.channels.div_ceil(self.multiplier))?;
        let weights = end(last(down.kernel, across.kernel)?, self.tap, padded(self.channels))?;
        Some(
            (down.kernel == 1 || down.dilation <= self.ring || self.cells[0] <= self.ring)
                && input <= self.input.len()
                && weights <= self.weights.len()
                && padded(self.channels) <= self.bias.len()
                && self.output.reaches(last(self.rows.len(), self.width), self.channels),
        )
    }
}

/// Rows that were found to fit their slices. With `K`, windows are the [`usual`](Lanewise::usual) ones of that many taps,
/// `STRIDE` cells apart. Vectors are `WHOLE`, and input channels their own, or neither.
struct Checked<'a, const K: usize, const STRIDE: usize, const WHOLE: bool> {
    rows: &'a Lanewise<'a>,
}

impl<const K: usize, const STRIDE: usize, const WHOLE: bool> WithSimd for Checked<'_, K, STRIDE, WHOLE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Lanewise { rows, channels, windows: [down, across], cells, .. } = self.rows;
        // So many channels at once that the cells and the weights of a tile stay in a first-level cache.
        const LINES: usize = 448;
        let lines = down.kernel * ((TILE - 1) * across.stride + 2 * across.kernel);
        let block = (LINES / lines).max(1) * PANEL;
        for first in (0..*channels).step_by(block) {
            for row in rows.clone() {
                let taps = down.taps(row, cells[0]);
                self.row(simd, row - rows.start, &taps, first..(first + block).min(*channels));
            }
        }
    }
}

/// Pixels of a row that are computed together.
struct Tile<'a> {
    /// The first of all rows' pixels.
    pixel: usize,
    /// The rows of the window.
    taps: &'a Taps,
    /// The first input cell along the columns, which may lie outside.
    cell: isize,
    /// The channels.
    channels: Range<usize>,
}

impl<const K: usize, const STRIDE: usize, const WHOLE: bool> Checked<'_, K, STRIDE, WHOLE> {
    /// Computes some channels of a row, in tiles of nearly equal size.
    #[inline(always)]
    fn row<S: Simd>(&self, simd: S, row: usize, taps: &Taps, channels: Range<usize>) {
        let Lanewise { width, windows: [_, across], cells: [_, cells], .. } = self.rows;
        let tiles = width.div_ceil(TILE);
        let mut first = 0;
        for tile in 0..tiles {
            let pixels = (width - first).div_ceil(tiles - tile);
            let cell = (first * across.stride) as isize - across.before as isize;
            let reach = ((pixels - 1) * across.stride + (across.kernel - 1) * across.dilation) as isize;
            let inside = cell >= 0 && cell + reach < *cells as isize;
            let tile = Tile { pixel: row * width + first, taps, cell, channels: channels.clone() };
            macro_rules! cases {
                ($($p:literal)+) => {
                    // SAFETY: `Lanewise::compute` checked the slices; the tile's pixels and channels are among the
                    // output's, and its cells inside the input if it is no edge.
                    unsafe {
                        match (pixels, inside) {
                            $(($p, true) => self.tile::<S, $p, false>(simd, &tile),
                            ($p, false) => self.tile::<S, $p, true>(simd, &tile),)+
                            _ => unreachable!("no such tile"),
                        }
                    }
                };
            }
            cases!(1 2 3 4 5 6 7);
            first += pixels;
        }
    }

    /// Computes `P` pixels, vector by vector; at an `EDGE`, only the cells inside the input count.
    ///
    /// # Safety
    /// The pixels and channels are among the output's, and the cells inside the input unless at an edge.
    #[inline(always)]
    unsafe fn tile<S: Simd, const P: usize, const EDGE: bool>(&self, simd: S, tile: &Tile<'_>) {
        for channel in tile.channels.clone().step_by(S::LANES) {
            // The last vector starts early rather than be partly empty.
            let channel = channel.min(self.rows.channels.saturating_sub(S::LANES));
            // SAFETY: the caller's promise.
            unsafe { self.vector::<S, P, EDGE>(simd, tile, channel) };
        }
    }

    /// Computes the vector from `channel` on of a tile.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn vector<S: Simd, const P: usize, const EDGE: bool>(
        &self,
        simd: S,
        tile: &Tile<'_>,
        channel: usize,
    ) {
        let Lanewise { windows: [_, across], cells: [_, cells], ring, pitch, tap: panels, output, .. } =
            self.rows;
        let &Tile { pixel, taps, cell, .. } = tile;
        let outside = |cell: isize| EDGE && !(0..*cells as isize).contains(&cell);
        // SAFETY: the caller's promise, and the slices were checked: they hold all of the ring's rows and the weights
        // of all taps. `taps` are taps of the window on rows inside the input.
        unsafe {
            let mut sums = [simd.load_at(self.rows.bias.as_ptr().add(channel)); P];
            let mut row = taps.first % ring;
            for tap in taps.tap..taps.tap + taps.count {
                let input = self.rows.input.as_ptr().add(row * cells * pitch);
                let at = |cell: isize| input.offset(cell * *pitch as isize);
                let weights = self.rows.weights.as_ptr().add(tap * across.kernel * panels + channel);
                if K == 0 {
                    for tap in 0..across.kernel {
                        let w = simd.load_at(weights.add(tap * panels));
                        let cell = cell + (tap * across.dilation) as isize;
                        for p in 0..P {
                            let cell = cell + (p * across.stride) as isize;
                            if !outside(cell) {
                                sums[p] = simd.mul_add(self.load(simd, at(cell), channel), w, sums[p]);
                            }
                        }
                    }
                } else {
                    let mut w = [simd.splat(0.0); K];
                    for tap in 0..K {
                        w[tap] = simd.load_at(weights.add(tap * panels));
                    }
                    let mut column = |j: usize, inside: bool| {
                        let cell = cell + j as isize;
                        if !inside && outside(cell) {
                            return;
                        }
                        let x = self.load(simd, at(cell), channel);
                        for p in 0..P {
                            if p * STRIDE <= j && j < p * STRIDE + K {
                                sums[p] = simd.mul_add(x, w[j - p * STRIDE], sums[p]);
                            }
                        }
                    };
                    // There is padding of half a window at most.
                    let (columns, edge) = ((P - 1) * STRIDE + K, K / 2);
                    for j in 0..edge {
                        column(j, false);
                    }
                    for j in edge..columns - edge {
                        column(j, true);
                    }
                    for j in columns - edge..columns {
                        column(j, false);
                    }
                }
                row += taps.step;
                if row >= *ring {
                    row -= ring;
                }
            }
            let (low, high) = (simd.splat(self.rows.limits[0]), simd.splat(self.rows.limits[1]));
            let to = output.to.add(pixel * output.pitch + channel);
            for p in 0..P {
                // In this order, so that NaN passes.
                let limited = simd.min(high, simd.max(low, sums[p]));
                let to = to.add(p * output.pitch);
                if WHOLE {
                    simd.store_at(limited, to);
                } else {
                    simd.store_some_at(limited, to, (self.rows.channels - channel).min(S::LANES));
                }
            }
        }
    }

    /// The inputs of a vector of channels at one cell.
    ///
    /// # Safety
    /// The cell's channels can be read.
    #[inline(always)]
    unsafe fn load<S: Simd>(&self, simd: S, cell: *const f32, channel: usize) -> S::V {
        // SAFETY: the caller's promise; the channels are among the output's.
        unsafe {
            if WHOLE {
                return simd.load_at(cell.add(channel));
            }
            let Lanewise { channels, multiplier, .. } = self.rows;
            let mut lanes = [0.0; PANEL];
            for (lane, x) in lanes.iter_mut().enumerate().take((channels - channel).min(S::LANES)) {
                *x = *cell.add((channel + lane) / multiplier);
            }
            simd.load_at(lanes.as_ptr())
        }
    }
}
