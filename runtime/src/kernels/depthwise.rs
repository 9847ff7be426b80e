use core::ops::Range;

use super::Activation;
use super::bands::rows_at_once;
use super::parts::parts;
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Lanewise, Level, Parts, Simd, WithSimd};
use crate::slot::Slot;
use crate::team::Team;
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
        let (level, team, weights) = (run.level, run.team, run.weights);
        let ([input], output) = run.operands([&self.input], &self.output);
        let operands = self.operands(level, weights, input);
        let [pixels, groups] = self.parts(team);
        Grid::new(output, &self.output, pixels, groups).each(team, &mut [], |cells, _| {
            operands.compute(cells.rows(), 0, cells);
        });
    }

    /// Its operands, where all rows of the input are there.
    pub(super) fn operands<'a>(&'a self, level: Level, weights: &'a [f32], input: &'a [f32]) -> Operands<'a> {
        Operands { layer: self, level, weights, input, ring: self.input.height }
    }

    /// How pixels and channels are parted: small maps by channels, as the convolutions beside them are. Sums are the same
    /// in any parts, and a single thread does best with all channels at once.
    fn parts(&self, team: &Team) -> [Parts; 2] {
        let Slot { height, width, channels, .. } = self.output;
        let pixels = height * width;
        // A multiplication takes twice as long as one of a convolution, which uses what it loads more often.
        let macs = 2 * self.rows.kernel * self.columns.kernel * pixels * channels;
        let count = if team.is_alone() { 1 } else { parts(macs) };
        let by_channels = channels > pixels && self.multiplier == 1;
        // The channels past the last whole unit go with those before them: alone they may not fill a vector.
        let unit = 2 * PANEL;
        let groups = Parts::new(0..channels, unit, if by_channels { count.min(channels / unit) } else { 1 });
        [Parts::new(0..pixels, width, count / groups.count()), groups]
    }
}

/// What the parts of a depthwise convolution have in common.
pub(super) struct Operands<'a> {
    pub layer: &'a Depthwise,
    pub level: Level,
    pub weights: &'a [f32],
    /// The input: row `y` is row `y % ring` of it.
    pub input: &'a [f32],
    pub ring: usize,
}

impl Operands<'_> {
    /// Computes `rows` into `cells`, which have row `shift` as their first.
    pub(super) fn compute(&self, rows: Range<usize>, shift: usize, cells: &mut Cells<'_>) {
        let Self { layer, level, weights: all, .. } = *self;
        let Slot { width, channels, pitch, .. } = layer.output;
        let (bias, weights) = all[layer.weights..].split_at(padded(channels));
        let own = cells.channels();
        let block = rows_at_once(layer.input.width * layer.input.pitch * layer.rows.stride);
        for start in rows.clone().step_by(block) {
            let rows = start..rows.end.min(start + block);
            let pixels = (rows.start - shift) * width..(rows.end - shift) * width;
            level.dispatch(Task { operands: self, rows, first: pixels.start, output: cells, bias, weights });
            if layer.activation.limits().is_none() {
                cells.runs(pixels, |run| layer.activation.apply(level, all, run, own.clone(), pitch));
            }
        }
    }
}

/// Some rows and channels of a depthwise convolution, with its operands.
struct Task<'a, 'o> {
    operands: &'a Operands<'a>,
    rows: Range<usize>,
    /// The first of their pixels in the output.
    first: usize,
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    weights: &'a [f32],
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Depthwise { input, output, rows, columns, multiplier, activation, .. } = self.operands.layer;
        let own = self.output.channels();
        Lanewise {
            width: output.width,
            channels: own.len(),
            multiplier: *multiplier,
            windows: [*rows, *columns],
            cells: [input.height, input.width],
            input: &self.operands.input[own.start / multiplier..],
            ring: self.operands.ring,
            pitch: input.pitch,
            weights: &self.weights[own.start..],
            tap: padded(output.channels),
            bias: &self.bias[own.start..],
            limits: activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]),
            output: self.output.from(self.first, own.start),
            rows: self.rows,
        }
        .compute(simd);
    }
}
