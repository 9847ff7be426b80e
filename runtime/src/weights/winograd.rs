use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::pack::Norm;
use super::{Data, PANEL, Panels, padded};

/// Side of the kernels that are transformed.
const SIDE: usize = 3;

/// A square of outputs that Winograd's filtering computes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Outputs along each side.
    pub outputs: usize,
    /// Taps of the kernel along each side: two of a kernel of three where every cell is repeated twice, with another sum
    /// of taps in each phase of the outputs.
    pub taps: usize,
    /// Distance between neighbouring windows, 1 or 2.
    pub stride: usize,
}

impl Tile {
    /// Four outputs a side, under three taps.
    pub const FOUR: Self = Self { outputs: 4, taps: 3, stride: 1 };
    /// Two outputs a side, under three taps.
    pub const TWO: Self = Self { outputs: 2, taps: 3, stride: 1 };
    /// Four outputs a side of one phase, under two taps.
    pub const PHASE: Self = Self { outputs: 4, taps: 2, stride: 1 };
    /// Four outputs a side, under three taps at every second cell.
    pub const STRIDED_FOUR: Self = Self { outputs: 4, taps: 3, stride: 2 };
    /// Two outputs a side, likewise.
    pub const STRIDED_TWO: Self = Self { outputs: 2, taps: 3, stride: 2 };

    /// Elements of a transformed window along each side, as many as it has cells. Of windows at every second cell, the first
    /// and the third tap see other cells than the second: first come elements of the former, as of two taps, then the
    /// latter's cells as they are.
    #[must_use]
    pub const fn side(self) -> usize {
        (self.outputs - 1) * self.stride + self.taps
    }

    /// Elements of a transformed window.
    #[must_use]
    pub const fn elements(self) -> usize {
        self.side() * self.side()
    }

    /// Phases of the outputs along each axis, each with a kernel of its own.
    #[must_use]
    pub const fn phases(self) -> usize {
        if self.taps == 2 { 2 } else { 1 }
    }

    /// Elements of a transformed kernel along each side: fewer than the window's where a tap is multiplied with several.
    #[must_use]
    pub const fn kernel_side(self) -> usize {
        if self.stride == 2 { self.outputs + 2 } else { self.side() }
    }

    /// Elements of a transformed kernel.
    #[must_use]
    pub const fn kernel_elements(self) -> usize {
        self.kernel_side() * self.kernel_side()
    }

    /// Elements of the transformed kernels of all phases.
    #[must_use]
    pub const fn kernels(self) -> usize {
        self.phases() * self.phases() * self.kernel_elements()
    }

    /// The kernel's element that an element of the window is multiplied with.
    #[must_use]
    #[inline(always)]
    pub const fn kernel_element(self, element: usize) -> usize {
        if self.stride == 1 {
            return element;
        }
        let (row, column, last) = (element / self.side(), element % self.side(), self.kernel_side() - 1);
        let row = if row < last { row } else { last };
        let column = if column < last { column } else { last };
        row * self.kernel_side() + column
    }
}

/// Elements of the largest transformed kernel along a side.
const MOST: usize = 6;

/// A value for each output channel of a panel.
type Lanes = [f64; PANEL];

/// Hands the elements of `G g Gᵀ` to `put`, row by row.
#[inline(always)]
pub(crate) fn kernel_in_tiles(
    tile: Tile,
    taps: [[Lanes; SIDE]; SIDE],
    mut put: impl FnMut(usize, [f32; PANEL]),
) {
    let elements = tile.kernel_side();
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
    tile: Tile,
    read: impl Fn(usize) -> f32,
    tensors: &[Data<'_>],
    packed: &mut [f32],
) {
    let (biases, weights) = packed.split_at_mut(padded(kernel.outputs));
    let panels = weights.chunks_exact_mut(tile.kernels() * kernel.inputs * PANEL);
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
            let input_of_all = kernel.first() + input;
            let before = Norm::of(kernel.before.as_ref(), tensors, input_of_all);
            let mut taps = [[[0.0; PANEL]; SIDE]; SIDE];
            for (row, taps) in taps.iter_mut().enumerate() {
                for (column, tap) in taps.iter_mut().enumerate() {
                    let strides = &kernel.strides;
                    let corner = first * strides.output
                        + input_of_all * strides.input
                        + row * strides.row
                        + column * strides.column;
                    for lane in 0..lanes {
                        let weight = f64::from(read(corner + lane * strides.output));
                        shift[lane] += weight * before.shift;
                        tap[lane] = weight * before.scale * after[lane].scale;
                    }
                }
            }
            for (phase, taps) in phases(tile, taps).enumerate() {
                let first = phase * tile.kernel_elements();
                kernel_in_tiles(tile, taps, |element, lanes| {
                    cells[(first + element) * kernel.inputs + input] = lanes;
                });
            }
        }
        bias.fill(0.0);
        for (lane, value) in bias[..lanes].iter_mut().enumerate() {
            *value = kernel.bias(tensors, first + lane, &after[lane], shift[lane]);
        }
    }
}

