//! What weights are before they have learnt anything.

use convolve_runtime::weights::{Data, Initial, Parameter, key};

/// How the kernels of a network start. Everything else starts the same whichever is chosen: biases and shifts at zero,
/// scales of norms at one.
///
/// The fans are those of [`Initial::Kernel`]: the inputs that an output sums, and the outputs that an input goes into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initializer {
    /// Normal with variance 2 / fan_in (He et al. 2015), as PyTorch's `kaiming_normal_`; Keras's `HeNormal` has the
    /// same variance, and no tails.
    #[default]
    HeNormal,
    /// Uniform within √(6 / fan_in), which has the same variance.
    HeUniform,
    /// Normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform within √(6 / (fan_in + fan_out)), which has the same variance; Keras's default.
    GlorotUniform,
    /// Zero. All channels of a layer then learn the same: of use for the last layer at most.
    Zeros,
}

crate::names::named! {
    Initializer, "initializer" {
        "he_normal" => Initializer::HeNormal,
        "he_uniform" => Initializer::HeUniform,
        "glorot_normal" => Initializer::GlorotNormal,
        "glorot_uniform" => Initializer::GlorotUniform,
        "zeros" => Initializer::Zeros,
    }
}

impl Initializer {
    /// The elements of a parameter, the same for the same seed on every machine. `index` is its place in its model's
    /// list. [`Initializer::HeNormal`] gives what the model's own `init(seed)` gives.
    #[must_use]
    pub fn data(self, parameter: &Parameter<'_>, seed: u64, index: usize) -> Data<'static> {
        let Initial::Kernel { fan_in, fan_out } = parameter.initial else {
            return parameter.initial(seed, index);
        };
        let key = key(seed, index);
        let within = |fans: usize| Data::Uniform { key, limit: (6.0 / fans.max(1) as f64).sqrt() as f32 };
        match self {
            Self::HeNormal => parameter.initial(seed, index),
            Self::HeUniform => within(fan_in),
            Self::GlorotNormal => {
                let fans = fan_in.saturating_add(fan_out).max(1);
                Data::Normal { key, std: (2.0 / fans as f64).sqrt() as f32 }
            }
            Self::GlorotUniform => within(fan_in.saturating_add(fan_out)),
            Self::Zeros => Data::Constant(0.0),
        }
    }
}
