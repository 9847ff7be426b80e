//! `convolve run`.

use std::path::Path;

use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::execute::Executor;
use convolve_compiler::files;
use convolve_compiler::graph::{Graph, Layout};
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::Data;
use convolve_runtime::weights::file::{Place, locate};
use safetensors::SafeTensors;

use crate::args::RunArgs;
use crate::failure::{Failure, Result};
use crate::npy::Array;
use crate::{load, output, tensors};

/// Computes a network's outputs from files, and writes them.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let mut parsed = load::parse(&args.file)?;
    let given = args.weights.as_deref().map(files::read).transpose().map_err(Failure::new)?;
    let mut layout = args.layout.map(Layout::from);
    if let Some(weights) = parsed.spec.networks.first_mut().and_then(|network| network.weights.as_mut()) {
        if layout.is_some() {
            weights.layout = None;
        }
        if given.is_some() {
            weights.file = None;
        }
    }
    if layout.is_none() {
        layout = given.as_ref().and_then(|file| named_layout(&file.bytes));
    }
    let defaults = Defaults { layout, ..Defaults::default() };
    let network = load::network(parsed, &defaults, Some(&load::files_beside(&args.file)))?;
    let mut graph = network.graph;

    let (bytes, places) = match (given, network.weights, args.weights.as_deref()) {
        (Some(file), _, Some(path)) => {
            let places = fit(&graph, &file.bytes, path)?;
            (file.bytes, places)
        }
        (_, Some(weights), _) => (weights.file.bytes, weights.places),
        _ if graph.parameters.is_empty() => (Vec::new(), Vec::new()),
        _ => {
            return Err(Failure::new(format!(
                "`{}` names no weights: give `--weights FILE`",
                args.file.display()
            )));
        }
    };
    let data: Vec<Data<'_>> = places.iter().map(|place| place.data(&bytes)).collect();
    let paths = tensors::output_paths(&graph, &args.outputs)?;
    let inputs = tensors::read(&graph, &args.inputs)?;

    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let level = args.level.unwrap_or_else(Level::detect);
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let results = Executor::new(&plan, &data, level).run(&inputs);

    let mut files = Vec::new();
    let mut lines = String::new();
    for (((name, node), data), path) in graph.outputs.iter().zip(results).zip(paths) {
        let Some(path) = path else { continue };
        let shape = graph.nodes[*node].shape;
        lines += &format!("{}: {name}, {shape}\n", path.display());
        files.push((path, Array { shape: shape.dimensions(), data }.write()));
    }
    output::write_all(&files)?;
    output::print(&lines)
}

/// The place of every parameter in a weights file.
fn fit(graph: &Graph, file: &[u8], path: &Path) -> Result<Vec<Place>> {
    locate(file, &parameters(graph)).map_err(|errors| {
        let mut mistakes: Vec<_> =
            errors.iter().map(|error| format!("`{}`: {error}", path.display())).collect();
        let named = named_layout(file).filter(|layout| *layout != graph.layout);
        if let (Some(named), Some(last)) = (named, mistakes.last_mut()) {
            *last += &format!(
                "\n  = help: the file is in the {named} layout, but the network expects the {} layout; give \
                 `--layout {named}`",
                graph.layout
            );
        }
        Failure::all(mistakes)
    })
}

/// The layout whose names the tensors of a weights file have, where they tell.
fn named_layout(file: &[u8]) -> Option<Layout> {
    let (_, metadata) = SafeTensors::read_metadata(file).ok()?;
    let tensors = metadata.tensors();
    let has = |names: &[&str]| {
        tensors.keys().any(|tensor| tensor.rsplit('.').next().is_some_and(|last| names.contains(&last)))
    };
    if has(&["kernel", "gamma", "beta", "alpha", "moving_mean", "moving_variance"]) {
        Some(Layout::Keras)
    } else if has(&["weight", "running_mean", "running_var"]) {
        Some(Layout::Pytorch)
    } else {
        None
    }
}
