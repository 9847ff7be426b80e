use super::winograd::winograd;
use super::{Data, DepthwiseWeights, Fold, Load, Order, PANEL, Panels, ParameterId, padded, sqrt};

/// Fills the packed weights of a model from its tensors: permutes kernels into panels and folds norms,
/// in double precision, rounding once.
///
/// `tensors` holds one entry a [`Parameter`](super::Parameter), in the model's order.
///
/// # Panics
/// If a load leaves `packed` or names an element that its tensor lacks. The compiler's loads do
/// neither for tensors of the declared shapes.
pub fn pack(loads: &[Load<'_>], tensors: &[Data<'_>], packed: &mut [f32]) {
    for load in loads {
        let packed = &mut packed[load.at()..][..load.len()];
        match load {
            // Almost every file is F32: its reads are worth code of their own.
            Load::Panels(kernel) => match tensors[kernel.weight] {
                Data::F32(bytes) => {
                    let singles = bytes.as_chunks().0;
                    panels(kernel, |index| f32::from_le_bytes(singles[index]), tensors, packed);
                }
                data => panels(kernel, |index| data.get(index), tensors, packed),
            },
            Load::Phases { kernel, repeat } => phases(kernel, *repeat, tensors, packed),
            Load::Halves(kernel) => halves(kernel, tensors, packed),
            Load::Winograd { kernel, tile } => match tensors[kernel.weight] {
                Data::F32(bytes) => {
                    let singles = bytes.as_chunks().0;
                    winograd(kernel, *tile, |index| f32::from_le_bytes(singles[index]), tensors, packed);
                }
                data => winograd(kernel, *tile, |index| data.get(index), tensors, packed),
            },
            Load::Depthwise(kernel) => depthwise(kernel, tensors, packed),
            Load::Vector { weight, len, order, .. } => {
                ordered(order, *len, |at, element| packed[at] = tensors[*weight].get(element));
                packed[*len..].fill(0.0);
            }
            Load::Affine { fold, len, order, .. } => {
                let (scales, shifts) = packed.split_at_mut(padded(*len));
                ordered(order, *len, |at, element| {
                    let norm = Norm::new(fold, tensors, element);
                    scales[at] = norm.scale as f32;
                    shifts[at] = norm.shift as f32;
                });
                scales[*len..].fill(0.0);
                shifts[*len..].fill(0.0);
            }
        }
    }
}

