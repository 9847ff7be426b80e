use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::pack::Norm;
use super::{Data, PANEL, Panels, padded};

/// Side of the kernels that are transformed.
const SIDE: usize = 3;

/// Elements of the largest transformed kernel along a side.
const MOST: usize = 6;

/// A value for each output channel of a panel.
type Lanes = [f64; PANEL];

/// Hands the elements of `G g Gᵀ` to `put`, row by row.
#[inline(always)]
pub(crate) fn kernel_in_tiles(
    tile: usize,
    taps: [[Lanes; SIDE]; SIDE],
    mut put: impl FnMut(usize, [f32; PANEL]),
) {
    let elements = tile + 2;
    // Along the columns of each row, then along the rows of each column.
    let across = taps.map(|row| transformed(tile, row));
    for column in 0..elements {
        let down = transformed(tile, across.each_ref().map(|row| row[column]));
        for (row, lanes) in down[..elements].iter().enumerate() {
            put(row * elements + column, lanes.map(|x| x as f32));
        }
    }
}

/// Fills biases and panels with `G g Gᵀ` of every 3 × 3 kernel; what `G` is, the SIMD side of the transforms says.
pub(super) fn winograd(
    kernel: &Panels<'_>,
    tile: usize,
    read: impl Fn(usize) -> f32,
    tensors: &[Data<'_>],
    packed: &mut [f32],
) {
    let (biases, weights) = packed.split_at_mut(padded(kernel.outputs));
    let elements = (tile + 2) * (tile + 2);
    let panels = weights.chunks_exact_mut(elements * kernel.inputs * PANEL);
    for (index, (bias, panel)) in biases.chunks_exact_mut(PANEL).zip(panels).enumerate() {
        let first = index * PANEL;
        let lanes = PANEL.min(kernel.outputs - first);
        let mut after = [Norm::IDENTITY; PANEL];
        for (lane, norm) in after[..lanes].iter_mut().enumerate() {
            *norm = Norm::of(kernel.after.as_ref(), tensors, first + lane);
        }
        // What the norm before adds to each output, at cells where no padding is seen.
        let mut shift = [0.0; PANEL];
        let cells = panel.as_chunks_mut::<PANEL>().0;
        for input in 0..kernel.inputs {
            let before = Norm::of(kernel.before.as_ref(), tensors, input);
            let mut taps = [[[0.0; PANEL]; SIDE]; SIDE];
            for (row, taps) in taps.iter_mut().enumerate() {
                for (column, tap) in taps.iter_mut().enumerate() {
                    let strides = &kernel.strides;
                    let corner = first * strides.output
                        + input * strides.input
                        + row * strides.row
                        + column * strides.column;
                    for lane in 0..lanes {
                        let weight = f64::from(read(corner + lane * strides.output));
                        shift[lane] += weight * before.shift;
                        tap[lane] = weight * before.scale * after[lane].scale;
                    }
                }
            }
            kernel_in_tiles(tile, taps, |element, lanes| cells[element * kernel.inputs + input] = lanes);
        }
        bias.fill(0.0);
        for (lane, value) in bias[..lanes].iter_mut().enumerate() {
            let own = kernel.bias.map_or(0.0, |id| f64::from(tensors[id].get(first + lane)));
            *value = (after[lane].scale * (own + shift[lane]) + after[lane].shift) as f32;
        }
    }
}

/// The taps of `Gᵀ u G`: what the gradient of a transformed kernel is for the kernel itself. `read` gives the elements.
#[inline(always)]
pub(crate) fn kernel_of_tiles(
    tile: usize,
    read: impl Fn(usize) -> [f32; PANEL],
) -> [[[f32; PANEL]; SIDE]; SIDE] {
    let elements = tile + 2;
    let element = |row: usize, column: usize| -> Lanes {
        let is_there = row < elements && column < elements;
        if is_there { read(row * elements + column).map(f64::from) } else { [0.0; PANEL] }
    };
    let across: [[Lanes; SIDE]; MOST] =
        core::array::from_fn(|row| restored(tile, core::array::from_fn(|column| element(row, column))));
    let columns: [[Lanes; SIDE]; SIDE] =
        core::array::from_fn(|column| restored(tile, across.each_ref().map(|row| row[column])));
    core::array::from_fn(|row| core::array::from_fn(|column| columns[column][row].map(|x| x as f32)))
}

/// `Gᵀ u`.
#[inline(always)]
fn restored(tile: usize, u: [Lanes; MOST]) -> [Lanes; SIDE] {
    let points: &[(f64, f64)] =
        if tile == 4 { &[(FRAC_1_SQRT_2, -2.0 / 3.0), (SQRT_2, 1.0 / 6.0)] } else { &[(1.0, 0.5)] };
    let first = if tile == 4 { 1.0 } else { -1.0 };
    let mut taps = [u[0].map(|x| first * x), [0.0; PANEL], u[tile + 1]];
    for (index, (point, scale)) in points.iter().enumerate() {
        let (plus, minus) = (&u[1 + 2 * index], &u[2 + 2 * index]);
        for lane in 0..PANEL {
            let (even, odd) = (scale * (plus[lane] + minus[lane]), scale * (plus[lane] - minus[lane]));
            taps[0][lane] += even;
            taps[1][lane] += point * odd;
            taps[2][lane] += point * point * even;
        }
    }
    taps
}

/// `G g`, for as many elements as a tile of this size has.
#[inline(always)]
fn transformed(tile: usize, [a, b, c]: [Lanes; SIDE]) -> [Lanes; MOST] {
    let lanes = |f: &dyn Fn(usize) -> f64| -> Lanes { core::array::from_fn(f) };
    // The rows of two points ±p: (1, ±p, p²) · scale.
    let pair = |point: f64, scale: f64| {
        let (even, odd): (Lanes, Lanes) =
            (lanes(&|i| scale * (a[i] + point * point * c[i])), lanes(&|i| scale * point * b[i]));
        (lanes(&|i| even[i] + odd[i]), lanes(&|i| even[i] - odd[i]))
    };
    if tile == 4 {
        let (inner, outer) = (pair(FRAC_1_SQRT_2, -2.0 / 3.0), pair(SQRT_2, 1.0 / 6.0));
        [a, inner.0, inner.1, outer.0, outer.1, c]
    } else {
        let pair = pair(1.0, 0.5);
        [a.map(|x| -x), pair.0, pair.1, c, [0.0; PANEL], [0.0; PANEL]]
    }
}
