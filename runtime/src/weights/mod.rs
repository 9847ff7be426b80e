//! From the tensors of a weights file to the panels that the kernels read.
//!
//! The compiler describes the work as a list of [`Load`]s; it is done once, when a model is made.

mod data;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "std")]
pub mod file;
mod pack;
mod winograd;

pub use data::{Data, init, key};
#[cfg(feature = "std")]
pub use error::{WeightsError, code};
pub use pack::{pack, unpack};
pub use winograd::Tile;
pub(crate) use winograd::{kernel_in_tiles, kernel_of_tiles};

/// Output channels of a weight panel: one AVX-512 vector, two of AVX2, four of NEON. The layout of packed
/// weights is the same on every processor.
pub const PANEL: usize = 16;

/// `count` rounded up to whole panels.
#[must_use]
pub const fn padded(count: usize) -> usize {
    count.div_ceil(PANEL) * PANEL
}

/// A tensor that a weights file must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter<'a> {
    /// Its name in the file, `<layer>.<parameter>`.
    pub name: &'a str,
    /// Its shape in the file.
    pub shape: &'a [usize],
    /// How `init` fills it.
    pub initial: Initial,
}

/// How a parameter starts when no file gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Every element this value.
    Constant(f32),
    /// A kernel, drawn at random around zero: normal with variance 2 / fan_in (He et al. 2015) where nothing else
    /// is asked for.
    Kernel {
        /// Inputs that an output sums.
        fan_in: usize,
        /// Outputs that an input goes into, at stride 1.
        fan_out: usize,
    },
}

/// Index of a [`Parameter`] in its model's list.
pub type ParameterId = usize;

/// Where element (output, input, row, column) of a kernel lies in its tensor: the sum of each index times its stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    /// Of the output channel, within and across groups.
    pub output: usize,
    /// Of the input channel within the group.
    pub input: usize,
    /// Of the kernel's row.
    pub row: usize,
    /// Of the kernel's column.
    pub column: usize,
    /// Of the group; for tensors whose output channels are numbered across groups, outputs of a group times `output`.
    pub group: usize,
}

/// A batch norm folded into the weights beside it: scale = weight / √(variance + epsilon),
/// shift = bias − mean · scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fold {
    /// γ.
    pub weight: ParameterId,
    /// β.
    pub bias: ParameterId,
    /// Running mean.
    pub mean: ParameterId,
    /// Running variance.
    pub variance: ParameterId,
    /// Added to the variance.
    pub epsilon: f32,
}

/// A run of a vector's elements that stand in the tensor in another order than in memory: pixels by
/// channels here (a flattened NHWC map), channels by pixels there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Pixels of the map that was flattened.
    pub pixels: usize,
    /// Its channels.
    pub channels: usize,
}

/// The kernel of a convolution or a dense layer: biases, then panels `[outputs / 16][rows][columns][inputs][16]`
/// of each group; a group's outputs rounded up to whole panels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Panels<'a> {
    /// The kernel's tensor.
    pub weight: ParameterId,
    /// The bias's tensor, if the layer has one.
    pub bias: Option<ParameterId>,
    /// Where an element lies in the kernel's tensor.
    pub strides: Strides,
    /// Groups.
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    /// Input channels of a group.
    pub inputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// The order of the tensor's inputs, in runs that cover them all; empty where it is that of memory.
    pub order: &'a [Order],
    /// Norm before the kernel: scales the inputs, and shifts the bias.
    pub before: Option<Fold>,
    /// Norm after the kernel: scales and shifts the outputs.
    pub after: Option<Fold>,
    /// The inputs that it has of its tensor's, if it is not all.
    pub part: Option<Part>,
    /// First float of the biases in the packed weights; the panels follow them.
    pub at: usize,
}

/// Some of the inputs of a kernel, which is computed as a sum of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first of them.
    pub first: usize,
    /// Whether this one adds the biases and the shift of the norm after them.
    pub biased: bool,
}

/// The kernel of a depthwise convolution: biases, then `[rows][columns][channels · multiplier]`; the
/// channels rounded up to a whole panel in each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthwiseWeights {
    /// The kernel's tensor.
    pub weight: ParameterId,
    /// The bias's tensor, if the layer has one.
    pub bias: Option<ParameterId>,
    /// Where an element lies: `output` is the stride of the multiplier, `group` of the input channel.
    pub strides: Strides,
    /// Input channels.
    pub channels: usize,
    /// Output channels of each.
    pub multiplier: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Norm before the kernel: scales the inputs, and shifts the bias.
    pub before: Option<Fold>,
    /// Norm after the kernel: scales and shifts the outputs.
    pub after: Option<Fold>,
    /// First float of the biases in the packed weights.
    pub at: usize,
}

/// How the packed kernel of a dense layer is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// As float32.
    #[default]
    F32,
    /// Rounded to bfloat16, the upper half of float32.
    Bf16,
}

/// One piece of the work of making the packed weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load<'a> {
    /// A convolution's or dense layer's kernel.
    Panels(Panels<'a>),
    /// A dense layer's kernel as bfloat16, rounded to nearest even, two to a word: biases in single precision, then
    /// panels `[outputs / 16][inputs / 2][16]`. The bits of a word are the weight of an odd input in the high half, zero
    /// where there is none, and of the even input before it in the low half.
    Halves(Panels<'a>),
    /// The kernel of a transposed convolution that stands for the repetition of cells and a convolution after it: biases,
    /// then panels `[outputs / 16][rows + repeat − 1][columns + repeat − 1][inputs][16]` of each group.
    Phases {
        /// The convolution's kernel.
        kernel: Panels<'a>,
        /// Repetitions along rows and columns.
        repeat: [usize; 2],
    },
    /// A 3 × 3 kernel transformed for [`Winograd`](crate::kernels::Winograd): biases, then panels
    /// `[outputs / 16][phases²][kernel_side²][inputs][16]`.
    Winograd {
        /// The kernel, of one group.
        kernel: Panels<'a>,
        /// The tiles.
        tile: Tile,
    },
    /// A depthwise kernel.
    Depthwise(DepthwiseWeights),
    /// A vector, rounded up to whole panels: slopes, scales, shifts.
    Vector {
        /// The tensor.
        weight: ParameterId,
        /// Elements.
        len: usize,
        /// The order of the tensor's elements, as in [`Panels`].
        order: &'a [Order],
        /// First float in the packed weights.
        at: usize,
    },
    /// Scales, then shifts, of a batch norm, each rounded up to whole panels.
    Affine {
        /// The norm.
        fold: Fold,
        /// Channels.
        len: usize,
        /// The order of the tensors' elements, as in [`Panels`].
        order: &'a [Order],
        /// First float in the packed weights.
        at: usize,
    },
}

/// √x, correct to the last bits, for x ≥ 0; `core` has none.
///
/// Halving the exponent gives a first guess within 6 %; each of Heron's steps doubles the correct bits.
fn sqrt(x: f64) -> f64 {
    if x <= 0.0 || !x.is_finite() {
        return if x == 0.0 || x == f64::INFINITY { x } else { f64::NAN };
    }
    let mut root = f64::from_bits((x.to_bits() >> 1) + 0x1ff8_0000_0000_0000);
    for _ in 0..5 {
        root = 0.5 * (root + x / root);
    }
    root
}
