use super::{Activation, Pool};
use crate::geometry::Axis;
use crate::run::Run;
use crate::slot::Slot;

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
    /// A pooling of the result. Its `input` is scratch for the rows of one pooled row (its height
    /// the pooling's kernel), its `output` equals this kernel's.
    pub pool: Option<Pool>,
}

impl Conv2d {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let weights = &run.weights[self.weights..];
        let target = self.pool.map_or(self.output, |pool| pool.input);
        let residual = self.residual.unwrap_or(self.input);
        let ([input, residual], output) = run.operands([&self.input, &residual], &target);
        let (inputs, outputs) = (self.input.channels / self.groups, target.channels / self.groups);
        let width = outputs.next_multiple_of(16);
        for y in 0..target.height {
            for x in 0..target.width {
                let pixel = y * target.width + x;
                for c in 0..target.channels {
                    let (group, o) = (c / outputs, c % outputs);
                    let mut sum = weights[group * width + o];
                    for ky in 0..self.rows.kernel {
                        let factor = if let Sampling::Upsampled([f, _]) = self.sampling { f } else { 1 };
                        let Some(iy) = self.source(&self.rows, y, ky, self.input.height, factor) else {
                            continue;
                        };
                        for kx in 0..self.columns.kernel {
                            let factor = if let Sampling::Upsampled([_, f]) = self.sampling { f } else { 1 };
                            let Some(ix) = self.source(&self.columns, x, kx, self.input.width, factor) else {
                                continue;
                            };
                            let taps = self.rows.kernel * self.columns.kernel;
                            let at = self.groups * width
                                + group * width * taps * inputs
                                + ((o / 16 * taps + ky * self.columns.kernel + kx) * inputs) * 16
                                + o % 16;
                            for i in 0..inputs {
                                sum += weights[at + i * 16]
                                    * input[(iy * self.input.width + ix) * self.input.pitch
                                        + group * inputs
                                        + i];
                            }
                        }
                    }
                    if let Some(slot) = self.residual {
                        sum += residual[pixel * slot.pitch + c];
                    }
                    output[pixel * target.pitch + c] = match self.activation {
                        Activation::Relu => sum.max(0.0),
                        Activation::Relu6 => sum.clamp(0.0, 6.0),
                        _ => sum,
                    };
                }
            }
        }
    }

    fn source(&self, axis: &Axis, o: usize, k: usize, size: usize, factor: usize) -> Option<usize> {
        let i = match self.sampling {
            Sampling::Transposed => {
                let at = (o + axis.before).checked_sub(k * axis.dilation)?;
                (at % axis.stride == 0).then_some(at / axis.stride)?
            }
            _ => (o * axis.stride + k * axis.dilation).checked_sub(axis.before)? / factor,
        };
        (i < size).then_some(i)
    }
}
