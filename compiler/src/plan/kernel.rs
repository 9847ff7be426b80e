//! One type for all kernels.

use convolve_runtime::kernels::{
    Activate, Affine, Binary, Blocks, Conv2d, Copy, Dense, Depthwise, Normalize, Pad, Pool, PooledConv2d,
    Resize, Scaled, Softmax, Squeeze, Strips, Winograd,
};
use convolve_runtime::run::Run;
use convolve_runtime::slot::Slot;

use crate::graph::{Graph, NodeId};

/// A kernel with its operands.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// [`Conv2d`].
    Conv2d(Conv2d),
    /// [`Depthwise`].
    Depthwise(Depthwise),
    /// [`Dense`].
    Dense(Dense),
    /// [`Pool`].
    Pool(Pool),
    /// [`PooledConv2d`].
    PooledConv2d(PooledConv2d),
    /// [`Pad`].
    Pad(Pad),
    /// [`struct@Copy`].
    Copy(Copy),
    /// [`Resize`].
    Resize(Resize),
    /// [`Blocks`].
    Blocks(Blocks),
    /// [`Binary`].
    Binary(Binary),
    /// [`Affine`].
    Affine(Affine),
    /// [`Normalize`].
    Normalize(Normalize),
    /// [`Activate`].
    Activate(Activate),
    /// [`Softmax`].
    Softmax(Softmax),
    /// [`Scaled`].
    Scaled(Box<Scaled>),
    /// [`Squeeze`].
    Squeeze(Box<Squeeze>),
    /// [`Strips`].
    Strips(Box<Strips>),
    /// [`Winograd`].
    Winograd(Winograd),
}

impl Kernel {
    /// A copy of all pixels.
    #[must_use]
    pub const fn copy(input: Slot, output: Slot) -> Self {
        Self::Copy(Copy { input, output, top: 0, left: 0, stride: [1, 1] })
    }

    /// Computes.
    pub fn run(&self, run: &mut Run<'_>) {
        match self {
            Self::Conv2d(kernel) => kernel.run(run),
            Self::Depthwise(kernel) => kernel.run(run),
            Self::Dense(kernel) => kernel.run(run),
            Self::Pool(kernel) => kernel.run(run),
            Self::PooledConv2d(kernel) => kernel.run(run),
            Self::Pad(kernel) => kernel.run(run),
            Self::Copy(kernel) => kernel.run(run),
            Self::Resize(kernel) => kernel.run(run),
            Self::Blocks(kernel) => kernel.run(run),
            Self::Binary(kernel) => kernel.run(run),
            Self::Affine(kernel) => kernel.run(run),
            Self::Normalize(kernel) => kernel.run(run),
            Self::Activate(kernel) => kernel.run(run),
            Self::Softmax(kernel) => kernel.run(run),
            Self::Scaled(kernel) => kernel.run(run),
            Self::Squeeze(kernel) => kernel.run(run),
            Self::Strips(kernel) => kernel.run(run),
            Self::Winograd(kernel) => kernel.run(run),
        }
    }

    /// The tensors that it reads; one that it changes in place is among them.
    #[must_use]
    pub fn reads(&self) -> Vec<Slot> {
        match self {
            Self::Conv2d(kernel) => [Some(kernel.input), kernel.residual].into_iter().flatten().collect(),
            Self::Depthwise(kernel) => vec![kernel.input],
            Self::Dense(kernel) => [Some(kernel.input), kernel.residual].into_iter().flatten().collect(),
            Self::Pool(kernel) => vec![kernel.input],
            Self::PooledConv2d(kernel) => vec![kernel.input],
            Self::Pad(kernel) => vec![kernel.input],
            Self::Copy(kernel) => vec![kernel.input],
            Self::Resize(kernel) => vec![kernel.input],
            Self::Blocks(kernel) => vec![kernel.input],
            Self::Binary(kernel) => vec![kernel.left.unwrap_or(kernel.output), kernel.right],
            Self::Affine(kernel) => vec![kernel.input.unwrap_or(kernel.output)],
            Self::Normalize(kernel) => vec![kernel.input],
            Self::Activate(kernel) => vec![kernel.input.unwrap_or(kernel.output)],
            Self::Softmax(kernel) => vec![kernel.input.unwrap_or(kernel.output)],
            Self::Scaled(kernel) => {
                let Scaled { conv, scale, .. } = &**kernel;
                [Some(conv.input), Some(*scale), conv.residual].into_iter().flatten().collect()
            }
            Self::Squeeze(kernel) => {
                vec![kernel.first.map_or(kernel.depthwise.input, |first| first.input)]
            }
            Self::Strips(kernel) => {
                let Strips { first, depthwise, last, .. } = &**kernel;
                let input = first.map_or(depthwise.input, |first| first.input);
                [Some(input), last.residual].into_iter().flatten().collect()
            }
            Self::Winograd(kernel) => {
                let beside = kernel.beside.map(|source| source.slot);
                [Some(kernel.input.slot), beside, kernel.residual].into_iter().flatten().collect()
            }
        }
    }

