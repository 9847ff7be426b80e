//! How close the kernels come to the peak of one core: `cargo bench -p convolve-runtime --features std`.
//!
//! For each SIMD level a register-only loop of multiply–adds gives the peak in the same run; the
//! table gives each layer's share of it, the best of several rounds, and for a dense layer the time of reading its weights
//! and doing nothing with them. Criterion then times the layers.

use std::hint::black_box;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activation, Conv2d, Dense, Depthwise, PoolOp, PooledConv2d, Sampling, Source, Winograd,
};
use convolve_runtime::measure::{fastest, peak};
use convolve_runtime::run::Run;
use convolve_runtime::simd::{Level, Simd, WithSimd};
use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::weights::{Stored, Tile, padded};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A layer with its memory.
struct Layer {
    name: &'static str,
    macs: usize,
    kernel: Kernel,
    arena: Vec<f32>,
    weights: Vec<f32>,
    /// First weight and first float of the arena that lie on a cache line, as those of a model do.
    aligned: [usize; 2],
}

enum Kernel {
    Conv2d(Conv2d),
    PooledConv2d(PooledConv2d),
    Depthwise(Depthwise),
    Dense(Dense),
    Winograd(Winograd),
}

impl Layer {
    fn new(name: &'static str, macs: usize, kernel: Kernel, floats: usize, weights: usize) -> Self {
        let weights: Vec<f32> = (0..weights + 16).map(|i| (i % 7) as f32 * 0.01 - 0.03).collect();
        let arena = vec![0.5; floats + 16];
        let aligned = [&weights, &arena].map(|floats| floats.as_ptr().align_offset(64));
        Self { name, macs, kernel, arena, weights, aligned }
    }

    /// A square convolution of `size`² pixels.
    fn conv(name: &'static str, size: usize, inputs: usize, outputs: usize, axis: Axis) -> Self {
        let input = tensor(0, size, inputs);
        let side = axis.output(size).expect("the window fits");
        let output = tensor(input.span(), side, outputs);
        let taps = axis.kernel * axis.kernel * inputs;
        let macs = taps_inside(&axis, size).pow(2) * inputs * outputs;
        let conv = Conv2d {
            input,
            output,
            residual: None,
            rows: axis,
            columns: axis,
            sampling: Sampling::Direct,
            groups: 1,
            weights: 0,
            activation: Activation::Relu,
            pool: None,
        };
        let floats = input.span() + output.span();
        Self::new(name, macs, Kernel::Conv2d(conv), floats, padded(outputs) * (1 + taps))
    }

    /// A convolution of `size`² pixels without padding, whose outputs are pooled 2 × 2.
    fn pooled(name: &'static str, size: usize, inputs: usize, outputs: usize) -> Self {
        let axis = Axis { before: 0, after: 0, ..window(3, 1) };
        let (input, side) = (tensor(0, size, inputs), axis.output(size).expect("the window fits"));
        let output = tensor(input.span(), side / 2, outputs);
        let (taps, floats) = (axis.kernel * axis.kernel * inputs, input.span() + output.span());
        let kernel = Kernel::PooledConv2d(PooledConv2d {
            input,
            output,
            rows: axis,
            columns: axis,
            weights: 0,
            activation: Activation::Relu,
            op: PoolOp::Max,
        });
        Self::new(name, side * side * taps * outputs, kernel, floats, padded(outputs) * (1 + taps))
    }

    /// A convolution of `size`² pixels as one over transformed tiles; its multiplications are counted as if it were direct.
    fn winograd(
        name: &'static str,
        size: usize,
        [inputs, outputs]: [usize; 2],
        tile: Tile,
        block: usize,
    ) -> Self {
        let axis = window(if tile == Tile::Blocks { 7 } else { 3 }, tile.stride());
        // Phases are those of a map of half the size.
        let (repeat, side) = ([tile.phases(); 2], axis.output(size).expect("the window fits"));
        let [input, output] =
            [tensor(0, size / repeat[0], inputs), tensor(size * size * inputs, side, outputs)];
        let scratch = Slot::arena(
            padded(output.offset + output.span()),
            [1, 1, Winograd::scratch(tile, block, [inputs, outputs])],
        );
        let kernel = Winograd {
            input: Source { slot: input, repeat },
            beside: None,
            output,
            residual: None,
            rows: axis,
            columns: axis,
            tile,
            block,
            scratch,
            weights: 0,
            activation: Activation::Relu,
            pool: None,
        };
        let weights = padded(outputs) * (1 + tile.kernels() * tile.channels(inputs));
        let floats = scratch.offset + scratch.span();
        let macs = taps_inside(&axis, size).pow(2) * inputs * outputs;
        Self::new(name, macs, Kernel::Winograd(kernel), floats, weights)
    }

