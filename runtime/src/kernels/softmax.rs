use super::math;
use super::rows::{map_in_place, rows, zip_in_place};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// Softmax over the channels of each pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Whether to give the logarithm of the softmax.
    pub log: bool,
}
