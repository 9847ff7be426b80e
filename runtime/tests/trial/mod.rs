#![allow(dead_code, reason = "no test uses everything")]
//! Runs a kernel on every SIMD level and compares each float of the arena with a plain formula.

pub(crate) mod activation;

use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::{Memory, Slot};

/// Deterministic random numbers (SplitMix64).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Uniform between −`size` and `size`.
    pub(crate) fn float(&mut self, size: f32) -> f32 {
        ((self.next() >> 40) as f32 / 8_388_608.0 - 1.0) * size
    }

    pub(crate) fn floats(&mut self, len: usize, size: f32) -> Vec<f32> {
        (0..len).map(|_| self.float(size)).collect()
    }
}

/// A slot of the arena of `[height, width, channels]`, its pixels `gap` floats apart.
pub(crate) fn slot(offset: usize, [height, width, channels]: [usize; 3], gap: usize) -> Slot {
    Slot { memory: Memory::Arena, offset, height, width, channels, pitch: channels + gap }
}

/// Slots one behind the other, at odd places.
pub(crate) fn slots<const N: usize>(shapes: [[usize; 3]; N], gaps: [usize; N]) -> [Slot; N] {
    let mut offset = 3;
    std::array::from_fn(|index| {
        let slot = slot(offset, shapes[index], gaps[index]);
        offset += slot.span() + 5;
        slot
    })
}

/// Element (y, x, c) of a slot of `arena`.
pub(crate) fn at(arena: &[f32], slot: &Slot, [y, x, c]: [usize; 3]) -> f64 {
    f64::from(arena[slot.offset + (y * slot.width + x) * slot.pitch + c])
}

/// What a kernel is tried on.
pub(crate) struct Trial<'a> {
    pub(crate) output: Slot,
    pub(crate) weights: &'a [f32],
    /// The random floats of the arena lie between minus this and this.
    pub(crate) size: f32,
    /// Error allowed, relative to the larger of 1 and the value expected.
    pub(crate) tolerance: f64,
}

impl Trial<'_> {
    /// Runs the kernel on each level, on an arena of random floats; `expected` gives the output's
    /// element (y, x, c) from the arena as it was. All other floats must stay as they are.
    pub(crate) fn check(&self, run: impl Fn(&mut Run<'_>), expected: impl Fn(&[f32], [usize; 3]) -> f64) {
        let mut rng = Rng(self.output.span() as u64);
        let before = rng.floats(self.output.offset + self.output.span() + 40_000, self.size);
        for level in Level::available() {
            let mut arena = before.clone();
            run(&mut Run::new(level, self.weights, &[], &mut arena));
            let Slot { height, width, channels, .. } = self.output;
            for y in 0..height {
                for x in 0..width {
                    for c in 0..channels {
                        let want = expected(&before, [y, x, c]);
                        let got = at(&arena, &self.output, [y, x, c]);
                        let error = (got - want).abs() / want.abs().max(1.0);
                        assert!(
                            error <= self.tolerance || got == want || (got.is_nan() && want.is_nan()),
                            "{level}, element {:?}: {got}, expected {want}",
                            [y, x, c]
                        );
                        arena[self.output.offset + (y * width + x) * self.output.pitch + c] =
                            before[self.output.offset + (y * width + x) * self.output.pitch + c];
                    }
                }
            }
            assert!(arena == before, "{level} wrote outside the output");
        }
    }
}
