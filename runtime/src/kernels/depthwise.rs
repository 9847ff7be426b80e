use super::Activation;
use crate::geometry::Axis;
use crate::run::Run;
use crate::slot::Slot;

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
