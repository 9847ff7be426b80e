//! WebAssembly's 128-bit vectors of four, where the compilation enables `simd128`: a module with them is refused by an
//! engine without, so that the intrinsics are safe and the token proves nothing that the compiler does not know.
#![expect(unsafe_code, reason = "implements the unchecked loads and stores")]

use core::arch::wasm32::*;

use super::tile::{Piece, shapes};
use super::{Simd, WithSimd, raw::Raw};

/// Token of simd128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wasm;

impl Wasm {
    pub(super) fn detect() -> Option<Self> {
        Some(Self)
    }
}

impl Raw for Wasm {
    type V = v128;

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: each case reads `count` floats, which the caller promises.
        unsafe {
            match count {
                0 => f32x4_splat(0.0),
                1 => v128_load32_zero(from.cast()),
                2 => v128_load64_zero(from.cast()),
                3 => v128_load32_lane::<2>(v128_load64_zero(from.cast()), from.add(2).cast()),
                _ => v128_load(from.cast()),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_at(self, v: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { v128_store(to.cast(), v) }
    }

    #[inline(always)]
    unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize) {
        // SAFETY: each case writes `count` floats, for which the caller promises room.
        unsafe {
            match count {
                0 => {}
                1 => v128_store32_lane::<0>(v, to.cast()),
                2 => v128_store64_lane::<0>(v, to.cast()),
                3 => {
                    v128_store64_lane::<0>(v, to.cast());
                    v128_store32_lane::<2>(v, to.add(2).cast());
                }
                _ => v128_store(to.cast(), v),
            }
        }
    }

    #[inline(always)]
    fn shape(self, _pixels: usize, vectors: usize) -> (usize, usize) {
        match vectors {
            0 | 1 => (1, 8),
            2 => (2, 5),
            _ => (4, 2),
        }
    }

    #[inline(always)]
    fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>) {
        shapes!(self, vectors, pixels, piece;
            4: 1/2 2/1;
            2: 1/4 2/2 3/1 4/1 5/1;
            1: 1/8 2/4 3/2 4/2 5/1 6/1 7/1 8/1
        );
    }
}

#[inline(never)]
fn enter<W: WithSimd>(token: Wasm, op: W) -> W::Output {
    op.with_simd(token)
}

impl Simd for Wasm {
    type M = v128;

    const LANES: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn call<W: WithSimd>(self, op: W) -> W::Output {
        enter(self, op)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        f32x4_splat(x)
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_add(a, b)
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_sub(a, b)
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_div(a, b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        f32x4_add(f32x4_mul(a, b), c)
    }

    /// The pseudo-minimum gives its first operand unless the second is smaller.
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_pmin(b, a)
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        f32x4_pmax(b, a)
    }

    #[inline(always)]
    fn abs(self, v: Self::V) -> Self::V {
        f32x4_abs(v)
    }

    #[inline(always)]
    fn neg(self, v: Self::V) -> Self::V {
        f32x4_neg(v)
    }

    #[inline(always)]
    fn sqrt(self, v: Self::V) -> Self::V {
        f32x4_sqrt(v)
    }

    #[inline(always)]
    fn round(self, v: Self::V) -> Self::V {
        f32x4_nearest(v)
    }

    #[inline(always)]
    fn exp2_whole(self, n: Self::V) -> Self::V {
        i32x4_shl(i32x4_add(i32x4_trunc_sat_f32x4(n), i32x4_splat(127)), 23)
    }

    #[inline(always)]
    fn halves(self, words: Self::V) -> [Self::V; 2] {
        [i32x4_shl(words, 16), v128_and(words, i32x4_splat(-1 << 16))]
    }

    #[inline(always)]
    fn lt(self, a: Self::V, b: Self::V) -> Self::M {
        f32x4_lt(a, b)
    }

    #[inline(always)]
    fn is_nan(self, v: Self::V) -> Self::M {
        f32x4_ne(v, v)
    }

    #[inline(always)]
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V {
        v128_bitselect(yes, no, mask)
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        let two = f32x4_add(v, i32x4_shuffle::<2, 3, 2, 3>(v, v));
        f32x4_extract_lane::<0>(two) + f32x4_extract_lane::<1>(two)
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        let two = f32x4_pmax(v, i32x4_shuffle::<2, 3, 2, 3>(v, v));
        f32x4_extract_lane::<0>(two).max(f32x4_extract_lane::<1>(two))
    }
}