    fn depthwise(name: &'static str, size: usize, channels: usize, axis: Axis) -> Self {
        let input = tensor(0, size, channels);
        let side = axis.output(size).expect("the window fits");
        let output = tensor(input.span(), side, channels);
        let taps = axis.kernel * axis.kernel;
        let kernel = Kernel::Depthwise(Depthwise {
            input,
            output,
            rows: axis,
            columns: axis,
            multiplier: 1,
            weights: 0,
            activation: Activation::Relu6,
        });
        let floats = input.span() + output.span();
        Self::new(
            name,
            taps_inside(&axis, size).pow(2) * channels,
            kernel,
            floats,
            padded(channels) * (1 + taps),
        )
    }

    /// A dense layer, for so many images at once.
    fn dense(name: &'static str, [inputs, outputs]: [usize; 2], images: usize, stored: Stored) -> Self {
        let input = Slot::arena(0, [images, 1, inputs]);
        let output = Slot::arena(input.span(), [images, 1, outputs]);
        let activation = Activation::Linear;
        let kernel = Kernel::Dense(Dense { input, output, residual: None, weights: 0, stored, activation });
        let rows = match stored {
            Stored::F32 => inputs,
            Stored::Bf16 => inputs / 2,
        };
        let floats = input.span() + output.span();
        let mut layer =
            Self::new(name, images * inputs * outputs, kernel, floats, padded(outputs) * (1 + rows));
        if stored == Stored::Bf16 {
            // Both halves of each word are 0.01, and not the remains of a float.
            layer.weights.fill(f32::from_bits(0x3c24_3c24));
        }
        layer
    }

    fn run(&mut self, level: Level) {
        let (weights, arena) = (&self.weights[self.aligned[0]..], &mut self.arena[self.aligned[1]..]);
        let run = &mut Run::new(level, weights, &[], arena);
        match &self.kernel {
            Kernel::Conv2d(kernel) => kernel.run(run),
            Kernel::PooledConv2d(kernel) => kernel.run(run),
            Kernel::Depthwise(kernel) => kernel.run(run),
            Kernel::Dense(kernel) => kernel.run(run),
            Kernel::Winograd(kernel) => kernel.run(run),
        }
    }
}

fn tensor(offset: usize, size: usize, channels: usize) -> Slot {
    Slot { memory: Memory::Arena, offset, height: size, width: size, channels, pitch: channels }
}

/// Taps of all windows that read a cell, not the padding: what lies there is no work.
fn taps_inside(axis: &Axis, size: usize) -> usize {
    let outputs = axis.output(size).expect("the window fits");
    (0..outputs).map(|window| axis.taps(window, size).count).sum()
}

fn window(kernel: usize, stride: usize) -> Axis {
    Axis { kernel, stride, dilation: 1, before: kernel / 2, after: kernel / 2 }
}

