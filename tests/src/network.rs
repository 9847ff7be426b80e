//! From a specification's text to numbers: what most tests of whole networks need.

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::{Graph, Parameter};
use convolve_runtime::weights::Initial;

use crate::random::Random;

/// The checked graph of a YAML specification, whose weights file is not looked at.
///
/// # Errors
/// The messages of the mistakes in it.
pub fn graph(text: &str) -> Result<Graph, Vec<String>> {
    let parsed = yaml::parse("test.yaml", text.as_bytes());
    let analysis = analyse(parsed, &Defaults::default(), None);
    let messages = analysis.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    analysis.networks.into_iter().next().map(|network| network.graph).ok_or(messages)
}

/// Numbers for every parameter, of a size that keeps activations near one.
#[must_use]
pub fn tensors(parameters: &[Parameter], random: &mut Random) -> Vec<Vec<f32>> {
    let tensor = |parameter: &Parameter| {
        let is_variance = parameter.name.ends_with("running_var") || parameter.name.ends_with("variance");
        let value = |random: &mut Random| match parameter.initial {
            Initial::Kernel { fan_in, .. } => random.real() * (3.0 / fan_in as f32).sqrt(),
            Initial::Constant(_) if is_variance => 1.0 + 0.5 * random.real(),
            Initial::Constant(value) => value + 0.3 * random.real(),
        };
        (0..parameter.elements()).map(|_| value(random)).collect()
    };
    parameters.iter().map(tensor).collect()
}

/// Numbers between −1 and 1 for every input.
#[must_use]
pub fn inputs(graph: &Graph, random: &mut Random) -> Vec<Vec<f32>> {
    let mut inputs = vec![Vec::new(); graph.inputs.len()];
    for node in &graph.nodes {
        if let convolve_compiler::graph::Op::Input(index) = node.op {
            inputs[index] = (0..node.shape.elements()).map(|_| random.real()).collect();
        }
    }
    inputs
}
