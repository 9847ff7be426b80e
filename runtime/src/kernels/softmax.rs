use super::math;
use super::rows::{copy_pixels, each_row, lanes_below, load, map, store};
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

/// Multiply–adds in whose time a float is done.
const MACS: usize = 32;

impl Softmax {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let Slot { channels, pitch, width, .. } = self.output;
        let (level, team, log) = (run.level, run.team, self.log);
        let softmax = |row: &mut [f32]| level.dispatch(Row { log, row, channels, pitch });
        let Some(input) = &self.input else {
            return each_row(team, &self.output, run.in_place(&self.output), MACS, |_, row| softmax(row));
        };
        let ([data], output) = run.operands([input], &self.output);
        each_row(team, &self.output, output, MACS, |y, row| {
            copy_pixels(&data[y * width * input.pitch..], input.pitch, row, pitch, width, channels);
            softmax(row);
        });
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
        let (lowest, zero) = (s.splat(f32::NEG_INFINITY), s.splat(0.0));
        for pixel in self.row.chunks_mut(self.pitch) {
            let pixel = &mut pixel[..self.channels];
            let mut top = lowest;
            for lanes in pixel.chunks(S::LANES) {
                top = s.max(top, s.select(lanes_below(s, lanes.len()), load(s, lanes), lowest));
            }
            let top = s.splat(s.largest(top));
            let mut sum = zero;
            for lanes in pixel.chunks_mut(S::LANES) {
                let power = math::exp(s, s.sub(load(s, lanes), top));
                sum = s.add(sum, s.select(lanes_below(s, lanes.len()), power, zero));
                if !self.log {
                    store(s, power, lanes);
                }
            }
            let sum = s.sum(sum);
            if self.log {
                let shift = s.splat(math::ln(sum));
                map!(s, pixel, |x| s.sub(s.sub(x, top), shift));
            } else {
                let share = s.splat(1.0 / sum);
                map!(s, pixel, |x| s.mul(x, share));
            }
        }
    }
}
