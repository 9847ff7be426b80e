//! The printed graph, plan and generated code of a few networks, pinned.

use convolve_compiler::emit::{Item, emit};
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_tests::network::graph;
use insta::assert_snapshot;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// A classifier: every activation, pooling and reshape finds a place.
const DIGITS: &str = "
name: Digits
input: [8, 8, 1]
weights: { layout: keras }
layers:
  - conv2d: { filters: 4, kernel_size: 3, padding: same, bias: false }
  - batch_norm
  - relu
  - max_pool2d: { kernel_size: 2 }
  - conv2d: { name: wide, filters: 6, kernel_size: 3, activation: prelu }
  - flatten
  - dropout: { rate: 0.5 }
  - dense: { name: scores, units: 10, activation: softmax }
";

/// A residual block, an upsampling and a concatenation, two inputs and two outputs.
const BRANCHES: &str = "
name: Branches
input: { image: [6, 6, 3], type: [4] }
layers:
  - conv2d: { name: a, from: image, filters: 4, kernel_size: 3, padding: 1 }
  - batch_norm: { name: norm }
  - relu
  - conv2d: { name: b, filters: 4, kernel_size: 3, padding: same }
  - add: { name: sum, from: [b, a] }
  - relu: { name: rest }
  - max_pool2d: { name: small, kernel_size: 2 }
  - upsample2d: { name: large, scale_factor: 2 }
  - conv2d: { name: c, filters: 2, kernel_size: 1 }
  - concat: { name: all, from: [c, rest] }
  - mul: { name: scaled, from: [rest, type] }
output: [all, scaled]
";

fn printed(text: &str, options: &Options) -> String {
    let mut graph = graph(text).expect("a valid network");
    let reports = optimise(&mut graph, options);
    let plan = plan(&graph, options);
    let reports: Vec<String> = reports.iter().chain(&plan.reports).map(ToString::to_string).collect();
    format!("{graph}\n{}\n\n{plan}", reports.join("\n"))
}

fn generated(text: &str) -> String {
    let graph = graph(text).expect("a valid network");
    let item = Item {
        root: &quote!(convolve),
        visibility: &quote!(pub),
        name: &Ident::new(&graph.name, Span::call_site()),
        docs: &TokenStream::new(),
        weights: None,
    };
    let tokens = emit(&graph, &item);
    prettyplease::unparse(&syn::parse2(tokens).expect("items"))
}

#[test]
fn digits_is_planned() {
    assert_snapshot!(printed(DIGITS, &Options::default()));
}

#[test]
fn digits_is_planned_without_passes() {
    assert_snapshot!(printed(DIGITS, &Options::plain()));
}

#[test]
fn branches_are_planned() {
    assert_snapshot!(printed(BRANCHES, &Options::default()));
}

#[test]
fn digits_is_generated() {
    assert_snapshot!(generated(DIGITS));
}

#[test]
fn branches_are_generated() {
    assert_snapshot!(generated(BRANCHES));
}

#[test]
fn only_a_traced_network_has_code_for_it() {
    let plain = generated(BRANCHES);
    assert_eq!(generated(&format!("{BRANCHES}trace: false")), plain);
    assert!(!plain.to_lowercase().contains("trace") && !plain.contains("unfused"), "{plain}");
    // What predicts is the same, line by line.
    let traced = generated(&format!("{BRANCHES}trace: true"));
    let run = |text: &str| {
        let (_, run) = text.split_once("        fn run(").expect("what predicts");
        run.split_once("\n        }\n").expect("its end").0.to_owned()
    };
    assert_eq!(run(&traced), run(&plain));
    assert!(traced.contains("impl rt::Traced for Branches"), "{traced}");
}
