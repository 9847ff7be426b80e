//! The register tile: a few pixels by a few vectors of output channels, accumulated over the taps of
//! a window.
#![expect(unsafe_code, reason = "the inner loops run without bounds checks; `Line::compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::finish::{Residual, finish};
use super::prefetch::{Ask, will_read, will_write};
use super::reads::Reads;
use super::tiling::Shares;
use super::{Simd, Target, WithSimd};
use crate::weights::PANEL;

/// Floats from one cell to the next that lies in the same set of a first-level cache (of 4 KiB a way).
const ALIAS: usize = 1024;

/// Ways of a first-level cache.
const WAYS: usize = 8;

/// Vectors of products with a panel's row of weights that leave time to ask for another row.
const PRODUCTS: usize = 4;

/// Output pixels at equal distances that sum the same taps, and some of their channels:
/// channel `o` of output pixel `p · step` is `limit(bias[o] + Σ weights · input[p · pixel + …] + residual[…])`.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Number of output pixels.
    pub pixels: usize,
    /// Output channels to write; at most `vectors` vectors.
    pub channels: usize,
    /// Vectors of output channels to compute, as [`Raw::shape`](super::raw::Raw::shape) gives.
    pub vectors: usize,
    /// The input, from the cell where the first pixel's taps count from.
    pub input: &'a [f32],
    /// Floats from one pixel's window to the next.
    pub pixel: usize,
    /// Reads along rows and columns.
    pub taps: &'a [Reads; 2],
    /// Floats that each tap reads.
    pub len: usize,
    /// Panels `[panel][tap][len][16]`, from the first one.
    pub weights: &'a [f32],
    /// Floats of a panel.
    pub panel: usize,
    /// The weights of another line of the same single tap, panels as these, that are asked for meanwhile.
    pub next: Option<&'a [f32]>,
    /// Bias of each channel, up to a whole panel.
    pub bias: &'a [f32],
    /// What to add at the end, and its floats from one pixel to the next.
    pub residual: Residual<'a, usize>,
    /// Lower and upper limit of the result.
    pub limits: [f32; 2],
    /// Whether the output, and what is added, are [`FAR`](super::FAR): their cells are asked for a tile ahead.
    pub far: bool,
    /// The first pixel's channels and what follows them.
    pub output: Target<'a>,
    /// Pixels from one output pixel to the next.
    pub step: usize,
}

impl Line<'_> {
    /// Limits that let everything pass.
    pub(crate) const OPEN: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

    /// Computes the line, in tiles of nearly equal size.
    ///
    /// # Panics
    /// If the line leaves one of its slices.
    #[inline(always)]
    pub(crate) fn compute<S: Simd>(&self, simd: S) {
        assert!(self.fits(S::LANES, self.len, 0) == Some(true), "the line leaves its slices");
        let most = simd.shape(self.pixels, self.vectors).1;
        // Pixels whose floats share a set of the first-level cache must not be more than its ways.
        let most = if self.pixel.is_multiple_of(ALIAS) { most.min(WAYS) } else { most };
        self.tiles(simd, self.vectors, 0..self.pixels, most);
    }

    /// Computes some of the pixels, in tiles of at most `most`, of a line that was found to fit its slices.
    #[inline(always)]
    pub(super) fn tiles<S: Simd>(&self, simd: S, vectors: usize, pixels: Range<usize>, most: usize) {
        let (shares, mut first) = (Shares::new(&pixels, most), pixels.start);
        while first < pixels.end {
            let (size, end) = shares.from(first);
            simd.tiles(vectors, size, Piece { line: self, first, end });
            first = end;
        }
    }

    /// Asks for the cells of these pixels that are written and added.
    #[inline(never)]
    fn ask(&self, pixels: Range<usize>) {
        for pixel in pixels.start..pixels.end.min(self.pixels) {
            let cell = pixel * self.step * self.output.pitch;
            will_write(self.output.to.wrapping_add(cell), self.channels);
            if let Residual::Of(floats, step) = self.residual {
                will_read(floats.as_ptr().wrapping_add(pixel * step), self.channels);
            }
        }
    }

    /// Whether everything that the tiles touch lies inside the slices, where a tap has as many rows of weights in a
    /// panel, and windows of the same pixel lie so many floats `beyond` its first; `None` is an overflow.
    #[inline(always)]
    pub(super) fn fits(&self, lanes: usize, rows_of_weights: usize, beyond: usize) -> Option<bool> {
        let last = self.pixels.checked_sub(1)?;
        let width = self.vectors.checked_mul(lanes)?;

        let [rows, columns] = self.taps;
        let sums = if rows.count == 0 || columns.count == 0 {
            true
        } else {
            let (down, across) = (rows.reach()?, columns.reach()?);
            // Of the last row of a panel, the lanes of the line.
            let rows = rows_of_weights.checked_sub(1)?.checked_mul(PANEL)?.checked_add(width.min(PANEL))?;
            let input = last.checked_mul(self.pixel)?.checked_add(down.0)?.checked_add(across.0)?;
            let panels = width.div_ceil(PANEL).checked_sub(1)?.checked_mul(self.panel)?;
            let weights = panels.checked_add(down.1)?.checked_add(across.1)?;
            input.checked_add(self.len)?.checked_add(beyond)? <= self.input.len()
                && weights.checked_add(rows)? <= self.weights.len()
        };
        let adds = match self.residual {
            Residual::Of(floats, step) => last.checked_mul(step)?.checked_add(self.channels)? <= floats.len(),
            Residual::None | Residual::Written => true,
        };
        let writes =
            self.channels <= width && self.output.reaches(last.checked_mul(self.step), self.channels);
        Some(sums && adds && writes && width <= self.bias.len())
    }
}

