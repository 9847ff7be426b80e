//! Pooling, resizing and element-wise kernels, in bytes read and written a second:
//! `cargo bench -p convolve-runtime --features std --bench elementwise`.
//!
//! The maps of 256 KiB lie in the second-level cache, those of 16 MiB in memory; the copy beside them
//! shows what the machine can do.

use std::hint::black_box;
use std::time::Duration;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activate, Activation, Binary, BinaryOp, Copy, Normalize, NormalizeOver, Pool, PoolOp, Resize, ResizeMode,
    Softmax, Windows,
};
use convolve_runtime::memory::Weights;
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::weights::{Data, Load, Panels, Strides};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

type Kernel = Box<dyn Fn(&mut Run<'_>)>;

fn map(offset: usize, size: usize, channels: usize) -> Slot {
    Slot { memory: Memory::Arena, offset, height: size, width: size, channels, pitch: channels }
}

/// The kernels on maps of `size`² pixels with their floats read and written.
fn kernels(size: usize, channels: usize) -> Vec<(&'static str, usize, Kernel)> {
    let [a, b, output] = [0, 1, 2].map(|index| map(index * size * size * channels, size, channels));
    let half = Slot { height: size / 2, width: size / 2, ..output };
    let point = Slot { height: 1, width: 1, ..output };
    let (len, quarter) = (a.len(), half.len());
    let activate =
        |activation| -> Kernel { Box::new(move |run| Activate { input: None, output, activation }.run(run)) };
    let pool = |op, kernel, stride, before, output: Slot| -> Kernel {
        let axis = Axis { kernel, stride, before, ..Axis::POINT };
        Box::new(move |run| Pool { input: a, output, op, windows: Windows::Sliding(axis, axis) }.run(run))
    };
    let resize = |mode| -> Kernel {
        let input = Slot { offset: 0, ..half };
        Box::new(move |run| Resize { input, output, mode }.run(run))
    };
    let add = |activation, left: Option<Slot>| -> Kernel {
        Box::new(move |run| Binary { left, right: b, output, op: BinaryOp::Add, activation }.run(run))
    };
    let normalize = |over| -> Kernel {
        let activation = Activation::Linear;
        Box::new(move |run| {
            Normalize { input: a, output, over, epsilon: 1e-5, weights: 0, activation }.run(run);
        })
    };
    let copy = Copy { input: a, output, top: 0, left: 0, stride: [1, 1] };
    vec![
        ("copy", 2 * len, Box::new(move |run| copy.run(run))),
        ("relu in place", 2 * len, activate(Activation::Relu)),
        ("add, relu", 3 * len, add(Activation::Relu, Some(a))),
        ("add, relu in place", 3 * len, add(Activation::Relu, None)),
        ("max pool 2", len + quarter, pool(PoolOp::Max, 2, 2, 0, half)),
        ("max pool 3, stride 2", len + quarter, pool(PoolOp::Max, 3, 2, 1, half)),
        ("average pool 2", len + quarter, pool(PoolOp::Average, 2, 2, 0, half)),
        ("global average pool", len, pool(PoolOp::Average, size, 1, 0, point)),
        ("nearest 2", len + quarter, resize(ResizeMode::Nearest)),
        ("bilinear 2", len + quarter, resize(ResizeMode::Bilinear)),
        ("sigmoid", 2 * len, activate(Activation::Sigmoid)),
        ("tanh", 2 * len, activate(Activation::Tanh)),
        ("gelu", 2 * len, activate(Activation::Gelu)),
        ("silu", 2 * len, activate(Activation::Silu)),
        ("hard swish", 2 * len, activate(Activation::HardSwish)),
        ("softmax", 2 * len, Box::new(move |run| Softmax { input: None, output, log: false }.run(run))),
        ("layer norm", 4 * len, normalize(NormalizeOver::Channels)),
        ("instance norm", 4 * len, normalize(NormalizeOver::Groups(channels))),
    ]
}

fn elementwise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("elementwise");
    group
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .sample_size(20);
    let weights = vec![1.0; 1024];
    for (size, channels) in [(32, 64), (256, 64)] {
        let mut arena: Vec<f32> = (0..3 * size * size * channels).map(|i| (i % 11) as f32 - 5.0).collect();
        for (name, floats, kernel) in kernels(size, channels) {
            group.throughput(Throughput::Bytes(4 * floats as u64));
            for level in Level::available() {
                let id = BenchmarkId::new(format!("{size}x{size}x{channels} {name}"), level);
                group.bench_function(id, |bencher| {
                    let mut run = Run::new(level, &weights, &[], &mut arena);
                    bencher.iter(|| kernel(black_box(&mut run)));
                });
            }
        }
    }
}

/// The packing of 25 million weights, as many as ResNet-50 has.
fn packing(criterion: &mut Criterion) {
    let (outputs, inputs) = (512, 512);
    let bytes = vec![0; outputs * inputs * 9 * 4];
    let load = |index: usize| {
        Load::Panels(Panels {
            weight: 0,
            bias: None,
            strides: Strides { output: inputs * 9, input: 9, row: 3, column: 1, group: 0 },
            groups: 1,
            outputs,
            inputs,
            kernel: [3, 3],
            order: &[],
            before: None,
            after: None,
            part: None,
            at: index * (outputs + outputs * inputs * 9),
        })
    };
    let loads: Vec<Load<'_>> = (0..11).map(load).collect();
    let floats = loads.iter().map(Load::len).sum();
    criterion.bench_function("pack 26 M weights", |bencher| {
        bencher.iter(|| Weights::pack(black_box(&loads), &[Data::F32(&bytes)], floats));
    });
}

criterion_group!(benches, elementwise, packing);
criterion_main!(benches);
