//! The register tile: a few pixels by a few vectors of output channels, accumulated over the taps of
//! a window.
#![expect(unsafe_code, reason = "the inner loops run without bounds checks; `Line::compute` checks before")]
#![expect(clippy::needless_range_loop, reason = "indices of registers; every loop over them is unrolled")]

use core::ops::Range;

use super::finish::{Residual, finish};
use super::prefetch::{will_read, will_write};
use super::{Simd, Target, WithSimd};
use crate::weights::PANEL;

/// Floats from one cell to the next that lies in the same set of a first-level cache (of 4 KiB a way).
const ALIAS: usize = 1024;

/// Ways of a first-level cache.
const WAYS: usize = 8;

/// The taps of a window along one axis, walked by additions: what comes before a tile's first product is not hidden behind
/// the products of the tile before, and a division there, even one that is jumped over, showed as some fifty cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads {
    /// Number of taps; without any, the sum is the bias.
    pub count: usize,
    first: Tap,
    /// From one tap to the next; the floats of input wrap where taps run backwards.
    step: Tap,
    /// How often each input cell is read before the next one.
    repeat: usize,
    /// Floats from one input cell to the next.
    pitch: usize,
}

/// A tap, or a distance between taps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// First float that it reads.
    pub input: usize,
    /// Its first weight.
    pub weights: usize,
    /// Which reading of its cell it is, of those that are repeated.
    reading: usize,
}

impl Reads {
    /// A single tap, the first.
    pub(crate) const ONE: Self = {
        let tap = Tap { input: 0, weights: 0, reading: 0 };
        Self { count: 1, first: tap, step: tap, repeat: 1, pitch: 0 }
    };

    /// So many taps, of which number `t` reads input cell `(from + t · delta) / repeat`, of `pitch` floats, and weights
    /// from `weight + t · weight_step` on.
    #[inline(always)]
    pub(crate) fn new(
        count: usize,
        [from, repeat]: [usize; 2],
        delta: isize,
        pitch: usize,
        [weight, weight_step]: [usize; 2],
    ) -> Self {
        // Most cells are single, and divisions show in small layers.
        let [first, step] = if repeat == 1 {
            [(from, 0), (delta as usize, 0)]
        } else {
            let (cells, readings) = (delta.div_euclid(repeat as isize), delta.rem_euclid(repeat as isize));
            [(from / repeat, from % repeat), (cells as usize, readings as usize)]
        };
        let tap = |(cells, reading): (usize, usize), weights: usize| Tap {
            input: cells.wrapping_mul(pitch),
            weights,
            reading,
        };
        Self { count, first: tap(first, weight), step: tap(step, weight_step), repeat, pitch }
    }

    /// Whether the taps read floats that follow each other, each so many.
    #[inline(always)]
    pub(crate) fn adjoin(&self, len: usize) -> bool {
        self.repeat == 1 && self.step.input == len
    }

    /// The taps in their order.
    #[inline(always)]
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> {
        let (mut next, step) = (self.first, self.step);
        (0..self.count).map(move |_| {
            let tap = next;
            next.input = tap.input.wrapping_add(step.input);
            next.weights = tap.weights.wrapping_add(step.weights);
            next.reading = tap.reading + step.reading;
            if next.reading >= self.repeat {
                next.reading -= self.repeat;
                next.input = next.input.wrapping_add(self.pitch);
            }
            tap
        })
    }

