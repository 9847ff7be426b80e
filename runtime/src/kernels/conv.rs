use core::ops::Range;

use super::bands::{Along, Band, Bands, Lines, rows_at_once};
use super::{Activation, Pool};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Line, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// How output cells map to input cells, along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Output `o`, tap `k` reads input `o · stride + k · dilation − before`.
    Direct,
    /// As `Direct` on the input enlarged by these factors (rows, columns) with nearest-neighbour
    /// repetition, which is read in place.
    Upsampled([usize; 2]),
    /// Output `o`, tap `k` reads input `(o + before − k · dilation) / stride` where that is whole.
    Transposed,
}

/// 2-D convolution on a register tile: direct, 1×1, strided, dilated, grouped, transposed.
///
/// `output = activation(bias + Σ weight · input + residual)`; cells outside the input are zero and
/// cost nothing. Weights lie at `weights`: first the biases, each group's output channels rounded
/// up to [`PANEL`](crate::weights::PANEL), then per group panels of `[outputs / 16][rows][columns][inputs][16]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2d {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; with `pool`, the pooled one.
    pub output: Slot,
    /// A tensor of the convolution's output shape to add before the activation.
    pub residual: Option<Slot>,
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// How output cells map to input cells.
    pub sampling: Sampling,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// Applied last, before pooling.
    pub activation: Activation,
    /// A pooling of the result, of a convolution that is not transposed. Its `input` is scratch, a ring for
    /// the rows of one pooled row (its height the pooling's extent), its `output` equals this kernel's.
    pub pool: Option<Pool>,
}

impl Conv2d {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let Some(pool) = &self.pool else { return self.compute(run, 0..self.output.height, &self.output, 0) };
        // The scratch is a ring of rows: row `y` lies in row `y % height`.
        let (ring, height) = (&pool.input, self.height());
        let mut next = 0;
        for y in 0..pool.output.height {
            let taps = pool.windows.rows(y, height, pool.output.height);
            let end = taps.first + taps.count.saturating_sub(1) * taps.step + taps.count.min(1);
            next = next.max(taps.first);
            while next < end {
                let top = next % ring.height;
                let rows = next..end.min(next + ring.height - top);
                next = rows.end;
                self.compute(run, rows, ring, top);
            }
            let level = run.level;
            let ([ring], output) = run.operands([ring], &row(&pool.output, y));
            pool.row(level, taps, ring, output);
        }
    }

    /// Computes `rows` of the convolution into the rows of `target` from row `top` on.
    fn compute(&self, run: &mut Run<'_>, rows: Range<usize>, target: &Slot, top: usize) {
        let (level, weights) = (run.level, run.weights);
        let ([input, residual], output) =
            run.operands([&self.input, &self.residual.unwrap_or(self.input)], target);
        let (bias, panels) =
            weights[self.weights..].split_at(self.groups * padded(target.channels / self.groups));
        let row = target.width * target.pitch;
        let block = rows_at_once(self.row_floats());
        for start in rows.clone().step_by(block) {
            let block = start..rows.end.min(start + block);
            let output = &mut output[(top + start - rows.start) * row..];
            level.dispatch(Task {
                conv: self,
                width: target.width,
                channels: target.channels,
                pitch: target.pitch,
                rows: block.clone(),
                input,
                residual: self.residual.as_ref().map(|slot| (residual, slot.pitch)),
                output,
                bias,
                panels,
            });
            if self.activation.limits().is_none() {
                let pixels = block.len() * target.width;
                let written = &mut output[..(pixels - 1) * target.pitch + target.channels];
                self.activation.apply(level, weights, written, 0..target.channels, target.pitch);
            }
        }
    }

    /// Rows of the convolution itself, where it is not transposed.
    fn height(&self) -> usize {
        let repeat = match self.sampling {
            Sampling::Upsampled([rows, _]) => rows,
            Sampling::Direct | Sampling::Transposed => 1,
        };
        self.rows.output(self.input.height * repeat).unwrap_or(0)
    }

    /// Floats of the input for one row of output.
    fn row_floats(&self) -> usize {
        let row = self.input.width * self.input.pitch;
        match self.sampling {
            Sampling::Direct => row * self.rows.stride,
            Sampling::Upsampled([repeat, _]) => row * self.rows.stride / repeat,
            Sampling::Transposed => row / self.rows.stride,
        }
    }

    /// How output cells map to input cells, along rows and columns.
    fn along(&self) -> [Along; 2] {
        match self.sampling {
            Sampling::Direct => [Along::Forward { repeat: 1 }; 2],
            Sampling::Upsampled(factors) => factors.map(|repeat| Along::Forward { repeat }),
            Sampling::Transposed => [Along::Transposed; 2],
        }
    }
}

