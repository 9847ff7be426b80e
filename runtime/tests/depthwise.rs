//! Depthwise convolutions of random geometry against a sum over all taps in `f64`, on every SIMD level.

mod common;

use common::{Random, at, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Depthwise};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::padded;

fn axis(random: &mut Random) -> Axis {
    let kernel = random.pick(&[1, 2, 3, 3, 3, 4, 5, 5, 7]);
    let dilation = random.pick(&[1, 1, 1, 2, 4]);
    let most = dilation * (kernel - 1) + 2;
    let (before, after) = (random.range(0, most), random.range(0, most));
    Axis { kernel, stride: random.pick(&[1, 1, 2, 2, 3]), dilation, before, after }
}

/// Windows as most networks have them, which have loops of their own.
fn usual_axes(random: &mut Random) -> [Axis; 2] {
    let (kernel, stride) = (random.pick(&[3, 3, 5]), random.pick(&[1, 2]));
    [(); 2].map(|()| {
        let (before, after) = (random.range(0, kernel / 2 + 1), random.range(0, kernel / 2 + 1));
        Axis { kernel, stride, dilation: 1, before, after }
    })
}

#[test]
fn matches_the_sum_over_all_taps() {
    compare(&mut Random::new(4), |random| [axis(random), axis(random)]);
}

#[test]
fn usual_windows_match_the_sum_over_all_taps() {
    compare(&mut Random::new(5), usual_axes);
}

fn compare(random: &mut Random, axes: impl Fn(&mut Random) -> [Axis; 2]) {
    let mut cases = 0;
    while cases < 500 {
        let [rows, columns] = axes(random);
        let (tall, wide) = (random.range(1, 16), random.range(1, 16));
        let (Some(height), Some(width)) = (rows.output(tall), columns.output(wide)) else { continue };
        cases += 1;
        let channels = random.pick(&[1, 3, 4, 8, 15, 16, 17, 31, 32, 40, 70]);
        let multiplier = random.pick(&[1, 1, 1, 1, 2, 3]);
        let input = random.slot(5, tall, wide, channels);
        let output = random.slot(end(&input), height, width, channels * multiplier);
        let weights = random.range(0, 20);
        let (activation, apply) = random.pick(&[
            (Activation::Linear, (|x| x) as fn(f64) -> f64),
            (Activation::Relu6, |x| x.clamp(0.0, 6.0)),
            (Activation::Tanh, f64::tanh),
        ]);
        let layer = Depthwise { input, output, rows, columns, multiplier, weights, activation };
        let panel = padded(output.channels);
        let packed = random.floats(weights + panel * (1 + rows.kernel * columns.kernel));
        let arena = random.floats(end(&output) + 3);

        let source = |axis: &Axis, o: usize, k: usize, size: usize| {
            let cell = (o * axis.stride + k * axis.dilation).checked_sub(axis.before)?;
            (cell < size).then_some(cell)
        };
        let mut expected = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for c in 0..output.channels {
                    let mut terms = vec![f64::from(packed[weights + c])];
                    for ky in 0..rows.kernel {
                        for kx in 0..columns.kernel {
                            let (Some(iy), Some(ix)) =
                                (source(&rows, y, ky, tall), source(&columns, x, kx, wide))
                            else {
                                continue;
                            };
                            let weight = packed[weights + panel * (1 + ky * columns.kernel + kx) + c];
                            terms.push(
                                f64::from(weight) * f64::from(arena[at(&input, iy, ix, c / multiplier)]),
                            );
                        }
                    }
                    expected.push((apply(terms.iter().sum()), terms.iter().map(|term| term.abs()).sum()));
                }
            }
        }
        for level in Level::available() {
            let mut after = arena.clone();
            layer.run(&mut Run::new(level, &packed, &[], &mut after));
            check(&format!("case {cases} on {level}: {layer:?}"), &output, &arena, &after, &expected);
        }
    }
}
