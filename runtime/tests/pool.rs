//! Pooling against a walk over every cell of every window.

mod trial;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Pool, PoolOp, Windows};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use trial::{Trial, at, slots};

const OPS: [PoolOp; 3] = [PoolOp::Max, PoolOp::Average, PoolOp::AverageWithPadding];

/// The cells that output `o` reads along one axis, and how many it reads of the padded input.
fn cells(axis: &Axis, o: usize, size: usize) -> (Vec<usize>, usize) {
    let places =
        (0..axis.kernel).map(|k| (o * axis.stride + k * axis.dilation) as isize - axis.before as isize);
    let padded = places.clone().filter(|&i| i < (size + axis.after) as isize).count();
    (places.filter_map(|i| usize::try_from(i).ok()).filter(|&i| i < size).collect(), padded)
}

fn expected(op: PoolOp, values: &[f64], padded: usize) -> f64 {
    let sum: f64 = values.iter().sum();
    match op {
        PoolOp::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        PoolOp::Average if values.is_empty() => 0.0,
        PoolOp::Average => sum / values.len() as f64,
        PoolOp::AverageWithPadding => sum / padded as f64,
    }
}

fn check(shape: [usize; 3], gaps: [usize; 2], rows: Axis, columns: Axis, ceil: bool) {
    let size = |axis: &Axis, input| {
        if ceil { axis.output_ceil(input) } else { axis.output(input) }.expect("the window fits")
    };
    let [height, width, channels] = shape;
    let out = [size(&rows, height), size(&columns, width), channels];
    let [input, output] = slots([shape, out], gaps);
    for op in OPS {
        let kernel = Pool { input, output, op, windows: Windows::Sliding(rows, columns) };
        let checked = Trial { output, weights: &[], size: 4.0, tolerance: 5e-7 };
        checked.check(
            |run| kernel.run(run),
            |arena, [y, x, c]| {
                let ((rows, high), (columns, wide)) = (cells(&rows, y, height), cells(&columns, x, width));
                let values: Vec<f64> = rows
                    .iter()
                    .flat_map(|&row| columns.iter().map(move |&column| at(arena, &input, [row, column, c])))
                    .collect();
                expected(op, &values, high * wide)
            },
        );
    }
}

#[test]
fn sliding_windows() {
    let plain = |kernel, stride| Axis { kernel, stride, ..Axis::POINT };
    let padded = |kernel, stride, before, after| Axis { kernel, stride, dilation: 1, before, after };
    for channels in [1, 3, 8, 16, 21, 64, 100] {
        check([4, 6, channels], [0, 0], plain(2, 2), plain(2, 2), false);
        check([7, 5, channels], [3, 1], padded(3, 2, 1, 1), padded(3, 2, 1, 1), false);
    }
    check([7, 9, 20], [0, 5], plain(2, 2), plain(3, 1), false);
    check([6, 8, 5], [2, 0], padded(3, 2, 0, 1), padded(2, 3, 1, 0), true);
    check([6, 8, 5], [0, 0], padded(5, 1, 2, 2), padded(4, 1, 1, 2), false);
    check([9, 9, 33], [0, 0], plain(9, 1), plain(9, 1), false);
    let dilated = Axis { kernel: 3, stride: 1, dilation: 2, before: 2, after: 2 };
    check([6, 7, 17], [0, 0], dilated, dilated, false);
    // Windows that see nothing but padding.
    check([2, 2, 3], [0, 0], padded(2, 1, 3, 3), padded(2, 1, 0, 0), false);
}

#[test]
fn ceil_mode_on_every_small_size() {
    for size in 3..10 {
        for (kernel, stride, pad) in [(2, 2, 0), (3, 2, 1), (2, 3, 1), (3, 3, 0)] {
            let axis = Axis { kernel, stride, dilation: 1, before: pad, after: pad };
            check([size, size, 4], [0, 0], axis, axis, true);
        }
    }
}

#[test]
fn adaptive_windows() {
    for (shape, out) in [
        ([7, 9, 18], [3, 4]),
        ([7, 7, 70], [1, 1]),
        ([3, 2, 5], [7, 5]),
        ([112, 112, 3], [1, 1]),
        ([1, 1, 4], [1, 1]),
    ] {
        let [height, width, channels] = shape;
        let [input, output] = slots([shape, [out[0], out[1], channels]], [1, 2]);
        for op in OPS {
            let kernel = Pool { input, output, op, windows: Windows::Adaptive };
            let checked = Trial { output, weights: &[], size: 4.0, tolerance: 5e-7 };
            checked.check(
                |run| kernel.run(run),
                |arena, [y, x, c]| {
                    let range =
                        |o: usize, input: usize, out: usize| o * input / out..((o + 1) * input).div_ceil(out);
                    let mut values = Vec::new();
                    for row in range(y, height, out[0]) {
                        for column in range(x, width, out[1]) {
                            values.push(at(arena, &input, [row, column, c]));
                        }
                    }
                    expected(op, &values, values.len())
                },
            );
        }
    }
}

#[test]
fn the_mean_of_a_large_map_keeps_its_digits() {
    for level in Level::available() {
        let [input, output] = slots([[512, 512, 1], [1, 1, 1]], [0, 0]);
        let mut arena = vec![0.1; output.offset + 1];
        let mut run = Run::new(level, &[], &[], &mut arena);
        Pool { input, output, op: PoolOp::Average, windows: Windows::Adaptive }.run(&mut run);
        let mean = arena[output.offset];
        assert!((mean - 0.1).abs() < 1e-6, "{level}: {mean}");
    }
}

#[test]
fn nan_wins_the_maximum() {
    for level in Level::available() {
        for place in 0..4 {
            let [input, output] = slots([[2, 2, 21], [1, 1, 21]], [0, 0]);
            let mut arena = vec![1.0; output.offset + 21];
            arena[input.offset + place * 21 + 20] = f32::NAN;
            arena[input.offset + place * 21 + 1] = f32::NAN;
            let mut run = Run::new(level, &[], &[], &mut arena);
            let axis = Axis { kernel: 2, stride: 2, ..Axis::POINT };
            Pool { input, output, op: PoolOp::Max, windows: Windows::Sliding(axis, axis) }.run(&mut run);
            let nan: Vec<usize> = (0..21).filter(|&c| arena[output.offset + c].is_nan()).collect();
            assert_eq!(nan, [1, 20], "{level}, cell {place}");
        }
    }
}
