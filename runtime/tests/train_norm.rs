//! Gradients of norms against central differences.

mod gradients;
mod trial;

use convolve_runtime::kernels::{Activation, NormalizeOver};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{
    BatchMoments, BatchNorm, BatchNormGradient, BatchNormGradientSums, BatchSquares, BatchSum,
    NormalizeGradient, Pass,
};
use convolve_runtime::weights::padded;
use gradients::{Trial, gradient, values};
use trial::{Rng, slots};

/// `γ (x − mean) / √(variance + epsilon) + β`, over the elements that `set` gives the same number; γ and β follow x.
fn norm(input: &[f64], channels: usize, epsilon: f32, set: impl Fn(usize) -> usize) -> Vec<f64> {
    let (x, parameters) = input.split_at(input.len() - 2 * channels);
    let sets = (0..x.len()).map(&set).max().map_or(0, |last| last + 1);
    let mut moments = vec![[0.0; 3]; sets];
    for (index, x) in x.iter().enumerate() {
        let [count, sum, _] = &mut moments[set(index)];
        *count += 1.0;
        *sum += x;
    }
    for (index, x) in x.iter().enumerate() {
        let [count, sum, squares] = &mut moments[set(index)];
        *squares += (x - *sum / *count).powi(2);
    }
    let unit = |(index, x): (usize, &f64)| {
        let [count, sum, squares] = moments[set(index)];
        let unit = (x - sum / count) / (squares / count + f64::from(epsilon)).sqrt();
        unit * parameters[index % channels] + parameters[channels + index % channels]
    };
    x.iter().enumerate().map(unit).collect()
}

#[test]
fn normalize() {
    let epsilon = 1e-2;
    for (shape, over) in [
        ([3, 5, 7], NormalizeOver::Channels),
        ([2, 2, 64], NormalizeOver::Channels),
        ([1, 1, 100], NormalizeOver::Channels),
        ([4, 5, 7], NormalizeOver::Groups(7)),
        ([3, 3, 33], NormalizeOver::Groups(11)),
        ([3, 3, 40], NormalizeOver::Groups(5)),
        ([2, 4, 37], NormalizeOver::Groups(1)),
        ([2, 4, 32], NormalizeOver::Groups(2)),
        ([1, 2, 300], NormalizeOver::Groups(1)),
        ([1, 1, 598], NormalizeOver::Groups(2)),
        ([1, 2, 520], NormalizeOver::Groups(130)),
    ] {
        let channels = shape[2];
        let weights = Rng(2).floats(5 + 2 * padded(channels), 2.0);
        let [gammas, betas] = [5, 5 + padded(channels)];
        for gaps in [[0, 0, 0], [3, 4, 2]] {
            let [input, upper, output] = slots([shape; 3], gaps);
            let kernel =
                NormalizeGradient { input, gradient: Some(upper), output, over, epsilon, weights: 5 };
            for kernel in [kernel, NormalizeGradient { gradient: None, ..kernel }] {
                let upper = kernel.gradient.unwrap_or(output);
                let trial = Trial { weights: &weights, ..Trial::new(output, 4.0, 1e-5) };
                trial.check(
                    |pass| kernel.run(pass),
                    |arena| {
                        let mut all = values(arena, &input);
                        for at in [gammas, betas] {
                            all.extend(weights[at..][..channels].iter().map(|&w| f64::from(w)));
                        }
                        let set = |index: usize| match over {
                            NormalizeOver::Channels => index / channels,
                            NormalizeOver::Groups(groups) => index % channels * groups / channels,
                        };
                        let mut dx =
                            gradient(&all, &values(arena, &upper), |all| norm(all, channels, epsilon, set));
                        let parameters = dx.split_off(input.len()).into_iter().enumerate();
                        let at = |i: usize| if i < channels { gammas + i } else { betas + i - channels };
                        (dx, parameters.map(|(i, sum)| (at(i), sum)).collect())
                    },
                );
            }
        }
    }
}

/// A batch on its way through the phases of a batch norm, in groups of images with sums of their own.
struct Batch {
    level: Level,
    weights: Vec<f32>,
    /// One for each image.
    arenas: Vec<Vec<f32>>,
    totals: Vec<f32>,
}

impl Batch {
    /// The elements of a slot, image by image.
    fn values(&self, slot: &Slot) -> Vec<f64> {
        self.arenas.iter().flat_map(|arena| values(arena, slot)).collect()
    }

    /// Runs one phase on every image, and adds up what the groups have summed.
    fn phase(&mut self, kernel: impl Fn(&mut Pass<'_>)) {
        let (images, before) = (self.arenas.len(), self.totals.clone());
        for group in self.arenas.chunks_mut(2) {
            let mut sums = vec![0.0; before.len()];
            for arena in group {
                let run = Run::new(self.level, &self.weights, &[], arena);
                kernel(&mut Pass { run, sums: &mut sums, totals: &before, images, key: 0 });
            }
            for (total, sum) in self.totals.iter_mut().zip(sums) {
                *total += sum;
            }
        }
    }
}

fn close(case: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{case}");
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got - want).abs() / want.abs().max(1.0);
        assert!(error <= tolerance, "{case}, element {index}: {got}, expected {want}");
    }
}

