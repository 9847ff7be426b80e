//! Gradients of copies, padding and resizing. These layers are linear, so that central differences are exact, and the
//! gradient is the forward kernel's adjoint: ⟨J v, w⟩ = ⟨v, Jᵀ w⟩.

mod gradients;
mod trial;

use convolve_runtime::kernels::{BlockOrder, Blocks, Copy, Pad, PadMode, Resize, ResizeMode};
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{CopyGradient, PadGradient, Pass, ResizeGradient};
use gradients::{Trial, run_on, values};
use trial::{Rng, slots};

/// Checks that `backward`, from a gradient of the shape `result` to one of the shape `input`, is the adjoint of `forward`,
/// and that it does not depend on what lay in its output.
fn adjoint(
    input: [usize; 3],
    result: [usize; 3],
    gaps: [usize; 4],
    forward: impl Fn(Slot, Slot, &mut Pass<'_>),
    backward: impl Fn(Slot, Slot, &mut Pass<'_>),
) {
    let [x, y, upper, output] = slots([input, result, result, input], gaps);
    // Small whole numbers, whose products and sums are exact.
    let mut rng = Rng(input[2] as u64 + 1);
    let before: Vec<f32> = (0..output.offset + output.span()).map(|_| rng.below(64) as f32 - 32.0).collect();
    for level in Level::available() {
        let mut arena = before.clone();
        run_on(level, &mut arena, |pass| forward(x, y, pass));
        run_on(level, &mut arena, |pass| backward(upper, output, pass));
        let dot = |a: &Slot, b: &Slot| -> f64 {
            values(&arena, a).iter().zip(values(&arena, b)).map(|(a, b)| a * b).sum()
        };
        let (forth, back) = (dot(&y, &upper), dot(&x, &output));
        let size: f64 = values(&arena, &y).iter().map(|y| y.abs() * 32.0).sum();
        assert!((forth - back).abs() <= 1e-6 * size, "{level} {input:?}: {forth} there, {back} back");
    }
}

/// Checks `backward` against the columns of `source`, which gives the cells of the input that a cell of the result takes
/// from, with their shares.
fn columns(
    input: [usize; 3],
    result: [usize; 3],
    gaps: [usize; 2],
    tolerance: f64,
    source: impl Fn(usize, usize) -> Vec<(usize, usize, f64)>,
    backward: impl Fn(Slot, Slot, &mut Pass<'_>),
) {
    let [upper, output] = slots([result, input], gaps);
    Trial::new(output, 3.0, tolerance).check_output(
        |pass| backward(upper, output, pass),
        |arena| {
            let (g, channels) = (values(arena, &upper), input[2]);
            let mut sums = vec![0.0; output.len()];
            for y in 0..result[0] {
                for x in 0..result[1] {
                    for (row, column, share) in source(y, x) {
                        for c in 0..channels {
                            sums[(row * input[1] + column) * channels + c] +=
                                share * g[(y * result[1] + x) * channels + c];
                        }
                    }
                }
            }
            sums
        },
    );
}

#[test]
fn copies() {
    for channels in [1, 3, 16, 37] {
        for gaps in [[0, 0], [4, 0], [0, 3], [2, 5]] {
            for (top, left, stride, out) in [
                (0, 0, [1, 1], [7, 9]),
                (2, 3, [1, 1], [4, 5]),
                (0, 0, [2, 3], [4, 3]),
                (1, 1, [3, 1], [2, 8]),
            ] {
                let (input, result) = ([7, 9, channels], [out[0], out[1], channels]);
                let backward = |gradient, output, pass: &mut Pass<'_>| {
                    CopyGradient { gradient, output, top, left, stride }.run(pass);
                };
                let source = |y, x| vec![(top + y * stride[0], left + x * stride[1], 1.0)];
                columns(input, result, gaps, 0.0, source, backward);
                let forward = |input, output, pass: &mut Pass<'_>| {
                    Copy { input, output, top, left, stride }.run(&mut pass.run);
                };
                adjoint(input, result, [gaps[1], 1, gaps[0], gaps[1]], forward, backward);
            }
        }
    }
}

#[test]
fn padding() {
    for mode in [PadMode::Constant(2.5), PadMode::Reflect, PadMode::Symmetric, PadMode::Edge, PadMode::Wrap] {
        for channels in [1, 5, 16, 19] {
            for gaps in [[0, 0, 0, 0], [3, 0, 1, 2], [1, 4, 0, 3]] {
                for [top, bottom, left, right] in [[1, 2, 3, 0], [0, 0, 0, 2], [3, 0, 1, 1], [0, 4, 2, 9]] {
                    let (input, result) = ([4, 5, channels], [4 + top + bottom, 5 + left + right, channels]);
                    let forward = |input, output, pass: &mut Pass<'_>| {
                        // A constant is no linear function, but zero.
                        let mode =
                            if let PadMode::Constant(_) = mode { PadMode::Constant(0.0) } else { mode };
                        Pad { input, output, top, left, mode }.run(&mut pass.run);
                    };
                    adjoint(input, result, gaps, forward, |gradient, output, pass| {
                        PadGradient { gradient, output, top, left, mode }.run(pass);
                    });
                }
            }
        }
    }
}

