//! `convolve summary`.

use std::fmt::Write as _;

use convolve_compiler::graph::{Graph, Op, Shape, words};
use convolve_compiler::options::{Options, Report};
use convolve_compiler::passes::{PASSES, optimise};
use convolve_compiler::plan::{DECISIONS, Plan, macs, plan};
use serde_json::{Value, json};

use crate::args::{Format, SummaryArgs};
use crate::failure::Result;
use crate::field::{Field, fields};
use crate::table::{grouped, kernel, table};
use crate::{load, output};

/// A layer, as the file has it.
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) shape: Shape,
    pub(crate) parameters: usize,
    pub(crate) macs: u64,
    pub(crate) field: Field,
}

/// Prints the table of the layers, and what was decided of them.
pub(crate) fn summary(args: &SummaryArgs) -> Result<()> {
    let written = load::unweighted(&args.network.file)?;
    let mut graph = written.clone();
    let options = Options::default();
    let mut reports = optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    reports.extend(plan.reports.iter().cloned());
    output::print(&match args.format {
        Format::Text => text(&written, &plan) + &decisions(&reports),
        Format::Json => format!("{:#}\n", object(&written, &plan, &reports)),
    })
}

/// The table and the totals.
fn text(written: &Graph, plan: &Plan<'_>) -> String {
    let mut rows = vec![
        ["layer", "kind", "output", "parameters", "MACs", "field", "arena bytes", "kernel"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let layers = layers(written);
    for layer in &layers {
        let (kernel, bytes) = computed(plan, &layer.name);
        rows.push(vec![
            layer.name.clone(),
            layer.kind.clone(),
            layer.shape.to_string(),
            grouped(layer.parameters as u64),
            grouped(layer.macs),
            layer.field.to_string(),
            bytes.map_or_else(String::new, |bytes| grouped(bytes as u64)),
            kernel,
        ]);
    }
    let mut text = format!("{} ({})\n", written.name, written.settings());
    for node in &written.nodes {
        if let Op::Input(_) = node.op {
            _ = writeln!(text, "input {}: {}", node.title(), node.shape);
        }
    }
    for (name, node) in &written.outputs {
        _ = writeln!(text, "output {name}: {}", written.nodes[*node].shape);
    }
    text.push('\n');
    text += &table(&rows, &[3, 4, 5, 6]);
    let parameters = layers.iter().map(|layer| layer.parameters as u64).sum();
    let bytes = |floats: usize| grouped(floats as u64 * size_of::<f32>() as u64);
    _ = write!(
        text,
        "\nparameters    {}\nMACs          {}\nweight bytes  {}\narena bytes   {} (lower bound {})\n",
        grouped(parameters),
        grouped(layers.iter().map(|layer| layer.macs).sum()),
        bytes(plan.weights),
        bytes(plan.arena),
        bytes(plan.bound),
    );
    if let Some(tail) = &plan.tail {
        _ = writeln!(text, "batch bytes   {} ({} images at once)", bytes(tail.floats), tail.images);
    }
    text
}

/// The same for programs; bytes where the text has bytes.
fn object(written: &Graph, plan: &Plan<'_>, reports: &[Report]) -> Value {
    let layers = layers(written);
    let layer = |layer: &Layer| {
        let (kernel, bytes) = computed(plan, &layer.name);
        json!({
            "name": layer.name,
            "kind": layer.kind,
            "output": layer.shape.dimensions(),
            "parameters": layer.parameters,
            "macs": layer.macs,
            "receptive_field": layer.field.to_string(),
            "arena_bytes": bytes,
            "kernel": kernel,
        })
    };
    let inputs = written.nodes.iter().filter(|node| matches!(node.op, Op::Input(_)));
    let inputs = inputs.map(|node| json!({ "name": node.title(), "shape": node.shape.dimensions() }));
    let outputs = written.outputs.iter();
    let outputs =
        outputs.map(|(name, id)| json!({ "name": name, "shape": written.nodes[*id].shape.dimensions() }));
    let decision =
        |report: &Report| json!({ "pass": report.pass, "done": report.done, "words": report.words });
    json!({
        "network": written.name,
        "inputs": inputs.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
        "parameters": layers.iter().map(|layer| layer.parameters as u64).sum::<u64>(),
        "macs": layers.iter().map(|layer| layer.macs).sum::<u64>(),
        "weight_bytes": plan.weights * size_of::<f32>(),
        "arena_bytes": plan.arena * size_of::<f32>(),
        "bound_bytes": plan.bound * size_of::<f32>(),
        "decisions": reports.iter().map(decision).collect::<Vec<_>>(),
    })
}

/// What each pass and the planner did, and what not and why; nothing where there was nothing to decide.
fn decisions(reports: &[Report]) -> String {
    let mut text = String::new();
    for name in PASSES.iter().map(|pass| pass.name).chain(DECISIONS.iter().copied()) {
        for (index, report) in reports.iter().filter(|report| report.pass == name).enumerate() {
            if index == 0 {
                _ = writeln!(text, "\n{name}");
            }
            _ = writeln!(text, "  {}{}", if report.done { "" } else { "not: " }, report.words);
        }
    }
    text
}

/// The layers in order; the nodes of one have its name.
pub(crate) fn layers(graph: &Graph) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for (node, field) in graph.nodes.iter().zip(fields(graph)) {
        if matches!(node.op, Op::Input(_)) {
            continue;
        }
        let parameters = node.op.parameters().iter().map(|&id| graph.parameters[id].elements()).sum();
        let (kind, macs) = (words(&node.op, node.shape), macs(graph, node));
        match layers.last_mut().filter(|last| last.name == node.title()) {
            Some(last) => {
                last.kind += &format!(", {kind}");
                last.shape = node.shape;
                last.parameters += parameters;
                last.macs += macs;
                last.field = field;
            }
            None => {
                layers.push(Layer { name: node.title(), kind, shape: node.shape, parameters, macs, field });
            }
        }
    }
    layers
}

/// The steps of the plan that compute a layer, and the bytes of its result where it is kept.
pub(crate) fn computed(plan: &Plan<'_>, layer: &str) -> (String, Option<usize>) {
    let has = |node: usize| plan.graph.nodes[node].layers.iter().any(|name| name == layer);
    let steps: Vec<_> = plan.steps.iter().enumerate().filter(|(_, step)| has(step.node)).collect();
    let kernels: Vec<String> =
        steps.iter().map(|(index, step)| format!("{index} {}", kernel(&step.kernel))).collect();
    let kept = steps
        .last()
        .filter(|(_, step)| plan.graph.nodes[step.node].layers.last().is_some_and(|last| last == layer));
    let kernel = match kernels.is_empty() {
        false => kernels.join(", "),
        // What is still a node has its result in the memory of others.
        true if (0..plan.graph.nodes.len()).any(has) => "view".to_owned(),
        true => "none".to_owned(),
    };
    (kernel, kept.map(|(_, step)| step.kernel.output().len() * size_of::<f32>()))
}
