//! Activations and softmax against formulas in double precision.

mod trial;

use convolve_runtime::kernels::{Activate, Activation, Softmax};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use trial::activation::{ALL, expected};
use trial::{Rng, Trial, at, slots};

#[test]
fn maps_and_views_in_place_and_not() {
    let weights = Rng(5).floats(16 + 48, 1.0);
    for activation in ALL {
        for (shape, gap, out_gap) in
            [([3, 5, 7], 0, 0), ([3, 5, 7], 4, 0), ([2, 3, 16], 0, 9), ([1, 1, 37], 0, 0), ([4, 1, 1], 3, 2)]
        {
            let [input, output] = slots([shape, shape], [gap, out_gap]);
            let checked = Trial { output, weights: &weights, size: 7.0, tolerance: 4e-7 };
            let slope = |c: usize| f64::from(weights[16 + c]);
            let kernel = Activate { input: Some(input), output, activation };
            checked.check(
                |run| kernel.run(run),
                |arena, cell| expected(activation, slope(cell[2]), at(arena, &input, cell)),
            );
            let kernel = Activate { input: None, ..kernel };
            checked.check(
                |run| kernel.run(run),
                |arena, cell| expected(activation, slope(cell[2]), at(arena, &output, cell)),
            );
        }
    }
}

/// What the function gives for each of `inputs`.
fn compute(level: Level, activation: Activation, inputs: &[f32]) -> Vec<f32> {
    let mut arena = inputs.to_vec();
    let output = trial::slot(0, [1, 1, inputs.len()], 0);
    let mut run = Run::new(level, &[], &[], &mut arena);
    Activate { input: None, output, activation }.run(&mut run);
    arena
}

/// Floats of every exponent and sign, and a dense sweep of where the functions bend.
fn sweep() -> Vec<f32> {
    let everywhere = (0..u32::MAX).step_by(49_999).map(f32::from_bits).filter(|x| !x.is_nan());
    let bends = (-100_000..100_000).map(|i| i as f32 * 1.1e-3);
    everywhere.chain(bends).collect()
}

/// The distance between floats at `value`.
fn ulp(value: f64) -> f64 {
    let value = value.abs().clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)) as f32;
    f64::from(f32::from_bits(value.to_bits() & 0x7f80_0000)) * f64::from(f32::EPSILON)
}

/// The largest error over the sweep, in the unit that `unit` gives for an input and its result.
fn largest_error(activation: Activation, unit: impl Fn(f64, f64) -> f64) {
    let inputs = sweep();
    for level in Level::available() {
        let mut worst = (0.0, 0.0, 0.0);
        for (&x, y) in inputs.iter().zip(compute(level, activation, &inputs)) {
            let want = expected(activation, 0.0, f64::from(x));
            if f64::from(y) == want
                || (want.abs() > f64::from(f32::MAX) && f64::from(y) == want.signum() * f64::INFINITY)
            {
                continue;
            }
            let error = (f64::from(y) - want).abs() / unit(f64::from(x), want);
            assert!(!error.is_nan(), "{level} {activation:?}({x:e}) = {y:e}, expected {want:e}");
            if error > worst.0 {
                worst = (error, x, y);
            }
        }
        println!("{level} {activation:?}: {worst:?}");
        assert!(worst.0 <= 1.0, "{level} {activation:?}({:e}) = {:e}: {} units", worst.1, worst.2, worst.0);
    }
}

#[test]
fn exp_is_within_two_ulp() {
    largest_error(Activation::Exp, |_, want| 2.0 * ulp(want));
}

#[test]
fn bounded_functions_are_within_1e_7() {
    for activation in [Activation::Sigmoid, Activation::Tanh, Activation::HardSigmoid, Activation::Softsign] {
        largest_error(activation, |_, _| 1e-7);
    }
}

#[test]
fn functions_that_vanish_at_zero_keep_their_digits_there() {
    for activation in [Activation::Tanh, Activation::Softsign, Activation::Elu { alpha: 1.0 }] {
        largest_error(activation, |_, want| 2.0 * ulp(want));
    }
}

#[test]
fn functions_that_grow_are_within_a_few_ulp_of_their_argument() {
    for activation in [
        Activation::Gelu,
        Activation::GeluApproximate,
        Activation::Silu,
        Activation::Mish,
        Activation::HardSwish,
        Activation::Selu,
        Activation::Celu { alpha: 2.5 },
    ] {
        largest_error(activation, |x, want| 3.0 * ulp(x).max(ulp(want)));
    }
    largest_error(Activation::Softplus, |_, want| 3.0 * ulp(want).max(1e-12));
}

#[test]
fn limits_and_nan() {
    let inputs = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN];
    for level in Level::available() {
        for activation in ALL.into_iter().filter(|a| !matches!(a, Activation::Prelu { .. })) {
            for (x, y) in inputs.into_iter().zip(compute(level, activation, &inputs)) {
                let want = expected(activation, 0.0, f64::from(x)) as f32;
                let close = (y - want).abs() <= want.abs() * 1e-6;
                assert!(
                    y == want || (y.is_nan() && want.is_nan()) || close,
                    "{level} {activation:?}({x}) = {y}, expected {want}"
                );
            }
        }
    }
}

#[test]
fn softmax_sums_to_one() {
    for (log, size, tolerance) in
        [(false, 9.0, 3e-7), (false, 80.0, 3e-7), (true, 9.0, 3e-7), (true, 300.0, 3e-7)]
    {
        for (shape, gap, out_gap) in [
            ([2, 3, 10], 0, 0),
            ([3, 2, 21], 2, 5),
            ([1, 1, 1000], 0, 0),
            ([2, 2, 1], 0, 0),
            ([1, 5, 32], 1, 0),
        ] {
            let [input, output] = slots([shape, shape], [gap, out_gap]);
            let softmax = |arena: &[f32], slot, [y, x, c]: [usize; 3]| {
                let z: Vec<f64> = (0..shape[2]).map(|c| at(arena, slot, [y, x, c])).collect();
                let top = z.iter().copied().fold(f64::MIN, f64::max);
                let sum: f64 = z.iter().map(|z| (z - top).exp()).sum();
                if log { z[c] - top - sum.ln() } else { (z[c] - top).exp() / sum }
            };
            let checked = Trial { output, weights: &[], size, tolerance };
            let kernel = Softmax { input: Some(input), output, log };
            checked.check(|run| kernel.run(run), |arena, cell| softmax(arena, &input, cell));
            let kernel = Softmax { input: None, ..kernel };
            checked.check(|run| kernel.run(run), |arena, cell| softmax(arena, &output, cell));
        }
    }
}

#[test]
fn softmax_of_infinities() {
    for level in Level::available() {
        for log in [false, true] {
            let softmax = |values: &[f32]| {
                let mut arena = values.to_vec();
                let output = trial::slot(0, [1, 1, values.len()], 0);
                let mut run = Run::new(level, &[], &[], &mut arena);
                Softmax { input: None, output, log }.run(&mut run);
                arena
            };
            let certain = softmax(&[f32::NEG_INFINITY, -1e4, f32::NEG_INFINITY]);
            let (yes, no) = if log { (0.0, f32::NEG_INFINITY) } else { (1.0, 0.0) };
            assert_eq!(certain, [no, yes, no], "{level}");
            for poison in [f32::NAN, f32::INFINITY] {
                let mut values = vec![0.5; 37];
                values[20] = poison;
                let nan = softmax(&values)[20];
                assert!(nan.is_nan(), "{level}: {nan}");
            }
        }
    }
}
