//! NEON: vectors of four. This is compiled for targets alone that have NEON in their baseline, so that the token
//! always exists.
#![expect(unsafe_code, reason = "intrinsics need NEON, which the target has")]

use core::arch::aarch64::*;

use super::tile::{Piece, shapes};
use super::{Simd, WithSimd, raw::Raw};

/// Token of NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neon;

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        Some(Self)
    }
}

/// An expression of NEON's intrinsics that touches no memory.
macro_rules! neon {
    ($e:expr) => {{
        // SAFETY: the target has NEON.
        unsafe { $e }
    }};
}

impl Raw for Neon {
    type V = float32x4_t;

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise; the target has NEON.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: each case reads `count` floats, which the caller promises; the target has NEON.
        unsafe {
            let zero = vdupq_n_f32(0.0);
            match count {
                0 => zero,
                1 => vld1q_lane_f32::<0>(from, zero),
                2 => vcombine_f32(vld1_f32(from), vdup_n_f32(0.0)),
                3 => vcombine_f32(vld1_f32(from), vld1_lane_f32::<0>(from.add(2), vdup_n_f32(0.0))),
                _ => vld1q_f32(from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_at(self, v: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise; the target has NEON.
        unsafe { vst1q_f32(to, v) }
    }

    #[inline(always)]
    unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize) {
        // SAFETY: each case writes `count` floats, for which the caller promises room; the target has NEON.
        unsafe {
            match count {
                0 => {}
                1 => vst1q_lane_f32::<0>(to, v),
                2 => vst1_f32(to, vget_low_f32(v)),
                3 => {
                    vst1_f32(to, vget_low_f32(v));
                    vst1q_lane_f32::<2>(to.add(2), v);
                }
                _ => vst1q_f32(to, v),
            }
        }
    }

    #[inline(always)]
    fn shape(self, pixels: usize, vectors: usize) -> (usize, usize) {
        match vectors {
            8.. if pixels == 1 => (8, 1),
            1 | 2 => (vectors, 12),
            _ => (4, 6),
        }
    }

    #[inline(always)]
    fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>) {
        shapes!(self, vectors, pixels, piece;
            8: 1/2;
            4: 1/4 2/2 3/1 4/1 5/1 6/1;
            2: 1/8 2/4 3/2 4/2 5/1 6/1 7/1 8/1 9/1 10/1 11/1 12/1;
            1: 1/8 2/8 3/4 4/4 5/2 6/2 7/1 8/1 9/1 10/1 11/1 12/1
        );
    }
}

#[inline(never)]
fn enter<W: WithSimd>(token: Neon, op: W) -> W::Output {
    op.with_simd(token)
}

impl Simd for Neon {
    type M = uint32x4_t;

    const LANES: usize = 4;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn call<W: WithSimd>(self, op: W) -> W::Output {
        enter(self, op)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        neon!(vdupq_n_f32(x))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vaddq_f32(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vsubq_f32(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vmulq_f32(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vdivq_f32(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        neon!(vfmaq_f32(c, a, b))
    }

    /// NEON's own minimum gives NaN if either is.
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vbslq_f32(vcltq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        neon!(vbslq_f32(vcgtq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn abs(self, v: Self::V) -> Self::V {
        neon!(vabsq_f32(v))
    }

    #[inline(always)]
    fn neg(self, v: Self::V) -> Self::V {
        neon!(vnegq_f32(v))
    }

    #[inline(always)]
    fn sqrt(self, v: Self::V) -> Self::V {
        neon!(vsqrtq_f32(v))
    }

    #[inline(always)]
    fn round(self, v: Self::V) -> Self::V {
        neon!(vrndnq_f32(v))
    }

    #[inline(always)]
    fn exp2_whole(self, n: Self::V) -> Self::V {
        neon!({
            let biased = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        })
    }

    #[inline(always)]
    fn halves(self, words: Self::V) -> [Self::V; 2] {
        neon!({
            let words = vreinterpretq_u32_f32(words);
            let high = vandq_u32(words, vdupq_n_u32(0xffff_0000));
            [vreinterpretq_f32_u32(vshlq_n_u32::<16>(words)), vreinterpretq_f32_u32(high)]
        })
    }

    #[inline(always)]
    fn lt(self, a: Self::V, b: Self::V) -> Self::M {
        neon!(vcltq_f32(a, b))
    }

    #[inline(always)]
    fn is_nan(self, v: Self::V) -> Self::M {
        neon!(vmvnq_u32(vceqq_f32(v, v)))
    }

    #[inline(always)]
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V {
        neon!(vbslq_f32(mask, yes, no))
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        neon!(vaddvq_f32(v))
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        neon!(vmaxvq_f32(v))
    }
}
