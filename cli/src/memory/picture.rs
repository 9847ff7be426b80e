//! The arena over time as SVG: steps from left to right, bytes from below.

use std::fmt::Write as _;

use convolve_compiler::plan::Plan;

use super::arena::{Buffer, buffers, in_use};
use super::{label, layers};
use crate::draw::figure::width;
use crate::draw::svg::{FAMILY, escape, number};
use crate::graph::diagram::Kind;
use crate::graph::svg::{STYLE, names};
use crate::table::bytes;

/// The colours and lines beside those of graphs.
pub(crate) const MEMORY_STYLE: &str = include_str!("memory.css");

const MARGIN: f32 = 24.0;
const HEAD: f32 = 64.0;
/// Room for the numbers of bytes.
const LEFT: f32 = 84.0;
const HEIGHT: f32 = 420.0;
/// Widths of a step: what all of them are to have together, and the least and most of one.
const WIDTH: f32 = 1080.0;
const STEP: [f32; 2] = [18.0, 72.0];
const TEXT: f32 = 10.0;

/// The whole file.
pub(super) fn file(plan: &Plan<'_>) -> String {
    let ([width, height], content) = content(plan);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" \
         class=\"graph memory page\" font-family=\"{FAMILY}\">\n<title>{2}: the arena over time</title>\n\
         <style>\n{STYLE}{MEMORY_STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{content}</svg>\n",
        number(width),
        number(height),
        escape(&plan.graph.name)
    )
}

/// Width and height, and the elements of the picture.
pub(crate) fn content(plan: &Plan<'_>) -> ([f32; 2], String) {
    let buffers = buffers(plan);
    let steps = plan.steps.len();
    let step = (WIDTH / steps.max(1) as f32).clamp(STEP[0], STEP[1]);
    let right = LEFT + step * steps as f32;
    let x = |index: usize| LEFT + step * index as f32;
    let y = |floats: usize| HEAD + HEIGHT * (1.0 - floats as f32 / plan.arena.max(1) as f32);
    let mut text = String::new();
    let size = |floats: usize| bytes(floats as u64 * size_of::<f32>() as u64);
    _ = writeln!(
        text,
        "<text class=\"name\" x=\"{MARGIN}\" y=\"32\" font-size=\"15\">{}: the arena over time</text>",
        escape(&plan.graph.name)
    );
    for tick in ticks(plan.arena * size_of::<f32>()) {
        let at = number(y(tick / size_of::<f32>()));
        let (left, right) = (number(LEFT), number(right));
        _ = writeln!(text, "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{at}\" y2=\"{at}\"/>");
        let label = if tick == 0 { "0".to_owned() } else { bytes(tick as u64) };
        _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{at}\" dy=\"3.5\" text-anchor=\"end\" font-size=\"{TEXT}\">{label}</text>",
            number(LEFT - 8.0)
        );
    }
    let used = in_use(plan, &buffers);
    let level = |(index, &floats): (usize, &usize)| {
        [index, index + 1].map(|index| format!("{},{}", number(x(index)), number(y(floats))))
    };
    let points: Vec<String> = used.iter().enumerate().flat_map(level).collect();
    _ = writeln!(text, "<polyline class=\"used\" points=\"{}\"/>", points.join(" "));
    for buffer in &buffers {
        let [first, last] = buffer.steps;
        let [low, high] = buffer.floats;
        text += &rectangle(plan, buffer, [x(first), y(high)], [x(last + 1) - x(first), y(low) - y(high)]);
    }
    // The bound over the arena, so that both show where they are one.
    for (class, floats) in [("peak", plan.arena), ("bound", plan.bound)] {
        let (at, left, right) = (number(y(floats)), number(LEFT), number(right));
        _ = writeln!(text, "<line class=\"{class}\" x1=\"{left}\" x2=\"{right}\" y1=\"{at}\" y2=\"{at}\"/>");
    }
    let legend = [
        ("peak", format!("arena, {}", size(plan.arena))),
        ("bound", format!("lower bound, {}", size(plan.bound))),
        ("used", "in use".to_owned()),
    ];
    let mut at = MARGIN;
    for (class, words) in &legend {
        let (start, end) = (number(at), number(at + 22.0));
        _ = writeln!(text, "<line class=\"{class}\" x1=\"{start}\" x2=\"{end}\" y1=\"48\" y2=\"48\"/>");
        _ = writeln!(
            text,
            "<text x=\"{}\" y=\"51.5\" font-size=\"{TEXT}\">{words}</text>",
            number(at + 28.0)
        );
        at += 28.0 + width(words, TEXT) + 24.0;
    }
    let names: Vec<String> = (0..steps).map(|index| format!("{index} {}", step_label(plan, index))).collect();
    for (index, name) in names.iter().enumerate() {
        let (at, below) = (number(x(index) + 0.5 * step), number(HEAD + HEIGHT + 10.0));
        _ = writeln!(
            text,
            "<text class=\"step\" transform=\"translate({at} {below}) rotate(60)\" font-size=\"{TEXT}\">{}</text>",
            escape(name)
        );
    }
    let longest = names.iter().map(|name| width(name, TEXT)).fold(0.0, f32::max);
    // The names lean by 60°, the last one beyond the last step.
    let (lean, depth) = (0.5 * longest, 0.87 * longest);
    let wide = (right + lean).max(at) + MARGIN;
    ([wide, HEAD + HEIGHT + depth + 10.0 + MARGIN], text)
}

