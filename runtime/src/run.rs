//! What a kernel works on: the operands of one run.

use core::ops::Range;

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
}

impl Run<'_> {
    /// The floats of `output`, to write, beside those of `inputs`, to read; each slice starts at the
    /// slot's offset and has its span.
    ///
    /// # Panics
    /// If an input shares floats with the output, or a slot leaves its memory. The compiler's plans do
    /// neither.
    pub fn operands<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        output: &Slot,
    ) -> ([&[f32]; N], &mut [f32]) {
        let written = output.offset..output.offset + output.span();
        let (read, written, _) = self.split(inputs, written, 0..0);
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
        let [output, scratch] = [output, scratch].map(|slot| slot.offset..slot.offset + slot.span());
        if output.start < scratch.start {
            return self.split(inputs, output, scratch);
        }
        let (read, scratch, output) = self.split(inputs, scratch, output);
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
            };
            &memory[slot.offset..slot.offset + slot.span()]
        })
    }

    /// Two ranges of the arena, to write, the second behind the first unless it is empty, and slots beside them.
    fn split<const N: usize>(
        &mut self,
        inputs: [&Slot; N],
        first: Range<usize>,
        second: Range<usize>,
    ) -> ([&[f32]; N], &mut [f32], &mut [f32]) {
        let second = if second.is_empty() { self.arena.len()..self.arena.len() } else { second };
        let (low, rest) = self.arena.split_at_mut(first.start);
        let (one, rest) = rest.split_at_mut(first.len());
        let (between, rest) = rest.split_at_mut(second.start - first.end);
        let (two, high) = rest.split_at_mut(second.len());
        let read = inputs.map(|slot| -> &[f32] {
            let range = slot.offset..slot.offset + slot.span();
            match slot.memory {
                Memory::Input(index) => &self.inputs[index][range],
                Memory::Arena if range.end <= first.start => &low[range],
                Memory::Arena if range.end <= second.start => {
                    &between[range.start - first.end..range.end - first.end]
                }
                Memory::Arena => &high[range.start - second.end..range.end - second.end],
            }
        });
        (read, one, two)
    }

    /// The floats of a slot that a kernel changes in place.
    pub fn in_place(&mut self, slot: &Slot) -> &mut [f32] {
        &mut self.arena[slot.offset..slot.offset + slot.span()]
    }
}
