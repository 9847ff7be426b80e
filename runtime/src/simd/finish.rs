//! The end of a tile: what is added to its sums, their limits, and where they go.
#![expect(unsafe_code, reason = "writes without bounds checks what the tile's maker has checked")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::mem::MaybeUninit;

use super::Simd;
use super::tile::Line;
use crate::slot::Slot;

/// What is added to outputs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Residual<'a, S> {
    /// Nothing.
    None,
    /// A tensor, from the first output's cell on, and its floats from one to the next.
    Of(&'a [f32], S),
    /// What the cells hold that are written.
    Written,
}

impl<'a, S: Copy> Residual<'a, S> {
    /// The residual of a layer that writes `output`; `of` tells where one lies that is not written over.
    #[inline(always)]
    pub(crate) fn new(
        residual: Option<Slot>,
        output: &Slot,
        of: impl FnOnce(Slot) -> (&'a [f32], S),
    ) -> Self {
        match residual {
            None => Self::None,
            Some(slot) if slot == *output => Self::Written,
            Some(slot) => {
                let (floats, steps) = of(slot);
                Self::Of(floats, steps)
            }
        }
    }

    /// The same with other floats and steps.
    #[inline(always)]
    pub(crate) fn map(self, to: impl FnOnce(&'a [f32], S) -> (&'a [f32], S)) -> Self {
        match self {
            Self::Of(floats, steps) => {
                let (floats, steps) = to(floats, steps);
                Self::Of(floats, steps)
            }
            Self::None | Self::Written => self,
        }
    }

    /// Where to read, `at` floats behind the first cell, and its steps, with those of the output there.
    #[inline(always)]
    pub(super) fn from(&self, at: usize, output: *mut f32, steps: S) -> Option<(*const f32, S)> {
        match *self {
            Self::None => None,
            Self::Of(floats, steps) => Some((floats.as_ptr().wrapping_add(at), steps)),
            Self::Written => Some((output.cast_const(), steps)),
        }
    }
}

impl Line<'_> {
    /// Where to read what is added to a pixel whose output this is, and the floats to the next.
    #[inline(always)]
    pub(super) fn residual_of(&self, pixel: usize, output: *mut f32) -> Option<(*const f32, usize)> {
        let at = if let Residual::Of(_, step) = self.residual { pixel * step } else { 0 };
        self.residual.from(at, output, self.step * self.output.pitch)
    }
}

/// Adds the residual to the sums of the pixels from `first` on, limits, and writes them.
///
/// # Safety
/// The line fits its slices, and these are pixels of it.
#[inline(always)]
pub(super) unsafe fn finish<S: Simd, const R: usize, const C: usize>(
    simd: S,
    line: &Line<'_>,
    first: usize,
    sums: [[S::V; C]; R],
) {
    let step = line.step * line.output.pitch;
    // SAFETY: the caller's promise.
    unsafe {
        let output = line.output.to.add(first * step);
        let residual = line.residual_of(first, output);
        let limits = simd.splat_each(line.limits);
        if line.channels == C * S::LANES {
            write(simd, sums, residual, limits, output, step);
        } else {
            write_some(simd, sums, residual, limits, output, step, line.channels);
        }
    }
}

/// Adds the residual, limits, and writes whole vectors of all pixels. The loops are so simple that the compiler unrolls
/// them; one that indexed the sums by a variable would keep them in memory throughout.
///
/// # Safety
/// `C` vectors of each pixel can be read and written.
#[inline(always)]
pub(super) unsafe fn write<S: Simd, const R: usize, const C: usize>(
    simd: S,
    mut sums: [[S::V; C]; R],
    residual: Option<(*const f32, usize)>,
    [low, high]: [S::V; 2],
    output: *mut f32,
    step: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some((from, step)) = residual {
            for r in 0..R {
                for c in 0..C {
                    sums[r][c] = simd.add(sums[r][c], simd.load_at(from.add(r * step + c * S::LANES)));
                }
            }
        }
        for r in 0..R {
            for c in 0..C {
                // In this order, so that NaN passes.
                let limited = simd.min(high, simd.max(low, sums[r][c]));
                simd.store_at(limited, output.add(r * step + c * S::LANES));
            }
        }
    }
}

/// As [`write`], the first `channels` only. The sums are written to memory here: what a loop indexes by a variable, the
/// compiler would write there in any case, of tiles too that are whole.
///
/// # Safety
/// `channels` floats of each pixel can be read and written.
#[inline(always)]
pub(super) unsafe fn write_some<S: Simd, const R: usize, const C: usize>(
    simd: S,
    sums: [[S::V; C]; R],
    residual: Option<(*const f32, usize)>,
    [low, high]: [S::V; 2],
    output: *mut f32,
    step: usize,
    channels: usize,
) {
    let mut floats = MaybeUninit::<[[S::V; C]; R]>::uninit();
    let floats = floats.as_mut_ptr().cast::<f32>();
    // SAFETY: a vector is so many floats, and the array has as many as the sums; of the others, the caller promises the
    // first `channels`, and without channels left nothing is touched.
    unsafe {
        for r in 0..R {
            for c in 0..C {
                simd.store_at(sums[r][c], floats.add((r * C + c) * S::LANES));
            }
        }
        for r in 0..R {
            for c in 0..C {
                let count = channels.saturating_sub(c * S::LANES).min(S::LANES);
                let mut sum = simd.load_at(floats.add((r * C + c) * S::LANES));
                if let Some((from, step)) = residual {
                    sum = simd.add(sum, simd.load_some_at(from.wrapping_add(r * step + c * S::LANES), count));
                }
                let limited = simd.min(high, simd.max(low, sum));
                simd.store_some_at(limited, output.wrapping_add(r * step + c * S::LANES), count);
            }
        }
    }
}
