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
