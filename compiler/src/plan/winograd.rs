//! Whether a convolution is computed directly or in transformed tiles.

use convolve_runtime::kernels::{Activation, Sampling, Windows};
use convolve_runtime::weights::PANEL;

use super::cost::Core;
use crate::graph::{Conv, Graph, NodeId, Op, Precision, Shape};
use crate::options::Outcome;
use crate::verify::convolved;

/// A convolution in tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    /// Outputs of a tile along each side.
    pub(crate) tile: usize,
    /// Tiles at once.
    pub(crate) block: usize,
}

/// How much faster tiles must be by the count, which knows nothing of the rest of the network.
const MARGIN: f64 = 1.1;

/// Chooses how a convolution is computed; says nothing of other nodes.
pub(super) fn choose(graph: &Graph, core: &Core, id: NodeId, tiles: &mut Option<Tiles>) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let input = graph.nodes[node.inputs[0]].shape;
    let title = node.title();
    let output = convolved(conv, input, node.shape)?;
    if let Err(reason) = fits(conv, input) {
        return Some(Outcome::declined(format!("{title}: {reason}")));
    }
    if graph.precision == Precision::Strict {
        return Some(Outcome::declined(format!("{title}: precision is strict")));
    }
    let (best, ratio) = best(core, conv, input, output);
    Some(if ratio >= MARGIN {
        *tiles = Some(best);
        let Tiles { tile, block } = best;
        Outcome::done(format!(
            "{title} in tiles of {tile}×{tile}, {block} at once: {ratio:.1} times as fast by count"
        ))
    } else {
        Outcome::declined(format!("{title}: {ratio:.1} times as fast by count"))
    })
}

/// The tiles for a convolution of a network in training, if the kernel can compute it so and is faster by count.
pub(crate) fn faster(core: &Core, conv: &Conv, input: Shape, output: Shape) -> Option<Tiles> {
    fits(conv, input).ok()?;
    let (best, ratio) = best(core, conv, input, output);
    (ratio >= MARGIN).then_some(best)
}

/// The best tiles, and how many times as fast as a direct convolution they are by count.
fn best(core: &Core, conv: &Conv, input: Shape, output: Shape) -> (Tiles, f64) {
    let [large, small] = core.transforms.each_ref().map(|transform| {
        let (block, cycles) = core.in_tiles(transform, conv, input, output);
        (Tiles { tile: transform.tile, block }, cycles)
    });
    // Large tiles have more than twice the weights.
    let (best, cycles) = if large.1 * MARGIN < small.1 { large } else { small };
    (best, core.direct(conv, input, output) / cycles)
}

/// Whether the kernel can compute the convolution, and may be of use.
fn fits(conv: &Conv, input: Shape) -> Result<(), &'static str> {
    let [rows, columns] = [&conv.rows, &conv.columns].map(|axis| [axis.kernel, axis.stride]);
    if [rows, columns] != [[3, 1]; 2] {
        return Err("its windows are not 3×3 at every cell");
    }
    if conv.groups > 1 || conv.sampling == Sampling::Transposed {
        return Err("it is grouped or transposed");
    }
    if input.channels() < PANEL || conv.filters < PANEL {
        return Err("it has fewer than 16 channels");
    }
    match &conv.pool {
        None => Ok(()),
        Some(_) if [conv.rows.dilation, conv.columns.dilation] != [1, 1] => Err("it is dilated and pooled"),
        Some((_, Windows::Sliding(rows, columns))) if [rows.kernel, columns.kernel] == [2, 2] => {
            let limits = matches!(
                conv.activation,
                Activation::Linear | Activation::Relu | Activation::Relu6 | Activation::Clip { .. }
            );
            if limits { Ok(()) } else { Err("its activation stands between it and a pooling") }
        }
        Some(_) => Err("its pooling is not of 2×2"),
    }
}
