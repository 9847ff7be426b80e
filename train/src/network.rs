//! What can be trained.

use core::marker::PhantomData;

use convolve_runtime::Workspace;
use convolve_runtime::train::{Program, Trainable};
use convolve_runtime::weights::Data;

/// A network that can be trained: a compiled one as [`Compiled`], or whatever else has a program and can predict.
pub trait Network: Sync {
    /// What predicts with the weights as they are.
    type Predictor<'a>: Predictor
    where
        Self: 'a;

    /// What a step of training does.
    fn program(&self) -> Program<'_>;

    /// Predicts with these tensors: one for each of the program's, of its size.
    fn predictor<'a>(&'a self, tensors: &[Data<'_>]) -> Self::Predictor<'a>;
}

/// A network with weights that do not change.
pub trait Predictor: Sync {
    /// What a prediction computes in.
    type Memory: Send;

    /// Memory for one thread.
    fn memory(&self) -> Self::Memory;

    /// Computes the output of an image.
    fn predict(&self, inputs: &[&[f32]], output: &mut [f32], memory: &mut Self::Memory);
}

/// A network that `cnn!` has compiled for training.
#[derive(Debug)]
pub struct Compiled<M>(PhantomData<fn() -> M>);

impl<M> Compiled<M> {
    /// The network of the type `M`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> Default for Compiled<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Trainable> Network for Compiled<M> {
    type Predictor<'a>
        = Model<M>
    where
        Self: 'a;

    fn program(&self) -> Program<'_> {
        M::PROGRAM
    }

    fn predictor(&self, tensors: &[Data<'_>]) -> Model<M> {
        Model(M::from_tensors(tensors))
    }
}

/// A compiled network with weights.
#[derive(Debug)]
pub struct Model<M>(M);

impl<M: Trainable> Predictor for Model<M> {
    type Memory = Workspace<M>;

    fn memory(&self) -> Workspace<M> {
        Workspace::new()
    }

    fn predict(&self, inputs: &[&[f32]], output: &mut [f32], memory: &mut Workspace<M>) {
        self.0.predict_floats(inputs, output, memory);
    }
}
