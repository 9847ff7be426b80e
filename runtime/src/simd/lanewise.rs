//! The inner loop of depthwise convolution: each channel sums its own taps, vectors of channels side
//! by side.
#![expect(
    unsafe_code,
    reason = "the inner loops run without bounds checks; `Lanewise::compute` checks before"
)]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use super::{Reads, Simd, Target, WithSimd};
use crate::weights::padded;

/// Output pixels at equal distances that sum the same taps, channel by channel:
/// channel `c` of output pixel `p · step` is `limit(bias[c] + Σ weights[tap · … + c] · input[p · pixel + … + c])`.
#[derive(Debug)]
pub(crate) struct Lanewise<'a> {
    /// Number of output pixels.
    pub pixels: usize,
    /// Number of channels.
    pub channels: usize,
    /// The input, from the cell where the first pixel's taps count from.
    pub input: &'a [f32],
    /// Floats from one pixel's window to the next.
    pub pixel: usize,
    /// The taps across and along the line.
    pub taps: [Reads; 2],
    /// The weights of the taps, each for all channels, up to a whole panel.
    pub weights: &'a [f32],
    /// Bias of each channel, up to a whole panel.
    pub bias: &'a [f32],
    /// Lower and upper limit of the result.
    pub limits: [f32; 2],
    /// The first pixel's channels and what follows them.
    pub output: Target<'a>,
    /// Pixels from one output pixel to the next.
    pub step: usize,
}

impl Lanewise<'_> {
    /// Most pixels of a tile, as many as there are cases for.
    pub(crate) const TILE: usize = 6;

    /// Computes the line, in tiles of nearly equal size.
    ///
    /// # Panics
    /// If the line leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd>(self, simd: S) {
        assert!(self.fits() == Some(true), "the line leaves its slices");
        let along = &self.taps[1];
        // Neighbouring windows share input cells: each is loaded once where their overlap is known.
        let near = along.repeat == 1 && along.delta == 1;
        let shared = match (along.count, self.pixel) {
            (3 | 5, pixel) if near && pixel == along.pitch => (along.count, 1),
            (3 | 5, pixel) if near && pixel == 2 * along.pitch => (along.count, 2),
            _ => (0, 0),
        };
        match shared {
            (3, 1) => simd.call(Checked::<3, 1> { line: &self }),
            (3, 2) => simd.call(Checked::<3, 2> { line: &self }),
            (5, 1) => simd.call(Checked::<5, 1> { line: &self }),
            (5, 2) => simd.call(Checked::<5, 2> { line: &self }),
            _ => simd.call(Checked::<0, 0> { line: &self }),
        }
    }

    /// Whether everything that the tiles touch lies inside the slices; `None` is an overflow.
    fn fits(&self) -> Option<bool> {
        let last = self.pixels.checked_sub(1)?;
        let [across, along] = &self.taps;
        let sums = if across.count == 0 || along.count == 0 {
            true
        } else {
            let (across, along) = (across.reach()?, along.reach()?);
            let input = last.checked_mul(self.pixel)?.checked_add(across.0)?.checked_add(along.0)?;
            input.checked_add(self.channels)? <= self.input.len()
                && across.1.checked_add(along.1)?.checked_add(padded(self.channels))? <= self.weights.len()
        };
        let writes = self.output.reaches(last.checked_mul(self.step), self.channels);
        Some(sums && writes && padded(self.channels) <= self.bias.len())
    }
}

/// A line that was found to fit its slices. With `K`, it has that many neighbouring taps along it, and its windows are
/// `STRIDE` cells apart.
struct Checked<'a, const K: usize, const STRIDE: usize> {
    line: &'a Lanewise<'a>,
}

impl<const K: usize, const STRIDE: usize> WithSimd for Checked<'_, K, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.line.channels;
        let whole = channels - channels % S::LANES;
        for channel in (0..whole).step_by(S::LANES) {
            self.vector::<S, true>(simd, channel, S::LANES);
        }
        if whole < channels {
            self.vector::<S, false>(simd, whole, channels - whole);
        }
    }
}

