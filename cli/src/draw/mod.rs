//! Pictures: a list of shapes, written as SVG or painted as PNG.

pub(crate) mod chart;
pub(crate) mod colour;
pub(crate) mod figure;
mod font;
pub(crate) mod grid;
pub(crate) mod png;
pub(crate) mod svg;
