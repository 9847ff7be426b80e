//! What can go wrong in training.

use core::fmt;
use std::path::PathBuf;

use crate::loss::LossError;
use crate::metrics::MetricError;
use crate::optimizer::OptimizerError;

/// Why training cannot begin or go on. What was learned until then stays in the trainer.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// The network has more inputs than data has.
    Inputs {
        /// The network's inputs.
        found: usize,
    },
    /// The images have another number of floats than the network's input.
    Input {
        /// Floats of the network's input.
        expected: usize,
        /// Height, width and channels of the images.
        found: [usize; 3],
    },
    /// There is no example.
    Empty,
    /// A batch has no images.
    BatchSize,
    /// The loss does not fit the network.
    Loss(LossError),
    /// The loss does not take the target of an example.
    Target {
        /// The example.
        example: usize,
        /// Why not.
        error: LossError,
    },
    /// A metric does not fit the network.
    Metric(MetricError),
    /// The optimiser has a number that nothing can be trained with.
    Optimizer(OptimizerError),
    /// A value to watch has no such name.
    Monitor {
        /// What is watched.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
    /// A number became infinite or none. The weights are those before the step.
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in it, from 1.
        step: usize,
        /// Where it was found.
        place: String,
    },
    /// A file cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inputs { found } => {
                write!(
                    f,
                    "the network has {found} inputs, but examples have one: train networks of one input"
                )
            }
            Self::Input { expected, found: [height, width, channels] } => write!(
                f,
                "the images are {height}×{width}×{channels}, {} floats, but the network's input has {expected}",
                height * width * channels
            ),
            Self::Empty => f.write_str("there is no example to learn from"),
            Self::BatchSize => f.write_str("a batch needs at least one image"),
            Self::Loss(error) => error.fmt(f),
            Self::Target { example, error } => write!(f, "example {example}: {error}"),
            Self::Metric(error) => error.fmt(f),
            Self::Optimizer(error) => error.fmt(f),
            Self::Monitor { name, names } => {
                write!(f, "there is no value `{name}` to watch; there are {}", names.join(", "))
            }
            Self::NotFinite { epoch, step, place } => write!(
                f,
                "epoch {epoch}, step {step}: {place}; try a smaller learning rate, or clip the gradients"
            ),
            Self::File { path, reason } => write!(f, "`{}`: {reason}", path.display()),
        }
    }
}

impl core::error::Error for TrainError {}
