//! From transformed windows to outputs.

use core::ops::Range;

use super::{GROUP, Operands, PoolOp, Winograd, product_step};
use crate::simd::{
    Blocks, Cells, F2, F4, Join, Line, Outputs, Phase, Reads, Residual, Scheme, ShortFour, Simd, Square,
    StridedFour, StridedTwo, Target, WithSimd,
};
use crate::slot::Slot;
use crate::weights::{PANEL, Tile, padded};

/// No bias: the output transform adds it.
const ZEROS: [f32; GROUP] = [0.0; GROUP];

impl Operands<'_> {
    /// Computes some channels of the outputs of these tiles from their transformed windows.
    pub(super) fn multiply(
        &self,
        windows: &[f32],
        products: &mut [f32],
        tiles: Range<usize>,
        output: &mut Cells<'_>,
    ) {
        let Winograd { activation, output: Slot { channels: outputs, pitch, .. }, .. } = self.layer;
        let (bias, panels) = self.weights[self.layer.weights..].split_at(padded(*outputs));
        let channels = output.channels();
        self.level.dispatch(Multiply {
            operands: self,
            windows,
            products,
            tiles: tiles.clone(),
            output: &mut *output,
            bias,
            panels,
        });
        if activation.limits().is_none() {
            output.runs(tiles, |run| {
                activation.apply(self.level, self.weights, run, channels.clone(), *pitch);
            });
        }
    }
}

/// Transformed windows to multiply, and products to transform back.
struct Multiply<'a, 'o> {
    operands: &'a Operands<'a>,
    windows: &'a [f32],
    products: &'a mut [f32],
    tiles: Range<usize>,
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    panels: &'a [f32],
}

impl WithSimd for Multiply<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.operands.layer.tile {
            Tile::Four => self.compute::<S, F4, ShortFour, 6, 4, 2>(simd),
            Tile::Two => self.compute::<S, F2, F2, 4, 2, 2>(simd),
            Tile::Phase => self.compute::<S, Phase, Phase, 5, 4, 4>(simd),
            Tile::StridedFour => self.compute::<S, StridedFour, StridedFour, 9, 4, 4>(simd),
            Tile::StridedTwo => self.compute::<S, StridedTwo, StridedTwo, 5, 2, 2>(simd),
            Tile::Blocks => self.compute::<S, Blocks, Blocks, 6, 3, 3>(simd),
        }
    }
}

impl Multiply<'_, '_> {
    /// By `F`, and `G` along a side of a tile that is short.
    #[inline(always)]
    fn compute<S: Simd, F: Scheme<N, T>, G: Scheme<N, U>, const N: usize, const T: usize, const U: usize>(
        self,
        simd: S,
    ) {
        let Self { operands, windows, products, tiles, output, bias, panels } = self;
        let (layer, map) = (operands.layer, operands.windows);
        let (tile, inputs) = (layer.tile, layer.channels());
        // Floats of an element's kernels, and of all, in a panel.
        let (kernel, panel) = (inputs * PANEL, tile.kernels() * inputs * PANEL);
        let panels = &panels[operands.phase * tile.kernel_elements() * kernel..];
        let weights = |[element, first]: [usize; 2]| {
            panels.get(first / PANEL * panel + tile.kernel_element(element) * kernel..)
        };
        let own = output.channels();
        // The channels that a register tile takes from one on; products of these follow those of the ones before.
        let group = |first: usize| simd.shape(usize::MAX, (own.end - first).div_ceil(S::LANES)).0 * S::LANES;
        let at = |first: usize| (first - own.start) * tiles.len();
        // Element by element, whose windows stay near while they are multiplied for one group after another.
        let step = product_step(layer.block, layer.output.channels);
        for (element, products) in products.chunks_mut(step).take(N * N).enumerate() {
            let used = operands.tiles.without(&tiles, operands.unused::<N>(element, G::has));
            if used.is_empty() {
                continue;
            }
            let skipped = used.start - tiles.start;
            let windows = &windows[element * map.width * map.pitch + skipped * map.pitch..];
            let mut first = own.start;
            while first < own.end {
                let width = group(first);
                let end = first + width;
                let next = if end < own.end { [element, end] } else { [element + 1, own.start] };
                Line {
                    pixels: used.len(),
                    channels: width,
                    vectors: width / S::LANES,
                    input: windows,
                    pixel: map.pitch,
                    taps: &[Reads::ONE; 2],
                    len: inputs,
                    weights: weights([element, first]).unwrap_or(&[]),
                    panel,
                    next: weights(next),
                    bias: &ZEROS,
                    residual: Residual::None,
                    limits: Line::OPEN,
                    far: false,
                    output: Target::new(&mut products[at(first) + skipped * width..], used.len(), width),
                    step: 1,
                }
                .compute(simd);
                first = end;
            }
        }
        let far = output.is_far();
        let mut first = own.start;
        while first < own.end {
            let width = group(first);
            let (products, bias) = (&products[at(first)..], &bias[first..]);
            let channels = first..own.end.min(first + width);
            for (index, tile) in tiles.clone().enumerate() {
                if far && tile + 1 < tiles.end {
                    output.square(tile + 1, first).will_write(channels.len());
                }
                let to = output.square(tile, first);
                if to.is_empty() {
                    continue;
                }
                let outputs = operands.outputs(tile, &products[index * width..], bias, &channels, to);
                match operands.is_short(tile) {
                    [false, false] => outputs.compute::<S, F, F, N, T, T>(simd),
                    [true, false] => outputs.compute::<S, G, F, N, U, T>(simd),
                    [false, true] => outputs.compute::<S, F, G, N, T, U>(simd),
                    [true, true] => outputs.compute::<S, G, G, N, U, U>(simd),
                }
            }
            first += width;
        }
    }
}

impl Operands<'_> {
    /// Whether the tiles of the last rows, and of the last columns, lack what this element adds to: the last of a row or
    /// a column adds to the last output alone; a short side has fewer.
    #[inline(always)]
    fn unused<const N: usize>(&self, element: usize, has: impl Fn(usize) -> bool) -> [bool; 2] {
        let is_unused = |short: bool, at: usize| if short { !has(at) } else { at == N - 1 };
        [is_unused(self.short[0], element / N), is_unused(self.short[1], element % N)]
    }

    /// Some channels of the outputs of a tile.
    #[inline(always)]
    fn outputs<'o>(
        &'o self,
        tile: usize,
        products: &'o [f32],
        bias: &'o [f32],
        channels: &Range<usize>,
        output: Square<'o>,
    ) -> Outputs<'o> {
        let Winograd { activation, pool, residual, output: written, block, .. } = self.layer;
        let residual = Residual::new(*residual, written, |slot| {
            let ([down, across], [y, x]) = (self.tiles.axes(), self.tiles.place(tile));
            let first = [down.first(y), across.first(x)].map(|first| first * self.layer.pooled());
            let at = (first[0] * slot.width + first[1]) * slot.pitch + channels.start;
            let steps = [down.step() * slot.width * slot.pitch, across.step() * slot.pitch];
            (&self.residual[at..], steps)
        });
        Outputs {
            products,
            step: product_step(*block, written.channels),
            bias,
            residual,
            limits: activation.limits().unwrap_or(Line::OPEN),
            join: match pool {
                None => Join::None,
                Some(PoolOp::Max) => Join::Max,
                Some(PoolOp::Average | PoolOp::AverageWithPadding) => Join::Mean,
            },
            channels: channels.len(),
            output,
        }
    }
}
