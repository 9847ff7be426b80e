//! Products of two tensors summed over pixels, the gradient of a kernel: `R` rows by `C` vectors in registers.
#![expect(unsafe_code, reason = "the inner loop runs without bounds checks; `Outer::add` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use super::{Simd, WithSimd};
use crate::weights::PANEL;

/// Floats of one operand for some pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<'a> {
    pub floats: &'a [f32],
    /// Floats from one row of pixels to the next, and from pixel to pixel.
    pub steps: [usize; 2],
}

impl Operand<'_> {
    /// The last of the floats that are `len` from a pixel's first, of so many pixels; `None` is an overflow.
    fn end(&self, [rows, columns]: [usize; 2], len: usize) -> Option<usize> {
        let down = rows.checked_sub(1)?.checked_mul(self.steps[0])?;
        columns.checked_sub(1)?.checked_mul(self.steps[1])?.checked_add(down)?.checked_add(len)
    }
}

/// Adds `Σ left[offset(r) + …] · right[o + …]` over `pixels` to row `r`, lane `o` of `sums`.
#[derive(Debug)]
pub(crate) struct Outer<'a> {
    /// What is multiplied float by float.
    pub left: Operand<'a>,
    /// Where the rows start: so many of equal distance, of so many neighbours each.
    pub offsets: [(usize, usize); 2],
    /// Neighbouring floats after each of those.
    pub run: usize,
    /// What is multiplied in vectors.
    pub right: Operand<'a>,
    /// Lanes that count.
    pub channels: usize,
    /// Rows and columns of pixels that are summed.
    pub pixels: [usize; 2],
    /// Where the first row's sums lie in a panel, in rows.
    pub first: usize,
    /// Floats of a panel.
    pub panel: usize,
    /// Panels `[channels / 16][…][16]`.
    pub sums: &'a mut [f32],
}

/// Neighbouring rows of which so few would leave a tile nearly empty.
const FEW: usize = 5;

/// Rows of a tile where they are neighbours, and where each is read from a place of its own: few sizes, for each is compiled
/// for every level. The three taps a side of an image with one channel are nine rows.
const NEAR: [usize; 5] = [8, 6, 4, 2, 1];
const APART: [usize; 4] = [9, 4, 2, 1];

/// Most rows of a tile on levels with so many registers.
const fn most<S: Simd>() -> usize {
    match S::LANES {
        16 => 9,
        8 => 6,
        _ => 4,
    }
}

