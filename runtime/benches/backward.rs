//! The element-wise kernels of the backward pass, in bytes read and written a second:
//! `cargo bench -p convolve-runtime --features std --bench backward`.
//!
//! The maps of 256 KiB lie in the second-level cache, those of 16 MiB in memory; the copy beside them shows what the
//! machine can do.

use std::hint::black_box;
use std::time::Duration;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Copy, NormalizeOver, ResizeMode, Windows};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{
    ActivateGradient, BatchMoments, BatchNorm, BatchNormGradient, BatchNormGradientSums, BatchSquares,
    BatchSum, BinaryGradient, Dropout, Factor, MaxPool, NormalizeGradient, Pass, PoolGradient, Pooled,
    ResizeGradient, Saved, SoftmaxGradient,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

type Kernel = Box<dyn Fn(&mut Pass<'_>)>;

/// The kernels on maps of `size`² pixels with their floats read and written.
fn kernels(size: usize, channels: usize) -> Vec<(&'static str, usize, Kernel)> {
    let map = |index: usize| Slot::arena(index * size * size * channels, [size, size, channels]);
    let [saved, upper, output] = [0, 1, 2].map(map);
    let half = Slot { height: size / 2, width: size / 2, ..upper };
    let point = Slot { height: 1, width: 1, ..upper };
    let (len, quarter) = (saved.len(), half.len());
    let activate = |saved, activation| -> Kernel {
        Box::new(move |pass| ActivateGradient { gradient: None, saved, output, activation }.run(pass))
    };
    let pool = |pooled, kernel, stride, before| -> Kernel {
        let axis = Axis { kernel, stride, before, ..Axis::POINT };
        let windows = Windows::Sliding(axis, axis);
        Box::new(move |pass| PoolGradient { gradient: half, output, pooled, windows }.run(pass))
    };
    let choice = Slot { offset: saved.offset, ..half };
    let max = Pooled::Max { choice };
    let largest = |kernel, stride, before| -> Kernel {
        let axis = Axis { kernel, stride, before, ..Axis::POINT };
        let (windows, activation) = (Windows::Sliding(axis, axis), Activation::Relu);
        let (choice, output) = (half, Slot { offset: output.offset, ..half });
        Box::new(move |pass| MaxPool { input: saved, output, choice, windows, activation }.run(pass))
    };
    let spread =
        PoolGradient { gradient: point, output, pooled: Pooled::Average, windows: Windows::Adaptive };
    let resize = |mode| -> Kernel {
        let output = Slot { height: size / 2, width: size / 2, ..output };
        Box::new(move |pass| ResizeGradient { gradient: upper, output, mode }.run(pass))
    };
    let times = BinaryGradient { gradient: None, output, factor: Factor::Other(saved) };
    let shared = Slot { height: 1, width: 1, ..output };
    let sum = BinaryGradient { gradient: Some(upper), output: shared, factor: Factor::One };
    let normalize = |over| -> Kernel {
        let gradient = Some(upper);
        Box::new(move |pass| {
            NormalizeGradient { input: saved, gradient, output, over, epsilon: 1e-5, weights: 0 }.run(pass);
        })
    };
    let moments = BatchMoments { gamma: 0, beta: 64, sums: 128, squares: 192, epsilon: 1e-3 };
    let norm = BatchNorm { input: Some(saved), output, moments, activation: Activation::Relu };
    let sums = BatchNormGradientSums { input: saved, gradient: upper, moments };
    let normed = BatchNormGradient { input: saved, gradient: None, output, moments };
    let copy = Copy { input: saved, output, top: 0, left: 0, stride: [1, 1] };
    vec![
        ("copy", 2 * len, Box::new(move |pass| copy.run(&mut pass.run))),
        ("relu", 3 * len, activate(Saved::Result(saved), Activation::Relu)),
        ("sigmoid", 3 * len, activate(Saved::Result(saved), Activation::Sigmoid)),
        ("silu", 3 * len, activate(Saved::Input(saved), Activation::Silu)),
        ("max pool 2, there", len + 2 * quarter, largest(2, 2, 0)),
        ("max pool 3, stride 2, there", len + 2 * quarter, largest(3, 2, 1)),
        ("max pool 2", len + 2 * quarter, pool(max, 2, 2, 0)),
        ("max pool 3, stride 2", len + 2 * quarter, pool(max, 3, 2, 1)),
        ("average pool 2", len + quarter, pool(Pooled::Average, 2, 2, 0)),
        ("global average pool", len, Box::new(move |pass| spread.run(pass))),
        ("nearest 2", len + quarter, resize(ResizeMode::Nearest)),
        ("bilinear 2", len + quarter, resize(ResizeMode::Bilinear)),
        ("product", 3 * len, Box::new(move |pass| times.run(pass))),
        ("sum over pixels", len, Box::new(move |pass| sum.run(pass))),
        (
            "softmax",
            3 * len,
            Box::new(move |pass| {
                SoftmaxGradient { gradient: None, result: saved, output, log: false }.run(pass);
            }),
        ),
        ("layer norm", 5 * len, normalize(NormalizeOver::Channels)),
        ("instance norm", 7 * len, normalize(NormalizeOver::Groups(channels))),
        ("batch norm, sum", len, Box::new(move |pass| BatchSum { input: saved, at: 128 }.run(pass))),
        (
            "batch norm, squares",
            len,
            Box::new(move |pass| BatchSquares { input: saved, sums: 128, at: 192 }.run(pass)),
        ),
        ("batch norm, relu", 2 * len, Box::new(move |pass| norm.run(pass))),
        ("batch norm, gradient's sums", 2 * len, Box::new(move |pass| sums.run(pass))),
        ("batch norm, gradient", 3 * len, Box::new(move |pass| normed.run(pass))),
        (
            "dropout",
            2 * len,
            Box::new(move |pass| Dropout { input: None, output, rate: 0.5, layer: 1 }.run(pass)),
        ),
    ]
}

fn backward(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("backward");
    group
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .sample_size(10);
    let weights = vec![1.0; 1024];
    let totals = vec![1.0; 1024];
    for (size, channels) in [(32, 64), (256, 64)] {
        let start: Vec<f32> = (0..3 * size * size * channels).map(|i| (i % 11) as f32 - 5.0).collect();
        for (name, floats, kernel) in kernels(size, channels) {
            group.throughput(Throughput::Bytes(4 * floats as u64));
            for level in Level::available() {
                // Some kernels work in place: each starts from the same numbers.
                let (mut arena, mut sums) = (start.clone(), vec![0.0; 1024]);
                let id = BenchmarkId::new(format!("{size}x{size}x{channels} {name}"), level);
                group.bench_function(id, |bencher| {
                    let run = Run::new(level, &weights, &[], &mut arena);
                    let mut pass = Pass { run, sums: &mut sums, totals: &totals, images: 1, key: 1 };
                    bencher.iter(|| kernel(black_box(&mut pass)));
                });
            }
        }
    }
}

criterion_group!(benches, backward);
criterion_main!(benches);
