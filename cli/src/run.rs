//! `convolve run`.

use convolve_compiler::execute::Executor;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use serde_json::{Map, Value, json};

use crate::args::{Format, RunArgs};
use crate::failure::Result;
use crate::npy::Array;
use crate::progress::Progress;
use crate::{output, tensors, weights};

/// Computes a network's outputs from files, and writes or prints them.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let progress = Progress::new(args.format, "reading");
    let (mut graph, weights) = weights::read(&args.network)?;
    let data = weights::needed(&graph, weights.as_ref(), &args.network)?;
    let paths = match &args.outputs[..] {
        [] => vec![None; graph.outputs.len()],
        bindings => tensors::output_paths(&graph, bindings)?,
    };
    let inputs = tensors::read(&graph, &args.inputs)?;

    progress.begin("computing");
    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let level = args.network.level.unwrap_or_else(Level::detect);
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let threads = Threads::new(args.network.threads.into());
    let results = Executor::new(&plan, &data, level).with_threads(&threads).run(&inputs);

    let mut files = Vec::new();
    let mut lines = String::new();
    let mut objects = Map::new();
    for (((name, node), data), path) in graph.outputs.iter().zip(results).zip(paths) {
        let shape = graph.nodes[*node].shape;
        let array = Array { shape: shape.dimensions(), data };
        if let Format::Json = args.format {
            let values = nested(&array.shape, &array.data);
            objects.insert(name.clone(), json!({ "shape": array.shape, "data": values, "file": path }));
        }
        let Some(path) = path else { continue };
        lines += &format!("{}: {name}, {shape}\n", path.display());
        files.push((path, array.write()));
    }
    output::write_all(&files)?;
    drop(progress);
    output::print(&match args.format {
        Format::Text => lines,
        Format::Json => format!("{}\n", json!({ "network": graph.name, "outputs": objects })),
    })
}

/// Numbers in lists as deep as the array has axes.
fn nested(shape: &[usize], data: &[f32]) -> Value {
    match shape {
        [_, rest @ ..] if !rest.is_empty() => {
            data.chunks(rest.iter().product()).map(|part| nested(rest, part)).collect()
        }
        _ => data.into(),
    }
}
