//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, value_parser};
use convolve_compiler::graph;
use convolve_runtime::simd::Level;

use crate::complete::CompletionsArgs;
use crate::evaluate::EvaluateArgs;
use crate::explain::ExplainArgs;
use crate::features::FeaturesArgs;
use crate::graph::GraphArgs;
use crate::history::HistoryArgs;
use crate::memory::MemoryArgs;
use crate::paint::Color;
use crate::report::ReportArgs;
use crate::train::TrainArgs;
use crate::{array, explore, receptive, signal};

/// Checks, summarises, expands, trains, runs, measures and draws convolutional networks written in YAML.
#[derive(Debug, Parser)]
#[command(name = "convolve", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Whether messages have colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

const EXAMPLES: &str = "\
Examples:
  convolve check models/specs/*.yaml
  convolve explain C0701
  convolve summary unet.yaml | less -S
  convolve expand unet.yaml > unet.rs
  convolve train unet.yaml --data cells --validation-split 0.1 --output unet.safetensors
  convolve run unet.yaml --weights unet.safetensors --input cells.png --output mask.npy
  convolve bench unet.yaml
  convolve pad photo.png --mode reflect,edge --padding 40 --output padded.png
  convolve explore --input 28x28x1 --kernel-size 3,5 --stride 1,2 --padding same,valid
  convolve receptive-field unet.yaml --layer mask --output field.svg

Exit codes:
  0  done, or only warnings
  1  something is wrong with a file or a network: it is told on stderr
  2  the command line is wrong
  130  Ctrl-C has ended a training, which `--resume` goes on with";

const RUN_EXAMPLES: &str = "\
Examples:
  convolve run mnist.yaml --input seven.png --output probabilities.npy
  convolve run mnist.yaml --input seven.png --format json
  convolve run stereo.yaml --weights stereo.safetensors \\
      --input left=left.npy --input right=right.npy --output depth=depth.npy

Inputs:
  An .npy file holds numbers of any usual type, taken as they are, of shape
  [height, width, channels], or [length] for a vector. A first axis of length
  1, the batch, may be there; the last may be missing if there is 1 channel.
  A PNG or JPEG has the input's size and becomes numbers from 0 to 1: grey,
  grey and alpha, RGB or RGBA for an input of 1, 2, 3 or 4 channels.
  What a file is shows in its content, not in its name.

Outputs:
  Float32 .npy files of shape [height, width, channels] or [length]. With
  several outputs, `--output Y.npy` writes Y.<name>.npy for each. With
  `--format json`, every output's shape and numbers by its name, in lists as
  deep as the shape is long, null where a number is not finite.";

const BENCH_COLUMNS: &str = "\
Columns:
  time       median, with one look at the clock after each step
  share      of the sum of these times
  GFLOP/s    multiplications and additions of a direct convolution, padding
             included: a convolution in tiles may do more than the peak
  of peak    of multiply-adds on registers, measured before and after
  predicted  the planner's count of cycles, at the clock of that peak

The time of a prediction is measured without the clock between steps.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check files, their weights included: every error and warning at once
    Check(CheckArgs),
    /// Explain an error code: the mistake, the rule, the cure
    Explain(ExplainArgs),
    /// Show the layers: shapes, parameters, multiplications, receptive fields, kernels, memory, decisions
    Summary(SummaryArgs),
    /// Show the Rust that `cnn!` makes of a file
    Expand(NetworkArgs),
    /// Draw the network as a graph, as written or as fused
    Graph(GraphArgs),
    /// Show what lies where in the working memory, and when
    Memory(MemoryArgs),
    /// Write a page on the network: layers, graphs, memory, decisions, feature maps
    Report(ReportArgs),
    /// Train a network on examples, and write its weights
    Train(Box<TrainArgs>),
    /// Tell how good a network is on examples: loss, metrics, which classes it confuses
    Evaluate(EvaluateArgs),
    /// Show how a training went, epoch by epoch
    History(HistoryArgs),
    /// Run a network on .npy files or images
    Run(RunArgs),
    /// Picture what every layer gives: feature maps, vectors
    Features(FeaturesArgs),
    /// Time the kernels of a network, each against the peak of a core and the planner's count
    Bench(BenchArgs),
    /// Show an array
    Show(array::ShowArgs),
    /// Show what paddings do to an array
    Pad(array::PadArgs),
    /// Show what poolings do to an array
    Pool(array::PoolArgs),
    /// Show what convolutions with kernels of your own do to an array
    Conv(array::ConvArgs),
    /// Show what strides by themselves do to an array
    Subsample(array::SubsampleArgs),
    /// Show enlargements of an array
    Upsample(array::UpsampleArgs),
    /// Show the curves of activations
    Activation(array::ActivationArgs),
    /// Show how the numbers fade or grow from layer to layer before training
    Signal(signal::SignalArgs),
    /// Tabulate what sizes, parameters and receptive fields come of combinations of arguments
    Explore(explore::ExploreArgs),
    /// Show what a layer's cells see of the input
    ReceptiveField(receptive::ReceptiveArgs),
    /// Print a script that completes commands and options in a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// YAML files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Layout of the weights where a file names none [default: pytorch]
    #[arg(long)]
    pub(crate) layout: Option<Layout>,
    /// What to print; an object of JSON also holds what is wrong, which is else told on stderr
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SummaryArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NetworkArgs {
    /// YAML file
    pub(crate) file: PathBuf,
}

/// A network that is to be computed.
#[derive(Debug, clap::Args)]
pub(crate) struct NetworkWithWeights {
    /// YAML file
    pub(crate) file: PathBuf,
    /// Weights file, in place of the one that the YAML file names
    #[arg(long, value_name = "SAFETENSORS")]
    pub(crate) weights: Option<PathBuf>,
    /// Layout of the weights, in place of the one that the YAML file names; without either, --weights
    /// shows it by the names of its tensors
    #[arg(long)]
    pub(crate) layout: Option<Layout>,
    /// Instructions to use: scalar, avx2, avx512 or neon [default: the best of this processor]
    #[arg(long, env = "CONVOLVE_LEVEL", value_parser = level)]
    pub(crate) level: Option<Level>,
    /// Threads to compute on; the outputs are the same on any number of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: u16,
}

#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) network: NetworkWithWeights,
    /// What to compute from: one for each input of the network. A path with a `=` starts with `./`
    #[arg(long = "input", value_name = "[NAME=]FILE", required = true)]
    pub(crate) inputs: Vec<Binding>,
    /// Where to write: one for all outputs, or those to write by their names; none is needed with `--format json`
    #[arg(
        long = "output",
        value_name = "[NAME=]NPY",
        required_unless_present = "format",
        required_if_eq("format", "text")
    )]
    pub(crate) outputs: Vec<Binding>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Without weights, random ones are made: the time does not depend on them.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_COLUMNS)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) network: NetworkWithWeights,
    /// Predictions to time [default: as many as two seconds take, at least five]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Lines or a table, for people
    Text,
    /// Objects, for programs; times are in seconds
    Json,
}

/// Names and axis orders of a weights file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Layout {
    Keras,
    Pytorch,
}

impl From<Layout> for graph::Layout {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Keras => Self::Keras,
            Layout::Pytorch => Self::Pytorch,
        }
    }
}

/// A file, and the input or output that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// `None` where the network has but one.
    pub(crate) name: Option<String>,
    pub(crate) path: PathBuf,
}

impl std::str::FromStr for Binding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.contains('/') => (Some(name.to_owned()), path),
            _ => (None, text),
        };
        if path.is_empty() || name.as_deref() == Some("") {
            return Err("expected `FILE` or `NAME=FILE`".to_owned());
        }
        Ok(Self { name, path: path.into() })
    }
}

fn level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Level::available().map(Level::name).collect();
        format!("this processor has {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn a_binding_has_a_name_before_its_first_equals_sign() {
        let binding = |text: &str| text.parse::<Binding>().map(|b| (b.name, b.path));
        assert_eq!(binding("a.npy"), Ok((None, "a.npy".into())));
        assert_eq!(binding("left=a=b.npy"), Ok((Some("left".to_owned()), "a=b.npy".into())));
        assert_eq!(binding("./a=b.npy"), Ok((None, "./a=b.npy".into())));
        assert!(binding("left=").is_err());
        assert!(binding("=a.npy").is_err());
        assert!(binding("").is_err());
    }
}
