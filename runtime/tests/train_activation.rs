//! Gradients of activations against central differences, and PyTorch's choices at kinks.

mod gradients;
mod trial;

use convolve_runtime::kernels::Activation;
use convolve_runtime::simd::Level;
use convolve_runtime::train::{ActivateGradient, Saved};
use gradients::{Trial, cells, run_on, values};
use trial::activation::{ALL, expected};
use trial::{Rng, at, slots};

/// The derivative at `x`.
fn derivative(activation: Activation, slope: f64, x: f64) -> f64 {
    gradients::gradient(&[x], &[1.0], |x| vec![expected(activation, slope, x[0])])[0]
}

/// An argument for which the function gives `y`, found by bisection; each that has a result to read rises.
fn argument(activation: Activation, y: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if expected(activation, 0.0, middle) < y { low = middle } else { high = middle }
    }
    high
}

/// Whether the function gives `y` for some argument, and has a derivative there.
fn is_result(activation: Activation, y: f64) -> bool {
    let x = argument(activation, y);
    let smooth = (derivative(activation, 0.0, x + 1e-4) - derivative(activation, 0.0, x - 1e-4)).abs() < 1e-2;
    (expected(activation, 0.0, x) - y).abs() < 1e-9 && smooth
}

const SHAPES: [([usize; 3], [usize; 3]); 5] = [
    ([3, 5, 7], [0, 0, 0]),
    ([3, 5, 7], [4, 0, 2]),
    ([2, 3, 16], [0, 9, 0]),
    ([1, 1, 37], [0, 0, 0]),
    ([4, 1, 1], [3, 2, 1]),
];

#[test]
fn from_what_the_function_was_given() {
    let weights = Rng(5).floats(16 + 48, 1.0);
    for activation in ALL {
        for (shape, gaps) in SHAPES {
            let [saved, gradient, output] = slots([shape; 3], gaps);
            let trial = Trial { weights: &weights, ..Trial::new(output, 7.0, 2e-6) };
            let kernel =
                ActivateGradient { gradient: Some(gradient), saved: Saved::Input(saved), output, activation };
            let slope = |c: usize| f64::from(weights[16 + c]);
            for kernel in [kernel, ActivateGradient { gradient: None, ..kernel }] {
                let gradient = kernel.gradient.unwrap_or(output);
                trial.check(
                    |pass| kernel.run(pass),
                    |arena| {
                        let g = |cell| at(arena, &gradient, cell);
                        let x = |cell| at(arena, &saved, cell);
                        let written = cells(&output)
                            .map(|cell| g(cell) * derivative(activation, slope(cell[2]), x(cell)))
                            .collect();
                        let mut slopes = vec![0.0; shape[2]];
                        for cell in cells(&output) {
                            slopes[cell[2]] += g(cell) * x(cell).min(0.0);
                        }
                        let learned = matches!(activation, Activation::Prelu { .. });
                        let slopes = slopes.into_iter().enumerate().map(|(c, sum)| (16 + c, sum));
                        (written, slopes.filter(|_| learned).collect())
                    },
                );
            }
        }
    }
}

#[test]
fn from_what_the_function_gave() {
    for activation in ALL.into_iter().filter(|activation| activation.gradient_reads_result()) {
        let size = match activation {
            Activation::Sigmoid | Activation::Tanh | Activation::Softsign | Activation::HardSigmoid => 1.0,
            _ => 7.0,
        };
        for (shape, gaps) in SHAPES {
            let [saved, gradient, output] = slots([shape; 3], gaps);
            let kernel = ActivateGradient {
                gradient: Some(gradient),
                saved: Saved::Result(saved),
                output,
                activation,
            };
            for kernel in [kernel, ActivateGradient { gradient: None, ..kernel }] {
                let gradient = kernel.gradient.unwrap_or(output);
                for level in Level::available() {
                    let mut arena = Rng(shape[2] as u64).floats(output.offset + output.span(), size);
                    let (y, g) = (values(&arena, &saved), values(&arena, &gradient));
                    run_on(level, &mut arena, |pass| kernel.run(pass));
                    let mut compared = 0;
                    for ((&y, &g), got) in y.iter().zip(&g).zip(values(&arena, &output)) {
                        if is_result(activation, y) {
                            let want = g * derivative(activation, 0.0, argument(activation, y));
                            let error = (got - want).abs() / want.abs().max(1.0);
                            assert!(error < 3e-6, "{level} {activation:?} of {y}: {got}, expected {want}");
                            compared += 1;
                        }
                    }
                    let constant = matches!(activation, Activation::Clip { min, max } if min == max);
                    assert!(
                        constant || compared * 20 >= y.len(),
                        "{activation:?}: {compared} of {}",
                        y.len()
                    );
                }
            }
        }
    }
}

