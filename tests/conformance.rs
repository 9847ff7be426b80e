//! What PyTorch and Keras compute, computed from the same YAML and weights on every SIMD level of the host,
//! with all passes, without any, and with every way to compute convolutions wherever it is right.

#![forbid(unsafe_code)]

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::{Defaults, parameters};
use convolve_compiler::execute::Executor;
use convolve_compiler::frontend::yaml;
use convolve_compiler::options::{Algorithm, Options};
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{Kernel, Plan, algorithm, plan, verify_plan};
use convolve_runtime::simd::Level;
use convolve_runtime::weights::{Load, file};
use convolve_tests::golden::{Case, cases};

/// The largest error, relative to the largest element of the expected output.
const TOLERANCE: f32 = 1e-4;

#[test]
fn pytorch_agrees() {
    let used = agree("pytorch");
    for algorithm in Algorithm::ALL {
        assert!(used.contains(&algorithm), "no case is computed with {algorithm:?}");
    }
}

#[test]
fn keras_agrees() {
    agree("keras");
}

/// Checks every case of a framework, and reports all that fail. Gives what they were computed with.
fn agree(framework: &str) -> Vec<Algorithm> {
    let cases = cases(framework);
    let (mut failures, mut used) = (Vec::new(), Vec::new());
    for case in &cases {
        match check(case) {
            Ok(found) => used.extend(found),
            Err(reason) => failures.push(format!("{}: {reason}", case.id)),
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    used
}

/// What the convolutions are computed with.
fn algorithms(plan: &Plan<'_>) -> impl Iterator<Item = Algorithm> {
    let of_kernels = plan.steps.iter().filter_map(|step| match &step.kernel {
        Kernel::Conv2d(_) | Kernel::Scaled(_) => Some(Algorithm::Direct),
        Kernel::Winograd(kernel) => Some(algorithm(kernel.tile)),
        Kernel::Squeeze(_) | Kernel::Strips(_) => Some(Algorithm::Strips),
        _ => None,
    });
    let phases = plan.loads.iter().filter(|load| matches!(load, Load::Phases { .. }));
    of_kernels.chain(phases.map(|_| Algorithm::Phases))
}

/// Checks a case, and gives what it was computed with.
fn check(case: &Case) -> Result<Vec<Algorithm>, String> {
    let parsed = yaml::parse(&case.id, case.yaml.as_bytes());
    let analysis = analyse(parsed, &Defaults::default(), None);
    let network = analysis.networks.first().ok_or_else(|| format!("{:?}", analysis.diagnostics))?;
    // The kernels' own padding, which a pass would take from most of these small maps.
    let forced = |algorithm| Options::default().forcing(algorithm).without("pad_small");
    let mut used = Vec::new();
    for options in [Options::default(), Options::plain()].into_iter().chain(Algorithm::ALL.map(forced)) {
        let mut graph = network.graph.clone();
        optimise(&mut graph, &options);
        let plan = plan(&graph, &options);
        verify_plan(&plan)?;
        used.extend(algorithms(&plan));
        for level in Level::available() {
            compare(case, &plan, level).map_err(|reason| format!("{options:?}, {level}: {reason}"))?;
        }
    }
    Ok(used)
}

fn compare(case: &Case, plan: &Plan<'_>, level: Level) -> Result<(), String> {
    let graph = plan.graph;
    let bytes = case.weights_file();
    let data = file::open(&bytes, &parameters(graph)).map_err(|errors| format!("{errors:?}"))?;
    let inputs: Vec<&[f32]> = graph.inputs.iter().map(|name| case.inputs[name].data.as_slice()).collect();
    let results = Executor::new(plan, &data, level).run(&inputs);
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
