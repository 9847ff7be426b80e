//! SIMD: vectors of `f32` behind one trait, and the choice of the processor's best instructions at
//! run time.
//!
//! A kernel writes its loop once, generic over [`Simd`], as the [`WithSimd::with_simd`] of a small
//! struct that holds its operands, and calls [`Level::dispatch`]. The dispatch enters a function
//! compiled for the level's instructions, into which everything marked `#[inline(always)]` is
//! inlined and thereby compiled for them too. **Every function on the way that touches vectors must
//! be `#[inline(always)]`**; one that is not still gives correct results, but passes its vectors
//! through memory. Closures cannot be marked: an array's `map` must not take or give vectors.
//!
//! Results are the same bits whenever a level is the same; between levels they differ in the
//! rounding of sums, and the scalar and wasm levels multiply and add in two roundings.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod cells;
mod columns;
mod finish;
#[cfg(target_arch = "x86_64")]
mod halved;
mod halves;
mod lanewise;
mod level;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
mod outer;
mod pairs;
mod pooled;
mod prefetch;
mod reads;
mod scalar;
mod schemes;
#[cfg(target_arch = "x86_64")]
mod spread;
mod tile;
mod tiling;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
mod winograd;

pub(crate) use cells::{Cells, Grid, Parts, Square, Target};
pub(crate) use finish::Residual;
pub(crate) use halves::Halves;
pub(crate) use lanewise::Lanewise;
pub use level::Level;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use neon::Neon;
pub(crate) use outer::{Operand, Outer};
pub(crate) use pooled::Pooled;
pub(crate) use prefetch::FAR;
pub(crate) use reads::Reads;
pub use scalar::Scalar;
pub(crate) use schemes::{Along, Blocks, F2, F4, Phase, Scheme, ShortFour, StridedFour, StridedTwo};
pub(crate) use tile::Line;
pub(crate) use tiling::{Tiles, Tiling};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::Wasm;
pub(crate) use winograd::{Join, Outputs, Window};
#[cfg(target_arch = "x86_64")]
pub use {avx2::Avx2, avx512::Avx512};

/// The part of [`Simd`] that trusts its caller; it also seals the trait, whose constants the unsafe
/// code relies on.
#[expect(unsafe_code, reason = "the trait's users in this module check the bounds")]
mod raw {
    use super::Simd;
    use super::tile::{Piece, add_products};

    /// Loads and stores without a check.
    pub trait Raw: Copy {
        /// Lanes of `f32`.
        type V: Copy;

        /// # Safety
        /// A vector's floats can be read from `from`.
        unsafe fn load_at(self, from: *const f32) -> Self::V;

        /// # Safety
        /// The first `count` floats can be read from `from`; `count` is at most the lanes.
        unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V;

        /// # Safety
        /// A vector's floats can be written to `to`.
        unsafe fn store_at(self, v: Self::V, to: *mut f32);

        /// # Safety
        /// The first `count` floats can be written to `to`; `count` is at most the lanes.
        unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize);

        /// Adds the products of the float that lies `offset` floats behind `from` with each of `factors` to `sums`.
        ///
        /// # Safety
        /// The float can be read.
        #[inline(always)]
        unsafe fn add_products<const C: usize>(
            self,
            from: *const f32,
            offset: usize,
            factors: &[Self::V; C],
            sums: &mut [Self::V; C],
        ) where
            Self: Simd,
        {
            // SAFETY: the caller's promise.
            add_products(self, unsafe { *from.add(offset) }, factors, sums);
        }

        /// The register tile for lines of `pixels` pixels and `vectors` vectors of output channels:
        /// its vectors, at most that many or one panel, and the most pixels that it takes.
        fn shape(self, pixels: usize, vectors: usize) -> (usize, usize);

        /// Computes tiles of a line, of a shape that [`shape`](Self::shape) allows.
        fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>);
    }
}

/// A computation that is compiled once for each level.
pub trait WithSimd {
    /// What it gives.
    type Output;

    /// The computation; mark it `#[inline(always)]`.
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output;
}

