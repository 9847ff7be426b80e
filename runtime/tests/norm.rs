//! Norms against their definition.

mod trial;

use convolve_runtime::kernels::{Activation, Affine, Normalize, NormalizeOver};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::padded;
use trial::{Rng, Trial, at, slots};

#[test]
fn affine() {
    for channels in [1, 8, 16, 35] {
        let weights = Rng(9).floats(7 + 2 * padded(channels), 2.0);
        let (scales, shifts) = (7, 7 + padded(channels));
        for (gap, out_gap) in [(0, 0), (3, 0), (0, 6)] {
            for activation in [Activation::Linear, Activation::Relu6, Activation::Silu] {
                let [input, output] = slots([[3, 5, channels]; 2], [gap, out_gap]);
                let kernel = Affine { input: Some(input), output, weights: 7, activation };
                let value = |x: f64, c: usize| {
                    let y = x * f64::from(weights[scales + c]) + f64::from(weights[shifts + c]);
                    match activation {
                        Activation::Relu6 => y.clamp(0.0, 6.0),
                        Activation::Silu => y / (1.0 + (-y).exp()),
                        _ => y,
                    }
                };
                let checked = Trial { output, weights: &weights, size: 4.0, tolerance: 8e-7 };
                checked.check(|run| kernel.run(run), |arena, cell| value(at(arena, &input, cell), cell[2]));
                let kernel = Affine { input: None, ..kernel };
                checked.check(|run| kernel.run(run), |arena, cell| value(at(arena, &output, cell), cell[2]));
            }
        }
    }
}

#[test]
fn normalize() {
    let (epsilon, activation) = (1e-3, Activation::Relu);
    for (shape, over) in [
        ([3, 5, 7], NormalizeOver::Channels),
        ([2, 2, 64], NormalizeOver::Channels),
        ([1, 1, 100], NormalizeOver::Channels),
        ([4, 5, 7], NormalizeOver::Groups(7)),
        ([4, 5, 40], NormalizeOver::Groups(40)),
        ([3, 3, 40], NormalizeOver::Groups(20)),
        ([3, 3, 33], NormalizeOver::Groups(11)),
        ([3, 3, 40], NormalizeOver::Groups(5)),
        ([3, 4, 60], NormalizeOver::Groups(3)),
        ([2, 4, 37], NormalizeOver::Groups(1)),
        ([2, 4, 32], NormalizeOver::Groups(2)),
        ([2, 3, 300], NormalizeOver::Groups(1)),
        ([2, 2, 598], NormalizeOver::Groups(2)),
        ([3, 2, 520], NormalizeOver::Groups(130)),
    ] {
        let [height, width, channels] = shape;
        let weights = Rng(2).floats(2 * padded(channels), 2.0);
        for gaps in [[0, 0], [3, 4]] {
            let [input, output] = slots([shape; 2], gaps);
            let kernel = Normalize { input, output, over, epsilon, weights: 0, activation };
            let checked = Trial { output, weights: &weights, size: 4.0, tolerance: 3e-6 };
            checked.check(
                |run| kernel.run(run),
                |arena, [y, x, c]| {
                    let mut values = Vec::new();
                    for row in 0..height {
                        for column in 0..width {
                            for channel in 0..channels {
                                let shares = match over {
                                    NormalizeOver::Channels => (row, column) == (y, x),
                                    NormalizeOver::Groups(groups) => {
                                        channel * groups / channels == c * groups / channels
                                    }
                                };
                                if shares {
                                    values.push(at(arena, &input, [row, column, channel]));
                                }
                            }
                        }
                    }
                    let count = values.len() as f64;
                    let mean = values.iter().sum::<f64>() / count;
                    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
                    let (scale, shift) = (weights[c], weights[padded(channels) + c]);
                    let unit = (at(arena, &input, [y, x, c]) - mean) / (variance + f64::from(epsilon)).sqrt();
                    (unit * f64::from(scale) + f64::from(shift)).max(0.0)
                },
            );
        }
    }
}

/// A variance from sums of squares would lose every digit here.
#[test]
fn a_mean_far_from_zero_does_not_drown_the_variance() {
    for level in Level::available() {
        for over in [NormalizeOver::Channels, NormalizeOver::Groups(1), NormalizeOver::Groups(32)] {
            let [input, output] = slots([[16, 16, 32]; 2], [0, 0]);
            let mut arena = vec![0.0; output.offset + output.span()];
            for (i, x) in arena[input.offset..][..input.span()].iter_mut().enumerate() {
                *x = 10_000.0 + if (i / 32 + i) % 2 == 0 { 1.0 } else { -1.0 };
            }
            let mut weights = vec![1.0; 64];
            weights[32..].fill(0.0);
            let mut run = Run::new(level, &weights, &[], &mut arena);
            let activation = Activation::Linear;
            Normalize { input, output, over, epsilon: 0.0, weights: 0, activation }.run(&mut run);
            for (i, y) in arena[output.offset..][..output.span()].iter().enumerate() {
                let want = if (i / 32 + i) % 2 == 0 { 1.0 } else { -1.0 };
                assert!((y - want).abs() < 2e-3, "{level} {over:?}, element {i}: {y}");
            }
        }
    }
}
