//! Groups in strips of rows against their kernels one after the other, which have tests of their own, on every SIMD
//! level.

mod common;

use common::{Random, after, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activation, Conv2d, Depthwise, Pool, PoolOp, Sampling, Squeeze, Strips, Windows,
};
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

/// A depthwise convolution, with one before or without.
struct Upper {
    first: Option<Conv2d>,
    depthwise: Depthwise,
    /// Floats of their weights.
    weights: usize,
}

/// Convolutions that give something, the depthwise one anywhere.
fn draw(random: &mut Random) -> Upper {
    loop {
        let windows = [1; 4].map(|_| axis(random, &[1, 2, 3, 3, 5]));
        let (tall, wide) = (random.range(1, 24), random.range(1, 44));
        let extents = |[tall, wide]: [usize; 2], [rows, columns]: [Axis; 2]| {
            Some([rows.output(tall)?, columns.output(wide)?])
        };
        let has_first = random.chance(2);
        let above =
            if has_first { extents([tall, wide], [windows[0], windows[1]]) } else { Some([tall, wide]) };
        let below = above.and_then(|above| extents(above, [windows[2], windows[3]]));
        let (Some([high, long]), Some([height, width])) = (above, below) else { continue };

        let mut channels = || random.pick(&[1, 3, 8, 16, 17, 24, 40]);
        let [inputs, between] = [channels(), channels()];
        let between = if has_first { between } else { inputs };
        let multiplier = random.pick(&[1, 1, 1, 2]);
        let input = random.slot(3, tall, wide, inputs);
        let wider = if has_first { Slot::arena(end(&input), [high, long, between]) } else { input };
        let deep = random.slot(end(&input).max(end(&wider)), height, width, between * multiplier);
        let mut weights = 0;
        let mut packed = |floats: usize| {
            weights += floats;
            weights - floats
        };
        let taps = |rows: Axis, columns: Axis| rows.kernel * columns.kernel;
        let first = has_first.then(|| Conv2d {
            weights: packed(padded(between) * (1 + taps(windows[0], windows[1]) * inputs)),
            ..conv([input, wider], [windows[0], windows[1]], random)
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
        return Upper { first, depthwise, weights };
    }
}

/// Runs the kernels of a group one after the other, then the group, and compares what they leave in `outputs`.
fn compare(
    case: &str,
    random: &mut Random,
    weights: usize,
    scratch: Slot,
    outputs: &[Slot],
    apart: &dyn Fn(&mut Run<'_>),
    group: &dyn Fn(&mut Run<'_>),
) {
    let weights = random.floats(weights);
    let arena = random.floats(end(&scratch) + 3);
    for level in Level::available() {
        let run = |team: &Team, work: &dyn Fn(&mut Run<'_>)| after(level, team, &weights, &arena, work);
        let apart = run(&Team::ALONE, apart);
        let check = |found: &[f32], how: &str| {
            for output in outputs {
                let floats = (0..output.height * output.width).flat_map(|pixel| &apart[output.pixel(pixel)]);
                let expected: Vec<(f64, f64)> =
                    floats.map(|&x| (f64::from(x), 10.0 + f64::from(x.abs()))).collect();
                let mut found = found.to_vec();
                for other in outputs.iter().chain([&scratch]).filter(|&other| other != output) {
                    let floats = other.offset..end(other);
                    found[floats.clone()].copy_from_slice(&arena[floats]);
                }
                check(&format!("{how}, {case} on {level}"), output, &arena, &found, &expected);
            }
        };
        let alone = run(&Team::ALONE, group);
        check(&alone, "on one thread");
        #[cfg(feature = "std")]
        {
            let shared = run(&Team::new(&Threads::new(2), scratch.len()), group);
            check(&shared, "on two threads");
            for pixel in outputs.iter().flat_map(|slot| (0..slot.height * slot.width).map(|n| slot.pixel(n)))
            {
                assert!(shared[pixel.clone()] == alone[pixel], "bits of two threads, {case} on {level}");
            }
        }
    }
}

/// Compares a group that ends with a convolution of single pixels, of so many outputs and so many rows at once.
fn compare_group(case: usize, random: &mut Random, upper: Upper, outputs: usize, rows: usize) {
    let Upper { first, depthwise, weights } = upper;
    let deep = Slot { pitch: depthwise.output.channels, ..depthwise.output };
    let depthwise = Depthwise { output: deep, ..depthwise };
    let Slot { height, width, .. } = deep;
    let residual = random.chance(2).then(|| random.slot(end(&deep), height, width, outputs));
    let output = random.slot(residual.as_ref().map_or(end(&deep), end), height, width, outputs);
    let last = Conv2d { residual, weights, ..conv([deep, output], [Axis::POINT; 2], random) };
    let weights = weights + padded(outputs) * (1 + deep.channels);
    let scratch = Slot::arena(end(&output), [1, 1, Strips::scratch(first.is_some(), &depthwise, rows)]);
    let strips = Strips { first, depthwise, last, rows, scratch };
    let apart = |run: &mut Run<'_>| {
        first.iter().for_each(|first| first.run(run));
        depthwise.run(run);
        last.run(run);
    };
    // What lies between, the group leaves as it was.
    let case = format!("case {case}: {strips:?}");
    compare(&case, random, weights, scratch, &[output], &apart, &|run| strips.run(run));
}

#[test]
fn a_group_gives_what_its_convolutions_give() {
    let mut random = Random::new(11);
    for case in 0..150 {
        let upper = draw(&mut random);
        let outputs = random.pick(&[1, 3, 8, 16, 17, 24, 40]);
        let rows = random.range(1, 6);
        compare_group(case, &mut random, upper, outputs, rows);
    }
}

#[test]
fn parts_of_the_shortest_rows_have_the_same_sums() {
    let mut random = Random::new(13);
    let axis = Axis { kernel: 3, stride: 1, dilation: 1, before: 1, after: 1 };
    for case in 0..60 {
        let extents = [random.range(5, 9), random.range(Strips::WIDTH, Strips::WIDTH + 5)];
        // The last vector is one of few, on some level.
        let channels = random.pick(&[1, 4, 8, 17, 20, 24, 40]);
        let input = Slot::arena(0, [extents[0], extents[1], 24]);
        let between = Slot::arena(end(&input), [extents[0], extents[1], channels]);
        let first = conv([input, between], [Axis::POINT; 2], &mut random);
        let of_first = padded(channels) * (1 + 24);
        let depthwise = Depthwise {
            input: between,
            output: Slot { offset: end(&between), ..between },
            rows: axis,
            columns: axis,
            multiplier: 1,
            weights: of_first,
            activation: random.pick(&ACTIVATIONS),
        };
        let weights = of_first + padded(channels) * (1 + axis.kernel * axis.kernel);
        let rows = random.range(1, 4);
        compare_group(case, &mut random, Upper { first: Some(first), depthwise, weights }, 8, rows);
    }
}

#[test]
fn a_mean_is_that_of_what_is_kept() {
    let mut random = Random::new(12);
    for case in 0..150 {
        let Upper { first, depthwise, weights } = draw(&mut random);
        let deep = depthwise.output;
        let mean = Slot::arena(end(&deep) + 2, [1, 1, deep.channels]);
        let rows = random.range(1, 6);
        let scratch = Slot::arena(end(&mean), [1, 1, Squeeze::scratch(first.is_some(), &depthwise, rows)]);
        let squeeze = Squeeze { first, depthwise, mean, rows, scratch };
        let pool = Pool { input: deep, output: mean, op: PoolOp::Average, windows: Windows::Adaptive };
        let apart = |run: &mut Run<'_>| {
            first.iter().for_each(|first| first.run(run));
            depthwise.run(run);
            pool.run(run);
        };
        let case = format!("case {case}: {squeeze:?}");
        compare(&case, &mut random, weights, scratch, &[deep, mean], &apart, &|run| squeeze.run(run));
    }
}
