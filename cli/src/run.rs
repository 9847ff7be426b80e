//! `convolve run`.

use convolve_compiler::execute::Executor;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;

use crate::args::RunArgs;
use crate::failure::Result;
use crate::npy::Array;
use crate::{output, tensors, weights};

/// Computes a network's outputs from files, and writes them.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let (mut graph, weights) = weights::read(&args.network)?;
    let data = weights::needed(&graph, weights.as_ref(), &args.network)?;
    let paths = tensors::output_paths(&graph, &args.outputs)?;
    let inputs = tensors::read(&graph, &args.inputs)?;

    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let level = args.network.level.unwrap_or_else(Level::detect);
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let threads = Threads::new(args.network.threads.into());
    let results = Executor::new(&plan, &data, level).with_threads(&threads).run(&inputs);

    let mut files = Vec::new();
    let mut lines = String::new();
    for (((name, node), data), path) in graph.outputs.iter().zip(results).zip(paths) {
        let Some(path) = path else { continue };
        let shape = graph.nodes[*node].shape;
        lines += &format!("{}: {name}, {shape}\n", path.display());
        files.push((path, Array { shape: shape.dimensions(), data }.write()));
    }
    output::write_all(&files)?;
    output::print(&lines)
}
