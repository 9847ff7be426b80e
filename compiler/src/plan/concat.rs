//! Concatenations that need no copies.

use convolve_runtime::kernels::ResizeMode;
use convolve_runtime::weights::PANEL;

use super::Storage;
use crate::graph::{Graph, NodeId, Op};
use crate::options::Outcome;

/// Lets a convolution in tiles read the two parts of a concatenation, instead of the concatenation; and of a part that
/// is enlarged by repetition, what is enlarged.
pub(super) fn read(graph: &Graph, storage: &mut Storage<'_>, id: NodeId) -> Option<Outcome> {
    let reader = &graph.nodes[id];
    let concat = reader.inputs[0];
    let node = &graph.nodes[concat];
    if !matches!(node.op, Op::Concat) {
        return None;
    }
    let uses = graph.uses();
    let title = format!("{} reads the parts of {}", reader.title(), node.title());
    let fault = match node.inputs[..] {
        _ if uses[concat] > 1 => Some("something else reads it too"),
        [a, _] if !graph.nodes[a].shape.channels().is_multiple_of(PANEL) => {
            Some("the first is no whole panels")
        }
        [a, b] if a != b => None,
        _ => Some("they are not two"),
    };
    if let Some(reason) = fault {
        return Some(Outcome::declined(format!("{title}: {reason}")));
    }
    storage.bypass(concat, id);
    for &part in &node.inputs {
        if matches!(graph.nodes[part].op, Op::Resize(ResizeMode::Nearest)) && uses[part] == 1 {
            storage.bypass(part, id);
        }
    }
    Some(Outcome::done(title))
}

/// Lets the parts of a concatenation be written straight into it, the largest first.
pub(super) fn views(graph: &Graph, storage: &mut Storage<'_>, id: NodeId) -> impl Iterator<Item = Outcome> {
    let node = &graph.nodes[id];
    let mut channel = 0;
    let mut parts: Vec<(NodeId, usize)> = Vec::new();
    for &part in &node.inputs {
        parts.push((part, channel));
        channel += graph.nodes[part].shape.channels();
    }
    parts.sort_by_key(|&(part, channel)| (usize::MAX - graph.nodes[part].shape.channels(), channel));
    parts.into_iter().map(move |(part, channel)| {
        let title = format!("{} in {}", graph.nodes[part].title(), node.title());
        let twice = node.inputs.iter().filter(|&&other| other == part).count() > 1;
        let result = if twice { Err("it appears twice") } else { storage.view(id, part, channel) };
        match result {
            Ok(()) => Outcome::done(title),
            Err(reason) => Outcome::declined(format!("{title}: {reason}")),
        }
    })
}
