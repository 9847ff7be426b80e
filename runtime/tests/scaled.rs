//! A convolution of a map whose channels are multiplied against the two kernels one after the other, which have tests of
//! their own, on every SIMD level.

mod common;

use common::{Random, after, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Binary, BinaryOp, Conv2d, Sampling, Scaled};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::team::Team;
#[cfg(feature = "std")]
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::padded;

/// A case: the product, and the convolution of it; the same as one kernel.
fn draw(random: &mut Random) -> Option<(Binary, Scaled)> {
    let axis = |random: &mut Random| {
        let kernel = random.pick(&[1, 1, 3]);
        Axis { kernel, stride: random.pick(&[1, 1, 2]), dilation: 1, before: kernel / 2, after: 0 }
    };
    let [rows, columns] = [axis(random), axis(random)];
    // The last ones are so large that threads share both the weights and the map.
    let [inputs, outputs] = [(); 2].map(|()| random.pick(&[1, 3, 8, 16, 17, 40, 136]));
    let (tall, wide) = (random.range(1, 20), random.range(1, 20));
    let (height, width) = (rows.output(tall)?, columns.output(wide)?);
    let map = random.slot(3, tall, wide, inputs);
    let factor = Slot::arena(end(&map) + 5, [1, 1, inputs]);
    let product = random.slot(end(&factor), tall, wide, inputs);
    let residual = random.chance(2).then(|| random.slot(end(&product), height, width, outputs));
    let mut output = random.slot(residual.as_ref().map_or(end(&product), end), height, width, outputs);
    if let Some(slot) = residual.filter(|_| random.chance(2)) {
        output = slot;
    }
    let floats = Scaled::scratch(rows.kernel * columns.kernel, inputs, outputs);
    let conv = Conv2d {
        input: map,
        output,
        residual,
        rows,
        columns,
        sampling: Sampling::Direct,
        groups: 1,
        weights: 16,
        activation: random.pick(&[Activation::Linear, Activation::Relu6, Activation::Tanh]),
        pool: None,
    };
    let scratch = Slot::arena(end(&output), [1, 1, floats]);
    let (op, activation) = (BinaryOp::Mul, Activation::Linear);
    let binary = Binary { left: Some(map), right: factor, output: product, op, activation };
    Some((binary, Scaled { conv, scale: factor, scratch }))
}

#[test]
fn gives_what_the_kernels_give_one_after_the_other() {
    let mut random = Random::new(5);
    let mut cases = 0;
    while cases < 150 {
        let Some((product, scaled)) = draw(&mut random) else { continue };
        cases += 1;
        let Scaled { conv, scratch, .. } = scaled;
        let apart = Conv2d { input: product.output, ..conv };
        let weights = random.floats(16 + padded(conv.output.channels) + scratch.len());
        let arena = random.floats(end(&scratch) + 3);
        for level in Level::available() {
            let run = |team: &Team, work: &dyn Fn(&mut Run<'_>)| after(level, team, &weights, &arena, work);
            let expected = run(&Team::ALONE, &|run| {
                product.run(run);
                apart.run(run);
            });
            let output = conv.output;
            let floats = (0..output.height * output.width).flat_map(|pixel| &expected[output.pixel(pixel)]);
            let expected: Vec<(f64, f64)> =
                floats.map(|&x| (f64::from(x), 10.0 + f64::from(x.abs()))).collect();
            let case = format!("case {cases} on {level}: {scaled:?}");
            let outside = |mut found: Vec<f32>| {
                let floats = scratch.offset..end(&scratch);
                found[floats.clone()].copy_from_slice(&arena[floats]);
                found
            };
            let alone = outside(run(&Team::ALONE, &|run| scaled.run(run)));
            check(&case, &output, &arena, &alone, &expected);
            #[cfg(feature = "std")]
            {
                let shared = outside(run(&Team::new(&Threads::new(2), 0), &|run| scaled.run(run)));
                assert!(shared == alone, "on two threads, {case}");
            }
        }
    }
}
