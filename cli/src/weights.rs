//! Networks with their weights, from the files that the user names.

use std::path::Path;

use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::diagnostic::Code;
use convolve_compiler::files;
use convolve_compiler::graph::{Graph, Layout};
use convolve_runtime::weights::Data;
use convolve_runtime::weights::file::{Place, locate};
use safetensors::SafeTensors;

use crate::args::NetworkWithWeights;
use crate::failure::{Failure, Mistake, Result};
use crate::load;

/// A weights file, and the place of every parameter in it.
pub(crate) struct Weights {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

impl Weights {
    /// The tensors of the parameters, in order.
    pub(crate) fn data(&self) -> Vec<Data<'_>> {
        self.places.iter().map(|place| place.data(&self.bytes)).collect()
    }
}

/// The network, and its weights if it has parameters and a file of them is named.
pub(crate) fn read(args: &NetworkWithWeights) -> Result<(Graph, Option<Weights>)> {
    let mut parsed = load::parse(&args.file)?;
    let given = args.weights.as_deref().map(files::read).transpose().map_err(unreadable)?;
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
    let weights = match (given, network.weights, args.weights.as_deref()) {
        (Some(file), _, Some(path)) => {
            let places = fit(&network.graph, &file.bytes, path)?;
            Some(Weights { bytes: file.bytes, places })
        }
        (_, Some(weights), _) => Some(Weights { bytes: weights.file.bytes, places: weights.places }),
        _ => None,
    };
    Ok((network.graph, weights))
}

/// The network alone: weights that its file names are not looked at. A layout takes the place of the one it names.
pub(crate) fn without(file: &Path, layout: Option<Layout>) -> Result<Graph> {
    let mut parsed = load::parse(file)?;
    let named = parsed.spec.networks.first_mut().and_then(|network| network.weights.as_mut());
    if let (Some(weights), Some(_)) = (named, layout) {
        weights.layout = None;
    }
    let defaults = Defaults { layout, ..Defaults::default() };
    Ok(load::network(parsed, &defaults, None)?.graph)
}

/// The tensors of a network that is to give numbers.
///
/// # Errors
/// If it has parameters and no file of them is named.
pub(crate) fn needed<'w>(
    graph: &Graph,
    weights: Option<&'w Weights>,
    args: &NetworkWithWeights,
) -> Result<Vec<Data<'w>>> {
    match weights {
        Some(weights) => Ok(weights.data()),
        None if graph.parameters.is_empty() => Ok(Vec::new()),
        None => {
            let file = args.file.display();
            Err(Failure::new(format!("`{file}` names no weights: give `--weights FILE`")))
        }
    }
}

fn unreadable(reason: String) -> Failure {
    Failure::coded(Code::UnreadableFile, reason)
}

/// The place of every parameter in a weights file.
fn fit(graph: &Graph, file: &[u8], path: &Path) -> Result<Vec<Place>> {
    locate(file, &parameters(graph)).map_err(|errors| {
        let mistake = |error| Mistake {
            code: Some(Code::of_weights(error)),
            message: format!("`{}`: {}", path.display(), error.reason()),
        };
        let mut mistakes: Vec<_> = errors.iter().map(mistake).collect();
        let named = named_layout(file).filter(|layout| *layout != graph.layout);
        if let (Some(named), Some(last)) = (named, mistakes.last_mut()) {
            last.message += &format!(
                "\n  = help: the file is in the {named} layout, but the network expects the {} layout; give \
                 `--layout {named}`",
                graph.layout
            );
        }
        Failure::mistakes(mistakes)
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
