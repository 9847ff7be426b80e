use super::Pass;
use crate::geometry::Axis;
use crate::kernels::Sampling;
use crate::simd::{Level, Operand, Outer, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// The gradients of a convolution's kernel and biases, of [`Conv2d`](crate::kernels::Conv2d),
/// [`Winograd`](crate::kernels::Winograd) or [`Dense`](crate::kernels::Dense).
///
/// `weight[o][k][i] += Σ gradient[p][o] · input[p · stride + k · dilation − before][i]` over the output's pixels `p`, and
/// of a transposed convolution the same with input and output exchanged. They lie among the sums as the weights do among
/// the packed ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvWeights {
    /// What the convolution read.
    pub input: Slot,
    /// The gradient with respect to its sums.
    pub gradient: Slot,
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// `Direct` or `Transposed`.
    pub sampling: Sampling,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// First float of biases and panels.
    pub weights: usize,
    /// Whether the convolution has biases.
    pub bias: bool,
    /// Memory for the tensor that windows move over, with its padding: of [`padded`](Self::padded)'s size; `None` where
    /// there is no padding.
    pub scratch: Option<Slot>,
}

impl ConvWeights {
    /// The tensor that windows move over, and the one with a pixel for each window.
    const fn moved(&self) -> [&Slot; 2] {
        match self.sampling {
            Sampling::Transposed => [&self.gradient, &self.input],
            Sampling::Direct | Sampling::Upsampled(_) => [&self.input, &self.gradient],
        }
    }

    /// Height, width and channels of what windows move over with all cells that they reach, where those are more than
    /// the tensor has.
    #[must_use]
    pub fn padded(&self) -> Option<[usize; 3]> {
        let [over, windows] = self.moved();
        let reach =
            |axis: &Axis, count: usize| (count - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1;
        let sizes = [reach(&self.rows, windows.height), reach(&self.columns, windows.width)];
        let inside = [self.rows.before, self.columns.before] == [0, 0]
            && sizes[0] <= over.height
            && sizes[1] <= over.width;
        (!inside).then_some([sizes[0], sizes[1], over.channels])
    }

    /// Adds the gradients.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        if self.bias {
            let [floats] = pass.run.read([&self.gradient]);
            add_biases(level, floats, &self.gradient, self.groups, &mut pass.sums[self.weights..]);
        }
        let [over, windows] = self.moved();
        let (over_floats, windows_floats, over_slot);
        if let Some(scratch) = &self.scratch {
            let ([from, windows], padded) = pass.run.operands([over, windows], scratch);
            self.pad(over, from, scratch, padded);
            (over_floats, windows_floats, over_slot) = (&*padded, windows, scratch);
        } else {
            [over_floats, windows_floats] = pass.run.read([over, windows]);
            over_slot = over;
        }
        let operands = [
            Operand { floats: over_floats, steps: [over_slot.width * over_slot.pitch, over_slot.pitch] },
            Operand { floats: windows_floats, steps: [windows.width * windows.pitch, windows.pitch] },
        ];
        let sums = &mut pass.sums[self.weights..];
        level.dispatch(Task { kernel: self, operands, sums });
    }

    /// Copies the tensor that windows move over between zeros.
    fn pad(&self, slot: &Slot, from: &[f32], scratch: &Slot, padded: &mut [f32]) {
        padded.fill(0.0);
        let [top, left] = [self.rows.before, self.columns.before];
        // The last rows and columns may be past all windows.
        let rows = slot.height.min(scratch.height.saturating_sub(top));
        let columns = slot.width.min(scratch.width.saturating_sub(left));
        for y in 0..rows {
            for x in 0..columns {
                let from = &from[(y * slot.width + x) * slot.pitch..][..slot.channels];
                padded[((y + top) * scratch.width + x + left) * scratch.pitch..][..slot.channels]
                    .copy_from_slice(from);
            }
        }
    }
}

