//! What a network compiled by Convolve runs on: kernels over plain geometry, SIMD levels chosen at
//! run time, weights packed once, and memory that the caller owns.
//!
//! The crate knows nothing of graphs. It needs neither `std` nor `alloc`; feature `alloc` adds heap
//! workspaces and weights, `std` the detection of the processor and safetensors files.
#![no_std]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod geometry;
pub mod kernels;
#[cfg(feature = "std")]
pub mod measure;
pub mod memory;
pub mod model;
#[cfg(feature = "alloc")]
mod pages;
pub mod random;
pub mod run;
pub mod simd;
pub mod slot;
pub mod team;
pub mod tensor;
#[cfg(feature = "std")]
pub mod threads;
pub mod trace;
pub mod train;
pub mod weights;

pub use memory::Workspace;
pub use model::Model;
pub use simd::Level;
#[cfg(feature = "std")]
pub use threads::Threads;
#[cfg(feature = "std")]
pub use weights::WeightsError;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
