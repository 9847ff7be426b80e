//! Products of one float with vectors of AVX-512. On Zen 4 the instruction that spreads a float over 512 bits takes the
//! units that multiply, and the one that spreads an integer does not; the compiler puts either for the other, so that they
//! are written out here.
#![expect(unsafe_code, reason = "assembly")]

use core::arch::asm;
use core::arch::x86_64::{__m256, __m512};

/// Defines a function for second vectors of a type and its class of registers.
macro_rules! products {
    ($(#[$doc:meta])* $name:ident, $second:ty, $class:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The float can be read.
        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) unsafe fn $name(
            from: *const f32,
            offset: usize,
            factors: (__m512, $second),
            (a, b): (&mut __m512, &mut $second),
        ) {
            // SAFETY: it reads the float alone.
            unsafe {
                asm!(
                    "vpbroadcastd {x:z}, dword ptr [{from} + 4*{offset}]",
                    "vfmadd231ps {a}, {x:z}, {v}",
                    "vfmadd231ps {b}, {x}, {w}",
                    x = out($class) _,
                    from = in(reg) from,
                    offset = in(reg) offset,
                    a = inout(zmm_reg) *a,
                    b = inout($class) *b,
                    v = in(zmm_reg) factors.0,
                    w = in($class) factors.1,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
        }
    };
}

products! {
    /// Adds the products of the float that lies `offset` floats behind `from` with two factors to two sums. An offset that
    /// several rows of inputs share is a register less.
    add_two, __m512, zmm_reg
}
products! {
    /// As [`add_two`], of a vector and half a one, which has one of AVX2's registers: others need `avx512vl`.
    add_one_and_half, __m256, ymm_reg
}
