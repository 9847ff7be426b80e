use super::Activation;
use crate::geometry::Axis;
use crate::run::Run;
use crate::slot::Slot;

/// Depthwise 2-D convolution: output channel `c · multiplier + m` sees input channel `c` alone.
///
/// Weights lie at `weights`: the biases, then `[rows][columns][channels]`; the output channels rounded up
/// to [`PANEL`](crate::weights::PANEL) in each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depthwise {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// Output channels for each input channel.
    pub multiplier: usize,
    /// First float of biases and weights in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}

impl Depthwise {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let weights = &run.weights[self.weights..];
        let ([input], output) = run.operands([&self.input], &self.output);
        let width = self.output.channels.next_multiple_of(16);
        for y in 0..self.output.height {
            for x in 0..self.output.width {
                for c in 0..self.output.channels {
                    let mut sum = weights[c];
                    for ky in 0..self.rows.kernel {
                        for kx in 0..self.columns.kernel {
                            let iy = (y * self.rows.stride + ky * self.rows.dilation)
                                .wrapping_sub(self.rows.before);
                            let ix = (x * self.columns.stride + kx * self.columns.dilation)
                                .wrapping_sub(self.columns.before);
                            if iy < self.input.height && ix < self.input.width {
                                let pixel = iy * self.input.width + ix;
                                sum += weights[(1 + ky * self.columns.kernel + kx) * width + c]
                                    * input[pixel * self.input.pitch + c / self.multiplier];
                            }
                        }
                    }
                    output[(y * self.output.width + x) * self.output.pitch + c] = match self.activation {
                        Activation::Relu => sum.max(0.0),
                        Activation::Relu6 => sum.clamp(0.0, 6.0),
                        _ => sum,
                    };
                }
            }
        }
    }
}
