//! A network, examples for it, and the loss that follows from both.

use std::path::PathBuf;

use clap::value_parser;
use convolve_compiler::graph::{Graph, Op, Shape};
use convolve_runtime::Threads;
use convolve_runtime::train::{Head, Program};
use convolve_train::data::{self, Arrays, Dataset, Part};
use convolve_train::loss::LossError;
use convolve_train::{Config, Loss, Metric, Network, TrainError, Trainer};

use crate::args::Layout;
use crate::failure::{Failure, Result};

/// A network, and examples with what they should give.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// YAML file
    pub(crate) file: PathBuf,
    /// Examples: an .npz archive; or a folder with IDX files, with x.npy and y.npy, with the folders images
    /// and masks, with a folder of images for each class, or with the folders train and test
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// What tells how wrong the network is: sparse_categorical_crossentropy, categorical_crossentropy,
    /// binary_crossentropy, mean_squared_error, mean_absolute_error or dice [default: a cross-entropy that
    /// fits the targets after softmax and sigmoid, else mean_squared_error]
    #[arg(long)]
    pub(crate) loss: Option<Loss>,
    /// What else to count: accuracy, top_5_accuracy, iou, mean_iou [default: accuracy with cross-entropies,
    /// iou with dice]
    #[arg(long = "metric", value_name = "METRIC,…", value_delimiter = ',')]
    pub(crate) metrics: Vec<Metric>,
    /// Layout of the weights, in place of the one that the YAML file names
    #[arg(long)]
    pub(crate) layout: Option<Layout>,
    /// Threads to compute on; the results are the same on any number of them [default: the processor's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl SourceArgs {
    /// A pool of as many threads as are asked for.
    pub(crate) fn threads(&self) -> Threads {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        Threads::new(self.threads.map_or_else(available, usize::from))
    }

    /// The examples, of the shape that the network reads.
    pub(crate) fn examples(&self, graph: &Graph, part: Part) -> Result<Arrays> {
        let [name] = graph.inputs.as_slice() else {
            return Err(self.failure(&TrainError::Inputs { found: graph.inputs.len() }));
        };
        let shape = graph.nodes.iter().find(|node| node.op == Op::Input(0)).map(|node| node.shape);
        let expected = match shape {
            Some(Shape::Map { height, width, channels }) => Some([height, width, channels]),
            _ => None,
        };
        let examples =
            data::open(&self.data, part, expected).map_err(|error| Failure::new(error.to_string()))?;
        let found = examples.input_shape();
        match expected {
            Some(expected) if expected != found => Err(Failure::new(format!(
                "`{}`: the examples are {}, but the input `{name}` of `{}` is {}",
                self.data.display(),
                dimensions(found),
                graph.name,
                dimensions(expected),
            ))),
            _ => Ok(examples),
        }
    }

    /// What to compute of a network with this program on these examples.
    pub(crate) fn config(&self, program: &Program<'_>, examples: &dyn Dataset) -> Config {
        let config = Config::new(self.loss.unwrap_or_else(|| loss(program, examples)));
        let metrics = if self.metrics.is_empty() { config.metrics } else { self.metrics.clone() };
        Config { metrics, ..config }
    }

    /// Whether the network and its loss take all of these examples, under their numbers in the file.
    pub(crate) fn check<N: Network>(&self, trainer: &Trainer<'_, N>, examples: &dyn Dataset) -> Result<()> {
        trainer.check_data(examples).map_err(|error| {
            let mut message = format!("`{}`: {error}", self.data.display());
            let loss = trainer.config().loss;
            let length = matches!(error, TrainError::Target { error: LossError::Length { .. }, .. });
            if length && self.loss.is_none() && loss == Loss::MeanSquaredError {
                message += &format!(
                    "\n  = help: `{loss}` was chosen because the network ends neither in `softmax` nor in \
                     `sigmoid`: to tell classes apart, end it in `softmax`"
                );
            }
            Failure::new(message)
        })
    }

    /// What is wrong about the network, in words.
    pub(crate) fn failure(&self, reason: &dyn std::fmt::Display) -> Failure {
        Failure::new(format!("`{}`: {reason}", self.file.display()))
    }
}

/// The loss for what the network's last layer gives, and what the examples ask of it.
fn loss(program: &Program<'_>, examples: &dyn Dataset) -> Loss {
    let slot = program.output.slot();
    let sparse = Loss::SparseCategoricalCrossEntropy;
    match program.head {
        Head::Softmax | Head::LogSoftmax => {
            let classes = sparse.target_len([slot.height, slot.width, slot.channels]);
            if examples.target_len() == classes { sparse } else { Loss::CategoricalCrossEntropy }
        }
        Head::Sigmoid => Loss::BinaryCrossEntropy,
        Head::Identity => Loss::MeanSquaredError,
    }
}

fn dimensions([height, width, channels]: [usize; 3]) -> String {
    format!("{height}×{width}×{channels}")
}
