//! What training adds to a run: the kernels of the backward pass.
//!
//! A kernel of the backward pass takes the gradient of the loss with respect to what a layer gave, and makes the one with
//! respect to what it read. It **writes** that gradient, it does not add to what lies there. Gradients of parameters it
//! **adds** to those that other images left.

mod activation;
#[cfg(feature = "std")]
mod batch;
mod batch_norm;
mod binary;
mod conv;
mod dense;
mod depthwise;
mod derivatives;
mod derive;
mod dropout;
#[cfg(feature = "std")]
mod finite;
mod head;
mod layout;
#[cfg(feature = "std")]
mod learner;
mod max_pool;
mod norm;
mod pool;
mod program;
mod resize;
mod rows;
mod share;
mod softmax;
#[cfg(feature = "alloc")]
mod trainable;

pub use activation::ActivateGradient;
#[cfg(feature = "std")]
pub use batch::{Images, Judge};
pub use batch_norm::{
    BatchMoments, BatchNorm, BatchNormGradient, BatchNormGradientSums, BatchSquares, BatchSum,
};
pub use binary::{BinaryGradient, Factor};
pub use conv::ConvWeights;
pub(crate) use conv::add_biases;
pub use dense::{DenseWeights, Rows};
pub use depthwise::DepthwiseGradient;
pub use derive::{Derived, Restored};
pub use dropout::Dropout;
#[cfg(feature = "std")]
pub use finite::NotFinite;
pub use head::Head;
pub use layout::{CopyGradient, PadGradient};
#[cfg(feature = "std")]
pub use learner::Learner;
pub use max_pool::MaxPool;
pub use norm::NormalizeGradient;
pub use pool::{PoolGradient, Pooled};
pub use program::{Phase, Place, Program, Segment, Statistics, Step};
pub use resize::ResizeGradient;
pub use softmax::SoftmaxGradient;
#[cfg(feature = "alloc")]
pub use trainable::Trainable;

use crate::run::Run;
use crate::slot::Slot;

/// What a kernel of training works on: one image, or all images of a group.
#[derive(Debug)]
pub struct Pass<'a> {
    /// The image's inputs and arena, and the packed parameters.
    pub run: Run<'a>,
    /// Gradients of the parameters, each where its parameter lies among the weights, and after them other sums over the
    /// images of a group. Kernels add to both.
    pub sums: &'a mut [f32],
    /// What `sums` were in the end for the whole batch, as far as earlier phases have made them.
    pub totals: &'a [f32],
    /// Images of the whole batch.
    pub images: usize,
    /// Chooses the random numbers of this image in this step.
    pub key: u64,
}

/// What a layer's forward pass has left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// What the layer read.
    Input(Slot),
    /// What it gave.
    Result(Slot),
}
