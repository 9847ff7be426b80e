//! Commands that show what a layer does to an array: `show` (nothing), `pad`, `pool`, `conv`, `subsample`,
//! `upsample`, `activation`.
//!
//! Each makes a network of one or two layers for every alternative that the user asks for, all of them
//! readers of one input, and runs it as `convolve run` runs a network: its numbers are the library's.

mod activation;
mod compute;
mod conv;
mod kernel;
mod pad;
mod pool;
mod resample;
mod shown;
mod source;
mod values;
mod windows;

use std::path::PathBuf;

use crate::args::Format;
use crate::draw::colour::Map;
use crate::failure::{Failure, Result};

pub(crate) use activation::{ActivationArgs, activation};
pub(crate) use conv::{ConvArgs, conv};
pub(crate) use pad::{PadArgs, pad};
pub(crate) use pool::{Op, PoolArgs, pool};
pub(crate) use resample::{SubsampleArgs, UpsampleArgs, subsample, upsample};
pub(crate) use values::{Padding, Pair, numbers, word};

/// Alternatives that one picture may show.
const MOST_RESULTS: usize = 64;

/// What all of these commands take.
#[derive(Debug, clap::Args)]
pub(crate) struct PictureArgs {
    /// PNG, JPEG (as grey) or .npy file of one channel; `random:5x5` for random numbers from 0 to 1, `range:5x5` for
    /// 0, 1, 2, …
    #[arg(value_name = "IMAGE")]
    source: source::Source,
    /// Where to write the picture, .svg or .png; or the resulting arrays, .npy
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to print: shapes and, if they are small and no file is written, arrays; or all arrays as JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Colours of the numbers
    #[arg(long, aliases = ["color-map", "colour-map"], value_enum, default_value_t = Map::Viridis)]
    colormap: Map,
    /// Which random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// A layer to compute, and what its picture says.
#[derive(Clone, Debug)]
struct Step {
    /// Its name in the network; alternatives of one name are numbered.
    name: String,
    /// Index of the step that it reads; `None` for the input.
    from: Option<usize>,
    /// The layer and its arguments, as the language writes them.
    layer: &'static str,
    arguments: String,
    /// The kernel of a convolution.
    weights: Option<Vec<f32>>,
    title: String,
    /// What differs from the layer's defaults.
    settings: Vec<String>,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  convolve show random:5x5 --output input.svg
  convolve show padded.npy --colormap magma --output padded.png";

#[derive(Debug, clap::Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    picture: PictureArgs,
}

/// Shows an array by itself.
pub(crate) fn show(args: &ShowArgs) -> Result<()> {
    run("show", &args.picture, Vec::new(), true)
}

/// Numbers those names that several steps have.
fn number_names(steps: &mut [Step]) {
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        if names.iter().filter(|name| **name == names[index]).count() > 1 {
            let before = names[..index].iter().filter(|name| **name == names[index]).count();
            step.name += &format!("_{}", before + 1);
        }
    }
}

/// Computes the steps of a command, and shows them as the user asks.
fn run(command: &str, args: &PictureArgs, mut steps: Vec<Step>, one_scale: bool) -> Result<()> {
    if steps.len() > MOST_RESULTS {
        return Err(Failure::new(format!(
            "these are {} combinations, but a picture shows at most {MOST_RESULTS}",
            steps.len()
        )));
    }
    number_names(&mut steps);
    let input = args.source.read(args.seed)?;
    let results = compute::compute(command, &input, &steps)?;
    shown::show(command, args, &input, &steps, &results, one_scale)
}
