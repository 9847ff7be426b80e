//! The kernels. Each is a plain struct of geometry and operands, made by the compiler and written
//! into the generated code as a constant, with one method `run`.
//!
//! Kernels are compiled once, here; a network adds constants and calls, not code.

mod activation;
mod bands;
mod binary;
mod conv;
mod dense;
mod depthwise;
mod layout;
pub(crate) mod math;
pub(crate) mod norm;
mod parts;
mod pool;
mod pooled;
mod resize;
pub(crate) mod rows;
mod scaled;
mod softmax;
mod squeeze;
mod strips;
pub(crate) mod sums;
mod winograd;

use crate::slot::Slot;

pub use activation::{Activate, Activation};
pub use binary::{Binary, BinaryOp};
pub use conv::{Conv2d, Sampling};
pub use dense::Dense;
pub use depthwise::Depthwise;
pub use layout::{BlockOrder, Blocks, Copy, Pad, PadMode};
pub use norm::{Affine, Normalize, NormalizeOver};
pub use pool::{Pool, PoolOp, Windows};
pub use pooled::PooledConv2d;
pub use resize::{Resize, ResizeMode};
pub use scaled::Scaled;
pub use softmax::Softmax;
pub use squeeze::Squeeze;
pub use strips::Strips;
pub use winograd::{Source, Winograd, WinogradWeights};

/// What a layer adds, where it does not lie in the output's own memory.
fn unless_written(residual: Option<Slot>, output: &Slot) -> Option<Slot> {
    residual.filter(|slot| slot != output)
}
