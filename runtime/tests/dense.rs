//! Dense layers of random sizes against a sum in `f64`, on every SIMD level.

mod common;

use common::{Random, at, check, end};
use convolve_runtime::kernels::{Activation, Dense};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::weights::{Data, Load, Panels, Stored, Strides, pack, padded};

/// The weight of input `i` for output `o`, in panels from `start` on.
fn weight(packed: &[f32], stored: Stored, start: usize, inputs: usize, o: usize, i: usize) -> f64 {
    let (panel, lane) = (o / 16, o % 16);
    f64::from(match stored {
        Stored::F32 => packed[start + (panel * inputs + i) * 16 + lane],
        Stored::Bf16 => {
            let word = packed[start + (panel * inputs.div_ceil(2) + i / 2) * 16 + lane].to_bits();
            let high = if i.is_multiple_of(2) { word << 16 } else { word & 0xffff_0000 };
            f32::from_bits(high)
        }
    })
}

#[test]
fn matches_the_sum_of_products() {
    let mut random = Random::new(3);
    for case in 0..400 {
        let stored = random.pick(&[Stored::F32, Stored::Bf16]);
        // Small layers are computed by loops of their own.
        let most = if random.chance(2) { 20 } else { 300 };
        let (channels, outputs) = (random.range(1, 40), random.range(1, most));
        let first = random.range(0, 7);
        // All floats are one vector, or each pixel is one.
        let (input, pixels) = if random.chance(2) {
            let (height, width) = (random.range(1, 4), random.range(1, 4));
            (Slot { pitch: channels, ..random.slot(first, height, width, channels) }, 1)
        } else {
            let pixels = random.range(2, 20);
            (random.slot(first, pixels, 1, channels), pixels)
        };
        let output = random.slot(end(&input) + 2, pixels, 1, outputs);
        let residual = random.chance(3).then(|| random.slot(end(&output), pixels, 1, outputs));
        let weights = random.range(0, 20);
        let (activation, apply) = random.pick(&[
            (Activation::Linear, (|x| x) as fn(f64) -> f64),
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        ]);
        let dense = Dense { input, output, residual, weights, stored, activation };
        let inputs = input.len() / pixels;
        let mut packed = random.floats(weights + padded(outputs) * (1 + inputs));
        if stored == Stored::Bf16 {
            // Where the inputs are odd, the last half is not read.
            for word in &mut packed[weights + padded(outputs)..] {
                let even = random.floats(1)[0];
                *word = f32::from_bits(word.to_bits() & 0xffff_0000 | even.to_bits() >> 16);
            }
        }
        let arena = random.floats(end(residual.as_ref().unwrap_or(&output)) + 4);

        let start = weights + padded(outputs);
        let mut expected: Vec<(f64, f64)> = Vec::new();
        for pixel in 0..pixels {
            let input = if pixels == 1 { input.offset } else { at(&input, pixel, 0, 0) };
            for o in 0..outputs {
                let mut terms = vec![f64::from(packed[weights + o])];
                for i in 0..inputs {
                    terms.push(f64::from(arena[input + i]) * weight(&packed, stored, start, inputs, o, i));
                }
                terms.extend(residual.map(|slot| f64::from(arena[at(&slot, pixel, 0, o)])));
                expected.push((apply(terms.iter().sum()), terms.iter().map(|term| term.abs()).sum()));
            }
        }
        for level in Level::available() {
            let mut after = arena.clone();
            dense.run(&mut Run::new(level, &packed, &[], &mut after));
            check(&format!("case {case} on {level}: {dense:?}"), &output, &arena, &after, &expected);
        }
    }
}

/// The bfloat16 next to `x`, of two as near the one with an even fraction, by comparing distances.
fn nearest(x: f32) -> f32 {
    let toward_zero = f32::from_bits(x.to_bits() & 0xffff_0000);
    let away = f32::from_bits(toward_zero.to_bits() + 0x1_0000);
    // Beyond the largest number stands 2¹²⁸, where an infinity is.
    let value = |x: f32| if x.is_infinite() { 2f64.powi(128).copysign(x.into()) } else { x.into() };
    let distance = |candidate: f32| (value(candidate) - f64::from(x)).abs();
    let even = toward_zero.to_bits().is_multiple_of(0x2_0000);
    let down = distance(toward_zero) < distance(away);
    if down || even && distance(toward_zero) == distance(away) { toward_zero } else { away }
}

#[test]
fn weights_are_rounded_to_the_nearest_bfloat16() {
    let mut random = Random::new(5);
    for case in 0..60 {
        let (inputs, outputs) = (random.range(1, 20), random.range(1, 40));
        let mut weights = random.floats(inputs * outputs);
        for weight in &mut weights {
            // Halfway between two numbers, subnormal, near the largest, or as it is.
            *weight = match random.range(0, 4) {
                0 => f32::from_bits(weight.to_bits() & 0xffff_0000 | 0x8000),
                1 => *weight * f32::MIN_POSITIVE,
                2 => *weight * f32::MAX,
                3 => f32::MAX.copysign(*weight),
                _ => *weight,
            };
        }
        let bytes: Vec<u8> = weights.iter().flat_map(|x| x.to_le_bytes()).collect();
        let load = Load::Halves(Panels {
            weight: 0,
            bias: None,
            strides: Strides { output: inputs, input: 1, row: 0, column: 0, group: 0 },
            groups: 1,
            outputs,
            inputs,
            kernel: [1, 1],
            order: &[],
            before: None,
            after: None,
            part: None,
            at: 0,
        });
        let mut packed = vec![f32::NAN; padded(outputs) * (1 + inputs.div_ceil(2))];
        assert_eq!(load.len(), packed.len());
        pack(&[load], &[Data::F32(&bytes)], &mut packed);
        for o in 0..padded(outputs) {
            assert_eq!(packed[o], 0.0);
            for i in 0..inputs.next_multiple_of(2) {
                let got = weight(&packed, Stored::Bf16, padded(outputs), inputs, o, i);
                let own = o < outputs && i < inputs;
                let want = if own { nearest(weights[o * inputs + i]) } else { 0.0 };
                assert_eq!(got, f64::from(want), "case {case}, output {o}, input {i}");
            }
        }
    }
}
