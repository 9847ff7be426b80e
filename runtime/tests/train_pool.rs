//! The gradient of pooling against central differences of a walk over every window.

mod gradients;
mod trial;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Pool, PoolOp, Windows};
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{ActivateGradient, MaxPool, Pass, PoolGradient, Pooled, Saved};
use gradients::{Trial, gradient, run_on, values};
use trial::{Rng, slots};

/// The cells that output `o` of `outputs` reads along one axis, and how many it reads of the padded input.
fn cells(axis: Option<&Axis>, o: usize, size: usize, outputs: usize) -> (Vec<usize>, usize) {
    let Some(axis) = axis else {
        let range = o * size / outputs..((o + 1) * size).div_ceil(outputs);
        return (range.clone().collect(), range.len());
    };
    let places =
        (0..axis.kernel).map(|k| (o * axis.stride + k * axis.dilation) as isize - axis.before as isize);
    let padded = places.clone().filter(|&i| i < (size + axis.after) as isize).count();
    (places.filter_map(|i| usize::try_from(i).ok()).filter(|&i| i < size).collect(), padded)
}

/// The pooling of a map of `from`'s shape to one of `to`'s.
fn pool(pooled: Pooled, axes: Option<[Axis; 2]>, from: &Slot, to: &Slot, map: &[f64]) -> Vec<f64> {
    let mut results = Vec::new();
    for y in 0..to.height {
        for x in 0..to.width {
            let (rows, high) = cells(axes.as_ref().map(|axes| &axes[0]), y, from.height, to.height);
            let (columns, wide) = cells(axes.as_ref().map(|axes| &axes[1]), x, from.width, to.width);
            for c in 0..to.channels {
                let window = rows.iter().flat_map(|row| {
                    columns.iter().map(move |column| (row * from.width + column) * from.channels + c)
                });
                let values: Vec<f64> = window.map(|index| map[index]).collect();
                let sum: f64 = values.iter().sum();
                results.push(match pooled {
                    // Minus infinity, whatever the input.
                    Pooled::Max { .. } if values.is_empty() => 0.0,
                    Pooled::Max { .. } => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    Pooled::Average => sum / values.len().max(1) as f64,
                    Pooled::AverageWithPadding => sum / (high * wide) as f64,
                });
            }
        }
    }
    results
}

fn check(shape: [usize; 3], out: [usize; 2], gaps: [usize; 3], axes: Option<[Axis; 2]>) {
    let windows = axes.map_or(Windows::Adaptive, |[rows, columns]| Windows::Sliding(rows, columns));
    let [input, upper, output] = slots([shape, [out[0], out[1], shape[2]], shape], gaps);
    // Behind everything else: what the pooling gives, and its choices.
    let behind = |index: usize| {
        let offset = output.offset + output.span() + index * (upper.span() + 5);
        Slot { offset, ..upper }
    };
    let [pooled, choice] = [0, 1].map(behind);
    let pool_first = MaxPool { input, output: pooled, choice, windows, activation: Activation::Linear };
    for pooled in [Pooled::Max { choice }, Pooled::Average, Pooled::AverageWithPadding] {
        let kernel = PoolGradient { gradient: upper, output, pooled, windows };
        Trial::new(output, 4.0, 2e-6).check_output(
            |pass| {
                let behind = pass.run.arena[pool_first.output.offset..].to_vec();
                pool_first.run(pass);
                kernel.run(pass);
                pass.run.arena[pool_first.output.offset..].copy_from_slice(&behind);
            },
            |arena| {
                let (x, g) = (values(arena, &input), values(arena, &upper));
                gradient(&x, &g, |x| pool(pooled, axes, &input, &upper, x))
            },
        );
    }
    let mut arena = Rng(9).floats(choice.offset + choice.span(), 4.0);
    let mut plain = arena.clone();
    for level in Level::available() {
        run_on(level, &mut arena, |pass| pool_first.run(pass));
        let op = PoolOp::Max;
        run_on(level, &mut plain, |pass| {
            Pool { input, output: pool_first.output, op, windows }.run(&mut pass.run)
        });
        assert_eq!(values(&arena, &pool_first.output), values(&plain, &pool_first.output), "{level}");
    }
}

