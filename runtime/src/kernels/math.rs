//! Functions of one variable on vectors.
//!
//! The polynomials are minimax fits made for these ranges with the Remez exchange; each comment gives
//! the fit's error, to which float arithmetic adds a rounding or two. NaN gives NaN, and infinities
//! give the limits.

use crate::simd::Simd;

/// Values below which every function here has reached its limit, and above which its negative has.
pub(crate) const FAR: f32 = 256.0;

/// The scale of selu (Klambauer et al. 2017, section 1).
pub(crate) const SELU_SCALE: f32 = 1.050_701;
/// And its α.
pub(crate) const SELU_ALPHA: f32 = 1.673_263_2;

/// x limited to `low..=high`
#[inline(always)]
pub(crate) fn clip<S: Simd>(s: S, x: S::V, low: f32, high: f32) -> S::V {
    s.min(s.splat(high), s.max(s.splat(low), x))
}

/// c₀ + c₁x + c₂x² + …
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::V, coefficients: [f32; N]) -> S::V {
    let mut sum = s.splat(coefficients[N - 1]);
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = s.mul_add(sum, x, s.splat(coefficient));
    }
    sum
}

/// eˣ as `(n, p)` with eˣ = 2ⁿ (1 + p), n whole and |p| < 0.42; for |x| < 2¹⁵.
#[inline(always)]
fn split_exp<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    // ln 2 in two parts, of which the first has so few bits that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let n = s.round(s.mul(x, s.splat(core::f32::consts::LOG2_E)));
    let r = s.mul_add(n, s.splat(-LN_2_HIGH), x);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    // (eʳ − 1 − r) / r² for |r| ≤ ln 2 / 2, error 3.1e-9 of eʳ.
    let q = polynomial(s, r, [0.499_999_94, 0.166_665_2, 0.041_668_393, 0.008_368_781, 0.001_381_446_4]);
    (n, s.mul_add(s.mul(r, r), q, r))
}

/// eˣ
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    // Past these the result is zero or infinite anyway; NaN passes.
    let x = clip(s, x, -104.0, 89.0);
    let (n, p) = split_exp(s, x);
    // 2ⁿ need not be a normal float, its two halves are.
    let half = s.round(s.mul(n, s.splat(0.5)));
    let near = s.exp2_whole(half);
    s.mul(s.mul_add(near, p, near), s.exp2_whole(s.sub(n, half)))
}

/// eˣ − 1 for x ≤ 0, −0 or below; of other x the result has no meaning.
#[inline(always)]
pub(crate) fn exp_minus_one<S: Simd>(s: S, x: S::V) -> S::V {
    let x = clip(s, x, -32.0, 0.0);
    let (n, p) = split_exp(s, x);
    let scale = s.exp2_whole(n);
    s.mul_add(scale, p, s.sub(scale, s.splat(1.0)))
}

/// ln(1 + u) for 0 ≤ u ≤ 1.
#[inline(always)]
fn ln_one_plus<S: Simd>(s: S, u: S::V) -> S::V {
    // ln(1 + u) = 2 artanh(u / (2 + u)); error of the fit 4.8e-9.
    let r = s.div(u, s.add(u, s.splat(2.0)));
    let y = s.mul(r, r);
    let q = polynomial(s, y, [0.666_664, 0.400_224_15, 0.279_862_88, 0.280_927_12]);
    s.mul_add(s.mul(y, q), r, s.add(r, r))
}

/// ln x for finite x > 0, in f32 on one number.
pub(crate) fn ln(x: f32) -> f32 {
    // x = 2ⁿ m with √½ < m ≤ √2, and ln m = 2 artanh((m − 1) / (m + 1)); f64 hides the roundings.
    let x = f64::from(x);
    let bits = x.to_bits();
    const SQRT_HALF: u64 = core::f64::consts::FRAC_1_SQRT_2.to_bits();
    let n = (bits.wrapping_sub(SQRT_HALF) as i64) >> 52;
    let m = f64::from_bits(bits.wrapping_sub((n as u64) << 52));
    let r = (m - 1.0) / (m + 1.0);
    let y = r * r;
    // Σ y^k / (2k + 1); y ≤ 0.0295, so that the first term left out is below 1e-13.
    let series = (0..8).rev().fold(0.0, |sum, k| sum * y + 1.0 / f64::from(2 * k + 1));
    (n as f64 * core::f64::consts::LN_2 + 2.0 * r * series) as f32
}

/// tanh x
#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let size = s.abs(x);
    // x + x³ q(x²) where 1 − 2 / (e²ˣ + 1) would cancel; error of the fit 4.1e-9.
    let y = s.mul(x, x);
    let q = polynomial(s, y, [-0.333_332_84, 0.133_314_9, -0.053_743_497, 0.020_650_588, -0.005_717_045]);
    let near = s.mul_add(s.mul(y, q), x, x);
    let one = s.splat(1.0);
    let far = s.sub(one, s.div(s.splat(2.0), s.add(exp(s, s.add(size, size)), one)));
    let far = s.select(s.lt(x, s.splat(0.0)), s.neg(far), far);
    s.select(s.lt(size, s.splat(0.625)), near, far)
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.neg(x))))
}

