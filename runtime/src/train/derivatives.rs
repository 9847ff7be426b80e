//! The gradient `g` of a function's result times the function's derivative, on vectors: at `x`, or from the result `y`
//! where that determines it.
//!
//! At a kink the derivative is PyTorch's, which is the one of the side where the function is flatter.
//!
//! Choices are made between derivatives, which the gradient is multiplied by, not between gradients: in place, the
//! compiler would make masked stores of those, which take tens of cycles on AMD.

use crate::kernels::math::{self, FAR};
use crate::simd::Simd;

/// Of a function that limits; `v` is the argument or the result. The limits themselves count as outside.
#[inline(always)]
pub(crate) fn clip<S: Simd>(s: S, g: S::V, v: S::V, [low, high]: [f32; 2]) -> S::V {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    s.mul(g, s.select(s.lt(s.splat(low), v), s.select(s.lt(v, s.splat(high)), one, zero), zero))
}

/// Of a function with slope one above zero; `v` is the argument or the result.
#[inline(always)]
pub(crate) fn leaky<S: Simd>(s: S, g: S::V, v: S::V, slope: S::V) -> S::V {
    s.mul(g, s.select(s.lt(s.splat(0.0), v), s.splat(1.0), slope))
}

/// Of [`math::elu`], from its result.
#[inline(always)]
pub(crate) fn elu_of_result<S: Simd>(s: S, g: S::V, y: S::V, scale: f32, alpha: f32, width: f32) -> S::V {
    // αs e^(x/w) / w = (y + αs) / w
    let below = s.mul(s.add(y, s.splat(alpha * scale)), s.splat(1.0 / width));
    s.mul(g, s.select(s.lt(s.splat(0.0), y), s.splat(scale), below))
}

/// Of [`math::elu`].
#[inline(always)]
pub(crate) fn elu<S: Simd>(s: S, g: S::V, x: S::V, scale: f32, alpha: f32, width: f32) -> S::V {
    let power = math::exp(s, s.mul(x, s.splat(1.0 / width)));
    let below = s.mul(power, s.splat(alpha * scale / width));
    s.mul(g, s.select(s.lt(s.splat(0.0), x), s.splat(scale), below))
}

/// Of the logistic function, from its result: y (1 − y).
#[inline(always)]
pub(crate) fn sigmoid_of_result<S: Simd>(s: S, g: S::V, y: S::V) -> S::V {
    s.mul(g, s.mul(y, s.sub(s.splat(1.0), y)))
}

/// Of tanh, from its result: 1 − y².
#[inline(always)]
pub(crate) fn tanh_of_result<S: Simd>(s: S, g: S::V, y: S::V) -> S::V {
    let one = s.splat(1.0);
    // In this form, because 1 − y is exact near one.
    s.mul(g, s.mul(s.sub(one, y), s.add(one, y)))
}

/// Of softplus, from its result: 1 − e⁻ʸ.
#[inline(always)]
pub(crate) fn softplus_of_result<S: Simd>(s: S, g: S::V, y: S::V) -> S::V {
    s.neg(s.mul(g, math::exp_minus_one(s, s.neg(y))))
}

/// Of softsign, from its result: (1 − |y|)².
#[inline(always)]
pub(crate) fn softsign_of_result<S: Simd>(s: S, g: S::V, y: S::V) -> S::V {
    let rest = s.sub(s.splat(1.0), s.abs(y));
    s.mul(g, s.mul(rest, rest))
}

/// Of softsign: 1 / (1 + |x|)².
#[inline(always)]
pub(crate) fn softsign<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let share = s.div(one, s.add(one, s.abs(x)));
    s.mul(g, s.mul(share, share))
}

/// Of gelu: Φ(x) + x φ(x), where φ(x) = exp(−x²/2) / √(2π).
#[inline(always)]
pub(crate) fn gelu<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    const ONE_OVER_SQRT_2_PI: f32 = 0.398_942_3;
    let x = math::clip(s, x, -FAR, FAR);
    let (share, gauss) = math::normal(s, x);
    s.mul(g, s.mul_add(s.mul(x, s.splat(ONE_OVER_SQRT_2_PI)), gauss, share))
}

/// Of the approximation of gelu, x σ(z) with z = 2√(2/π) (x + 0.044715 x³).
#[inline(always)]
pub(crate) fn gelu_approximate<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    let x = math::clip(s, x, -FAR, FAR);
    let square = s.mul(x, x);
    let one = s.splat(1.0);
    let scale = s.splat(math::TWICE_SQRT_2_OVER_PI);
    let z = s.mul(s.mul(x, scale), s.mul_add(square, s.splat(0.044_715), one));
    let slope = s.mul(scale, s.mul_add(square, s.splat(3.0 * 0.044_715), one));
    times_sigmoid(s, g, x, z, slope)
}

/// Of silu, x σ(x).
#[inline(always)]
pub(crate) fn silu<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    let x = math::clip(s, x, -FAR, FAR);
    times_sigmoid(s, g, x, x, s.splat(1.0))
}

/// Of x σ(z), where `slope` is the derivative of z: σ(z) (1 + x (1 − σ(z)) z′).
#[inline(always)]
fn times_sigmoid<S: Simd>(s: S, g: S::V, x: S::V, z: S::V, slope: S::V) -> S::V {
    let one = s.splat(1.0);
    let share = math::sigmoid(s, z);
    let rest = s.mul(s.sub(one, share), slope);
    s.mul(g, s.mul(share, s.mul_add(x, rest, one)))
}

/// Of mish, x tanh(ln(1 + e)) with e = eˣ, which is x n / (n + 2) with n = e (e + 2).
#[inline(always)]
pub(crate) fn mish<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    // n / (n + 2) + x · 4 e (e + 1) / (n + 2)²; from x = 20 on it is one.
    let x = math::clip(s, x, -FAR, 20.0);
    let e = math::exp(s, x);
    let two = s.splat(2.0);
    let n = s.mul(e, s.add(e, two));
    let share = s.div(s.splat(1.0), s.add(n, two));
    let twice = s.mul(two, share);
    let bend = s.mul(s.mul(twice, twice), s.mul(e, s.add(e, s.splat(1.0))));
    s.mul(g, s.mul_add(x, bend, s.mul(n, share)))
}

/// Of hard swish: zero up to −3, one from 3 on, x / 3 + ½ between.
#[inline(always)]
pub(crate) fn hard_swish<S: Simd>(s: S, g: S::V, x: S::V) -> S::V {
    let three = s.splat(3.0);
    let between = s.mul_add(x, s.splat(1.0 / 3.0), s.splat(0.5));
    let above = s.select(s.lt(x, three), between, s.splat(1.0));
    s.mul(g, s.select(s.lt(s.neg(three), x), above, s.splat(0.0)))
}
