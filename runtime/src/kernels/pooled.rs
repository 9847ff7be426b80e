use super::bands::rows_at_once;
use super::parts::parts;
use super::{Activation, PoolOp};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Line, Parts, Pooled, Reads, Residual, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// A convolution without padding or groups whose outputs are pooled, 2 × 2 to one, while they are in registers: they are
/// never stored. A last odd row or column of them is dropped.
///
/// `output = pool(activation(bias + Σ weight · input))`. Weights lie at `weights` as for [`Conv2d`](super::Conv2d).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PooledConv2d {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written, the pooled one.
    pub output: Slot,
    /// The window along the rows, without padding.
    pub rows: Axis,
    /// The window along the columns, likewise.
    pub columns: Axis,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// Applied before pooling; one that passes or limits.
    pub activation: Activation,
    /// What is taken of 2 × 2 outputs.
    pub op: PoolOp,
}

/// Outputs of the convolution for one that is written, along each side.
const SIDE: usize = 2;

impl PooledConv2d {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team) = (run.level, run.team);
        let (bias, panels) = run.weights[self.weights..].split_at(padded(self.output.channels));
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { height, width, channels, .. } = self.output;
        let count = parts(SIDE * SIDE * height * width * channels * self.taps());
        let (rows, channels) =
            (Parts::new(0..height * width, width, count), Parts::new(0..channels, PANEL, 1));
        Grid::new(output, &self.output, rows, channels).each(team, &mut [], |output, _| {
            level.dispatch(Task { conv: self, input, output, bias, panels });
        });
    }

    /// Products of an output of the convolution.
    const fn taps(&self) -> usize {
        self.rows.kernel * self.columns.kernel * self.input.channels
    }
}

/// Some rows of a pooled convolution, with its operands.
struct Task<'a, 'o> {
    conv: &'a PooledConv2d,
    input: &'a [f32],
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    panels: &'a [f32],
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { conv, input, output, bias, panels } = self;
        let PooledConv2d { input: Slot { width, channels, pitch, .. }, rows, columns, .. } = *conv;
        let row = width * pitch;
        // Floats of input from an output of the convolution to the one below it.
        let down = rows.stride * row;
        let of_tap = |axis: &Axis, floats: usize, weights: usize| {
            Reads::new(axis.kernel, [0, 1], axis.dilation as isize, floats, [0, weights])
        };
        let panel = conv.taps() * PANEL;
        let mut taps = [
            of_tap(&rows, row, columns.kernel * channels * PANEL),
            of_tap(&columns, pitch, channels * PANEL),
        ];
        let len = taps[1].join(channels);
        let (mut own, most) = (output.rows(), rows_at_once(SIDE * down));
        while !own.is_empty() {
            let rows = own.start..own.end.min(own.start + most);
            own.start = rows.end;
            let mut first = 0;
            while first < conv.output.channels {
                let rest = conv.output.channels - first;
                let vectors = rest.div_ceil(S::LANES).min(Pooled::VECTORS);
                let channels = rest.min(vectors * S::LANES);
                for y in rows.clone() {
                    let line = Line {
                        pixels: conv.output.width,
                        channels,
                        vectors,
                        input: &input[y * SIDE * down..],
                        pixel: SIDE * columns.stride * pitch,
                        taps: &taps,
                        len,
                        weights: &panels[first / PANEL * panel + first % PANEL..],
                        panel,
                        next: None,
                        bias: &bias[first..],
                        residual: Residual::None,
                        limits: conv.activation.limits().unwrap_or(Line::OPEN),
                        far: false,
                        output: output.from(y * conv.output.width, first),
                        step: 1,
                    };
                    Pooled { line, down, is_max: conv.op == PoolOp::Max }.compute(simd);
                }
                first += channels;
            }
        }
    }
}
