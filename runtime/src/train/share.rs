//! Work on a slice, piece by piece, shared by a team.

use crate::simd::{Grid, Parts};
use crate::slot::Slot;
use crate::team::Team;
use crate::weights::PANEL;

/// Most parts that the pieces are handed out in.
const PARTS: usize = 16;

/// Calls `write` once with each piece of so many floats, and its index.
///
/// # Panics
/// If the floats are not whole pieces.
pub(super) fn each_piece(
    team: &Team,
    floats: &mut [f32],
    piece: usize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) {
    let count = floats.len() / piece;
    assert!(floats.len() == count * piece, "a piece is not whole");
    if count == 0 {
        return;
    }
    let slot = Slot::arena(0, [count, 1, piece]);
    let grid = Grid::new(floats, &slot, Parts::new(0..count, 1, PARTS), Parts::new(0..piece, piece, 1));
    grid.each(team, &mut [], |mut cells, _| {
        for index in cells.rows() {
            cells.runs(index..index + 1, |floats| write(index, floats));
        }
    });
}

/// Calls `write` with runs of whole panels that together are `floats`, and with where each starts.
///
/// # Panics
/// If the floats are not whole panels.
pub(super) fn each_range(team: &Team, floats: &mut [f32], write: impl Fn(usize, &mut [f32]) + Sync) {
    /// Panels that are worth to be handed out.
    const GRAIN: usize = 256;
    let count = floats.len() / PANEL;
    assert!(floats.len() == count * PANEL, "a panel is not whole");
    if count == 0 {
        return;
    }
    let slot = Slot::arena(0, [count, 1, PANEL]);
    let parts = Parts::new(0..count, 1, PARTS.min(count.div_ceil(GRAIN)));
    let grid = Grid::new(floats, &slot, parts, Parts::new(0..PANEL, PANEL, 1));
    grid.each(team, &mut [], |mut cells, _| {
        let own = cells.rows();
        cells.runs(own.clone(), |floats| write(own.start * PANEL, floats));
    });
}
