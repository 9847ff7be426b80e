use core::ops::Range;

use super::Pass;
use super::{
    ActivateGradient, BatchNorm, BatchNormGradient, BatchNormGradientSums, BatchSquares, BatchSum,
    BinaryGradient, ConvWeights, CopyGradient, DenseWeights, DepthwiseGradient, Derived, Dropout, Head,
    MaxPool, NormalizeGradient, PadGradient, PoolGradient, ResizeGradient, Restored, Rows, SoftmaxGradient,
};
use crate::kernels::{
    Activate, Binary, Blocks, Conv2d, Copy, Depthwise, Normalize, Pad, Pool, Resize, Softmax, Winograd,
    WinogradWeights,
};
use crate::slot::Slot;
use crate::weights::{Load, Parameter, ParameterId};

/// A network's training as data: everything that one step of it does, for any number of images.
///
/// The weights are those that training changes, then running statistics, then what is [`Derived`] of them. The sums are
/// the gradients of the first of these, each where its weight lies, then other sums over images.
#[derive(Clone, Copy, Debug)]
pub struct Program<'p> {
    /// The tensors of a weights file.
    pub tensors: &'p [Parameter<'p>],
    /// How they become the weights that a checkpoint keeps: they only move elements.
    pub loads: &'p [Load<'p>],
    /// Floats of the weights that training changes.
    pub trained: usize,
    /// Those and the running statistics.
    pub kept: usize,
    /// All weights.
    pub weights: usize,
    /// What is made of the weights before each step.
    pub derived: &'p [Derived],
    /// The gradients that follow from others after each step.
    pub restored: &'p [Restored],
    /// The running statistics.
    pub statistics: &'p [Statistics],
    /// Floats of a group's sums.
    pub sums: usize,
    /// Floats of an image's arena.
    pub arena: usize,
    /// Floats of the memory that the images of a group use in turn.
    pub shared: usize,
    /// Floats of an image among the [`Rows`].
    pub rows_arena: usize,
    /// What is computed image by image.
    pub steps: &'p [Step],
    /// The layer of each of them.
    pub layers: &'p [&'p str],
    /// What is computed for all images of a group at once.
    pub rows: &'p [Rows],
    /// What is summed over the rows of all images in the end, in the order of the weights.
    pub dense: &'p [DenseWeights],
    /// The order of steps and rows.
    pub segments: &'p [Segment],
    /// What must be complete for all images before the next begins.
    pub phases: &'p [Phase],
    /// Floats of each of the network's inputs.
    pub inputs: &'p [usize],
    /// What the loss judges.
    pub output: Place,
    /// Where the loss puts its gradient.
    pub gradient: Place,
    /// What the network does to the output in the end, which the loss has to take into account.
    pub head: Head,
}

/// A run of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Of [`Program::steps`], for one image after the other.
    Each(Range<usize>),
    /// Of [`Program::rows`], for all images of a group at once.
    All(Range<usize>),
    /// The loss of each image.
    Loss,
}

/// Segments that all groups of images go through before the sums are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Of [`Program::segments`].
    pub segments: Range<usize>,
    /// The sums that are complete after it, whole panels; but for those of [`Program::dense`].
    pub sums: Range<usize>,
}

/// Where a tensor of one image lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In the image's arena.
    Image(Slot),
    /// Among the [`Rows`].
    Row(Slot),
}

impl Place {
    /// The slot of the first image.
    #[must_use]
    pub const fn slot(&self) -> &Slot {
        match self {
            Self::Image(slot) | Self::Row(slot) => slot,
        }
    }
}

/// Running statistics of a batch norm, and the sums that they follow: with `n` cells of a channel in a batch, its mean is
/// `sum / n`, its variance `squares / n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Channels.
    pub channels: usize,
    /// Cells of a channel in one image.
    pub pixels: usize,
    /// The first of the sums of values.
    pub sum: usize,
    /// The first of the sums of squared differences from the mean.
    pub squares: usize,
    /// The running means among the weights.
    pub mean: usize,
    /// The running variances.
    pub variance: usize,
    /// How far a step goes towards the batch's statistics.
    pub rate: f32,
    /// Whether variances are divided by `n − 1`, as PyTorch keeps them.
    pub unbiased: bool,
}

