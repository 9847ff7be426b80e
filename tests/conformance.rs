//! What PyTorch and Keras compute, computed from the same YAML and weights on every SIMD level of the host,
//! with all passes and without any.

#![forbid(unsafe_code)]

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::execute::Executor;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::Graph;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{plan, verify_plan};
use convolve_runtime::simd::Level;
use convolve_runtime::weights::file;
use convolve_tests::golden::{Case, cases};

/// The largest error, relative to the largest element of the expected output.
const TOLERANCE: f32 = 1e-4;

#[test]
fn pytorch_agrees() {
    agree("pytorch");
}

#[test]
fn keras_agrees() {
    agree("keras");
}

/// Checks every case of a framework, and reports all that fail.
fn agree(framework: &str) {
    let cases = cases(framework);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|reason| format!("{}: {reason}", case.id)))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let parsed = yaml::parse(&case.id, case.yaml.as_bytes());
    let analysis = analyse(parsed, &Defaults::default(), None);
    let network = analysis.networks.first().ok_or_else(|| format!("{:?}", analysis.diagnostics))?;
    for (passes, options) in [("all passes", Options::default()), ("no passes", Options::plain())] {
        let mut graph = network.graph.clone();
        optimise(&mut graph, &options);
        for level in Level::available() {
            compare(case, &graph, &options, level)
                .map_err(|reason| format!("{passes}, {level}: {reason}"))?;
        }
    }
    Ok(())
}

fn compare(case: &Case, graph: &Graph, options: &Options, level: Level) -> Result<(), String> {
    let plan = plan(graph, options);
    verify_plan(&plan)?;
    let bytes = case.weights_file();
    let data = file::open(&bytes, &parameters(graph)).map_err(|errors| format!("{errors:?}"))?;
    let inputs: Vec<&[f32]> = graph.inputs.iter().map(|name| case.inputs[name].data.as_slice()).collect();
    let results = Executor::new(&plan, &data, level).run(&inputs);
    if case.outputs.len() != results.len() {
        return Err(format!("{} outputs, but {} are expected", results.len(), case.outputs.len()));
    }
    for ((name, node), result) in graph.outputs.iter().zip(&results) {
        let expected =
            case.outputs.get(name).or(case.outputs.get("")).ok_or(format!("no output `{name}`"))?;
        let shape = graph.nodes[*node].shape.dimensions();
        if shape != expected.shape {
            return Err(format!("`{name}` is {shape:?}, but {:?} is expected", expected.shape));
        }
        let scale = expected.data.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let errors =
            result.iter().zip(&expected.data).map(|(found, expected)| (found - expected).abs() / scale);
        // A comparison that a NaN fails.
        if !errors.clone().all(|error| error <= TOLERANCE) {
            let worst =
                errors.fold(0.0, |most: f32, error| if error.is_nan() { error } else { most.max(error) });
            return Err(format!("`{name}` is off by {worst:e} of its scale {scale}"));
        }
    }
    Ok(())
}
