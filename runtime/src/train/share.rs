//! Work on a slice, piece by piece, shared by a team.

use crate::simd::{Grid, Parts};
use crate::slot::Slot;
use crate::team::Team;
#[cfg(feature = "std")]
use crate::weights::PANEL;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

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
    grid.each(team, &mut [], |cells, _| {
        for index in cells.rows() {
            cells.runs(index..index + 1, |floats| write(index, floats));
        }
    });
}

/// Calls `work` with the same range of each of some slices, and with where it starts; the ranges cover them. A slice may
/// also be empty.
///
/// # Panics
/// If the slices are of different lengths.
#[cfg(feature = "std")]
pub(super) fn each_range<const N: usize>(
    team: &Team,
    slices: [&mut [f32]; N],
    work: impl Fn(usize, [&mut [f32]; N]) + Sync,
) {
    /// Floats that are worth to be handed out.
    const GRAIN: usize = 4096;
    let len = slices.iter().map(|slice| slice.len()).max().unwrap_or(0);
    assert!(slices.iter().all(|slice| [0, len].contains(&slice.len())), "slices of one length");
    let size = len.div_ceil(PARTS).next_multiple_of(PANEL).max(GRAIN);
    let mut rest = slices;
    let parts: [Mutex<[&mut [f32]; N]>; PARTS] = core::array::from_fn(|_| {
        let taken = rest.each_mut().map(|slice| {
            let at = size.min(slice.len());
            slice.split_off_mut(..at).unwrap_or_default()
        });
        Mutex::new(taken)
    });
    team.each(len.div_ceil(size), &mut [], |index, _| {
        let mut part = parts[index].lock().unwrap_or_else(PoisonError::into_inner);
        work(index * size, part.each_mut().map(|slice| &mut **slice));
    });
}
