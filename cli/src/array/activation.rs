//! `convolve activation`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Step;
use super::compute::compute;
use super::source::Grid;
use super::values::word;
use crate::args::Format;
use crate::draw::chart::{Chart, Curve};
use crate::failure::Result;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  convolve activation relu,prelu,elu,gelu --plot activations.svg
  convolve activation hard_swish,silu --from -6 --to 6 --format json

A `prelu` has the slope with which its training starts, 0.25.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ActivationArgs {
    /// Names of activations, as the language has them
    #[arg(value_delimiter = ',', required = true, value_parser = word)]
    names: Vec<String>,
    /// The least input
    #[arg(long, default_value_t = -4, allow_negative_numbers = true, value_parser = clap::value_parser!(i16).range(-1000..=1000))]
    from: i16,
    /// The greatest input
    #[arg(long, default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(i16).range(-1000..=1000))]
    to: i16,
    /// Where to draw the curves, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Points from one whole number to the next.
const POINTS: usize = 16;

/// Shows what activations make of the numbers between two.
pub(crate) fn activation(args: &ActivationArgs) -> Result<()> {
    let (from, to) = (args.from.min(args.to), args.from.max(args.to));
    let count = usize::from(to.abs_diff(from)) * POINTS + 1;
    let data: Vec<f32> = (0..count).map(|i| f32::from(from) + i as f32 / POINTS as f32).collect();
    let input = Grid { shape: [1, count], data };
    let mut steps: Vec<Step> = args
        .names
        .iter()
        .map(|name| Step {
            name: name.clone(),
            from: None,
            // As the argument of a layer that does nothing else, so that no other layer can be meant.
            layer: "conv2d",
            arguments: format!("filters: 1, kernel_size: 1, bias: false, activation: {name}"),
            weights: Some(vec![1.0]),
            title: name.clone(),
            settings: Vec::new(),
        })
        .collect();
    super::number_names(&mut steps);
    let results: Vec<Vec<f32>> =
        compute("activation", &input, &steps)?.into_iter().map(|computed| computed.grid.data).collect();
    if let Some(path) = &args.plot {
        let curves = args.names.iter().zip(&results).map(|(name, data)| Curve {
            name: name.clone(),
            points: input.data.iter().zip(data).map(|(&x, &y)| [x, y]).collect(),
        });
        let labels = ["input".to_owned(), "output".to_owned()];
        let chart = Chart { title: "Activations".to_owned(), labels, curves: curves.collect() };
        output::write_all(&[(path.clone(), chart.figure().file(path)?)])?;
    }
    output::print(&match args.format {
        Format::Text => text(&args.names, &input, &results),
        Format::Json => {
            let results =
                args.names.iter().zip(&results).map(|(name, data)| json!({ "name": name, "data": data }));
            format!("{}\n", json!({ "input": input.data, "results": results.collect::<Vec<Value>>() }))
        }
    })
}

/// The values at whole numbers.
fn text(names: &[String], input: &Grid, results: &[Vec<f32>]) -> String {
    let heading = std::iter::once("input".to_owned()).chain(names.iter().cloned()).collect();
    let mut rows: Vec<Vec<String>> = vec![heading];
    for index in (0..input.data.len()).step_by(POINTS) {
        let values = results.iter().map(|data| format!("{:.4}", data[index]));
        rows.push(std::iter::once(format!("{}", input.data[index])).chain(values).collect());
    }
    crate::table::table(&rows, &(0..=names.len()).collect::<Vec<_>>())
}
