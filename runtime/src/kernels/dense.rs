use super::Activation;
use super::parts::parts;
use crate::run::Run;
use crate::simd::{Cells, Grid, Line, Parts, Reads, Simd, WithSimd};
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
        let (level, team, all) = (run.level, run.team, run.weights);
        let ([input, residual], output) =
            run.operands([&self.input, &self.residual.unwrap_or(self.input)], &self.output);
        let outputs = output.len();
        let (bias, panels) = all[self.weights..].split_at(padded(outputs));
        let residual = self.residual.map(|_| residual);
        let vector = Slot::arena(0, [1, 1, outputs]);
        // Reading the weights takes longer than the multiplications. Four panels are enough to hide the latency of the
        // additions.
        let groups = Parts::new(0..outputs, 4 * PANEL, parts(4 * input.len() * outputs));
        let grid = Grid::new(output, &vector, Parts::new(0..1, 1, 1), groups);
        grid.each(team, &mut [], |mut cells, _| {
            let own = cells.channels();
            level.dispatch(Task { dense: self, input, residual, output: &mut cells, bias, panels });
            if self.activation.limits().is_none() {
                cells.runs(0..1, |run| self.activation.apply(level, all, run, own.clone(), own.len()));
            }
        });
    }
}

/// Some outputs of a dense layer, with its operands.
struct Task<'a, 'o> {
    dense: &'a Dense,
    input: &'a [f32],
    residual: Option<&'a [f32]>,
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    panels: &'a [f32],
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    /// As many panels at once as there are, up to the tile's limit: one input is a short step, and many sums hide
    /// the latency of the additions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let panel = self.input.len() * PANEL;
        let own = self.output.channels();
        let limits = self.dense.activation.limits().unwrap_or(Line::OPEN);
        let mut first = own.start;
        while first < own.end {
            let vectors = simd.shape(1, (own.end - first).div_ceil(S::LANES)).0;
            let channels = (vectors * S::LANES).min(own.end - first);
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
                far: false,
                output: self.output.from(0, first),
                step: 0,
            }
            .compute(simd);
            first += channels;
        }
    }
}
