//! The typed graph: names are resolved, shapes agree, and no later stage can find the user wrong.
//!
//! Nodes stand in an order in which each comes after its inputs. Weights are known by name, shape and
//! layout; their values are not needed.

mod edit;
mod print;

pub use print::{activation_words, words};

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activation, BinaryOp, BlockOrder, NormalizeOver, PadMode, PoolOp, ResizeMode, Sampling, Windows,
};
use convolve_runtime::weights::{Fold, Initial, Order, ParameterId, Part, Stored};

use crate::spec::Place;

/// Index of a node in its graph.
pub type NodeId = usize;

/// The shape of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// height × width × channels
    Map {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Floats of a pixel.
        channels: usize,
    },
    /// A vector of this length.
    Vector(usize),
}

/// A network whose shapes are proven.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The network's name.
    pub name: String,
    /// Every node after its inputs.
    pub nodes: Vec<Node>,
    /// Names of the inputs, in order; input i is the node with `Op::Input(i)`.
    pub inputs: Vec<String>,
    /// Name and node of each output, in order.
    pub outputs: Vec<(String, NodeId)>,
    /// The tensors that a weights file must hold.
    pub parameters: Vec<Parameter>,
    /// How those tensors are laid out.
    pub layout: Layout,
    /// Whether sums may be rearranged.
    pub precision: Precision,
    /// Whether it is to be trained, and where that is said.
    pub train: Option<Place>,
    /// Whether its type is to tell what every layer gives.
    pub trace: bool,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The layers it computes, first to last; several after fusion.
    pub layers: Vec<String>,
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<NodeId>,
    /// What it gives.
    pub shape: Shape,
}

/// A tensor of the weights file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `<layer>.<parameter>`.
    pub name: String,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// How it starts without a file.
    pub initial: Initial,
}

/// Names and axis orders of a weights file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `weight` as [out, in, rows, columns].
    #[default]
    Pytorch,
    /// `kernel` as [rows, columns, in, out].
    Keras,
}

/// Which roundings a network allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Whatever is fastest within the accuracy that the tests of the kernels hold.
    #[default]
    Fast,
    /// Direct float32 sums only: no algorithm that rounds otherwise.
    Strict,
}

/// What a node does. Geometry that follows from the shapes is not repeated here.
///
/// An `Activation::Prelu` holds the parameter of its slopes in place of their offset.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The network's input of this index.
    Input(usize),
    /// Convolution, transposed or not; a second input is the residual to add.
    Conv(Conv),
    /// Depthwise convolution.
    Depthwise(Depthwise),
    /// Matrix–vector product on a vector; a second input is the residual to add.
    Dense(Dense),
    /// Pooling; global pooling has adaptive windows and a vector as its shape.
    Pool {
        /// Maximum or mean.
        op: PoolOp,
        /// The windows.
        windows: Windows,
    },
    /// Padding of rows and columns.
    Pad {
        /// Rows above.
        top: usize,
        /// Columns to the left.
        left: usize,
        /// What stands there.
        mode: PadMode,
    },
    /// Part of the rows and columns: `input[top + y · stride, left + x · stride]`.
    Copy {
        /// First row.
        top: usize,
        /// First column.
        left: usize,
        /// Steps along rows and columns.
        stride: [usize; 2],
    },
    /// Enlargement to the node's shape.
    Resize(ResizeMode),
    /// All channels of the inputs, in order.
    Concat,
    /// Two inputs, element by element; one of a single pixel stands for all pixels.
    Binary(BinaryOp, Activation),
    /// The same floats under another shape.
    Reshape,
    /// `depth_to_space` or `space_to_depth`, whichever the shapes say.
    Blocks {
        /// Side of the square of pixels.
        block: usize,
        /// Order of the deep pixel's channels.
        order: BlockOrder,
    },
    /// `activation(scale · input + shift)`, a batch norm.
    Affine {
        /// Its tensors.
        fold: Fold,
        /// The order of their elements, where it is not that of memory.
        order: Vec<Order>,
        /// Applied last.
        activation: Activation,
    },
    /// Layer, instance or group norm.
    Normalize {
        /// The elements that share a mean.
        over: NormalizeOver,
        /// Added to the variance.
        epsilon: f32,
        /// γ.
        weight: ParameterId,
        /// β.
        bias: ParameterId,
        /// The order of their elements, where it is not that of memory.
        order: Vec<Order>,
        /// Applied last.
        activation: Activation,
    },
    /// Nothing, outside training; there, zeros with this probability, and the rest enlarged to keep the mean.
    Dropout {
        /// The probability.
        rate: f32,
    },
    /// A function of each element.
    Activate {
        /// The function.
        activation: Activation,
        /// The order of a prelu's slopes, where it is not that of memory.
        order: Vec<Order>,
    },
    /// Softmax over the channels, or its logarithm.
    Softmax {
        /// The logarithm.
        log: bool,
    },
}

