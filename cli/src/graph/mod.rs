//! `convolve graph`.

pub(crate) mod diagram;
mod layout;
pub(crate) mod svg;
mod text;

use std::path::PathBuf;

use clap::ValueEnum;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;

use crate::args::NetworkArgs;
use crate::failure::Result;
use crate::{load, output};

const EXAMPLES: &str = "\
Examples:
  convolve graph unet.yaml --output unet.svg
  convolve graph resnet50.yaml --fused --output fused.svg
  convolve graph mnist.yaml --format mermaid
  convolve graph mnist.yaml --format dot | dot -Tpdf > mnist.pdf

An SVG follows its reader's preference for dark or light. A dashed box is a view
of what others have computed: no kernel runs for it.";

/// Shapes stand at the arrows; kernels and bytes in the boxes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// The kernels that run, in place of the layers as written
    #[arg(long)]
    fused: bool,
    /// What to write
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where to write it [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A picture for browsers and documents
    #[default]
    Svg,
    /// For Graphviz
    Dot,
    /// For Markdown on code hosts
    Mermaid,
    /// One object of boxes and arrows
    Json,
}

/// Writes a picture of a network, as written or as fused.
pub(crate) fn graph(args: &GraphArgs) -> Result<()> {
    let mut graph = load::unweighted(&args.network.file)?;
    let diagram = if args.fused {
        let options = Options::default();
        optimise(&mut graph, &options);
        diagram::fused(&plan(&graph, &options))
    } else {
        diagram::written(&graph)
    };
    let text = match args.format {
        Format::Svg => svg::file(&diagram),
        Format::Dot => text::dot(&diagram),
        Format::Mermaid => text::mermaid(&diagram),
        Format::Json => text::json(&diagram),
    };
    output::write_or_print(args.output.as_deref(), text)
}
