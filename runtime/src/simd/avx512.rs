//! AVX-512: vectors of sixteen. Needs no more than the foundation (`avx512f`).
#![expect(unsafe_code, reason = "intrinsics need the features that the token proves")]

use core::arch::x86_64::*;

use super::avx2::Avx2;
use super::halved::Halved;
use super::spread::{add_one_and_half, add_two};
use super::tile::{Piece, Tile, add_products, shapes};
use super::{Simd, WithSimd, raw::Raw};

/// Token of AVX-512.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        let has = std::is_x86_feature_detected!("avx512f");
        #[cfg(not(feature = "std"))]
        let has = cfg!(target_feature = "avx512f");
        has.then_some(Self(()))
    }
}

/// An expression of this level's intrinsics that touches no memory.
macro_rules! avx512 {
    ($e:expr) => {{
        // SAFETY: an `Avx512` exists only where the processor has AVX-512, and every method takes one.
        unsafe { $e }
    }};
}

/// The mask of the first `count` lanes.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

impl Raw for Avx512 {
    type V = __m512;

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: masked lanes are not touched; the caller promises the others.
        unsafe { _mm512_maskz_loadu_ps(first(count), from) }
    }

    #[inline(always)]
    unsafe fn store_at(self, v: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise, and the token's.
        unsafe { _mm512_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize) {
        // SAFETY: masked lanes are not touched; the caller promises room for the others.
        unsafe { _mm512_mask_storeu_ps(to, first(count), v) }
    }

    #[inline(always)]
    unsafe fn add_products<const C: usize>(
        self,
        from: *const f32,
        offset: usize,
        factors: &[Self::V; C],
        sums: &mut [Self::V; C],
    ) {
        if let (&[v, w], [a, b]) = (&factors[..], &mut sums[..]) {
            // SAFETY: the caller's promise, and the token's.
            unsafe { add_two(from, offset, (v, w), (a, b)) };
        } else {
            // SAFETY: the caller's promise.
            add_products(self, unsafe { *from.add(offset) }, factors, sums);
        }
    }

    #[inline(always)]
    fn shape(self, pixels: usize, vectors: usize) -> (usize, usize) {
        match vectors {
            4.. if pixels == 1 => (4, 1),
            0 | 1 => (1, 14),
            _ => (2, 13),
        }
    }

    #[inline(always)]
    fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>) {
        if vectors == 2 && pixels > 4 && piece.line.channels <= Self::LANES + Avx2::LANES {
            macro_rules! cases {
                ($($r:literal)+) => {
                    match pixels {
                        // SAFETY: the token proves that the processor has the function's features.
                        $($r => piece.each($r, |tile| unsafe { halved::<$r>(self, tile) }),)+
                        _ => unreachable!("no such tile"),
                    }
                };
            }
            return cases!(5 6 7 8 9 10 11 12 13);
        }
        if vectors == 1 && piece.line.channels <= Avx2::LANES {
            // A core computes two of AVX2's vectors at once, of whose tiles it has registers for.
            let (half, Piece { line, first, end }) = (Avx2::of(self), piece);
            return line.tiles(half, 1, first..end, half.shape(pixels, 1).1);
        }
        shapes!(self, vectors, pixels, piece;
            4: 1/2;
            2: 1/4 2/2 3/1 4/1 5/1 6/1 7/1 8/1 9/1 10/1 11/1 12/1 13/1;
            1: 1/8 2/4 3/2 4/2 5/1 6/1 7/1 8/1 9/1 10/1 11/1 12/1 13/1 14/1
        );
    }
}

/// A tile of a vector and a half, on AVX2's vectors.
#[target_feature(enable = "avx512f")]
#[inline(never)]
fn halved<const R: usize>(token: Avx512, tile: Tile<'_>) {
    Halved::<R>(tile).compute(token, Avx2::of(token), |from, offset, factors, sums| {
        // SAFETY: `Halved` reads what the tile's maker has checked.
        unsafe { add_one_and_half(from, offset, factors, sums) };
    });
}

#[target_feature(enable = "avx512f")]
#[inline(never)]
fn enter<W: WithSimd>(token: Avx512, op: W) -> W::Output {
    op.with_simd(token)
}

impl Simd for Avx512 {
    type M = __mmask16;

    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn call<W: WithSimd>(self, op: W) -> W::Output {
        // SAFETY: the token proves that the processor has the function's features.
        unsafe { enter(self, op) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        avx512!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        avx512!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        avx512!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn abs(self, v: Self::V) -> Self::V {
        avx512!(_mm512_abs_ps(v))
    }

    #[inline(always)]
    fn neg(self, v: Self::V) -> Self::V {
        avx512!({
            let sign = _mm512_set1_epi32(i32::MIN);
            _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(v), sign))
        })
    }

    #[inline(always)]
    fn sqrt(self, v: Self::V) -> Self::V {
        avx512!(_mm512_sqrt_ps(v))
    }

    #[inline(always)]
    fn round(self, v: Self::V) -> Self::V {
        avx512!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v))
    }

    #[inline(always)]
    fn exp2_whole(self, n: Self::V) -> Self::V {
        avx512!({
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
        })
    }

    #[inline(always)]
    fn halves(self, words: Self::V) -> [Self::V; 2] {
        avx512!({
            let words = _mm512_castps_si512(words);
            let high = _mm512_and_si512(words, _mm512_set1_epi32(-1 << 16));
            [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)), _mm512_castsi512_ps(high)]
        })
    }

    #[inline(always)]
    fn lt(self, a: Self::V, b: Self::V) -> Self::M {
        avx512!(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b))
    }

    #[inline(always)]
    fn is_nan(self, v: Self::V) -> Self::M {
        avx512!(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(v, v))
    }

    #[inline(always)]
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V {
        avx512!(_mm512_mask_blend_ps(mask, no, yes))
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        avx512!(_mm512_reduce_add_ps(v))
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        avx512!(_mm512_reduce_max_ps(v))
    }
}
