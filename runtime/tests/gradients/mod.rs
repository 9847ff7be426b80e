#![allow(dead_code, reason = "no test uses everything")]
//! Runs a kernel of the backward pass on every SIMD level and compares what it writes with the gradients of a plain
//! forward pass in double precision, made by central differences.

use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::train::Pass;

use crate::trial::{Rng, at};

/// Row, column and channel of each element of a slot.
pub(crate) fn cells(slot: &Slot) -> impl Iterator<Item = [usize; 3]> + use<> {
    let Slot { width, channels, .. } = *slot;
    (0..slot.len()).map(move |i| [i / channels / width, i / channels % width, i % channels])
}

/// The elements of a slot.
pub(crate) fn values(arena: &[f32], slot: &Slot) -> Vec<f64> {
    cells(slot).map(|cell| at(arena, slot, cell)).collect()
}

/// The gradient at `x` of the sum over the elements of `f`, each times its weight.
pub(crate) fn gradient(x: &[f64], weights: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let loss = |x: &[f64]| f(x).iter().zip(weights).map(|(y, w)| y * w).sum::<f64>();
    let mut x = x.to_vec();
    (0..x.len())
        .map(|index| {
            let kept = x[index];
            let [above, below] = [STEP, -STEP].map(|step| {
                x[index] = kept + step;
                loss(&x)
            });
            x[index] = kept;
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

/// What a kernel is tried on.
pub(crate) struct Trial<'a> {
    pub(crate) output: Slot,
    pub(crate) weights: &'a [f32],
    pub(crate) totals: &'a [f32],
    pub(crate) images: usize,
    /// The random floats of the arena lie between minus this and this.
    pub(crate) size: f32,
    /// Error allowed, relative to the larger of 1 and the value expected.
    pub(crate) tolerance: f64,
}

impl Trial<'_> {
    pub(crate) fn new(output: Slot, size: f32, tolerance: f64) -> Self {
        Self { output, weights: &[], totals: &[], images: 1, size, tolerance }
    }

    /// Runs the kernel on each level, on an arena and sums of random floats. From the arena as it was, `expected` gives
    /// the elements of the output, and index and value of what is added to the sums. Nothing else may change.
    pub(crate) fn check(
        &self,
        run: impl Fn(&mut Pass<'_>),
        expected: impl Fn(&[f32]) -> (Vec<f64>, Vec<(usize, f64)>),
    ) {
        let mut rng = Rng(self.output.span() as u64);
        let before = rng.floats(self.output.offset + self.output.span() + 40_000, self.size);
        let sums_before = rng.floats(self.weights.len().max(self.totals.len()) + 20, 1.0);
        let (output, added) = expected(&before);
        assert_eq!(output.len(), self.output.len(), "the reference gives another number of elements");
        let close = |got: f64, want: f64| (got - want).abs() <= self.tolerance * want.abs().max(1.0);
        for level in Level::available() {
            let (mut arena, mut sums) = (before.clone(), sums_before.clone());
            run(&mut Pass {
                run: Run::new(level, self.weights, &[], &mut arena),
                sums: &mut sums,
                totals: self.totals,
                images: self.images,
                key: 7,
            });
            for ([y, x, c], &want) in cells(&self.output).zip(&output) {
                let got = at(&arena, &self.output, [y, x, c]);
                assert!(close(got, want), "{level}, element {:?}: {got}, expected {want}", [y, x, c]);
                let float = self.output.offset + (y * self.output.width + x) * self.output.pitch + c;
                arena[float] = before[float];
            }
            assert!(arena == before, "{level} wrote outside the output");
            for &(index, want) in &added {
                let got = f64::from(sums[index]) - f64::from(sums_before[index]);
                assert!(close(got, want), "{level}, sum {index}: {got}, expected {want}");
                sums[index] = sums_before[index];
            }
            assert!(sums == sums_before, "{level} changed other sums");
        }
    }

    /// As [`check`](Self::check), of a kernel that has no parameters.
    pub(crate) fn check_output(&self, run: impl Fn(&mut Pass<'_>), expected: impl Fn(&[f32]) -> Vec<f64>) {
        self.check(run, |arena| (expected(arena), Vec::new()));
    }
}

/// What the kernel makes of an arena, on the level.
pub(crate) fn run_on(level: Level, arena: &mut [f32], kernel: impl Fn(&mut Pass<'_>)) {
    let run = Run::new(level, &[], &[], arena);
    kernel(&mut Pass { run, sums: &mut [], totals: &[], images: 1, key: 7 });
}
