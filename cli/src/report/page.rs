//! The page: its own styles and scripts, and nothing from elsewhere.

use std::fmt::Write as _;

use convolve_compiler::graph::{Graph, Op};
use convolve_compiler::options::Report;
use convolve_compiler::passes::PASSES;
use convolve_compiler::plan::{DECISIONS, Plan};

use super::field;
use crate::draw::svg::{escape, number};
use crate::graph::diagram::{self, Diagram};
use crate::graph::svg::{self, STYLE};
use crate::memory::picture::{self, MEMORY_STYLE};
use crate::summary::{Layer, computed, layers};
use crate::table::{bytes, grouped};

const PAGE_STYLE: &str = include_str!("page.css");
/// The functions first: the last line of the other selects what the address names.
const SCRIPT: &str = concat!(include_str!("field.js"), include_str!("page.js"));

/// The whole page; `maps` is the section of what the layers give, if anything was computed.
pub(super) fn page(written: &Graph, plan: &Plan<'_>, reports: &[Report], maps: &str) -> String {
    let layers = layers(written);
    let name = escape(&written.name);
    let (size, memory) = picture::content(plan);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{STYLE}{MEMORY_STYLE}{PAGE_STYLE}</style>\n</head>\n<body>\n\
         {header}<main>\n<div class=\"panels\">\n{table}{graphs}</div>\n\
         <section class=\"details\" id=\"details\" aria-live=\"polite\"></section>\n{maps}\
         <section id=\"memory\">\n<div class=\"bar\"><h2>Memory</h2></div>\n<div class=\"scroll\">{memory}</div>\n</section>\n\
         {decisions}</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        header = header(written, plan, &layers),
        table = table(written, plan, &layers),
        graphs = graphs(written, plan),
        memory = frame("memory", size, &memory),
        decisions = decisions(reports),
    )
}

/// The network's name, what it maps to what, and its sums.
fn header(written: &Graph, plan: &Plan<'_>, layers: &[Layer]) -> String {
    let inputs: Vec<String> = written
        .nodes
        .iter()
        .filter(|node| matches!(node.op, Op::Input(_)))
        .map(|node| format!("{} {}", node.title(), node.shape))
        .collect();
    let outputs: Vec<String> =
        written.outputs.iter().map(|(name, id)| format!("{name} {}", written.nodes[*id].shape)).collect();
    let size = |floats: usize| bytes(floats as u64 * size_of::<f32>() as u64);
    let totals = [
        ("layers", grouped(layers.len() as u64)),
        ("kernels", grouped(plan.steps.len() as u64)),
        ("parameters", grouped(layers.iter().map(|layer| layer.parameters as u64).sum())),
        ("MACs", grouped(layers.iter().map(|layer| layer.macs).sum())),
        ("packed weights", size(plan.weights)),
        ("arena", size(plan.arena)),
        ("its lower bound", size(plan.bound)),
    ];
    let totals: String =
        totals.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n")).collect();
    format!(
        "<header>\n<h1>{}</h1>\n<p>{} → {} · {}</p>\n<dl class=\"totals\">\n{totals}</dl>\n</header>\n",
        escape(&written.name),
        escape(&inputs.join(", ")),
        escape(&outputs.join(", ")),
        escape(&written.settings()),
    )
}

/// The layers as written, each with the kernels that compute it.
fn table(written: &Graph, plan: &Plan<'_>, layers: &[Layer]) -> String {
    let inputs = field::inputs(written);
    let mut text = format!(
        "<section id=\"layers\">\n<div class=\"bar\"><h2>Layers</h2>\
        <input type=\"search\" id=\"search\" placeholder=\"Search layers\" aria-label=\"Search layers\" \
        autocomplete=\"off\" spellcheck=\"false\"><kbd>/</kbd><span class=\"status\" id=\"status\" role=\"status\"></span></div>\n\
        <div class=\"scroll tall\" tabindex=\"-1\"><table{inputs}>\n<thead><tr><th scope=\"col\">layer</th>"
    );
    for (title, class) in [
        ("kind", ""),
        ("output", ""),
        ("parameters", "number"),
        ("MACs", "number"),
        ("receptive field", "number"),
        ("step and kernel", ""),
    ] {
        _ = write!(text, "<th scope=\"col\" class=\"{class}\">{title}</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for (layer, sees) in layers.iter().zip(field::layers(written, layers)) {
        let (kernel, _) = computed(plan, &layer.name);
        let name = escape(&layer.name);
        _ = writeln!(
            text,
            "<tr data-layers=\"{name}\"{sees}><td><button type=\"button\">{name}</button></td><td>{}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>",
            escape(&layer.kind),
            layer.shape,
            grouped(layer.parameters as u64),
            grouped(layer.macs),
            layer.field,
            escape(&kernel),
        );
    }
    text + "</tbody>\n</table></div>\n</section>\n"
}

/// Both graphs, of which one shows.
fn graphs(written: &Graph, plan: &Plan<'_>) -> String {
    let view = |name: &str, hidden: &str, diagram: &Diagram| {
        let (size, content) = svg::content(diagram);
        let picture = frame("", size, &content);
        format!(
            "<div class=\"scroll tall graph-view\" id=\"graph-{name}\"{hidden} tabindex=\"-1\">{picture}</div>\n"
        )
    };
    format!(
        "<section id=\"graph\">\n<div class=\"bar\"><h2>Graph</h2>\
         <button type=\"button\" id=\"show-written\" aria-pressed=\"true\">as written</button>\
         <button type=\"button\" id=\"show-fused\" aria-pressed=\"false\">as fused</button><kbd>g</kbd>\
         <span class=\"gap\"></span><button type=\"button\" id=\"zoom-out\" aria-label=\"Smaller\">−</button>\
         <button type=\"button\" id=\"zoom-in\" aria-label=\"Larger\">+</button></div>\n{}{}</section>\n",
        view("written", "", &diagram::written(written)),
        view("fused", " hidden", &diagram::fused(plan)),
    )
}

/// A picture as a part of the page.
fn frame(class: &str, size: [f32; 2], content: &str) -> String {
    let [width, height] = size.map(number);
    format!(
        "<svg class=\"graph {class}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n{content}</svg>"
    )
}

/// What each pass and the planner did, and what not and why.
fn decisions(reports: &[Report]) -> String {
    let mut text = "<section id=\"decisions\">\n<div class=\"bar\"><h2>Decisions</h2></div>\n".to_owned();
    for name in PASSES.iter().map(|pass| pass.name).chain(DECISIONS.iter().copied()) {
        let mut of_pass = reports.iter().filter(|report| report.pass == name).peekable();
        if of_pass.peek().is_none() {
            continue;
        }
        _ = writeln!(text, "<h3>{name}</h3>\n<ul class=\"reasons\">");
        for report in of_pass {
            let (class, verb) = if report.done { ("done", "") } else { ("declined", "not: ") };
            let words = escape(&report.words);
            _ = writeln!(text, "<li class=\"{class}\" data-pass=\"{name}\">{verb}{words}</li>");
        }
        text += "</ul>\n";
    }
    text + "</section>\n"
}