    /// The largest float offsets into input and weights that a tap reads, or `None` if one is not a
    /// `usize`. Offsets are monotone in the tap, so the ends tell.
    #[inline(always)]
    pub(super) fn reach(&self) -> Option<(usize, usize)> {
        let last = self.count.checked_sub(1)?;
        let Tap { input: step, weights, reading } = self.step;
        let beside = if self.repeat == 1 {
            0
        } else {
            let readings = last.checked_mul(reading)?.checked_add(self.first.reading)?;
            readings.checked_div(self.repeat)?.checked_mul(self.pitch)?
        };
        let steps = isize::try_from(last).ok()?.checked_mul(step as isize)?;
        let end = self.first.input.checked_add_signed(steps)?.checked_add(beside)?;
        Some((self.first.input.max(end), last.checked_mul(weights)?.checked_add(self.first.weights)?))
    }
}

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
        assert!(self.fits(S::LANES, self.len) == Some(true), "the line leaves its slices");
        let most = simd.shape(self.pixels, self.vectors).1;
        // Pixels whose floats share a set of the first-level cache must not be more than its ways.
        let most = if self.pixel.is_multiple_of(ALIAS) { most.min(WAYS) } else { most };
        // Where a single product is short, so many divisions would show.
        let share = |pixels: usize, tiles: usize| if tiles == 1 { pixels } else { pixels.div_ceil(tiles) };
        let tiles = if self.pixels <= most { 1 } else { self.pixels.div_ceil(most) };
        let mut first = 0;
        for tile in 0..tiles {
            let pixels = share(self.pixels - first, tiles - tile);
            if self.far {
                self.ask(first + pixels..(first + 2 * pixels).min(self.pixels));
            }
            simd.tile(self.vectors, pixels, Tile { line: self, first });
            first += pixels;
        }
    }

    /// Asks for the cells of these pixels that are written and added.
    #[inline(always)]
    fn ask(&self, pixels: Range<usize>) {
        for pixel in pixels {
            let cell = pixel * self.step * self.output.pitch;
            will_write(self.output.to.wrapping_add(cell), self.channels);
            if let Residual::Of(floats, step) = self.residual {
                will_read(floats[pixel * step..].as_ptr(), self.channels);
            }
        }
    }

    /// Whether everything that the tiles touch lies inside the slices, where a tap has as many rows of weights in a
    /// panel; `None` is an overflow.
    #[inline(always)]
    pub(super) fn fits(&self, lanes: usize, rows_of_weights: usize) -> Option<bool> {
        let last = self.pixels.checked_sub(1)?;
        let width = self.vectors.checked_mul(lanes)?;

        let [rows, columns] = self.taps;
        let sums = if rows.count == 0 || columns.count == 0 {
            true
        } else {
            let (down, across) = (rows.reach()?, columns.reach()?);
            let input = last.checked_mul(self.pixel)?.checked_add(down.0)?.checked_add(across.0)?;
            let panels = width.div_ceil(PANEL).checked_sub(1)?.checked_mul(self.panel)?;
            let weights = panels.checked_add(down.1)?.checked_add(across.1)?;
            input.checked_add(self.len)? <= self.input.len()
                && weights.checked_add(rows_of_weights.checked_mul(PANEL)?)? <= self.weights.len()
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

/// A tile of a line that was found to fit its slices.
#[derive(Debug)]
pub struct Tile<'a> {
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
        let [rows, columns] = line.taps;
        // SAFETY: `Line::compute` made the tile: it checked that all of these reads and writes, for each of the line's
        // pixels, lie inside its slices, that there is a bias for each lane, and the tile's pixels are among the line's.
        unsafe {
            let mut bias = [simd.splat(0.0); C];
            for c in 0..C {
                bias[c] = simd.load_at(line.bias.as_ptr().add(c * S::LANES));
            }
            let mut sums = [[[simd.splat(0.0); C]; R]; U];
            sums[0] = [bias; R];
            let input = line.input.as_ptr().add(first * line.pixel);
            if rows.count == 1 && columns.count == 1 {
                // Most lines have a single tap, which takes few steps to find.
                let input = input.add(rows.first.input + columns.first.input);
                let weights = line.weights.as_ptr().add(rows.first.weights + columns.first.weights);
                accumulate(simd, &mut sums, input, line.pixel, weights, line.panel, line.len);
            } else {
                for down in rows.taps() {
                    for across in columns.taps() {
                        let input = input.add(down.input + across.input);
                        let weights = line.weights.as_ptr().add(down.weights + across.weights);
                        accumulate(simd, &mut sums, input, line.pixel, weights, line.panel, line.len);
                    }
                }
            }
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

/// `sums[k % U][r][c] += input[r · pixel + k] · weights[k][c]` for `k` below `len`.
///
/// # Safety
/// The inputs, and the weights of all vectors, can be read.
#[inline(always)]
unsafe fn accumulate<S: Simd, const R: usize, const C: usize, const U: usize>(
    simd: S,
    sums: &mut [[[S::V; C]; R]; U],
    input: *const f32,
    pixel: usize,
    weights: *const f32,
    panel: usize,
    len: usize,
) {
    let whole = len - len % U;
    // SAFETY: the caller's promise; `k` stays below `len`.
    unsafe {
        for k in (0..whole).step_by(U) {
            for u in 0..U {
                step(simd, &mut sums[u], input.add(k + u), pixel, weights.add((k + u) * PANEL), panel);
            }
        }
        for k in whole..len {
            step(simd, &mut sums[0], input.add(k), pixel, weights.add(k * PANEL), panel);
        }
    }
}

/// One `k` of [`accumulate`].
///
/// # Safety
/// One input of each pixel, and a vector of weights of each panel, can be read.
#[inline(always)]
unsafe fn step<S: Simd, const R: usize, const C: usize>(
    simd: S,
    sums: &mut [[S::V; C]; R],
    input: *const f32,
    pixel: usize,
    weights: *const f32,
    panel: usize,
) {
    let mut w = [simd.splat(0.0); C];
    for c in 0..C {
        let lane = c * S::LANES;
        // SAFETY: the caller's promise.
        w[c] = unsafe { simd.load_at(weights.add(lane / PANEL * panel + lane % PANEL)) };
    }
    for r in 0..R {
        // SAFETY: the caller's promise.
        unsafe { simd.add_products(input.add(r * pixel), &w, &mut sums[r]) };
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

/// Calls the tile of a shape from a table of `vectors: pixels/sums …`.
macro_rules! shapes {
    ($simd:expr, $vectors:expr, $pixels:expr, $tile:expr; $($c:literal: $($r:literal/$u:literal)+);+) => {
        match ($vectors, $pixels) {
            $($(($c, $r) => $simd.call($crate::simd::tile::Shape::<$r, $c, $u>($tile)),)+)+
            _ => unreachable!("no such tile"),
        }
    };
}
pub(super) use shapes;
