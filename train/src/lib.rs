//! Training for networks compiled by Convolve: what a network learns from, what it is told that it did wrong, how its
//! weights follow, and the loop around all that.
#![forbid(unsafe_code)]

mod checkpoint;
pub mod data;
mod error;
mod file;
pub mod history;
pub mod initializer;
pub mod loss;
pub mod metrics;
mod names;
mod network;
pub mod optimizer;
pub mod schedule;
mod trainer;

pub use error::TrainError;
pub use history::History;
pub use initializer::Initializer;
pub use loss::Loss;
pub use metrics::Metric;
pub use names::UnknownName;
pub use network::{Compiled, Model, Network, Predictor};
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use trainer::{Config, Evaluation, Event, Patience, Progress, Trainer};