/// The constants are what `torch.autograd` gives (PyTorch 2).
#[test]
fn kinks_are_pytorchs() {
    let half = Activation::Elu { alpha: 0.5 };
    let clip = Activation::Clip { min: -1.0, max: 2.0 };
    let leaky = Activation::LeakyRelu { negative_slope: 0.25 };
    let cases: [(Activation, &[(f32, f32)]); 9] = [
        (Activation::Relu, &[(-0.0, 0.0), (0.0, 0.0)]),
        (Activation::Relu6, &[(0.0, 0.0), (6.0, 0.0)]),
        (clip, &[(-1.0, 0.0), (2.0, 0.0)]),
        (leaky, &[(-0.0, 0.25), (0.0, 0.25)]),
        (half, &[(0.0, 0.5)]),
        (Activation::Celu { alpha: 0.5 }, &[(0.0, 1.0)]),
        (Activation::Selu, &[(0.0, 1.758_099_3)]),
        (Activation::HardSigmoid, &[(-3.0, 0.0), (3.0, 0.0)]),
        (Activation::HardSwish, &[(-3.0, 0.0), (3.0, 1.0)]),
    ];
    for level in Level::available() {
        for (activation, points) in cases {
            for &(x, want) in points {
                let y = expected(activation, 0.0, f64::from(x)) as f32;
                let [saved, output] = slots([[1, 1, 1]; 2], [0, 0]);
                let given = [(Saved::Input(saved), x), (Saved::Result(saved), y)];
                let given = given.into_iter().take(1 + usize::from(activation.gradient_reads_result()));
                for (saved_as, value) in given {
                    let mut arena = vec![1.0; output.offset + 1];
                    arena[saved.offset] = value;
                    let kernel = ActivateGradient { gradient: None, saved: saved_as, output, activation };
                    run_on(level, &mut arena, |pass| kernel.run(pass));
                    let got = arena[output.offset];
                    assert!((got - want).abs() < 1e-6, "{level} {activation:?}′({x}) = {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn far_from_zero_nothing_overflows() {
    for level in Level::available() {
        for activation in ALL.into_iter().filter(|a| !matches!(a, Activation::Prelu { .. } | Activation::Exp))
        {
            for x in [-1e30, -1e4, -90.0, 90.0, 1e4, 1e30] {
                let [saved, output] = slots([[1, 1, 1]; 2], [0, 0]);
                let mut arena = vec![1.0; output.offset + 1];
                arena[saved.offset] = x;
                let kernel =
                    ActivateGradient { gradient: None, saved: Saved::Input(saved), output, activation };
                run_on(level, &mut arena, |pass| kernel.run(pass));
                let got = f64::from(arena[output.offset]);
                // Past 90 every function is a straight line; a difference over that distance is exact.
                let slope = |from: f64, to: f64| {
                    (expected(activation, 0.0, to) - expected(activation, 0.0, from)) / (to - from)
                };
                let want = if x > 0.0 { slope(90.0, 180.0) } else { slope(-180.0, -90.0) };
                assert!((got - want).abs() < 1.3e-2, "{level} {activation:?}′({x}) = {got}, not {want}");
            }
        }
    }
}
