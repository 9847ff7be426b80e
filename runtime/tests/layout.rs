//! Copies, padding, blocks and resizing against their definition.

mod trial;

use convolve_runtime::kernels::{BlockOrder, Blocks, Copy, Pad, PadMode, Resize, ResizeMode};
use convolve_runtime::slot::Slot;
use trial::{Trial, at, slots};

const EXACT: f64 = 0.0;

fn trial(output: Slot, tolerance: f64) -> Trial<'static> {
    Trial { output, weights: &[], size: 3.0, tolerance }
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
                let [input, output] = slots([[7, 9, channels], [out[0], out[1], channels]], gaps);
                let kernel = Copy { input, output, top, left, stride };
                trial(output, EXACT).check(
                    |run| kernel.run(run),
                    |arena, [y, x, c]| at(arena, &input, [top + y * stride[0], left + x * stride[1], c]),
                );
            }
        }
    }
}

/// The cell of `0..size` that stands at `place`, found by unrolling the row to both sides.
fn source(mode: PadMode, place: isize, size: usize) -> Option<usize> {
    let last = size as isize - 1;
    let (mut cell, mut step) = (0isize, 1isize);
    if (0..=last).contains(&place) {
        return Some(place as usize);
    }
    match mode {
        PadMode::Constant(_) => None,
        PadMode::Edge => Some(if place < 0 { 0 } else { size - 1 }),
        PadMode::Wrap => {
            for _ in 0..place.unsigned_abs() {
                cell += place.signum();
                cell = if cell < 0 {
                    last
                } else if cell > last {
                    0
                } else {
                    cell
                };
            }
            Some(cell as usize)
        }
        PadMode::Reflect | PadMode::Symmetric => {
            step *= place.signum();
            for _ in 0..place.unsigned_abs() {
                if (0..=last).contains(&(cell + step)) {
                    cell += step;
                } else {
                    step = -step;
                    if mode == PadMode::Reflect && size > 1 {
                        cell += step;
                    }
                }
            }
            Some(cell as usize)
        }
    }
}

#[test]
fn padding() {
    for mode in [PadMode::Constant(2.5), PadMode::Reflect, PadMode::Symmetric, PadMode::Edge, PadMode::Wrap] {
        for channels in [1, 5, 16, 19] {
            for gaps in [[0, 0], [3, 0], [0, 2], [1, 4]] {
                for [top, bottom, left, right] in [[1, 2, 3, 0], [0, 0, 0, 2], [3, 0, 1, 1], [0, 4, 2, 0]] {
                    let [input, output] =
                        slots([[4, 5, channels], [4 + top + bottom, 5 + left + right, channels]], gaps);
                    let kernel = Pad { input, output, top, left, mode };
                    trial(output, EXACT).check(
                        |run| kernel.run(run),
                        |arena, [y, x, c]| {
                            let row = source(mode, y as isize - top as isize, 4);
                            let column = source(mode, x as isize - left as isize, 5);
                            match (row, column, mode) {
                                (Some(row), Some(column), _) => at(arena, &input, [row, column, c]),
                                (_, _, PadMode::Constant(value)) => f64::from(value),
                                _ => unreachable!("the other modes find a cell"),
                            }
                        },
                    );
                }
            }
        }
    }
}

#[test]
fn blocks() {
    for block in [1, 2, 3] {
        for depth in [1, 4, 9] {
            for gaps in [[0, 0], [2, 3]] {
                for order in [BlockOrder::DepthLast, BlockOrder::DepthFirst] {
                    let deep_channel = |row: usize, column: usize, d: usize| match order {
                        BlockOrder::DepthLast => (row * block + column) * depth + d,
                        BlockOrder::DepthFirst => (d * block + row) * block + column,
                    };
                    let deep = [2, 3, depth * block * block];
                    let wide = [2 * block, 3 * block, depth];
                    let [input, output] = slots([deep, wide], gaps);
                    let kernel = Blocks { input, output, block, order };
                    trial(output, EXACT).check(
                        |run| kernel.run(run),
                        |arena, [y, x, d]| {
                            let channel = deep_channel(y % block, x % block, d);
                            at(arena, &input, [y / block, x / block, channel])
                        },
                    );
                    let [input, output] = slots([wide, deep], gaps);
                    let kernel = Blocks { input, output, block, order };
                    trial(output, EXACT).check(
                        |run| kernel.run(run),
                        |arena, [y, x, channel]| {
                            let find =
                                |row, column| (0..depth).find(|&d| deep_channel(row, column, d) == channel);
                            let mut squares = (0..block).flat_map(|r| (0..block).map(move |c| (r, c)));
                            let (row, column, d) = squares
                                .find_map(|(r, c)| find(r, c).map(|d| (r, c, d)))
                                .expect("each channel stems from one pixel");
                            at(arena, &input, [y * block + row, x * block + column, d])
                        },
                    );
                }
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
        let out = [height * scale[0], width * scale[1], channels];
        for gaps in [[0, 0], [3, 2]] {
            let [input, output] = slots([shape, out], gaps);
            for mode in [ResizeMode::Nearest, ResizeMode::Bilinear, ResizeMode::BilinearAlignCorners] {
                let kernel = Resize { input, output, mode };
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
                trial(output, 1e-6).check(
                    |run| kernel.run(run),
                    |arena, [y, x, c]| {
                        let (v, u) = (place(y, height, out[0]), place(x, width, out[1]));
                        let mut sum = 0.0;
                        for row in 0..height {
                            for column in 0..width {
                                let near = |a: f64, i: usize| (1.0 - (a - i as f64).abs()).max(0.0);
                                sum += near(v, row) * near(u, column) * at(arena, &input, [row, column, c]);
                            }
                        }
                        sum
                    },
                );
            }
        }
    }
}
