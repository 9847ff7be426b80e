//! How the cells of an axis, and of a map, are parted into tiles.

use core::ops::Range;

/// Tiles of neighbouring cells. The outputs of a dilated convolution are neighbours at the distance of its taps: they see
/// a grid of input cells of their own, so that each of those grids has its own tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// Cells in all.
    cells: usize,
    /// Cells of a tile.
    side: usize,
    /// From a cell to its neighbour.
    step: usize,
    /// The first cell of the first grid, and how many grids there are.
    grids: [usize; 2],
}

impl Tiling {
    /// The tiles of all grids.
    pub(crate) const fn new(cells: usize, side: usize, step: usize) -> Self {
        Self { cells, side, step, grids: [0, if step < cells { step } else { cells }] }
    }

    /// The tiles of the grid of this cell alone, one of the first `step`.
    pub(crate) const fn of_grid(cells: usize, side: usize, step: usize, first: usize) -> Self {
        Self { cells, side, step, grids: [first, 1] }
    }

    /// Cells in all.
    pub(super) const fn cells(&self) -> usize {
        self.cells
    }

    /// Number of tiles; those of all grids at one place follow each other.
    pub(crate) const fn count(&self) -> usize {
        // Most are single, and divisions would show in small layers.
        if self.is_single() {
            return self.cells;
        }
        let [first, grids] = self.grids;
        grids * self.cells.saturating_sub(first).div_ceil(self.step).div_ceil(self.side)
    }

    /// From a cell of a tile to its neighbour.
    pub(crate) const fn step(&self) -> usize {
        self.step
    }

    /// Whether each cell is a tile, and its own index.
    pub(super) const fn is_single(&self) -> bool {
        self.side == 1 && self.step == 1
    }

    /// Tiles of all places up to the last at which one has all of its cells.
    pub(crate) const fn whole(&self) -> usize {
        let [first, grids] = self.grids;
        // The first grid has the most cells.
        grids * (self.cells.saturating_sub(first).div_ceil(self.step) / self.side)
    }

    /// The first cell of a tile, which may lie past the last one where a grid is smaller than others.
    #[inline(always)]
    pub(crate) const fn first(&self, tile: usize) -> usize {
        if self.step == 1 {
            return tile * self.side;
        }
        let [first, grids] = self.grids;
        tile / grids * self.side * self.step + tile % grids + first
    }

    /// Cells of a tile.
    #[inline(always)]
    pub(crate) const fn size(&self, tile: usize) -> usize {
        let left = self.cells.saturating_sub(self.first(tile));
        let size = if self.step == 1 { left } else { left.div_ceil(self.step) };
        if size < self.side { size } else { self.side }
    }
}

/// The tiles of a map, in numbers such that those which lack outputs follow each other.
///
/// Where the last rows and columns of tiles are not whole, first come those of the last rows alone, then those of neither,
/// then those of the last columns alone, then those of both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiles {
    /// Along rows and columns.
    axes: [Tiling; 2],
    /// Number of tiles.
    count: usize,
    /// First of those that are among neither the last rows nor the last columns, of those among the last columns alone, and
    /// of those among both.
    firsts: [usize; 3],
    /// Columns before the last ones, and those.
    widths: [usize; 2],
    /// The first of the last rows.
    last_row: usize,
}

impl Tiles {
    /// Row after row.
    #[inline(always)]
    pub(crate) const fn in_rows(axes: [Tiling; 2]) -> Self {
        Self::apart(axes, [axes[0].count(), axes[1].count()])
    }

    /// With the last rows and columns apart if they are not whole.
    pub(crate) const fn with_edges_apart(axes: [Tiling; 2]) -> Self {
        Self::apart(axes, [axes[0].whole(), axes[1].whole()])
    }

    /// With all but the first rows and columns apart.
    #[inline(always)]
    const fn apart(axes: [Tiling; 2], [last_row, width]: [usize; 2]) -> Self {
        let [rows, columns] = [axes[0].count(), axes[1].count()];
        Self {
            axes,
            count: rows * columns,
            firsts: [(rows - last_row) * width, rows * width, rows * width + last_row * (columns - width)],
            widths: [width, columns - width],
            last_row,
        }
    }

    /// Along rows and columns.
    #[inline(always)]
    pub(crate) const fn axes(&self) -> &[Tiling; 2] {
        &self.axes
    }

    /// Number of tiles.
    #[inline(always)]
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// A tile's index along rows and columns.
    #[inline(always)]
    pub(crate) const fn place(&self, tile: usize) -> [usize; 2] {
        let [inner, right, corner] = self.firsts;
        let [first, row, is_right] = if tile >= corner {
            [corner, self.last_row, 1]
        } else if tile >= right {
            [right, 0, 1]
        } else if tile >= inner {
            [inner, 0, 0]
        } else {
            [0, self.last_row, 0]
        };
        let (tile, width) = (tile - first, self.widths[is_right]);
        [row + tile / width, is_right * self.widths[0] + tile % width]
    }

    /// Whether a tile is among the last rows that are set apart, and among the last columns.
    #[inline(always)]
    pub(crate) const fn edges(&self, tile: usize) -> [bool; 2] {
        let [inner, right, corner] = self.firsts;
        [tile < inner || tile >= corner, tile >= right]
    }

