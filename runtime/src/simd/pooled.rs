//! Register tiles of sums that are pooled before anything is written.
#![expect(unsafe_code, reason = "the inner loops run without bounds checks; `Pooled::compute` checks before")]

use super::finish::finish;
use super::tile::{Line, Places, sums};
use super::{Simd, WithSimd};

/// Cells of a pool along each side.
const SIDE: usize = 2;

/// Output pixels at equal distances, each of which is the largest of 2 × 2 sums, or their mean.
#[derive(Debug)]
pub(crate) struct Pooled<'a> {
    /// The pixels with the taps of their first sum; nothing is added to them.
    pub line: Line<'a>,
    /// Floats of input from a sum's window to the one below it. From one to that beside it are half as many as from pixel
    /// to pixel.
    pub down: usize,
    /// Whether the largest is taken.
    pub is_max: bool,
}

impl Pooled<'_> {
    /// Most vectors of output channels that are computed at once.
    pub(crate) const VECTORS: usize = 2;

    /// Most pixels of a tile of so many vectors: beside the sums there are a factor for each vector, and an input.
    const fn most<S: Simd>(vectors: usize) -> usize {
        match (S::REGISTERS, vectors) {
            (32.., _) => 3,
            (_, 1) => 2,
            _ => 1,
        }
    }

    /// Computes the line, in tiles of nearly equal size.
    ///
    /// # Panics
    /// If it leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd>(&self, simd: S) {
        let Self { line, down, .. } = self;
        let beyond = down.checked_add(line.pixel / SIDE);
        let fits = beyond.and_then(|beyond| line.fits(S::LANES, line.len, beyond));
        assert!(fits == Some(true), "the line leaves its slices");
        match line.vectors {
            1 => self.tiles::<S, 1>(simd),
            2 => self.tiles::<S, 2>(simd),
            _ => unreachable!("no such tile"),
        }
    }

    /// Computes the line, of `C` vectors.
    #[inline(always)]
    fn tiles<S: Simd, const C: usize>(&self, simd: S) {
        let pixels = self.line.pixels;
        let tiles = pixels.div_ceil(const { Self::most::<S>(C) });
        let mut first = 0;
        for tile in 0..tiles {
            let count = (pixels - first).div_ceil(tiles - tile);
            match count {
                1 => simd.call(Tile::<1, 4, C>(self, first)),
                2 if const { Self::most::<S>(C) >= 2 } => simd.call(Tile::<2, 8, C>(self, first)),
                3 if const { Self::most::<S>(C) >= 3 } => simd.call(Tile::<3, 12, C>(self, first)),
                _ => unreachable!("no such tile"),
            }
            first += count;
        }
    }
}

/// The `P` pixels from one on, of `R` sums and `C` vectors, of a line that was found to fit its slices.
struct Tile<'a, const P: usize, const R: usize, const C: usize>(&'a Pooled<'a>, usize);

impl<const P: usize, const R: usize, const C: usize> WithSimd for Tile<'_, P, R, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(&Pooled { ref line, down, is_max }, first) = self;
        let places = Places::<SIDE> { down, across: line.pixel / SIDE };
        // SAFETY: `Pooled::compute` checked the slices for all pixels of the line, and these are among them.
        unsafe {
            let [sums] = sums::<S, R, C, 1, SIDE>(simd, line, first, places);
            let mut pooled = [[simd.splat(0.0); C]; P];
            let [low, high] = line.limits.map(|limit| simd.splat(limit));
            for p in 0..P {
                for c in 0..C {
                    let cells = [0, 1, 2, 3].map(|cell| sums[p * SIDE * SIDE + cell][c]);
                    // The largest of the sums is the largest of what becomes of them.
                    pooled[p][c] = if is_max {
                        simd.maximum(simd.maximum(cells[0], cells[1]), simd.maximum(cells[2], cells[3]))
                    } else {
                        let [a, b, c, d] = cells.map(|sum| simd.min(high, simd.max(low, sum)));
                        simd.mul(simd.add(simd.add(a, b), simd.add(c, d)), simd.splat(0.25))
                    };
                }
            }
            finish(simd, line, first, pooled);
        }
    }
}