fn sliding(shape: [usize; 3], gaps: [usize; 3], axes: [Axis; 2], ceil: bool) {
    let size = |axis: &Axis, input| {
        if ceil { axis.output_ceil(input) } else { axis.output(input) }.expect("the window fits")
    };
    check(shape, [size(&axes[0], shape[0]), size(&axes[1], shape[1])], gaps, Some(axes));
}

fn axis(kernel: usize, stride: usize, before: usize, after: usize) -> Axis {
    Axis { kernel, stride, dilation: 1, before, after }
}

#[test]
fn windows_that_share_no_cells() {
    let two = axis(2, 2, 0, 0);
    for channels in [1, 3, 16, 21, 33] {
        sliding([4, 6, channels], [0, 0, 0], [two, two], false);
        sliding([5, 3, channels], [2, 1, 3], [two, two], false);
    }
    sliding([5, 7, 20], [0, 0, 2], [two, two], true);
    sliding([7, 8, 5], [0, 3, 0], [axis(3, 3, 0, 0), two], false);
    sliding([7, 8, 5], [1, 0, 0], [axis(2, 3, 0, 0), axis(1, 2, 0, 0)], false);
    sliding([4, 4, 5], [0, 0, 1], [axis(2, 2, 1, 1), two], false);
}

#[test]
fn windows_that_overlap() {
    for channels in [1, 5, 16, 33] {
        sliding([7, 5, channels], [3, 0, 1], [axis(3, 2, 1, 1), axis(3, 2, 1, 1)], false);
    }
    sliding([6, 8, 5], [2, 0, 0], [axis(3, 2, 0, 1), axis(2, 3, 1, 0)], true);
    sliding([6, 8, 5], [0, 0, 0], [axis(5, 1, 2, 2), axis(4, 1, 1, 2)], false);
    let dilated = Axis { kernel: 3, stride: 1, dilation: 2, before: 2, after: 2 };
    sliding([6, 7, 17], [0, 0, 0], [dilated, dilated], false);
    let apart = Axis { kernel: 2, stride: 2, dilation: 3, before: 0, after: 0 };
    sliding([8, 7, 3], [0, 2, 0], [apart, apart], false);
    // Windows that see nothing but padding.
    sliding([2, 2, 3], [0, 0, 0], [axis(2, 1, 3, 3), axis(2, 1, 0, 0)], false);
}

#[test]
fn random_windows() {
    let mut rng = Rng(3);
    for _ in 0..30 {
        let [rows, columns] = [(); 2].map(|()| {
            let kernel = 1 + rng.below(3);
            let (stride, dilation) = (1 + rng.below(3), 1 + rng.below(2));
            Axis { kernel, stride, dilation, before: rng.below(kernel), after: rng.below(kernel) }
        });
        let shape = [5 + rng.below(4), 5 + rng.below(4), 1 + rng.below(9)];
        sliding(shape, [rng.below(3), rng.below(3), rng.below(3)], [rows, columns], rng.below(2) == 0);
    }
}

#[test]
fn adaptive_windows() {
    for (shape, out) in [
        ([7, 9, 18], [3, 4]),
        ([6, 8, 5], [3, 4]),
        ([7, 7, 40], [1, 1]),
        ([3, 2, 5], [7, 5]),
        ([6, 4, 3], [2, 3]),
        ([1, 1, 4], [1, 1]),
    ] {
        check(shape, out, [1, 2, 1], None);
        check(shape, out, [0, 0, 0], None);
    }
}

