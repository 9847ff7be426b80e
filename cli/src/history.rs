//! `convolve history`.

use std::path::PathBuf;

use convolve_train::History;

use crate::args::Format;
use crate::draw::chart::{Chart, Curve};
use crate::draw::figure::Figure;
use crate::failure::{Failure, Result};
use crate::{output, table};

const EXAMPLES: &str = "\
Examples:
  convolve history digits.json
  convolve history digits.json --plot history.svg";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HistoryArgs {
    /// What `convolve train --history` wrote as .json
    file: PathBuf,
    /// Where to draw the curves of metrics and loss: .svg or .png
    #[arg(long, value_name = "PICTURE")]
    plot: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Prints and draws how a training went.
pub(crate) fn history(args: &HistoryArgs) -> Result<()> {
    let file = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::new(format!("cannot read `{file}`: {error}")))?;
    let history = History::from_json(&text)
        .map_err(|error| Failure::new(format!("`{file}` is no history: {error}")))?;
    if let Some(path) = &args.plot {
        output::write_all(&[(path.clone(), figure(&history).file(path)?)])?;
    }
    output::print(&match args.format {
        Format::Text => rows(&history),
        Format::Json => history.to_json() + "\n",
    })
}

fn rows(history: &History) -> String {
    let names = history.names();
    let mut rows = vec![["epoch".to_owned()].into_iter().chain(names.iter().cloned()).collect()];
    for epoch in 0..history.epochs.len() {
        let value = |name: &String| match (name.as_str(), history.value(epoch, name)) {
            (_, None) => String::new(),
            ("seconds", Some(value)) => format!("{value:.1}"),
            ("learning_rate", Some(value)) => format!("{value:.2e}"),
            (_, Some(value)) => format!("{value:.4}"),
        };
        rows.push([(epoch + 1).to_string()].into_iter().chain(names.iter().map(value)).collect());
    }
    table::table(&rows, &(0..=names.len()).collect::<Vec<_>>())
}

/// Charts side by side, one for each metric and one for the loss, with a curve for training and one for validation.
fn figure(history: &History) -> Figure {
    let epochs = history.epochs.len();
    let curve = |name: String, title: &str| {
        let point = |epoch| Some([(epoch + 1) as f32, history.value(epoch, &name)? as f32]);
        let points: Vec<_> = (0..epochs).filter_map(point).collect();
        (!points.is_empty()).then(|| Curve { name: title.to_owned(), points })
    };
    let names: Vec<&str> = history.metrics.iter().map(String::as_str).chain(["loss"]).collect();
    let charts = names.iter().map(|name| {
        let curves = [curve((*name).to_owned(), "training"), curve(format!("val_{name}"), "validation")];
        let title = format!("{name} over {epochs} epoch{}", if epochs == 1 { "" } else { "s" });
        let labels = ["epoch".to_owned(), (*name).to_owned()];
        Chart { title, labels, curves: curves.into_iter().flatten().collect() }.figure()
    });
    Figure::row(format!("A training of {epochs} epochs: {}", names.join(", ")), charts.collect())
}
