//! The values between a network's layers, by the layers' names.
//!
//! A compiled network has few of them: passes join layers, and the planner lets tensors share memory. Here the
//! layers that are asked for become outputs before any pass runs, so that passes and planner keep them, and join
//! the rest as ever. The program that predicts is another one, and pays nothing for this.

use core::fmt::{self, Display, Formatter};

use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;
use convolve_runtime::weights::file::open;
use proc_macro2::TokenStream;

use crate::analysis::analyse;
use crate::check::{Defaults, parameters};
use crate::diagnostic::{Severity, suggest};
use crate::execute::Executor;
use crate::frontend::{Parsed, dsl, yaml};
use crate::graph::{Graph, NodeId, Op, Shape};
use crate::options::Options;
use crate::passes::optimise;
use crate::plan::plan;
use crate::render::{arrange, render};

/// What one layer gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The layer's name.
    pub layer: String,
    /// The shape of what it gives.
    pub shape: Shape,
    /// The numbers, pixel by pixel, the channels of each one after the other.
    pub data: Vec<f32>,
}

/// What the layers of a network give for one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace(Vec<Value>);

impl Trace {
    /// The value of the layer of this name, if it was asked for.
    #[must_use]
    pub fn get(&self, layer: &str) -> Option<&Value> {
        self.0.iter().find(|value| value.layer == layer)
    }

    /// The values, in the order of the layers that were asked for.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

/// Why there is no trace: every mistake, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Vec<String>);

impl Error {
    /// The mistakes.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.0
    }

    fn one(mistake: impl Into<String>) -> Self {
        Self(vec![mistake.into()])
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl core::error::Error for Error {}

/// The layers of a graph that no pass has changed, in order, each with the node that is its value.
#[must_use]
pub fn layers(graph: &Graph) -> Vec<(&str, NodeId)> {
    let mut layers: Vec<(&str, NodeId)> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !matches!(node.op, Op::Input(_))) {
        // A layer of several nodes, such as one with a softmax, gives what the last of them gives.
        match layers.last_mut().filter(|(name, _)| *name == node.layers[0]) {
            Some((_, last)) => *last = id,
            None => layers.push((&node.layers[0], id)),
        }
    }
    layers
}

/// The graph with all of its layers as its outputs; it is one that no pass has changed.
#[must_use]
pub fn every(graph: &Graph) -> Graph {
    let outputs = layers(graph).into_iter().map(|(name, node)| (name.to_owned(), node)).collect();
    Graph { outputs, ..graph.clone() }
}

/// The graph with these layers as its outputs, and no others; it is one that no pass has changed.
///
/// # Errors
/// Every name that is not a layer's.
pub fn select(graph: &Graph, names: &[impl AsRef<str>]) -> Result<Graph, Error> {
    let layers = layers(graph);
    let mut outputs: Vec<(String, NodeId)> = Vec::new();
    let mut mistakes = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        match layers.iter().find(|(layer, _)| *layer == name) {
            Some(_) if outputs.iter().any(|(chosen, _)| chosen == name) => {}
            Some(&(layer, node)) => outputs.push((layer.to_owned(), node)),
            None => mistakes.push(match suggest(name, layers.iter().map(|(layer, _)| *layer)) {
                Some(meant) => format!("there is no layer `{name}`; did you mean `{meant}`?"),
                None => format!("there is no layer `{name}`; `convolve summary` lists the layers"),
            }),
        }
    }
    if names.is_empty() {
        mistakes.push("no layer is named".to_owned());
    }
    if mistakes.is_empty() { Ok(Graph { outputs, ..graph.clone() }) } else { Err(Error(mistakes)) }
}