/// A convolution, with what passes have fused into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// How output cells map to input cells.
    pub sampling: Sampling,
    /// Output channels.
    pub filters: usize,
    /// Groups of channels.
    pub groups: usize,
    /// The kernel.
    pub weight: ParameterId,
    /// The inputs of the kernel that are read here, if another convolution reads the rest.
    pub part: Option<Part>,
    /// The bias.
    pub bias: Option<ParameterId>,
    /// A norm folded into the kernel's inputs.
    pub before: Option<Fold>,
    /// A norm folded into its outputs.
    pub after: Option<Fold>,
    /// Applied to the sum.
    pub activation: Activation,
    /// A pooling of the result: the node's shape is then the pooled one.
    pub pool: Option<(PoolOp, Windows)>,
}

impl Conv {
    /// A direct 1×1 convolution with these tensors, and nothing fused into it; the rest is for the caller to change.
    #[must_use]
    pub const fn new(filters: usize, weight: ParameterId, bias: Option<ParameterId>) -> Self {
        Self {
            rows: Axis::POINT,
            columns: Axis::POINT,
            sampling: Sampling::Direct,
            filters,
            groups: 1,
            weight,
            part: None,
            bias,
            before: None,
            after: None,
            activation: Activation::Linear,
            pool: None,
        }
    }
}

/// A depthwise convolution, with what passes have fused into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Depthwise {
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// Output channels for each input channel.
    pub multiplier: usize,
    /// The kernel.
    pub weight: ParameterId,
    /// The bias.
    pub bias: Option<ParameterId>,
    /// A norm folded into the kernel's inputs.
    pub before: Option<Fold>,
    /// A norm folded into its outputs.
    pub after: Option<Fold>,
    /// Applied last.
    pub activation: Activation,
}

/// A dense layer, with what passes have fused into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// The kernel.
    pub weight: ParameterId,
    /// The bias.
    pub bias: Option<ParameterId>,
    /// The order of the kernel's inputs, where it is not that of memory.
    pub order: Vec<Order>,
    /// A norm folded into the kernel's inputs.
    pub before: Option<Fold>,
    /// A norm folded into its outputs.
    pub after: Option<Fold>,
    /// How the packed kernel is stored.
    pub stored: Stored,
    /// Applied to the sum.
    pub activation: Activation,
}

impl Parameter {
    /// Numbers in the tensor.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Shape {
    /// Height, width and channels; a vector is one pixel.
    #[must_use]
    pub const fn extents(self) -> [usize; 3] {
        match self {
            Self::Map { height, width, channels } => [height, width, channels],
            Self::Vector(length) => [1, 1, length],
        }
    }

    /// Height × width × channels.
    #[must_use]
    pub const fn elements(self) -> usize {
        let [height, width, channels] = self.extents();
        height * width * channels
    }

    /// Channels of a pixel; all of a vector.
    #[must_use]
    pub const fn channels(self) -> usize {
        self.extents()[2]
    }

    /// As the user writes it: three numbers or one.
    #[must_use]
    pub fn dimensions(self) -> Vec<usize> {
        match self {
            Self::Map { height, width, channels } => vec![height, width, channels],
            Self::Vector(length) => vec![length],
        }
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Map { height, width, channels } => write!(f, "{height}×{width}×{channels}"),
            Self::Vector(length) => write!(f, "{length}"),
        }
    }
}

impl core::fmt::Display for Layout {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Pytorch => "pytorch",
            Self::Keras => "keras",
        })
    }
}
