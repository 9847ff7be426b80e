//! Pictures as SVG.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::colour::hex;
use super::figure::{Anchor, Colour, Figure, Shape, Stroke};
pub(crate) use super::font::FAMILY;
use super::png;

/// The text of a picture.
pub(super) fn write(figure: &Figure) -> String {
    let [width, height] = figure.size.map(number);
    let title = escape(&figure.title);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" role=\"img\" font-family=\"{}\">\n<title>{title}</title>\n",
        FAMILY
    );
    for shape in &figure.shapes {
        text += &element(shape);
        text.push('\n');
    }
    text + "</svg>\n"
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Rectangle { at: [x, y], size: [width, height], radius, fill, stroke } => {
            let round = if *radius > 0.0 { format!(" rx=\"{}\"", number(*radius)) } else { String::new() };
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{round}{}/>",
                number(*x),
                number(*y),
                number(*width),
                number(*height),
                paint(*fill, *stroke)
            )
        }
        Shape::Line { points, stroke } => {
            let points: Vec<String> =
                points.iter().map(|[x, y]| format!("{},{}", number(*x), number(*y))).collect();
            format!("<polyline points=\"{}\"{}/>", points.join(" "), paint(None, Some(*stroke)))
        }
        Shape::Disc { centre: [x, y], radius, fill, stroke } => format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}/>",
            number(*x),
            number(*y),
            number(*radius),
            paint(*fill, *stroke)
        ),
        Shape::Text { at: [x, y], anchor, height, colour, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor} fill=\"{}\">{}</text>",
                number(*x),
                number(*y),
                number(*height),
                hex(*colour),
                escape(text)
            )
        }
        Shape::Pixels { at: [x, y], size: [width, height], columns, pixels } => {
            let file = STANDARD.encode(png::encode(*columns, pixels));
            format!(
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{file}\"/>",
                number(*x),
                number(*y),
                number(*width),
                number(*height)
            )
        }
    }
}

/// The attributes of what is filled and drawn.
fn paint(fill: Option<Colour>, stroke: Option<Stroke>) -> String {
    let mut text = format!(" fill=\"{}\"", fill.map_or_else(|| "none".to_owned(), hex));
    if let Some(Stroke { colour, width, dashed }) = stroke {
        _ = write!(text, " stroke=\"{}\" stroke-width=\"{}\"", hex(colour), number(width));
        if dashed {
            text += " stroke-dasharray=\"3 3\"";
        }
    }
    text
}

/// A length to a hundredth of a pixel, without zeros that say nothing.
pub(crate) fn number(x: f32) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text that XML does not take for anything else.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
        assert_eq!([10.0, 0.5, 1.256, 0.001, 100.0].map(number), ["10", "0.5", "1.26", "0", "100"]);
    }
}
