//! Products of one float with vectors of AVX-512. On Zen 4 the instruction that spreads a float over 512 bits takes the
//! units that multiply, and the one that spreads an integer does not; the compiler puts either for the other, so that they
//! are written out here.
#![expect(unsafe_code, reason = "assembly")]

use core::arch::asm;
use core::arch::x86_64::{__m256, __m512};

/// Adds the products of the float at `from` with two factors to two sums.
///
/// # Safety
/// The float can be read.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn add_two(from: *const f32, factors: [__m512; 2], sums: [&mut __m512; 2]) {
    let [a, b] = sums;
    // SAFETY: it reads the float alone.
    unsafe {
        asm!(
            "vpbroadcastd {x}, dword ptr [{from}]",
            "vfmadd231ps {a}, {x}, {v}",
            "vfmadd231ps {b}, {x}, {w}",
            x = out(zmm_reg) _,
            from = in(reg) from,
            a = inout(zmm_reg) *a,
            b = inout(zmm_reg) *b,
            v = in(zmm_reg) factors[0],
            w = in(zmm_reg) factors[1],
            options(pure, readonly, nostack, preserves_flags)
        );
    }
}

/// As [`add_two`], of a vector and half a one, which has one of AVX2's registers: more there would be with `avx512vl`.
///
/// # Safety
/// The float can be read.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn add_one_and_half(
    from: *const f32,
    factors: (__m512, __m256),
    (a, b): (&mut __m512, &mut __m256),
) {
    // SAFETY: it reads the float alone.
    unsafe {
        asm!(
            "vpbroadcastd {x:z}, dword ptr [{from}]",
            "vfmadd231ps {a}, {x:z}, {v}",
            "vfmadd231ps {b}, {x}, {w}",
            x = out(ymm_reg) _,
            from = in(reg) from,
            a = inout(zmm_reg) *a,
            b = inout(ymm_reg) *b,
            v = in(zmm_reg) factors.0,
            w = in(ymm_reg) factors.1,
            options(pure, readonly, nostack, preserves_flags)
        );
    }
}
