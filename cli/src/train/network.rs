//! A network that was read at run time, for the trainer.

use convolve_compiler::execute::Weighted;
use convolve_compiler::graph::Graph;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{Plan, plan};
use convolve_compiler::train::{Prepared, Training, prepare};
use convolve_runtime::memory::Heap;
use convolve_runtime::simd::Level;
use convolve_runtime::team::Team;
use convolve_runtime::train::Program;
use convolve_runtime::weights::Data;
use convolve_train::{Network, Predictor};

/// The graphs that training and prediction compute.
pub(crate) struct Graphs {
    prepared: Prepared,
    fused: Graph,
}

impl Graphs {
    /// Rewrites a checked graph for both.
    ///
    /// # Errors
    /// What about the network cannot be trained, in words.
    pub(crate) fn new(mut graph: Graph) -> Result<Self, String> {
        let prepared = prepare(&graph)?;
        optimise(&mut graph, &Options::default());
        Ok(Self { prepared, fused: graph })
    }
}

/// What the compiler made of a YAML file.
pub(crate) struct Compiled<'g> {
    training: Training<'g>,
    plan: Plan<'g>,
}

impl<'g> Compiled<'g> {
    pub(crate) fn new(graphs: &'g Graphs) -> Self {
        let plan = plan(&graphs.fused, &Options::default());
        Self { training: Training::new(&graphs.prepared), plan }
    }
}

impl Network for Compiled<'_> {
    type Predictor<'a>
        = Executed<'a>
    where
        Self: 'a;

    fn program(&self) -> Program<'_> {
        self.training.program()
    }

    fn predictor<'a>(&'a self, tensors: &[Data<'_>]) -> Executed<'a> {
        Executed(Weighted::new(&self.plan, tensors, Level::detect()))
    }
}

/// The plan with weights. Threads share images, so that each image is computed by one.
pub(crate) struct Executed<'p>(Weighted<'p>);

impl Predictor for Executed<'_> {
    type Memory = Heap;

    fn memory(&self) -> Heap {
        self.0.memory()
    }

    fn predict(&self, inputs: &[&[f32]], output: &mut [f32], memory: &mut Heap) {
        for values in self.0.run(inputs, memory, &Team::ALONE, |_, _| {}) {
            output.copy_from_slice(values);
        }
    }
}