/// x, limited from below to where x times a vanishing function of x is zero.
#[inline(always)]
fn not_far_below<S: Simd>(s: S, x: S::V) -> S::V {
    s.max(s.splat(-FAR), x)
}

/// x σ(x)
#[inline(always)]
pub(crate) fn silu<S: Simd>(s: S, x: S::V) -> S::V {
    s.mul(not_far_below(s, x), sigmoid(s, x))
}

/// Φ(x), the normal distribution, and exp(−x²/2); for |x| ≤ `FAR`.
#[inline(always)]
pub(crate) fn normal<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    // Φ(−|x|) = exp(−x²/2) t q(t), t = 1 / (1 + 0.35 |x|); error of the fit 3.2e-8 of Φ for |x| ≤ 14.
    let size = s.abs(x);
    let t = s.div(s.splat(1.0), s.mul_add(size, s.splat(0.35), s.splat(1.0)));
    let q = [
        0.139_621_4,
        0.139_861_87,
        0.119_832_866,
        0.105_508_02,
        -0.023_109_883,
        0.159_174_25,
        -0.255_714_36,
        0.143_971_76,
        -0.029_145_943,
    ];
    let gauss = exp(s, s.mul(s.mul(size, size), s.splat(-0.5)));
    let tail = s.mul(s.mul(gauss, t), polynomial(s, t, q));
    (s.select(s.lt(x, s.splat(0.0)), tail, s.sub(s.splat(1.0), tail)), gauss)
}

/// x Φ(x)
#[inline(always)]
pub(crate) fn gelu<S: Simd>(s: S, x: S::V) -> S::V {
    let limited = not_far_below(s, x);
    s.mul(limited, normal(s, limited).0)
}

/// 2 √(2/π), of the approximation of gelu.
pub(crate) const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;

/// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2
#[inline(always)]
pub(crate) fn gelu_approximate<S: Simd>(s: S, x: S::V) -> S::V {
    // (1 + tanh y) / 2 = σ(2y)
    let limited = not_far_below(s, x);
    let cubic = s.mul_add(s.mul(limited, limited), s.splat(0.044_715), s.splat(1.0));
    let y = s.mul(s.mul(limited, s.splat(TWICE_SQRT_2_OVER_PI)), cubic);
    s.mul(limited, sigmoid(s, y))
}

/// ln(1 + eˣ)
#[inline(always)]
pub(crate) fn softplus<S: Simd>(s: S, x: S::V) -> S::V {
    let tail = ln_one_plus(s, exp(s, s.neg(s.abs(x))));
    s.add(s.max(s.splat(0.0), x), tail)
}

/// x tanh(ln(1 + eˣ))
#[inline(always)]
pub(crate) fn mish<S: Simd>(s: S, x: S::V) -> S::V {
    // tanh(ln(1 + e)) = n / (n + 2) with n = e (e + 2), and 1 from x = 20 on.
    let e = exp(s, s.min(s.splat(20.0), x));
    let two = s.splat(2.0);
    let n = s.mul(e, s.add(e, two));
    s.mul(not_far_below(s, x), s.div(n, s.add(n, two)))
}

/// x / (1 + |x|)
#[inline(always)]
pub(crate) fn softsign<S: Simd>(s: S, x: S::V) -> S::V {
    let x = clip(s, x, -1e30, 1e30);
    s.div(x, s.add(s.splat(1.0), s.abs(x)))
}

/// relu6(x + 3) / 6
#[inline(always)]
pub(crate) fn hard_sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    s.mul(clip(s, s.add(x, s.splat(3.0)), 0.0, 6.0), s.splat(1.0 / 6.0))
}

/// x relu6(x + 3) / 6
#[inline(always)]
pub(crate) fn hard_swish<S: Simd>(s: S, x: S::V) -> S::V {
    s.mul(not_far_below(s, x), hard_sigmoid(s, x))
}

/// x, or `slope` · x below zero.
#[inline(always)]
pub(crate) fn leaky<S: Simd>(s: S, x: S::V, slope: S::V) -> S::V {
    s.select(s.lt(x, s.splat(0.0)), s.mul(x, slope), x)
}

/// `scale` times x, or times α (e^(x/width) − 1) below zero.
#[inline(always)]
pub(crate) fn elu<S: Simd>(s: S, x: S::V, scale: f32, alpha: f32, width: f32) -> S::V {
    let below = s.mul(exp_minus_one(s, s.mul(x, s.splat(1.0 / width))), s.splat(alpha * scale));
    s.select(s.lt(x, s.splat(0.0)), below, s.mul(x, s.splat(scale)))
}
