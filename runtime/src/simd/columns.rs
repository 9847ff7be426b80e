//! Depthwise convolution with windows of 3×3, column by column of the input: what is loaded goes into all windows that it
//! lies in, and the weights stay in registers.
#![expect(
    unsafe_code,
    reason = "the inner loops run without bounds checks; `Lanewise::compute` checks before"
)]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::lanewise::Lanewise;
use super::{Simd, WithSimd};
use crate::weights::PANEL;

/// Taps of a window along either axis.
const TAPS: usize = 3;
/// Most rows of output that are computed together.
const ROWS: usize = 4;
/// Most rows of input in their windows.
const WINDOW: usize = (ROWS - 1) * 2 + TAPS;

/// Rows that were found to fit their slices, of whole vectors, with [`usual`](Lanewise::usual) windows of 3×3, `STRIDE` cells
/// apart, one or two.
pub(super) struct Columns<'a, const STRIDE: usize> {
    pub(super) rows: &'a Lanewise<'a>,
}

/// The windows of some rows of output.
struct Windows {
    /// The first of the rows, counted in the output.
    row: usize,
    /// Where their rows of input start.
    rows: [*const f32; WINDOW],
    /// Whether the first and the last of those are inside the input; the others are.
    inside: [bool; 2],
}

/// The constants of a vector of channels.
struct Channels<V> {
    /// The first.
    first: usize,
    weights: [[V; TAPS]; TAPS],
    bias: V,
    limits: [V; 2],
}

impl<const STRIDE: usize> WithSimd for Columns<'_, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Lanewise { rows, channels, cells, .. } = self.rows;
        // So many channels at once that what the next rows' windows share stays in a first-level cache.
        const LINES: usize = 448;
        let block = (LINES / ((TAPS + STRIDE) * cells[1])).max(1) * PANEL;
        let groups = rows.len().div_ceil(ROWS);
        for first in (0..*channels).step_by(block) {
            let channels = first..(first + block).min(*channels);
            let mut row = rows.start;
            for group in 0..groups {
                let count = (rows.end - row).div_ceil(groups - group);
                match count {
                    1 => self.rows::<S, 1>(simd, row, channels.clone()),
                    2 => self.rows::<S, 2>(simd, row, channels.clone()),
                    3 => self.rows::<S, 3>(simd, row, channels.clone()),
                    ROWS => self.rows::<S, ROWS>(simd, row, channels.clone()),
                    _ => unreachable!("no such group"),
                }
                row += count;
            }
        }
    }
}

