//! Runs a plan without rustc, on the kernels that the generated code calls.

use convolve_runtime::memory::{Heap, Weights};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::team::Team;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;

use crate::plan::Plan;

/// A plan with weights and memory.
#[derive(Debug)]
pub struct Executor<'p> {
    plan: &'p Plan<'p>,
    weights: Weights,
    arena: Heap,
    level: Level,
    team: Team,
}

impl<'p> Executor<'p> {
    /// Packs the weights: one tensor for each of the graph's parameters, of the parameter's size.
    #[must_use]
    pub fn new(plan: &'p Plan<'p>, tensors: &[Data<'_>], level: Level) -> Self {
        let weights = Weights::pack(&plan.loads, tensors, plan.weights);
        Self { plan, weights, arena: Heap::zeroed(plan.arena), level, team: Team::ALONE }
    }

    /// The executor on the threads of a pool.
    #[must_use]
    pub fn with_threads(self, threads: &Threads) -> Self {
        Self { team: Team::new(threads, self.plan.scratch()), ..self }
    }

    /// Computes the outputs of these inputs, each as long as its shape says.
    pub fn run(&mut self, inputs: &[&[f32]]) -> Vec<Vec<f32>> {
        self.run_with(inputs, |_, _| {})
    }

    /// As [`run`](Self::run), and calls `after` with the index of each step and the arena it leaves.
    pub fn run_with(&mut self, inputs: &[&[f32]], mut after: impl FnMut(usize, &[f32])) -> Vec<Vec<f32>> {
        let mut run = Run {
            level: self.level,
            team: &self.team,
            weights: self.weights.as_slice(),
            inputs,
            arena: self.arena.as_mut_slice(),
            shared: &mut [],
        };
        for (index, step) in self.plan.steps.iter().enumerate() {
            step.kernel.run(&mut run);
            after(index, run.arena);
        }
        let outputs = self.plan.outputs.iter();
        outputs.map(|slot| run.arena[slot.offset..slot.offset + slot.len()].to_vec()).collect()
    }
}
