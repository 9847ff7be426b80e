//! What generated code names. Not for people: it changes with the compiler.

pub use ::core;
pub use ::core::option::Option::{None, Some};
pub use ::core::primitive::{f32, str, u8, u64, usize};
pub use ::core::result::Result;
#[cfg(feature = "alloc")]
pub use alloc::vec::Vec;

pub use crate::geometry::Axis;
pub use crate::kernels::*;
pub use crate::memory::{Aligned, Weights, Workspace};
pub use crate::model::Model;
pub use crate::run::Run;
pub use crate::simd::Level;
pub use crate::slot::{Memory, Slot};
pub use crate::team::Team;
pub use crate::tensor::Tensor;
#[cfg(feature = "std")]
pub use crate::threads::Threads;
pub use crate::trace::{Kept, Layers, Traced, Unfused};
pub use crate::train::*;
pub use crate::weights::{
    Data, DepthwiseWeights, Fold, Initial, Load, Order, Panels, Parameter, Part, Stored, Strides, Tile, init,
};
#[cfg(feature = "std")]
pub use crate::weights::{WeightsError, file::open};
