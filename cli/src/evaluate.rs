//! `convolve evaluate`.

use std::path::PathBuf;

use convolve_train::data::Part;
use convolve_train::metrics::Confusion;
use convolve_train::{Config, Evaluation, Network as _, Trainer};
use serde_json::{Map, json};

use crate::args::{Format, NetworkWithWeights};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::train::{Compiled, Graphs, SourceArgs};
use crate::{output, weights};

const EXAMPLES: &str = "\
Examples:
  convolve evaluate models/specs/mnist.yaml --data models/data --confusion
  convolve evaluate unet.yaml --weights unet.safetensors --data cells --metric iou --format json

Of data in two parts, it is the test part that counts: the files `t10k-…` of MNIST, `x_test` and `y_test` of
an archive, the folder `test`.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Weights file, in place of the one that the YAML file names
    #[arg(long, value_name = "SAFETENSORS")]
    weights: Option<PathBuf>,
    /// Count which classes are taken for which
    #[arg(long)]
    confusion: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Scores a network with weights on examples.
pub(crate) fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let progress = Progress::new(args.format, "reading");
    let network = NetworkWithWeights {
        file: args.source.file.clone(),
        weights: args.weights.clone(),
        layout: args.source.layout,
        level: None,
        threads: 1,
    };
    let (graph, weights) = weights::read(&network)?;
    let tensors = weights::needed(&graph, weights.as_ref(), &network)?;
    let examples = args.source.examples(&graph, Part::Test)?;
    progress.begin("evaluating");
    let graphs = Graphs::new(graph).map_err(|reason| args.source.failure(&reason))?;
    let compiled = Compiled::new(&graphs);
    let config = Config { batch_size: 1, ..args.source.config(&compiled.program(), &examples) };
    let trainer = Trainer::new(&compiled, config, Some(&args.source.threads()));
    let mut trainer = trainer.map_err(|error| args.source.failure(&error))?;
    args.source.check(&trainer, &examples)?;
    trainer.load_tensors(&tensors);
    let Evaluation { scores, confusion } =
        trainer.evaluate(&examples).map_err(|error| Failure::new(error.to_string()))?;
    let confusion = match (args.confusion, confusion) {
        (false, _) => None,
        (true, None) => {
            return Err(args.source.failure(&"there are no classes to confuse: leave `--confusion` out"));
        }
        (true, found) => found,
    };
    let names = trainer.config().metrics.iter().map(ToString::to_string);
    let named: Vec<(String, f64)> = [("loss".to_owned(), scores.loss)]
        .into_iter()
        .chain(names.zip(scores.metrics.iter().copied()))
        .collect();
    drop(progress);
    output::print(&match args.format {
        Format::Text => text(&named, confusion.as_ref()),
        Format::Json => {
            let mut object: Map<_, _> = named.into_iter().map(|(name, value)| (name, json!(value))).collect();
            if let Some(confusion) = confusion {
                object.insert("confusion".to_owned(), json!(rows(&confusion)));
            }
            serde_json::Value::Object(object).to_string() + "\n"
        }
    })
}

fn text(named: &[(String, f64)], confusion: Option<&Confusion>) -> String {
    let mut text = String::new();
    for (name, value) in named {
        text += &format!("{name}: {value:.4}\n");
    }
    if let Some(confusion) = confusion {
        text += &format!("\nRows are what examples are, columns what they were taken for:\n{confusion}");
    }
    text
}

/// Counts by the class that is right, then by the class that was said.
fn rows(confusion: &Confusion) -> Vec<Vec<u64>> {
    let classes = 0..confusion.classes();
    let row = |target| classes.clone().map(|said| confusion.get(target, said)).collect();
    classes.clone().map(row).collect()
}
