//! From the cells that are read to transformed windows.

use core::array::from_fn;
use core::ops::Range;

use super::Operands;
use super::blocks::{self, SIDE};
use crate::simd::{
    Along, Blocks, Cells, F2, F4, FAR, Phase, ShortFour, Simd, StridedFour, StridedTwo, Window, WithSimd,
};
use crate::weights::{PANEL, Tile};

impl Operands<'_> {
    /// Transforms some channels of the windows of these tiles.
    pub(super) fn transform(&self, tiles: Range<usize>, windows: &mut Cells<'_>) {
        self.level.dispatch(Transform { operands: self, tiles, windows });
    }
}

/// Windows to transform.
struct Transform<'a, 'o> {
    operands: &'a Operands<'a>,
    tiles: Range<usize>,
    windows: &'a mut Cells<'o>,
}

impl WithSimd for Transform<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.operands.layer.tile {
            Tile::Four => self.compute::<S, F4, ShortFour, 6>(simd),
            Tile::Two => self.compute::<S, F2, F2, 4>(simd),
            Tile::Phase => self.compute::<S, Phase, Phase, 5>(simd),
            Tile::StridedFour => self.compute::<S, StridedFour, StridedFour, 9>(simd),
            Tile::StridedTwo => self.compute::<S, StridedTwo, StridedTwo, 5>(simd),
            Tile::Blocks => self.blocks(simd),
        }
    }
}

impl Transform<'_, '_> {
    #[inline(always)]
    fn blocks<S: Simd>(self, simd: S) {
        let Self { operands, tiles, windows } = self;
        let rows = from_fn(|row| Some(row * SIDE * PANEL));
        let columns = from_fn(|column| Some(column * PANEL));
        let mut cells = blocks::NONE;
        for (index, tile) in tiles.enumerate() {
            operands.take_together(tile, &mut cells);
            let (output, step) = (windows.from(index, 0), operands.windows.width);
            let (input, channels, ahead) = (cells.as_flattened(), PANEL, None);
            Window { input, rows, columns, channels, output, step, ahead }
                .compute::<S, Blocks, Blocks, SIDE>(simd);
        }
    }

    /// By `F`, and `G` along a side of a tile that is short.
    #[inline(always)]
    fn compute<S: Simd, F: Along<N, N>, G: Along<N, N>, const N: usize>(self, simd: S) {
        let Self { operands, tiles, windows } = self;
        let own = windows.channels();
        for (source, input, first) in operands.sources() {
            // One source's channels after the other's.
            let own = own.start.max(first)..own.end.min(first + source.slot.channels);
            if own.is_empty() {
                continue;
            }
            let input = &input[own.start - first..];
            let ahead = (source.slot.span() > FAR)
                .then_some(operands.layer.tile.outputs() * operands.layer.tile.stride());
            for (index, tile) in tiles.clone().enumerate() {
                let [rows, columns] = operands.window::<N>(tile, source);
                let (output, step) = (windows.from(index, own.start), operands.windows.width);
                let channels = own.len();
                let window = Window { input, rows, columns, channels, output, step, ahead };
                match operands.is_short(tile) {
                    [false, false] => window.compute::<S, F, F, N>(simd),
                    [true, false] => window.compute::<S, G, F, N>(simd),
                    [false, true] => window.compute::<S, F, G, N>(simd),
                    [true, true] => window.compute::<S, G, G, N>(simd),
                }
            }
        }
    }
}
