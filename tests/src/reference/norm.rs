//! Norms.

use super::Array;

/// (x − mean) / √(variance + epsilon) · scale + shift, with recorded statistics of every channel.
#[must_use]
pub fn batch_norm(
    x: &Array,
    scale: &[f64],
    shift: &[f64],
    mean: &[f64],
    variance: &[f64],
    epsilon: f64,
) -> Array {
    Array::from_fn(x.shape(), |y, x_, c| {
        (x.at(y, x_, c) - mean[c]) / (variance[c] + epsilon).sqrt() * scale[c] + shift[c]
    })
}

/// Norm over the channels of each pixel.
#[must_use]
pub fn layer_norm(x: &Array, scale: &[f64], shift: &[f64], epsilon: f64) -> Array {
    Array::from_fn(x.shape(), |y, x_, c| {
        let pixel: Vec<f64> = (0..x.channels).map(|c| x.at(y, x_, c)).collect();
        standardize(x.at(y, x_, c), &pixel, epsilon) * scale[c] + shift[c]
    })
}

/// Norm over all pixels of each group of neighbouring channels; an instance norm has a group a channel.
#[must_use]
pub fn group_norm(x: &Array, groups: usize, scale: &[f64], shift: &[f64], epsilon: f64) -> Array {
    let size = x.channels / groups;
    Array::from_fn(x.shape(), |y, x_, c| {
        let mut group = Vec::new();
        for row in 0..x.height {
            for column in 0..x.width {
                group.extend((0..size).map(|i| x.at(row, column, c / size * size + i)));
            }
        }
        standardize(x.at(y, x_, c), &group, epsilon) * scale[c] + shift[c]
    })
}

/// The value's distance from the mean of all, in standard deviations.
fn standardize(value: f64, all: &[f64], epsilon: f64) -> f64 {
    let count = all.len() as f64;
    let mean = all.iter().sum::<f64>() / count;
    let variance = all.iter().map(|other| (other - mean).powi(2)).sum::<f64>() / count;
    (value - mean) / (variance + epsilon).sqrt()
}
