use super::math;
use super::rows::{copy_pixels, lanes_below, map_in_place, rows};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// Softmax over the channels of each pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Whether to give the logarithm of the softmax.
    pub log: bool,
}

impl Softmax {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let Slot { channels, pitch, width, .. } = self.output;
        let (level, log) = (run.level, self.log);
        let softmax = |row: &mut [f32]| level.dispatch(Row { log, row, channels, pitch });
        let Some(input) = &self.input else {
            return softmax(run.in_place(&self.output));
        };
        let ([data], output) = run.operands([input], &self.output);
        for (y, row) in rows(&self.output, output).enumerate() {
            copy_pixels(&data[y * width * input.pitch..], input.pitch, row, pitch, width, channels);
            softmax(row);
        }
    }
}

/// Pixels to change in place.
struct Row<'a> {
    log: bool,
    row: &'a mut [f32],
    channels: usize,
    pitch: usize,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        // The lanes of a pixel's last vector that hold channels.
        let last = lanes_below(s, self.channels % S::LANES);
        for pixel in self.row.chunks_mut(self.pitch) {
            let pixel = &mut pixel[..self.channels];
            let lowest = s.splat(f32::NEG_INFINITY);
            let top = reduce(s, pixel, lowest, |best, x| s.max(best, x), |x| s.select(last, x, lowest));
            let top = s.splat(s.largest(top));
            let zero = s.splat(0.0);
            if self.log {
                let add = |sum, x| s.add(sum, math::exp(s, s.sub(x, top)));
                // Lanes that hold no channel count as −∞.
                let sum = reduce(s, pixel, zero, add, |x| s.select(last, x, lowest));
                let shift = s.splat(math::ln(s.sum(sum)));
                map_in_place(s, pixel, |x| s.sub(s.sub(x, top), shift));
            } else {
                map_in_place(s, pixel, |x| math::exp(s, s.sub(x, top)));
                let sum = reduce(s, pixel, zero, |sum, x| s.add(sum, x), |x| x);
                let share = s.splat(1.0 / s.sum(sum));
                map_in_place(s, pixel, |x| s.mul(x, share));
            }
        }
    }
}

/// Folds `join` over the vectors of `data`, the last of which, if not whole, first goes through `mask`.
#[inline(always)]
fn reduce<S: Simd>(
    s: S,
    data: &[f32],
    initial: S::V,
    join: impl Fn(S::V, S::V) -> S::V,
    mask: impl Fn(S::V) -> S::V,
) -> S::V {
    let mut result = initial;
    let chunks = data.chunks_exact(S::LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        result = join(result, s.load(chunk));
    }
    if rest.is_empty() { result } else { join(result, mask(s.load_partial(rest))) }
}
