//! A diagram as SVG.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::diagram::{Diagram, Part};
use super::layout::{Layout, Route, layout};
use crate::draw::figure::width;
use crate::draw::svg::{FAMILY, escape, number};

/// Heights of the lines of a box: its name, what it does, its facts.
const NAME: f32 = 12.0;
const TEXT: f32 = 10.5;
const LABEL: f32 = 9.5;
/// Between text and the edge of its box.
const INSIDE: f32 = 10.0;
/// The widest text, beyond which it is cut; the whole is in the box's title.
const WIDEST: f32 = 330.0;
const MARGIN: f32 = 28.0;
/// Rounding of boxes and corners of lines.
const RADIUS: f32 = 5.0;

/// The colours of both worlds, and what has them.
pub(crate) const STYLE: &str = include_str!("graph.css");

/// The whole file.
pub(super) fn file(diagram: &Diagram) -> String {
    let (size, content) = content(diagram);
    let [width, height] = size.map(number);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" role=\"img\" class=\"graph page\" font-family=\"{FAMILY}\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{content}</svg>\n",
        escape(&diagram.title)
    )
}

/// Width and height, and the elements of the picture.
pub(crate) fn content(diagram: &Diagram) -> ([f32; 2], String) {
    let sizes: Vec<[f32; 2]> = diagram.boxes.iter().map(size).collect();
    let arrows: Vec<[usize; 2]> = diagram.arrows.iter().map(|arrow| [arrow.from, arrow.to]).collect();
    let Layout { size, boxes, routes } = layout(&sizes, &arrows);
    let mut text = String::new();
    _ = writeln!(text, "<g transform=\"translate({MARGIN} {MARGIN})\">");
    for (route, arrow) in routes.iter().zip(&diagram.arrows) {
        let (from, to) = (arrow.from, arrow.to);
        _ = writeln!(
            text,
            "<path class=\"arrow\" data-from=\"{from}\" data-to=\"{to}\" d=\"{}\"/>",
            path(route)
        );
        if let [.., [x, y]] = route.points[..] {
            let head =
                [[x - 3.5, y - 6.5], [x, y], [x + 3.5, y - 6.5]].map(|point| point.map(number).join(","));
            _ = writeln!(text, "<polygon class=\"head\" points=\"{}\"/>", head.join(" "));
        }
    }
    for (index, (part, &at)) in diagram.boxes.iter().zip(&boxes).enumerate() {
        text += &element(part, index, at, sizes[index]);
    }
    // Labels last, so that no line crosses them.
    let mut labelled = BTreeSet::new();
    for (route, arrow) in routes.iter().zip(&diagram.arrows) {
        // What reads one tensor twice has arrows side by side, and all that goes to the next column starts as one.
        let end = (route.corners == 0).then_some(arrow.to);
        if labelled.insert((arrow.from, end)) {
            text += &label(route, &arrow.shape.to_string());
        }
    }
    text += "</g>\n";
    (size.map(|length| length + 2.0 * MARGIN), text)
}

/// The names of layers as an attribute that styles and scripts read: words, since no name has a space.
pub(crate) fn names(layers: &[String]) -> String {
    escape(&layers.join(" "))
}

/// The lines of a box below its name.
fn lines(part: &Part) -> Vec<String> {
    let facts = part.facts.join(" · ");
    [part.words.clone(), facts].into_iter().filter(|line| !line.is_empty()).collect()
}

fn size(part: &Part) -> [f32; 2] {
    let lines = lines(part);
    let texts = lines.iter().map(|line| width(line, TEXT));
    // A bold name is about a tenth wider than a plain one.
    let widest = texts.chain([1.1 * width(&part.name, NAME)]).fold(0.0, f32::max);
    [widest.min(WIDEST) + 2.0 * INSIDE + RADIUS, 26.0 + 14.0 * lines.len() as f32]
}