/// One kernel, for one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// [`Conv2d`].
    Conv2d(Conv2d),
    /// [`Winograd`].
    Winograd(Winograd),
    /// [`Depthwise`].
    Depthwise(Depthwise),
    /// [`Pool`].
    Pool(Pool),
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
    /// [`Normalize`].
    Normalize(Normalize),
    /// [`Activate`].
    Activate(Activate),
    /// [`Softmax`].
    Softmax(Softmax),
    /// [`MaxPool`].
    MaxPool(MaxPool),
    /// [`ConvWeights`].
    ConvWeights(ConvWeights),
    /// [`WinogradWeights`].
    WinogradWeights(WinogradWeights),
    /// [`ActivateGradient`].
    ActivateGradient(ActivateGradient),
    /// [`PoolGradient`].
    PoolGradient(PoolGradient),
    /// [`DepthwiseGradient`].
    DepthwiseGradient(DepthwiseGradient),
    /// [`PadGradient`].
    PadGradient(PadGradient),
    /// [`CopyGradient`].
    CopyGradient(CopyGradient),
    /// [`ResizeGradient`].
    ResizeGradient(ResizeGradient),
    /// [`BinaryGradient`].
    BinaryGradient(BinaryGradient),
    /// [`SoftmaxGradient`].
    SoftmaxGradient(SoftmaxGradient),
    /// [`NormalizeGradient`].
    NormalizeGradient(NormalizeGradient),
    /// [`BatchSum`].
    BatchSum(BatchSum),
    /// [`BatchSquares`].
    BatchSquares(BatchSquares),
    /// [`BatchNorm`].
    BatchNorm(BatchNorm),
    /// [`BatchNormGradientSums`].
    BatchNormGradientSums(BatchNormGradientSums),
    /// [`BatchNormGradient`].
    BatchNormGradient(BatchNormGradient),
    /// [`Dropout`].
    Dropout(Dropout),
    /// Takes a vector to the [`Rows`].
    Gather {
        /// The image's.
        from: Slot,
        /// Among the rows.
        to: Slot,
    },
    /// Takes a vector from the [`Rows`].
    Scatter {
        /// Among the rows.
        from: Slot,
        /// The image's.
        to: Slot,
    },
}

impl<'p> Program<'p> {
    /// The tensor that holds the weight at this float.
    #[must_use]
    pub fn tensor_at(&self, float: usize) -> Option<&'p str> {
        let load = self.loads.iter().find(|load| (load.at()..load.at() + load.len()).contains(&float))?;
        let id: ParameterId = match load {
            Load::Panels(kernel) => kernel.weight,
            Load::Depthwise(kernel) => kernel.weight,
            Load::Vector { weight, .. } => *weight,
            _ => return None,
        };
        Some(self.tensors.get(id)?.name)
    }
}

impl Step {
    /// What it writes of a layer's output, on the way to the loss.
    #[cfg(feature = "std")]
    pub(super) const fn output(&self) -> Option<&Slot> {
        match self {
            Self::Conv2d(kernel) => Some(&kernel.output),
            Self::Winograd(kernel) => Some(&kernel.output),
            Self::Depthwise(kernel) => Some(&kernel.output),
            Self::Pool(kernel) => Some(&kernel.output),
            Self::Pad(kernel) => Some(&kernel.output),
            Self::Copy(kernel) => Some(&kernel.output),
            Self::Resize(kernel) => Some(&kernel.output),
            Self::Blocks(kernel) => Some(&kernel.output),
            Self::Binary(kernel) => Some(&kernel.output),
            Self::Normalize(kernel) => Some(&kernel.output),
            Self::Activate(kernel) => Some(&kernel.output),
            Self::Softmax(kernel) => Some(&kernel.output),
            Self::BatchNorm(kernel) => Some(&kernel.output),
            Self::MaxPool(kernel) => Some(&kernel.output),
            Self::Dropout(kernel) => Some(&kernel.output),
            Self::Scatter { to, .. } => Some(to),
            _ => None,
        }
    }

    /// Computes, but for what moves between an image and the rows.
    pub fn run(&self, pass: &mut Pass<'_>) {
        match self {
            Self::Conv2d(kernel) => kernel.run(&mut pass.run),
            Self::Winograd(kernel) => kernel.run(&mut pass.run),
            Self::Depthwise(kernel) => kernel.run(&mut pass.run),
            Self::Pool(kernel) => kernel.run(&mut pass.run),
            Self::Pad(kernel) => kernel.run(&mut pass.run),
            Self::Copy(kernel) => kernel.run(&mut pass.run),
            Self::Resize(kernel) => kernel.run(&mut pass.run),
            Self::Blocks(kernel) => kernel.run(&mut pass.run),
            Self::Binary(kernel) => kernel.run(&mut pass.run),
            Self::Normalize(kernel) => kernel.run(&mut pass.run),
            Self::Activate(kernel) => kernel.run(&mut pass.run),
            Self::Softmax(kernel) => kernel.run(&mut pass.run),
            Self::MaxPool(kernel) => kernel.run(pass),
            Self::ConvWeights(kernel) => kernel.run(pass),
            Self::WinogradWeights(kernel) => kernel.run(pass),
            Self::ActivateGradient(kernel) => kernel.run(pass),
            Self::PoolGradient(kernel) => kernel.run(pass),
            Self::DepthwiseGradient(kernel) => kernel.run(pass),
            Self::PadGradient(kernel) => kernel.run(pass),
            Self::CopyGradient(kernel) => kernel.run(pass),
            Self::ResizeGradient(kernel) => kernel.run(pass),
            Self::BinaryGradient(kernel) => kernel.run(pass),
            Self::SoftmaxGradient(kernel) => kernel.run(pass),
            Self::NormalizeGradient(kernel) => kernel.run(pass),
            Self::BatchSum(kernel) => kernel.run(pass),
            Self::BatchSquares(kernel) => kernel.run(pass),
            Self::BatchNorm(kernel) => kernel.run(pass),
            Self::BatchNormGradientSums(kernel) => kernel.run(pass),
            Self::BatchNormGradient(kernel) => kernel.run(pass),
            Self::Dropout(kernel) => kernel.run(pass),
            Self::Gather { .. } | Self::Scatter { .. } => {}
        }
    }
}
