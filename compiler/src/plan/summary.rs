//! The table of the layers, for people.

use core::fmt::Write;

use convolve_runtime::kernels::Sampling;

use crate::graph::{Graph, Node, NodeId, Op, Shape, words};
use crate::verify::convolved;

/// A line of the table: a node of the optimised graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node.
    pub node: NodeId,
    /// The layers that it computes, joined by `+`.
    pub layers: String,
    /// What it gives.
    pub shape: Shape,
    /// Numbers in its tensors.
    pub parameters: usize,
    /// Multiplications with an addition each.
    pub macs: u64,
    /// What it does.
    pub kernel: String,
}

/// One row a node, inputs left out.
#[must_use]
pub fn rows(graph: &Graph) -> Vec<Row> {
    let computed = graph.nodes.iter().enumerate().filter(|(_, node)| !matches!(node.op, Op::Input(_)));
    computed
        .map(|(id, node)| Row {
            node: id,
            layers: node.title(),
            shape: node.shape,
            parameters: node.op.parameters().iter().map(|&id| graph.parameters[id].elements()).sum(),
            macs: macs(graph, node),
            kernel: words(&node.op, node.shape),
        })
        .collect()
}

/// Multiplications with an addition each: those of convolutions and dense layers, padding included.
#[must_use]
pub fn macs(graph: &Graph, node: &Node) -> u64 {
    let Some(&input) = node.inputs.first() else { return 0 };
    let input = graph.nodes[input].shape;
    let product = |factors: [usize; 3]| factors.iter().map(|&factor| factor as u64).product::<u64>();
    match &node.op {
        Op::Conv(conv) => {
            let scanned = match conv.sampling {
                Sampling::Transposed => input.elements() / conv.groups * conv.filters,
                _ => {
                    let outputs = convolved(conv, input, node.shape).map_or(0, Shape::elements);
                    outputs * (input.channels() / conv.groups)
                }
            };
            product([conv.rows.kernel, conv.columns.kernel, scanned])
        }
        Op::Depthwise(op) => product([op.rows.kernel, op.columns.kernel, node.shape.elements()]),
        Op::Dense(_) => product([1, input.elements(), node.shape.elements()]),
        _ => 0,
    }
}

/// The table as Markdown, its columns aligned, the totals in its last line.
#[must_use]
pub fn table(graph: &Graph) -> String {
    let rows = rows(graph);
    let mut cells = vec![["layer", "output", "parameters", "MACs", "kernel"].map(str::to_owned)];
    for row in &rows {
        let Row { layers, shape, parameters, macs, kernel, .. } = row;
        cells.push([
            layers.clone(),
            shape.to_string(),
            parameters.to_string(),
            macs.to_string(),
            kernel.clone(),
        ]);
    }
    let parameters: usize = rows.iter().map(|row| row.parameters).sum();
    let macs: u64 = rows.iter().map(|row| row.macs).sum();
    cells.push(["total".to_owned(), String::new(), parameters.to_string(), macs.to_string(), String::new()]);

    let widths: [usize; 5] =
        core::array::from_fn(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut table = String::new();
    for (index, [layer, output, parameters, macs, kernel]) in cells.iter().enumerate() {
        let [a, b, c, d, e] = widths;
        _ = writeln!(table, "| {layer:a$} | {output:b$} | {parameters:>c$} | {macs:>d$} | {kernel:e$} |");
        if index == 0 {
            let [a, b, c, d, e] = widths.map(|width| "-".repeat(width));
            _ = writeln!(table, "|-{a}-|-{b}-|-{c}:|-{d}:|-{e}-|");
        }
    }
    table
}
