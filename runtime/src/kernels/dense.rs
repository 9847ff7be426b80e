use super::Activation;
use super::parts::parts;
use crate::run::Run;
use crate::simd::{Cells, Grid, Halves, Line, Parts, Reads, Residual, Simd, WithSimd};
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

/// Weights of a small layer at most.
const SMALL: usize = 1024;

impl Dense {
    /// Floats that an output sums.
    const fn len(&self) -> usize {
        match self.output.height * self.output.width {
            1 => self.input.len(),
            pixels => self.input.len() / pixels,
        }
    }

    /// Computes the layer. A small one is computed where it is called, by plain loops: there its geometry is constant, and
    /// nothing is left to check or to divide. It is as fast as that crate's compilation makes it.
    #[inline(always)]
    pub fn run(&self, run: &mut Run<'_>) {
        if self.is_small() { self.compute_here(run) } else { self.compute(run) }
    }

    /// Whether the call of a kernel would take longer than its wide vectors save.
    const fn is_small(&self) -> bool {
        let Self { output, residual, stored, activation, .. } = self;
        output.height * output.width == 1
            && self.len() * padded(output.channels) <= SMALL
            && residual.is_none()
            && matches!(stored, Stored::F32)
            && activation.limits().is_some()
    }

    /// Computes a small layer, panel by panel.
    #[inline(always)]
    fn compute_here(&self, run: &mut Run<'_>) {
        let Self { input, output, weights, activation, .. } = self;
        let [low, high] = activation.limits().unwrap_or(Line::OPEN);
        let (bias, panels) = run.weights[*weights..].split_at(padded(output.channels));
        let ([input], output) = run.operands([input], output);
        let panels = panels.chunks_exact(self.len() * PANEL);
        for ((output, bias), panel) in output.chunks_mut(PANEL).zip(bias.as_chunks::<PANEL>().0).zip(panels) {
            // Even and odd inputs have sums of their own, so that additions wait less for each other.
            let (mut sums, mut others) = (*bias, [0.0; PANEL]);
            let (pairs, last) = input.as_chunks();
            let (weights, last_weights) = panel.as_chunks::<PANEL>().0.as_chunks();
            for ([x, y], [even, odd]) in pairs.iter().zip(weights) {
                add_products(&mut sums, *x, even);
                add_products(&mut others, *y, odd);
            }
            for (x, weights) in last.iter().zip(last_weights) {
                add_products(&mut sums, *x, weights);
            }
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
                // So that NaN passes.
                let limited = if *sum < low { low } else { *sum };
                *sum = if limited > high { high } else { limited };
            }
            match output.first_chunk_mut() {
                Some(whole) => *whole = sums,
                None => output.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum),
            }
        }
    }

    /// Computes the layer on the level's vectors, and on the team's threads.
    fn compute(&self, run: &mut Run<'_>) {
        let (level, team, all) = (run.level, run.team, run.weights);
        let ([input, residual], output) =
            run.operands([&self.input, &self.residual.unwrap_or(self.input)], &self.output);
        let Slot { height, width, channels, pitch, .. } = self.output;
        let pixels = height * width;
        let (bias, panels) = all[self.weights..].split_at(padded(channels));
        let residual = Residual::new(self.residual, &self.output, |slot| (residual, slot.pitch));
        // Reading the weights takes as long as the multiplications of four pixels. Four panels are enough to hide the
        // latency of the additions.
        let macs = pixels.max(4) * self.len() * channels;
        let groups = Parts::new(0..channels, 4 * PANEL, parts(macs));
        let grid = Grid::new(output, &self.output, Parts::new(0..pixels, pixels, 1), groups);
        grid.each(team, &mut [], |cells, _| {
            let own = cells.channels();
            level.dispatch(Task { dense: self, input, residual, output: &mut *cells, bias, panels });
            if self.activation.limits().is_none() {
                cells.runs(0..pixels, |run| self.activation.apply(level, all, run, own.clone(), pitch));
            }
        });
    }
}

/// `sums += x · weights`
#[inline(always)]
fn add_products(sums: &mut [f32; PANEL], x: f32, weights: &[f32; PANEL]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += x * weight;
    }
}

/// Some outputs of a dense layer, with its operands.
struct Task<'a, 'o> {
    dense: &'a Dense,
    input: &'a [f32],
    /// What to add, and its floats from one pixel to the next.
    residual: Residual<'a, usize>,
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
                taps: &[Reads::ONE; 2],
                len,
                weights: &self.panels[first / PANEL * panel..],
                panel,
                next: None,
                bias: &self.bias[first..],
                residual: self.residual.map(|floats, step| (&floats[first..], step)),
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
