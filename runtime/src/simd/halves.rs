//! Matrix products with weights kept as bfloat16: half the bytes of float32, for layers that wait for memory.
#![expect(unsafe_code, reason = "the inner loop runs without bounds checks; `Halves::compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use super::finish::finish;
use super::tile::Line;
use super::{Simd, WithSimd};
use crate::weights::PANEL;

/// Pixels that are computed at once where there are so many.
const ROWS: usize = 4;

/// A line of a single tap whose panels are `[panel][len / 2][16]` words, `len` rounded up to even: the bits of a word
/// are the weight of an odd input in the high half, and of the even input before it in the low half.
#[derive(Debug)]
pub(crate) struct Halves<'a>(pub Line<'a>);

impl Halves<'_> {
    /// The vectors of output channels to compute at once, of these that there are: a whole panel at least. A single
    /// pixel is a short step, and more sums hide the latency of the additions.
    #[inline(always)]
    pub(crate) fn vectors<S: Simd>(_: S, pixels: usize, vectors: usize) -> usize {
        let most = match vectors {
            4.. if pixels == 1 => 4,
            0 | 1 => 1,
            _ => 2,
        };
        most.max(PANEL / S::LANES)
    }

    /// Computes the line.
    ///
    /// # Panics
    /// If the line leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd>(self, simd: S) {
        let Self(line) = &self;
        assert!(line.fits(S::LANES, line.len.div_ceil(2), 0) == Some(true), "the line leaves its slices");
        let mut first = 0;
        while first < line.pixels {
            let rows = if line.pixels - first >= ROWS { ROWS } else { 1 };
            match (line.vectors, rows) {
                (4, 1) => simd.call(Tile::<1, 4, 2> { line, first }),
                (2, 1) => simd.call(Tile::<1, 2, 2> { line, first }),
                (1, 1) => simd.call(Tile::<1, 1, 2> { line, first }),
                (4, ROWS) => simd.call(Tile::<ROWS, 4, 1> { line, first }),
                (2, ROWS) => simd.call(Tile::<ROWS, 2, 1> { line, first }),
                (1, ROWS) => simd.call(Tile::<ROWS, 1, 2> { line, first }),
                _ => unreachable!("no such tile"),
            }
            first += rows;
        }
    }
}

/// `R` pixels from `first` on, and `C` vectors. Even and odd inputs have sums of their own if `U` is 2.
struct Tile<'a, const R: usize, const C: usize, const U: usize> {
    line: &'a Line<'a>,
    first: usize,
}

impl<const R: usize, const C: usize, const U: usize> WithSimd for Tile<'_, R, C, U> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { line, first } = self;
        // SAFETY: `Halves::compute` made the tile: it checked that all of these reads and writes, for each of the
        // line's pixels, lie inside its slices, that there is a bias for each lane, and the tile's pixels are among the
        // line's.
        unsafe {
            let mut sums = [[[simd.splat(0.0); C]; R]; U];
            for c in 0..C {
                let bias = simd.load_at(line.bias.as_ptr().add(c * S::LANES));
                for r in 0..R {
                    sums[0][r][c] = bias;
                }
            }
            let input = line.input.as_ptr().add(first * line.pixel);
            for pair in 0..line.len / 2 {
                let weights = weights::<S, C>(simd, line, pair);
                for r in 0..R {
                    let input = input.add(r * line.pixel + 2 * pair);
                    let (even, odd) = (simd.splat(*input), simd.splat(*input.add(1)));
                    for c in 0..C {
                        sums[0][r][c] = simd.mul_add(even, weights[c][0], sums[0][r][c]);
                        sums[U - 1][r][c] = simd.mul_add(odd, weights[c][1], sums[U - 1][r][c]);
                    }
                }
            }
            if line.len % 2 == 1 {
                let weights = weights::<S, C>(simd, line, line.len / 2);
                for r in 0..R {
                    let last = simd.splat(*input.add(r * line.pixel + line.len - 1));
                    for c in 0..C {
                        sums[0][r][c] = simd.mul_add(last, weights[c][0], sums[0][r][c]);
                    }
                }
            }
            for u in 1..U {
                for r in 0..R {
                    for c in 0..C {
                        sums[0][r][c] = simd.add(sums[0][r][c], sums[u][r][c]);
                    }
                }
            }
            finish(simd, line, first, sums[0]);
        }
    }
}

/// The weights of an even input and of the one after it, `C` vectors of them.
///
/// # Safety
/// The words of this pair can be read.
#[inline(always)]
unsafe fn weights<S: Simd, const C: usize>(simd: S, line: &Line<'_>, pair: usize) -> [[S::V; 2]; C] {
    let mut weights = [[simd.splat(0.0); 2]; C];
    for c in 0..C {
        let lane = c * S::LANES;
        let word = lane / PANEL * line.panel + pair * PANEL + lane % PANEL;
        // SAFETY: the caller's promise.
        weights[c] = simd.halves(unsafe { simd.load_at(line.weights.as_ptr().add(word)) });
    }
    weights
}
