//! Activations in double precision.

use convolve_runtime::kernels::Activation;

/// Φ(x) of the normal distribution, by the series of erf whose terms are all positive.
fn phi(x: f64) -> f64 {
    let z = x.abs() * std::f64::consts::FRAC_1_SQRT_2;
    if z > 6.0 {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut sum, mut term, mut n) = (z, z, 0.0);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= 2.0 * z * z / (2.0 * n + 1.0);
        sum += term;
    }
    let erf = 2.0 / std::f64::consts::PI.sqrt() * (-z * z).exp() * sum;
    if x < 0.0 { (1.0 - erf) / 2.0 } else { (1.0 + erf) / 2.0 }
}

/// x · f(x) where f vanishes faster than x grows.
fn times(x: f64, f: f64) -> f64 {
    if f == 0.0 { 0.0 } else { x * f }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What the function gives for `x`; `slope` is the channel's learned one.
pub(crate) fn expected(activation: Activation, slope: f64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    match activation {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu { negative_slope } if x < 0.0 => x * f64::from(negative_slope),
        Activation::LeakyRelu { .. } => x,
        Activation::Prelu { .. } => x * if x < 0.0 { slope } else { 1.0 },
        Activation::Elu { alpha } if x < 0.0 => f64::from(alpha) * x.exp_m1(),
        Activation::Elu { .. } => x,
        Activation::Selu if x < 0.0 => 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2 * x.exp_m1(),
        Activation::Selu => 1.050_700_987_355_480_5 * x,
        Activation::Celu { alpha } => {
            x.max(0.0) + (f64::from(alpha) * (x / f64::from(alpha)).exp_m1()).min(0.0)
        }
        Activation::Gelu => times(x, phi(x)),
        Activation::GeluApproximate => {
            let y = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            times(x, (1.0 + y.tanh()) / 2.0)
        }
        Activation::Silu => times(x, sigmoid(x)),
        Activation::Mish => times(x, x.exp().ln_1p().tanh()),
        Activation::Sigmoid => sigmoid(x),
        Activation::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::HardSwish => times(x, (x + 3.0).clamp(0.0, 6.0) / 6.0),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Activation::Softsign if x.is_infinite() => x.signum(),
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::Exp => x.exp(),
        Activation::Clip { min, max } => x.clamp(f64::from(min), f64::from(max)),
    }
}

/// All functions.
pub(crate) const ALL: [Activation; 22] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu { negative_slope: 0.01 },
    Activation::Prelu { slopes: 16 },
    Activation::Elu { alpha: 0.7 },
    Activation::Elu { alpha: -1.5 },
    Activation::Selu,
    Activation::Celu { alpha: 0.4 },
    Activation::Gelu,
    Activation::GeluApproximate,
    Activation::Silu,
    Activation::Mish,
    Activation::Sigmoid,
    Activation::HardSigmoid,
    Activation::HardSwish,
    Activation::Tanh,
    Activation::Softplus,
    Activation::Softsign,
    Activation::Exp,
    Activation::Clip { min: -0.5, max: 1.25 },
    Activation::Clip { min: 0.5, max: 0.5 },
];
