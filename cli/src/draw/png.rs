//! Pictures as PNG, at two pixels for each of the figure's.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{RgbImage, RgbaImage};
use tiny_skia::{FillRule, LineCap, Mask, Paint, Path, PathBuilder, Pixmap, Rect, StrokeDash, Transform};

use super::figure::{Anchor, Colour, Figure, Shape, Stroke};
use super::font;
use crate::failure::{Failure, Result};

/// Pixels of the file for each of the figure's along an axis: screens are that fine.
const SCALE: f32 = 2.0;

/// The bytes of a picture.
///
/// # Errors
/// If it is too large to be painted.
pub(super) fn paint(figure: &Figure) -> Result<Vec<u8>> {
    let [width, height] = figure.size.map(|length| (length * SCALE).ceil() as u32);
    let mut canvas = Pixmap::new(width, height)
        .ok_or_else(|| Failure::new(format!("a picture of {width}×{height} pixels cannot be painted")))?;
    for shape in &figure.shapes {
        draw(&mut canvas, shape);
    }
    let straight = canvas.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    let image = RgbaImage::from_raw(width, height, straight.collect()).expect("four bytes a pixel");
    Ok(compress(&image.into()))
}

/// A PNG of these pixels.
pub(super) fn encode(columns: usize, pixels: &[Colour]) -> Vec<u8> {
    let rows = pixels.len() / columns.max(1);
    let image = RgbImage::from_raw(columns as u32, rows as u32, pixels.as_flattened().to_vec());
    compress(&image.expect("whole rows of pixels").into())
}

/// A PNG of these pixels, clear where there is none.
pub(crate) fn encode_clear(columns: usize, pixels: &[Option<Colour>]) -> Vec<u8> {
    let rows = pixels.len() / columns.max(1);
    let bytes =
        pixels.iter().flat_map(|pixel| pixel.map_or([0; 4], |[red, green, blue]| [red, green, blue, 255]));
    let image = RgbaImage::from_raw(columns as u32, rows as u32, bytes.collect());
    compress(&image.expect("whole rows of pixels").into())
}

fn compress(image: &image::DynamicImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive);
    image.write_with_encoder(encoder).expect("memory takes every byte");
    file.into_inner()
}

fn draw(canvas: &mut Pixmap, shape: &Shape) {
    match shape {
        Shape::Rectangle { at, size, radius, fill, stroke } => {
            paint_path(canvas, rectangle(*at, *size, *radius), *fill, *stroke);
        }
        Shape::Line { points, stroke } => {
            let mut path = PathBuilder::new();
            for (index, [x, y]) in points.iter().enumerate() {
                if index == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
            }
            paint_path(canvas, path.finish(), None, Some(*stroke));
        }
        Shape::Disc { centre: [x, y], radius, fill, stroke } => {
            paint_path(canvas, PathBuilder::from_circle(*x, *y, *radius), *fill, *stroke);
        }
        Shape::Text { at: [x, y], anchor, height, colour, text } => {
            let before = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => font::width(text, *height) / 2.0,
                Anchor::End => font::width(text, *height),
            };
            paint_path(canvas, font::outlines(text, *height, [x - before, *y]), Some(*colour), None);
        }
        Shape::Pixels { at: [x, y], size: [width, height], columns, pixels } => {
            let rows = pixels.len() / columns.max(&1);
            let cell = [width / *columns as f32, height / rows as f32];
            for (index, colour) in pixels.iter().enumerate() {
                let [column, row] = [index % columns, index / columns];
                let at = [x + column as f32 * cell[0], y + row as f32 * cell[1]];
                paint_sharp(canvas, at, cell, *colour);
            }
        }
    }
}

/// Fills the whole pixels whose centres a cell covers: neighbours leave no seam.
fn paint_sharp(canvas: &mut Pixmap, [x, y]: [f32; 2], [width, height]: [f32; 2], colour: Colour) {
    let edge = |length: f32| (length * SCALE).round();
    let rectangle = Rect::from_ltrb(edge(x), edge(y), edge(x + width), edge(y + height));
    if let Some(rectangle) = rectangle {
        let mut paint = ink(colour);
        paint.anti_alias = false;
        canvas.fill_rect(rectangle, &paint, Transform::identity(), None::<&Mask>);
    }
}

fn paint_path(canvas: &mut Pixmap, path: Option<Path>, fill: Option<Colour>, stroke: Option<Stroke>) {
    let (Some(path), transform) = (path, Transform::from_scale(SCALE, SCALE)) else { return };
    if let Some(colour) = fill {
        canvas.fill_path(&path, &ink(colour), FillRule::Winding, transform, None);
    }
    if let Some(Stroke { colour, width, dashed }) = stroke {
        let dash = if dashed { StrokeDash::new(vec![3.0, 3.0], 0.0) } else { None };
        let line_cap = LineCap::Butt;
        let stroke = tiny_skia::Stroke { width, dash, line_cap, ..tiny_skia::Stroke::default() };
        canvas.stroke_path(&path, &ink(colour), &stroke, transform, None);
    }
}

fn ink([red, green, blue]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

/// A rectangle with its corners rounded; nothing if it is empty.
fn rectangle([x, y]: [f32; 2], [width, height]: [f32; 2], radius: f32) -> Option<Path> {
    let radius = radius.min(width / 2.0).min(height / 2.0);
    if radius <= 0.0 {
        return Some(PathBuilder::from_rect(Rect::from_xywh(x, y, width, height)?));
    }
    let (right, bottom) = (x + width, y + height);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.quad_to(right, y, right, y + radius);
    path.line_to(right, bottom - radius);
    path.quad_to(right, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.quad_to(x, bottom, x, bottom - radius);
    path.line_to(x, y + radius);
    path.quad_to(x, y, x + radius, y);
    path.close();
    path.finish()
}
