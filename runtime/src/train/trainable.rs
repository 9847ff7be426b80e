use super::Program;
use crate::memory::Workspace;
use crate::model::Model;
use crate::weights::Data;

/// A network compiled with `#[train]`, or `train: true` in its file. The compiler implements it.
pub trait Trainable: Model + Sized + Sync {
    /// What a step of training does.
    const PROGRAM: Program<'static>;

    /// The model with these tensors: one for each of the program's, of its size.
    fn from_tensors(tensors: &[Data<'_>]) -> Self;

    /// Computes the outputs of an image, all inputs and outputs as floats.
    fn predict_floats(&self, inputs: &[&[f32]], output: &mut [f32], workspace: &mut Workspace<Self>);
}
