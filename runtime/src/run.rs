//! What a kernel works on: the operands of one run.

use crate::simd::Level;
use crate::slot::{Memory, Slot};

/// One run of a model: its weights, its inputs and its arena.
#[derive(Debug)]
pub struct Run<'a> {
    /// The SIMD level that the kernels use.
    pub level: Level,
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
        let start = output.offset;
        let end = start + output.span();
        let (low, rest) = self.arena.split_at_mut(start);
        let (written, high) = rest.split_at_mut(end - start);
        let read = inputs.map(|slot| -> &[f32] {
            let range = slot.offset..slot.offset + slot.span();
            match slot.memory {
                Memory::Input(index) => &self.inputs[index][range],
                Memory::Arena if range.end <= start => &low[range],
                Memory::Arena => &high[range.start - end..range.end - end],
            }
        });
        (read, written)
    }

    /// The floats of a slot that a kernel changes in place.
    pub fn in_place(&mut self, slot: &Slot) -> &mut [f32] {
        &mut self.arena[slot.offset..slot.offset + slot.span()]
    }
}
