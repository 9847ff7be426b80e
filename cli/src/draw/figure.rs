//! A picture as a list of shapes. Lengths are in pixels, y points down.

use std::path::Path;

use super::{font, png, svg};
use crate::failure::{Failure, Result};

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// The ink of titles and values, of labels, of lines that only help, and the paper: a light one of its own,
/// so that a picture reads the same on a dark page.
pub(crate) const INK: Colour = [31, 35, 40];
pub(crate) const FAINT_INK: Colour = [101, 109, 118];
pub(crate) const RULE: Colour = [208, 215, 222];
pub(crate) const PAPER: Colour = [255, 255, 255];

/// Colours that tell things apart on white and on every colour map (Okabe and Ito's, without yellow).
pub(crate) const ACCENTS: [Colour; 6] =
    [[213, 94, 0], [0, 114, 178], [0, 158, 115], [204, 121, 167], [86, 180, 233], [90, 90, 90]];

/// A picture.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What it shows, for those who cannot see it.
    pub(crate) title: String,
    /// Width and height.
    pub(crate) size: [f32; 2],
    /// Drawn in order.
    pub(crate) shapes: Vec<Shape>,
}

/// A part of a picture.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A rectangle from its upper left corner, with its corners rounded.
    Rectangle { at: [f32; 2], size: [f32; 2], radius: f32, fill: Option<Colour>, stroke: Option<Stroke> },
    /// Straight lines from point to point.
    Line { points: Vec<[f32; 2]>, stroke: Stroke },
    /// A disc.
    Disc { centre: [f32; 2], radius: f32, fill: Option<Colour>, stroke: Option<Stroke> },
    /// A line of text whose baseline goes through a point.
    Text { at: [f32; 2], anchor: Anchor, height: f32, colour: Colour, text: String },
    /// Pixels, row by row, stretched to a size.
    Pixels { at: [f32; 2], size: [f32; 2], columns: usize, pixels: Vec<Colour> },
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) colour: Colour,
    pub(crate) width: f32,
    pub(crate) dashed: bool,
}

/// Which part of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Stroke {
    pub(crate) const fn new(colour: Colour, width: f32) -> Self {
        Self { colour, width, dashed: false }
    }

    pub(crate) const fn dashed(colour: Colour, width: f32) -> Self {
        Self { colour, width, dashed: true }
    }
}

impl Figure {
    /// A sheet of paper of this size.
    pub(crate) fn new(title: impl Into<String>, size: [f32; 2]) -> Self {
        let paper = Shape::Rectangle { at: [0.0; 2], size, radius: 6.0, fill: Some(PAPER), stroke: None };
        Self { title: title.into(), size, shapes: vec![paper] }
    }

    /// Pictures side by side.
    pub(crate) fn row(title: impl Into<String>, figures: Vec<Self>) -> Self {
        let wide = figures.iter().map(|figure| figure.size[0]).sum();
        let high = figures.iter().map(|figure| figure.size[1]).fold(0.0, f32::max);
        let mut row = Self::new(title, [wide, high]);
        let mut left = 0.0;
        for figure in figures {
            row.shapes.extend(figure.shapes.into_iter().map(|shape| shape.moved(left)));
            left += figure.size[0];
        }
        row
    }

    /// Adds a filled rectangle.
    pub(crate) fn fill(&mut self, at: [f32; 2], size: [f32; 2], fill: Colour) {
        self.shapes.push(Shape::Rectangle { at, size, radius: 0.0, fill: Some(fill), stroke: None });
    }

    /// Adds the outline of a rectangle.
    pub(crate) fn outline(&mut self, at: [f32; 2], size: [f32; 2], stroke: Stroke) {
        let radius = 2.0;
        self.shapes.push(Shape::Rectangle { at, size, radius, fill: None, stroke: Some(stroke) });
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, points: impl Into<Vec<[f32; 2]>>, stroke: Stroke) {
        self.shapes.push(Shape::Line { points: points.into(), stroke });
    }

    /// Adds a text.
    pub(crate) fn text(
        &mut self,
        at: [f32; 2],
        anchor: Anchor,
        height: f32,
        colour: Colour,
        text: impl Into<String>,
    ) {
        self.shapes.push(Shape::Text { at, anchor, height, colour, text: text.into() });
    }

    /// The file's bytes, of the kind that the path's ending names.
    ///
    /// # Errors
    /// If the ending is neither `.svg` nor `.png`.
    pub(crate) fn file(&self, path: &Path) -> Result<Vec<u8>> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Ok(svg::write(self).into_bytes()),
            Some("png") => png::paint(self),
            _ => Err(Failure::new(format!("`{}` ends neither in .svg nor in .png", path.display()))),
        }
    }
}

impl Shape {
    /// The shape so far to the right.
    fn moved(mut self, by: f32) -> Self {
        match &mut self {
            Self::Rectangle { at, .. } | Self::Text { at, .. } | Self::Pixels { at, .. } => at[0] += by,
            Self::Disc { centre, .. } => centre[0] += by,
            Self::Line { points, .. } => points.iter_mut().for_each(|point| point[0] += by),
        }
        self
    }
}

/// The width of a text of this height.
pub(crate) fn width(text: &str, height: f32) -> f32 {
    font::width(text, height)
}
