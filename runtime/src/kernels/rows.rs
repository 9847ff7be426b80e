//! Loops over the floats of pixels and rows that several kernels share.

use super::parts::parts;
use crate::simd::{Grid, Parts, Simd};
use crate::slot::Slot;
use crate::team::Team;
use crate::weights::PANEL;

/// How the pixels of a tensor are reached: one pixel may stand for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    /// Floats from one row to the next.
    pub(crate) row: usize,
    /// Floats from one pixel to the next.
    pub(crate) pixel: usize,
}

impl Steps {
    /// Every pixel once.
    pub(crate) const fn each(slot: &Slot) -> Self {
        Self { row: slot.width * slot.pitch, pixel: slot.pitch }
    }

    /// The pixels that stand beside those of `output`: a single one beside all of them.
    pub(crate) const fn beside(slot: &Slot, output: &Slot) -> Self {
        if slot.height * slot.width == 1 && output.height * output.width > 1 {
            Self { row: 0, pixel: 0 }
        } else {
            Self::each(slot)
        }
    }
}

/// Calls `write` with each row of a tensor whose span is `data`, from its first float to its last, and the row's index.
/// The team shares the rows if they are worth it, where each float takes as long as so many multiply–adds.
pub(crate) fn each_row(
    team: &Team,
    slot: &Slot,
    data: &mut [f32],
    macs: usize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) {
    let Slot { height, width, channels, pitch, .. } = *slot;
    let count = parts(slot.len() * macs);
    if count == 1 {
        // Rows that are not shared are slices.
        let span = (width - 1) * pitch + channels;
        return (0..height).for_each(|y| write(y, &mut data[y * width * pitch..][..span]));
    }
    let pixels = Parts::new(0..height * width, width, count);
    let grid = Grid::new(data, slot, pixels, Parts::new(0..channels, channels, 1));
    grid.each(team, &mut [], |cells, _| {
        for y in cells.rows() {
            cells.runs(y * width..(y + 1) * width, |row| write(y, row));
        }
    });
}

/// Copies `width` pixels of `channels` floats from one row to another, `from` and `to` floats apart.
#[inline]
pub(crate) fn copy_pixels(
    input: &[f32],
    from: usize,
    output: &mut [f32],
    to: usize,
    width: usize,
    channels: usize,
) {
    if from == channels && to == channels {
        return output[..width * channels].copy_from_slice(&input[..width * channels]);
    }
    for (x, pixel) in output.chunks_mut(to).take(width).enumerate() {
        copy_channels(&input[x * from..][..channels], &mut pixel[..channels]);
    }
}

/// Copies one pixel; a loop for the few floats that are not worth a call.
#[inline(always)]
pub(crate) fn copy_channels(input: &[f32], output: &mut [f32]) {
    if output.len() < 8 {
        for (to, from) in output.iter_mut().zip(input) {
            *to = *from;
        }
    } else {
        output.copy_from_slice(input);
    }
}

/// The floats of `from`, at most a vector of them; zero in the lanes after.
#[inline(always)]
pub(crate) fn load<S: Simd>(s: S, from: &[f32]) -> S::V {
    // Partial stores are slow on AVX2, and partial loads no faster than whole ones anywhere.
    if from.len() == S::LANES { s.load(from) } else { s.load_partial(from) }
}

/// Writes as many lanes as `to` has floats, at most a vector of them.
#[inline(always)]
pub(crate) fn store<S: Simd>(s: S, value: S::V, to: &mut [f32]) {
    if to.len() == S::LANES { s.store(value, to) } else { s.store_partial(value, to) }
}

/// Replaces each vector `x` of some floats by a value. A macro, because nothing makes the compiler
/// inline a closure, and code that is not inlined is not compiled for the SIMD level.
macro_rules! map {
    ($s:expr, $floats:expr, |$x:ident| $value:expr) => {
        for lanes in $floats.chunks_mut(S::LANES) {
            let $x = $crate::kernels::rows::load($s, lanes);
            $crate::kernels::rows::store($s, $value, lanes);
        }
    };
}
pub(crate) use map;

/// `output = f(output, other)`
#[inline(always)]
pub(crate) fn zip_in_place<S: Simd>(s: S, output: &mut [f32], other: &[f32], f: impl Fn(S::V, S::V) -> S::V) {
    let mut chunks = output.chunks_exact_mut(S::LANES);
    let mut others = other.chunks_exact(S::LANES);
    for (chunk, b) in (&mut chunks).zip(&mut others) {
        s.store(f(s.load(chunk), s.load(b)), chunk);
    }
    let (rest, b) = (chunks.into_remainder(), others.remainder());
    if !rest.is_empty() {
        s.store_partial(f(s.load_partial(rest), s.load_partial(b)), rest);
    }
}

/// `output = f(left, right)`
#[inline(always)]
pub(crate) fn zip_into<S: Simd>(
    s: S,
    left: &[f32],
    right: &[f32],
    output: &mut [f32],
    f: impl Fn(S::V, S::V) -> S::V,
) {
    let mut chunks = output.chunks_exact_mut(S::LANES);
    let (mut lefts, mut rights) = (left.chunks_exact(S::LANES), right.chunks_exact(S::LANES));
    for ((chunk, a), b) in (&mut chunks).zip(&mut lefts).zip(&mut rights) {
        s.store(f(s.load(a), s.load(b)), chunk);
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let (a, b) = (s.load_partial(lefts.remainder()), s.load_partial(rights.remainder()));
        s.store_partial(f(a, b), rest);
    }
}

/// The first `count` lanes of a vector; loads of fewer floats fill the others with zeros.
#[inline(always)]
pub(crate) fn lanes_below<S: Simd>(s: S, count: usize) -> S::M {
    const NUMBERS: [f32; PANEL] = {
        let mut numbers = [0.0; PANEL];
        let mut lane = 0;
        while lane < PANEL {
            numbers[lane] = lane as f32;
            lane += 1;
        }
        numbers
    };
    s.lt(s.load(&NUMBERS), s.splat(count as f32))
}
