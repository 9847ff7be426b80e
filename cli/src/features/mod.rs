//! `convolve features`.

mod maps;
mod npz;
mod sheet;

use std::path::PathBuf;

use convolve_compiler::graph::Graph;
use convolve_compiler::trace::{self, Trace};
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use serde_json::json;

use crate::args::{Binding, Format, NetworkWithWeights};
use crate::draw::colour::Map;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{output, tensors, weights};

pub(crate) use maps::{Atlas, Scale, atlas};
pub(crate) use sheet::{number, words};

const EXAMPLES: &str = "\
Examples:
  convolve features mnist.yaml --input seven.png --output maps
  convolve features unet.yaml --weights unet.safetensors --input cells.png \\
      --output maps --layer bridge.conv2d_2 --colormap magma --scale layer --npz

Files:
  A picture for each layer, <index>-<layer>.png, in the order of the layers. A
  map has a tile for each channel; a vector of up to 64 numbers has bars, a
  longer one cells, row by row. With --npz, also features.npz, in which each
  layer's name has an array of shape [height, width, channels] or [length].";

/// Weights and inputs are those of `convolve run`; a layer's own activation is part of its values.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    network: NetworkWithWeights,
    /// What to compute from: one for each input of the network. A path with a `=` starts with `./`
    #[arg(long = "input", value_name = "[NAME=]FILE", required = true)]
    inputs: Vec<Binding>,
    /// Folder for the pictures; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// A layer to show, of several if this is given several times [default: all layers]
    #[arg(long = "layer", value_name = "NAME")]
    layers: Vec<String>,
    /// Colours from the smallest number to the largest
    #[arg(long, aliases = ["color-map", "colour-map"], value_enum, default_value_t)]
    colormap: Map,
    /// What the smallest and the largest number are of
    #[arg(long, value_enum, default_value_t)]
    scale: Scale,
    /// Write the numbers, too
    #[arg(long)]
    npz: bool,
    /// What to print: the files that were written; an object of JSON also has each layer's shape, least and greatest number
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Writes a picture of what each layer gives.
pub(crate) fn features(args: &FeaturesArgs) -> Result<()> {
    let progress = Progress::new(args.format, "computing");
    let (graph, trace) = trace(&args.network, &args.inputs, &args.layers)?;
    let index = |layer: &str| trace::layers(&graph).iter().position(|(name, _)| *name == layer);
    std::fs::create_dir_all(&args.output)
        .map_err(|error| Failure::new(format!("cannot make `{}`: {error}", args.output.display())))?;
    progress.parts("drawing", Some(trace.values().len()));
    let mut files = Vec::new();
    let mut lines = String::new();
    let mut layers = Vec::new();
    for value in trace.values() {
        // Layers are counted from one, as in the names that they get.
        let number = index(&value.layer).unwrap_or_default() + 1;
        let path = args.output.join(format!("{number:03}-{}.png", value.layer));
        let figure = sheet::figure(value, &words(&graph, &value.layer), args.colormap, args.scale);
        lines += &format!("{}: {}, {}\n", path.display(), value.layer, value.shape);
        let picture = figure.file(&path)?;
        let [least, most] = maps::range(value.data.iter().copied());
        layers.push(json!({
            "layer": value.layer,
            "shape": value.shape.dimensions(),
            "least": least,
            "most": most,
            "picture": path,
        }));
        files.push((path, picture));
        progress.step();
    }
    let archive = args.npz.then(|| args.output.join("features.npz"));
    if let Some(path) = &archive {
        lines += &format!("{}: {} arrays\n", path.display(), trace.values().len());
        files.push((path.clone(), npz::write(trace.values())?));
    }
    output::write_all(&files)?;
    drop(progress);
    output::print(&match args.format {
        Format::Text => lines,
        Format::Json => {
            format!("{}\n", json!({ "network": graph.name, "layers": layers, "archive": archive }))
        }
    })
}

/// The network as written, and what these layers of it give, or all if none is named.
pub(crate) fn trace(
    network: &NetworkWithWeights,
    inputs: &[Binding],
    layers: &[String],
) -> Result<(Graph, Trace)> {
    let (graph, weights) = weights::read(network)?;
    let data = weights::needed(&graph, weights.as_ref(), network)?;
    let names = match layers {
        [] => trace::layers(&graph).iter().map(|(name, _)| (*name).to_owned()).collect(),
        some => some.to_vec(),
    };
    let selected = trace::select(&graph, &names).map_err(|error| Failure::all(error.mistakes().to_vec()))?;
    let inputs = tensors::read(&graph, inputs)?;
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let level = network.level.unwrap_or_else(Level::detect);
    let trace = trace::run(&selected, &data, &inputs, level, &Threads::new(network.threads.into()));
    Ok((graph, trace))
}
