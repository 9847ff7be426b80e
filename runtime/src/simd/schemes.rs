//! Winograd's transforms along one axis, of vectors of channels.
//!
//! `F(t × t, r × r)` computes `t × t` outputs from a window of `n = t + r − 1` cells on each side:
//! `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A` (Lavin & Gray 2016). The matrices follow from `n − 1` points
//! and infinity (Toom 1963, Cook 1966): with `M(x) = Π (x − pᵢ)`, row `i` of `Bᵀ` holds the
//! coefficients of `M(x) / (x − pᵢ)`, the last those of `M(x)`; column `i` of `Aᵀ` the powers of `pᵢ`, the last
//! the highest power alone; and row `i` of `G` is `(1, pᵢ, …, pᵢʳ⁻¹) / M′(pᵢ)`, the last `(0, …, 0, 1)`.

use core::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::Simd;

/// A transform of `I` cells to the `N` elements of a window: `Bᵀ d`, of as many cells as there are elements, or `A y`, of
/// the gradients of a tile's outputs.
pub(crate) trait Along<const I: usize, const N: usize> {
    /// Whether there is this element: of those of another tile whose kernel is used, not all need be.
    #[inline(always)]
    fn has(element: usize) -> bool {
        element < N
    }

    /// The transform along one axis.
    fn apply<S: Simd>(simd: S, cells: [S::V; I]) -> [S::V; N];
}

/// The matrices of a tile of `T` outputs and `N` cells a side, times a vector.
pub(crate) trait Scheme<const N: usize, const T: usize>: Along<N, N> {
    /// `Aᵀ m`, where the last of `m` adds to the last output alone: where that is not needed, neither is the other.
    fn outputs<S: Simd>(simd: S, m: [S::V; N]) -> [S::V; T];
}

/// `factor · a`
#[inline(always)]
fn scaled<S: Simd>(simd: S) -> impl Fn(f32, S::V) -> S::V {
    move |factor, a| simd.mul(simd.splat(factor), a)
}

/// `factor · a + b`
#[inline(always)]
fn add_scaled<S: Simd>(simd: S) -> impl Fn(f32, S::V, S::V) -> S::V {
    move |factor, a, b| simd.mul_add(simd.splat(factor), a, b)
}

/// Sums and differences of the products at two points ±p, of which even and odd powers are made.
#[inline(always)]
fn pairs<S: Simd>(simd: S, [a, b, c, d]: [S::V; 4]) -> [[S::V; 2]; 2] {
    [[simd.add(a, b), simd.add(c, d)], [simd.sub(a, b), simd.sub(c, d)]]
}

/// Four outputs a side; points 0, ±√½, ±√2, whose error is a third of that of 0, ±1, ±2.
pub(crate) struct F4;

impl Along<6, 6> for F4 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 6]) -> [S::V; 6] {
        let add_scaled = add_scaled(simd);
        let even = [add_scaled(-2.0, d[2], d[4]), add_scaled(-0.5, d[2], d[4])];
        let root = scaled(simd);
        let odd = [
            add_scaled(FRAC_1_SQRT_2, d[3], root(-SQRT_2, d[1])),
            add_scaled(SQRT_2, d[3], root(-FRAC_1_SQRT_2, d[1])),
        ];
        [
            add_scaled(-2.5, d[2], simd.add(d[0], d[4])),
            simd.add(even[0], odd[0]),
            simd.sub(even[0], odd[0]),
            simd.add(even[1], odd[1]),
            simd.sub(even[1], odd[1]),
            add_scaled(-2.5, d[3], simd.add(d[1], d[5])),
        ]
    }
}

impl Along<4, 6> for F4 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, y: [S::V; 4]) -> [S::V; 6] {
        let add_scaled = add_scaled(simd);
        let even = [add_scaled(0.5, y[2], y[0]), add_scaled(2.0, y[2], y[0])];
        let root = scaled(simd);
        let odd =
            [root(FRAC_1_SQRT_2, add_scaled(0.5, y[3], y[1])), root(SQRT_2, add_scaled(2.0, y[3], y[1]))];
        [
            y[0],
            simd.add(even[0], odd[0]),
            simd.sub(even[0], odd[0]),
            simd.add(even[1], odd[1]),
            simd.sub(even[1], odd[1]),
            y[3],
        ]
    }
}

impl Scheme<6, 4> for F4 {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 6]) -> [S::V; 4] {
        let ([even, odd], scaled, add_scaled) =
            (pairs(simd, [m[1], m[2], m[3], m[4]]), scaled(simd), add_scaled(simd));
        [
            simd.add(simd.add(m[0], even[0]), even[1]),
            add_scaled(SQRT_2, odd[1], scaled(FRAC_1_SQRT_2, odd[0])),
            add_scaled(2.0, even[1], scaled(0.5, even[0])),
            add_scaled(2.0 * SQRT_2, odd[1], add_scaled(0.5 * FRAC_1_SQRT_2, odd[0], m[5])),
        ]
    }
}

/// Two outputs a side; the points 0 and ±√½ of [`F4`], whose kernel it takes: rows 0, 1, 2 and 5 of `G` are −½, −⅔, −⅔
/// and 1 times those of two outputs.
pub(crate) struct ShortFour;

