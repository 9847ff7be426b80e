//! Whether a convolution is computed directly or in transformed tiles.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::Sampling;
use convolve_runtime::weights::{PANEL, Tile};

use super::cost::Core;
use super::{Way, pooled};
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

/// What it is to compute in such tiles.
#[must_use]
pub const fn algorithm(tile: Tile) -> Algorithm {
    match tile {
        Tile::Four => Algorithm::Tiles4,
        Tile::Two => Algorithm::Tiles2,
        Tile::StridedFour => Algorithm::StridedTiles4,
        Tile::StridedTwo => Algorithm::StridedTiles2,
        Tile::Blocks => Algorithm::BlockTiles,
        Tile::Phase => Algorithm::TiledPhases,
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
    if let Err(reason) = fits(conv, input) {
        return Some(Outcome::declined(format!("{title}: {reason}")));
    }
    if graph.precision == Precision::Strict {
        return Some(Outcome::declined(format!("{title}: precision is strict")));
    }
    let forced = |tiles: Tiles| options.forces(algorithm(tiles.tile));
    let Some((best, cycles)) = best(core, conv, input, output, forced) else {
        return Some(Outcome::declined(format!("{title}: it has fewer than 16 channels")));
    };
    let ratio = core.direct(conv, input, output) / cycles;
    Some(if forced(best) || ratio >= MARGIN {
        *way = Way::Tiles(best);
        let Tiles { tile, block } = best;
        let phases = if tile.phases() > 1 { " in phases" } else { "" };
        Outcome::done(format!(
            "{title}{phases} in tiles of {0}×{0}, {block} at once: {ratio:.1} times as fast by count",
            tile.outputs()
        ))
    } else {
        Outcome::declined(format!("{title}: {ratio:.1} times as fast by count"))
    })
}

/// The tiles for a convolution of a network in training, if the kernel can compute it so and is faster by count.
pub(crate) fn faster(core: &Core, conv: &Conv, input: Shape, output: Shape) -> Option<Tiles> {
    fits(conv, input).ok()?;
    // The way back has no strided tiles.
    if [conv.rows.stride, conv.columns.stride] != [1, 1] {
        return None;
    }
    let (best, cycles) = best(core, conv, input, output, |_| false)?;
    (cycles * MARGIN <= core.direct(conv, input, output)).then_some(best)
}

/// Cycles of a convolution in the best tiles, if the kernel can compute it so and it has channels enough.
pub(crate) fn cycles(core: &Core, conv: &Conv, input: Shape, output: Shape) -> Option<f64> {
    fits(conv, input).ok()?;
    Some(best(core, conv, input, output, |_| false)?.1)
}

/// The best tiles for which there are channels enough, or those that are forced, and their cycles by count.
fn best(
    core: &Core,
    conv: &Conv,
    input: Shape,
    output: Shape,
    forced: impl Fn(Tiles) -> bool,
) -> Option<(Tiles, f64)> {
    let counted = core.transforms.each_ref().map(|transform| {
        let (block, cycles) = core.in_tiles(transform, conv, input, output);
        (Tiles { tile: transform.tile, block }, cycles)
    });
    let suitable = || counted.iter().filter(|(tiles, _)| suits(tiles.tile, conv, input)).copied();
    let forced = suitable().find(|&(tiles, _)| forced(tiles));
    // Those with few weights come first.
    let fewer = |few: (Tiles, f64), more: (Tiles, f64)| if more.1 * MARGIN < few.1 { more } else { few };
    forced.or_else(|| suitable().filter(|(tiles, _)| !is_narrow(tiles.tile, conv, input)).reduce(fewer))
}

/// Whether a convolution that [`fits`] can be computed in tiles of this kind.
fn suits(tile: Tile, conv: &Conv, input: Shape) -> bool {
    let is_of_three = [conv.rows.kernel, conv.columns.kernel] == [3, 3];
    match tile {
        Tile::Four | Tile::Two | Tile::StridedFour | Tile::StridedTwo => {
            is_of_three && tile.stride() == conv.rows.stride
        }
        Tile::Phase => {
            conv.sampling == Sampling::Upsampled([2, 2])
                && conv.pool.is_none()
                && [conv.rows.dilation, conv.columns.dilation] == [1, 1]
        }
        Tile::Blocks => has_blocks(conv, input),
    }
}

/// Whether cells are few enough, and windows small enough, to take cells together.
fn has_blocks(conv: &Conv, input: Shape) -> bool {
    let fits = |axis: &Axis| axis.stride == Tile::Blocks.stride() && axis.kernel <= Tile::BLOCK_TAPS;
    fits(&conv.rows) && fits(&conv.columns) && input.channels() <= Tile::BLOCK_CHANNELS
}

/// Whether there are too few channels for vectors of transformed cells.
fn is_narrow(tile: Tile, conv: &Conv, input: Shape) -> bool {
    conv.filters < PANEL || tile != Tile::Blocks && input.channels() < PANEL
}

/// Whether the kernel can compute the convolution.
fn fits(conv: &Conv, input: Shape) -> Result<(), &'static str> {
    let [rows, columns] = [&conv.rows, &conv.columns].map(|axis| [axis.kernel, axis.stride]);
    let is_dilated = [conv.rows.dilation, conv.columns.dilation] != [1, 1];
    let is_strided = [rows, columns] == [[3, 2]; 2] || has_blocks(conv, input);
    if !is_strided && [rows, columns] != [[3, 1]; 2] {
        return Err("its windows are not 3×3 at every cell, or every second one");
    }
    if is_strided && (is_dilated || conv.pool.is_some()) {
        return Err("it is strided, and dilated or pooled");
    }
    if conv.groups > 1 || conv.sampling == Sampling::Transposed {
        return Err("it is grouped or transposed");
    }
    match &conv.pool {
        None => Ok(()),
        Some(_) if is_dilated => Err("it is dilated and pooled"),
        Some((_, windows)) if !pooled::is_of_two(*windows) => Err("its pooling is not of 2×2"),
        Some(_) if conv.activation.limits().is_none() => {
            Err("its activation stands between it and a pooling")
        }
        Some(_) => Ok(()),
    }
}
