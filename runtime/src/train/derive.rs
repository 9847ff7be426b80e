use super::share::each_piece;
use crate::simd::{Level, Simd, WithSimd};
use crate::team::Team;
use crate::weights::{PANEL, Tile, kernel_in_tiles, kernel_of_tiles, padded};

/// Taps of a 3 × 3 kernel.
const TAPS: usize = 9;

/// Panels that are made of others after every update of the weights.
///
/// `from` and `to` are the first floats of biases and panels; what is made lies behind what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// The kernel that takes an output's gradient back to the input: inputs and outputs of each group are exchanged, and
    /// there are no biases.
    Exchanged {
        /// The panels of the kernel.
        from: usize,
        /// Those of the exchanged one.
        to: usize,
        /// Taps of the kernel.
        taps: usize,
        /// Groups.
        groups: usize,
        /// Input channels of a group.
        inputs: usize,
        /// Output channels of a group.
        outputs: usize,
    },
    /// A 3 × 3 kernel, transformed for [`Winograd`](crate::kernels::Winograd).
    Tiles {
        /// The panels of the kernel.
        from: usize,
        /// Those of the transformed one.
        to: usize,
        /// Input channels of the kernel.
        inputs: usize,
        /// Output channels of the kernel.
        outputs: usize,
        /// The tiles, of whole kernels.
        tile: Tile,
        /// Whether inputs and outputs are exchanged and the taps turned about, for the way back.
        back: bool,
    },
}

impl Derived {
    /// Floats that are made.
    #[must_use]
    pub const fn len(&self) -> usize {
        match *self {
            Self::Exchanged { taps, groups, inputs, outputs, .. } => {
                groups * padded(inputs) * (1 + taps * outputs)
            }
            Self::Tiles { inputs, outputs, tile, back, .. } => {
                let [inputs, outputs] = if back { [outputs, inputs] } else { [inputs, outputs] };
                padded(outputs) * (1 + tile.elements() * inputs)
            }
        }
    }

    /// Whether nothing is made; no kernel is so small.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the panels.
    ///
    /// # Panics
    /// If they leave `weights`, or do not lie behind what they are made of.
    pub fn make(&self, level: Level, team: &Team, weights: &mut [f32]) {
        let (Self::Exchanged { from, to, .. } | Self::Tiles { from, to, .. }) = *self;
        let (before, after) = weights.split_at_mut(to);
        let (source, made) = (&before[from..], &mut after[..self.len()]);
        match *self {
            Self::Exchanged { taps, groups, inputs, outputs, .. } => {
                let (biases, panels) = made.split_at_mut(groups * padded(inputs));
                biases.fill(0.0);
                let source = &source[groups * padded(outputs)..];
                let in_group = padded(inputs) / PANEL;
                each_piece(team, panels, taps * outputs * PANEL, |index, panel| {
                    let source = &source[index / in_group * padded(outputs) * taps * inputs..];
                    let sizes = [taps, inputs, outputs];
                    level.dispatch(Exchange { source, panel, first: index % in_group * PANEL, sizes });
                });
            }
            Self::Tiles { inputs, outputs, tile, back, .. } => {
                let given = padded(outputs);
                let (biases, panels) = made.split_at_mut(padded(if back { inputs } else { outputs }));
                if back {
                    biases.fill(0.0);
                } else {
                    biases.copy_from_slice(&source[..given]);
                }
                let piece = tile.elements() * PANEL * if back { outputs } else { inputs };
                each_piece(team, panels, piece, |index, panel| {
                    let (source, first) = (&source[given..], index * PANEL);
                    level.dispatch(InTiles { source, panel, first, sizes: [inputs, outputs], tile, back });
                });
            }
        }
    }
}

/// One panel of an exchanged kernel.
struct Exchange<'a> {
    /// The panels of the group.
    source: &'a [f32],
    panel: &'a mut [f32],
    /// The first of its inputs.
    first: usize,
    /// Taps, inputs and outputs.
    sizes: [usize; 3],
}