impl ShortFour {
    const FIRST: f32 = -2.0;
    const PAIR: f32 = -1.5;
}

impl Along<6, 6> for ShortFour {
    #[inline(always)]
    fn has(element: usize) -> bool {
        matches!(element, 0..=2 | 5)
    }

    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 6]) -> [S::V; 6] {
        let (scaled, add_scaled, zero) = (scaled(simd), add_scaled(simd), simd.splat(0.0));
        let even = scaled(Self::PAIR, d[2]);
        [
            add_scaled(Self::FIRST, d[2], d[0]),
            add_scaled(Self::PAIR * FRAC_1_SQRT_2, d[1], even),
            add_scaled(-Self::PAIR * FRAC_1_SQRT_2, d[1], even),
            zero,
            zero,
            add_scaled(-0.5, d[1], d[3]),
        ]
    }
}

impl Scheme<6, 2> for ShortFour {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 6]) -> [S::V; 2] {
        [
            simd.add(m[0], simd.add(m[1], m[2])),
            simd.mul_add(simd.splat(FRAC_1_SQRT_2), simd.sub(m[1], m[2]), m[5]),
        ]
    }
}

/// Three outputs a side under four taps; the points of [`F4`].
pub(crate) struct Blocks;

impl Along<6, 6> for Blocks {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 6]) -> [S::V; 6] {
        F4::apply(simd, d)
    }
}

impl Scheme<6, 3> for Blocks {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 6]) -> [S::V; 3] {
        let [first, second, third, _] = F4::outputs(simd, m);
        [first, second, simd.add(third, m[5])]
    }
}

/// Four outputs a side under two taps; points ±½, ±5/4, whose error is two thirds of that of ±√½, ±√2.
pub(crate) struct Phase;

impl Along<5, 5> for Phase {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 5]) -> [S::V; 5] {
        let add_scaled = add_scaled(simd);
        let pair = |point: f32, square: f32| {
            let [even, odd] = [add_scaled(-square, d[0], d[2]), add_scaled(-square, d[1], d[3])];
            [add_scaled(point, even, odd), add_scaled(-point, even, odd)]
        };
        let ([inner, outer], last) =
            ([pair(0.5, 1.5625), pair(1.25, 0.25)], add_scaled(0.390_625, d[0], d[4]));
        [inner[0], inner[1], outer[0], outer[1], add_scaled(-1.8125, d[2], last)]
    }
}

impl Scheme<5, 4> for Phase {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 5]) -> [S::V; 4] {
        let ([even, odd], scaled, add_scaled) =
            (pairs(simd, [m[0], m[1], m[2], m[3]]), scaled(simd), add_scaled(simd));
        [
            simd.add(even[0], even[1]),
            add_scaled(1.25, odd[1], scaled(0.5, odd[0])),
            add_scaled(1.5625, even[1], scaled(0.25, even[0])),
            add_scaled(1.953_125, odd[1], add_scaled(0.125, odd[0], m[4])),
        ]
    }
}

/// Four outputs a side at every second cell: [`Phase`] for the first and the third tap, which see every other cell, and
/// the cells between as they are.
pub(crate) struct StridedFour;

impl Along<9, 9> for StridedFour {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 9]) -> [S::V; 9] {
        let [p, q, r, s, t] = Phase::apply(simd, [d[0], d[2], d[4], d[6], d[8]]);
        [p, q, r, s, t, d[1], d[3], d[5], d[7]]
    }
}

impl Scheme<9, 4> for StridedFour {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 9]) -> [S::V; 4] {
        let sums = Phase::outputs(simd, [m[0], m[1], m[2], m[3], m[4]]);
        [simd.add(sums[0], m[5]), simd.add(sums[1], m[6]), simd.add(sums[2], m[7]), simd.add(sums[3], m[8])]
    }
}

/// Two outputs a side at every second cell; points ±1.
pub(crate) struct StridedTwo;

impl Along<5, 5> for StridedTwo {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 5]) -> [S::V; 5] {
        [simd.add(d[2], d[0]), simd.sub(d[2], d[0]), simd.sub(d[4], d[0]), d[1], d[3]]
    }
}

impl Scheme<5, 2> for StridedTwo {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 5]) -> [S::V; 2] {
        let [even, odd] = [simd.add(m[0], m[1]), simd.add(simd.sub(m[0], m[1]), m[2])];
        [simd.add(even, m[3]), simd.add(odd, m[4])]
    }
}

/// Two outputs a side; points 0, ±1.
pub(crate) struct F2;

impl Along<4, 4> for F2 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::V; 4]) -> [S::V; 4] {
        [simd.sub(d[2], d[0]), simd.add(d[2], d[1]), simd.sub(d[2], d[1]), simd.sub(d[3], d[1])]
    }
}

impl Along<2, 4> for F2 {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, [a, b]: [S::V; 2]) -> [S::V; 4] {
        [a, simd.add(a, b), simd.sub(a, b), b]
    }
}

impl Scheme<4, 2> for F2 {
    #[inline(always)]
    fn outputs<S: Simd>(simd: S, m: [S::V; 4]) -> [S::V; 2] {
        [simd.add(simd.add(m[0], m[1]), m[2]), simd.add(simd.sub(m[1], m[2]), m[3])]
    }
}
