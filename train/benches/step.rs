//! What a training step costs beside the network: losses of one image, metrics of one image, an update.

use std::hint::black_box;

use convolve_runtime::train::Head;
use convolve_train::optimizer::{CHUNK, Clipping, State, squares};
use convolve_train::{Loss, Metric, Optimizer};
use criterion::{Criterion, criterion_group, criterion_main};

/// Parameters of the MNIST network.
const PARAMETERS: usize = 421_642;

/// Numbers around zero in an order without a pattern.
fn noise(count: usize) -> Vec<f32> {
    (0..count).map(|index| (index * 7919 % 10_007) as f32 / 5003.5 - 1.0).collect()
}

fn losses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loss");
    let mut row = |name: &str, loss: Loss, head, channels, output: Vec<f32>, target: Vec<f32>| {
        let mut gradient = vec![0.0; output.len()];
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                loss.gradient(head, channels, black_box(&output), &target, 1.0, black_box(&mut gradient))
            });
        });
    };
    let mask: Vec<f32> = (0..65_536).map(|index| (index / 100 % 2) as f32).collect();
    row("10 classes", Loss::SparseCategoricalCrossEntropy, Head::Softmax, 10, noise(10), vec![3.0]);
    row("65,536-pixel mask", Loss::BinaryCrossEntropy, Head::Sigmoid, 1, noise(65_536), mask.clone());
    row("65,536-pixel mask, Dice", Loss::Dice, Head::Sigmoid, 1, noise(65_536), mask);
    group.finish();
}

fn metrics(criterion: &mut Criterion) {
    let (output, target) = (noise(10), [3.0]);
    let mut tally = Metric::Accuracy.tally(10, Head::Softmax);
    criterion.bench_function("accuracy of 10 classes", |bencher| {
        bencher.iter(|| tally.add(black_box(&output), black_box(&target)));
    });
}

fn updates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("421,642 parameters");
    let gradients = noise(PARAMETERS);
    for name in ["sgd", "adam", "adamw", "rmsprop"] {
        let optimizer: Optimizer = name.parse().expect("a name");
        let mut state = State::new(&optimizer, PARAMETERS);
        let mut parameters = noise(PARAMETERS);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let clipping = (Clipping::None, 0.0);
                optimizer.update(
                    &mut state,
                    1.0,
                    clipping,
                    black_box(&mut parameters),
                    black_box(&gradients),
                );
            });
        });
    }
    let mut sums = vec![0.0; PARAMETERS.div_ceil(CHUNK)];
    group.bench_function("norm", |bencher| {
        bencher.iter(|| squares(black_box(&gradients), black_box(&mut sums)));
    });
    group.finish();
}

criterion_group!(benches, losses, metrics, updates);
criterion_main!(benches);