    /// Those of a range that are not among the last rows, or not among the last columns.
    #[inline(always)]
    pub(crate) fn without(&self, tiles: &Range<usize>, [rows, columns]: [bool; 2]) -> Range<usize> {
        let [inner, right, corner] = self.firsts;
        let (first, end) = match [rows, columns] {
            [false, false] => (0, self.count),
            [true, false] => (inner, corner),
            [false, true] => (0, right),
            [true, true] => (inner, right),
        };
        let first = first.max(tiles.start);
        first..end.min(tiles.end).max(first)
    }
}

/// How pixels are split into tiles of nearly equal size: first come those of one pixel more, then the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Pixels of the smaller ones.
    size: usize,
    /// The pixel after the larger ones.
    larger: usize,
    /// The pixel after all.
    end: usize,
}

impl Shares {
    /// These pixels in tiles of at most `most`.
    #[inline(always)]
    pub(super) fn new(pixels: &Range<usize>, most: usize) -> Self {
        let (count, end) = (pixels.len(), pixels.end);
        // Divisions show in small layers.
        if count <= most {
            return Self { size: count, larger: pixels.start, end };
        }
        let tiles = count.div_ceil(most);
        let size = count / tiles;
        Self { size, larger: pixels.start + (count - tiles * size) * (size + 1), end }
    }

    /// The size of the tile that starts at this pixel, and the pixel after the last tile of this size.
    #[inline(always)]
    pub(super) fn from(self, first: usize) -> (usize, usize) {
        if first < self.larger { (self.size + 1, self.larger) } else { (self.size, self.end) }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::{Shares, Tiles, Tiling};

    #[test]
    fn every_tile_has_its_place() {
        for case in 0..2000 {
            let axis = |case: usize| Tiling::new(case % 13 + 1, 4, case / 13 % 3 + 1);
            let axes = [axis(case), axis(case / 40)];
            let ([rows, columns], whole) = (axes.map(|axis| axis.count()), axes.map(|axis| axis.whole()));
            let apart = Tiles::with_edges_apart(axes);
            assert_eq!(apart.count(), rows * columns);
            let mut found = vec![0; apart.count()];
            for tile in 0..apart.count() {
                let [y, x] = apart.place(tile);
                found[y * columns + x] += 1;
                let edges = [y >= whole[0], x >= whole[1]];
                assert_eq!(apart.edges(tile), edges, "{tile} of {apart:?}");
                for which in [[true, false], [false, true], [true; 2], [false; 2]] {
                    let is_out = which[0] && edges[0] || which[1] && edges[1];
                    let of = |tiles| apart.without(&tiles, which).contains(&tile);
                    assert_eq!(of(0..apart.count()), !is_out, "{tile} of {apart:?}");
                    assert_eq!(of(tile..tile + 1), !is_out, "{tile} of {apart:?}");
                    assert!(!of(0..tile) && !of(tile + 1..apart.count()), "{tile} of {apart:?}");
                }
                assert_eq!(Tiles::in_rows(axes).place(tile), [tile / columns, tile % columns]);
            }
            assert_eq!(found, vec![1; rows * columns], "{apart:?}");
        }
    }

    #[test]
    fn every_cell_is_in_one_tile() {
        for (cells, side, step) in
            (0..4000).map(|case| (case % 23 + 1, case / 23 % 5 + 1, case / 115 % 9 + 1))
        {
            let tiling = Tiling::new(cells, side, step);
            let mut found = vec![0; cells];
            for tile in 0..tiling.count() {
                for index in 0..tiling.size(tile) {
                    found[tiling.first(tile) + index * step] += 1;
                }
            }
            assert_eq!(found, vec![1; cells], "{tiling:?}");
            let mut after = tiling.whole()..tiling.count();
            assert!(after.all(|tile| tiling.size(tile) < side), "{tiling:?}");
            let place = tiling.whole().checked_sub(step.min(cells));
            assert!(place.is_none_or(|tile| tiling.size(tile) == side), "{tiling:?}");
            for first in 0..step {
                let tiling = Tiling::of_grid(cells, side, step, first);
                let own = (0..tiling.count()).flat_map(|tile| {
                    (0..tiling.size(tile)).map(move |index| tiling.first(tile) + index * step)
                });
                assert!(own.eq((first..cells).step_by(step)), "{tiling:?}");
            }
        }
    }

    #[test]
    fn every_pixel_is_in_one_tile() {
        for (start, count, most) in (0..4000).map(|case| (case % 7, case / 7 % 41, case / 287 % 14 + 1)) {
            let pixels = start..start + count;
            let (shares, least) = (Shares::new(&pixels, most), count.div_ceil(most));
            let (mut first, mut tiles) = (start, 0);
            while first < pixels.end {
                let (size, end) = shares.from(first);
                assert!(size <= most && [0, 1].contains(&(size - count / least)), "{shares:?}");
                assert!((end - first).is_multiple_of(size) && end > first, "{shares:?}");
                tiles += (end - first) / size;
                first = end;
            }
            assert_eq!((first, tiles), (pixels.end, least), "{shares:?}");
        }
    }
}