/// Row `y` of a tensor.
fn row(slot: &Slot, y: usize) -> Slot {
    Slot { offset: slot.offset + y * slot.width * slot.pitch, height: 1, ..*slot }
}

/// Some rows of a convolution, with its operands.
struct Task<'a> {
    conv: &'a Conv2d,
    /// Pixels of an output row.
    width: usize,
    /// Output channels.
    channels: usize,
    /// Floats from one output pixel to the next.
    pitch: usize,
    rows: Range<usize>,
    input: &'a [f32],
    /// All rows of the residual, and its pitch.
    residual: Option<(&'a [f32], usize)>,
    /// The output from the first of the rows on.
    output: &'a mut [f32],
    bias: &'a [f32],
    panels: &'a [f32],
}

/// Output channels that are computed together.
struct Channels {
    /// Index among all output channels.
    first: usize,
    count: usize,
    vectors: usize,
    /// First input channel of their group.
    input: usize,
    /// First of the floats of bias.
    bias: usize,
    /// First of the floats of panels.
    panels: usize,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let conv = self.conv;
        let (inputs, outputs) = (conv.input.channels / conv.groups, self.channels / conv.groups);
        let panel = conv.rows.kernel * conv.columns.kernel * inputs * PANEL;
        let pixels = self.rows.len() * self.width;
        for group in 0..conv.groups {
            let mut first = 0;
            while first < outputs {
                let vectors = simd.shape(pixels, (outputs - first).div_ceil(S::LANES)).0;
                let count = (vectors * S::LANES).min(outputs - first);
                let bias = group * padded(outputs) + first;
                let panels = bias / PANEL * panel;
                let (first_output, input) = (group * outputs + first, group * inputs);
                self.channels(simd, &Channels { first: first_output, count, vectors, input, bias, panels });
                first += count;
            }
        }
    }
}

impl Task<'_> {
    /// Computes some channels of the rows.
    #[inline(always)]
    fn channels<S: Simd>(&mut self, simd: S, channels: &Channels) {
        let conv = self.conv;
        let [down, across] = conv.along();
        for row in Bands::new(&conv.rows, down, conv.input.height, self.rows.end) {
            let Some(row) = row.within(&self.rows) else { continue };
            for column in Bands::new(&conv.columns, across, conv.input.width, self.width) {
                self.region(simd, &row, &column, channels);
            }
        }
    }

    /// Computes some channels of the pixels where two bands cross.
    #[inline(always)]
    fn region<S: Simd>(&mut self, simd: S, row: &Band, column: &Band, channels: &Channels) {
        let conv = self.conv;
        let mut len = conv.input.channels / conv.groups;
        let panel = conv.rows.kernel * conv.columns.kernel * len * PANEL;
        let pitch = conv.input.pitch;
        let down = row.taps(conv.input.width * pitch, conv.columns.kernel * len * PANEL);
        let mut across = column.taps(pitch, len * PANEL);
        // Taps that follow each other in memory are one.
        if across.count > 1 && across.repeat == 1 && across.delta == 1 && pitch == len {
            len *= across.count;
            across.count = 1;
        }

        let (width, pixel) = (self.width, self.pitch);
        let most = simd.shape(usize::MAX, channels.vectors).1;
        let pitches = [pitch, pixel, self.residual.map_or(0, |(_, pitch)| pitch)];
        let Lines { outer, inner, .. } =
            Lines::new(row, column, [conv.input.width, width, width], pitches, most);

        let limits = conv.activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let start = (row.start - self.rows.start) * width + column.start;
        for line in 0..outer.count {
            let [input, output, _] = outer.steps.map(|step| step * line);
            let output = start * pixel + output + channels.first;
            // Without taps the cells may lie past the input.
            let input = self.input.get(input + channels.input..).unwrap_or(&[]);
            let residual = self.residual.map(|(floats, pitch)| {
                let at = (row.start * width + column.start) * pitch + outer.steps[2] * line + channels.first;
                (&floats[at..], inner.steps[2])
            });
            Line {
                pixels: inner.count,
                channels: channels.count,
                vectors: channels.vectors,
                input,
                pixel: inner.steps[0],
                taps: [down, across],
                len,
                weights: &self.panels[channels.panels..],
                panel,
                bias: &self.bias[channels.bias..],
                residual,
                limits,
                output: &mut self.output[output..],
                step: inner.steps[1],
            }
            .compute(simd);
        }
    }
}