    /// The tensor that it writes.
    #[must_use]
    pub const fn output(&self) -> Slot {
        match self {
            Self::Conv2d(kernel) => kernel.output,
            Self::Depthwise(kernel) => kernel.output,
            Self::Dense(kernel) => kernel.output,
            Self::Pool(kernel) => kernel.output,
            Self::PooledConv2d(kernel) => kernel.output,
            Self::Pad(kernel) => kernel.output,
            Self::Copy(kernel) => kernel.output,
            Self::Resize(kernel) => kernel.output,
            Self::Blocks(kernel) => kernel.output,
            Self::Binary(kernel) => kernel.output,
            Self::Affine(kernel) => kernel.output,
            Self::Normalize(kernel) => kernel.output,
            Self::Activate(kernel) => kernel.output,
            Self::Softmax(kernel) => kernel.output,
            Self::Scaled(kernel) => kernel.conv.output,
            Self::Squeeze(kernel) => kernel.mean,
            Self::Strips(kernel) => kernel.last.output,
            Self::Winograd(kernel) => kernel.output,
        }
    }

    /// Another tensor that it writes, the value of the node before the last that it computes.
    #[must_use]
    pub const fn besides(&self) -> Option<Slot> {
        if let Self::Squeeze(kernel) = self { Some(kernel.depthwise.output) } else { None }
    }

    /// The nodes that it computes, in order, the last of which is `node`.
    pub(super) fn nodes(&self, graph: &Graph, node: NodeId) -> Vec<NodeId> {
        let before = graph.nodes[node].inputs.first().copied();
        let with_first = |first: Option<Conv2d>, depthwise: NodeId| {
            let first = first.map(|_| graph.nodes[depthwise].inputs[0]);
            first.into_iter().chain([depthwise, node]).collect()
        };
        match (self, before) {
            (Self::Scaled(_), Some(product)) => vec![product, node],
            (Self::Squeeze(kernel), Some(depthwise)) => with_first(kernel.first, depthwise),
            (Self::Strips(kernel), Some(depthwise)) => with_first(kernel.first, depthwise),
            _ => vec![node],
        }
    }

    /// Memory that it writes and nothing reads afterwards.
    #[must_use]
    pub fn scratch(&self) -> Option<Slot> {
        match self {
            Self::Conv2d(kernel) => kernel.pool.map(|pool| pool.input),
            Self::Scaled(kernel) => Some(kernel.scratch),
            Self::Squeeze(kernel) => Some(kernel.scratch),
            Self::Strips(kernel) => Some(kernel.scratch),
            Self::Winograd(kernel) => Some(kernel.scratch),
            _ => None,
        }
    }

    /// Which of its [`reads`](Self::reads) it changes in place.
    #[must_use]
    pub fn in_place(&self) -> Option<usize> {
        // What a convolution adds is the last that it reads.
        let sum = |residual: &Option<Slot>, output: &Slot| {
            (residual.as_ref() == Some(output)).then(|| self.reads().len() - 1)
        };
        let is_first = match self {
            Self::Binary(kernel) => kernel.left.is_none(),
            Self::Affine(kernel) => kernel.input.is_none(),
            Self::Activate(kernel) => kernel.input.is_none(),
            Self::Softmax(kernel) => kernel.input.is_none(),
            Self::Conv2d(Conv2d { residual, output, .. })
            | Self::Winograd(Winograd { residual, output, .. }) => {
                return sum(residual, output);
            }
            Self::Scaled(kernel) => return sum(&kernel.conv.residual, &kernel.conv.output),
            _ => false,
        };
        is_first.then_some(0)
    }

    /// The kernel's name in the runtime.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "Conv2d",
            Self::Depthwise(_) => "Depthwise",
            Self::Dense(_) => "Dense",
            Self::Pool(_) => "Pool",
            Self::PooledConv2d(_) => "PooledConv2d",
            Self::Pad(_) => "Pad",
            Self::Copy(_) => "Copy",
            Self::Resize(_) => "Resize",
            Self::Blocks(_) => "Blocks",
            Self::Binary(_) => "Binary",
            Self::Affine(_) => "Affine",
            Self::Normalize(_) => "Normalize",
            Self::Activate(_) => "Activate",
            Self::Softmax(_) => "Softmax",
            Self::Scaled(_) => "Scaled",
            Self::Squeeze(_) => "Squeeze",
            Self::Strips(_) => "Strips",
            Self::Winograd(_) => "Winograd",
        }
    }
}
