use core::array::from_fn;
use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::pack::Norm;
use super::{Data, PANEL, Panels, padded};

/// Side of the kernels that are transformed.
const SIDE: usize = 3;

/// A square of outputs that Winograd's filtering computes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// Four outputs a side, of a 3 × 3 kernel.
    Four,
    /// Two outputs a side, likewise.
    Two,
    /// Four outputs a side, of a 3 × 3 kernel at every second cell. The first and the third tap see other cells than the
    /// second: a window has elements of the former, as of two taps, then the latter's cells as they are.
    StridedFour,
    /// Two outputs a side, likewise.
    StridedTwo,
    /// Four outputs a side of one phase of a 3 × 3 kernel on a map whose cells are all repeated twice along both sides: each
    /// phase has a kernel of 2 × 2 sums of taps.
    Phase,
    /// Three outputs a side, of a kernel of up to 8 × 8 taps at every second cell of a map with few channels: every 2 × 2
    /// cells are one with four times the channels, and the kernel has 4 × 4 taps.
    Blocks,
}

impl Tile {
    /// Most channels of a map whose cells are taken together, so that those of four fill a vector.
    pub const BLOCK_CHANNELS: usize = PANEL / 4;
    /// Most taps along each side of the kernel of such a map.
    pub const BLOCK_TAPS: usize = 2 * BLOCKS;

    /// Outputs along each side.
    #[must_use]
    pub const fn outputs(self) -> usize {
        match self {
            Self::Four | Self::StridedFour | Self::Phase => 4,
            Self::Blocks => 3,
            Self::Two | Self::StridedTwo => 2,
        }
    }

    /// Distance between neighbouring windows.
    #[must_use]
    pub const fn stride(self) -> usize {
        match self {
            Self::StridedFour | Self::StridedTwo | Self::Blocks => 2,
            Self::Four | Self::Two | Self::Phase => 1,
        }
    }

    /// Elements of a transformed window along each side, as many as it has cells.
    #[must_use]
    pub const fn side(self) -> usize {
        match self {
            Self::StridedFour => 9,
            Self::Four | Self::Blocks => 6,
            Self::StridedTwo | Self::Phase => 5,
            Self::Two => 4,
        }
    }

    /// Elements of a transformed window.
    #[must_use]
    pub const fn elements(self) -> usize {
        self.side() * self.side()
    }

    /// Channels of a transformed window, of a map with so many.
    #[must_use]
    pub const fn channels(self, channels: usize) -> usize {
        if matches!(self, Self::Blocks) { 4 * channels } else { channels }
    }

    /// Phases of the outputs along each axis, each with a kernel of its own.
    #[must_use]
    pub const fn phases(self) -> usize {
        if matches!(self, Self::Phase) { 2 } else { 1 }
    }

    /// Elements of a transformed kernel along each side: fewer than the window's where a tap is multiplied with several.
    #[must_use]
    pub const fn kernel_side(self) -> usize {
        match self {
            Self::StridedFour | Self::StridedTwo => self.outputs() + 2,
            Self::Four | Self::Two | Self::Phase | Self::Blocks => self.side(),
        }
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
        if self.kernel_side() == self.side() {
            return element;
        }
        let (row, column, last) = (element / self.side(), element % self.side(), self.kernel_side() - 1);
        let row = if row < last { row } else { last };
        let column = if column < last { column } else { last };
        row * self.kernel_side() + column
    }
}

/// Taps a side of a kernel over cells that are taken together.
const BLOCKS: usize = 4;

/// Elements of the largest transformed kernel along a side.
const MOST: usize = 6;

/// A value for each output channel of a panel.
type Lanes = [f64; PANEL];

/// Hands the elements of `G g Gᵀ` of a 3 × 3 kernel to `put`, row by row.
#[inline(always)]
pub(crate) fn kernel_in_tiles(tile: Tile, taps: [[Lanes; SIDE]; SIDE], put: impl FnMut(usize, [f32; PANEL])) {
    in_tiles(tile.kernel_side(), taps, |taps| transformed(tile, taps), put);
}

/// As [`kernel_in_tiles`], of a kernel with so many taps and elements a side; `transformed` multiplies by `G`.
#[inline(always)]
fn in_tiles<const TAPS: usize>(
    elements: usize,
    taps: [[Lanes; TAPS]; TAPS],
    transformed: impl Fn([Lanes; TAPS]) -> [Lanes; MOST],
    mut put: impl FnMut(usize, [f32; PANEL]),
) {
    // Along the columns of each row, then along the rows of each column.
    let across = taps.map(&transformed);
    for column in 0..elements {
        let down = transformed(across.each_ref().map(|row| row[column]));
        for (row, lanes) in down[..elements].iter().enumerate() {
            put(row * elements + column, lanes.map(|x| x as f32));
        }
    }
}