/// Computes the outputs of a graph that no pass has changed, as [`select`] gives it: `tensors` are its parameters,
/// each of the parameter's size, and `inputs` its inputs, each as long as its shape says.
#[must_use]
pub fn run(graph: &Graph, tensors: &[Data<'_>], inputs: &[&[f32]], level: Level, threads: &Threads) -> Trace {
    let mut graph = graph.clone();
    let options = Options::default().for_lanes(level.lanes());
    optimise(&mut graph, &options);
    let results = Executor::new(&plan(&graph, &options), tensors, level).with_threads(threads).run(inputs);
    let outputs = graph.outputs.iter().zip(results);
    let value = |((layer, node), data): (&(String, NodeId), _)| Value {
        layer: layer.clone(),
        shape: graph.nodes[*node].shape,
        data,
    };
    Trace(outputs.map(value).collect())
}

/// A network with its weights, of which the values of all layers or of some can be asked.
///
/// Each [`run`](Self::run) plans and packs weights anew: this is for looking, not for predicting.
#[derive(Clone, Debug)]
pub struct Tracer<'w> {
    written: Graph,
    selected: Graph,
    tensors: Vec<Data<'w>>,
}

impl<'w> Tracer<'w> {
    /// The network of a YAML specification, with the weights of a safetensors file. What the specification says of
    /// the layout of weights holds; a file that it names is not read.
    ///
    /// # Errors
    /// Every mistake in the specification, or everything in which the file is not what the network needs.
    pub fn yaml(text: &str, weights: &'w [u8]) -> Result<Self, Error> {
        Self::new(yaml::parse("specification", text.as_bytes()), weights)
    }

    /// The first network of the text between the braces of a `cnn!`.
    ///
    /// # Errors
    /// As those of [`yaml`](Self::yaml).
    pub fn rust(text: &str, weights: &'w [u8]) -> Result<Self, Error> {
        let tokens: TokenStream =
            text.parse().map_err(|error| Error::one(format!("the text is not Rust: {error}")))?;
        Self::new(dsl::parse(tokens).parsed, weights)
    }

    fn new(parsed: Parsed, weights: &'w [u8]) -> Result<Self, Error> {
        let analysis = analyse(parsed, &Defaults::default(), None);
        let Some(network) = analysis.networks.into_iter().next() else {
            let mut mistakes = analysis.diagnostics;
            mistakes.retain(|diagnostic| diagnostic.severity == Severity::Error);
            let mistakes = arrange(mistakes, &analysis.source);
            if mistakes.is_empty() {
                return Err(Error::one("the text holds no network; of a YAML file, give its content"));
            }
            return Err(Error(mistakes.iter().map(|mistake| render(mistake, &analysis.source)).collect()));
        };
        let written = network.graph;
        let tensors = match written.parameters.is_empty() {
            true => Vec::new(),
            false => open(weights, &parameters(&written))
                .map_err(|errors| Error(errors.iter().map(ToString::to_string).collect()))?,
        };
        Ok(Self { selected: every(&written), written, tensors })
    }

    /// The names of all layers, in order.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        layers(&self.written).into_iter().map(|(name, _)| name)
    }

    /// The network of which only these layers are asked; what none of them needs is not computed.
    ///
    /// # Errors
    /// Every name that is not a layer's.
    pub fn only(self, layers: &[impl AsRef<str>]) -> Result<Self, Error> {
        Ok(Self { selected: select(&self.written, layers)?, ..self })
    }

    /// What the layers give for these inputs, in the order in which the network has them, on the best SIMD level of
    /// this processor.
    ///
    /// # Errors
    /// If there are more or fewer inputs than the network has, or one is not as long as its shape says.
    pub fn run(&self, inputs: &[&[f32]]) -> Result<Trace, Error> {
        let names = &self.written.inputs;
        if inputs.len() != names.len() {
            return Err(Error::one(format!(
                "the network has {} inputs, but gets {}",
                names.len(),
                inputs.len()
            )));
        }
        let misfit = |node: &crate::graph::Node| {
            let Op::Input(index) = node.op else { return None };
            let (found, wanted) = (inputs[index].len(), node.shape.elements());
            let input = &names[index];
            let shape = node.shape;
            (found != wanted)
                .then(|| format!("the input `{input}` is {shape}, {wanted} numbers, but gets {found}"))
        };
        let mistakes: Vec<String> = self.written.nodes.iter().filter_map(misfit).collect();
        if !mistakes.is_empty() {
            return Err(Error(mistakes));
        }
        Ok(run(&self.selected, &self.tensors, inputs, Level::detect(), &Threads::new(1)))
    }
}
