use crate::run::Run;
use crate::slot::Slot;

/// Which input cells an enlarged cell takes its value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeMode {
    /// Cell `o / scale`.
    Nearest,
    /// The two nearest along each axis, with half-pixel centres, clamped at the border.
    Bilinear,
    /// The two nearest along each axis, the corner cells aligned.
    BilinearAlignCorners,
}

/// Enlarges a tensor; the scale is output over input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; whole multiples of the input's height and width.
    pub output: Slot,
    /// The interpolation.
    pub mode: ResizeMode,
}