/// What `kernel` makes of a map of one channel and a gradient of ones.
fn of_map(level: Level, map: &[f32], size: usize, out: usize, windows: Windows) -> Vec<f64> {
    let shapes = [[size, size, 1], [out, out, 1], [size, size, 1]];
    let [input, upper, output] = slots(shapes, [0, 0, 0]);
    let pooled = Slot { offset: output.offset + output.span(), ..upper };
    let choice = Slot { offset: pooled.offset + pooled.span(), ..upper };
    let mut arena = vec![1.0; choice.offset + choice.span()];
    arena[input.offset..][..map.len()].copy_from_slice(map);
    let pool = MaxPool { input, output: pooled, choice, windows, activation: Activation::Linear };
    let kernel = PoolGradient { gradient: upper, output, pooled: Pooled::Max { choice }, windows };
    run_on(level, &mut arena, |pass| {
        pool.run(pass);
        kernel.run(pass);
    });
    values(&arena, &output)
}

/// The constants are what `torch.nn.functional.max_pool2d` and `adaptive_max_pool2d` give (PyTorch 2).
#[test]
fn the_first_of_equal_cells_gets_all() {
    let four = [1., 3., 3., 0., 3., 3., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.];
    let three = [1., 3., 3., 3., 3., 0., 0., 0., 0.];
    let sliding = |axis: Axis| Windows::Sliding(axis, axis);
    for level in Level::available() {
        let got = of_map(level, &four, 4, 2, sliding(axis(2, 2, 0, 0)));
        assert_eq!(got, [0., 1., 1., 0., 0., 0., 0., 0., 1., 0., 1., 0., 0., 0., 0., 0.], "{level}");
        let got = of_map(level, &three, 3, 3, sliding(axis(3, 1, 1, 1)));
        assert_eq!(got, [0., 6., 0., 2., 1., 0., 0., 0., 0.], "{level}");
        let got = of_map(level, &three, 3, 2, Windows::Adaptive);
        assert_eq!(got, [0., 2., 0., 1., 1., 0., 0., 0., 0.], "{level}");
    }
}

/// The activation before a pooling, differentiated in one step with it and in two.
#[test]
fn an_activation_before_a_maximum() {
    for activation in [Activation::Relu, Activation::Relu6, Activation::Clip { min: -0.5, max: 1.5 }] {
        let limits = match activation {
            Activation::Relu => [0.0, f32::INFINITY],
            Activation::Relu6 => [0.0, 6.0],
            _ => [-0.5, 1.5],
        };
        for (size, out, window) in [(6, 3, axis(2, 2, 0, 0)), (7, 4, axis(3, 2, 1, 1))] {
            for channels in [5, 32] {
                let map = [size, size, channels];
                let small = [out, out, channels];
                let [input, upper, output] = slots([map, small, map], [0, 2, 1]);
                let pooled = Slot { offset: output.offset + output.span(), ..upper };
                let choice = Slot { offset: pooled.offset + pooled.span(), ..upper };
                let windows = Windows::Sliding(window, window);
                for level in Level::available() {
                    let mut before = Rng(channels as u64).floats(choice.offset + choice.span(), 8.0);
                    for x in &mut before[input.offset..][..input.span()] {
                        *x = x.clamp(limits[0], limits[1]);
                    }
                    let through = |activation, pass: &mut Pass<'_>| {
                        MaxPool { input, output: pooled, choice, windows, activation }.run(pass);
                        let pooled = Pooled::Max { choice };
                        PoolGradient { gradient: upper, output, pooled, windows }.run(pass);
                    };
                    let (mut one, mut two) = (before.clone(), before);
                    run_on(level, &mut one, |pass| through(activation, pass));
                    let saved = Saved::Result(input);
                    let activate = ActivateGradient { gradient: None, saved, output, activation };
                    run_on(level, &mut two, |pass| {
                        through(Activation::Linear, pass);
                        activate.run(pass);
                    });
                    assert!(
                        values(&one, &output) == values(&two, &output),
                        "{level} {activation:?}, windows of {}",
                        window.kernel
                    );
                    assert!(values(&one, &output).iter().any(|&g| g != 0.0), "nothing passed");
                }
            }
        }
    }
}
