//! `convolve receptive-field`.

mod paths;

use std::path::PathBuf;

use convolve_compiler::check::Defaults;
use convolve_compiler::diagnostic::suggest;
use convolve_compiler::graph::{Graph, NodeId, words};
use serde_json::{Value, json};

use crate::args::Format;
use crate::array::Pair;
use crate::draw::colour::Map;
use crate::draw::grid::{MOST_CELLS, Mark, Panel, Sheet};
use crate::failure::{Failure, Result};
use crate::field::{Field, fields};
use crate::{load, output};

use paths::Counts;

const EXAMPLES: &str = "\
Examples:
  convolve receptive-field mnist.yaml --layer conv2
  convolve receptive-field unet.yaml --layer mask --cell 0x0 --output field.png
  convolve receptive-field dilated.yaml --format json

What is printed:
  size    rows and columns of the input that a cell of the layer sees, padding not
          cut off: what every weight and neighbour could contribute
  stride  cells of the input from the field of one cell to that of its neighbour
  centre  the middle of the first cell's field; 0 is the middle of the first pixel
  cell    what one cell sees of the input, padding cut off; above enlarged maps this
          is exact where size and centre, which are the same for all cells, are means

The picture shows on how many paths the cell sees each pixel: those in the middle
of a field count for far more than those at its border.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReceptiveArgs {
    /// YAML file
    file: PathBuf,
    /// The layer [default: the first output]
    #[arg(long)]
    layer: Option<String>,
    /// Its cell, as `row x column` [default: the middle one]
    #[arg(long, value_name = "ROWxCOLUMN")]
    cell: Option<Pair>,
    /// Where to draw what the cell sees, .svg or .png
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Colours of the picture
    #[arg(long, aliases = ["color-map", "colour-map"], value_enum, default_value_t = Map::Viridis)]
    colormap: Map,
}

/// What is known of a layer's field.
struct Seen<'g> {
    graph: &'g Graph,
    layer: String,
    node: NodeId,
    field: Field,
    cell: [usize; 2],
    /// For each input of the network.
    inputs: Vec<Counts>,
}

/// Prints and draws what a layer sees of the network's inputs.
pub(crate) fn receptive_field(args: &ReceptiveArgs) -> Result<()> {
    let graph = load::network(load::parse(&args.file)?, &Defaults::default(), None)?.graph;
    let (layer, node) = find(&graph, args.layer.as_deref())?;
    let [height, width, _] = graph.nodes[node].shape.extents();
    let cell = args.cell.map_or([height / 2, width / 2], |cell| cell.0);
    if cell[0] >= height || cell[1] >= width {
        return Err(Failure::new(format!(
            "`{layer}` has {height} rows and {width} columns, counted from 0, so it has no cell {}x{}",
            cell[0], cell[1]
        )));
    }
    let inputs = paths::paths(&graph, node, cell);
    let seen = Seen { graph: &graph, layer, node, field: fields(&graph)[node], cell, inputs };
    if let Some(path) = &args.output {
        let picture = seen.sheet(args.colormap).figure().file(path)?;
        output::write_all(&[(path.clone(), picture)])?;
    }
    output::print(&match args.format {
        Format::Text => seen.text(),
        Format::Json => format!("{}\n", seen.object()),
    })
}

/// The last node of a layer.
fn find(graph: &Graph, layer: Option<&str>) -> Result<(String, NodeId)> {
    let Some(layer) = layer else {
        let (name, node) = &graph.outputs[0];
        return Ok((name.clone(), *node));
    };
    let is_last = |id: &NodeId| graph.nodes[*id].layers.last().is_some_and(|name| name == layer);
    let node = (0..graph.nodes.len()).rev().find(is_last);
    node.map(|node| (layer.to_owned(), node)).ok_or_else(|| {
        let names = graph.nodes.iter().filter_map(|node| node.layers.last().map(String::as_str));
        let meant = suggest(layer, names).map(|name| format!("; did you mean `{name}`?"));
        let meant = meant.unwrap_or_else(|| "; `convolve summary` lists them".to_owned());
        Failure::new(format!("there is no layer `{layer}`{meant}"))
    })
}

impl Seen<'_> {
    fn text(&self) -> String {
        let node = &self.graph.nodes[self.node];
        let mut text = format!("{}: {}, {}\n", self.layer, words(&node.op, node.shape), node.shape);
        match self.field {
            Field::Window([rows, columns]) => {
                text += &format!("size    {} × {}\n", rows.size, columns.size);
                text += &format!("stride  {} × {}\n", rows.jump, columns.jump);
                text += &format!("centre  {}, {}\n", rows.start, columns.start);
            }
            Field::All => text += "size    all of the input\n",
        }
        for (name, counts) in self.graph.inputs.iter().zip(&self.inputs) {
            let [row, column] = self.cell;
            text += &format!("cell    {row}, {column} sees ");
            text += &match counts.bounds() {
                Some([[top, bottom], [left, right]]) => {
                    let [rows, columns] = [bottom - top + 1, right - left + 1];
                    format!(
                        "{rows} × {columns} of `{name}`: rows {top} to {bottom}, columns {left} to {right}\n"
                    )
                }
                None => format!("nothing of `{name}`\n"),
            };
        }
        text
    }

    fn object(&self) -> Value {
        let field = match self.field {
            Field::Window(reach) => json!({
                "size": reach.map(|reach| reach.size),
                "stride": reach.map(|reach| reach.jump),
                "centre": reach.map(|reach| reach.start),
            }),
            Field::All => Value::Null,
        };
        let inputs = self.graph.inputs.iter().zip(&self.inputs).map(|(name, counts)| {
            let bounds = counts.bounds();
            json!({
                "name": name,
                "rows": bounds.map(|[rows, _]| rows),
                "columns": bounds.map(|[_, columns]| columns),
                "paths": counts.paths.chunks(counts.shape[1]).collect::<Vec<_>>(),
            })
        });
        json!({
            "layer": self.layer,
            "shape": self.graph.nodes[self.node].shape.dimensions(),
            "field": field,
            "cell": self.cell,
            "inputs": inputs.collect::<Vec<_>>(),
        })
    }

    /// The inputs, each cell coloured by its paths.
    fn sheet(&self, map: Map) -> Sheet {
        let [row, column] = self.cell;
        let panels = self.graph.inputs.iter().zip(&self.inputs).map(|(name, counts)| {
            let most = counts.paths.iter().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
            let small = counts.shape[0].max(counts.shape[1]) <= MOST_CELLS && most < 1e6;
            // Large networks have more paths than a float can count.
            let scale = if small { 1.0 } else { most };
            let data = counts.paths.iter().map(|paths| (paths / scale) as f32).collect();
            let bounds = counts.bounds().unwrap_or_default();
            let cells = bounds.map(|[first, last]| last - first + 1);
            let mark = Mark { colour: 0, at: bounds.map(|[first, _]| first as isize), cells, dots: [0; 2] };
            Panel {
                title: format!("{name} as seen by {} at {row}, {column}", self.layer),
                label: format!(
                    "{}×{} of {}×{} · {}",
                    cells[0],
                    cells[1],
                    counts.shape[0],
                    counts.shape[1],
                    if small { "paths" } else { "share of the most paths" }
                ),
                shape: counts.shape,
                data,
                around: [0; 4],
                marks: vec![mark],
            }
        });
        let title = format!("The receptive field of {}", self.layer);
        Sheet { title, map, rows: panels.map(|panel| vec![panel]).collect(), one_scale: false }
    }
}
