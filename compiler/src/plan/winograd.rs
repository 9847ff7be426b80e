//! Whether a convolution is computed directly or in transformed tiles.

use convolve_runtime::kernels::{Activation, Sampling, Windows};
use convolve_runtime::weights::PANEL;

use super::Way;
use super::cost::Core;
use crate::graph::{Conv, Graph, NodeId, Op, Precision, Shape};
use crate::options::{Algorithm, Options, Outcome};
use crate::verify::convolved;

/// A convolution in tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    /// Outputs of a tile along each side.
    pub(crate) tile: usize,
    /// Tiles at once.
    pub(crate) block: usize,
}

impl Tiles {
    const fn algorithm(self) -> Algorithm {
        if self.tile == 4 { Algorithm::Tiles4 } else { Algorithm::Tiles2 }
    }
}

/// How much faster tiles must be by the count, which knows nothing of the rest of the network.
const MARGIN: f64 = 1.1;

/// Chooses how a convolution is computed; says nothing of other nodes.
pub(super) fn choose(
    graph: &Graph,
    core: &Core,
    options: &Options,
    id: NodeId,
    way: &mut Way,
) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let input = graph.nodes[node.inputs[0]].shape;
    let title = node.title();
    let output = convolved(conv, input, node.shape)?;
    if let Err(reason) = fits(conv) {
        return Some(Outcome::declined(format!("{title}: {reason}")));
    }
    if graph.precision == Precision::Strict {
        return Some(Outcome::declined(format!("{title}: precision is strict")));
    }
    let forced = |tiles: Tiles| options.forces(tiles.algorithm());
    let (best, ratio) = best(core, conv, input, output, forced);
    if !forced(best) && is_narrow(conv, input) {
        return Some(Outcome::declined(format!("{title}: it has fewer than 16 channels")));
    }
    Some(if forced(best) || ratio >= MARGIN {
        *way = Way::Tiles(best);
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
    fits(conv).ok()?;
    let (best, ratio) = best(core, conv, input, output, |_| false);
    (ratio >= MARGIN && !is_narrow(conv, input)).then_some(best)
}

/// The best tiles, or those that are forced, and how many times as fast as a direct convolution they are by count.
fn best(
    core: &Core,
    conv: &Conv,
    input: Shape,
    output: Shape,
    forced: impl Fn(Tiles) -> bool,
) -> (Tiles, f64) {
    let counted = core.transforms.each_ref().map(|transform| {
        let (block, cycles) = core.in_tiles(transform, conv, input, output);
        (Tiles { tile: transform.tile, block }, cycles)
    });
    let [large, small] = counted;
    // Large tiles have more than twice the weights.
    let fastest = if large.1 * MARGIN < small.1 { large } else { small };
    let (best, cycles) = counted.into_iter().find(|&(tiles, _)| forced(tiles)).unwrap_or(fastest);
    (best, core.direct(conv, input, output) / cycles)
}

/// Whether there are too few channels for vectors of transformed cells.
fn is_narrow(conv: &Conv, input: Shape) -> bool {
    input.channels().min(conv.filters) < PANEL
}

/// Whether the kernel can compute the convolution.
fn fits(conv: &Conv) -> Result<(), &'static str> {
    let [rows, columns] = [&conv.rows, &conv.columns].map(|axis| [axis.kernel, axis.stride]);
    if [rows, columns] != [[3, 1]; 2] {
        return Err("its windows are not 3×3 at every cell");
    }
    if conv.groups > 1 || conv.sampling == Sampling::Transposed {
        return Err("it is grouped or transposed");
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