fn layers() -> Vec<Layer> {
    vec![
        Layer::conv("3×3 64→64 128²", 128, 64, 64, window(3, 1)),
        Layer::conv("3×3 128→128 28²", 28, 128, 128, window(3, 1)),
        Layer::conv("3×3 256→256 14²", 14, 256, 256, window(3, 1)),
        Layer::conv("3×3 512→512 7²", 7, 512, 512, window(3, 1)),
        Layer::winograd("winograd 64→64 256²", 256, [64, 64], Tile::Four, 26),
        Layer::winograd("winograd 64→64 128²", 128, [64, 64], Tile::Four, 26),
        Layer::winograd("winograd 128→128 28²", 28, [128, 128], Tile::Four, 25),
        Layer::winograd("winograd 256→256 14²", 14, [256, 256], Tile::Four, 16),
        Layer::winograd("winograd 512→512 7²", 7, [512, 512], Tile::Four, 4),
        Layer::winograd("winograd 2×2 512→512 7²", 7, [512, 512], Tile::Two, 16),
        Layer::winograd("winograd 256→128 128²", 128, [256, 128], Tile::Four, 26),
        Layer::winograd("winograd phases 256→128 128²", 128, [256, 128], Tile::Phase, 26),
        Layer::conv("3×3/2 64→128 56²", 56, 64, 128, window(3, 2)),
        Layer::conv("3×3/2 128→256 28²", 28, 128, 256, window(3, 2)),
        Layer::winograd("winograd 3×3/2 64→128 56²", 56, [64, 128], Tile::StridedFour, 25),
        Layer::winograd("winograd 3×3/2 128→256 28²", 28, [128, 256], Tile::StridedFour, 16),
        Layer::winograd("winograd 2×2 3×3/2 128→256 28²", 28, [128, 256], Tile::StridedTwo, 25),
        Layer::conv(
            "3×3 dilated 12 512→256 33²",
            33,
            512,
            256,
            Axis { dilation: 12, before: 12, after: 12, ..window(3, 1) },
        ),
        Layer::conv("3×3 1→32 28²", 28, 1, 32, window(3, 1)),
        Layer::pooled("3×3 1→32 28², pooled", 30, 1, 32),
        Layer::winograd("winograd 7×7/2 3→64 224²", 224, [3, 64], Tile::Blocks, 26),
        Layer::conv("7×7/2 3→64 224²", 224, 3, 64, window(7, 2)),
        Layer::conv("1×1 64→256 56²", 56, 64, 256, window(1, 1)),
        Layer::conv("1×1 1024→256 14²", 14, 1024, 256, window(1, 1)),
        Layer::conv("1×1 512→128 28²", 28, 512, 128, window(1, 1)),
        Layer::conv("1×1 16→96 112²", 112, 16, 96, window(1, 1)),
        Layer::conv("1×1 144→24 56²", 56, 144, 24, window(1, 1)),
        Layer::depthwise("depthwise 3×3 96 56²", 56, 96, window(3, 1)),
        Layer::depthwise("depthwise 3×3/2 96 112²", 112, 96, window(3, 2)),
        Layer::depthwise("depthwise 3×3 960 7²", 7, 960, window(3, 1)),
        Layer::depthwise("depthwise 3×3/2 32 28²", 28, 32, window(3, 2)),
        Layer::depthwise("depthwise 5×5 240 28²", 28, 240, window(5, 1)),
        Layer::depthwise("depthwise 5×5/2 240 28²", 28, 240, window(5, 2)),
        Layer::dense("dense 3136→128", [3136, 128], 1, Stored::F32),
        Layer::dense("dense 3136→128 bf16", [3136, 128], 1, Stored::Bf16),
        Layer::dense("dense 3136→128, 8 images", [3136, 128], 8, Stored::F32),
        Layer::dense("dense 3136→128 bf16, 8 images", [3136, 128], 8, Stored::Bf16),
        Layer::dense("dense 512→1000", [512, 1000], 1, Stored::F32),
        Layer::dense("dense 512→1000 bf16", [512, 1000], 1, Stored::Bf16),
        Layer::dense("dense 512→1000, 8 images", [512, 1000], 8, Stored::F32),
        Layer::dense("dense 128→10", [128, 10], 1, Stored::F32),
    ]
}

/// A plain reading of memory, which no layer that reads its weights once can undercut.
struct Read<'a>(&'a [f32]);

impl WithSimd for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        const STREAMS: usize = 8;
        let mut sums = [simd.splat(0.0); STREAMS];
        for floats in self.0.chunks_exact(STREAMS * S::LANES) {
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = simd.add(*sum, simd.load(&floats[index * S::LANES..]));
            }
        }
        sums.into_iter().map(|sum| simd.sum(sum)).sum()
    }
}

fn shares() {
    // Portable code has no fused multiply–add to compare with.
    for level in Level::available().filter(|level| *level != Level::SCALAR) {
        println!("{level}: peak {:.1} GFLOP/s", 2e-9 * peak(level));
        for mut layer in layers() {
            // The clock varies, so each layer has a peak of its own time.
            let seconds = fastest(|| layer.run(level));
            let rate = layer.macs as f64 / seconds;
            let share = 100.0 * rate / peak(level);
            println!(
                "  {:28} {:9.1} µs {:6.1} GFLOP/s {share:5.1} %",
                layer.name,
                seconds * 1e6,
                rate * 2e-9
            );
            if let Kernel::Dense(_) = layer.kernel {
                let weights = &layer.weights[layer.aligned[0]..];
                let seconds = fastest(|| _ = black_box(level.dispatch(Read(black_box(weights)))));
                let rate = size_of_val(weights) as f64 / seconds;
                println!(
                    "    {:26} {:9.1} µs {:6.1} GB/s",
                    "reading its weights",
                    seconds * 1e6,
                    rate * 1e-9
                );
            }
        }
    }
}

fn kernels(criterion: &mut Criterion) {
    shares();
    for level in Level::available() {
        let mut group = criterion.benchmark_group(level.name());
        for mut layer in layers() {
            group.bench_function(BenchmarkId::from_parameter(layer.name), |b| b.iter(|| layer.run(level)));
        }
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
