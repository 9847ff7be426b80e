//! Layers that work cell by cell or on the channels of each pixel.

use super::Array;

/// Dense layer on the channels of each pixel, with weights [units, channels].
#[must_use]
pub fn dense(x: &Array, weight: &[f64], bias: Option<&[f64]>) -> Array {
    let units = weight.len() / x.channels;
    Array::from_fn([x.height, x.width, units], |y, x_, unit| {
        let products = (0..x.channels).map(|c| x.at(y, x_, c) * weight[unit * x.channels + c]);
        bias.map_or(0.0, |bias| bias[unit]) + products.sum::<f64>()
    })
}

/// `function` of every pair of cells; an array of one pixel stands for all pixels of the other.
#[must_use]
pub fn binary(a: &Array, b: &Array, function: impl Fn(f64, f64) -> f64) -> Array {
    let shape = [a.height.max(b.height), a.width.max(b.width), a.channels];
    let read = |array: &Array, y: usize, x: usize, c: usize| {
        let [y, x] = if [array.height, array.width] == [1, 1] { [0, 0] } else { [y, x] };
        array.at(y, x, c)
    };
    Array::from_fn(shape, |y, x, c| function(read(a, y, x, c), read(b, y, x, c)))
}

/// The cell itself, or times its channel's slope below zero.
#[must_use]
pub fn prelu(x: &Array, slopes: &[f64]) -> Array {
    Array::from_fn(x.shape(), |y, x_, c| {
        let value = x.at(y, x_, c);
        if value < 0.0 { slopes[c] * value } else { value }
    })
}

/// The exponential of every cell over the sum of those of its pixel.
#[must_use]
pub fn softmax(x: &Array) -> Array {
    log_softmax(x).map(f64::exp)
}

/// The logarithm of [`softmax`], computed from the distance to the pixel's largest cell.
#[must_use]
pub fn log_softmax(x: &Array) -> Array {
    Array::from_fn(x.shape(), |y, x_, c| {
        let pixel = || (0..x.channels).map(|c| x.at(y, x_, c));
        let largest = pixel().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = pixel().map(|value| (value - largest).exp()).sum();
        x.at(y, x_, c) - largest - sum.ln()
    })
}

/// Activations of a single number.
pub mod activation {
    use std::f64::consts::PI;

    /// max(x, 0)
    #[must_use]
    pub fn relu(x: f64) -> f64 {
        x.max(0.0)
    }

    /// x within 0..=6
    #[must_use]
    pub fn relu6(x: f64) -> f64 {
        x.clamp(0.0, 6.0)
    }

    /// x, or `negative_slope` · x below zero
    #[must_use]
    pub fn leaky_relu(x: f64, negative_slope: f64) -> f64 {
        if x < 0.0 { negative_slope * x } else { x }
    }

    /// x, or α (eˣ − 1) below zero
    #[must_use]
    pub fn elu(x: f64, alpha: f64) -> f64 {
        if x < 0.0 { alpha * x.exp_m1() } else { x }
    }

    /// Elu with the constants of Klambauer et al. 2017
    #[must_use]
    pub fn selu(x: f64) -> f64 {
        1.050_700_987_355_480_5 * elu(x, 1.673_263_242_354_377_2)
    }

    /// max(x, 0) + min(α (e^(x/α) − 1), 0)
    #[must_use]
    pub fn celu(x: f64, alpha: f64) -> f64 {
        x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0)
    }

    /// x Φ(x), with the normal distribution's Φ
    #[must_use]
    pub fn gelu(x: f64) -> f64 {
        x * 0.5 * (1.0 + erf(x / 2.0_f64.sqrt()))
    }

    /// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2
    #[must_use]
    pub fn gelu_approximate(x: f64) -> f64 {
        x * 0.5 * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
    }

    /// x σ(x)
    #[must_use]
    pub fn silu(x: f64) -> f64 {
        x * sigmoid(x)
    }

    /// x tanh(softplus x)
    #[must_use]
    pub fn mish(x: f64) -> f64 {
        x * softplus(x).tanh()
    }

    /// 1 / (1 + e⁻ˣ)
    #[must_use]
    pub fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    /// relu6(x + 3) / 6
    #[must_use]
    pub fn hard_sigmoid(x: f64) -> f64 {
        relu6(x + 3.0) / 6.0
    }

    /// x relu6(x + 3) / 6
    #[must_use]
    pub fn hard_swish(x: f64) -> f64 {
        x * hard_sigmoid(x)
    }

    /// ln(1 + eˣ)
    #[must_use]
    pub fn softplus(x: f64) -> f64 {
        x.max(0.0) + (-x.abs()).exp().ln_1p()
    }

    /// x / (1 + |x|)
    #[must_use]
    pub fn softsign(x: f64) -> f64 {
        x / (1.0 + x.abs())
    }

    /// The error function: 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, whose terms all have the sign of x
    /// (Abramowitz and Stegun 7.1.6). Beyond ±6 it is ±1 to the last bit.
    fn erf(x: f64) -> f64 {
        if x.abs() > 6.0 {
            return x.signum();
        }
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        2.0 / PI.sqrt() * (-x * x).exp() * sum
    }
}
