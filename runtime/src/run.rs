//! What a kernel works on: the operands of one run.

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
        let (read, [written, _]) = self.split(inputs, [output, &NOTHING]);
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

    /// Two slots, to write, and slots beside them. Where they are constants, little is left of it.
    #[inline(always)]
    fn split<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        written: [&Slot; 2],
    ) -> ([&[f32]; N], [&mut [f32]; 2]) {
        let arena = Cut::new(self.arena, written, Memory::Arena);
        // Nothing is there in a prediction, where every nanosecond of a small kernel counts.
        let shared = if self.shared.is_empty() {
            Cut { reads: [(0, &[]); 3], writes: [&mut [], &mut []] }
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
        let [one, two] = arena.writes;
        let [other_one, other_two] = shared.writes;
        let choose = |slot: &Slot| slot.memory == Memory::Shared;
        (
            read,
            [
                if choose(written[0]) { other_one } else { one },
                if choose(written[1]) { other_two } else { two },
            ],
        )
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

/// A slot of no floats.
const NOTHING: Slot =
    Slot { memory: Memory::Arena, offset: usize::MAX, height: 1, width: 1, channels: 0, pitch: 0 };

/// A memory, cut where it is written.
struct Cut<'a> {
    /// What lies before, between and behind, and where each starts.
    reads: [(usize, &'a [f32]); 3],
    /// The floats of the two slots that are written.
    writes: [&'a mut [f32]; 2],
}

impl<'a> Cut<'a> {
    /// Cuts `memory` around those of the slots that lie in it.
    #[inline(always)]
    fn new(memory: &'a mut [f32], written: [&Slot; 2], kind: Memory) -> Self {
        let end = memory.len();
        let place = |slot: &Slot| {
            let here = slot.memory == kind && slot.channels > 0;
            if here { slot.offset..slot.offset + slot.span() } else { end..end }
        };
        let (one, two) = (place(written[0]), place(written[1]));
        let swapped = two.start < one.start;
        let (first, second) = if swapped { (two, one) } else { (one, two) };
        let (low, rest) = memory.split_at_mut(first.start);
        let (one, rest) = rest.split_at_mut(first.len());
        let (between, rest) = rest.split_at_mut(second.start - first.end);
        let (two, high) = rest.split_at_mut(second.len());
        Self {
            reads: [(0, low), (first.end, between), (second.end, high)],
            writes: if swapped { [two, one] } else { [one, two] },
        }
    }

    /// The floats of a slot that is not written.
    #[inline(always)]
    fn read(&self, slot: &Slot) -> &'a [f32] {
        let range = slot.offset..slot.offset + slot.span();
        let [low, between, high] = self.reads;
        let (start, floats) = if range.end <= low.1.len() {
            low
        } else if range.end <= between.0 + between.1.len() {
            between
        } else {
            high
        };
        &floats[range.start - start..range.end - start]
    }
}
