//! From steps to a network, and from there to arrays.

use std::fmt::Write as _;

use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::execute::Executor;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::Node;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::Data;

use super::Step;
use super::source::Grid;
use crate::failure::Result;
use crate::load;

/// What a step gave.
pub(super) struct Computed {
    pub(super) grid: Grid,
    /// The node that computes it, before any pass.
    pub(super) node: Node,
}

/// The network of these steps, on an input of this shape. Sums are direct ones, so that what should be 0 is.
fn network(shape: [usize; 2], steps: &[Step]) -> String {
    let [rows, columns] = shape;
    let mut text = format!("name: Picture\ninput: [{rows}, {columns}, 1]\nprecision: strict\nlayers:\n");
    for Step { name, from, layer, arguments, .. } in steps {
        let from = from.map_or("input", |step| steps[step].name.as_str());
        _ = writeln!(text, "  - {layer}: {{ name: {name}, from: {from}, {arguments} }}");
    }
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    _ = writeln!(text, "output: [{}]", names.join(", "));
    text
}

/// Computes every step; mistakes are shown in the network that the command has made.
pub(super) fn compute(command: &str, input: &Grid, steps: &[Step]) -> Result<Vec<Computed>> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let text = network(input.shape, steps);
    let parsed = yaml::parse(&format!("convolve {command}"), text.as_bytes());
    let mut graph = load::network(parsed, &Defaults::default(), None)?.graph;
    let nodes: Vec<Node> = graph.outputs.iter().map(|(_, node)| graph.nodes[*node].clone()).collect();
    let tensors: Vec<Option<Vec<u8>>> =
        graph.parameters.iter().map(|parameter| kernel(&parameter.name, steps)).collect();
    let initial = parameters(&graph);
    let weights = tensors.iter().zip(&initial).enumerate().map(|(index, (given, parameter))| match given {
        Some(bytes) => Data::F32(bytes),
        None => parameter.initial(0, index),
    });
    let weights: Vec<Data<'_>> = weights.collect();
    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let results = Executor::new(&plan, &weights, Level::detect()).run(&[&input.data]);
    let computed = nodes.into_iter().zip(results).map(|(node, data)| {
        let [rows, columns, _] = node.shape.extents();
        Computed { grid: Grid { shape: [rows, columns], data }, node }
    });
    Ok(computed.collect())
}

/// The bytes of a parameter that is a step's kernel; the slopes of a `prelu` are none.
fn kernel(parameter: &str, steps: &[Step]) -> Option<Vec<u8>> {
    let layer = parameter.strip_suffix(".weight")?;
    let weights = steps.iter().find(|step| step.name == layer)?.weights.as_ref()?;
    Some(weights.iter().flat_map(|x| x.to_le_bytes()).collect())
}