struct Task<'a> {
    kernel: &'a ConvWeights,
    /// What windows move over, and what has a pixel for each.
    operands: [Operand<'a>; 2],
    sums: &'a mut [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel, operands: [over, windows], sums } = self;
        let ConvWeights { input, gradient, rows, columns, groups, .. } = kernel;
        let (inputs, outputs) = (input.channels / groups, gradient.channels / groups);
        let transposed = kernel.sampling == Sampling::Transposed;
        let pixels = kernel.moved()[1];
        let pixels = [pixels.height, pixels.width];
        let panels = &mut sums[groups * padded(outputs)..];
        let taps = [rows.kernel, columns.kernel];
        let group_floats = padded(outputs) * taps[0] * taps[1] * inputs;
        for group in 0..*groups {
            let panels = &mut panels[group * group_floats..][..group_floats];
            // Windows move over `over` in steps of their stride.
            let [down, across] = over.steps;
            let steps = [down * rows.stride, across * columns.stride];
            let (down, across) = (down * rows.dilation, across * columns.dilation);
            if transposed {
                for tap in 0..taps[0] * taps[1] {
                    let at = tap / taps[1] * down + tap % taps[1] * across + group * outputs;
                    Outer {
                        left: Operand { floats: &windows.floats[group * inputs..], steps: windows.steps },
                        offsets: [(1, 0), (1, 0)],
                        run: inputs,
                        right: Operand { floats: &over.floats[at..], steps },
                        channels: outputs,
                        pixels,
                        first: tap * inputs,
                        panel: taps[0] * taps[1] * inputs * PANEL,
                        sums: panels,
                    }
                    .add(simd);
                }
            } else {
                Outer {
                    left: Operand { floats: &over.floats[group * inputs..], steps },
                    offsets: [(taps[0], down), (taps[1], across)],
                    run: inputs,
                    right: Operand { floats: &windows.floats[group * outputs..], steps: windows.steps },
                    channels: outputs,
                    pixels,
                    first: 0,
                    panel: taps[0] * taps[1] * inputs * PANEL,
                    sums: panels,
                }
                .add(simd);
            }
        }
    }
}

/// Adds the gradients of all pixels to those of the biases: each group's output channels from a whole panel on.
pub(crate) fn add_biases(level: Level, floats: &[f32], gradient: &Slot, groups: usize, sums: &mut [f32]) {
    level.dispatch(Biases { floats, gradient, groups, sums });
}

/// Gradients to add up, row by row so that little is lost to rounding.
struct Biases<'a> {
    floats: &'a [f32],
    gradient: &'a Slot,
    groups: usize,
    sums: &'a mut [f32],
}

impl WithSimd for Biases<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let channels = self.gradient.channels;
        let mut channel = 0;
        // Several vectors at once, for each addition waits for the one before.
        while channels - channel >= 4 * S::LANES {
            self.vectors::<S, 4>(s, channel);
            channel += 4 * S::LANES;
        }
        for channel in (channel..channels).step_by(S::LANES) {
            self.vectors::<S, 1>(s, channel);
        }
    }
}

impl Biases<'_> {
    /// Adds up `V` vectors of channels, of which the last may be a part of one.
    #[inline(always)]
    fn vectors<S: Simd, const V: usize>(&mut self, s: S, channel: usize) {
        let Slot { height, width, channels, pitch, .. } = *self.gradient;
        let mut totals = [s.splat(0.0); V];
        for y in 0..height {
            let mut row = [s.splat(0.0); V];
            for x in 0..width {
                let floats = &self.floats[(y * width + x) * pitch..][channel..channels];
                for (v, sum) in row.iter_mut().enumerate() {
                    let floats = &floats[v * S::LANES..];
                    let lanes = if floats.len() < S::LANES { s.load_partial(floats) } else { s.load(floats) };
                    *sum = s.add(*sum, lanes);
                }
            }
            totals.iter_mut().zip(row).for_each(|(total, row)| *total = s.add(*total, row));
        }
        let outputs = channels / self.groups;
        for (v, total) in totals.into_iter().enumerate() {
            let channel = channel + v * S::LANES;
            let count = S::LANES.min(channels - channel);
            let (group, own) = (channel / outputs, channel % outputs);
            let mut lanes = [0.0; PANEL];
            s.store_partial(total, &mut lanes[..S::LANES]);
            if own + count <= outputs {
                let sums = &mut self.sums[group * padded(outputs) + own..][..count];
                sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += lane);
            } else {
                // Lanes past a group's end belong to the next one.
                for (channel, lane) in (channel..channel + count).zip(lanes) {
                    self.sums[channel / outputs * padded(outputs) + channel % outputs] += lane;
                }
            }
        }
    }
}
