//! What the page's script draws receptive fields from: a few numbers for each layer.

use convolve_compiler::graph::{Graph, Op, Shape};
use convolve_compiler::trace;
use serde_json::{Value, json};

use crate::draw::svg::escape;
use crate::field::Field;
use crate::summary::Layer;

/// The attribute of the table: name, rows and columns of each input, nothing for a vector.
pub(super) fn inputs(graph: &Graph) -> String {
    let mut inputs = vec![Value::Null; graph.inputs.len()];
    for node in &graph.nodes {
        if let (Op::Input(index), Shape::Map { height, width, .. }) = (&node.op, node.shape) {
            inputs[*index] = json!([graph.inputs[*index], height, width]);
        }
    }
    format!(" data-inputs=\"{}\"", escape(&Value::from(inputs).to_string()))
}

/// The attributes of each layer's row: size, stride and centre of its cells' fields, its rows and columns, and which
/// inputs it sees.
pub(super) fn layers(graph: &Graph, layers: &[Layer]) -> Vec<String> {
    let mut seen: Vec<Vec<usize>> = Vec::new();
    for node in &graph.nodes {
        let mut inputs: Vec<usize> = match node.op {
            Op::Input(index) => vec![index],
            _ => node.inputs.iter().flat_map(|&input| seen[input].clone()).collect(),
        };
        inputs.sort_unstable();
        inputs.dedup();
        seen.push(inputs);
    }
    let nodes = trace::layers(graph);
    let row = |(layer, (_, node)): (&Layer, &(&str, usize))| {
        let field = match layer.field {
            Field::Window(reach) => {
                let [size, stride, centre] = [
                    reach.map(|reach| reach.size),
                    reach.map(|reach| reach.jump),
                    reach.map(|reach| reach.start),
                ];
                json!({ "size": size, "stride": stride, "centre": centre })
            }
            Field::All => Value::Null,
        };
        let [height, width, _] = layer.shape.extents();
        let cells = [height, width];
        let data = json!({ "field": field, "cells": cells, "inputs": seen[*node] });
        format!(" data-sees=\"{}\"", escape(&data.to_string()))
    };
    layers.iter().zip(&nodes).map(row).collect()
}
