use core::ops::Range;

use super::derivatives as derivative;
use super::rows::each_row;
use super::{Pass, Saved};
use crate::kernels::Activation;
use crate::kernels::math;
use crate::kernels::rows::{load, store};
use crate::kernels::sums::{Terms, add_row};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// The gradient of [`Activate`](crate::kernels::Activate): that of the result times the derivative. Adds the gradients of learned slopes.
///
/// At a kink the derivative is that of the flatter side, as in PyTorch: the limits of a clipping function count as
/// outside, and zero counts as below zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivateGradient {
    /// Gradient of the result, or `None` for the output's present content.
    pub gradient: Option<Slot>,
    /// What the forward pass has left. The result suffices where
    /// [`gradient_reads_result`](Activation::gradient_reads_result) says so.
    pub saved: Saved,
    /// The tensor written: the gradient of what the function was given.
    pub output: Slot,
    /// The function.
    pub activation: Activation,
}

impl Activation {
    /// Whether its result determines its derivative, so that what it was given need not be kept.
    #[must_use]
    pub const fn gradient_reads_result(self) -> bool {
        match self {
            Self::Linear | Self::Relu | Self::Relu6 | Self::Clip { .. } => true,
            Self::Sigmoid | Self::HardSigmoid | Self::Tanh | Self::Softplus | Self::Softsign | Self::Exp => {
                true
            }
            Self::Selu => true,
            Self::LeakyRelu { negative_slope } => negative_slope >= 0.0,
            Self::Elu { alpha } | Self::Celu { alpha } => alpha >= 0.0,
            Self::Prelu { .. } | Self::Gelu | Self::GeluApproximate => false,
            Self::Silu | Self::Mish | Self::HardSwish => false,
        }
    }
}

impl ActivateGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, .. } = pass;
        let (level, weights, activation) = (run.level, run.weights, self.activation);
        let (saved, result) = match self.saved {
            Saved::Input(slot) => (slot, false),
            Saved::Result(slot) => (slot, true),
        };
        debug_assert!(!result || activation.gradient_reads_result(), "{activation:?} needs its input");
        let Slot { channels, pitch, .. } = self.output;
        let slopes = match activation {
            Activation::Prelu { slopes } => slopes..slopes + channels,
            _ => 0..0,
        };
        let (weights, sums) = (&weights[slopes.clone()], &mut sums[slopes]);
        each_row(run, self.gradient.as_ref(), &saved, &self.output, |kept, row| {
            let row = Row { row, pitch, channels, kept, kept_pitch: saved.pitch };
            match activation {
                Activation::Prelu { .. } => {
                    level.dispatch(PreluRow { row, slopes: weights, sums: &mut *sums })
                }
                _ => level.dispatch(ActivateRow { row, activation, result }),
            }
        });
    }
}

/// A row of gradients, to change, and what was kept beside it.
struct Row<'a> {
    row: &'a mut [f32],
    pitch: usize,
    channels: usize,
    kept: &'a [f32],
    kept_pitch: usize,
}

struct ActivateRow<'a> {
    row: Row<'a>,
    activation: Activation,
    result: bool,
}

