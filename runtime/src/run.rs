//! What a kernel works on: the operands of one run.

use core::array::from_fn;

use crate::simd::Level;
use crate::slot::{Memory, Slot};
use crate::team::Team;

/// One run of a model: its weights, its inputs and its arena.
#[derive(Debug)]
pub struct Run<'a> {
    /// The SIMD level that the kernels use.
    pub level: Level,
    /// Who computes.
    pub team: &'a Team,
    /// The model's packed weights.
    pub weights: &'a [f32],
    /// The caller's inputs, NHWC.
    pub inputs: &'a [&'a [f32]],
    /// Every intermediate tensor and every output.
    pub arena: &'a mut [f32],
    /// Memory beside it that keeps nothing from run to run; empty outside training.
    pub shared: &'a mut [f32],
}

impl<'a> Run<'a> {
    /// A run on the calling thread, without shared memory.
    #[must_use]
    pub const fn new(
        level: Level,
        weights: &'a [f32],
        inputs: &'a [&'a [f32]],
        arena: &'a mut [f32],
    ) -> Self {
        Self { level, team: &Team::ALONE, weights, inputs, arena, shared: &mut [] }
    }

    /// The floats of `output`, to write, beside those of `inputs`, to read; each slice starts at the
    /// slot's offset and has its span.
    ///
    /// # Panics
    /// If an input shares floats with the output, or a slot leaves its memory. The compiler's plans do
    /// neither.
    #[inline(always)]
    pub fn operands<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        output: &Slot,
    ) -> ([&[f32]; N], &mut [f32]) {
        let (read, [written]) = self.split(inputs, [output]);
        (read, written)
    }

    /// As [`operands`](Self::operands), and the floats of `scratch`, to write too.
    ///
    /// # Panics
    /// As there; `scratch` must lie apart from all of them.
    pub fn operands_and_scratch<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        output: &Slot,
        scratch: &Slot,
    ) -> ([&[f32]; N], &mut [f32], &mut [f32]) {
        let (read, [output, scratch]) = self.split(inputs, [output, scratch]);
        (read, output, scratch)
    }

    /// As [`operands_and_scratch`](Self::operands_and_scratch), with another output.
    ///
    /// # Panics
    /// As there.
    pub fn operands_of_two<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        outputs: [&Slot; 2],
        scratch: &Slot,
    ) -> ([&[f32]; N], [&mut [f32]; 2], &mut [f32]) {
        let (read, [one, two, scratch]) = self.split(inputs, [outputs[0], outputs[1], scratch]);
        (read, [one, two], scratch)
    }

    /// The floats of `inputs`, to read; each slice starts at the slot's offset and has its span.
    ///
    /// # Panics
    /// If a slot leaves its memory.
    #[must_use]
    pub fn read<const N: usize>(&self, inputs: [&Slot; N]) -> [&[f32]; N] {
        inputs.map(|slot| {
            let memory = match slot.memory {
                Memory::Input(index) => self.inputs[index],
                Memory::Arena => &*self.arena,
                Memory::Shared => &*self.shared,
            };
            &memory[slot.offset..slot.offset + slot.span()]
        })
    }

    /// Slots to write, and slots beside them. Where they are constants, little is left of it.
    #[inline(always)]
    fn split<const N: usize, const W: usize>(
        &mut self,
        inputs: [&Slot; N],
        written: [&Slot; W],
    ) -> ([&[f32]; N], [&mut [f32]; W]) {
        let arena = Cut::new(self.arena, written, Memory::Arena);
        // Nothing is there in a prediction, where every nanosecond of a small kernel counts.
        let shared = if self.shared.is_empty() {
            Cut { before: [(0, &[]); W], behind: (0, &[]), writes: [(); W].map(|()| &mut [][..]) }
        } else {
            Cut::new(self.shared, written, Memory::Shared)
        };
        let mut read = [&[][..]; N];
        for (read, slot) in read.iter_mut().zip(inputs) {
            *read = match slot.memory {
                Memory::Input(index) => &self.inputs[index][slot.offset..slot.offset + slot.span()],
                Memory::Arena => arena.read(slot),
                Memory::Shared => shared.read(slot),
            };
        }
        let mut writes = arena.writes;
        for ((write, other), slot) in writes.iter_mut().zip(shared.writes).zip(written) {
            if slot.memory == Memory::Shared {
                *write = other;
            }
        }
        (read, writes)
    }

    /// The floats of a slot that a kernel changes in place.
    pub fn in_place(&mut self, slot: &Slot) -> &mut [f32] {
        let memory = match slot.memory {
            Memory::Shared => &mut *self.shared,
            Memory::Arena | Memory::Input(_) => &mut *self.arena,
        };
        &mut memory[slot.offset..slot.offset + slot.span()]
    }
}

/// A memory, cut where it is written.
struct Cut<'a, const W: usize> {
    /// What lies before each of the slots that are written, from first to last in memory, and where it starts.
    before: [(usize, &'a [f32]); W],
    /// What lies behind them.
    behind: (usize, &'a [f32]),
    /// The floats of the slots that are written.
    writes: [&'a mut [f32]; W],
}

impl<'a, const W: usize> Cut<'a, W> {
    /// Cuts `memory` around those of the slots that lie in it.
    #[inline(always)]
    fn new(memory: &'a mut [f32], written: [&Slot; W], kind: Memory) -> Self {
        let end = memory.len();
        let places = written.map(|slot| {
            let here = slot.memory == kind;
            if here { slot.offset..slot.offset + slot.span() } else { end..end }
        });
        let mut order: [usize; W] = from_fn(|index| index);
        order.sort_unstable_by_key(|&index| places[index].start);
        let (mut before, mut writes) = ([(0, &[][..]); W], [(); W].map(|()| &mut [][..]));
        let (mut start, mut rest) = (0, memory);
        for (before, index) in before.iter_mut().zip(order) {
            let place = &places[index];
            let (beside, tail) = rest.split_at_mut(place.start - start);
            *before = (start, beside);
            (writes[index], rest) = tail.split_at_mut(place.len());
            start = place.end;
        }
        Self { before, behind: (start, rest), writes }
    }

    /// The floats of a slot that is not written.
    #[inline(always)]
    fn read(&self, slot: &Slot) -> &'a [f32] {
        let range = slot.offset..slot.offset + slot.span();
        let holds = |(start, floats): &(usize, &[f32])| range.end <= start + floats.len();
        let (start, floats) = self.before.into_iter().find(holds).unwrap_or(self.behind);
        &floats[range.start - start..range.end - start]
    }
}
