//! The compiler: from what a user wrote to a fused program with planned memory.
//!
//! ```text
//! YAML text ─┐                                             ┌─► emit    ─► tokens for rustc
//!            ├─► Spec ─check─► Graph ─passes─► Graph ─plan─► Plan
//! cnn! tokens┘                                             └─► execute ─► outputs
//! ```
#![forbid(unsafe_code)]

pub mod analysis;
pub mod check;
pub mod cnn;
pub mod diagnostic;
pub mod emit;
pub mod execute;
pub mod files;
pub mod frontend;
pub mod graph;
pub mod options;
pub mod passes;
pub mod plan;
pub mod render;
pub mod source;
pub mod spec;
pub mod trace;
pub mod train;
pub mod verify;
