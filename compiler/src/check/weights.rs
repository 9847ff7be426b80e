//! Embedded weights against the tensors that the layers need.

use convolve_runtime::weights::file::{Place, locate};
use convolve_runtime::weights::{self, WeightsError};

use super::Notation;
use crate::diagnostic::{Code, Diagnostic};
use crate::files::{File, Files};
use crate::graph::{Graph, Layout, Parameter};
use crate::spec::Spanned;

/// A weights file that fits its network.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The file.
    pub file: File,
    /// Where each of the graph's parameters lies in it.
    pub places: Vec<Place>,
}

/// Reads the weights file of a network and checks it; what does not fit is reported at its name.
pub(crate) fn embed(
    graph: &Graph,
    name: &Spanned<String>,
    notation: Notation,
    files: &dyn Files,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Embedded> {
    let file = match files.read(&name.value) {
        Ok(file) => file,
        Err(reason) => {
            let message = format!("the weights of `{}` cannot be read", graph.name);
            diagnostics.push(
                Diagnostic::error(Code::UnreadableFile, name.place, message)
                    .label("not readable")
                    .note(reason),
            );
            return None;
        }
    };
    let errors = match locate(&file.bytes, &parameters(graph)) {
        Ok(places) => return Some(Embedded { file, places }),
        Err(errors) => errors,
    };
    let mistake = |code, message: String| {
        Diagnostic::error(code, name.place, message).label("does not fit the network")
    };
    if let Some(layout) = other_layout(graph, &errors) {
        let message = format!(
            "`{}` is in the {layout} layout, but the network expects the {} layout",
            name.value, graph.layout
        );
        diagnostics.push(
            mistake(Code::OtherLayout, message)
                .help(format!("write {}", notation.argument("layout", layout))),
        );
        return None;
    }
    diagnostics.extend(errors.iter().map(|error| {
        mistake(Code::of_weights(error), format!("the weights of `{}`: {}", graph.name, error.reason()))
    }));
    None
}

/// The graph's parameters, as the runtime knows them.
pub fn parameters(graph: &Graph) -> Vec<weights::Parameter<'_>> {
    fn borrowed(Parameter { name, shape, initial }: &Parameter) -> weights::Parameter<'_> {
        weights::Parameter { name, shape, initial: *initial }
    }
    graph.parameters.iter().map(borrowed).collect()
}

/// The layout of a file whose tensors are all there, under the other layout's names.
fn other_layout(graph: &Graph, errors: &[WeightsError]) -> Option<Layout> {
    let missing: Vec<&str> = errors
        .iter()
        .filter(|error| matches!(error, WeightsError::Missing { .. }))
        .filter_map(WeightsError::tensor)
        .collect();
    let surplus = |name: &str| {
        errors.iter().any(|error| matches!(error, WeightsError::Surplus { tensor, .. } if tensor == name))
    };
    let (layout, renamed): (_, &[(&str, &str)]) = match graph.layout {
        Layout::Keras => (Layout::Pytorch, &[("kernel", "weight"), ("gamma", "weight"), ("alpha", "weight")]),
        Layout::Pytorch => (Layout::Keras, &[("weight", "kernel"), ("weight", "gamma"), ("weight", "alpha")]),
    };
    let there = |name: &&str| {
        renamed.iter().any(|(ours, theirs)| {
            name.strip_suffix(ours).is_some_and(|layer| surplus(&format!("{layer}{theirs}")))
        })
    };
    let kernels = missing.iter().filter(|name| renamed.iter().any(|(ours, _)| name.ends_with(ours))).count();
    (kernels > 0 && missing.iter().filter(|name| there(name)).count() == kernels).then_some(layout)
}
