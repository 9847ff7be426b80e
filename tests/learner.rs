//! What a learner accepts, refuses and reports.

#![forbid(unsafe_code)]

use convolve_compiler::train::{Training, prepare};
use convolve_runtime::simd::Level;
use convolve_runtime::train::Step;
use convolve_tests::differences::{Case, images};
use convolve_tests::network;

#[test]
fn tensors_come_back_as_they_went_in() {
    let text = "name: Net\ninput: [4, 4, 2]\nlayers:
  - conv2d: { name: a, filters: 3, kernel_size: 3 }
  - conv2d: { name: unread, from: input, filters: 5, kernel_size: 2 }
  - batch_norm: { name: b, from: a }
  - flatten
  - prelu
  - dense: { name: c, units: 3 }
";
    for layout in ["pytorch", "keras"] {
        let graph = network::graph(&format!("{text}weights: {{ layout: {layout} }}\n")).expect("a network");
        let case = Case::new(graph, 1, 3);
        case.learn(Level::detect(), None, |learner| assert_eq!(learner.tensors(), case.tensors));
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let inputs: Vec<String> = (0..9).map(|i| format!("i{i}: [2]")).collect();
    let from = inputs.join(", ").replace(": [2]", "");
    let many = format!(
        "{{ {} }}\nlayers:\n  - add: {{ from: [{from}] }}\n  - dense: {{ units: 2 }}\n",
        inputs.join(", ")
    );
    for (rest, message) in [
        ("[4]\nlayers:\n  - relu\n", "no parameter has a part in the network's output"),
        (
            "[4]\nlayers:\n  - dense: { units: 2 }\n  - relu: { name: b, from: input }\noutput: b\n",
            "no parameter has a part",
        ),
        (
            "[4]\nlayers:\n  - dense: { name: a, units: 2 }\n  - relu: { name: b }\noutput: [a, b]\n",
            "one output",
        ),
        (&many, "at most 8 inputs"),
    ] {
        let graph = network::graph(&format!("name: Net\ninput: {rest}")).expect("a network");
        let error = prepare(&graph).map(|_| ()).expect_err(rest);
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn strict_precision_forbids_tiles() {
    for (precision, tiles) in [("fast", true), ("strict", false)] {
        let conv = "conv2d: { filters: 32, kernel_size: 3, padding: same }";
        let yaml = format!(
            "name: Net\nprecision: {precision}\ninput: [16, 16, 32]\nlayers:\n  - {conv}\n  - {conv}\n"
        );
        let graph = network::graph(&yaml).expect("a network");
        let prepared = prepare(&graph).expect("what can be trained");
        let training = Training::new(&prepared);
        let found = training.program().steps.iter().any(|step| matches!(step, Step::Winograd(_)));
        assert_eq!(found, tiles, "{precision}");
    }
}

#[test]
fn what_is_not_finite_is_named() {
    let yaml = "name: Net\ninput: [1, 1, 4]\nlayers:\n  - dense: { name: a, units: 3 }\n  - dense: { name: b, units: 3 }\n  - dense: { name: c, units: 2 }\n";
    let case = Case::new(network::graph(yaml).expect("a network"), 5, 1);
    let error = |case: &Case, loss: f64, slope: f32| {
        case.learn(Level::detect(), None, |learner| {
            let judge = |image: usize, _: &[f32], gradient: &mut [f32]| {
                gradient.fill(if image == 4 { slope } else { 1.0 });
                if image == 3 { loss } else { 1.0 }
            };
            learner.gradients_of(&images(&case.inputs(), 5), 5, 0, &judge).map_err(|error| error.to_string())
        })
    };
    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = case.clone();
        change(&mut case);
        error(&case, 1.0, 1.0)
    };
    let layer = |name: &str| Err(format!("the output of layer `{name}` is not finite"));
    assert_eq!(error(&case, 1.0, 1.0), Ok(5.0));
    assert_eq!(error(&case, f64::NAN, 1.0), Err("the loss is not finite".to_owned()));
    assert_eq!(error(&case, f64::INFINITY, f32::NAN), Err("the loss is not finite".to_owned()));
    let gradient = error(&case, 1.0, f32::NEG_INFINITY);
    assert!(gradient.as_ref().is_err_and(|words| words.starts_with("the gradient of `a.")), "{gradient:?}");
    assert_eq!(with(&|case| case.batch[4][0][1] = f32::NAN), layer("a"));
    // The parameters are the kernel and the biases of each.
    assert_eq!(with(&|case| case.tensors[3][0] = f32::INFINITY), layer("b"));
}
