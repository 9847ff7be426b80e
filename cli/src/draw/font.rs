//! The one font of all pictures: it measures text for both kinds of file, and draws it for PNG.

use std::sync::LazyLock;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, OutlineBuilder};

/// Names for SVG: the font that the text was measured with, and others about as wide.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

static FACE: LazyLock<Face<'static>> = LazyLock::new(|| {
    let bytes = include_bytes!("../../assets/DejaVuSans-subset.ttf");
    Face::parse(bytes, 0).expect("the font of this crate")
});

/// Pixels for each unit of the font at this height of a line.
fn scale(height: f32) -> f32 {
    height / f32::from(FACE.units_per_em())
}

/// The width of a text.
pub(super) fn width(text: &str, height: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * scale(height)
}

/// The width of a letter in units of the font; what it lacks is a box.
fn advance(letter: char) -> f32 {
    let glyph = FACE.glyph_index(letter).unwrap_or_default();
    f32::from(FACE.glyph_hor_advance(glyph).unwrap_or_default())
}

/// The outlines of a text that starts at a point; nothing if there is nothing to see.
pub(super) fn outlines(text: &str, height: f32, [x, y]: [f32; 2]) -> Option<Path> {
    let scale = scale(height);
    let mut pen = Pen { path: PathBuilder::new(), x, y, scale };
    for letter in text.chars() {
        FACE.outline_glyph(FACE.glyph_index(letter).unwrap_or_default(), &mut pen);
        pen.x += advance(letter) * scale;
    }
    pen.path.finish()
}

/// Turns the font's outlines, whose y points up, to paths on the paper.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
