//! Training: a graph, its backward pass and the memory of both, as one program.
//!
//! [`prepare`] rewrites the graph as training needs it, [`Training::new`] differentiates it: every node is lowered to
//! kernels in order, then every node's gradient in reverse. Kernels, packing and arena are those of prediction.

mod backward;
mod forward;
mod prepare;
mod tape;
mod weighted;

pub use prepare::{Prepared, prepare};

use convolve_runtime::kernels::{Activation, Sampling};
use convolve_runtime::train::{
    BatchMoments, DenseWeights, Derived, Head, Phase, Place, Program, Restored, Rows, Segment, Statistics,
    Step,
};
use convolve_runtime::weights::{Load, PANEL, Parameter, Tile, padded};

use crate::check::parameters;
use crate::graph::{Conv, Graph, Layout, NodeId, Op, Precision, Shape};
use crate::plan::cost::{self, Core};
use crate::plan::loads::Loads;
use crate::plan::winograd::{self, Tiles};
use tape::{Tape, Value};

/// A network's training. It borrows from the prepared graph.
#[derive(Clone, Debug)]
pub struct Training<'g> {
    tensors: Vec<Parameter<'g>>,
    loads: Vec<Load<'g>>,
    trained: usize,
    kept: usize,
    weights: usize,
    derived: Vec<Derived>,
    restored: Vec<Restored>,
    statistics: Vec<Statistics>,
    sums: usize,
    arena: usize,
    shared: usize,
    rows_arena: usize,
    steps: Vec<Step>,
    layers: Vec<&'g str>,
    rows: Vec<Rows>,
    dense: Vec<DenseWeights>,
    segments: Vec<Segment>,
    phases: Vec<Phase>,
    inputs: Vec<usize>,
    output: Place,
    gradient: Place,
    head: Head,
}

impl<'g> Training<'g> {
    /// Differentiates a prepared graph.
    #[must_use]
    pub fn new(prepared: &'g Prepared) -> Self {
        let graph = &prepared.graph;
        let weights = Packed::new(graph);
        let (tape, _, _) = Recorder::new(graph, &weights, Tape::default()).record();
        let (tape, [arena, shared, rows_arena]) = tape.placed();
        let recorder = Recorder::new(graph, &weights, tape);
        let (mut tape, derivations, [output, gradient]) = recorder.record();
        tape.dense.sort_by_key(|dense| dense.weights);
        let mut inputs = vec![0; graph.inputs.len()];
        for node in &graph.nodes {
            if let Op::Input(index) = node.op {
                inputs[index] = node.shape.elements();
            }
        }
        Self {
            tensors: parameters(graph),
            trained: weights.trained,
            kept: weights.kept,
            weights: derivations.floats,
            derived: derivations.list,
            restored: derivations.restored,
            statistics: weights.statistics,
            loads: weights.loads,
            sums: derivations.sums,
            arena,
            shared,
            rows_arena,
            layers: tape.nodes.iter().map(|&id| graph.nodes[id].layers[0].as_str()).collect(),
            steps: tape.steps,
            rows: tape.rows,
            dense: tape.dense,
            segments: tape.segments,
            phases: tape.phases,
            inputs,
            output: output.place(),
            gradient: gradient.place(),
            head: prepared.head,
        }
    }

    /// The program that the runtime runs.
    #[must_use]
    pub fn program(&self) -> Program<'_> {
        Program {
            tensors: &self.tensors,
            loads: &self.loads,
            trained: self.trained,
            kept: self.kept,
            weights: self.weights,
            derived: &self.derived,
            restored: &self.restored,
            statistics: &self.statistics,
            sums: self.sums,
            arena: self.arena,
            shared: self.shared,
            rows_arena: self.rows_arena,
            steps: &self.steps,
            layers: &self.layers,
            rows: &self.rows,
            dense: &self.dense,
            segments: &self.segments,
            phases: &self.phases,
            inputs: &self.inputs,
            output: self.output,
            gradient: self.gradient,
            head: self.head,
        }
    }
}

/// Where the weights lie that training changes, and the sums beside their gradients.
struct Packed<'g> {
    loads: Vec<Load<'g>>,
    /// Each node's first weight, and its activation with its slopes among the weights.
    nodes: Vec<(usize, Activation)>,
    trained: usize,
    kept: usize,
    statistics: Vec<Statistics>,
    /// The statistics of each node that is a batch norm.
    norms: Vec<Option<Statistics>>,
    sums: usize,
}

impl<'g> Packed<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mut loads = Loads::new(graph);
        let nodes: Vec<_> = graph.nodes.iter().map(|node| loads.add_trained(node)).collect();
        let trained = loads.floats;
        let mut sums = trained;
        let mut norms = vec![None; graph.nodes.len()];
        // PyTorch's and Keras's defaults.
        let (rate, unbiased) = match graph.layout {
            Layout::Pytorch => (0.1, true),
            Layout::Keras => (0.01, false),
        };
        for (node, norm) in graph.nodes.iter().zip(&mut norms) {
            let Op::Affine { fold, order, .. } = &node.op else { continue };
            let [height, width, channels] = node.shape.extents();
            let mean = loads.vector(fold.mean, channels, order);
            let variance = loads.vector(fold.variance, channels, order);
            let (sum, squares) = (sums, sums + padded(channels));
            sums += 2 * padded(channels);
            *norm = Some(Statistics {
                channels,
                pixels: height * width,
                sum,
                squares,
                mean,
                variance,
                rate,
                unbiased,
            });
        }
        let statistics = norms.iter().copied().flatten().collect();
        // What has no part in the output is kept as it is.
        for (id, parameter) in graph.parameters.iter().enumerate() {
            if !graph.nodes.iter().any(|node| node.op.parameters().contains(&id)) {
                loads.vector(id, parameter.elements(), &[]);
            }
        }
        Self { nodes, trained, kept: loads.floats, loads: loads.list, statistics, norms, sums }
    }
}