#[test]
fn batch_norm_forth_and_back() {
    const IMAGES: usize = 5;
    for (shape, gaps) in [
        ([2, 3, 5], [0, 0, 0]),
        ([3, 2, 16], [4, 1, 2]),
        ([1, 2, 81], [0, 0, 0]),
        ([1, 1, 270], [0, 3, 0]),
        ([4, 5, 1], [0, 0, 0]),
    ] {
        let channels = shape[2];
        let [input, upper, output] = slots([shape; 3], gaps);
        let moments = BatchMoments {
            gamma: 5,
            beta: 5 + padded(channels),
            sums: 5 + 2 * padded(channels),
            squares: 5 + 2 * padded(channels) + channels,
            epsilon: 1e-2,
        };
        for level in Level::available() {
            let mut rng = Rng(channels as u64);
            let mut batch = Batch {
                level,
                weights: rng.floats(5 + 2 * padded(channels), 2.0),
                arenas: (0..IMAGES).map(|_| rng.floats(output.offset + output.span(), 3.0)).collect(),
                totals: vec![0.0; moments.squares + channels],
            };
            let mut all = batch.values(&input);
            let elements = all.len();
            for at in [moments.gamma, moments.beta] {
                all.extend(batch.weights[at..][..channels].iter().map(|&w| f64::from(w)));
            }
            let forward = |all: &[f64]| norm(all, channels, moments.epsilon, |index| index % channels);
            batch.phase(|pass| BatchSum { input, at: moments.sums }.run(pass));
            batch.phase(|pass| BatchSquares { input, sums: moments.sums, at: moments.squares }.run(pass));
            for activation in [Activation::Linear, Activation::Relu, Activation::Silu] {
                for in_place in [false, true] {
                    let kept = batch.arenas.clone();
                    let (kernel_input, output) = if in_place { (None, input) } else { (Some(input), output) };
                    let kernel = BatchNorm { input: kernel_input, output, moments, activation };
                    batch.phase(|pass| kernel.run(pass));
                    let want: Vec<f64> = forward(&all)
                        .into_iter()
                        .map(|y| trial::activation::expected(activation, 0.0, y))
                        .collect();
                    let got = batch.values(&output);
                    close(&format!("{level} {shape:?} {activation:?}"), &got, &want, 3e-6);
                    batch.arenas = kept;
                }
            }
            let g = batch.values(&upper);
            let want = gradient(&all, &g, forward);
            batch.phase(|pass| BatchNormGradientSums { input, gradient: upper, moments }.run(pass));
            for (part, at) in [(0, moments.gamma), (1, moments.beta)] {
                let got: Vec<f64> =
                    batch.totals[at..][..channels].iter().map(|&sum| f64::from(sum)).collect();
                let want = &want[elements + part * channels..][..channels];
                close(&format!("{level} {shape:?}, parameters"), &got, want, 1e-5);
            }
            for in_place in [false, true] {
                let kept = batch.arenas.clone();
                let (gradient, output) = if in_place { (None, upper) } else { (Some(upper), output) };
                batch.phase(|pass| BatchNormGradient { input, gradient, output, moments }.run(pass));
                let got = batch.values(&output);
                close(&format!("{level} {shape:?}, input"), &got, &want[..elements], 1e-5);
                batch.arenas = kept;
            }
        }
    }
}

/// A variance from sums of squares would lose every digit here, and so would one long sum.
#[test]
fn a_large_batch_far_from_zero_keeps_its_digits() {
    for level in Level::available() {
        let [input, output] = slots([[64, 64, 3]; 2], [0, 0]);
        let moments = BatchMoments { gamma: 0, beta: 16, sums: 32, squares: 35, epsilon: 0.0 };
        let image = |index: usize| {
            let mut arena = vec![0.0; output.offset + output.span()];
            for (i, x) in arena[input.offset..][..input.span()].iter_mut().enumerate() {
                *x = 1000.1 + if (i / 3 + index).is_multiple_of(2) { 1.0 } else { -1.0 };
            }
            arena
        };
        let mut batch = Batch {
            level,
            weights: (0..32).map(|i| if i < 16 { 1.0 } else { 0.0 }).collect(),
            arenas: (0..16).map(image).collect(),
            totals: vec![0.0; 38],
        };
        batch.phase(|pass| BatchSum { input, at: moments.sums }.run(pass));
        batch.phase(|pass| BatchSquares { input, sums: moments.sums, at: moments.squares }.run(pass));
        let activation = Activation::Linear;
        batch.phase(|pass| BatchNorm { input: Some(input), output, moments, activation }.run(pass));
        for (index, arena) in batch.arenas.iter().enumerate() {
            for (i, y) in values(arena, &output).into_iter().enumerate() {
                let want = if (i / 3 + index).is_multiple_of(2) { 1.0 } else { -1.0 };
                assert!((y - want).abs() < 5e-3, "{level}, image {index}, element {i}: {y}");
            }
        }
    }
}
