//! What the kernels' tests share: random numbers, random tensors, a comparison.
#![allow(dead_code, reason = "each test file uses its part")]

use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::team::Team;

/// A small deterministic generator (xorshift64*, Vigna 2016).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.next() as usize % (high - low + 1)
    }

    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.range(1, one_in) == 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.range(0, from.len() - 1)]
    }

    /// Floats from −1 to 1.
    pub(crate) fn floats(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.next() as f32 / (1u64 << 31) as f32 - 1.0).collect()
    }

    /// A tensor of the arena at `offset`; often a view into a wider one.
    pub(crate) fn slot(&mut self, offset: usize, height: usize, width: usize, channels: usize) -> Slot {
        let pitch = if self.chance(3) { channels + self.range(1, 20) } else { channels };
        Slot { memory: Memory::Arena, offset, height, width, channels, pitch }
    }
}

/// Float of pixel `(y, x)`, channel `c`.
pub(crate) fn at(slot: &Slot, y: usize, x: usize, c: usize) -> usize {
    slot.offset + (y * slot.width + x) * slot.pitch + c
}

/// First float behind a tensor.
pub(crate) fn end(slot: &Slot) -> usize {
    slot.offset + slot.span()
}

/// Asserts that `slot` holds `expected` (each with the sum of the magnitudes of its terms), and that nothing else of
/// the arena changed.
pub(crate) fn check(case: &str, slot: &Slot, before: &[f32], after: &[f32], expected: &[(f64, f64)]) {
    let mut written = vec![false; before.len()];
    let mut values = expected.iter();
    for y in 0..slot.height {
        for x in 0..slot.width {
            for c in 0..slot.channels {
                let (value, scale) = values.next().expect("a value for each element");
                let float = at(slot, y, x, c);
                written[float] = true;
                let got = f64::from(after[float]);
                assert!(
                    (got - value).abs() <= 1e-5 * scale.max(1e-3),
                    "{case}: ({y}, {x}, {c}) is {got}, not {value}"
                );
            }
        }
    }
    for (float, written) in written.iter().enumerate() {
        assert!(
            *written || before[float].to_bits() == after[float].to_bits(),
            "{case}: float {float} was overwritten"
        );
    }
}

/// The arena after some kernels have worked on it.
pub(crate) fn after(
    level: Level,
    team: &Team,
    weights: &[f32],
    arena: &[f32],
    work: &dyn Fn(&mut Run<'_>),
) -> Vec<f32> {
    let mut arena = arena.to_vec();
    work(&mut Run { team, ..Run::new(level, weights, &[], &mut arena) });
    arena
}
