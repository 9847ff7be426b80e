//! Register tiles of sums that are pooled before anything is written.
#![expect(unsafe_code, reason = "the inner loops run without bounds checks; `Pooled::compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use super::finish::{finish, write, write_some};
use super::tile::{Line, Places, sums};
use super::tiling::Shares;
use super::{Simd, WithSimd};
use crate::weights::PANEL;

/// Cells of a pool along each side.
const SIDE: usize = 2;
/// Taps of a small window along each side.
const KERNEL: usize = 3;

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
        if const { S::REGISTERS < 32 } && self.is_small() {
            return (0..line.vectors).for_each(|vector| simd.call(Small(self, vector)));
        }
        match line.vectors {
            1 => self.tiles::<S, 1>(simd),
            2 => self.tiles::<S, 2>(simd),
            _ => unreachable!("no such tile"),
        }
    }

    /// Whether the windows are of 3 × 3 floats, each beside the one before.
    fn is_small(&self) -> bool {
        let Line { taps: [rows, columns], len, pixel, .. } = self.line;
        let are_rows = rows.count == KERNEL && rows.are_apart(self.down);
        are_rows && columns.count == 1 && len == KERNEL && pixel == SIDE
    }

    /// Computes the line, of `C` vectors.
    #[inline(always)]
    fn tiles<S: Simd, const C: usize>(&self, simd: S) {
        let shares = Shares::new(&(0..self.line.pixels), const { Self::most::<S>(C) });
        let mut first = 0;
        while first < self.line.pixels {
            let (size, _) = shares.from(first);
            match size {
                1 => simd.call(Tile::<1, 4, C>(self, first)),
                2 if const { Self::most::<S>(C) >= 2 } => simd.call(Tile::<2, 8, C>(self, first)),
                3 if const { Self::most::<S>(C) >= 3 } => simd.call(Tile::<3, 12, C>(self, first)),
                _ => unreachable!("no such tile"),
            }
            first += size;
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
            for p in 0..P {
                for c in 0..C {
                    let cell = |cell: usize| sums[p * SIDE * SIDE + cell][c];
                    let cells = [[cell(0), cell(1)], [cell(2), cell(3)]];
                    pooled[p][c] = pool(simd, cells, is_max, line.limits);
                }
            }
            finish(simd, line, first, pooled);
        }
    }
}

/// The pixels of a line whose windows are small, and one vector of channels: its weights stay in registers.
struct Small<'a>(&'a Pooled<'a>, usize);

impl WithSimd for Small<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(&Pooled { ref line, down, is_max }, vector) = self;
        let (lane, [rows, columns]) = (vector * S::LANES, line.taps);
        let count = S::LANES.min(line.channels - lane);
        // SAFETY: `Pooled::compute` checked the slices for all pixels of the line and all of its vectors.
        unsafe {
            let mut weights = [[simd.splat(0.0); KERNEL]; KERNEL];
            let mut from = line.weights.as_ptr().add(rows.first.weights + columns.first.weights);
            from = from.add(lane / PANEL * line.panel + lane % PANEL);
            for i in 0..KERNEL {
                for j in 0..KERNEL {
                    weights[i][j] = simd.load_at(from.add((i * KERNEL + j) * PANEL));
                }
            }
            let bias = simd.load_at(line.bias.as_ptr().add(lane));
            let limits = simd.splat_each(line.limits);
            let input = line.input.as_ptr().add(rows.first.input + columns.first.input);
            let step = line.step * line.output.pitch;
            for pixel in 0..line.pixels {
                let (mut sums, input) = ([[bias; SIDE]; SIDE], input.add(pixel * SIDE));
                add_row::<S, 0>(simd, input, &weights, &mut sums);
                add_row::<S, 1>(simd, input.add(down), &weights, &mut sums);
                add_row::<S, 2>(simd, input.add(2 * down), &weights, &mut sums);
                add_row::<S, 3>(simd, input.add(3 * down), &weights, &mut sums);
                let sums = [[pool(simd, sums, is_max, line.limits)]];
                let output = line.output.to.add(pixel * step + lane);
                if count == S::LANES {
                    write(simd, sums, None, limits, output, step);
                } else {
                    write_some(simd, sums, None, limits, output, step, count);
                }
            }
        }
    }
}

/// Adds the products of row `I` of the four cells by four that the windows of 2 × 2 sums lie in. Of all rows, the compiler
/// would make a loop, with the weights in memory.
///
/// # Safety
/// The row's cells can be read from `from` on.
#[inline(always)]
unsafe fn add_row<S: Simd, const I: usize>(
    simd: S,
    from: *const f32,
    weights: &[[S::V; KERNEL]; KERNEL],
    sums: &mut [[S::V; SIDE]; SIDE],
) {
    for j in 0..KERNEL + 1 {
        // SAFETY: the caller's promise.
        let x = simd.splat(unsafe { *from.add(j) });
        for y in 0..SIDE {
            for z in 0..SIDE {
                let [down, across] = [I.wrapping_sub(y), j.wrapping_sub(z)];
                if down < KERNEL && across < KERNEL {
                    sums[y][z] = simd.mul_add(x, weights[down][across], sums[y][z]);
                }
            }
        }
    }
}

/// The largest of 2 × 2 sums, or their mean; of the largest, limits are still to come.
#[inline(always)]
fn pool<S: Simd>(simd: S, [[a, b], [c, d]]: [[S::V; SIDE]; SIDE], is_max: bool, limits: [f32; 2]) -> S::V {
    // The largest of the sums is the largest of what becomes of them.
    if is_max {
        return simd.maximum(simd.maximum(a, b), simd.maximum(c, d));
    }
    let [low, high] = simd.splat_each(limits);
    let limit = |sum| simd.min(high, simd.max(low, sum));
    let sum = simd.add(simd.add(limit(a), limit(b)), simd.add(limit(c), limit(d)));
    simd.mul(sum, simd.splat(0.25))
}
