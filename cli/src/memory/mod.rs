//! `convolve memory`.

mod arena;
pub(crate) mod picture;

use std::path::PathBuf;

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{Plan, plan};
use serde_json::json;

use crate::args::{Format, NetworkArgs};
use crate::failure::Result;
use crate::table::{grouped, kernel, table};
use crate::{load, output};
use arena::{Buffer, buffers, in_use};

const EXAMPLES: &str = "\
Examples:
  convolve memory unet.yaml
  convolve memory unet.yaml --output unet-memory.svg

A buffer holds a layer's result, from the step that writes it to the last that
reads it, or scratch memory of one step. No arena could be smaller than the
lower bound: so much is in use at once. Inputs are the caller's memory.";

/// What lies where in the working memory, and when.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MemoryArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// Where to draw it, as SVG, in place of a table
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    output: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Shows the arena over time.
pub(crate) fn memory(args: &MemoryArgs) -> Result<()> {
    let mut graph = load::unweighted(&args.network.file)?;
    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let text = match (&args.output, args.format) {
        (Some(_), _) => picture::file(&plan),
        (None, Format::Text) => text(&plan),
        (None, Format::Json) => format!("{:#}\n", object(&plan)),
    };
    output::write_or_print(args.output.as_deref(), text)
}

/// The layers whose results lie in a buffer.
fn layers(plan: &Plan<'_>, buffer: &Buffer) -> Vec<String> {
    let mut layers: Vec<String> =
        buffer.nodes.iter().flat_map(|&id| plan.graph.nodes[id].layers.clone()).collect();
    layers.dedup();
    layers
}

/// What a buffer is called: the last layer of it, or what it is.
fn label(plan: &Plan<'_>, buffer: &Buffer) -> String {
    let last = layers(plan, buffer).pop().unwrap_or_default();
    if buffer.scratch { format!("scratch of {last}") } else { last }
}

const fn size(floats: usize) -> usize {
    floats * size_of::<f32>()
}

fn text(plan: &Plan<'_>) -> String {
    let bytes = |floats: usize| grouped(size(floats) as u64);
    let mut rows = vec![["buffer", "bytes", "at", "steps", "time"].map(str::to_owned).to_vec()];
    let all = buffers(plan);
    for buffer in &all {
        let [first, last] = buffer.steps;
        let steps = if first == last { first.to_string() } else { format!("{first} to {last}") };
        // Where in the time of the network it is in use.
        let bar = (0..plan.steps.len()).map(|step| if (first..=last).contains(&step) { '█' } else { '·' });
        let bar = if plan.steps.len() > 64 { String::new() } else { bar.collect() };
        rows.push(vec![label(plan, buffer), bytes(buffer.len()), bytes(buffer.floats[0]), steps, bar]);
    }
    let used = in_use(plan, &all);
    let peak = (0..used.len()).rev().max_by_key(|&step| used[step]).unwrap_or_default();
    let mut text = format!("{}\n\n{}", plan.graph.name, table(&rows, &[1, 2]));
    text += &format!("\narena bytes  {}\nlower bound  {}\n", bytes(plan.arena), bytes(plan.bound));
    if let Some(step) = plan.steps.get(peak) {
        let (name, kernel) = (plan.graph.nodes[step.node].title(), kernel(&step.kernel));
        text += &format!("most in use  {} at step {peak}, {kernel} of {name}\n", bytes(used[peak]));
    }
    text
}

fn object(plan: &Plan<'_>) -> serde_json::Value {
    let all = buffers(plan);
    let used = in_use(plan, &all);
    let one = |buffer: &Buffer| {
        json!({
            "layers": layers(plan, buffer),
            "scratch": buffer.scratch,
            "offset": size(buffer.floats[0]),
            "bytes": size(buffer.len()),
            "first_step": buffer.steps[0],
            "last_step": buffer.steps[1],
        })
    };
    let steps = plan.steps.iter().zip(used).map(|(step, used)| {
        let layers: Vec<String> =
            step.nodes(plan.graph).iter().flat_map(|&id| plan.graph.nodes[id].layers.clone()).collect();
        json!({ "layers": layers, "kernel": kernel(&step.kernel), "bytes_in_use": size(used) })
    });
    json!({
        "network": plan.graph.name,
        "arena_bytes": size(plan.arena),
        "bound_bytes": size(plan.bound),
        "steps": steps.collect::<Vec<_>>(),
        "buffers": all.iter().map(one).collect::<Vec<_>>(),
    })
}
