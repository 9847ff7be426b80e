use core::ops::Range;

use super::Activation;
use super::bands::{Along, Band, Bands, Lines, rows_at_once};
use super::parts::parts;
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Lanewise, Parts, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

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
        let (level, team, all) = (run.level, run.team, run.weights);
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { width, channels, pitch, .. } = self.output;
        let (bias, weights) = all[self.weights..].split_at(padded(channels));
        let block = rows_at_once(self.input.width * self.input.pitch * self.rows.stride);
        let [pixels, groups] = self.parts();
        Grid::new(output, &self.output, pixels, groups).each(team, &mut [], |mut cells, _| {
            let (rows, own) = (cells.rows(), cells.channels());
            for start in rows.clone().step_by(block) {
                let rows = start..rows.end.min(start + block);
                let pixels = rows.start * width..rows.end * width;
                level.dispatch(Task { layer: self, rows, input, output: &mut cells, bias, weights });
                if self.activation.limits().is_none() {
                    cells.runs(pixels, |run| self.activation.apply(level, all, run, own.clone(), pitch));
                }
            }
        });
    }

    /// How pixels and channels are parted: small maps by channels, as the convolutions beside them are.
    fn parts(&self) -> [Parts; 2] {
        let Slot { height, width, channels, .. } = self.output;
        let pixels = height * width;
        // A multiplication takes twice as long as one of a convolution, which uses what it loads more often.
        let count = parts(2 * self.rows.kernel * self.columns.kernel * pixels * channels);
        let by_channels = channels > pixels && self.multiplier == 1;
        let groups = Parts::new(0..channels, 2 * PANEL, if by_channels { count } else { 1 });
        [Parts::new(0..pixels, width, count / groups.count()), groups]
    }
}

/// Some rows and channels of a depthwise convolution, with its operands.
struct Task<'a, 'o> {
    layer: &'a Depthwise,
    rows: Range<usize>,
    input: &'a [f32],
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    weights: &'a [f32],
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Depthwise { input, output, rows, columns, multiplier, .. } = self.layer;
        // So many channels at once that the rows of a window stay in a first-level cache, but no fewer than make the
        // reads of a pixel long: wide maps come from far away.
        const CACHE: usize = 8 * 1024;
        let block = match multiplier {
            1 => (CACHE / (rows.kernel * input.width)).max(4 * PANEL) / PANEL * PANEL,
            _ => output.channels,
        };
        let along = Along::Forward { repeat: 1 };
        let own = self.output.channels();
        for first in own.clone().step_by(block) {
            let channels = first..own.end.min(first + block);
            for row in Bands::new(rows, along, input.height, self.rows.end) {
                let Some(row) = row.within(&self.rows) else { continue };
                for column in Bands::new(columns, along, input.width, output.width) {
                    self.region(simd, &row, &column, &channels);
                }
            }
        }
    }
}

impl Task<'_, '_> {
    /// Computes some channels of the pixels where two bands cross.
    #[inline(always)]
    fn region<S: Simd>(&mut self, simd: S, row: &Band, column: &Band, channels: &Range<usize>) {
        let Depthwise { input, output, columns, multiplier, activation, .. } = self.layer;
        let width = padded(output.channels);
        // The output counts in pixels.
        let lines = Lines::new(row, column, [input.width, output.width], [input.pitch, 1], Lanewise::TILE);
        let mut taps =
            [row.taps(input.width * input.pitch, columns.kernel * width), column.taps(input.pitch, width)];
        if lines.down {
            taps.reverse();
        }
        let limits = activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let start = row.start * output.width + column.start;
        for line in 0..lines.outer.count {
            let [from, to] = lines.outer.steps.map(|step| step * line);
            let [pixel, step] = lines.inner.steps;
            let line = Lanewise {
                pixels: lines.inner.count,
                channels: channels.len(),
                // Without taps the cells may lie past the input.
                input: self.input.get(from + channels.start..).unwrap_or(&[]),
                pixel,
                taps,
                weights: &self.weights[channels.start..],
                bias: &self.bias[channels.start..],
                limits,
                output: self.output.from(start + to, channels.start),
                step,
            };
            if *multiplier == 1 {
                line.compute(simd);
            } else {
                spread(simd, line, *multiplier);
            }
        }
    }
}

/// Computes a line whose input channels each serve `multiplier` output channels.
#[inline(always)]
fn spread<S: Simd>(simd: S, mut line: Lanewise<'_>, multiplier: usize) {
    let [across, along] = &line.taps;
    let [low, high] = line.limits.map(|limit| simd.splat(limit));
    for p in 0..line.pixels {
        let pixel = line.output.pixel(p * line.step, line.channels);
        for (vector, output) in pixel.chunks_mut(S::LANES).enumerate() {
            let channel = vector * S::LANES;
            let mut sum = simd.load(&line.bias[channel..]);
            for (i, j) in (0..across.count).flat_map(|i| (0..along.count).map(move |j| (i, j))) {
                let cell = p * line.pixel + across.input(i) + along.input(j);
                let mut lanes = [0.0; PANEL];
                for (lane, x) in lanes.iter_mut().enumerate().take(output.len()) {
                    *x = line.input[cell + (channel + lane) / multiplier];
                }
                let weights = &line.weights[across.weights(i) + along.weights(j) + channel..];
                sum = simd.mul_add(simd.load(&lanes), simd.load(weights), sum);
            }
            // In this order, so that NaN passes.
            simd.store_partial(simd.min(high, simd.max(low, sum)), output);
        }
    }
}