/// The inverse of [`pack`] for loads that only move elements: calls `put` with the tensor, the element and the value of
/// each packed weight that is not padding.
///
/// # Panics
/// If a load folds a norm or changes the elements.
pub fn unpack(loads: &[Load<'_>], packed: &[f32], mut put: impl FnMut(ParameterId, usize, f32)) {
    for load in loads {
        let packed = &packed[load.at()..][..load.len()];
        match load {
            Load::Panels(kernel) => {
                assert!(kernel.before.is_none() && kernel.after.is_none(), "a norm is folded");
                unpack_panels(kernel, packed, &mut put);
            }
            Load::Depthwise(kernel) => {
                assert!(kernel.before.is_none() && kernel.after.is_none(), "a norm is folded");
                unpack_depthwise(kernel, packed, &mut put);
            }
            Load::Vector { weight, len, order, .. } => {
                ordered(order, *len, |at, element| put(*weight, element, packed[at]));
            }
            Load::Halves(_) | Load::Phases { .. } | Load::Winograd { .. } | Load::Affine { .. } => {
                unreachable!("elements were changed")
            }
        }
    }
}

fn unpack_panels(kernel: &Panels<'_>, packed: &[f32], put: &mut impl FnMut(ParameterId, usize, f32)) {
    let (biases, weights) = packed.split_at(kernel.groups * padded(kernel.outputs));
    let [rows, columns] = kernel.kernel;
    let strides = &kernel.strides;
    for output in 0..kernel.groups * kernel.outputs {
        let (group, own) = (output / kernel.outputs, output % kernel.outputs);
        let lane = group * padded(kernel.outputs) + own;
        if let Some(bias) = kernel.bias {
            put(bias, output, biases[lane]);
        }
        let panel = &weights[lane / PANEL * rows * columns * kernel.inputs * PANEL..];
        ordered(kernel.order, kernel.inputs, |at, input| {
            for tap in 0..rows * columns {
                let element = group * strides.group
                    + own * strides.output
                    + input * strides.input
                    + tap / columns * strides.row
                    + tap % columns * strides.column;
                put(kernel.weight, element, panel[(tap * kernel.inputs + at) * PANEL + lane % PANEL]);
            }
        });
    }
}

fn unpack_depthwise(
    kernel: &DepthwiseWeights,
    packed: &[f32],
    put: &mut impl FnMut(ParameterId, usize, f32),
) {
    let outputs = kernel.channels * kernel.multiplier;
    let [rows, columns] = kernel.kernel;
    let strides = &kernel.strides;
    for output in 0..outputs {
        if let Some(bias) = kernel.bias {
            put(bias, output, packed[output]);
        }
        for tap in 0..rows * columns {
            let element = output / kernel.multiplier * strides.group
                + output % kernel.multiplier * strides.output
                + tap / columns * strides.row
                + tap % columns * strides.column;
            put(kernel.weight, element, packed[(1 + tap) * padded(outputs) + output]);
        }
    }
}

impl Load<'_> {
    /// First float in the packed weights.
    #[must_use]
    pub const fn at(&self) -> usize {
        match self {
            Self::Panels(kernel)
            | Self::Halves(kernel)
            | Self::Phases { kernel, .. }
            | Self::Winograd { kernel, .. } => kernel.at,
            Self::Depthwise(kernel) => kernel.at,
            Self::Vector { at, .. } | Self::Affine { at, .. } => *at,
        }
    }

    /// Floats in the packed weights, a multiple of [`PANEL`].
    #[expect(clippy::len_without_is_empty, reason = "no load is empty")]
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Panels(kernel) => {
                let taps = kernel.kernel[0] * kernel.kernel[1] * kernel.inputs;
                kernel.groups * padded(kernel.outputs) * (1 + taps)
            }
            Self::Phases { kernel, repeat } => {
                let [rows, columns] = spread(kernel.kernel, *repeat);
                kernel.groups * padded(kernel.outputs) * (1 + rows * columns * kernel.inputs)
            }
            Self::Halves(kernel) => padded(kernel.outputs) * (1 + kernel.inputs.div_ceil(2)),
            Self::Winograd { kernel, tile } => {
                padded(kernel.outputs) * (1 + tile.kernels() * tile.channels(kernel.inputs))
            }
            Self::Depthwise(kernel) => {
                let taps = kernel.kernel[0] * kernel.kernel[1];
                padded(kernel.channels * kernel.multiplier) * (1 + taps)
            }
            Self::Vector { len, .. } => padded(*len),
            Self::Affine { len, .. } => 2 * padded(*len),
        }
    }
}

/// What a norm does to one channel: `scale · x + shift`.
#[derive(Clone, Copy)]
pub(super) struct Norm {
    pub(super) scale: f64,
    pub(super) shift: f64,
}

impl Norm {
    pub(super) const IDENTITY: Self = Self { scale: 1.0, shift: 0.0 };

