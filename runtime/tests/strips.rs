//! A group in strips of rows against its three kernels one after the other, which have tests of their own, on every
//! SIMD level.

mod common;

use common::{Random, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Conv2d, Depthwise, Sampling, Strips};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::team::Team;
#[cfg(feature = "std")]
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::padded;

const ACTIVATIONS: [Activation; 3] = [Activation::Linear, Activation::Relu6, Activation::Tanh];

fn axis(random: &mut Random, kernels: &[usize]) -> Axis {
    let kernel = random.pick(kernels);
    let dilation = random.pick(&[1, 1, 2]);
    let most = dilation * (kernel - 1);
    let (before, after) = (random.range(0, most), random.range(0, most));
    Axis { kernel, stride: random.pick(&[1, 1, 2]), dilation, before, after }
}

fn conv([input, output]: [Slot; 2], [rows, columns]: [Axis; 2], random: &mut Random) -> Conv2d {
    Conv2d {
        input,
        output,
        residual: None,
        rows,
        columns,
        sampling: Sampling::Direct,
        groups: 1,
        weights: 0,
        activation: random.pick(&ACTIVATIONS),
        pool: None,
    }
}

#[test]
fn gives_what_the_kernels_give_one_after_the_other() {
    let mut random = Random::new(11);
    let mut cases = 0;
    while cases < 150 {
        let windows = [1; 4].map(|_| axis(&mut random, &[1, 2, 3, 3, 5]));
        let (tall, wide) = (random.range(1, 24), random.range(1, 24));
        let extents = |[tall, wide]: [usize; 2], [rows, columns]: [Axis; 2]| {
            Some([rows.output(tall)?, columns.output(wide)?])
        };
        let has_first = random.chance(2);
        let above =
            if has_first { extents([tall, wide], [windows[0], windows[1]]) } else { Some([tall, wide]) };
        let below = above.and_then(|above| extents(above, [windows[2], windows[3]]));
        let (Some([high, long]), Some([height, width])) = (above, below) else { continue };
        cases += 1;

        let mut channels = || random.pick(&[1, 3, 8, 16, 17, 24, 40]);
        let [inputs, between, outputs] = [channels(), channels(), channels()];
        let between = if has_first { between } else { inputs };
        let multiplier = random.pick(&[1, 1, 1, 2]);
        let input = random.slot(3, tall, wide, inputs);
        let wider = if has_first { Slot::arena(end(&input), [high, long, between]) } else { input };
        let deep = Slot::arena(end(&input).max(end(&wider)), [height, width, between * multiplier]);
        let residual = random.chance(2).then(|| random.slot(end(&deep), height, width, outputs));
        let output = random.slot(residual.as_ref().map_or(end(&deep), end), height, width, outputs);

        let mut weights = 0;
        let mut packed = |floats: usize| {
            weights += floats;
            weights - floats
        };
        let taps = |rows: Axis, columns: Axis| rows.kernel * columns.kernel;
        let first = has_first.then(|| Conv2d {
            weights: packed(padded(between) * (1 + taps(windows[0], windows[1]) * inputs)),
            ..conv([input, wider], [windows[0], windows[1]], &mut random)
        });
        let depthwise = Depthwise {
            input: wider,
            output: deep,
            rows: windows[2],
            columns: windows[3],
            multiplier,
            weights: packed(padded(deep.channels) * (1 + taps(windows[2], windows[3]))),
            activation: random.pick(&ACTIVATIONS),
        };
        let last = Conv2d {
            residual,
            weights: packed(padded(outputs) * (1 + deep.channels)),
            ..conv([deep, output], [Axis::POINT; 2], &mut random)
        };
        let rows = random.range(1, 6);
        let scratch = Slot::arena(end(&output), [1, 1, Strips::scratch(has_first, &depthwise, rows)]);
        let strips = Strips { first, depthwise, last, rows, scratch };

        let weights = random.floats(weights);
        let arena = random.floats(end(&scratch) + 3);
        for level in Level::available() {
            let run = |team: &Team, work: &dyn Fn(&mut Run<'_>)| {
                let mut arena = arena.clone();
                work(&mut Run {
                    level,
                    team,
                    weights: &weights,
                    inputs: &[],
                    arena: &mut arena,
                    shared: &mut [],
                });
                arena
            };
            let apart = run(&Team::ALONE, &|run| {
                first.iter().for_each(|first| first.run(run));
                depthwise.run(run);
                last.run(run);
            });
            let pixels = (0..height * width).map(|pixel| output.offset + pixel * output.pitch);
            let floats = pixels.flat_map(|pixel| &apart[pixel..pixel + outputs]);
            let expected: Vec<(f64, f64)> =
                floats.map(|&x| (f64::from(x), 10.0 + f64::from(x.abs()))).collect();
            let case = format!("case {cases} on {level}: {strips:?}");
            let outside = |mut arena: Vec<f32>, from: &[f32]| {
                let floats = scratch.offset..end(&scratch);
                arena[floats.clone()].copy_from_slice(&from[floats]);
                arena
            };
            let alone = outside(run(&Team::ALONE, &|run| strips.run(run)), &arena);
            check(&case, &output, &arena, &alone, &expected);
            #[cfg(feature = "std")]
            {
                let team = Team::new(&Threads::new(2), scratch.len());
                let shared = outside(run(&team, &|run| strips.run(run)), &arena);
                check(&format!("on two threads, {case}"), &output, &arena, &shared, &expected);
            }
        }
    }
}