/// Fills biases and panels with `G g Gᵀ` of every kernel; what `G` is, the SIMD side of the transforms says.
pub(super) fn winograd(
    kernel: &Panels<'_>,
    tile: Tile,
    read: impl Fn(usize) -> f32,
    tensors: &[Data<'_>],
    packed: &mut [f32],
) {
    let (biases, weights) = packed.split_at_mut(padded(kernel.outputs));
    let channels = tile.channels(kernel.inputs);
    let panels = weights.chunks_exact_mut(tile.kernels() * channels * PANEL);
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
            // A tap of the kernel, each of which is read once; there is none past its sides.
            let mut tap = |row: usize, column: usize| -> Lanes {
                let mut tap = [0.0; PANEL];
                if row >= kernel.kernel[0] || column >= kernel.kernel[1] {
                    return tap;
                }
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
                tap
            };
            let mut put = |channel: usize, first: usize, element: usize, lanes: [f32; PANEL]| {
                cells[(first + element) * channels + channel] = lanes;
            };
            if tile == Tile::Blocks {
                for cell in 0..4 {
                    let (down, across) = (cell / 2, cell % 2);
                    let taps: [[Lanes; BLOCKS]; BLOCKS] =
                        from_fn(|row| from_fn(|column| tap(2 * row + down, 2 * column + across)));
                    let channel = cell * kernel.inputs + input;
                    let put = |element, lanes| put(channel, 0, element, lanes);
                    in_tiles(tile.kernel_side(), taps, of_three_under_four, put);
                }
                continue;
            }
            let taps = from_fn(|row| from_fn(|column| tap(row, column)));
            for (phase, taps) in phases(tile, taps).enumerate() {
                let first = phase * tile.kernel_elements();
                kernel_in_tiles(tile, taps, |element, lanes| put(input, first, element, lanes));
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
        let sum = |x: Lanes, y: Lanes| from_fn(|lane| x[lane] + y[lane]);
        match (tile, phase) {
            (Tile::Phase, 0) => [sum(a, b), c, [0.0; PANEL]],
            (Tile::Phase, _) => [a, sum(b, c), [0.0; PANEL]],
            _ => [a, b, c],
        }
    };
    let side = tile.phases();
    (0..side * side).map(move |phase| {
        let across = taps.map(|row| along(phase % side, row));
        let column = |at: usize| along(phase / side, across.map(|row| row[at]));
        let columns: [[Lanes; SIDE]; SIDE] = from_fn(column);
        from_fn(|row| columns.map(|column| column[row]))
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
    let across: [[Lanes; SIDE]; MOST] = from_fn(|row| restored(tile, from_fn(|column| element(row, column))));
    let columns: [[Lanes; SIDE]; SIDE] =
        from_fn(|column| restored(tile, across.each_ref().map(|row| row[column])));
    from_fn(|row| from_fn(|column| columns[column][row].map(|x| x as f32)))
}

/// `Gᵀ u`.
#[inline(always)]
fn restored(tile: Tile, u: [Lanes; MOST]) -> [Lanes; SIDE] {
    let points: &[(f64, f64)] =
        if tile == Tile::Four { &[(FRAC_1_SQRT_2, -2.0 / 3.0), (SQRT_2, 1.0 / 6.0)] } else { &[(1.0, 0.5)] };
    let first = if tile == Tile::Four { 1.0 } else { -1.0 };
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
    let lanes = |f: &dyn Fn(usize) -> f64| -> Lanes { from_fn(f) };
    // The rows of two points ±p: (1, ±p, p²) · scale.
    let pair = |point: f64, scale: f64| {
        let (even, odd): (Lanes, Lanes) =
            (lanes(&|i| scale * (a[i] + point * point * c[i])), lanes(&|i| scale * point * b[i]));
        (lanes(&|i| even[i] + odd[i]), lanes(&|i| even[i] - odd[i]))
    };
    match tile {
        Tile::Four => {
            let (inner, outer) = (pair(FRAC_1_SQRT_2, -2.0 / 3.0), pair(SQRT_2, 1.0 / 6.0));
            [a, inner.0, inner.1, outer.0, outer.1, c]
        }
        Tile::Two => {
            let pair = pair(1.0, 0.5);
            [a.map(|x| -x), pair.0, pair.1, c, [0.0; PANEL], [0.0; PANEL]]
        }
        Tile::Phase => of_four_under_two(a, b, [0.0; PANEL]),
        Tile::StridedFour => of_four_under_two(a, c, b),
        // The points ±1: M′(±1) = ±2.
        _ => {
            let (plus, minus) = (lanes(&|i| 0.5 * (a[i] + c[i])), lanes(&|i| 0.5 * (c[i] - a[i])));
            [plus, minus, c, b, [0.0; PANEL], [0.0; PANEL]]
        }
    }
}

/// `G g` of four taps for three outputs: the points 0, ±√½, ±√2.
fn of_three_under_four([a, b, c, d]: [Lanes; BLOCKS]) -> [Lanes; MOST] {
    let at = |point: f64, scale: f64| -> Lanes {
        let square = point * point;
        from_fn(|lane| scale * (a[lane] + square * c[lane] + point * (b[lane] + square * d[lane])))
    };
    let [inner, outer] = [-2.0 / 3.0, 1.0 / 6.0];
    let (near, far) = (FRAC_1_SQRT_2, SQRT_2);
    [a, at(near, inner), at(-near, inner), at(far, outer), at(-far, outer), d]
}

/// `G g` of two taps for four outputs, and another element: the points ±½ and ±5/4, with M′(±½) = ∓21/16 and
/// M′(±5/4) = ±105/32.
fn of_four_under_two(first: Lanes, second: Lanes, last: Lanes) -> [Lanes; MOST] {
    let at =
        |point: f64, scale: f64| -> Lanes { from_fn(|lane| scale * (first[lane] + point * second[lane])) };
    let [inner, outer] = [16.0 / 21.0, 32.0 / 105.0];
    [at(0.5, -inner), at(-0.5, inner), at(1.25, outer), at(-1.25, -outer), second, last]
}
