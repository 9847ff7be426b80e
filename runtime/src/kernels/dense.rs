use super::Activation;
use crate::run::Run;
use crate::slot::Slot;

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
