//! What layers are called, in both notations.

use convolve_compiler::analysis::{Analysis, analyse};
use convolve_compiler::check::Defaults;
use convolve_compiler::frontend::{dsl, yaml};

/// The names of all layers in the order of the graph, and those of the outputs.
fn names(analysis: Analysis) -> (Vec<String>, Vec<String>) {
    let errors: Vec<_> = analysis.diagnostics.iter().map(|diagnostic| &diagnostic.message).collect();
    let graph = &analysis.networks.first().unwrap_or_else(|| panic!("{errors:?}")).graph;
    let mut layers: Vec<String> = graph.nodes.iter().flat_map(|node| node.layers.clone()).collect();
    layers.dedup();
    (layers, graph.outputs.iter().map(|(name, _)| name.clone()).collect())
}

fn in_yaml(text: &str) -> (Vec<String>, Vec<String>) {
    names(analyse(yaml::parse("net.yaml", text.as_bytes()), &Defaults::default(), None))
}

fn in_rust(text: &str) -> (Vec<String>, Vec<String>) {
    names(analyse(dsl::parse(text.parse().expect("tokens")).parsed, &Defaults::default(), None))
}

#[test]
fn unnamed_layers_are_counted_per_kind_and_list() {
    let (layers, outputs) = in_yaml(
        "input: [8, 8, 1]
blocks:
  twice:
    layers:
      - relu
      - relu
layers:
  - tanh
  - relu
  - twice
  - tanh
  - relu: { name: last }
  - relu
",
    );
    let expected =
        ["input", "tanh_1", "relu_1", "twice_1.relu_1", "twice_1.relu_2", "tanh_2", "last", "relu_2"];
    assert_eq!(layers, expected);
    assert_eq!(outputs, ["relu_2"]);
}

#[test]
fn repeats_and_inner_layers_can_be_read_by_name() {
    let (layers, outputs) = in_yaml(
        "input: [8, 8, 2]
blocks:
  gate:
    layers:
      - sigmoid: { name: open }
      - mul: { from: [input, open] }
layers:
  - gate: { name: g, repeat: 2 }
  - add: { name: sum, from: [g, g.0, g.0.open] }
output: [sum, g.1.open, g.0]
",
    );
    assert_eq!(layers, ["input", "g.0.open", "g.0.mul_1", "g.1.open", "g.1.mul_1", "sum"]);
    assert_eq!(outputs, ["sum", "g.1.open", "g.0"]);
}

#[test]
fn bindings_name_layers_and_rebinding_counts() {
    let (layers, outputs) = in_rust(
        "pub fn Net(image: Input<8, 8, 1>) -> Output {
            let a = relu(tanh(image));
            let a = tanh(a);
            for i in 0..2 { a = relu(a); }
            sigmoid(relu(a) + image)
        }",
    );
    assert_eq!(layers, ["image", "tanh_1", "a", "a_2", "a_3", "a_4", "relu_1", "add_1", "output"]);
    assert_eq!(outputs, ["output"]);
}

#[test]
fn blocks_in_rust_are_named_by_their_instance() {
    let (layers, outputs) = in_rust(
        "pub fn Net(image: Input<8, 8, 1>) -> (Output, Output) {
            let c1 = double(image);
            let c2 = double(c1);
            (c2, c1)
        }
        fn double(x: Layer) -> Layer {
            let first = relu(x);
            tanh(first)
        }",
    );
    assert_eq!(layers, ["image", "c1.first", "c1.output", "c2.first", "c2.output"]);
    assert_eq!(outputs, ["c2", "c1"]);
}
