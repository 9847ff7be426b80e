use super::math;
use super::rows::{copy_pixels, each_row, load, map, store};
use crate::run::Run;
use crate::simd::{Level, Simd, WithSimd};
use crate::slot::Slot;
use core::ops::Range;

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

impl Activation {
    /// The limits `[low, high]` between which the function passes x and to which it clips the rest;
    /// `None` for the functions that do more.
    #[inline]
    #[must_use]
    pub const fn limits(self) -> Option<[f32; 2]> {
        match self {
            Self::Linear => Some([f32::NEG_INFINITY, f32::INFINITY]),
            Self::Relu => Some([0.0, f32::INFINITY]),
            Self::Relu6 => Some([0.0, 6.0]),
            Self::Clip { min, max } => Some([min, max]),
            _ => None,
        }
    }

    /// Multiply–adds in whose time it is computed for one float, about.
    pub(crate) const fn macs(self) -> usize {
        match self.limits() {
            Some(_) => 0,
            None => 16,
        }
    }

    /// Applies the function in place to a row of pixels, `pitch` floats from one to the next, of which
    /// `row` holds these `channels` of the tensor. `weights` are all the packed weights.
    pub(crate) fn apply(
        self,
        level: Level,
        weights: &[f32],
        row: &mut [f32],
        channels: Range<usize>,
        pitch: usize,
    ) {
        if self == Self::Linear {
            return;
        }
        let slopes = match self {
            Self::Prelu { slopes } => &weights[slopes + channels.start..slopes + channels.end],
            _ => &[],
        };
        level.dispatch(Apply { activation: self, slopes, row, channels: channels.len(), pitch });
    }
}

struct Apply<'a> {
    activation: Activation,
    slopes: &'a [f32],
    row: &'a mut [f32],
    channels: usize,
    pitch: usize,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { activation, slopes, row, channels, pitch } = self;
        // Pixels without gaps are one long pixel.
        let (floats, step) = if pitch == channels { (row.len(), row.len()) } else { (channels, pitch) };
        macro_rules! each {
            (|$x:ident| $value:expr) => {
                for pixel in row.chunks_mut(step) {
                    map!(s, pixel[..floats], |$x| $value);
                }
            };
        }
        match activation {
            Activation::Linear => {}
            Activation::Relu => each!(|x| s.max(s.splat(0.0), x)),
            Activation::Relu6 => each!(|x| math::clip(s, x, 0.0, 6.0)),
            Activation::Clip { min, max } => each!(|x| math::clip(s, x, min, max)),
            Activation::LeakyRelu { negative_slope } => each!(|x| math::leaky(s, x, s.splat(negative_slope))),
            Activation::Prelu { .. } => {
                for pixel in row.chunks_mut(pitch) {
                    for (lanes, slopes) in pixel[..channels].chunks_mut(S::LANES).zip(slopes.chunks(S::LANES))
                    {
                        store(s, math::leaky(s, load(s, lanes), load(s, slopes)), lanes);
                    }
                }
            }
            Activation::Elu { alpha } => each!(|x| math::elu(s, x, 1.0, alpha, 1.0)),
            Activation::Selu => each!(|x| math::elu(s, x, math::SELU_SCALE, math::SELU_ALPHA, 1.0)),
            Activation::Celu { alpha } => each!(|x| math::elu(s, x, 1.0, alpha, alpha)),
            Activation::Gelu => each!(|x| math::gelu(s, x)),
            Activation::GeluApproximate => each!(|x| math::gelu_approximate(s, x)),
            Activation::Silu => each!(|x| math::silu(s, x)),
            Activation::Mish => each!(|x| math::mish(s, x)),
            Activation::Sigmoid => each!(|x| math::sigmoid(s, x)),
            Activation::HardSigmoid => each!(|x| math::hard_sigmoid(s, x)),
            Activation::HardSwish => each!(|x| math::hard_swish(s, x)),
            Activation::Tanh => each!(|x| math::tanh(s, x)),
            Activation::Softplus => each!(|x| math::softplus(s, x)),
            Activation::Softsign => each!(|x| math::softsign(s, x)),
            Activation::Exp => each!(|x| math::exp(s, x)),
        }
    }
}

impl Activate {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let Slot { channels, pitch, width, .. } = self.output;
        let (level, team, weights) = (run.level, run.team, run.weights);
        let macs = 4 + self.activation.macs();
        let apply = |row: &mut [f32]| self.activation.apply(level, weights, row, 0..channels, pitch);
        let Some(input) = &self.input else {
            return each_row(team, &self.output, run.in_place(&self.output), macs, |_, row| apply(row));
        };
        let ([data], output) = run.operands([input], &self.output);
        each_row(team, &self.output, output, macs, |y, row| {
            copy_pixels(&data[y * width * input.pitch..], input.pitch, row, pitch, width, channels);
            apply(row);
        });
    }
}
