//! Training for networks compiled by Convolve: what a network learns from, what it is told that it did wrong, how its
//! weights follow, and the loop around all that.
#![forbid(unsafe_code)]

pub mod data;
pub mod history;
pub mod initializer;
pub mod loss;
pub mod metrics;
mod names;
pub mod optimizer;
pub mod schedule;

pub use initializer::Initializer;
pub use loss::Loss;
pub use metrics::Metric;
pub use names::UnknownName;
pub use optimizer::Optimizer;
pub use schedule::Schedule;