impl WithSimd for Exchange<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { source, panel, first, sizes: [taps, inputs, outputs] } = self;
        let lanes = PANEL.min(inputs - first);
        let cells = panel.as_chunks_mut::<PANEL>().0;
        let source = source.as_chunks::<PANEL>().0;
        for output in (0..outputs).step_by(PANEL) {
            for tap in 0..taps {
                // A square of inputs by outputs, whose rows become columns.
                let square = &source[(output / PANEL * taps + tap) * inputs + first..][..lanes];
                for own in 0..PANEL.min(outputs - output) {
                    let cell = &mut cells[tap * outputs + output + own];
                    *cell = core::array::from_fn(|lane| if lane < lanes { square[lane][own] } else { 0.0 });
                }
            }
        }
    }
}

/// One panel of a transformed kernel.
struct InTiles<'a> {
    source: &'a [f32],
    panel: &'a mut [f32],
    /// The first of its outputs, or on the way back of its inputs.
    first: usize,
    /// Inputs and outputs of the kernel.
    sizes: [usize; 2],
    tile: Tile,
    back: bool,
}

impl WithSimd for InTiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { source, panel, first, sizes: [inputs, outputs], tile, back } = self;
        let cells = panel.as_chunks_mut::<PANEL>().0;
        let source = source.as_chunks::<PANEL>().0;
        let (read, lanes) = if back { (outputs, PANEL.min(inputs - first)) } else { (inputs, PANEL) };
        for index in 0..read {
            let tap =
                |tap: usize| -> [f64; PANEL] {
                    if !back {
                        return source[(first / PANEL * TAPS + tap) * inputs + index].map(f64::from);
                    }
                    let square = &source[(index / PANEL * TAPS + TAPS - 1 - tap) * inputs + first..][..lanes];
                    core::array::from_fn(|lane| {
                        if lane < lanes { f64::from(square[lane][index % PANEL]) } else { 0.0 }
                    })
                };
            let taps = core::array::from_fn(|row| core::array::from_fn(|column| tap(3 * row + column)));
            kernel_in_tiles(tile, taps, |element, lanes| cells[element * read + index] = lanes);
        }
    }
}

/// The gradient of a 3 × 3 kernel that follows from that of the transformed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// First of the totals of the transformed kernel's gradient, which lie behind those of the kernel's.
    pub from: usize,
    /// First of the totals of biases and kernel.
    pub to: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// The tiles.
    pub tile: Tile,
}

impl Restored {
    /// Writes the kernel's gradient.
    ///
    /// # Panics
    /// If it leaves `totals`, or does not lie before what it follows from.
    pub fn make(&self, level: Level, team: &Team, totals: &mut [f32]) {
        let Self { from, to, inputs, outputs, tile } = *self;
        let (before, after) = totals.split_at_mut(from);
        let panels = &mut before[to + padded(outputs)..][..padded(outputs) * TAPS * inputs];
        each_piece(team, panels, TAPS * inputs * PANEL, |index, panel| {
            let floats = tile.elements() * inputs * PANEL;
            let source = &after[index * floats..][..floats];
            level.dispatch(OutOfTiles { source, panel, inputs, tile });
        });
    }
}

/// One panel of a transformed kernel's gradient.
struct OutOfTiles<'a> {
    source: &'a [f32],
    panel: &'a mut [f32],
    inputs: usize,
    tile: Tile,
}

impl WithSimd for OutOfTiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { source, panel, inputs, tile } = self;
        let cells = panel.as_chunks_mut::<PANEL>().0;
        let source = source.as_chunks::<PANEL>().0;
        for input in 0..inputs {
            let taps = kernel_of_tiles(tile, |element| source[element * inputs + input]);
            for (tap, lanes) in taps.iter().flatten().enumerate() {
                cells[tap * inputs + input] = *lanes;
            }
        }
    }
}