fn element(part: &Part, index: usize, [x, y]: [f32; 2], [wide, high]: [f32; 2]) -> String {
    let layers = names(&part.layers);
    let lines = lines(part);
    let whole: Vec<String> = [part.layers.join(" + ")].into_iter().chain(lines.iter().cloned()).collect();
    let view = if part.facts.first().is_some_and(|fact| fact == "view") { " view" } else { "" };
    let [x, y, wide, high] = [x, y, wide, high].map(number);
    let title = escape(&whole.join("\n"));
    let mut text = format!(
        "<g class=\"box {}{view}\" data-index=\"{index}\" data-layers=\"{layers}\" transform=\"translate({x} {y})\">\n\
         <title>{title}</title>\n<rect class=\"body\" width=\"{wide}\" height=\"{high}\" rx=\"{RADIUS}\"/>\n\
         <rect class=\"stripe\" width=\"4\" height=\"{high}\" rx=\"2\"/>\n",
        part.kind.name(),
    );
    let left = INSIDE + RADIUS;
    let name = escape(&cut(&part.name, NAME * 1.1));
    _ = writeln!(text, "<text class=\"name\" x=\"{left}\" y=\"18\" font-size=\"{NAME}\">{name}</text>");
    for (index, line) in lines.iter().enumerate() {
        let y = 33 + 14 * index;
        let line = escape(&cut(line, TEXT));
        _ = writeln!(text, "<text x=\"{left}\" y=\"{y}\" font-size=\"{TEXT}\">{line}</text>");
    }
    text + "</g>\n"
}

/// A text that is no wider than the widest.
fn cut(text: &str, height: f32) -> String {
    if width(text, height) <= WIDEST {
        return text.to_owned();
    }
    let mut short: Vec<char> = text.chars().collect();
    while !short.is_empty() && width(&short.iter().collect::<String>(), height) > WIDEST - height {
        short.pop();
    }
    short.into_iter().collect::<String>() + "…"
}

/// The shape of an arrow's tensor: in the middle of its way to the next row, or along it where it passes a row.
fn label(route: &Route, shape: &str) -> String {
    let (place, turn) = match route.points[route.corners..] {
        [[_, _], [x, top], [_, bottom], ..] => ([x + 10.0, 0.5 * (top + bottom)], " rotate(-90)"),
        [[x, y], [to, below], ..] if route.corners == 0 => {
            ([0.5 * (x + to) + 5.0, 0.5 * (y + below) + 3.0], "")
        }
        // Beside the first corner, below the box.
        _ => ([route.points[1][0] + 5.0, route.points[1][1] - 4.0], ""),
    };
    let [x, y] = place.map(number);
    let middle = if turn.is_empty() { "" } else { " text-anchor=\"middle\"" };
    format!(
        "<text class=\"shape\" transform=\"translate({x} {y}){turn}\"{middle} font-size=\"{LABEL}\">{shape}</text>\n"
    )
}

fn path(route: &Route) -> String {
    let point = |[x, y]: [f32; 2]| format!("{} {}", number(x), number(y));
    let mut text = String::new();
    for (index, &at) in route.points.iter().enumerate() {
        let Some(&[x, y]) = index.checked_sub(1).map(|before| &route.points[before]) else {
            _ = write!(text, "M{}", point(at));
            continue;
        };
        if index <= route.corners {
            match route.points.get(index + 1) {
                // Round the corner: stop before it, and go on behind it.
                Some(&next) => {
                    let near = |other: [f32; 2]| {
                        let length = (other[0] - at[0]).hypot(other[1] - at[1]).max(1e-3);
                        let share = RADIUS.min(0.5 * length) / length;
                        [at[0] + share * (other[0] - at[0]), at[1] + share * (other[1] - at[1])]
                    };
                    _ = write!(text, " L{} Q{} {}", point(near([x, y])), point(at), point(near(next)));
                }
                None => _ = write!(text, " L{}", point(at)),
            }
        } else if (x - at[0]).abs() < 0.01 {
            _ = write!(text, " L{}", point(at));
        } else {
            let middle = 0.5 * (y + at[1]);
            _ = write!(text, " C{} {} {}", point([x, middle]), point([at[0], middle]), point(at));
        }
    }
    text
}
