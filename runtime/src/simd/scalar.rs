//! Portable vectors: arrays of four, which the compiler turns into the target's baseline vectors.
#![expect(unsafe_code, reason = "implements the unchecked loads and stores")]

use super::tile::{Piece, shapes};
use super::{Simd, WithSimd, raw::Raw};

/// Token of the portable level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar;

impl Scalar {
    pub(super) fn detect() -> Option<Self> {
        Some(Self)
    }
}

const LANES: usize = 4;

#[inline(always)]
fn map(a: [f32; LANES], f: impl Fn(f32) -> f32) -> [f32; LANES] {
    [f(a[0]), f(a[1]), f(a[2]), f(a[3])]
}

#[inline(always)]
fn zip(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

/// Newton's method from an estimate that halves the exponent; `core` has no square root.
#[inline(always)]
fn sqrt(x: f32) -> f32 {
    if x <= 0.0 || !x.is_finite() {
        return if x < 0.0 { f32::NAN } else { x };
    }
    // Scaled by a power of four out of the subnormal numbers.
    let (x, unscale) = if x < f32::MIN_POSITIVE { (x * 16_777_216.0, 1.0 / 4096.0) } else { (x, 1.0) };
    let mut root = f32::from_bits((x.to_bits() >> 1) + 0x1fc0_0000);
    for _ in 0..4 {
        root = 0.5 * (root + x / root);
    }
    root * unscale
}

impl Raw for Scalar {
    type V = [f32; LANES];

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise; arrays of floats are aligned as floats.
        unsafe { from.cast::<[f32; LANES]>().read() }
    }

    #[inline(always)]
    unsafe fn load_some_at(self, from: *const f32, count: usize) -> Self::V {
        let mut v = [0.0; LANES];
        for (lane, value) in v.iter_mut().enumerate().take(count) {
            // SAFETY: the caller promises `count` floats.
            *value = unsafe { *from.add(lane) };
        }
        v
    }

    #[inline(always)]
    unsafe fn store_at(self, v: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise; arrays of floats are aligned as floats.
        unsafe { to.cast::<[f32; LANES]>().write(v) }
    }

    #[inline(always)]
    unsafe fn store_some_at(self, v: Self::V, to: *mut f32, count: usize) {
        for (lane, &value) in v.iter().enumerate().take(count) {
            // SAFETY: the caller promises room for `count` floats.
            unsafe { *to.add(lane) = value };
        }
    }

    #[inline(always)]
    fn shape(self, _pixels: usize, _vectors: usize) -> (usize, usize) {
        (4, 2)
    }

    #[inline(always)]
    fn tiles(self, vectors: usize, pixels: usize, piece: Piece<'_>) {
        shapes!(self, vectors, pixels, piece; 4: 1/1 2/1);
    }
}

#[inline(never)]
fn enter<W: WithSimd>(token: Scalar, op: W) -> W::Output {
    op.with_simd(token)
}

impl Simd for Scalar {
    type M = [bool; LANES];

    const LANES: usize = LANES;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn call<W: WithSimd>(self, op: W) -> W::Output {
        enter(self, op)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn abs(self, v: Self::V) -> Self::V {
        map(v, f32::abs)
    }

    #[inline(always)]
    fn neg(self, v: Self::V) -> Self::V {
        map(v, |x| -x)
    }

    #[inline(always)]
    fn sqrt(self, v: Self::V) -> Self::V {
        map(v, sqrt)
    }

    #[inline(always)]
    fn round(self, v: Self::V) -> Self::V {
        // Above 2²³ a float has no fraction left: adding and subtracting 1.5 · 2²³ rounds.
        const SHIFT: f32 = 12_582_912.0;
        map(v, |x| (x + SHIFT) - SHIFT)
    }

    #[inline(always)]
    fn exp2_whole(self, n: Self::V) -> Self::V {
        map(n, |n| f32::from_bits(((n as i32).wrapping_add(127) << 23).cast_unsigned()))
    }

    #[inline(always)]
    fn halves(self, words: Self::V) -> [Self::V; 2] {
        [
            map(words, |word| f32::from_bits(word.to_bits() << 16)),
            map(words, |word| f32::from_bits(word.to_bits() & 0xffff_0000)),
        ]
    }

    #[inline(always)]
    fn lt(self, a: Self::V, b: Self::V) -> Self::M {
        [a[0] < b[0], a[1] < b[1], a[2] < b[2], a[3] < b[3]]
    }

    #[inline(always)]
    fn is_nan(self, v: Self::V) -> Self::M {
        v.map(f32::is_nan)
    }

    #[inline(always)]
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V {
        core::array::from_fn(|lane| if mask[lane] { yes[lane] } else { no[lane] })
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        (v[0] + v[2]) + (v[1] + v[3])
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        v[0].max(v[1]).max(v[2].max(v[3]))
    }
}
