//! Time of one prediction of the ready-made networks on one, two and four threads, and of batches:
//! `cargo bench --bench models`.

use std::hint::black_box;

use convolve::{Model, Tensor, Threads, Workspace};
use convolve_models::{AtrousPyramid, Mnist, MobileNetV2, ResNet18, ResNet50, UNet};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Times each network with random weights: a kernel's speed does not depend on them.
macro_rules! networks {
    ($criterion:ident: $($name:ident)*) => {$({
        let mut workspace = Workspace::new();
        let input: Box<<$name as Model>::Input> = filled();
        let mut group = $criterion.benchmark_group("models");
        // Criterion's elements per second are multiply–adds per second.
        group.throughput(Throughput::Elements($name::MACS));
        for threads in [1, 2, 4] {
            let model = $name::init(1).with_threads(&Threads::new(threads));
            group.bench_function(BenchmarkId::new(stringify!($name), threads), |bencher| {
                bencher.iter(|| { black_box(model.predict(black_box(&input), &mut workspace)); });
            });
        }
        group.finish();
    })*};
}

/// A tensor of halves.
fn filled<T: Tensor + Clone>() -> Box<T> {
    Box::new(T::view(&vec![0.5; size_of::<T>() / size_of::<f32>()]).clone())
}

fn models(criterion: &mut Criterion) {
    networks!(criterion: Mnist UNet ResNet18 ResNet50 MobileNetV2 AtrousPyramid);
}

convolve::cnn! {
    /// Dense layers alone: 17 MB of weights.
    fn Perceptron(features: Input<2048>) -> Output<10> {
        let hidden = dense(features, units = 1024, activation = relu);
        let hidden = dense(hidden, units = 1024, activation = relu);
        let hidden = dense(hidden, units = 1024, activation = relu);
        dense(hidden, units = 10, activation = softmax)
    }
}

/// Times one image and a batch; Criterion's elements per second are images per second.
macro_rules! batches {
    ($criterion:ident: $($name:ident)*) => {$({
        const IMAGES: usize = 32;
        let model = $name::init(1);
        let mut workspace = Workspace::new();
        let inputs: Vec<<$name as Model>::Input> = vec![*filled(); IMAGES];
        let mut outputs: Vec<<$name as Model>::Output> = vec![*filled(); IMAGES];
        let mut group = $criterion.benchmark_group(concat!(stringify!($name), " batch"));
        for images in [1, IMAGES] {
            group.throughput(Throughput::Elements(images as u64));
            group.bench_function(images.to_string(), |bencher| {
                let (inputs, outputs) = (&inputs[..images], &mut outputs[..images]);
                bencher.iter(|| model.predict_batch(black_box(inputs), outputs, &mut workspace));
            });
        }
        group.finish();
    })*};
}

fn batches(criterion: &mut Criterion) {
    batches!(criterion: Mnist Perceptron);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = models, batches
}
criterion_main!(benches);
