use super::Activation;
use crate::run::Run;
use crate::slot::Slot;

/// Matrix–vector product over the floats of the input, all of them one vector.
///
/// `output = activation(bias + W · input)`. Weights lie at `weights`, as for
/// [`Conv2d`](super::Conv2d): biases rounded up to a panel, then `[outputs / 16][inputs][16]`. A dense layer on the
/// pixels of a map is a 1×1 convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// The tensor read; dense in memory.
    pub input: Slot,
    /// The vector written.
    pub output: Slot,
    /// A vector of the output's shape to add before the activation.
    pub residual: Option<Slot>,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}

impl Dense {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let weights = &run.weights[self.weights..];
        let residual = self.residual.unwrap_or(self.input);
        let ([input, residual], output) = run.operands([&self.input, &residual], &self.output);
        let outputs = self.output.channels;
        for o in 0..outputs {
            let at = outputs.next_multiple_of(16) + o / 16 * input.len() * 16 + o % 16;
            let mut sum = weights[o];
            for (i, x) in input.iter().enumerate() {
                sum += x * weights[at + i * 16];
            }
            if self.residual.is_some() {
                sum += residual[o];
            }
            output[o] = match self.activation {
                Activation::Relu => sum.max(0.0),
                Activation::Relu6 => sum.clamp(0.0, 6.0),
                _ => sum,
            };
        }
    }
}