/// Constants from `torch.nn.functional.pad` (PyTorch 2): the gradient of a row of four, three cells wider on the left and
/// two on the right, where the gradients of the result count from one.
#[test]
fn padding_of_a_row() {
    for level in Level::available() {
        for (mode, want) in [
            (PadMode::Constant(1.0), [4., 5., 6., 7.]),
            (PadMode::Reflect, [4., 8. + 9., 8. + 6. + 2., 7. + 1.]),
            (PadMode::Edge, [1. + 2. + 3. + 4., 5., 6., 7. + 8. + 9.]),
            (PadMode::Wrap, [4. + 8., 1. + 5. + 9., 2. + 6., 3. + 7.]),
        ] {
            let [upper, output] = slots([[1, 9, 1], [1, 4, 1]], [0, 0]);
            let mut arena = vec![9.0; output.offset + output.span()];
            for (i, g) in arena[upper.offset..][..9].iter_mut().enumerate() {
                *g = 1.0 + i as f32;
            }
            let kernel = PadGradient { gradient: upper, output, top: 0, left: 3, mode };
            run_on(level, &mut arena, |pass| kernel.run(pass));
            assert_eq!(values(&arena, &output), want, "{level} {mode:?}");
        }
    }
}

/// The gradient of `Blocks` is `Blocks` the other way round.
#[test]
fn blocks() {
    for block in [1, 2, 3] {
        for depth in [1, 4, 9] {
            for order in [BlockOrder::DepthLast, BlockOrder::DepthFirst] {
                let deep = [2, 3, depth * block * block];
                let wide = [2 * block, 3 * block, depth];
                let kernel = |input, output, pass: &mut Pass<'_>| {
                    Blocks { input, output, block, order }.run(&mut pass.run);
                };
                adjoint(deep, wide, [2, 3, 0, 1], kernel, kernel);
                adjoint(wide, deep, [0, 3, 2, 1], kernel, kernel);
            }
        }
    }
}

#[test]
fn resizing() {
    for (shape, scale) in [
        ([3, 4, 5], [2, 2]),
        ([3, 2, 64], [2, 2]),
        ([1, 1, 3], [4, 3]),
        ([5, 3, 17], [3, 1]),
        ([2, 7, 1], [1, 4]),
        ([4, 4, 20], [1, 1]),
    ] {
        let [height, width, channels] = shape;
        let large = [height * scale[0], width * scale[1], channels];
        for mode in [ResizeMode::Nearest, ResizeMode::Bilinear, ResizeMode::BilinearAlignCorners] {
            // Where a cell of `out` lies among `n` cells.
            let place = |o: usize, n: usize, out: usize| -> f64 {
                match mode {
                    ResizeMode::Nearest => (o / (out / n)) as f64,
                    ResizeMode::Bilinear => {
                        ((o as f64 + 0.5) * n as f64 / out as f64 - 0.5).clamp(0.0, (n - 1) as f64)
                    }
                    ResizeMode::BilinearAlignCorners if out == 1 => 0.0,
                    ResizeMode::BilinearAlignCorners => o as f64 * (n - 1) as f64 / (out - 1) as f64,
                }
            };
            let near = |a: f64, i: usize| (1.0 - (a - i as f64).abs()).max(0.0);
            let source = |y, x| {
                let (v, u) = (place(y, height, large[0]), place(x, width, large[1]));
                let cells = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
                cells.map(|(row, column)| (row, column, near(v, row) * near(u, column))).collect()
            };
            let backward = |gradient, output, pass: &mut Pass<'_>| {
                ResizeGradient { gradient, output, mode }.run(pass);
            };
            for gaps in [[0, 0], [3, 2]] {
                columns(shape, large, gaps, 2e-6, source, backward);
                let forward = |input, output, pass: &mut Pass<'_>| {
                    Resize { input, output, mode }.run(&mut pass.run);
                };
                adjoint(shape, large, [gaps[1], 0, gaps[0], 1], forward, backward);
            }
        }
    }
}
