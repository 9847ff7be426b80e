//! What every layer of a model gives, where the model was compiled to tell it.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use crate::model::Model;

/// A model that can tell what each of its layers gives: one compiled with `#[trace]` or `trace: true`.
pub trait Traced: Model {
    /// The layers, in order, and where their results lie in the arena of a trace.
    const LAYERS: &'static [Kept];
    /// Floats of that arena.
    const TRACE_ARENA: usize;
    /// Bytes of the packed weights of a trace, which no layer shares with another.
    const TRACE_WEIGHT_BYTES: usize;
}

/// A layer, and where its result lies in the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The layer's name.
    pub name: &'static str,
    /// Height, width and channels, or the length of a vector.
    pub shape: &'static [usize],
    /// Its floats.
    pub floats: Range<usize>,
}

/// The model `M` with the result of every layer kept, none fused into another: what the
/// [`Workspace`](crate::memory::Workspace) of a trace is of.
pub struct Unfused<M>(PhantomData<fn() -> M>);

impl<M> fmt::Debug for Unfused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unfused")
    }
}

impl<M: Traced> Model for Unfused<M> {
    type Input = M::Input;
    type Output = M::Output;
    const INPUT_SHAPE: &'static [usize] = M::INPUT_SHAPE;
    const OUTPUT_SHAPE: &'static [usize] = M::OUTPUT_SHAPE;
    const PARAMETERS: usize = M::PARAMETERS;
    const MACS: u64 = M::MACS;
    const ARENA: usize = M::TRACE_ARENA;
    const WEIGHT_BYTES: usize = M::TRACE_WEIGHT_BYTES;
    const SUMMARY: &'static str = M::SUMMARY;
}

/// What one layer gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer<'w> {
    /// The layer's name.
    pub name: &'static str,
    /// Height, width and channels, or the length of a vector.
    pub shape: &'static [usize],
    /// The numbers, pixel by pixel, the channels of each one after the other.
    pub data: &'w [f32],
}

/// What all layers gave for one input. It lies in the workspace of the trace.
#[derive(Clone, Copy)]
pub struct Layers<'w> {
    places: &'static [Kept],
    arena: &'w [f32],
}

impl<'w> Layers<'w> {
    /// What lies at these places of an arena.
    #[must_use]
    pub const fn new(places: &'static [Kept], arena: &'w [f32]) -> Self {
        Self { places, arena }
    }

    /// The layers, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Layer<'w>> + ExactSizeIterator {
        self.places.iter().map(move |place| self.layer(place))
    }

    /// The layer of this name, if the model has one.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Layer<'w>> {
        self.places.iter().find(|place| place.name == name).map(|place| self.layer(place))
    }

    fn layer(self, Kept { name, shape, floats }: &Kept) -> Layer<'w> {
        Layer { name, shape, data: &self.arena[floats.clone()] }
    }
}

impl fmt::Debug for Layers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.places.iter().map(|place| place.name)).finish()
    }
}
