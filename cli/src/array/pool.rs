//! `convolve pool`.

use clap::ValueEnum;

use super::values::{Padding, Pair};
use super::{PictureArgs, Step, run};
use crate::failure::Result;

const EXAMPLES: &str = "\
Examples:
  convolve pool random:6x6 --kernel-size 2 --op max,avg --output pooled.svg
  convolve pool photo.png --kernel-size 4,8 --op max --output pooled.png
  convolve pool range:5x5 --kernel-size 3 --stride 1 --padding 1 --format json";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PoolArgs {
    #[command(flatten)]
    picture: PictureArgs,
    /// Rows and columns of a window: `2`, or `2x3`
    #[arg(long, value_delimiter = ',', default_value = "2")]
    kernel_size: Vec<Pair>,
    /// What a window becomes
    #[arg(long, value_enum, value_delimiter = ',', default_value = "max,avg")]
    op: Vec<Op>,
    /// Cells from one window to the next [default: the kernel size]
    #[arg(long, value_delimiter = ',')]
    stride: Vec<Pair>,
    /// `valid`, `same`, `same_lower`, or cells as for `convolve pad`
    #[arg(long, value_delimiter = ',', default_value = "valid")]
    padding: Vec<Padding>,
    /// Cells from one tap to the next, for `max`
    #[arg(long, value_delimiter = ',', default_value = "1")]
    dilation: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Op {
    /// The largest number
    Max,
    /// The mean of the cells inside the input
    #[value(alias = "average")]
    Avg,
}

impl Op {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Avg => "avg",
        }
    }

    pub(crate) const fn layer(self) -> &'static str {
        match self {
            Self::Max => "max_pool2d",
            Self::Avg => "avg_pool2d",
        }
    }

    pub(super) fn title(self, kernel: Pair) -> String {
        let [rows, columns] = kernel.0;
        let name = if self == Self::Max { "max" } else { "average" };
        format!("{name} pooling {rows}×{columns}")
    }
}

/// Shows poolings.
pub(crate) fn pool(args: &PoolArgs) -> Result<()> {
    let mut steps = Vec::new();
    let strides = if args.stride.is_empty() { vec![None] } else { args.stride.iter().map(Some).collect() };
    for &kernel in &args.kernel_size {
        for stride in &strides {
            for padding in &args.padding {
                for &dilation in &args.dilation {
                    for &op in &args.op {
                        steps.push(step(kernel, stride.copied(), padding, dilation, op));
                    }
                }
            }
        }
    }
    run("pool", &args.picture, steps, true)
}

fn step(kernel: Pair, stride: Option<Pair>, padding: &Padding, dilation: Pair, op: Op) -> Step {
    let mut arguments = format!("kernel_size: {}, padding: {}", kernel.yaml(), padding.yaml());
    let mut settings = vec![format!("stride {}", stride.unwrap_or(kernel))];
    if let Some(stride) = stride {
        arguments += &format!(", stride: {}", stride.yaml());
    }
    if *padding != Padding::Word("valid") {
        settings.push(format!("padding {padding}"));
    }
    // `avg_pool2d` knows no dilation: the compiler says so.
    if dilation != Pair([1, 1]) {
        arguments += &format!(", dilation: {}", dilation.yaml());
        settings.push(format!("dilation {dilation}"));
    }
    let (name, layer, title) = (op.name().to_owned(), op.layer(), op.title(kernel));
    Step { name, from: None, layer, arguments, weights: None, title, settings }
}
