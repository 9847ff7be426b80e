//! Hints that memory will be needed soon. Without one, nothing but speed changes; on processors other than x86-64 they
//! do nothing.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "the hints are intrinsics"))]

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

/// Floats of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64 / size_of::<f32>();