/// Pixels of a line, which was found to fit its slices, that are whole tiles of one size.
#[derive(Debug)]
pub struct Piece<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) first: usize,
    /// The pixel after the last one.
    pub(super) end: usize,
}

impl<'a> Piece<'a> {
    /// Calls `compute` with each tile, of so many pixels. What computes them is found once for all: where products are short,
    /// what comes between two tiles shows.
    #[inline(always)]
    pub(super) fn each(self, pixels: usize, compute: impl Fn(Tile<'a>)) {
        let Self { line, mut first, end } = self;
        while first < end {
            let next = first + pixels;
            if line.far {
                line.ask(next..next + pixels);
            }
            compute(Tile { line, first });
            first = next;
        }
    }
}

/// A tile of a line that was found to fit its slices.
#[derive(Debug)]
pub(super) struct Tile<'a> {
    pub(super) line: &'a Line<'a>,
    /// Its first pixel.
    pub(super) first: usize,
}

/// A tile with `R` pixels and `C` vectors. `U` neighbouring inputs, a power of two, have sums of their own, for tiles so
/// small that additions would wait for each other.
pub(super) struct Shape<'a, const R: usize, const C: usize, const U: usize>(pub(super) Tile<'a>);

impl<const R: usize, const C: usize, const U: usize> WithSimd for Shape<'_, R, C, U> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tile { line, first } = self.0;
        let places = Places::<1> { down: 0, across: line.pixel };
        // SAFETY: `Line::compute` made the tile: it checked that all of its reads and writes, for each of the line's
        // pixels, lie inside its slices, that there is a bias for each lane, and the tile's pixels are among the line's.
        unsafe {
            let mut sums = sums::<S, R, C, U, 1>(simd, line, first, places);
            const { assert!(U.is_power_of_two(), "sums are added in pairs") };
            let mut half = U / 2;
            while half > 0 {
                for u in 0..half {
                    for r in 0..R {
                        for c in 0..C {
                            sums[u][r][c] = simd.add(sums[u][r][c], sums[u + half][r][c]);
                        }
                    }
                }
                half /= 2;
            }
            finish(simd, line, first, sums[0]);
        }
    }
}

/// Where the windows of a tile's sums lie: in `P` rows, `P` columns for each pixel.
#[derive(Clone, Copy)]
pub(super) struct Places<const P: usize> {
    /// Floats from a window to the one below it.
    pub(super) down: usize,
    /// And to the one beside it.
    pub(super) across: usize,
}

impl<const P: usize> Places<P> {
    /// First float of the row that window `r` lies in.
    #[inline(always)]
    const fn row(self, r: usize) -> usize {
        r / P % P * self.down
    }

    /// And that of the window, from there.
    #[inline(always)]
    const fn column(self, r: usize) -> usize {
        (r / (P * P) * P + r % P) * self.across
    }
}

/// The sums of a tile of `R` windows and `C` vectors from a pixel on, in `U` parts.
///
/// # Safety
/// All inputs and weights of these windows, and a bias for each lane, lie inside the line's slices.
#[inline(always)]
pub(super) unsafe fn sums<S: Simd, const R: usize, const C: usize, const U: usize, const P: usize>(
    simd: S,
    line: &Line<'_>,
    first: usize,
    places: Places<P>,
) -> [[[S::V; C]; R]; U] {
    let [rows, columns] = line.taps;
    // SAFETY: the caller's promise.
    unsafe {
        let mut bias = [simd.splat(0.0); C];
        for c in 0..C {
            bias[c] = simd.load_at(line.bias.as_ptr().add(c * S::LANES));
        }
        let mut sums = [[[simd.splat(0.0); C]; R]; U];
        sums[0] = [bias; R];
        let input = line.input.as_ptr().add(first * line.pixel);
        let one = columns.first;
        // What comes before a step shows where steps are short, as those of most lines are, of a single tap, and of windows
        // whose rows are a run of floats each.
        if rows.count == 1 && columns.count == 1 {
            let input = input.add(rows.first.input + one.input);
            let weights = line.weights.as_ptr().add(rows.first.weights + one.weights);
            let ask = match line.next {
                None => Ask::after(weights),
                Some(next) => Ask::part(next, line.len, first / R, line.pixels.div_ceil(R)),
            };
            accumulate(simd, &mut sums, line, input, places, weights, ask);
        } else if columns.count == 1 {
            for down in rows.taps() {
                let input = input.add(down.input + one.input);
                let weights = line.weights.as_ptr().add(down.weights + one.weights);
                accumulate(simd, &mut sums, line, input, places, weights, Ask::after(weights));
            }
        } else {
            for down in rows.taps() {
                for across in columns.taps() {
                    let input = input.add(down.input + across.input);
                    let weights = line.weights.as_ptr().add(down.weights + across.weights);
                    let ask = Ask::after(weights);
                    accumulate(simd, &mut sums, line, input, places, weights, ask);
                }
            }
        }
        sums
    }
}

