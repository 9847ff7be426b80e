//! `convolve signal`: why the weights of a deep network must start at the right size.
//!
//! A convolution adds up `fan_in` products, so the variance of its result is `fan_in · var(w)` times the mean square of
//! its input, of which a ReLU lets half pass. With `var(w) = 2 / fan_in` the mean square stays what it is at any depth
//! (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015); with `2 / (fan_in + fan_out)`, which was meant for
//! activations that are almost linear (Glorot and Bengio, 2010), half of it is lost in each layer.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{ValueEnum, value_parser};
use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::execute::Executor;
use convolve_compiler::frontend::yaml;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_runtime::random::uniform;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::Data;
use convolve_train::Initializer;
use serde_json::{Value, json};

use crate::args::Format;
use crate::array::word;
use crate::draw::chart::{Chart, Curve};
use crate::failure::Result;
use crate::table::table;
use crate::{load, output};

const EXAMPLES: &str = "\
Examples:
  convolve signal --plot he.svg
  convolve signal --depth 50 --activation relu,prelu,tanh --initial he --format json";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SignalArgs {
    /// Layers: 3×3 convolutions of 32 channels on maps of 8×8
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u16).range(1..=200))]
    depth: u16,
    /// What follows each convolution
    #[arg(long, value_delimiter = ',', default_value = "relu", value_parser = word)]
    activation: Vec<String>,
    /// How the weights start
    #[arg(long, value_enum, value_delimiter = ',', default_value = "he,glorot")]
    initial: Vec<Initial>,
    /// Which random weights
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to draw the curves, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Initial {
    /// Normal, of variance 2 / fan_in: the library's own
    He,
    /// Normal, of variance 2 / (fan_in + fan_out)
    Glorot,
}

const SIZE: usize = 8;
const CHANNELS: usize = 32;

/// The root mean square of each layer's results.
struct Signal {
    name: String,
    sizes: Vec<f64>,
}

/// Prints and draws how large the numbers of each layer are.
pub(crate) fn signal(args: &SignalArgs) -> Result<()> {
    let mut signals = Vec::new();
    for activation in &args.activation {
        for &initial in &args.initial {
            let rule = if initial == Initial::He { "He" } else { "Glorot" };
            let sizes = sizes(args, activation, initial)?;
            signals.push(Signal { name: format!("{activation}, {rule}"), sizes });
        }
    }
    if let Some(path) = &args.plot {
        output::write_all(&[(path.clone(), chart(&signals).figure().file(path)?)])?;
    }
    output::print(&match args.format {
        Format::Text => text(&signals),
        Format::Json => {
            let object = |signal: &Signal| json!({ "name": signal.name, "rms": signal.sizes });
            format!("{}\n", Value::Array(signals.iter().map(object).collect()))
        }
    })
}

fn sizes(args: &SignalArgs, activation: &str, initial: Initial) -> Result<Vec<f64>> {
    let text = network(args.depth, activation);
    let parsed = yaml::parse("convolve signal", text.as_bytes());
    let mut graph = load::network(parsed, &Defaults::default(), None)?.graph;
    let rule = match initial {
        Initial::He => Initializer::HeNormal,
        Initial::Glorot => Initializer::GlorotNormal,
    };
    let initials = parameters(&graph);
    let weights =
        initials.iter().enumerate().map(|(index, parameter)| rule.data(parameter, args.seed, index));
    let weights: Vec<Data<'_>> = weights.collect();
    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let input: Vec<f32> = (0..SIZE * SIZE * CHANNELS).map(|i| uniform(!args.seed, i as u64)).collect();
    let results = Executor::new(&plan, &weights, Level::detect()).run(&[&input]);
    let rms = |data: &Vec<f32>| {
        (data.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / data.len() as f64).sqrt()
    };
    Ok(results.iter().map(rms).collect())
}

/// Convolutions one after the other. Circular padding adds no zeros, which would take from the mean.
fn network(depth: u16, activation: &str) -> String {
    let mut text = format!("name: Signal\ninput: [{SIZE}, {SIZE}, {CHANNELS}]\nprecision: strict\nlayers:\n");
    for layer in 1..=depth {
        _ = writeln!(
            text,
            "  - conv2d: {{ name: layer_{layer}, filters: {CHANNELS}, kernel_size: 3, padding: 1, padding_mode: \
             circular, activation: {activation} }}"
        );
    }
    let names: Vec<String> = (1..=depth).map(|layer| format!("layer_{layer}")).collect();
    _ = writeln!(text, "output: [{}]", names.join(", "));
    text
}

fn text(signals: &[Signal]) -> String {
    let names = signals.iter().map(|signal| signal.name.clone());
    let mut rows: Vec<Vec<String>> = vec![std::iter::once("layer".to_owned()).chain(names).collect()];
    for layer in 0..signals[0].sizes.len() {
        let sizes = signals.iter().map(|signal| format!("{:.3e}", signal.sizes[layer]));
        rows.push(std::iter::once((layer + 1).to_string()).chain(sizes).collect());
    }
    table(&rows, &(0..=signals.len()).collect::<Vec<_>>())
}

fn chart(signals: &[Signal]) -> Chart {
    let curves = signals.iter().map(|signal| Curve {
        name: signal.name.clone(),
        points: signal.sizes.iter().zip(1u16..).map(|(x, layer)| [layer.into(), x.log10() as f32]).collect(),
    });
    let labels = ["layer".to_owned(), "root mean square of a layer's results, as a power of ten".to_owned()];
    Chart { title: "What depth makes of the numbers".to_owned(), labels, curves: curves.collect() }
}