impl<const STRIDE: usize> Columns<'_, STRIDE> {
    /// Windows of a row that a column is in.
    const OVERLAP: usize = TAPS.div_ceil(STRIDE);

    /// Computes some channels of `R` rows.
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&self, simd: S, row: usize, channels: Range<usize>) {
        let Lanewise { rows, channels: all, windows: [down, _], cells, input, ring, pitch, .. } = self.rows;
        let count = (R - 1) * STRIDE + TAPS;
        let first = (row * STRIDE).checked_sub(down.before);
        let last = row * STRIDE + count - 1 - down.before;
        let mut windows = Windows {
            row: row - rows.start,
            rows: [input.as_ptr(); WINDOW],
            inside: [first.is_some(), last < cells[0]],
        };
        for (index, from) in windows.rows[..count].iter_mut().enumerate() {
            let row = (row * STRIDE + index).saturating_sub(down.before).min(cells[0] - 1);
            *from = input[row % ring * cells[1] * pitch..].as_ptr();
        }
        for channel in channels.step_by(S::LANES) {
            // The last vector starts early rather than be partly empty.
            let channel = channel.min(all - S::LANES);
            // SAFETY: `Lanewise::compute` checked the slices: they hold the pixels of these rows, all cells of the windows'
            // rows that are inside the input, and a vector from this channel on in each.
            unsafe {
                if windows.inside == [true; 2] {
                    self.vector::<S, R, true>(simd, &windows, channel);
                } else {
                    self.vector::<S, R, false>(simd, &windows, channel);
                }
            }
        }
    }

    /// Computes a vector of channels of `R` rows, whose windows are `INSIDE` the input along the rows.
    ///
    /// # Safety
    /// The output has these pixels, the input the cells of the windows' rows that are inside, and both a vector from
    /// `channel` on.
    #[inline(always)]
    unsafe fn vector<S: Simd, const R: usize, const INSIDE: bool>(
        &self,
        simd: S,
        windows: &Windows,
        channel: usize,
    ) {
        let Lanewise { width, windows: [_, across], cells: [_, cells], tap, limits, .. } = self.rows;
        let (weights, bias) = (self.rows.weights.as_ptr(), self.rows.bias.as_ptr());
        let mut channels = Channels {
            first: channel,
            weights: [[simd.splat(0.0); TAPS]; TAPS],
            // SAFETY: as the weights.
            bias: unsafe { simd.load_at(bias.add(channel)) },
            limits: simd.splat_each(*limits),
        };
        for down in 0..TAPS {
            for across in 0..TAPS {
                let at = (down * TAPS + across) * tap + channel;
                // SAFETY: there are weights for each tap and lane.
                channels.weights[down][across] = unsafe { simd.load_at(weights.add(at)) };
            }
        }
        // At each step one window more of a row begins, and that which began `OVERLAP` steps before ends.
        let mut sums = [[simd.splat(0.0); TAPS]; R];
        let steps = width + Self::OVERLAP - 1;
        let first = (Self::OVERLAP - 1).max(across.before.div_ceil(STRIDE)).min(steps);
        let end = ((cells + across.before) / STRIDE).clamp(first, steps);
        // SAFETY: the caller's promise. From `first` to `end` the windows that end are the row's, and the columns inside.
        unsafe {
            for step in 0..first {
                self.step::<S, R, INSIDE, false>(simd, windows, &channels, step, &mut sums);
            }
            for step in first..end {
                self.step::<S, R, INSIDE, true>(simd, windows, &channels, step, &mut sums);
            }
            for step in end..steps {
                self.step::<S, R, INSIDE, false>(simd, windows, &channels, step, &mut sums);
            }
        }
    }

    /// Adds the columns of a step to the sums of the windows that they are in, by the steps since these began, and writes
    /// those of the window that ends. Where the step is not an `INNER` one, the columns or that window may not exist.
    ///
    /// # Safety
    /// As for [`vector`](Self::vector).
    #[inline(always)]
    unsafe fn step<S: Simd, const R: usize, const INSIDE: bool, const INNER: bool>(
        &self,
        simd: S,
        windows: &Windows,
        channels: &Channels<S::V>,
        step: usize,
        sums: &mut [[S::V; TAPS]; R],
    ) {
        let Lanewise { width, windows: [_, across], cells: [_, cells], pitch, output, .. } = self.rows;
        for r in 0..R {
            for age in (1..Self::OVERLAP).rev() {
                sums[r][age] = sums[r][age - 1];
            }
            sums[r][0] = channels.bias;
        }
        let rows = (R - 1) * STRIDE + TAPS;
        for column in 0..STRIDE {
            let cell = (step * STRIDE + column).wrapping_sub(across.before);
            if !INNER && cell >= *cells {
                continue;
            }
            for row in 0..rows {
                let outside = row == 0 && !windows.inside[0] || row == rows - 1 && !windows.inside[1];
                if !INSIDE && outside {
                    continue;
                }
                // SAFETY: the cell lies in a row that is inside the input.
                let x = unsafe { simd.load_at(windows.rows[row].add(cell * pitch + channels.first)) };
                for r in 0..R {
                    if row < r * STRIDE || row >= r * STRIDE + TAPS {
                        continue;
                    }
                    for age in 0..Self::OVERLAP {
                        let tap = column + age * STRIDE;
                        if tap < TAPS {
                            let weight = channels.weights[row - r * STRIDE][tap];
                            sums[r][age] = simd.mul_add(x, weight, sums[r][age]);
                        }
                    }
                }
            }
        }
        let ended = (step + 1).wrapping_sub(Self::OVERLAP);
        if INNER || ended < *width {
            let [low, high] = channels.limits;
            for r in 0..R {
                // In this order, so that NaN passes.
                let limited = simd.min(high, simd.max(low, sums[r][Self::OVERLAP - 1]));
                let pixel = (windows.row + r) * width + ended;
                // SAFETY: the pixel is one of the output's.
                unsafe { simd.store_at(limited, output.to.add(pixel * output.pitch + channels.first)) };
            }
        }
    }
}
