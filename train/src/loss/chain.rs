//! Any loss after any head, by the chain rule through the prediction.

use convolve_runtime::train::Head;

use super::cross_entropy::exponentials;
use super::{Loss, clipped, dice};

/// As [`Loss::gradient`]. `gradient` holds the prediction first.
pub(super) fn gradient(
    loss: Loss,
    head: Head,
    channels: usize,
    output: &[f32],
    target: &[f32],
    weight: f32,
    gradient: &mut [f32],
) -> f64 {
    // What takes probabilities takes softmax's, not their logarithms.
    let head = match (loss, head) {
        (Loss::BinaryCrossEntropy | Loss::Dice, Head::LogSoftmax) => Head::Softmax,
        (_, head) => head,
    };
    for (output, prediction) in output.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels)) {
        predict(head, output, prediction);
    }
    let value = loss.value(Head::Identity, channels, gradient, target);
    let weight = f64::from(weight);
    let per_element = weight / output.len() as f64;
    let per_pixel = per_element * channels as f64;
    // The derivative with respect to a prediction p with target t.
    let slope: &dyn Fn(f32, f64) -> f64 = match loss {
        Loss::SparseCategoricalCrossEntropy | Loss::CategoricalCrossEntropy => {
            &|p, t| -per_pixel * t / clipped(p)
        }
        Loss::BinaryCrossEntropy => &|p, t| {
            let p = clipped(p);
            per_element * (p - t) / (p * (1.0 - p))
        },
        Loss::MeanSquaredError => &|p, t| 2.0 * per_element * (f64::from(p) - t),
        Loss::MeanAbsoluteError => &|p, t| {
            let error = f64::from(p) - t;
            if error == 0.0 { 0.0 } else { per_element * error.signum() }
        },
        Loss::Dice => {
            let (above, below) = dice(gradient.iter().copied().zip(target.iter().copied()));
            &move |_, t| weight * (above / below - 2.0 * t) / below
        }
    };
    for (pixel, row) in gradient.chunks_exact_mut(channels).enumerate() {
        through(head, row, |channel, p| {
            let t = match loss {
                Loss::SparseCategoricalCrossEntropy => f64::from(target[pixel] as usize == channel),
                _ => f64::from(target[pixel * channels + channel]),
            };
            slope(p, t)
        });
    }
    value
}

/// What the head makes of one pixel.
fn predict(head: Head, output: &[f32], prediction: &mut [f32]) {
    match head {
        Head::Identity => prediction.copy_from_slice(output),
        Head::Sigmoid => {
            for (p, x) in prediction.iter_mut().zip(output) {
                *p = 1.0 / (1.0 + (-x).exp());
            }
        }
        Head::Softmax => {
            let (_, sum) = exponentials(output, prediction);
            let share = (1.0 / sum) as f32;
            prediction.iter_mut().for_each(|p| *p *= share);
        }
        Head::LogSoftmax => {
            let (max, sum) = exponentials(output, prediction);
            let log_sum = sum.ln();
            for (p, x) in prediction.iter_mut().zip(output) {
                *p = (f64::from(x - max) - log_sum) as f32;
            }
        }
    }
}

/// From the prediction of one pixel to the loss's derivative with respect to what went into the head, in place.
/// `slope` is the derivative with respect to a channel's prediction.
fn through(head: Head, row: &mut [f32], slope: impl Fn(usize, f32) -> f64) {
    let slopes = row.iter().enumerate().map(|(channel, p)| (f64::from(*p), slope(channel, *p)));
    // Softmax moves every channel: its derivatives share a sum.
    let shared: f64 = match head {
        Head::Identity | Head::Sigmoid => 0.0,
        Head::Softmax => slopes.map(|(p, slope)| p * slope).sum(),
        Head::LogSoftmax => slopes.map(|(_, slope)| slope).sum(),
    };
    for (channel, element) in row.iter_mut().enumerate() {
        let (p, slope) = (f64::from(*element), slope(channel, *element));
        *element = match head {
            Head::Identity => slope,
            Head::Sigmoid => slope * p * (1.0 - p),
            Head::Softmax => p * (slope - shared),
            Head::LogSoftmax => slope - p.exp() * shared,
        } as f32;
    }
}
