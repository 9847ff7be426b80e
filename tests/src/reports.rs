//! What passes and planner say of small networks.

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;

use crate::network::graph;

/// A convolution to begin with.
pub const CONV: &str = "  - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same }\n";

/// What passes and planner say of a network that starts with an input of 8 × 8 × 4.
///
/// # Panics
/// If the network is not valid.
#[must_use]
pub fn reports(layers: &str) -> Vec<String> {
    let text = format!("name: Net\ninput: [8, 8, 4]\nlayers:\n{layers}");
    let mut graph = graph(&text).expect("a valid network");
    let options = Options::default();
    let mut reports = optimise(&mut graph, &options);
    reports.extend(plan(&graph, &options).reports);
    reports.iter().map(ToString::to_string).collect()
}

/// Checks that the passes say this of these layers.
///
/// # Panics
/// If they do not.
#[track_caller]
pub fn says(layers: &str, expected: &str) {
    let reports = reports(layers);
    assert!(reports.iter().any(|report| report == expected), "{reports:#?}");
}
