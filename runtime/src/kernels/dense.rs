use super::Activation;
use super::parts::parts;
use crate::run::Run;
use crate::simd::{Cells, Grid, Halves, Line, Parts, Reads, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, Stored, padded};

/// Matrix–vector product: each pixel of the output comes from an equal share of the input's floats.
///
/// `output = activation(bias + W · input + residual)`. Weights lie at `weights`: biases rounded up to a panel, then
/// panels `[outputs / 16][inputs][16]` as for [`Conv2d`](super::Conv2d), or those of
/// [`Load::Halves`](crate::weights::Load::Halves). A dense layer on the pixels of a map is a 1×1 convolution; several pixels here are several images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// The tensor read; dense in memory, unless its pixels are those of the output.
    pub input: Slot,
    /// The vector written, or one a pixel.
    pub output: Slot,
    /// A tensor of the output's shape to add before the activation.
    pub residual: Option<Slot>,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// How the panels are stored.
    pub stored: Stored,
    /// Applied last.
    pub activation: Activation,
}

impl Dense {
    /// Floats that an output sums.
    const fn len(&self) -> usize {
        self.input.len() / (self.output.height * self.output.width)
    }

    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team, all) = (run.level, run.team, run.weights);
        let ([input, residual], output) =
            run.operands([&self.input, &self.residual.unwrap_or(self.input)], &self.output);
        let Slot { height, width, channels, pitch, .. } = self.output;
        let pixels = height * width;
        let (bias, panels) = all[self.weights..].split_at(padded(channels));
        let residual = self.residual.map(|slot| (residual, slot.pitch));
        // Reading the weights takes as long as the multiplications of four pixels. Four panels are enough to hide the
        // latency of the additions.
        let macs = pixels.max(4) * self.len() * channels;
        let groups = Parts::new(0..channels, 4 * PANEL, parts(macs));
        let grid = Grid::new(output, &self.output, Parts::new(0..pixels, pixels, 1), groups);
        grid.each(team, &mut [], |mut cells, _| {
            let own = cells.channels();
            level.dispatch(Task { dense: self, input, residual, output: &mut cells, bias, panels });
            if self.activation.limits().is_none() {
                cells.runs(0..pixels, |run| self.activation.apply(level, all, run, own.clone(), pitch));
            }
        });
    }
}

/// Some outputs of a dense layer, with its operands.
struct Task<'a, 'o> {
    dense: &'a Dense,
    input: &'a [f32],
    /// What to add, and its floats from one pixel to the next.
    residual: Option<(&'a [f32], usize)>,
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
        let Dense { input, output, stored, activation, .. } = self.dense;
        let (pixels, len) = (output.height * output.width, self.dense.len());
        let panel = PANEL
            * match stored {
                Stored::F32 => len,
                Stored::Bf16 => len.div_ceil(2),
            };
        let limits = activation.limits().unwrap_or(Line::OPEN);
        let own = self.output.channels();
        let mut first = own.start;
        while first < own.end {
            let rest = (own.end - first).div_ceil(S::LANES);
            let vectors = match stored {
                Stored::F32 => simd.shape(pixels, rest).0,
                Stored::Bf16 => Halves::vectors(simd, pixels, rest),
            };
            let channels = (vectors * S::LANES).min(own.end - first);
            let line = Line {
                pixels,
                channels,
                vectors,
                input: self.input,
                pixel: input.pitch,
                taps: [Reads::ONE; 2],
                len,
                weights: &self.panels[first / PANEL * panel..],
                panel,
                bias: &self.bias[first..],
                residual: self.residual.map(|(floats, step)| (&floats[first..], step)),
                limits,
                far: false,
                output: self.output.from(0, first),
                step: 1,
            };
            match stored {
                Stored::F32 => line.compute(simd),
                Stored::Bf16 => Halves(line).compute(simd),
            }
            first += channels;
        }
    }
}
