use super::Activation;
use crate::run::Run;
use crate::slot::Slot;

/// An operation of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// The larger of both; NaN if either is.
    Maximum,
}

/// An operation of two tensors, element by element; an operand of one pixel stands for all pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binary {
    /// Left operand, or `None` for the output's present content.
    pub left: Option<Slot>,
    /// Right operand.
    pub right: Slot,
    /// The tensor written.
    pub output: Slot,
    /// The operation.
    pub op: BinaryOp,
    /// Applied last.
    pub activation: Activation,
}
