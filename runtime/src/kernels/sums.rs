//! Sums over the pixels of a tensor, channel by channel.

use core::ops::Range;

use super::rows::{load, store};
use crate::simd::Simd;
use crate::slot::Slot;

/// What is summed: `K` numbers for each element.
pub(crate) trait Terms<const K: usize> {
    /// Those of some channels, at most a vector of them, of the pixel of this number, counted row by row. Mark it
    /// `#[inline(always)]`; that a closure could not be is why this is a trait.
    fn of<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> [S::V; K];
}

/// `x − center`, or its square.
#[derive(Debug)]
pub(crate) struct Apart<'a, const SQUARED: bool> {
    /// The floats of a tensor.
    pub(crate) data: &'a [f32],
    /// Floats from one of its pixels to the next.
    pub(crate) pitch: usize,
    /// The center of each channel.
    pub(crate) centers: &'a [f32],
}

impl<const SQUARED: bool> Terms<1> for Apart<'_, SQUARED> {
    #[inline(always)]
    fn of<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> [S::V; 1] {
        let x = load(s, &self.data[pixel * self.pitch..][channels.clone()]);
        let apart = s.sub(x, load(s, &self.centers[channels]));
        [if SQUARED { s.mul(apart, apart) } else { apart }]
    }
}

/// `g (x − center)`, and g.
#[derive(Debug)]
pub(crate) struct Products<'a> {
    /// The floats of x and of g.
    pub(crate) data: [&'a [f32]; 2],
    /// Floats from one pixel to the next of each.
    pub(crate) pitches: [usize; 2],
    /// The center of each channel.
    pub(crate) centers: &'a [f32],
}

impl Terms<2> for Products<'_> {
    #[inline(always)]
    fn of<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> [S::V; 2] {
        let ([x, g], [x_pitch, g_pitch]) = (self.data, self.pitches);
        let x = load(s, &x[pixel * x_pitch..][channels.clone()]);
        let g = load(s, &g[pixel * g_pitch..][channels.clone()]);
        [s.mul(g, s.sub(x, load(s, &self.centers[channels]))), g]
    }
}

/// Adds to `sums` the terms of all pixels of a map like `slot`: pixel by pixel in each row, then the rows, so that sums
/// over large maps stay accurate. There are as many channels as floats in each of `sums`.
#[inline(always)]
pub(crate) fn add_sums<S: Simd, T: Terms<K>, const K: usize>(
    s: S,
    terms: &T,
    slot: &Slot,
    mut sums: [&mut [f32]; K],
) {
    for y in 0..slot.height {
        let sums = sums.each_mut().map(|sums| &mut **sums);
        add_row(s, terms, y * slot.width..(y + 1) * slot.width, sums);
    }
}

/// Adds to `sums` the terms of these pixels.
#[inline(always)]
pub(crate) fn add_row<S: Simd, T: Terms<K>, const K: usize>(
    s: S,
    terms: &T,
    pixels: Range<usize>,
    mut sums: [&mut [f32]; K],
) {
    let channels = sums[0].len();
    let mut first = 0;
    while channels - first >= 4 * S::LANES {
        add_vectors::<S, T, K, 4>(s, terms, &pixels, &mut sums, first, S::LANES);
        first += 4 * S::LANES;
    }
    while channels - first >= S::LANES {
        add_vectors::<S, T, K, 1>(s, terms, &pixels, &mut sums, first, S::LANES);
        first += S::LANES;
    }
    if first < channels {
        add_vectors::<S, T, K, 1>(s, terms, &pixels, &mut sums, first, channels - first);
    }
}

/// Adds the terms of `N` vectors of channels, of `lanes` each, in registers.
#[inline(always)]
fn add_vectors<S: Simd, T: Terms<K>, const K: usize, const N: usize>(
    s: S,
    terms: &T,
    pixels: &Range<usize>,
    sums: &mut [&mut [f32]; K],
    first: usize,
    lanes: usize,
) {
    let mut totals = [[s.splat(0.0); K]; N];
    for pixel in pixels.clone() {
        for (n, totals) in totals.iter_mut().enumerate() {
            let channel = first + n * lanes;
            let terms = terms.of(s, pixel, channel..channel + lanes);
            for (total, term) in totals.iter_mut().zip(terms) {
                *total = s.add(*total, term);
            }
        }
    }
    for (n, totals) in totals.into_iter().enumerate() {
        for (sums, total) in sums.iter_mut().zip(totals) {
            let sums = &mut sums[first + n * lanes..][..lanes];
            store(s, s.add(load(s, sums), total), sums);
        }
    }
}
