//! What the kernels of the backward pass share.

use crate::kernels::rows::copy_pixels;
use crate::run::Run;
use crate::slot::Slot;

/// As [`Run::operands`], of slots that may be missing; their floats are without meaning.
pub(super) fn operands<'a, const N: usize>(
    run: &'a mut Run<'_>,
    inputs: [Option<&Slot>; N],
    output: &Slot,
) -> ([&'a [f32]; N], &'a mut [f32]) {
    match inputs.into_iter().flatten().next() {
        Some(first) => run.operands(inputs.map(|slot| slot.unwrap_or(first)), output),
        None => ([&[]; N], run.in_place(output)),
    }
}

/// Calls `change` with each row of `saved` and the same row of `output`, in which lie the pixels of `from`, or without
/// it those that were there already.
pub(super) fn each_row(
    run: &mut Run<'_>,
    from: Option<&Slot>,
    saved: &Slot,
    output: &Slot,
    mut change: impl FnMut(&[f32], &mut [f32]),
) {
    let ([data, kept], written) = operands(run, [from, Some(saved)], output);
    let Slot { width, channels, pitch, .. } = *output;
    let rows = written.chunks_mut(width * pitch).zip(kept.chunks(width * saved.pitch));
    for (y, (row, kept)) in rows.enumerate() {
        if let Some(from) = from {
            copy_pixels(&data[y * width * from.pitch..], from.pitch, row, pitch, width, channels);
        }
        change(kept, row);
    }
}

/// Writes zeros to the pixels of `output`, whose floats, `pitch` from one pixel to the next, start with one.
pub(super) fn clear(output: &mut [f32], channels: usize, pitch: usize) {
    if pitch == channels {
        return output.fill(0.0);
    }
    for pixel in output.chunks_mut(pitch) {
        pixel[..channels].fill(0.0);
    }
}
