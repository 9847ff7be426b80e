use super::Pass;
use super::rows::each_row;
use crate::kernels::math;
use crate::kernels::rows::{load, store};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// The gradient of [`Softmax`](crate::kernels::Softmax), over the channels of each pixel: `y (g − Σ g y)`, and for the
/// logarithm `g − eʸ Σ g`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftmaxGradient {
    /// Gradient of the result, or `None` for the output's present content.
    pub gradient: Option<Slot>,
    /// The result.
    pub result: Slot,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// Whether the result is the logarithm of the softmax.
    pub log: bool,
}

impl SoftmaxGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let Slot { channels, pitch, .. } = self.output;
        let (log, result_pitch) = (self.log, self.result.pitch);
        each_row(&mut pass.run, self.gradient.as_ref(), &self.result, &self.output, |result, row| {
            level.dispatch(Row { log, row, pitch, channels, result, result_pitch });
        });
    }
}

/// Gradients to change in place, beside the results.
struct Row<'a> {
    log: bool,
    row: &'a mut [f32],
    pitch: usize,
    channels: usize,
    result: &'a [f32],
    result_pitch: usize,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        for (pixel, result) in self.row.chunks_mut(self.pitch).zip(self.result.chunks(self.result_pitch)) {
            let (pixel, result) = (&mut pixel[..self.channels], &result[..self.channels]);
            let mut sum = s.splat(0.0);
            for (g, y) in pixel.chunks(S::LANES).zip(result.chunks(S::LANES)) {
                let g = load(s, g);
                sum = s.add(sum, if self.log { g } else { s.mul(g, load(s, y)) });
            }
            let sum = s.splat(s.sum(sum));
            for (lanes, y) in pixel.chunks_mut(S::LANES).zip(result.chunks(S::LANES)) {
                let (g, y) = (load(s, lanes), load(s, y));
                let gradient =
                    if self.log { s.sub(g, s.mul(math::exp(s, y), sum)) } else { s.mul(y, s.sub(g, sum)) };
                store(s, gradient, lanes);
            }
        }
    }
}
