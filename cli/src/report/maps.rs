//! Feature maps as parts of a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convolve_compiler::graph::Graph;
use convolve_compiler::trace::Value;

use crate::draw::colour::Map;
use crate::draw::png;
use crate::draw::svg::escape;
use crate::features::{Atlas, Scale, atlas, number, words};

/// Maps of a layer that are shown, and numbers of a vector up to which each has a bar.
const MOST_MAPS: usize = 64;
const BARS: usize = 64;
/// Width of a picture on the page, which is shown at whole pixels for each number, if it is smaller.
const WIDTH: usize = 520;

/// The section with a figure for each layer.
pub(super) fn section(graph: &Graph, values: &[Value], map: Map, scale: Scale) -> String {
    let figures: String = values.iter().map(|value| figure(graph, value, map, scale)).collect();
    let scale = match scale {
        Scale::Map => "each map",
        Scale::Layer => "each layer",
    };
    format!(
        "<section id=\"maps\">\n<div class=\"bar\"><h2>Feature maps</h2><span class=\"status\">colours from the least to \
         the most of {scale}</span></div>\n<div class=\"maps\">\n{figures}</div>\n</section>\n"
    )
}

fn figure(graph: &Graph, value: &Value, map: Map, scale: Scale) -> String {
    let [height, width, channels] = value.shape.extents();
    let name = escape(&value.layer);
    let words = escape(&words(graph, &value.layer));
    let is_vector = height * width == 1;
    let shown = match is_vector {
        false if channels > MOST_MAPS => format!(", the first {MOST_MAPS} maps"),
        _ => String::new(),
    };
    let content = if is_vector && channels <= BARS { bars(&value.data) } else { picture(value, map, scale) };
    format!(
        "<figure data-layers=\"{name}\"><figcaption><b>{name}</b> {words} → {}{shown}</figcaption>{content}</figure>\n",
        value.shape
    )
}

/// The picture of a value, as a part of the page itself.
fn picture(value: &Value, map: Map, scale: Scale) -> String {
    let Atlas { columns, pixels } = atlas(value, map, scale, MOST_MAPS);
    let file = STANDARD.encode(png::encode_clear(columns, &pixels));
    let zoom = (WIDTH / columns).max(1);
    format!(
        "<img alt=\"{} numbers of {}\" width=\"{}\" height=\"{}\" src=\"data:image/png;base64,{file}\">",
        value.data.len(),
        escape(&value.layer),
        columns * zoom,
        pixels.len() / columns * zoom,
    )
}

/// A bar for each number of a vector, as long as its size says.
fn bars(data: &[f32]) -> String {
    let most = data.iter().filter(|x| x.is_finite()).fold(0.0, |most: f32, x| most.max(x.abs()));
    let bar = |(index, &x): (usize, &f32)| {
        let share = if most > 0.0 && x.is_finite() { 100.0 * x.abs() / most } else { 0.0 };
        format!("<div>{index}</div><span style=\"width:{share:.1}%\"></span><div>{}</div>", number(x))
    };
    format!("<div class=\"numbers\">{}</div>", data.iter().enumerate().map(bar).collect::<String>())
}