fn rectangle(plan: &Plan<'_>, buffer: &Buffer, [x, y]: [f32; 2], [wide, high]: [f32; 2]) -> String {
    let kind = match buffer.scratch {
        true => "scratch",
        false => buffer.nodes.first().map_or("space", |&id| Kind::of(&plan.graph.nodes[id].op).name()),
    };
    let layers = layers(plan, buffer);
    let words = format!(
        "{}{}\n{} at {}\nsteps {} to {}",
        layers.join(" + "),
        if buffer.scratch { ", scratch" } else { "" },
        bytes(buffer.len() as u64 * size_of::<f32>() as u64),
        bytes(buffer.floats[0] as u64 * size_of::<f32>() as u64),
        buffer.steps[0],
        buffer.steps[1],
    );
    let label = label(plan, buffer);
    let (middle, centre) = (number(x + 0.5 * wide), number(y + 0.5 * high));
    let fits = |along: f32, across: f32| width(&label, TEXT) + 8.0 <= along && TEXT + 4.0 <= across;
    let turn = if fits(wide, high) { Some("") } else { fits(high, wide).then_some(" rotate(-90)") };
    let text = turn.map_or_else(String::new, |turn| {
        format!(
            "<text transform=\"translate({middle} {centre}){turn}\" dy=\"3.5\" text-anchor=\"middle\" \
             font-size=\"{TEXT}\">{}</text>",
            escape(&label)
        )
    });
    format!(
        "<g class=\"buffer {kind}\" data-layers=\"{}\"><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" \
         height=\"{}\" rx=\"2\"/>{text}</g>\n",
        names(&layers),
        escape(&words),
        number(x + 0.5),
        number(y),
        number(wide - 1.0),
        // Even a few bytes can be seen and clicked.
        number(high.max(2.0)),
    )
}

/// What a step is called at the axis: the first layer that it computes.
fn step_label(plan: &Plan<'_>, index: usize) -> String {
    let step = &plan.steps[index];
    let first = step.nodes(plan.graph).first().map(|&id| plan.graph.nodes[id].layers[0].clone());
    first.unwrap_or_default()
}

/// Round numbers of bytes up to this one, five at most beside zero.
fn ticks(most: usize) -> Vec<usize> {
    let decades = (0..).map(|power| 10_usize.pow(power));
    let step =
        decades.flat_map(|decade| [1, 2, 5].map(|factor| factor * decade)).find(|step| 5 * step >= most);
    (0..=most).step_by(step.unwrap_or(1).max(1)).collect()
}