impl WithSimd for ActivateRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Row { row, pitch, channels, kept, kept_pitch } = self.row;
        // Pixels without gaps are one long pixel.
        let dense = pitch == channels && kept_pitch == channels;
        let (floats, step, kept_step) =
            if dense { (row.len(), row.len(), row.len()) } else { (channels, pitch, kept_pitch) };
        macro_rules! each {
            (|$g:ident, $v:ident| $value:expr) => {
                for (pixel, kept) in row.chunks_mut(step).zip(kept.chunks(kept_step)) {
                    let lanes = pixel[..floats].chunks_mut(S::LANES);
                    for (lanes, kept) in lanes.zip(kept[..floats].chunks(S::LANES)) {
                        let ($g, $v) = (load(s, lanes), load(s, kept));
                        store(s, $value, lanes);
                    }
                }
            };
        }
        let limits = self.activation.limits().unwrap_or_default();
        match (self.activation, self.result) {
            (Activation::Linear | Activation::Prelu { .. }, _) => {}
            // What lies between the limits is not changed, so that results are as good as arguments.
            (Activation::Relu | Activation::Relu6 | Activation::Clip { .. }, _) => {
                each!(|g, v| derivative::clip(s, g, v, limits));
            }
            (Activation::LeakyRelu { negative_slope }, _) => {
                each!(|g, v| derivative::leaky(s, g, v, s.splat(negative_slope)));
            }
            (Activation::Elu { alpha }, true) => {
                each!(|g, y| derivative::elu_of_result(s, g, y, 1.0, alpha, 1.0));
            }
            (Activation::Elu { alpha }, false) => each!(|g, x| derivative::elu(s, g, x, 1.0, alpha, 1.0)),
            (Activation::Celu { alpha }, true) => {
                each!(|g, y| derivative::elu_of_result(s, g, y, 1.0, alpha, alpha));
            }
            (Activation::Celu { alpha }, false) => each!(|g, x| derivative::elu(s, g, x, 1.0, alpha, alpha)),
            (Activation::Selu, true) => {
                let (scale, alpha) = (math::SELU_SCALE, math::SELU_ALPHA);
                each!(|g, y| derivative::elu_of_result(s, g, y, scale, alpha, 1.0));
            }
            (Activation::Selu, false) => {
                each!(|g, x| derivative::elu(s, g, x, math::SELU_SCALE, math::SELU_ALPHA, 1.0));
            }
            (Activation::Sigmoid, true) => each!(|g, y| derivative::sigmoid_of_result(s, g, y)),
            (Activation::Sigmoid, false) => {
                each!(|g, x| derivative::sigmoid_of_result(s, g, math::sigmoid(s, x)));
            }
            (Activation::HardSigmoid, result) => {
                let limits = if result { [0.0, 1.0] } else { [-3.0, 3.0] };
                each!(|g, v| derivative::clip(s, s.mul(g, s.splat(1.0 / 6.0)), v, limits));
            }
            (Activation::Tanh, true) => each!(|g, y| derivative::tanh_of_result(s, g, y)),
            (Activation::Tanh, false) => each!(|g, x| derivative::tanh_of_result(s, g, math::tanh(s, x))),
            (Activation::Softplus, true) => each!(|g, y| derivative::softplus_of_result(s, g, y)),
            (Activation::Softplus, false) => each!(|g, x| s.mul(g, math::sigmoid(s, x))),
            (Activation::Softsign, true) => each!(|g, y| derivative::softsign_of_result(s, g, y)),
            (Activation::Softsign, false) => each!(|g, x| derivative::softsign(s, g, x)),
            (Activation::Exp, true) => each!(|g, y| s.mul(g, y)),
            (Activation::Exp, false) => each!(|g, x| s.mul(g, math::exp(s, x))),
            (Activation::Gelu, _) => each!(|g, x| derivative::gelu(s, g, x)),
            (Activation::GeluApproximate, _) => each!(|g, x| derivative::gelu_approximate(s, g, x)),
            (Activation::Silu, _) => each!(|g, x| derivative::silu(s, g, x)),
            (Activation::Mish, _) => each!(|g, x| derivative::mish(s, g, x)),
            (Activation::HardSwish, _) => each!(|g, x| derivative::hard_swish(s, g, x)),
        }
    }
}

struct PreluRow<'a> {
    row: Row<'a>,
    slopes: &'a [f32],
    sums: &'a mut [f32],
}

/// The gradient of the slopes: `g x` where x is below zero.
struct Below<'a> {
    gradient: &'a [f32],
    pitch: usize,
    kept: &'a [f32],
    kept_pitch: usize,
}

impl Terms<1> for Below<'_> {
    #[inline(always)]
    fn of<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> [S::V; 1] {
        let g = load(s, &self.gradient[pixel * self.pitch..][channels.clone()]);
        let x = load(s, &self.kept[pixel * self.kept_pitch..][channels]);
        [s.select(s.lt(x, s.splat(0.0)), s.mul(g, x), s.splat(0.0))]
    }
}

impl WithSimd for PreluRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Row { row, pitch, channels, kept, kept_pitch } = self.row;
        let below = Below { gradient: row, pitch, kept, kept_pitch };
        add_row(s, &below, 0..row.len().div_ceil(pitch), [self.sums]);
        for (pixel, kept) in row.chunks_mut(pitch).zip(kept.chunks(kept_pitch)) {
            let lanes = pixel[..channels].chunks_mut(S::LANES).zip(kept[..channels].chunks(S::LANES));
            for ((lanes, kept), slopes) in lanes.zip(self.slopes.chunks(S::LANES)) {
                let gradient = derivative::leaky(s, load(s, lanes), load(s, kept), load(s, slopes));
                store(s, gradient, lanes);
            }
        }
    }
}
