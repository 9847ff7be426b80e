use crate::run::Run;
use crate::slot::Slot;

/// A function of each element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// x
    Linear,
    /// max(x, 0)
    Relu,
    /// min(max(x, 0), 6)
    Relu6,
    /// x, or `negative_slope · x` below zero
    LeakyRelu {
        /// Slope below zero.
        negative_slope: f32,
    },
    /// x, or slope · x below zero; one learned slope a channel, at this float of the packed weights,
    /// rounded up to a panel
    Prelu {
        /// First slope in the packed weights.
        slopes: usize,
    },
    /// x, or α (eˣ − 1) below zero
    Elu {
        /// Scale below zero.
        alpha: f32,
    },
    /// Elu scaled to keep mean and variance (Klambauer et al. 2017)
    Selu,
    /// max(x, 0) + min(α (e^(x/α) − 1), 0)
    Celu {
        /// Scale below zero.
        alpha: f32,
    },
    /// x Φ(x)
    Gelu,
    /// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2
    GeluApproximate,
    /// x σ(x)
    Silu,
    /// x tanh(ln(1 + eˣ))
    Mish,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// relu6(x + 3) / 6
    HardSigmoid,
    /// x relu6(x + 3) / 6
    HardSwish,
    /// tanh x
    Tanh,
    /// ln(1 + eˣ)
    Softplus,
    /// x / (1 + |x|)
    Softsign,
    /// eˣ
    Exp,
    /// x limited to `min..=max`
    Clip {
        /// Lower limit.
        min: f32,
        /// Upper limit.
        max: f32,
    },
}

/// An activation as a step of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activate {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// The function.
    pub activation: Activation,
}

/// Softmax over the channels of each pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Whether to give the logarithm of the softmax.
    pub log: bool,
}
