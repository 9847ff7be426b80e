//! How each node is computed, where there is a choice.

use super::cost::Core;
use super::storage::Storage;
use super::strips::Group;
use super::winograd::Tiles;
use super::{
    CONCAT_READS, PHASES, POOLED_SUMS, SCALED_KERNELS, STRIPS, WINOGRAD, concat, phases, pooled, scaled,
    strips, winograd,
};
use crate::graph::{Graph, NodeId};
use crate::options::{Algorithm, Options, Report};

/// How a node is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the kernel of its operation.
    Plain,
    /// A convolution in transformed tiles.
    Tiles(Tiles),
    /// A convolution of an enlarged map, as a transposed one.
    Phases,
    /// A convolution whose results are pooled in registers.
    Pooled,
    /// A convolution together with those before it.
    Strips(Group),
    /// A convolution of a product with a number for each channel, which multiply its kernel.
    Scaled,
}

/// Chooses every node's way, and lets the nodes that a way skips keep nothing.
pub(super) fn choose(
    graph: &Graph,
    core: &Core,
    options: &Options,
    storage: &mut Storage<'_>,
    reports: &mut Vec<Report>,
) -> Vec<Way> {
    let mut ways = vec![Way::Plain; graph.nodes.len()];
    if options.enabled(WINOGRAD) {
        for (id, way) in ways.iter_mut().enumerate() {
            let outcome = winograd::choose(graph, core, options, id, way);
            reports.extend(outcome.map(|outcome| outcome.report(WINOGRAD)));
        }
    }
    if options.enabled(CONCAT_READS) {
        for id in (0..ways.len()).filter(|&id| matches!(ways[id], Way::Tiles(_))) {
            reports.extend(concat::read(graph, storage, id).map(|outcome| outcome.report(CONCAT_READS)));
        }
    }
    if options.enabled(STRIPS) {
        let outcomes = strips::choose(graph, core, storage, options.forces(Algorithm::Strips), &mut ways);
        reports.extend(outcomes.into_iter().map(|outcome| outcome.report(STRIPS)));
    }
    // What is skipped is computed by its reader.
    let is_free = |storage: &Storage<'_>, id: NodeId, way: Way| way == Way::Plain && !storage.is_bypassed(id);
    if options.enabled(PHASES) {
        for (id, way) in ways.iter_mut().enumerate().filter(|(id, way)| is_free(storage, *id, **way)) {
            let outcome = phases::choose(graph, id, options.forces(Algorithm::Phases), way);
            reports.extend(outcome.map(|outcome| outcome.report(PHASES)));
        }
    }
    if options.enabled(POOLED_SUMS) {
        for (id, way) in ways.iter_mut().enumerate().filter(|(id, way)| is_free(storage, *id, **way)) {
            let outcome = pooled::choose(graph, id, way);
            reports.extend(outcome.map(|outcome| outcome.report(POOLED_SUMS)));
        }
    }
    if options.enabled(SCALED_KERNELS) {
        for (id, way) in ways.iter_mut().enumerate() {
            if is_free(storage, id, *way) {
                let outcome = scaled::choose(graph, storage, id, way);
                reports.extend(outcome.map(|outcome| outcome.report(SCALED_KERNELS)));
            }
        }
    }
    ways
}
