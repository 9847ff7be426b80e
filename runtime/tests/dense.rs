//! Dense layers of random sizes against a sum in `f64`, on every SIMD level.

mod common;

use common::{Random, check, end};
use convolve_runtime::kernels::{Activation, Dense};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::team::Team;
use convolve_runtime::weights::padded;

#[test]
fn matches_the_sum_of_products() {
    let mut random = Random::new(3);
    for case in 0..300 {
        let (height, width) = (random.range(1, 4), random.range(1, 4));
        let (channels, outputs) = (random.range(1, 40), random.range(1, 300));
        let vector = |offset, channels| {
            let memory = Memory::Arena;
            Slot { memory, offset, height: 1, width: 1, channels, pitch: channels }
        };
        let input = Slot { height, width, ..vector(random.range(0, 7), channels) };
        let output = vector(end(&input) + 2, outputs);
        let residual = random.chance(3).then(|| vector(end(&output), outputs));
        let weights = random.range(0, 20);
        let (activation, apply) = random.pick(&[
            (Activation::Linear, (|x| x) as fn(f64) -> f64),
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        ]);
        let dense = Dense { input, output, residual, weights, activation };
        let inputs = input.len();
        let packed = random.floats(weights + padded(outputs) * (1 + inputs));
        let arena = random.floats(end(residual.as_ref().unwrap_or(&output)) + 4);

        let expected: Vec<(f64, f64)> = (0..outputs)
            .map(|o| {
                let mut terms = vec![f64::from(packed[weights + o])];
                let panel = weights + padded(outputs) + o / 16 * inputs * 16 + o % 16;
                for i in 0..inputs {
                    terms.push(f64::from(arena[input.offset + i]) * f64::from(packed[panel + i * 16]));
                }
                terms.extend(residual.map(|slot| f64::from(arena[slot.offset + o])));
                (apply(terms.iter().sum()), terms.iter().map(|term| term.abs()).sum())
            })
            .collect();
        for level in Level::available() {
            let mut after = arena.clone();
            dense.run(&mut Run {
                level,
                team: &Team::ALONE,
                weights: &packed,
                inputs: &[],
                arena: &mut after,
            });
            check(&format!("case {case} on {level}: {dense:?}"), &output, &arena, &after, &expected);
        }
    }
}