/// `sums[k % U][r][c] += input[row(r) + column(r) + k] · weights[k][c]` for `k` below `len`.
///
/// Where registers are few, so are a tile's products, and instructions that count and find addresses show beside them:
/// there a turn of the loop has four inputs. They are written out, because of so many products the compiler makes a loop;
/// with a single vector, it would put sums aside.
///
/// # Safety
/// The inputs, and the weights of all vectors, can be read.
#[inline(always)]
unsafe fn accumulate<S: Simd, const R: usize, const C: usize, const U: usize, const P: usize>(
    simd: S,
    sums: &mut [[[S::V; C]; R]; U],
    line: &Line<'_>,
    input: *const f32,
    places: Places<P>,
    weights: *const f32,
    mut ask: Ask,
) {
    let (panel, len) = (line.panel, line.len);
    let by_four = const { S::REGISTERS < 32 && C > 1 && 4 % U == 0 };
    let steps = if by_four { 4 } else { U };
    let whole = len - len % steps;
    // SAFETY: the caller's promise; `k` stays below `len`.
    unsafe {
        for k in (0..whole).step_by(steps) {
            let (input, weights) = (input.add(k), weights.add(k * PANEL));
            if by_four {
                step(simd, &mut sums[0], input, places, weights, panel, ask.row(0));
                step(simd, &mut sums[1 % U], input.add(1), places, weights.add(PANEL), panel, ask.row(1));
                step(simd, &mut sums[2 % U], input.add(2), places, weights.add(2 * PANEL), panel, ask.row(2));
                step(simd, &mut sums[3 % U], input.add(3), places, weights.add(3 * PANEL), panel, ask.row(3));
            } else {
                for u in 0..U {
                    step(simd, &mut sums[u], input.add(u), places, weights.add(u * PANEL), panel, ask.row(u));
                }
            }
            ask.pass(steps);
        }
        for k in whole..len {
            step(simd, &mut sums[0], input.add(k), places, weights.add(k * PANEL), panel, ask.row(0));
        }
    }
}

/// One `k` of [`accumulate`].
///
/// # Safety
/// One input of each window, and a vector of weights of each panel, can be read.
#[inline(always)]
unsafe fn step<S: Simd, const R: usize, const C: usize, const P: usize>(
    simd: S,
    sums: &mut [[S::V; C]; R],
    input: *const f32,
    places: Places<P>,
    weights: *const f32,
    panel: usize,
    ask: *const f32,
) {
    let mut w = [simd.splat(0.0); C];
    for c in 0..C {
        let lane = c * S::LANES;
        // SAFETY: the caller's promise.
        w[c] = unsafe { simd.load_at(weights.add(lane / PANEL * panel + lane % PANEL)) };
        if R * (PANEL / S::LANES) >= PRODUCTS && lane.is_multiple_of(PANEL) {
            will_read(ask.wrapping_add(lane / PANEL * panel), 1);
        }
    }
    for r in 0..R {
        // SAFETY: the caller's promise.
        unsafe { simd.add_products(input.add(places.row(r)), places.column(r), &w, &mut sums[r]) };
    }
}

/// [`Raw::add_products`](super::raw::Raw::add_products) of a float that has been read.
#[inline(always)]
pub(super) fn add_products<S: Simd, const C: usize>(
    simd: S,
    x: f32,
    factors: &[S::V; C],
    sums: &mut [S::V; C],
) {
    let x = simd.splat(x);
    for c in 0..C {
        sums[c] = simd.mul_add(x, factors[c], sums[c]);
    }
}

/// Calls the tiles of a shape from a table of `vectors: pixels/sums …`.
macro_rules! shapes {
    ($simd:expr, $vectors:expr, $pixels:expr, $piece:expr; $($c:literal: $($r:literal/$u:literal)+);+) => {
        match ($vectors, $pixels) {
            $($(($c, $r) => $piece.each($r, |tile| $simd.call($crate::simd::tile::Shape::<$r, $c, $u>(tile))),)+)+
            _ => unreachable!("no such tile"),
        }
    };
}
pub(super) use shapes;
