//! The kernels of a step of training MNIST, one after the other: `cargo bench -p convolve-train --bench kernels`.
//!
//! A step of an image takes the sum of the times of the kernels for one image, and a share of those for all images at
//! once, which stand behind `of 16`.

use std::hint::black_box;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::frontend::yaml;
use convolve_compiler::train::{Training, prepare};
use convolve_runtime::Level;
use convolve_runtime::memory::Heap;
use convolve_runtime::run::Run;
use convolve_runtime::train::Pass;
use criterion::{Criterion, criterion_group, criterion_main};

/// Images at once, as a learner has them.
const IMAGES: usize = 8;

fn kernels(criterion: &mut Criterion) {
    let parsed = yaml::parse("digits.yaml", include_bytes!("../../models/specs/digits.yaml"));
    let analysis = analyse(parsed, &Defaults::default(), None);
    let prepared = prepare(&analysis.networks[0].graph).expect("a network that can be trained");
    let training = Training::new(&prepared);
    let program = training.program();
    let random = |floats: usize| {
        let mut heap = Heap::zeroed(floats);
        let values = heap.as_mut_slice().iter_mut().enumerate();
        values.for_each(|(index, x)| *x = convolve_runtime::random::uniform(1, index as u64));
        heap
    };
    let [weights, input] = [program.weights, program.inputs[0]].map(random);
    let [mut arena, mut shared, mut sums] = [program.arena, program.shared, program.sums].map(random);
    let mut rows = random(IMAGES * program.rows_arena);
    let inputs = [input.as_slice()];

    let mut group = criterion.benchmark_group("mnist");
    for (index, (step, layer)) in program.steps.iter().zip(program.layers).enumerate() {
        let kernel = format!("{step:?}");
        let kernel = kernel.split(['(', ' ']).next().unwrap_or_default();
        group.bench_function(format!("{index:02} {layer} {kernel}"), |bencher| {
            let run = Run::new(Level::detect(), weights.as_slice(), &inputs, arena.as_mut_slice());
            let run = Run { shared: shared.as_mut_slice(), ..run };
            let mut pass = Pass { run, sums: sums.as_mut_slice(), totals: &[], images: 1, key: 0 };
            bencher.iter(|| black_box(step).run(&mut pass));
        });
    }
    for (index, step) in program.rows.iter().enumerate() {
        let kernel = format!("{step:?}");
        let kernel = kernel.split('(').next().unwrap_or_default();
        group.bench_function(format!("{index:02} {kernel} of {IMAGES}"), |bencher| {
            let run = Run::new(Level::detect(), weights.as_slice(), &[], rows.as_mut_slice());
            let mut pass = Pass { run, sums: sums.as_mut_slice(), totals: &[], images: 1, key: 0 };
            bencher.iter(|| black_box(step).run(&mut pass, IMAGES, &(0..IMAGES)));
        });
    }
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