/// The kernels that a tile of each phase is multiplied with. Where cells are repeated twice, a window that starts with a
/// repeated one sees it under the sum of its first two taps, another its last cell under that of the last two.
fn phases(tile: Tile, taps: [[Lanes; SIDE]; SIDE]) -> impl Iterator<Item = [[Lanes; SIDE]; SIDE]> {
    let along = move |phase: usize, [a, b, c]: [Lanes; SIDE]| -> [Lanes; SIDE] {
        let sum = |x: Lanes, y: Lanes| core::array::from_fn(|lane| x[lane] + y[lane]);
        match (tile.taps, phase) {
            (2, 0) => [sum(a, b), c, [0.0; PANEL]],
            (2, _) => [a, sum(b, c), [0.0; PANEL]],
            _ => [a, b, c],
        }
    };
    let side = tile.phases();
    (0..side * side).map(move |phase| {
        let across = taps.map(|row| along(phase % side, row));
        let column = |at: usize| along(phase / side, across.map(|row| row[at]));
        let columns: [[Lanes; SIDE]; SIDE] = core::array::from_fn(column);
        core::array::from_fn(|row| columns.map(|column| column[row]))
    })
}

/// The taps of `Gᵀ u G`: what the gradient of a transformed kernel is for the kernel itself. `read` gives the elements.
#[inline(always)]
pub(crate) fn kernel_of_tiles(
    tile: Tile,
    read: impl Fn(usize) -> [f32; PANEL],
) -> [[[f32; PANEL]; SIDE]; SIDE] {
    let elements = tile.side();
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
fn restored(tile: Tile, u: [Lanes; MOST]) -> [Lanes; SIDE] {
    let points: &[(f64, f64)] =
        if tile == Tile::FOUR { &[(FRAC_1_SQRT_2, -2.0 / 3.0), (SQRT_2, 1.0 / 6.0)] } else { &[(1.0, 0.5)] };
    let first = if tile == Tile::FOUR { 1.0 } else { -1.0 };
    let mut taps = [u[0].map(|x| first * x), [0.0; PANEL], u[tile.side() - 1]];
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
fn transformed(tile: Tile, [a, b, c]: [Lanes; SIDE]) -> [Lanes; MOST] {
    let lanes = |f: &dyn Fn(usize) -> f64| -> Lanes { core::array::from_fn(f) };
    // The rows of two points ±p: (1, ±p, p²) · scale.
    let pair = |point: f64, scale: f64| {
        let (even, odd): (Lanes, Lanes) =
            (lanes(&|i| scale * (a[i] + point * point * c[i])), lanes(&|i| scale * point * b[i]));
        (lanes(&|i| even[i] + odd[i]), lanes(&|i| even[i] - odd[i]))
    };
    match tile {
        Tile::FOUR => {
            let (inner, outer) = (pair(FRAC_1_SQRT_2, -2.0 / 3.0), pair(SQRT_2, 1.0 / 6.0));
            [a, inner.0, inner.1, outer.0, outer.1, c]
        }
        Tile::TWO => {
            let pair = pair(1.0, 0.5);
            [a.map(|x| -x), pair.0, pair.1, c, [0.0; PANEL], [0.0; PANEL]]
        }
        Tile::PHASE => of_four_under_two(a, b, [0.0; PANEL]),
        Tile::STRIDED_FOUR => of_four_under_two(a, c, b),
        // The points ±1: M′(±1) = ±2.
        _ => {
            let (plus, minus) = (lanes(&|i| 0.5 * (a[i] + c[i])), lanes(&|i| 0.5 * (c[i] - a[i])));
            [plus, minus, c, b, [0.0; PANEL], [0.0; PANEL]]
        }
    }
}

/// `G g` of two taps for four outputs, and another element: the points ±½ and ±5/4, with M′(±½) = ∓21/16 and
/// M′(±5/4) = ±105/32.
fn of_four_under_two(first: Lanes, second: Lanes, last: Lanes) -> [Lanes; MOST] {
    let at = |point: f64, scale: f64| -> Lanes {
        core::array::from_fn(|lane| scale * (first[lane] + point * second[lane]))
    };
    let [inner, outer] = [16.0 / 21.0, 32.0 / 105.0];
    [at(0.5, -inner), at(-0.5, inner), at(1.25, outer), at(-1.25, -outer), second, last]
}
