//! Hints that memory will be needed soon. Without one, nothing but speed changes; on processors other than x86-64 they
//! do nothing.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "the hints are intrinsics"))]

use crate::weights::PANEL;

/// Floats of a tensor that a second-level cache does not hold.
pub(crate) const FAR: usize = 128 * 1024;

/// Asks for the cache lines of so many floats in the second-level cache, to read; they need not exist.
#[inline(always)]
pub(super) fn will_read(floats: *const f32, count: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..count).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a hint touches no memory, and every x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(floats.wrapping_add(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (floats, count);
}

/// Asks for the cache lines of so many floats in the second-level cache, to write.
#[inline(always)]
pub(super) fn will_write(floats: *const f32, count: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..count).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_ET1, _mm_prefetch};
        // SAFETY: as above; processors without this hint pass it over.
        unsafe { _mm_prefetch::<_MM_HINT_ET1>(floats.wrapping_add(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (floats, count);
}

/// Rows of weights that are asked for, each while another one is multiplied.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    first: *const f32,
    /// Floats from the first row to that of the next row that is multiplied.
    by: usize,
}

impl Ask {
    /// The rows a page after the ones that are read: processors look ahead themselves, but not past a page.
    #[inline(always)]
    pub(super) const fn after(weights: *const f32) -> Self {
        const PAGE: usize = 4096 / size_of::<f32>();
        Self { first: weights.wrapping_add(PAGE), by: PANEL }
    }

    /// One of so many tiles' part of a panel of `len` rows. Were all of it asked for by the first, that would wait for it.
    #[inline(always)]
    pub(super) fn part(panel: &[f32], len: usize, tile: usize, tiles: usize) -> Self {
        let by = (PANEL / tiles).max(1);
        Self { first: panel.as_ptr().wrapping_add(tile * len * by), by }
    }

    /// The row that is asked for with the next one that is multiplied, or one after that.
    #[inline(always)]
    pub(super) const fn row(self, after: usize) -> *const f32 {
        self.first.wrapping_add(after * PANEL)
    }

    /// So many rows have been multiplied.
    #[inline(always)]
    pub(super) const fn pass(&mut self, rows: usize) {
        self.first = self.first.wrapping_add(rows * self.by);
    }
}

/// Floats of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64 / size_of::<f32>();