/// What is made of the weights, behind them, and what their gradients are made of.
struct Derivations {
    list: Vec<Derived>,
    floats: usize,
    restored: Vec<Restored>,
    /// Floats of all sums.
    sums: usize,
}

impl Derivations {
    /// Adds one, made by `derived` for the float where it starts; gives that.
    fn add(&mut self, derived: impl FnOnce(usize) -> Derived) -> usize {
        let at = self.floats;
        let derived = derived(at);
        self.floats += derived.len();
        self.list.push(derived);
        at
    }
}

impl Derivations {
    /// Adds the gradient of a kernel in tiles; gives the first of its sums.
    fn restore(&mut self, to: usize, inputs: usize, outputs: usize, tile: Tile) -> usize {
        let from = self.sums;
        self.sums += padded(outputs) * tile.elements() * inputs;
        self.restored.push(Restored { from, to, inputs, outputs, tile });
        from
    }
}

/// Differentiates, step by step.
struct Recorder<'g> {
    graph: &'g Graph,
    core: &'static Core,
    weights: &'g Packed<'g>,
    derivations: Derivations,
    tape: Tape,
    /// What each node gave.
    values: Vec<Option<Value>>,
    /// The same among the rows, where a dense layer has asked for it.
    gathered: Vec<Option<Value>>,
    /// Which cells a pooling took.
    choices: Vec<Option<Value>>,
    /// Whether the loss's gradient with respect to the node is needed.
    needed: Vec<bool>,
    /// What the node's readers found of its gradient so far: values to add up.
    gradients: Vec<Vec<Found>>,
}

/// A part of a gradient.
#[derive(Clone, Copy)]
struct Found {
    value: Value,
    /// Whether nothing else needs the value, so that it may be overwritten.
    own: bool,
}

impl<'g> Recorder<'g> {
    fn new(graph: &'g Graph, weights: &'g Packed<'g>, tape: Tape) -> Self {
        let count = graph.nodes.len();
        let mut needed = vec![false; count];
        for (id, node) in graph.nodes.iter().enumerate() {
            needed[id] = !node.op.parameters().is_empty() || node.inputs.iter().any(|&input| needed[input]);
        }
        Self {
            graph,
            core: cost::core(usize::MAX),
            weights,
            derivations: Derivations {
                list: Vec::new(),
                floats: weights.kept,
                restored: Vec::new(),
                sums: weights.sums,
            },
            tape,
            values: vec![None; count],
            gathered: vec![None; count],
            choices: vec![None; count],
            needed,
            gradients: vec![Vec::new(); count],
        }
    }

    /// Records the way there and back. Gives the output that the loss judges, and the gradient that it makes.
    fn record(mut self) -> (Tape, Derivations, [Value; 2]) {
        for id in 0..self.graph.nodes.len() {
            let value = self.forward(id);
            self.values[id] = Some(value);
        }
        let output = self.graph.outputs[0].1;
        let value = self.value(output);
        let gradient =
            self.tape.value(value.space, [value.slot.height, value.slot.width, value.slot.channels]);
        self.tape.push_loss(&[value, gradient]);
        self.gradients[output].push(Found { value: gradient, own: true });
        for id in (0..self.graph.nodes.len()).rev() {
            self.backward(id);
        }
        self.tape.end_phase(0..self.derivations.sums);
        (self.tape, self.derivations, [value, gradient])
    }

    /// What a node gave.
    fn value(&self, id: NodeId) -> Value {
        self.values[id].unwrap_or_else(|| unreachable!("every node comes after its inputs"))
    }

    /// What a node gave, where the images' kernels find it.
    fn image(&mut self, id: NodeId) -> Value {
        let found = self.value(id);
        let value = self.tape.image_of(id, found);
        if value != found {
            self.gathered[id] = Some(found);
        }
        self.values[id] = Some(value);
        value
    }

    /// What a node gave, among the rows.
    fn row(&mut self, id: NodeId) -> Value {
        let value = self.gathered[id].unwrap_or_else(|| {
            let value = self.value(id);
            self.tape.rows_of(id, value)
        });
        self.gathered[id] = Some(value);
        value
    }

    /// Room for a node's value.
    fn room(&mut self, id: NodeId) -> Value {
        self.tape.value(tape::Space::Image, self.graph.nodes[id].shape.extents())
    }

    /// Where a batch norm's parameters and statistics lie.
    fn moments(&self, id: NodeId) -> Option<BatchMoments> {
        let Op::Affine { fold, .. } = &self.graph.nodes[id].op else { return None };
        let Statistics { channels, sum, squares, .. } = self.weights.norms[id]?;
        let gamma = self.weights.nodes[id].0;
        let beta = gamma + padded(channels);
        Some(BatchMoments { gamma, beta, sums: sum, squares, epsilon: fold.epsilon })
    }

    /// How a convolution is computed in tiles, if that is faster by count.
    fn tiles(&self, conv: &Conv, input: Shape, output: Shape) -> Option<Tiles> {
        let fits = conv.sampling == Sampling::Direct
            && input.channels() >= PANEL
            && self.graph.precision != Precision::Strict;
        fits.then(|| winograd::faster(self.core, conv, input, output)).flatten()
    }
}
