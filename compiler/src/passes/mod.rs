//! Rewrites of the graph, each in its own file, each of which can be switched off.
//!
//! A rewrite keeps what the network computes, up to rounding. What two nodes become stands in the place
//! of the later one, so that every node still comes after its inputs.

mod absorb_padding;
mod drop_identities;
mod fold_norm;
mod fuse_activation;
mod fuse_pooling;
mod fuse_residual;
mod pad_small;
mod read_upsampled;
mod split_concat;

use crate::graph::{Graph, Node, Op, Shape};
use crate::options::{Options, Outcome, Report};
use crate::plan::cost::{Core, core};

/// A rewrite of a graph.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name, by which it is switched off.
    pub name: &'static str,
    /// The rewrite; one that weighs costs asks what they are on the processors that are planned for.
    run: fn(&mut Graph, &Core) -> Vec<Outcome>,
}

/// Every pass, in the order in which they run.
///
/// Norms are folded first, because a folded norm lets an activation reach the convolution. Padding goes
/// before upsampling, because it often stands between an upsampling and its convolution. Activations go
/// before sums and pooling, which take the activation along. Concatenations are parted before upsampling, for the sake
/// of an enlarged part. Last, the padding of small maps is set apart
/// again, when it is known what else a convolution does.
pub const PASSES: &[Pass] = &[
    Pass { name: "drop_identities", run: |graph, _| drop_identities::run(graph) },
    Pass { name: "fold_norm", run: |graph, _| fold_norm::run(graph) },
    Pass { name: "absorb_padding", run: |graph, _| absorb_padding::run(graph) },
    Pass { name: "fuse_activation", run: |graph, _| fuse_activation::run(graph) },
    Pass { name: "fuse_residual", run: |graph, _| fuse_residual::run(graph) },
    Pass { name: "fuse_pooling", run: |graph, _| fuse_pooling::run(graph) },
    Pass { name: "split_concat", run: split_concat::run },
    Pass { name: "read_upsampled", run: |graph, _| read_upsampled::run(graph) },
    Pass { name: "pad_small", run: pad_small::run },
];

/// Runs every pass that is on.
pub fn optimise(graph: &mut Graph, options: &Options) -> Vec<Report> {
    graph.remove_unread();
    let core = core(options.lanes());
    let mut reports = Vec::new();
    for pass in PASSES.iter().filter(|pass| options.enabled(pass.name)) {
        reports.extend((pass.run)(graph, core).into_iter().map(|outcome| outcome.report(pass.name)));
        graph.remove_unread();
        debug_assert_eq!(crate::verify::verify(graph), Ok(()), "after {}", pass.name);
    }
    reports
}

/// Runs the passes that are valid while weights change.
pub(crate) fn for_training(graph: &mut Graph) {
    graph.remove_unread();
    for pass in [drop_identities::run_for_training, absorb_padding::run, fuse_activation::run_for_training] {
        _ = pass(graph);
        graph.remove_unread();
        debug_assert_eq!(crate::verify::verify(graph), Ok(()), "a pass for training");
    }
}

/// A node and one of its inputs, which may become one.
struct Pair<'a> {
    graph: &'a Graph,
    earlier: &'a Node,
    later: &'a Node,
    /// Which input of `later` the earlier node is.
    position: usize,
}

impl Pair<'_> {
    /// The shape that the earlier node reads.
    fn input_shape(&self) -> Shape {
        self.graph.nodes[self.earlier.inputs[0]].shape
    }
}

/// What becomes of a pair.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Verdict {
    /// They have nothing to do with this pass.
    Unrelated,
    /// They stay two, for this reason.
    Apart(&'static str),
    /// The later node computes both, as this; it reads the earlier node's inputs, then its own others.
    Joined(Op),
}

/// Joins the pairs of nodes that `judge` says so of, where nothing else reads the earlier node.
fn join(graph: &mut Graph, judge: impl Fn(&Pair<'_>) -> Verdict) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut uses = graph.uses();
    for id in 0..graph.nodes.len() {
        let mut position = 0;
        while position < graph.nodes[id].inputs.len() {
            let source = graph.nodes[id].inputs[position];
            let (earlier, later) = (&graph.nodes[source], &graph.nodes[id]);
            let verdict = match judge(&Pair { graph, earlier, later, position }) {
                Verdict::Joined(_) if uses[source] > 1 => Verdict::Apart("something else reads it too"),
                verdict => verdict,
            };
            position += 1;
            match verdict {
                Verdict::Unrelated => {}
                Verdict::Apart(reason) => {
                    let words = format!("{} into {}: {reason}", earlier.title(), later.title());
                    outcomes.push(Outcome::declined(words));
                }
                Verdict::Joined(op) => {
                    outcomes.push(Outcome::done(format!("{} with {}", earlier.title(), later.title())));
                    let mut inputs = earlier.inputs.clone();
                    inputs.extend(later.inputs.iter().filter(|&&input| input != source));
                    // A layer and its own activation bear one name.
                    let mut layers = earlier.layers.clone();
                    layers
                        .extend(later.layers.iter().filter(|&name| !earlier.layers.contains(name)).cloned());
                    graph.nodes[id] = Node { layers, op, inputs, shape: later.shape };
                    uses[source] = 0;
                    position = 0;
                }
            }
        }
    }
    outcomes
}
