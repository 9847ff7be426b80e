//! Runs a plan without rustc, on the kernels that the generated code calls.

use convolve_runtime::memory::{Heap, Weights};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::team::Team;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;

use crate::plan::Plan;

/// A plan with weights. It does not change, so that many threads can predict with it, each in memory of its own.
#[derive(Debug)]
pub struct Weighted<'p> {
    plan: &'p Plan<'p>,
    weights: Weights,
    level: Level,
}

impl<'p> Weighted<'p> {
    /// Packs the weights: one tensor for each of the graph's parameters, of the parameter's size.
    #[must_use]
    pub fn new(plan: &'p Plan<'p>, tensors: &[Data<'_>], level: Level) -> Self {
        Self { plan, weights: Weights::pack(&plan.loads, tensors, plan.weights), level }
    }

    /// What a prediction computes in.
    #[must_use]
    pub fn memory(&self) -> Heap {
        Heap::zeroed(self.plan.arena)
    }

    /// Computes the outputs of these inputs, each as long as its shape says, in such memory; they lie in it. Calls
    /// `after` with the index of each step and the memory it leaves.
    pub fn run<'m>(
        &self,
        inputs: &[&[f32]],
        memory: &'m mut Heap,
        team: &Team,
        mut after: impl FnMut(usize, &[f32]),
    ) -> impl Iterator<Item = &'m [f32]> {
        let arena = memory.as_mut_slice();
        let weights = self.weights.as_slice();
        let mut run = Run { level: self.level, team, weights, inputs, arena, shared: &mut [] };
        for (index, step) in self.plan.steps.iter().enumerate() {
            step.kernel.run(&mut run);
            after(index, run.arena);
        }
        let arena = memory.as_slice();
        self.plan.outputs.iter().map(|slot| &arena[slot.offset..slot.offset + slot.len()])
    }
}

/// A plan with weights and memory.
#[derive(Debug)]
pub struct Executor<'p> {
    weighted: Weighted<'p>,
    memory: Heap,
    team: Team,
}

impl<'p> Executor<'p> {
    /// Packs the weights, as [`Weighted::new`].
    #[must_use]
    pub fn new(plan: &'p Plan<'p>, tensors: &[Data<'_>], level: Level) -> Self {
        let weighted = Weighted::new(plan, tensors, level);
        Self { memory: weighted.memory(), weighted, team: Team::ALONE }
    }

    /// The executor on the threads of a pool.
    #[must_use]
    pub fn with_threads(self, threads: &Threads) -> Self {
        Self { team: Team::new(threads, self.weighted.plan.scratch()), ..self }
    }

    /// Computes the outputs of these inputs, each as long as its shape says.
    pub fn run(&mut self, inputs: &[&[f32]]) -> Vec<Vec<f32>> {
        self.run_with(inputs, |_, _| {})
    }

    /// As [`run`](Self::run), and calls `after` with the index of each step and the arena it leaves.
    pub fn run_with(&mut self, inputs: &[&[f32]], after: impl FnMut(usize, &[f32])) -> Vec<Vec<f32>> {
        let outputs = self.weighted.run(inputs, &mut self.memory, &self.team, after);
        outputs.map(<[f32]>::to_vec).collect()
    }
}
