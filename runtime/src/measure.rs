//! What measurements of kernels compare with: the multiply–adds that a core comes to when it does nothing else.

use core::hint::black_box;
use std::time::Instant;

use crate::simd::{Level, Simd, WithSimd};

/// Multiply–adds a second of the core that this runs on, in a loop over registers; the best of a tenth of a
/// second. The clock varies: measure it beside what is compared with it.
#[must_use]
pub fn peak(level: Level) -> f64 {
    const ROUNDS: usize = 100_000;
    let macs = (ROUNDS * SUMS * level.lanes()) as f64;
    macs / fastest(|| {
        black_box(level.dispatch(Registers { rounds: ROUNDS }));
    })
}

/// The least seconds of `work` in forty rounds of some milliseconds each.
pub fn fastest(mut work: impl FnMut()) -> f64 {
    let mut time = |times: usize| {
        let start = Instant::now();
        (0..times).for_each(|_| work());
        start.elapsed().as_secs_f64() / times as f64
    };
    let times = (2e-3 / time(1).max(1e-9)) as usize + 1;
    (0..40).map(|_| time(times)).fold(f64::INFINITY, f64::min)
}

/// Independent sums, enough for the latency of every level with fused multiply–add.
const SUMS: usize = 10;

/// Multiply–adds that touch no memory.
struct Registers {
    rounds: usize,
}

impl WithSimd for Registers {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (factor, term) = (simd.splat(black_box(0.999)), simd.splat(black_box(0.001)));
        let mut sums = [simd.splat(black_box(0.5)); SUMS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = simd.mul_add(*sum, factor, term);
            }
        }
        sums.into_iter().map(|sum| simd.sum(sum)).sum()
    }
}
