//! Where a model keeps its weights and a run its tensors.

use crate::model::Model;
#[cfg(feature = "alloc")]
use crate::pages;
#[cfg(feature = "alloc")]
use crate::weights::{Data, Load, pack};
#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};
use core::fmt;
use core::marker::PhantomData;

/// A value at a multiple of 64 bytes, a cache line: what to wrap a static arena or static weights in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub struct Aligned<T>(pub T);

/// Zeroed floats on the heap, the first at a multiple of 64 bytes, or of a large page where they fill one; by default
/// none.
#[cfg(feature = "alloc")]
#[derive(Default)]
pub struct Heap {
    floats: Vec<f32>,
    start: usize,
    len: usize,
}

#[cfg(feature = "alloc")]
impl Heap {
    /// This many zeros.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        let align = if len * size_of::<f32>() < pages::LARGE { 64 } else { pages::LARGE };
        // So much more than needed that the first multiple can be found without unsafe code; the allocator gives zeroed
        // pages without touching them.
        let spare = align / size_of::<f32>();
        let mut floats = vec![0.0; len + spare];
        let start = floats.as_ptr().align_offset(align).min(spare);
        pages::ask(&mut floats[start..]);
        Self { floats, start, len }
    }

    /// The floats.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.floats[self.start..self.start + self.len]
    }

    /// The floats, to write.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.floats[self.start..self.start + self.len]
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Heap({} floats)", self.len)
    }
}

/// The packed weights of a model.
pub struct Weights(WeightsStorage);

enum WeightsStorage {
    Static(&'static [f32]),
    #[cfg(feature = "alloc")]
    Heap(Heap),
}

impl Weights {
    /// Weights that were packed before the program started.
    #[must_use]
    pub const fn from_static(packed: &'static [f32]) -> Self {
        Self(WeightsStorage::Static(packed))
    }

    /// Packs `tensors` into `floats` floats on the heap.
    ///
    /// # Panics
    /// As [`pack`].
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn pack(loads: &[Load<'_>], tensors: &[Data<'_>], floats: usize) -> Self {
        let mut heap = Heap::zeroed(floats);
        pack(loads, tensors, heap.as_mut_slice());
        Self(WeightsStorage::Heap(heap))
    }

    /// The floats that the kernels read.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        match &self.0 {
            WeightsStorage::Static(packed) => packed,
            #[cfg(feature = "alloc")]
            WeightsStorage::Heap(heap) => heap.as_slice(),
        }
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weights({} floats)", self.as_slice().len())
    }
}

/// The memory of the runs of model `M`, one run at a time: its arena and what batches need beside it, on the heap or in
/// a `static`, never on the stack.
pub struct Workspace<M> {
    memory: Memory,
    model: PhantomData<fn() -> M>,
}

enum Memory {
    Static(&'static mut [f32]),
    #[cfg(feature = "alloc")]
    Heap(Heap),
}

impl<M: Model> Workspace<M> {
    /// A workspace on the heap.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn new() -> Self {
        Self { memory: Memory::Heap(Heap::zeroed(M::ARENA + M::BATCH)), model: PhantomData }
    }

    /// A workspace in the caller's memory. Kernels are fastest where it starts a cache line, as in an
    /// [`Aligned`]; they are correct wherever it starts. With less than [`Model::ARENA`] and [`Model::BATCH`] floats
    /// together, a batch is computed one image after the other.
    ///
    /// # Errors
    /// If the memory has less than [`Model::ARENA`] floats.
    pub fn from_static(memory: &'static mut [f32]) -> Result<Self, TooSmall> {
        let found = memory.len();
        let used = if found < M::ARENA + M::BATCH { M::ARENA } else { M::ARENA + M::BATCH };
        match memory.get_mut(..used) {
            Some(memory) => Ok(Self { memory: Memory::Static(memory), model: PhantomData }),
            None => Err(TooSmall { found, needed: M::ARENA }),
        }
    }

    /// The arena's floats, [`Model::ARENA`] of them.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        let all = match &self.memory {
            Memory::Static(floats) => floats,
            #[cfg(feature = "alloc")]
            Memory::Heap(heap) => heap.as_slice(),
        };
        &all[..M::ARENA]
    }

    /// The arena's floats, to compute in.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        self.parts().0
    }

    /// The arena's floats, and those for batches: [`Model::BATCH`] of them, or none if the caller gave no room.
    #[must_use]
    pub fn parts(&mut self) -> (&mut [f32], &mut [f32]) {
        let all = match &mut self.memory {
            Memory::Static(floats) => floats,
            #[cfg(feature = "alloc")]
            Memory::Heap(heap) => heap.as_mut_slice(),
        };
        all.split_at_mut(M::ARENA)
    }
}

#[cfg(feature = "alloc")]
impl<M: Model> Default for Workspace<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Model> fmt::Debug for Workspace<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace({} floats)", M::ARENA)
    }
}

/// Memory for a workspace has too few floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// The floats it has.
    pub found: usize,
    /// The floats that the model needs.
    pub needed: usize,
}

impl fmt::Display for TooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the workspace needs {} floats, but the memory has {}", self.needed, self.found)
    }
}

impl core::error::Error for TooSmall {}