impl<const K: usize, const STRIDE: usize> Checked<'_, K, STRIDE> {
    /// Computes `count` channels from `channel` on of all pixels, in tiles of nearly equal size; a `WHOLE` vector or
    /// less.
    #[inline(always)]
    fn vector<S: Simd, const WHOLE: bool>(&self, simd: S, channel: usize, count: usize) {
        let tiles = self.line.pixels.div_ceil(Lanewise::TILE);
        let mut first = 0;
        for tile in 0..tiles {
            let pixels = (self.line.pixels - first).div_ceil(tiles - tile);
            // SAFETY: `Lanewise::compute` checked that all of the line's reads and writes lie inside its slices, and the
            // tile's pixels and channels are among the line's.
            unsafe {
                match pixels {
                    1 => self.tile::<S, 1, WHOLE>(simd, first, channel, count),
                    2 => self.tile::<S, 2, WHOLE>(simd, first, channel, count),
                    3 => self.tile::<S, 3, WHOLE>(simd, first, channel, count),
                    4 => self.tile::<S, 4, WHOLE>(simd, first, channel, count),
                    5 => self.tile::<S, 5, WHOLE>(simd, first, channel, count),
                    _ => self.tile::<S, { Lanewise::TILE }, WHOLE>(simd, first, channel, count),
                }
            }
            first += pixels;
        }
    }

    /// Computes `count` channels from `channel` on of `P` pixels from `first` on.
    ///
    /// # Safety
    /// They are channels and pixels of the line, whose reads and writes were checked.
    #[inline(always)]
    unsafe fn tile<S: Simd, const P: usize, const WHOLE: bool>(
        &self,
        simd: S,
        first: usize,
        channel: usize,
        count: usize,
    ) {
        let line = self.line;
        let [across, along] = &line.taps;
        // SAFETY: the caller's promise. The taps of a tile with `K` have unit distance in cells, so that cell `j` from
        // the first pixel's first tap is tap `j - p · STRIDE` of pixel `p`.
        unsafe {
            let mut sums = [simd.load_at(line.bias.as_ptr().add(channel)); P];
            let input = line.input.as_ptr().add(first * line.pixel + channel);
            let weights = line.weights.as_ptr().add(channel);
            for row in 0..across.count {
                let input = input.add(across.input(row));
                let weights = weights.add(across.weights(row));
                if K == 0 {
                    for tap in 0..along.count {
                        let w = simd.load_at(weights.add(along.weights(tap)));
                        let input = input.add(along.input(tap));
                        for p in 0..P {
                            let x = load::<S, WHOLE>(simd, input.add(p * line.pixel), count);
                            sums[p] = simd.mul_add(x, w, sums[p]);
                        }
                    }
                } else {
                    let input = input.add(along.input(0));
                    let mut w = [simd.splat(0.0); K];
                    for tap in 0..K {
                        w[tap] = simd.load_at(weights.add(along.weights(tap)));
                    }
                    for j in 0..(P - 1) * STRIDE + K {
                        let x = load::<S, WHOLE>(simd, input.add(j * along.pitch), count);
                        for p in 0..P {
                            if p * STRIDE <= j && j < p * STRIDE + K {
                                sums[p] = simd.mul_add(x, w[j - p * STRIDE], sums[p]);
                            }
                        }
                    }
                }
            }
            let (low, high) = (simd.splat(line.limits[0]), simd.splat(line.limits[1]));
            let step = line.step * line.output.pitch;
            for p in 0..P {
                // In this order, so that NaN passes.
                let limited = simd.min(high, simd.max(low, sums[p]));
                let to = line.output.to.add((first + p) * step + channel);
                if WHOLE {
                    simd.store_at(limited, to);
                } else {
                    simd.store_some_at(limited, to, count);
                }
            }
        }
    }
}

/// # Safety
/// `count` floats can be read, or a vector if `WHOLE`.
#[inline(always)]
unsafe fn load<S: Simd, const WHOLE: bool>(simd: S, from: *const f32, count: usize) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { if WHOLE { simd.load_at(from) } else { simd.load_some_at(from, count) } }
}
