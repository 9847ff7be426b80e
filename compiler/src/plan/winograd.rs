//! Whether a convolution is computed directly or in transformed tiles.

use convolve_runtime::kernels::{Activation, Sampling, Windows};
use convolve_runtime::weights::{PANEL, Tile};

use super::Way;
use super::cost::Core;
use crate::graph::{Conv, Graph, NodeId, Op, Precision, Shape};
use crate::options::{Algorithm, Options, Outcome};
use crate::verify::convolved;

/// A convolution in tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    /// The tiles.
    pub(crate) tile: Tile,
    /// How many at once.
    pub(crate) block: usize,
}

impl Tiles {
    const fn algorithm(self) -> Algorithm {
        algorithm(self.tile)
    }
}

/// What it is to compute in such tiles.
#[must_use]
pub const fn algorithm(tile: Tile) -> Algorithm {
    match tile {
        Tile::FOUR => Algorithm::Tiles4,
        Tile::TWO => Algorithm::Tiles2,
        Tile::STRIDED_FOUR => Algorithm::StridedTiles4,
        Tile::STRIDED_TWO => Algorithm::StridedTiles2,
        _ => Algorithm::TiledPhases,
    }
}

/// How much faster tiles must be by the count, which knows nothing of the rest of the network.
pub(crate) const MARGIN: f64 = 1.1;

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
    let (best, cycles) = best(core, conv, input, output, forced);
    let ratio = core.direct(conv, input, output) / cycles;
    if !forced(best) && is_narrow(conv, input) {
        return Some(Outcome::declined(format!("{title}: it has fewer than 16 channels")));
    }
    Some(if forced(best) || ratio >= MARGIN {
        *way = Way::Tiles(best);
        let Tiles { tile, block } = best;
        let phases = if tile.phases() > 1 { " in phases" } else { "" };
        Outcome::done(format!(
            "{title}{phases} in tiles of {0}×{0}, {block} at once: {ratio:.1} times as fast by count",
            tile.outputs
        ))
    } else {
        Outcome::declined(format!("{title}: {ratio:.1} times as fast by count"))
    })
}

/// The tiles for a convolution of a network in training, if the kernel can compute it so and is faster by count.
pub(crate) fn faster(core: &Core, conv: &Conv, input: Shape, output: Shape) -> Option<Tiles> {
    fits(conv).ok()?;
    // The way back has no strided tiles.
    if [conv.rows.stride, conv.columns.stride] != [1, 1] {
        return None;
    }
    let (best, cycles) = best(core, conv, input, output, |_| false);
    (cycles * MARGIN <= core.direct(conv, input, output) && !is_narrow(conv, input)).then_some(best)
}

/// Cycles of a convolution in the best tiles, if the kernel can compute it so and it has channels enough.
pub(crate) fn cycles(core: &Core, conv: &Conv, input: Shape, output: Shape) -> Option<f64> {
    fits(conv).ok()?;
    (!is_narrow(conv, input)).then(|| best(core, conv, input, output, |_| false).1)
}

/// The best tiles, or those that are forced, and their cycles by count.
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
    let fits = |&&(tiles, _): &&(Tiles, f64)| {
        tiles.tile.stride == conv.rows.stride && (tiles.tile.phases() == 1 || has_phases(conv))
    };
    let forced = counted.iter().filter(fits).find(|&&(tiles, _)| forced(tiles));
    // The fewer elements a tile has, the fewer weights.
    let fastest =
        counted.iter().filter(fits).reduce(|few, more| if more.1 * MARGIN < few.1 { more } else { few });
    *forced.or(fastest).unwrap_or(&counted[0])
}

/// Whether the outputs have phases that tiles can be of.
fn has_phases(conv: &Conv) -> bool {
    conv.sampling == Sampling::Upsampled([2, 2])
        && conv.pool.is_none()
        && [conv.rows.dilation, conv.columns.dilation] == [1, 1]
}

/// Whether there are too few channels for vectors of transformed cells.
fn is_narrow(conv: &Conv, input: Shape) -> bool {
    input.channels().min(conv.filters) < PANEL
}

/// Whether the kernel can compute the convolution.
fn fits(conv: &Conv) -> Result<(), &'static str> {
    let [rows, columns] = [&conv.rows, &conv.columns].map(|axis| [axis.kernel, axis.stride]);
    let is_dilated = [conv.rows.dilation, conv.columns.dilation] != [1, 1];
    match [rows, columns] {
        [[3, 2], [3, 2]] if is_dilated || conv.pool.is_some() => {
            return Err("it is strided, and dilated or pooled");
        }
        [[3, 1], [3, 1]] | [[3, 2], [3, 2]] => {}
        _ => return Err("its windows are not 3×3 at every cell, or every second one"),
    }
    if conv.groups > 1 || conv.sampling == Sampling::Transposed {
        return Err("it is grouped or transposed");
    }
    match &conv.pool {
        None => Ok(()),
        Some(_) if is_dilated => Err("it is dilated and pooled"),
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
