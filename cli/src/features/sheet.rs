//! A layer's values as a labelled picture: tiles of maps, bars or cells of a vector.

use convolve_compiler::graph::{self, Graph};
use convolve_compiler::trace::Value;

use super::maps::{STRIP, Scale, grid, pixels, place, range};
use crate::draw::colour::{Map, colour};
use crate::draw::figure::{Anchor, FAINT_INK, Figure, INK, RULE, Shape, Stroke, width};

/// Numbers of a vector up to which each is a bar.
const BARS: usize = 64;

const MARGIN: f32 = 20.0;
const TITLE: f32 = 15.0;
const LABEL: f32 = 11.0;
const SMALL: f32 = 8.0;
/// Space for the title and the line below it.
const HEAD: f32 = 64.0;
/// Space for the scale.
const FOOT: f32 = 40.0;
const GAP: f32 = 4.0;
/// From this width on a tile bears the number of its channel.
const LABELLED: f32 = 16.0;
/// Pixels that all tiles of a layer are to have together, about.
const AREA: f32 = 640_000.0;
const MOST_ZOOM: f32 = 16.0;

/// What a layer does, in a few words.
pub(crate) fn words(graph: &Graph, layer: &str) -> String {
    let nodes = graph.nodes.iter().filter(|node| node.layers[0] == layer);
    nodes.map(|node| graph::words(&node.op, node.shape)).collect::<Vec<_>>().join(", ")
}

/// The picture of a layer that does this.
pub(super) fn figure(value: &Value, words: &str, map: Map, scale: Scale) -> Figure {
    let [height, width, channels] = value.shape.extents();
    let mut figure = match (height * width, channels) {
        (1, ..=BARS) => bars(value),
        (1, _) => strip(value, map),
        _ => tiles(value, map, scale),
    };
    figure.title = format!("{}: {words}, {}", value.layer, value.shape);
    figure.text([MARGIN, MARGIN + TITLE], Anchor::Start, TITLE, INK, &value.layer);
    let line = format!("{words} → {}", value.shape);
    figure.text([MARGIN, MARGIN + TITLE + 18.0], Anchor::Start, LABEL, FAINT_INK, line);
    figure
}

/// A sheet with room for this content between the title and the scale.
fn sheet(content: [f32; 2]) -> Figure {
    // Room for a title of the usual length, whatever the content is.
    let across = content[0].max(360.0) + 2.0 * MARGIN;
    Figure::new("", [across, HEAD + content[1] + FOOT + MARGIN])
}

/// A tile for each channel.
fn tiles(value: &Value, map: Map, scale: Scale) -> Figure {
    let [height, width, channels] = value.shape.extents();
    let zoom = zoom([height, width], channels);
    let [high, wide] = [height, width].map(|side| side as f32 * zoom);
    let head = if wide >= LABELLED { SMALL + 3.0 } else { 0.0 };
    let step = [wide + GAP, head + high + GAP];
    let columns = grid(channels, step.map(|length| length.ceil() as usize));
    let rows = channels.div_ceil(columns);
    let content = [columns as f32 * step[0] - GAP, rows as f32 * step[1] - GAP];
    let mut figure = sheet(content);
    for (index, pixels) in pixels(value, map, scale).into_iter().enumerate() {
        let x = MARGIN + (index % columns) as f32 * step[0];
        let y = HEAD + (index / columns) as f32 * step[1];
        if head > 0.0 {
            figure.text([x, y + SMALL - 1.0], Anchor::Start, SMALL, FAINT_INK, index.to_string());
        }
        figure.shapes.push(Shape::Pixels { at: [x, y + head], size: [wide, high], columns: width, pixels });
    }
    let foot = HEAD + content[1] + 16.0;
    match scale {
        Scale::Layer => bar(&mut figure, foot, map, range(value.data.iter().copied()).map(number)),
        Scale::Map => {
            bar(&mut figure, foot, map, ["least".to_owned(), "most of each map".to_owned()]);
        }
    }
    figure
}

/// Pixels for each number along an axis: whole ones, or half of one, which a PNG has too.
fn zoom([height, width]: [usize; 2], channels: usize) -> f32 {
    let zoom = (AREA / (height * width * channels) as f32).sqrt().floor();
    // Tiles of a few numbers stay large enough to be seen, however many there are.
    let least = (24.0 / height.max(width) as f32).floor();
    let zoom = zoom.max(least).min(MOST_ZOOM);
    if zoom >= 1.0 { zoom } else { 0.5 }
}

