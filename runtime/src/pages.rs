//! Large pages for large blocks of memory.
//!
//! A network walks through more memory than a processor's table of small pages reaches; with large pages it waits
//! less for the addresses (2 to 8 % of a prediction's time on Zen 4).

/// Bytes of a large page.
pub(crate) const LARGE: usize = 2 << 20;

/// Asks the system to back the whole large pages inside `floats` as such, best before they are first touched. A system
/// that does not know them does nothing.
#[cfg(all(feature = "std", target_os = "linux"))]
#[expect(unsafe_code, reason = "a call of the system's library")]
pub(crate) fn ask(floats: &mut [f32]) {
    use core::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn madvise(start: *mut c_void, length: usize, advice: c_int) -> c_int;
    }
    const MADV_HUGEPAGE: c_int = 14;

    let start = floats.as_mut_ptr().cast::<c_void>();
    let skipped = start.align_offset(LARGE);
    let length = size_of_val(floats).saturating_sub(skipped) / LARGE * LARGE;
    if length > 0 {
        // SAFETY: the range lies inside the slice; the advice changes no content. An error means that nothing changed.
        _ = unsafe { madvise(start.wrapping_byte_add(skipped), length, MADV_HUGEPAGE) };
    }
}

#[cfg(all(feature = "alloc", not(all(feature = "std", target_os = "linux"))))]
pub(crate) fn ask(_: &mut [f32]) {}
