//! How the cells of an axis are parted into tiles.

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

#[cfg(test)]
mod tests {
    use std::vec;

    use super::Tiling;

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
}
