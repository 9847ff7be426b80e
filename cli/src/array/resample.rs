//! `convolve subsample` and `convolve upsample`.

use clap::ValueEnum;

use super::values::Pair;
use super::{PictureArgs, Step, run};
use crate::failure::Result;

const SUBSAMPLE_EXAMPLES: &str = "\
Examples:
  convolve subsample random:5x5 --stride 2 --output strided.svg
  convolve subsample photo.png --stride 2,4,8 --output strided.png";

const UPSAMPLE_EXAMPLES: &str = "\
Examples:
  convolve upsample range:3x3 --scale-factor 2 --mode nearest,bilinear --output larger.svg
  convolve upsample photo.png --scale-factor 4 --mode bilinear --output larger.png";

#[derive(Debug, clap::Args)]
#[command(after_help = SUBSAMPLE_EXAMPLES)]
pub(crate) struct SubsampleArgs {
    #[command(flatten)]
    picture: PictureArgs,
    /// Keeps every so many rows and columns: `2`, or `2x3`
    #[arg(long, value_delimiter = ',', default_value = "2")]
    stride: Vec<Pair>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = UPSAMPLE_EXAMPLES)]
pub(crate) struct UpsampleArgs {
    #[command(flatten)]
    picture: PictureArgs,
    /// How many rows and columns come of one: `2`, or `2x3`
    #[arg(long, value_delimiter = ',', default_value = "2")]
    scale_factor: Vec<Pair>,
    /// What the new cells hold
    #[arg(long, value_enum, value_delimiter = ',', default_value = "nearest,bilinear")]
    mode: Vec<Mode>,
    /// Whether the corner cells of input and output coincide, for `bilinear`
    #[arg(long)]
    align_corners: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// The cell, repeated
    Nearest,
    /// The four nearest cells, each the more the nearer
    Bilinear,
}

/// Shows strides by themselves.
pub(crate) fn subsample(args: &SubsampleArgs) -> Result<()> {
    let steps = args.stride.iter().map(|stride| Step {
        name: "strided".to_owned(),
        from: None,
        layer: "subsample2d",
        arguments: format!("stride: {}", stride.yaml()),
        weights: None,
        title: format!("stride {stride}"),
        settings: Vec::new(),
    });
    run("subsample", &args.picture, steps.collect(), true)
}

/// Shows enlargements.
pub(crate) fn upsample(args: &UpsampleArgs) -> Result<()> {
    let mut steps = Vec::new();
    for scale in &args.scale_factor {
        for mode in &args.mode {
            let name = mode.to_possible_value().expect("every mode has a name").get_name().to_owned();
            let align = args.align_corners && *mode == Mode::Bilinear;
            steps.push(Step {
                from: None,
                layer: "upsample2d",
                arguments: format!("scale_factor: {}, mode: {name}, align_corners: {align}", scale.yaml()),
                weights: None,
                title: format!("{name}, factor {scale}"),
                settings: if align { vec!["corners aligned".to_owned()] } else { Vec::new() },
                name,
            });
        }
    }
    run("upsample", &args.picture, steps, true)
}
