//! `convolve report`.

mod field;
mod maps;
mod page;

use std::path::PathBuf;

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;

use crate::args::{Binding, Format, NetworkWithWeights};
use crate::draw::colour::Map;
use crate::failure::Result;
use crate::features::{self, Scale};
use crate::progress::Progress;
use crate::{load, output, weights};

const EXAMPLES: &str = "\
Examples:
  convolve report unet.yaml --output unet.html
  convolve report mnist.yaml --input seven.png --output seven.html

The page needs no network and no server. Its keys: / searches, Enter selects,
j and k go to the next and the previous layer, g changes between the network as
written and as fused. In the picture of what a layer sees, arrow keys or the
pointer choose the cell.";

/// Layers, graphs, memory and decisions of a network; with an input, also what every layer gives.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    network: NetworkWithWeights,
    /// What to compute feature maps from: one for each input of the network. A path with a `=` starts with `./`
    #[arg(long = "input", value_name = "[NAME=]FILE")]
    inputs: Vec<Binding>,
    /// Where to write the page
    #[arg(long, value_name = "HTML")]
    output: PathBuf,
    /// Colours of feature maps, from the smallest number to the largest
    #[arg(long, aliases = ["color-map", "colour-map"], value_enum, default_value_t)]
    colormap: Map,
    /// What the smallest and the largest number are of
    #[arg(long, value_enum, default_value_t)]
    scale: Scale,
}

/// Writes a page on a network.
pub(crate) fn report(args: &ReportArgs) -> Result<()> {
    let progress = Progress::new(Format::Text, "computing");
    let NetworkWithWeights { file, weights, layout, .. } = &args.network;
    let (written, maps) = if !args.inputs.is_empty() {
        let (written, trace) = features::trace(&args.network, &args.inputs, &[])?;
        let maps = maps::section(&written, trace.values(), args.colormap, args.scale);
        (written, maps)
    } else if weights.is_some() || layout.is_some() {
        (weights::read(&args.network)?.0, String::new())
    } else {
        // A file that the specification names need not be there for what does not depend on it.
        (load::unweighted(file)?, String::new())
    };
    progress.begin("drawing");
    let mut graph = written.clone();
    let options = Options::default();
    let mut reports = optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    reports.extend(plan.reports.iter().cloned());
    let page = page::page(&written, &plan, &reports, &maps);
    output::write_all(&[(args.output.clone(), page.into_bytes())])
}
