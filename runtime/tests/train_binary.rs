//! Gradients of operations of two tensors, and of softmax.

mod gradients;
mod trial;

use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{BinaryGradient, Factor, SoftmaxGradient};
use gradients::{Trial, cells, gradient, run_on, values};
use trial::slots;

const OPERATIONS: [fn(f64, f64) -> f64; 4] = [|a, b| a + b, |a, b| a - b, |a, b| a * b, f64::max];

/// What the gradient of operand `side` is multiplied by.
fn factor(operation: usize, side: usize, operands: [Slot; 2]) -> Factor {
    let (own, other) = (operands[side], operands[1 - side]);
    match operation {
        1 if side == 1 => Factor::MinusOne,
        2 => Factor::Other(other),
        3 => Factor::Larger { own, other },
        _ => Factor::One,
    }
}

#[test]
fn both_operands_of_every_operation() {
    for channels in [3, 16, 37, 80] {
        let (map, one) = ([3, 5, channels], [1, 1, channels]);
        for (shapes, gaps) in [
            ([map, map], [0, 0, 0, 0]),
            ([map, map], [2, 0, 1, 3]),
            ([map, one], [0, 0, 0, 0]),
            ([one, map], [1, 2, 3, 4]),
            ([one, one], [0, 0, 0, 0]),
        ] {
            let result = if shapes == [one, one] { one } else { map };
            for (operation, function) in OPERATIONS.into_iter().enumerate() {
                for side in [0, 1] {
                    let [left, right, upper, output] =
                        slots([shapes[0], shapes[1], result, shapes[side]], gaps);
                    let operands = [left, right];
                    let factor = factor(operation, side, operands);
                    let kernel = BinaryGradient { gradient: Some(upper), output, factor };
                    let in_place = BinaryGradient { gradient: None, ..kernel };
                    let kernels = [Some(kernel), (shapes[side] == result).then_some(in_place)];
                    for kernel in kernels.into_iter().flatten() {
                        let upper = kernel.gradient.unwrap_or(output);
                        Trial::new(output, 2.0, 2e-6).check_output(
                            |pass| kernel.run(pass),
                            |arena| {
                                let fixed = operands.map(|slot| values(arena, &slot));
                                gradient(&fixed[side], &values(arena, &upper), |moved| {
                                    let of = |index: usize, cell: [usize; 3]| {
                                        let data = if index == side { moved } else { &fixed[index][..] };
                                        let [y, x, c] = cell;
                                        let pixel = if shapes[index] == one { 0 } else { y * 5 + x };
                                        data[pixel * channels + c]
                                    };
                                    cells(&upper).map(|cell| function(of(0, cell), of(1, cell))).collect()
                                })
                            },
                        );
                    }
                }
            }
        }
    }
}

/// The constants are what `torch.maximum` gives (PyTorch 2).
#[test]
fn a_tie_is_split() {
    for level in Level::available() {
        let [left, right, output] = slots([[1, 1, 3]; 3], [0; 3]);
        for (own, other, want) in [(left, right, [0.0, 0.5, 1.0]), (right, left, [1.0, 0.5, 0.0])] {
            let mut arena = vec![1.0; output.offset + output.span()];
            arena[left.offset..][..3].copy_from_slice(&[1.0, 2.0, 3.0]);
            arena[right.offset..][..3].fill(2.0);
            let kernel = BinaryGradient { gradient: None, output, factor: Factor::Larger { own, other } };
            run_on(level, &mut arena, |pass| kernel.run(pass));
            assert_eq!(values(&arena, &output), want, "{level}");
        }
    }
}

/// x · x, whose operands are the same slot.
#[test]
fn a_square() {
    let [x, upper, output] = slots([[2, 3, 9]; 3], [1, 0, 2]);
    let kernel = BinaryGradient { gradient: Some(upper), output, factor: Factor::Other(x) };
    Trial::new(output, 2.0, 1e-6).check_output(
        |pass| kernel.run(pass),
        |arena| {
            let half =
                gradient(&values(arena, &x), &values(arena, &upper), |x| x.iter().map(|x| x * x).collect());
            half.into_iter().map(|g| g / 2.0).collect()
        },
    );
}

#[test]
fn softmax() {
    for (shape, gaps) in [
        ([2, 3, 10], [0, 0, 0]),
        ([3, 2, 21], [2, 5, 1]),
        ([1, 1, 100], [0, 0, 0]),
        ([2, 2, 1], [0, 0, 0]),
        ([1, 5, 32], [1, 0, 3]),
    ] {
        for log in [false, true] {
            let [saved, upper, output] = slots([shape; 3], gaps);
            let channels = shape[2];
            let forward = |z: &[f64]| -> Vec<f64> {
                let softmax = |pixel: &[f64]| -> Vec<f64> {
                    let sum: f64 = pixel.iter().map(|z| z.exp()).sum();
                    pixel.iter().map(|z| if log { z - sum.ln() } else { z.exp() / sum }).collect()
                };
                z.chunks(channels).flat_map(softmax).collect()
            };
            let kernel = SoftmaxGradient { gradient: Some(upper), result: saved, output, log };
            for kernel in [kernel, SoftmaxGradient { gradient: None, ..kernel }] {
                let upper = kernel.gradient.unwrap_or(output);
                // The arena's floats are arguments; the kernel reads results.
                let results = |arena: &[f32]| forward(&values(arena, &saved));
                Trial::new(output, 3.0, 3e-6).check_output(
                    |pass| {
                        let results = results(pass.run.arena);
                        let places = cells(&saved).map(|[y, x, c]| (y * saved.width + x) * saved.pitch + c);
                        let places: Vec<usize> = places.map(|place| saved.offset + place).collect();
                        let kept: Vec<f32> = places.iter().map(|&place| pass.run.arena[place]).collect();
                        for (&place, result) in places.iter().zip(results) {
                            pass.run.arena[place] = result as f32;
                        }
                        kernel.run(pass);
                        for (place, kept) in places.into_iter().zip(kept) {
                            pass.run.arena[place] = kept;
                        }
                    },
                    |arena| gradient(&values(arena, &saved), &values(arena, &upper), forward),
                );
            }
        }
    }
}
