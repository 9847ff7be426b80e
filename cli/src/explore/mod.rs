//! `convolve explore`: what sizes, parameters and receptive fields come of a convolution and a pooling, for every
//! combination of their arguments.

mod case;
mod show;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ValueEnum, value_parser};

use crate::args::Format;
use crate::array::{Op, Padding, Pair, numbers};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::Progress;

use case::{Case, Found};

const EXAMPLES: &str = "\
Examples:
  convolve explore --input 28x28x1 --padding same,valid,1 --kernel-size 3,5 --stride 1,2 --pool 2,3
  convolve explore --input 28x28x1 --padding same --dilation 1,2,4 --format csv > dilation.csv
  convolve explore --input 5..21..5 --kernel-size 3 --stride 1,2,3 --plot strides.svg

Combinations that cannot be are listed with the compiler's reason, and are no failure.";

/// Combinations that a table may have.
const MOST_CASES: usize = 20_000;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExploreArgs {
    /// Inputs: `28x28x1`, `28` for 28×28×1, or a range of such: `5..21..5` for 5, 10, 15, 20
    #[arg(long, value_delimiter = ',', required = true)]
    input: Vec<Inputs>,
    /// Output channels of the convolution
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u32).range(1..))]
    filters: u32,
    /// Rows and columns of the kernel: `3`, or `3x5`
    #[arg(long, value_delimiter = ',', default_value = "3")]
    kernel_size: Vec<Pair>,
    /// Cells from one window to the next
    #[arg(long, value_delimiter = ',', default_value = "1")]
    stride: Vec<Pair>,
    /// `valid`, `same`, `same_lower`, or cells: `1`, `1x2`, `1x2x3x4`
    #[arg(long, value_delimiter = ',', default_value = "valid")]
    padding: Vec<Padding>,
    /// Cells from one tap to the next
    #[arg(long, value_delimiter = ',', default_value = "1")]
    dilation: Vec<Pair>,
    /// Sizes of a pooling after the convolution
    #[arg(long, value_delimiter = ',')]
    pool: Vec<Pair>,
    /// How to pool
    #[arg(long, value_enum, value_delimiter = ',', default_value = "max", requires = "pool")]
    op: Vec<Op>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Where to draw the output's height over the input's, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table
    Text,
    /// A table for other programs
    Csv,
    /// A list of objects
    Json,
}

/// One input, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inputs(Vec<[usize; 3]>);

impl FromStr for Inputs {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts: Vec<&str> = text.split("..").collect();
        let number = |text: &str| text.parse::<usize>().ok();
        let range = match parts[..] {
            [start, end] => number(start).zip(number(end)).map(|(start, end)| (start, end, 1)),
            [start, end, step] => number(start)
                .zip(number(end))
                .zip(number(step).filter(|&step| step > 0))
                .map(|((start, end), step)| (start, end, step)),
            _ => None,
        };
        if let Some((start, end, step)) = range {
            let sizes = (start..end).step_by(step).take(MOST_CASES + 1);
            let inputs: Vec<[usize; 3]> = sizes.map(|size| [size, size, 1]).collect();
            return if inputs.is_empty() { Err("this range is empty".to_owned()) } else { Ok(Self(inputs)) };
        }
        match numbers(text).as_deref() {
            Some(&[size]) => Ok(Self(vec![[size, size, 1]])),
            Some(&[height, width]) => Ok(Self(vec![[height, width, 1]])),
            Some(&[height, width, channels]) => Ok(Self(vec![[height, width, channels]])),
            _ => Err("expected `28x28x1`, `28`, or a range of sizes, `5..21..5`".to_owned()),
        }
    }
}

/// Prints the table of all combinations, and draws it if asked to.
pub(crate) fn explore(args: &ExploreArgs) -> Result<()> {
    let cases = cases(args)?;
    let progress = Progress::new(if args.format == Form::Text { Format::Text } else { Format::Json }, "");
    progress.parts("checking", Some(cases.len()));
    let found: Vec<Found> = cases.iter().map(Case::check).inspect(|_| progress.step()).collect();
    drop(progress);
    if let Some(path) = &args.plot {
        let picture = show::chart(&cases, &found)?.figure().file(path)?;
        output::write_all(&[(path.clone(), picture)])?;
    }
    output::print(&match args.format {
        Form::Text => show::text(&cases, &found),
        Form::Csv => show::csv(&cases, &found),
        Form::Json => show::json(&cases, &found),
    })
}

fn cases(args: &ExploreArgs) -> Result<Vec<Case>> {
    let inputs: Vec<[usize; 3]> = args.input.iter().flat_map(|inputs| inputs.0.iter().copied()).collect();
    let pools: Vec<Option<(Op, Pair)>> = match args.pool[..] {
        [] => vec![None],
        _ => args.pool.iter().flat_map(|&size| args.op.iter().map(move |&op| Some((op, size)))).collect(),
    };
    let lengths = [
        inputs.len(),
        args.padding.len(),
        args.kernel_size.len(),
        args.stride.len(),
        args.dilation.len(),
        pools.len(),
    ];
    let count = lengths.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
    if count.is_none_or(|count| count > MOST_CASES) {
        return Err(Failure::new(format!(
            "these are more than {MOST_CASES} combinations; leave out some of the values"
        )));
    }
    let mut cases = Vec::new();
    for padding in &args.padding {
        for &kernel in &args.kernel_size {
            for &stride in &args.stride {
                for &dilation in &args.dilation {
                    for &pool in &pools {
                        let padding = padding.clone();
                        let case = Case {
                            input: [0; 3],
                            filters: args.filters,
                            padding,
                            kernel,
                            stride,
                            dilation,
                            pool,
                        };
                        cases.extend(inputs.iter().map(|&input| Case { input, ..case.clone() }));
                    }
                }
            }
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_shapes_or_ranges_of_sizes() {
        let sizes = |text: &str| text.parse::<Inputs>().map(|inputs| inputs.0);
        assert_eq!(sizes("28x28x3"), Ok(vec![[28, 28, 3]]));
        assert_eq!(sizes("28x14"), Ok(vec![[28, 14, 1]]));
        assert_eq!(sizes("5..21..5"), Ok([5, 10, 15, 20].map(|size| [size, size, 1]).to_vec()));
        assert_eq!(sizes("3..5"), Ok([3, 4].map(|size| [size, size, 1]).to_vec()));
        for wrong in ["", "5..", "5..5", "5..9..0", "1..2..3..4", "1x2x3x4", "a"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
    }
}
