//! From transformed windows to outputs.

use core::ops::Range;

use super::{GROUP, Operands, PoolOp, Winograd};
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
        let (map, step, inputs) =
            (operands.layout.windows, operands.layout.products, operands.layer.channels());
        let tile = operands.layer.tile;
        let panel = tile.kernels() * inputs * PANEL;
        let panels = &panels[operands.phase * tile.kernel_elements() * inputs * PANEL..];
        let own = output.channels();
        let writes_far = output.is_far();
        let mut first = own.start;
        while first < own.end {
            let vectors = simd.shape(usize::MAX, (own.end - first).div_ceil(S::LANES)).0;
            let width = vectors * S::LANES;
            let channels = first..own.end.min(first + width);
            let (floats, weights) = (map.width * map.pitch, &panels[first / PANEL * panel..]);
            let mut line = Line {
                pixels: tiles.len(),
                channels: width,
                vectors,
                input: windows,
                pixel: map.pitch,
                taps: &[Reads::ONE; 2],
                len: inputs,
                weights,
                panel,
                bias: &ZEROS,
                residual: Residual::None,
                limits: Line::OPEN,
                far: false,
                output: Target::new(&mut [], 0, width),
                step: 1,
            };
            for (element, products) in products.chunks_mut(step).take(N * N).enumerate() {
                // While the products keep the processor busy.
                if writes_far {
                    for tile in share::<N>(element, &tiles) {
                        output.square(tile, first).will_write(channels.len());
                    }
                }
                let own = operands.tiles.without(&tiles, operands.unused::<N>(element, G::has));
                if own.is_empty() {
                    continue;
                }
                let skipped = own.start - tiles.start;
                line.input = &windows[element * floats + skipped * map.pitch..];
                line.weights = &weights[tile.kernel_element(element) * inputs * PANEL..];
                line.pixels = own.len();
                line.output = Target::new(&mut products[skipped * width..], line.pixels, width);
                line.compute(simd);
            }
            for (index, tile) in tiles.clone().enumerate() {
                let (products, bias) = (&products[index * width..], &bias[first..]);
                let to = output.square(tile, first);
                if to.is_empty() {
                    continue;
                }
                let outputs = operands.outputs(tile, products, bias, &channels, to);
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

/// The share of a range that belongs to one of the `N`² elements.
#[inline(always)]
fn share<const N: usize>(element: usize, range: &Range<usize>) -> Range<usize> {
    let at = |element: usize| range.start + element * range.len() / (N * N);
    at(element)..at(element + 1)
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
        let Winograd { activation, pool, residual, output: written, .. } = self.layer;
        let residual = Residual::new(*residual, written, |slot| {
            let ([down, across], [y, x]) = (self.tiles.axes(), self.tiles.place(tile));
            let first = [down.first(y), across.first(x)].map(|first| first * self.layer.pooled());
            let at = (first[0] * slot.width + first[1]) * slot.pitch + channels.start;
            let steps = [down.step() * slot.width * slot.pitch, across.step() * slot.pitch];
            (&self.residual[at..], steps)
        });
        Outputs {
            products,
            step: self.layout.products,
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
