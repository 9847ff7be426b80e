//! Dropout: how much it drops, and that nothing but its key, its layer and the element decide.

mod gradients;
mod trial;

use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{Dropout, Pass};
use gradients::{cells, values};
use trial::{Rng, at, slots};

fn run(level: Level, key: u64, kernel: &Dropout, arena: &mut [f32]) {
    let run = Run::new(level, &[], &[], arena);
    kernel.run(&mut Pass { run, sums: &mut [], totals: &[], images: 1, key });
}

/// Which elements of ones are dropped; each of the others must be `1 / (1 − rate)`.
fn dropped(key: u64, layer: u64, rate: f32, output: Slot) -> Vec<bool> {
    let mut arena = vec![1.0; output.offset + output.span()];
    run(Level::SCALAR, key, &Dropout { input: None, output, rate, layer }, &mut arena);
    let left = f64::from(1.0 / (1.0 - rate));
    values(&arena, &output)
        .into_iter()
        .map(|x| {
            assert!(x == 0.0 || x == left, "{x} is left of one, not {left}");
            x == 0.0
        })
        .collect()
}

#[test]
fn views_in_place_and_not() {
    for (shape, gaps) in
        [([3, 5, 7], [0, 0]), ([3, 5, 7], [4, 2]), ([1, 1, 100], [0, 0]), ([2, 2, 64], [0, 1])]
    {
        let [input, output] = slots([shape; 2], gaps);
        let mask = dropped(5, 2, 0.4, slots([shape], [0])[0]);
        for level in Level::available() {
            for from in [Some(input), None] {
                let before = Rng(1).floats(output.offset + output.span() + 9, 2.0);
                let mut arena = before.clone();
                run(level, 5, &Dropout { input: from, output, rate: 0.4, layer: 2 }, &mut arena);
                for (index, cell) in cells(&output).enumerate() {
                    let x = at(&before, &from.unwrap_or(output), cell) as f32;
                    let want = if mask[index] { 0.0 } else { x * (1.0 / (1.0 - 0.4)) };
                    let got = at(&arena, &output, cell) as f32;
                    assert_eq!(got, want, "{level} {cell:?}");
                    let [y, x, c] = cell;
                    let float = output.offset + (y * shape[1] + x) * output.pitch + c;
                    arena[float] = before[float];
                }
                assert!(arena == before, "{level} wrote outside the output");
            }
        }
    }
}

#[test]
fn the_rate_is_kept() {
    let [output] = slots([[100, 100, 10]], [0]);
    for rate in [0.0, 0.1, 0.5, 0.9] {
        let mask = dropped(9, 1, rate, output);
        let count = mask.iter().filter(|dropped| **dropped).count() as f64;
        let (mean, rate) = (100_000.0 * f64::from(rate), f64::from(rate));
        let deviation = (mean * (1.0 - rate)).sqrt();
        assert!(
            (count - mean).abs() <= 5.0 * deviation,
            "{count} of 100000 are dropped, at a rate of {rate}"
        );
    }
}

#[test]
fn everything_goes_at_a_rate_of_one() {
    let [output] = slots([[3, 3, 7]], [2]);
    let mut arena = vec![1.0; output.offset + output.span()];
    run(Level::detect(), 1, &Dropout { input: None, output, rate: 1.0, layer: 0 }, &mut arena);
    assert!(values(&arena, &output).iter().all(|&x| x == 0.0));
}

/// Masks of other keys, other layers and neighbouring elements agree as often as chance lets them.
#[test]
fn masks_are_independent() {
    let [output] = slots([[100, 100, 4]], [0]);
    let mask = dropped(3, 1, 0.5, output);
    let others = [dropped(4, 1, 0.5, output), dropped(3, 2, 0.5, output), dropped(2, 3, 0.5, output)];
    let shifted =
        [1, 2, 4, 400].map(|by| mask[by..].iter().copied().chain(mask[..by].iter().copied()).collect());
    for other in others.into_iter().chain(shifted) {
        let other: Vec<bool> = other;
        let alike = mask.iter().zip(&other).filter(|(a, b)| a == b).count() as f64;
        assert!((alike - 20_000.0).abs() < 500.0, "{alike} of 40000 are alike");
    }
    assert_eq!(mask, dropped(3, 1, 0.5, output));
}
