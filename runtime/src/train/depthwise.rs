use super::Pass;
use crate::geometry::Axis;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::padded;

/// The gradients of a depthwise convolution: of its kernel, its biases and its input.
///
/// `weight[k][o] += Σ gradient[p][o] · input[p · stride + k · dilation − before][o / multiplier]`, and the input's
/// gradient the same with input and weight exchanged. Kernel and biases lie as [`Depthwise`](crate::kernels::Depthwise)
/// has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthwiseGradient {
    /// What the convolution read.
    pub input: Slot,
    /// The gradient with respect to its sums.
    pub gradient: Slot,
    /// The gradient with respect to the input, if it is needed.
    pub output: Option<Slot>,
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// Output channels for each input channel.
    pub multiplier: usize,
    /// First float of biases and weights.
    pub weights: usize,
    /// Whether the convolution has biases.
    pub bias: bool,
}

impl DepthwiseGradient {
    /// Adds the gradients of kernel and biases, and writes that of the input.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let (level, all) = (pass.run.level, pass.run.weights);
        let sums = &mut pass.sums[self.weights..];
        if let Some(output) = &self.output {
            let ([input, gradient], back) = pass.run.operands([&self.input, &self.gradient], output);
            level.dispatch(Task {
                kernel: self,
                input,
                gradient,
                back: Some((back, output)),
                weights: all,
                sums,
            });
        } else {
            let [input, gradient] = pass.run.read([&self.input, &self.gradient]);
            level.dispatch(Task { kernel: self, input, gradient, back: None, weights: all, sums });
        }
    }
}

struct Task<'a> {
    kernel: &'a DepthwiseGradient,
    input: &'a [f32],
    gradient: &'a [f32],
    /// The input's gradient, and where it lies.
    back: Option<(&'a mut [f32], &'a Slot)>,
    weights: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let DepthwiseGradient { input, gradient, rows, columns, multiplier, weights, bias, .. } =
            *self.kernel;
        if let Some((back, slot)) = &mut self.back {
            for pixel in 0..slot.height * slot.width {
                back[pixel * slot.pitch..][..slot.channels].fill(0.0);
            }
        }
        let tap_floats = padded(gradient.channels);
        for (y, x) in (0..gradient.height).flat_map(|y| (0..gradient.width).map(move |x| (y, x))) {
            let given = &self.gradient[(y * gradient.width + x) * gradient.pitch..][..gradient.channels];
            if bias {
                self.sums.iter_mut().zip(given).for_each(|(sum, g)| *sum += g);
            }
            let (down, across) = (rows.taps(y, input.height), columns.taps(x, input.width));
            for (row, column) in (0..down.count).flat_map(|row| (0..across.count).map(move |c| (row, c))) {
                let pixel =
                    (down.first + row * down.step) * input.width + across.first + column * across.step;
                let tap = (down.tap + row) * columns.kernel + across.tap + column;
                let at = tap_floats * (1 + tap);
                let read = &self.input[pixel * input.pitch..][..input.channels];
                let sums = &mut self.sums[at..][..gradient.channels];
                if multiplier == 1 {
                    sums.iter_mut().zip(given).zip(read).for_each(|((sum, g), x)| *sum += g * x);
                } else {
                    let sums = sums.chunks_exact_mut(multiplier).zip(given.chunks_exact(multiplier));
                    for ((sums, given), x) in sums.zip(read) {
                        sums.iter_mut().zip(given).for_each(|(sum, g)| *sum += g * x);
                    }
                }
                let Some((back, slot)) = &mut self.back else { continue };
                let back = &mut back[pixel * slot.pitch..][..slot.channels];
                let kernel = &self.weights[weights + at..][..gradient.channels];
                if multiplier == 1 {
                    back.iter_mut().zip(given).zip(kernel).for_each(|((back, g), w)| *back += g * w);
                } else {
                    let pairs = given.chunks_exact(multiplier).zip(kernel.chunks_exact(multiplier));
                    for (back, (given, kernel)) in back.iter_mut().zip(pairs) {
                        *back += given.iter().zip(kernel).map(|(g, w)| g * w).sum::<f32>();
                    }
                }
            }
        }
    }
}