/// Vectors of `f32` on one level. A value of an implementing type proves that the processor has the
/// level's instructions.
///
/// NaN: `min` and `max` follow x86 on every level and give their **second** operand if either is
/// NaN, so that `max(limit, x)` lets a NaN in `x` through; `maximum` gives NaN if either is.
pub trait Simd: raw::Raw {
    /// One truth value a lane.
    type M: Copy;

    /// Lanes of a vector; divides [`PANEL`](crate::weights::PANEL).
    const LANES: usize;
    /// Vectors that the processor's registers hold.
    const REGISTERS: usize;

    /// Runs `op` compiled for this level, in a function of its own where the compiler finds it large enough: rustc 1.95 drops
    /// `inline(never)` from functions with target features.
    fn call<W: WithSimd>(self, op: W) -> W::Output;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::V;

    /// Each in every lane of a vector. Nothing makes the compiler inline what an array's `map` calls.
    #[inline(always)]
    fn splat_each<const N: usize>(self, xs: [f32; N]) -> [Self::V; N] {
        let mut vectors = [self.splat(0.0); N];
        for (vector, x) in vectors.iter_mut().zip(xs) {
            *vector = self.splat(x);
        }
        vectors
    }

    /// a + b
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a − b
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// a / b
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b + c, rounded once where the level can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The smaller; `b` if either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger; `b` if either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// |v|
    fn abs(self, v: Self::V) -> Self::V;
    /// −v
    fn neg(self, v: Self::V) -> Self::V;
    /// √v
    fn sqrt(self, v: Self::V) -> Self::V;
    /// The nearest whole number, ties to even; exact for |v| ≤ 2²².
    fn round(self, v: Self::V) -> Self::V;
    /// 2ⁿ for whole n from −126 to 127; of other `n` the result has no meaning.
    fn exp2_whole(self, n: Self::V) -> Self::V;

    /// The bfloat16 numbers in the low and in the high halves of the lanes' bits, widened.
    fn halves(self, words: Self::V) -> [Self::V; 2];

    /// a < b; false for NaN.
    fn lt(self, a: Self::V, b: Self::V) -> Self::M;
    /// Whether a lane is NaN.
    fn is_nan(self, v: Self::V) -> Self::M;
    /// `yes` where `mask` holds, else `no`.
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V;

    /// The sum of the lanes, in an order fixed for each level.
    fn sum(self, v: Self::V) -> f32;
    /// The largest lane; a NaN lane may be lost.
    fn largest(self, v: Self::V) -> f32;

    /// The larger; NaN if either is.
    #[inline(always)]
    fn maximum(self, a: Self::V, b: Self::V) -> Self::V {
        self.select(self.is_nan(a), a, self.max(a, b))
    }

    /// The first lanes of `from`.
    ///
    /// # Panics
    /// If `from` is shorter than a vector.
    #[inline(always)]
    #[expect(unsafe_code, reason = "checked load")]
    fn load(self, from: &[f32]) -> Self::V {
        assert!(from.len() >= Self::LANES);
        // SAFETY: the slice holds a vector.
        unsafe { self.load_at(from.as_ptr()) }
    }

    /// Writes all lanes to the start of `to`.
    ///
    /// # Panics
    /// If `to` is shorter than a vector.
    #[inline(always)]
    #[expect(unsafe_code, reason = "checked store")]
    fn store(self, v: Self::V, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES);
        // SAFETY: the slice holds a vector.
        unsafe { self.store_at(v, to.as_mut_ptr()) }
    }

    /// The floats of `from`, at most a vector of them, and zero in the lanes after.
    #[inline(always)]
    #[expect(unsafe_code, reason = "bounded load")]
    fn load_partial(self, from: &[f32]) -> Self::V {
        // SAFETY: the count is at most the slice's length and the lanes.
        unsafe { self.load_some_at(from.as_ptr(), from.len().min(Self::LANES)) }
    }

    /// Writes as many lanes as `to` has room for.
    #[inline(always)]
    #[expect(unsafe_code, reason = "bounded store")]
    fn store_partial(self, v: Self::V, to: &mut [f32]) {
        // SAFETY: the count is at most the slice's length and the lanes.
        unsafe { self.store_some_at(v, to.as_mut_ptr(), to.len().min(Self::LANES)) }
    }
}
