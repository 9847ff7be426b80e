//! `convolve pad`.

use clap::ValueEnum;

use super::values::Padding;
use super::{PictureArgs, Step, run};
use crate::failure::Result;

const EXAMPLES: &str = "\
Examples:
  convolve pad photo.png --mode reflect --padding 40 --output padded.png
  convolve pad random:5x5 --mode constant,reflect,edge --output modes.svg
  convolve pad range:3x3 --mode wrap --padding 1x2
  convolve pad photo.png --padding 2 --output padded.npy";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PadArgs {
    #[command(flatten)]
    picture: PictureArgs,
    /// What stands in the new cells
    #[arg(long, value_enum, value_delimiter = ',', default_value = "constant")]
    mode: Vec<Mode>,
    /// Cells on all sides; `1x2`: vertical and horizontal; `1x2x3x4`: top, bottom, left, right
    #[arg(long, value_delimiter = ',', default_value = "1")]
    padding: Vec<Padding>,
    /// The number that stands in the new cells of mode `constant`
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true, value_parser = finite)]
    value: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// One number
    #[value(alias = "zeros")]
    Constant,
    /// The mirrored input, without the border a second time
    Reflect,
    /// The mirrored input, the border repeated
    Symmetric,
    /// The nearest cell of the border
    #[value(alias = "replicate")]
    Edge,
    /// The input from its other side
    #[value(alias = "circular")]
    Wrap,
}

/// A number that YAML can hold.
fn finite(text: &str) -> std::result::Result<f32, String> {
    text.parse().ok().filter(|x: &f32| x.is_finite()).ok_or_else(|| "expected a number".to_owned())
}

/// Shows paddings.
pub(crate) fn pad(args: &PadArgs) -> Result<()> {
    let mut steps = Vec::new();
    for padding in &args.padding {
        for mode in &args.mode {
            let name = mode.to_possible_value().expect("every mode has a name").get_name().to_owned();
            let value =
                if *mode == Mode::Constant { format!(", value: {:?}", args.value) } else { String::new() };
            steps.push(Step {
                from: None,
                layer: "pad2d",
                arguments: format!("padding: {}, mode: {name}{value}", padding.yaml()),
                weights: None,
                title: format!("{name} padding"),
                settings: vec![format!("padding {padding}")],
                name,
            });
        }
    }
    run("pad", &args.picture, steps, true)
}
