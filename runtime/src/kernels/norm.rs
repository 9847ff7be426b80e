use super::Activation;
use crate::run::Run;
use crate::slot::Slot;

/// `output = activation(scale · input + shift)`, channel by channel: a batch norm that no convolution absorbed.
///
/// Weights lie at `weights`: the scales, then the shifts, each rounded up to a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// First float of scales and shifts in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}

/// The elements that share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormalizeOver {
    /// The channels of each pixel (layer norm).
    Channels,
    /// All pixels of each of this many groups of neighbouring channels (group norm; instance norm
    /// with as many groups as channels).
    Groups(usize),
}

/// `output = activation(scale · (input − mean) / √(variance + epsilon) + shift)`, mean and variance taken
/// from the input itself.
///
/// Weights as for [`Affine`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// The elements that share a mean and a variance.
    pub over: NormalizeOver,
    /// Added to the variance.
    pub epsilon: f32,
    /// First float of scales and shifts in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}
