//! AVX2 with FMA: vectors of eight.
#![expect(unsafe_code, reason = "intrinsics need the features that the token proves")]

use core::arch::x86_64::*;

use super::avx512::Avx512;
use super::tile::{Piece, shapes};
use super::{Simd, WithSimd, raw::Raw};

/// Token of AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        let has = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        #[cfg(not(feature = "std"))]
        let has = cfg!(all(target_feature = "avx2", target_feature = "fma"));
        has.then_some(Self(()))
    }

    /// Where there is AVX-512, there are AVX2 and FMA.
    pub(super) const fn of(_: Avx512) -> Self {
        Self(())
    }
}

const LANES: usize = 8;

/// An expression of this level's intrinsics that touches no memory.
macro_rules! avx2 {
    ($e:expr) => {{
        // SAFETY: an `Avx2` exists only where the processor has AVX2 and FMA, and every method takes one.
        unsafe { $e }
    }};
}

impl Raw for Avx2 {
    type V = __m256;

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: lanes from `count` on are masked and not touched; the caller promises the others.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes);
            _mm256_maskload_ps(from, mask)
        }
    }

    #[inline(always)]
    unsafe fn store_at(self, v: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm256_storeu_ps(to, v) }
    }

    /// In pieces of four, two and one floats: the masked store takes tens of µops on AMD.
    #[inline(always)]
    unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize) {
        if count == LANES {
            // SAFETY: the caller promises room for `count` floats.
            return unsafe { self.store_at(v, to) };
        }
        // SAFETY: the pieces add up to `count`, for which the caller promises room.
        unsafe {
            let mut to = to;
            let mut rest = _mm256_castps256_ps128(v);
            if count & 4 != 0 {
                _mm_storeu_ps(to, rest);
                rest = _mm256_extractf128_ps::<1>(v);
                to = to.add(4);
            }
            if count & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                to = to.add(2);
            }
            if count & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }

    #[inline(always)]
    fn shape(self, pixels: usize, vectors: usize) -> (usize, usize) {
        match vectors {
            4.. if pixels == 1 => (4, 1),
            0 | 1 => (1, 12),
            3 => (3, 4),
            _ => (2, 6),
        }
    }

    #[inline(always)]
    fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>) {
        shapes!(self, vectors, pixels, piece;
            4: 1/2;
            3: 1/2 2/1 3/1 4/1;
            2: 1/4 2/2 3/1 4/1 5/1 6/1;
            1: 1/8 2/4 3/2 4/2 5/1 6/1 7/1 8/1 9/1 10/1 11/1 12/1
        );
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn enter<W: WithSimd>(token: Avx2, op: W) -> W::Output {
    op.with_simd(token)
}

impl Simd for Avx2 {
    type M = __m256;

    const LANES: usize = LANES;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn call<W: WithSimd>(self, op: W) -> W::Output {
        // SAFETY: the token proves that the processor has the function's features.
        unsafe { enter(self, op) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        avx2!(_mm256_set1_ps(x))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        avx2!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_min_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        avx2!(_mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn abs(self, v: Self::V) -> Self::V {
        avx2!(_mm256_andnot_ps(_mm256_set1_ps(-0.0), v))
    }

    #[inline(always)]
    fn neg(self, v: Self::V) -> Self::V {
        avx2!(_mm256_xor_ps(_mm256_set1_ps(-0.0), v))
    }

    #[inline(always)]
    fn sqrt(self, v: Self::V) -> Self::V {
        avx2!(_mm256_sqrt_ps(v))
    }

    #[inline(always)]
    fn round(self, v: Self::V) -> Self::V {
        avx2!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v))
    }

    #[inline(always)]
    fn exp2_whole(self, n: Self::V) -> Self::V {
        avx2!({
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        })
    }

    #[inline(always)]
    fn halves(self, words: Self::V) -> [Self::V; 2] {
        avx2!({
            let words = _mm256_castps_si256(words);
            let high = _mm256_and_si256(words, _mm256_set1_epi32(-1 << 16));
            [_mm256_castsi256_ps(_mm256_slli_epi32::<16>(words)), _mm256_castsi256_ps(high)]
        })
    }

    #[inline(always)]
    fn lt(self, a: Self::V, b: Self::V) -> Self::M {
        avx2!(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b))
    }

    #[inline(always)]
    fn is_nan(self, v: Self::V) -> Self::M {
        avx2!(_mm256_cmp_ps::<_CMP_UNORD_Q>(v, v))
    }

    #[inline(always)]
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V {
        avx2!(_mm256_blendv_ps(no, yes, mask))
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        avx2!({
            let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        avx2!({
            let four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        })
    }
}
