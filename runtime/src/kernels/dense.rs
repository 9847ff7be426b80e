use super::Activation;
use crate::run::Run;
use crate::simd::{Line, Reads, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

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
        let (level, all) = (run.level, run.weights);
        let ([input, residual], output) =
            run.operands([&self.input, &self.residual.unwrap_or(self.input)], &self.output);
        let (bias, panels) = all[self.weights..].split_at(padded(output.len()));
        let residual = self.residual.map(|_| residual);
        level.dispatch(Task { dense: self, input, residual, output, bias, panels });
        if self.activation.limits().is_none() {
            let channels = output.len();
            self.activation.apply(level, all, output, 0..channels, channels);
        }
    }
}

/// A dense layer with its operands.
struct Task<'a> {
    dense: &'a Dense,
    input: &'a [f32],
    residual: Option<&'a [f32]>,
    output: &'a mut [f32],
    bias: &'a [f32],
    panels: &'a [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    /// As many panels at once as there are, up to the tile's limit: one input is a short step, and many sums hide
    /// the latency of the additions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let panel = self.input.len() * PANEL;
        let outputs = self.output.len();
        let limits = self.dense.activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let mut first = 0;
        while first < outputs {
            let vectors = simd.shape(1, (outputs - first).div_ceil(S::LANES)).0;
            let channels = (vectors * S::LANES).min(outputs - first);
            Line {
                pixels: 1,
                channels,
                vectors,
                input: self.input,
                pixel: 0,
                taps: [Reads::ONE; 2],
                len: self.input.len(),
                weights: &self.panels[first / PANEL * panel..],
                panel,
                bias: &self.bias[first..],
                residual: self.residual.map(|floats| (&floats[first..], 0)),
                limits,
                output: &mut self.output[first..],
                step: 0,
            }
            .compute(simd);
            first += channels;
        }
    }
}