/// A bar for each number, from zero.
fn bars(value: &Value) -> Figure {
    const HEIGHT: f32 = 180.0;
    let count = value.data.len();
    let step = (640.0 / count as f32).clamp(14.0, 44.0);
    let mut figure = sheet([step * count as f32, HEIGHT]);
    let [least, most] = range(value.data.iter().copied().chain([0.0]));
    let ends = if least == most { [0.0, 1.0] } else { [least, most] };
    let level = |x: f32| HEAD + 14.0 + (HEIGHT - 28.0) * (1.0 - place(x, ends).clamp(0.0, 1.0));
    for (index, &x) in value.data.iter().enumerate() {
        let left = MARGIN + step * index as f32;
        let middle = left + 0.5 * step;
        let (top, bottom) = (level(x.max(0.0)), level(x.min(0.0)));
        if x.is_finite() {
            figure.fill(
                [left + 0.15 * step, top],
                [0.7 * step, (bottom - top).max(0.5)],
                colour(Map::Viridis, 0.4),
            );
        }
        let index = index.to_string();
        figure.text([middle, HEAD + HEIGHT + 14.0], Anchor::Middle, LABEL.min(step - 4.0), FAINT_INK, index);
        let text = number(x);
        let small = SMALL + 1.0;
        // A number that would run into the next one is left out; the scale has the largest.
        if width(&text, small) < step - 2.0 {
            let y = if x < 0.0 { bottom + small + 2.0 } else { top - 4.0 };
            figure.text([middle, y], Anchor::Middle, small, INK, text);
        }
    }
    let zero = level(0.0);
    figure.line([[MARGIN, zero], [MARGIN + step * count as f32, zero]], Stroke::new(RULE, 1.0));
    let range = format!("from {} to {}", number(least), number(most));
    figure.text([MARGIN, HEAD + HEIGHT + 36.0], Anchor::Start, LABEL, FAINT_INK, range);
    figure
}

/// A cell for each number, row by row.
fn strip(value: &Value, map: Map) -> Figure {
    const CELL: f32 = 10.0;
    let rows = value.data.len().div_ceil(STRIP);
    let labels = width(&value.data.len().to_string(), SMALL) + 6.0;
    let content = [labels + CELL * STRIP as f32, CELL * rows as f32];
    let mut figure = sheet(content);
    let ends = range(value.data.iter().copied());
    for (row, numbers) in value.data.chunks(STRIP).enumerate() {
        let y = HEAD + CELL * row as f32;
        let first = (row * STRIP).to_string();
        figure.text([MARGIN + labels - 6.0, y + CELL - 2.0], Anchor::End, SMALL, FAINT_INK, first);
        let pixels = numbers.iter().map(|&x| colour(map, place(x, ends))).collect();
        let size = [CELL * numbers.len() as f32, CELL - 1.0];
        figure.shapes.push(Shape::Pixels { at: [MARGIN + labels, y], size, columns: numbers.len(), pixels });
    }
    bar(&mut figure, HEAD + content[1] + 16.0, map, ends.map(number));
    figure
}

/// The colour map between what its ends stand for.
fn bar(figure: &mut Figure, y: f32, map: Map, [least, most]: [String; 2]) {
    const SIZE: [f32; 2] = [160.0, 10.0];
    let x = MARGIN + width(&least, LABEL) + 8.0;
    figure.text([MARGIN, y + SIZE[1]], Anchor::Start, LABEL, FAINT_INK, least);
    let pixels: Vec<_> = (0..64).map(|step| colour(map, step as f32 / 63.0)).collect();
    figure.shapes.push(Shape::Pixels { at: [x, y], size: SIZE, columns: pixels.len(), pixels });
    figure.text([x + SIZE[0] + 8.0, y + SIZE[1]], Anchor::Start, LABEL, FAINT_INK, most);
}

/// A number to three digits.
pub(crate) fn number(x: f32) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e4).contains(&size) => {
            let places = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
            let text = format!("{x:.places$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        _ => format!("{x:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, zoom};

    #[test]
    fn numbers_have_three_digits() {
        let shown = [0.0, 1.0, 0.98765, -12.345, 1234.5, 1e-5, 0.001, f32::NAN, 3e9].map(number);
        assert_eq!(shown, ["0", "1", "0.988", "-12.3", "1234", "1.0e-5", "0.001", "NaN", "3.0e9"]);
    }

    #[test]
    fn tiles_are_seen_and_fit() {
        assert_eq!([zoom([28, 28], 32), zoom([7, 7], 2048), zoom([256, 256], 64)], [5.0, 3.0, 0.5]);
        assert_eq!([zoom([2, 2], 1), zoom([1000, 1], 1)], [16.0, 16.0]);
    }
}