    fn new(fold: &Fold, tensors: &[Data<'_>], channel: usize) -> Self {
        let get = |id: usize| f64::from(tensors[id].get(channel));
        let scale = get(fold.weight) / sqrt(get(fold.variance) + f64::from(fold.epsilon));
        Self { scale, shift: get(fold.bias) - get(fold.mean) * scale }
    }

    pub(super) fn of(fold: Option<&Fold>, tensors: &[Data<'_>], channel: usize) -> Self {
        fold.map_or(Self::IDENTITY, |fold| Self::new(fold, tensors, channel))
    }
}

/// Calls `visit(position in memory, position in the tensor)` for each element of a vector.
#[inline(always)]
fn ordered(order: &[Order], len: usize, mut visit: impl FnMut(usize, usize)) {
    let same = [Order { pixels: 1, channels: len }];
    let mut start = 0;
    for run in if order.is_empty() { &same } else { order } {
        for pixel in 0..run.pixels {
            for channel in 0..run.channels {
                visit(start + pixel * run.channels + channel, start + channel * run.pixels + pixel);
            }
        }
        start += run.pixels * run.channels;
    }
}

fn panels(kernel: &Panels<'_>, read: impl Fn(usize) -> f32 + Copy, tensors: &[Data<'_>], packed: &mut [f32]) {
    let (biases, weights) = packed.split_at_mut(kernel.groups * padded(kernel.outputs));
    let floats = kernel.kernel[0] * kernel.kernel[1] * kernel.inputs * PANEL;
    let in_group = padded(kernel.outputs) / PANEL;
    for (index, (bias, panel)) in
        biases.chunks_exact_mut(PANEL).zip(weights.chunks_exact_mut(floats)).enumerate()
    {
        let at = [index / in_group, index % in_group * PANEL];
        let cells = panel.as_chunks_mut::<PANEL>().0;
        one_panel(kernel, read, tensors, at, bias, |cell, weights| cells[cell] = weights);
    }
}

/// Rows and columns of the kernel of a convolution and of the repetition before it.
const fn spread(kernel: [usize; 2], repeat: [usize; 2]) -> [usize; 2] {
    [kernel[0] + repeat[0] - 1, kernel[1] + repeat[1] - 1]
}

fn phases(kernel: &Panels<'_>, repeat: [usize; 2], tensors: &[Data<'_>], packed: &mut [f32]) {
    let read = |index| tensors[kernel.weight].get(index);
    let (biases, weights) = packed.split_at_mut(kernel.groups * padded(kernel.outputs));
    let [rows, columns] = spread(kernel.kernel, repeat);
    let in_group = padded(kernel.outputs) / PANEL;
    let panels = weights.chunks_exact_mut(rows * columns * kernel.inputs * PANEL);
    for (index, (bias, panel)) in biases.chunks_exact_mut(PANEL).zip(panels).enumerate() {
        panel.fill(0.0);
        let cells = panel.as_chunks_mut::<PANEL>().0;
        let at = [index / in_group, index % in_group * PANEL];
        one_panel(kernel, read, tensors, at, bias, |cell, weights| {
            let (tap, input) = (cell / kernel.inputs, cell % kernel.inputs);
            let [row, column] = [tap / kernel.kernel[1], tap % kernel.kernel[1]];
            // A transposed convolution counts its taps backwards.
            let first = [kernel.kernel[0] - 1 - row, kernel.kernel[1] - 1 - column];
            for tap in 0..repeat[0] * repeat[1] {
                let [row, column] = [first[0] + tap / repeat[1], first[1] + tap % repeat[1]];
                let sums = &mut cells[(row * columns + column) * kernel.inputs + input];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
            }
        });
    }
}

fn halves(kernel: &Panels<'_>, tensors: &[Data<'_>], packed: &mut [f32]) {
    let read = |index| tensors[kernel.weight].get(index);
    let (biases, weights) = packed.split_at_mut(padded(kernel.outputs));
    let panels = weights.chunks_exact_mut(kernel.inputs.div_ceil(2) * PANEL);
    for (index, (bias, panel)) in biases.chunks_exact_mut(PANEL).zip(panels).enumerate() {
        panel.fill(0.0);
        let words = panel.as_chunks_mut::<PANEL>().0;
        one_panel(kernel, read, tensors, [0, index * PANEL], bias, |input, weights| {
            for (word, weight) in words[input / 2].iter_mut().zip(weights) {
                let half = u32::from(bfloat16(weight)) << (16 * (input % 2));
                *word = f32::from_bits(word.to_bits() | half);
            }
        });
    }
}

