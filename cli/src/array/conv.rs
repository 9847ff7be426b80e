//! `convolve conv`.

use super::kernel::Kernel;
use super::pool::Op;
use super::values::{Padding, Pair, word};
use super::{PictureArgs, Step, run};
use crate::failure::Result;

const EXAMPLES: &str = "\
Examples:
  convolve conv photo.png --kernel sobel-x,sobel-y --colormap grey --output edges.png
  convolve conv range:4x4 --kernel '1 0 -1; 2 0 -2; 1 0 -1' --padding same --output conv.svg
  convolve conv random:28x28 --kernel random:3x3 --padding same --dilation 1,2,4 --output dilated.svg
  convolve conv range:2x2 --kernel '1 1 1; 1 1 1; 1 1 1' --transposed --stride 2 --output up.svg
  convolve conv photo.png --kernel sobel-x --activation relu --pool 2,3 --op max --output pooled.png

The kernel is slid over the input as it is written, not flipped, as every framework does it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConvArgs {
    #[command(flatten)]
    picture: PictureArgs,
    /// sobel-x, sobel-y, laplacian, sharpen, box, gaussian; rows of numbers: '1 0 -1; 2 0 -2; 1 0 -1'; or
    /// `random:3x3`, numbers from −1 to 1
    #[arg(long, value_delimiter = ',', required = true, allow_hyphen_values = true)]
    kernel: Vec<Kernel>,
    /// Cells from one window to the next: `1`, or `1x2`
    #[arg(long, value_delimiter = ',', default_value = "1")]
    stride: Vec<Pair>,
    /// `valid`, `same`, `same_lower`, or cells as for `convolve pad`
    #[arg(long, value_delimiter = ',', default_value = "valid")]
    padding: Vec<Padding>,
    /// Cells from one tap to the next
    #[arg(long, value_delimiter = ',', default_value = "1")]
    dilation: Vec<Pair>,
    /// The transposed convolution, which spreads each cell over a window
    #[arg(long)]
    transposed: bool,
    /// Applied to each result: `relu`, `tanh`, …
    #[arg(long, value_name = "NAME", value_parser = word, default_value = "linear")]
    activation: String,
    /// Pools each result with windows of these sizes
    #[arg(long, value_delimiter = ',', value_name = "KERNEL_SIZE")]
    pool: Vec<Pair>,
    /// How to pool
    #[arg(long, value_enum, value_delimiter = ',', default_value = "max", requires = "pool")]
    op: Vec<Op>,
}

/// Shows convolutions.
pub(crate) fn conv(args: &ConvArgs) -> Result<()> {
    let mut steps = Vec::new();
    for kernel in &args.kernel {
        for &stride in &args.stride {
            for padding in &args.padding {
                for &dilation in &args.dilation {
                    steps.push(step(args, kernel, stride, padding, dilation));
                    let from = steps.len() - 1;
                    for &size in &args.pool {
                        steps.extend(args.op.iter().map(|&op| pooled(from, size, op)));
                    }
                }
            }
        }
    }
    run("conv", &args.picture, steps, false)
}

fn step(args: &ConvArgs, kernel: &Kernel, stride: Pair, padding: &Padding, dilation: Pair) -> Step {
    let ConvArgs { transposed, activation, picture, .. } = args;
    let layer = if *transposed { "conv2d_transpose" } else { "conv2d" };
    let arguments = format!(
        "filters: 1, kernel_size: {}, stride: {}, padding: {}, dilation: {}, bias: false, activation: \
         {activation}",
        Pair(kernel.shape).yaml(),
        stride.yaml(),
        padding.yaml(),
        dilation.yaml()
    );
    let mut settings = Vec::new();
    let mut differs = |differs: bool, words: String| settings.extend(differs.then_some(words));
    differs(stride != Pair([1, 1]), format!("stride {stride}"));
    differs(*padding != Padding::Word("valid"), format!("padding {padding}"));
    differs(dilation != Pair([1, 1]), format!("dilation {dilation}"));
    differs(activation != "linear", activation.clone());
    let title = if *transposed { format!("{}, transposed", kernel.name) } else { kernel.name.clone() };
    Step {
        name: kernel.name.replace(['-', ' '], "_"),
        from: None,
        layer,
        arguments,
        weights: Some(kernel.numbers(picture.seed)),
        title,
        settings,
    }
}

fn pooled(from: usize, size: Pair, op: Op) -> Step {
    Step {
        name: op.name().to_owned(),
        from: Some(from),
        layer: op.layer(),
        arguments: format!("kernel_size: {}", size.yaml()),
        weights: None,
        title: op.title(size),
        settings: Vec::new(),
    }
}