impl Outer<'_> {
    /// Rows of the sums.
    const fn rows(&self) -> usize {
        self.offsets[0].0 * self.offsets[1].0 * self.run
    }

    /// First float of a row.
    #[inline(always)]
    fn offset(&self, row: usize) -> usize {
        let (tap, at) = (row / self.run, row % self.run);
        let [(_, down), (count, across)] = self.offsets;
        tap / count * down + tap % count * across + at
    }

    /// Whether everything that is read and written lies inside the slices; `None` is an overflow.
    fn fits(&self) -> Option<bool> {
        let [(rows, down), (columns, across)] = self.offsets;
        let last = rows.checked_sub(1)?.checked_mul(down)?;
        let last = columns.checked_sub(1)?.checked_mul(across)?.checked_add(last)?.checked_add(self.run)?;
        let panels = self.channels.div_ceil(PANEL).checked_mul(self.panel)?;
        let in_panel = self.first.checked_add(self.rows())?.checked_mul(PANEL)? <= self.panel;
        Some(
            self.left.end(self.pixels, last)? <= self.left.floats.len()
                && self.right.end(self.pixels, self.channels)? <= self.right.floats.len()
                && in_panel
                && panels <= self.sums.len(),
        )
    }

    /// Adds the products.
    ///
    /// # Panics
    /// If they leave one of the slices.
    #[inline(always)]
    pub(crate) fn add<S: Simd>(mut self, simd: S) {
        assert!(self.fits() == Some(true), "the products leave their slices");
        let mut channel = 0;
        while channel < self.channels {
            let vectors = if self.channels - channel > S::LANES { 2 } else { 1 };
            // Rows that are neighbours are read from one place, others each from its own.
            let near = self.run >= FEW;
            let together = if near { self.run } else { self.rows() };
            let sizes = if near { &NEAR[..] } else { &APART[..] };
            for first in (0..self.rows()).step_by(together) {
                let mut row = 0;
                while row < together {
                    let fits = |size: &&usize| **size <= (together - row).min(most::<S>());
                    let rows = sizes.iter().find(fits).copied().unwrap_or(1);
                    self.tile(simd, rows, vectors, first + row, channel);
                    row += rows;
                }
            }
            channel += vectors * S::LANES;
        }
    }

    /// Adds a tile of so many rows and vectors.
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, rows: usize, vectors: usize, row: usize, channel: usize) {
        macro_rules! tiles {
            ($($r:literal $near:literal)+) => {
                match (rows, vectors, self.run >= FEW) {
                    $(($r, 2, $near) => simd.call(Tile::<$r, 2, $near> { outer: self, row, channel }),)+
                    $(($r, _, $near) => simd.call(Tile::<$r, 1, $near> { outer: self, row, channel }),)+
                    _ => unreachable!("no such tile"),
                }
            };
        }
        tiles!(8 true 6 true 4 true 2 true 1 true 9 false 4 false 2 false 1 false);
    }
}

/// `R` rows, which are neighbours if they are `NEAR`, and `C` vectors of products that were found to fit.
struct Tile<'t, 'a, const R: usize, const C: usize, const NEAR: bool> {
    outer: &'t mut Outer<'a>,
    row: usize,
    channel: usize,
}

impl<const R: usize, const C: usize, const NEAR: bool> WithSimd for Tile<'_, '_, R, C, NEAR> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { outer, row, channel } = self;
        let [rows, columns] = outer.pixels;
        let last = outer.channels - channel - (C - 1) * S::LANES;
        let whole = last >= S::LANES;
        let mut sums = [[simd.splat(0.0); C]; R];
        // SAFETY: `Outer::add` checked that the floats of these rows and channels lie inside the slices for each of the
        // pixels; of the last vector only as many lanes are read as there are channels.
        unsafe {
            // Found before the products: after them every store would have to look for its place again.
            let to: [*mut f32; C] = core::array::from_fn(|c| {
                let lane = channel + c * S::LANES;
                let at = lane / PANEL * outer.panel + (outer.first + row) * PANEL + lane % PANEL;
                outer.sums.as_mut_ptr().add(at)
            });
            let offsets: [usize; R] = core::array::from_fn(|r| outer.offset(row + r));
            for y in 0..rows {
                let left = outer.left.floats.as_ptr().add(y * outer.left.steps[0]);
                let left = offsets.map(|offset| left.add(offset));
                let right = outer.right.floats.as_ptr().add(y * outer.right.steps[0] + channel);
                for x in 0..columns {
                    let mut vectors = [simd.splat(0.0); C];
                    let from = right.add(x * outer.right.steps[1]);
                    for c in 0..C - 1 {
                        vectors[c] = simd.load_at(from.add(c * S::LANES));
                    }
                    let from = from.add((C - 1) * S::LANES);
                    vectors[C - 1] = if whole { simd.load_at(from) } else { simd.load_some_at(from, last) };
                    for r in 0..R {
                        let from = if NEAR { left[0].add(r) } else { left[r] };
                        simd.add_products(from, x * outer.left.steps[1], &vectors, &mut sums[r]);
                    }
                }
            }
            for c in 0..C {
                for r in 0..R {
                    let to = to[c].add(r * PANEL);
                    simd.store_at(simd.add(simd.load_at(to), sums[r][c]), to);
                }
            }
        }
    }
}