/// The nearest bfloat16, of two the even one; an infinity beyond the largest.
const fn bfloat16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        // Rounding could carry out of the fraction of a NaN.
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The panel of the output channels from `first` of a group: fills the biases, and hands each cell's weights to `put`.
fn one_panel(
    kernel: &Panels<'_>,
    read: impl Fn(usize) -> f32,
    tensors: &[Data<'_>],
    [group, first]: [usize; 2],
    bias: &mut [f32],
    mut put: impl FnMut(usize, [f32; PANEL]),
) {
    let strides = &kernel.strides;
    let lanes = PANEL.min(kernel.outputs - first);
    let channel = |lane: usize| group * kernel.outputs + first + lane;
    let mut after = [Norm::IDENTITY; PANEL];
    for (lane, norm) in after[..lanes].iter_mut().enumerate() {
        *norm = Norm::of(kernel.after.as_ref(), tensors, channel(lane));
    }
    let folded = kernel.before.is_some() || kernel.after.is_some();
    // What the norm before adds to each output, at cells where no padding is seen.
    let mut shift = [0.0; PANEL];

    // The taps of an input lie close together in files of PyTorch's layout, its outputs in those of
    // Keras's: all are read while their cache lines are at hand.
    let origin = group * strides.group + first * strides.output;
    ordered(kernel.order, kernel.inputs, |at, input| {
        let input = kernel.first() + input;
        let before = Norm::of(kernel.before.as_ref(), tensors, group * kernel.inputs + input);
        for row in 0..kernel.kernel[0] {
            for column in 0..kernel.kernel[1] {
                let tap = row * kernel.kernel[1] + column;
                let corner = origin + input * strides.input + row * strides.row + column * strides.column;
                let mut cell: [f32; PANEL] = core::array::from_fn(|lane| {
                    if lane < lanes { read(corner + lane * strides.output) } else { 0.0 }
                });
                if folded {
                    for lane in 0..lanes {
                        let weight = f64::from(cell[lane]);
                        shift[lane] += weight * before.shift;
                        cell[lane] = (weight * before.scale * after[lane].scale) as f32;
                    }
                }
                put(tap * kernel.inputs + at, cell);
            }
        }
    });

    bias.fill(0.0);
    for (lane, value) in bias[..lanes].iter_mut().enumerate() {
        *value = kernel.bias(tensors, channel(lane), &after[lane], shift[lane]);
    }
}

impl Panels<'_> {
    /// The first of its tensor's inputs that it has.
    pub(super) const fn first(&self) -> usize {
        match self.part {
            Some(part) => part.first,
            None => 0,
        }
    }

    /// The packed bias of a channel, to whose sum the norm before adds `shift`.
    pub(super) fn bias(&self, tensors: &[Data<'_>], channel: usize, after: &Norm, shift: f64) -> f32 {
        if self.part.is_some_and(|part| !part.biased) {
            return (after.scale * shift) as f32;
        }
        let own = self.bias.map_or(0.0, |id| f64::from(tensors[id].get(channel)));
        (after.scale * (own + shift) + after.shift) as f32
    }
}

fn depthwise(kernel: &DepthwiseWeights, tensors: &[Data<'_>], packed: &mut [f32]) {
    let strides = &kernel.strides;
    let data = &tensors[kernel.weight];
    packed.fill(0.0);
    let (biases, weights) = packed.split_at_mut(padded(kernel.channels * kernel.multiplier));
    for (output, bias) in biases[..kernel.channels * kernel.multiplier].iter_mut().enumerate() {
        let (channel, multiple) = (output / kernel.multiplier, output % kernel.multiplier);
        let before = Norm::of(kernel.before.as_ref(), tensors, channel);
        let after = Norm::of(kernel.after.as_ref(), tensors, output);
        let mut shift = 0.0;
        for tap in 0..kernel.kernel[0] * kernel.kernel[1] {
            let (row, column) = (tap / kernel.kernel[1], tap % kernel.kernel[1]);
            let element = channel * strides.group
                + multiple * strides.output
                + row * strides.row
                + column * strides.column;
            let weight = f64::from(data.get(element));
            shift += weight * before.shift;
            weights[tap * padded(kernel.channels * kernel.multiplier) + output] =
                (weight * before.scale * after.scale) as f32;
        }
        let own = kernel.bias.map_or(0.0, |id| f64::from(tensors[id].get(output)));
        *bias = (after.scale * (own + shift) + after.shift) as f32;
    }
}
