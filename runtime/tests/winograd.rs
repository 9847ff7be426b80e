//! Winograd convolutions of random geometry against a sum over all taps in `f64`, on every SIMD level.

mod common;

use common::{Random, at, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Conv2d, PoolOp, Sampling, Source, Winograd};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::weights::{Data, Load, Panels, Strides, Tile, pack, padded};

/// A kernel `[outputs][inputs][rows][columns]` and biases.
struct Kernel {
    weight: Vec<u8>,
    bias: Vec<u8>,
    inputs: usize,
    outputs: usize,
    taps: [usize; 2],
}

impl Kernel {
    fn new(random: &mut Random, inputs: usize, outputs: usize, taps: [usize; 2]) -> Self {
        let bytes = |floats: Vec<f32>| floats.iter().flat_map(|x| x.to_le_bytes()).collect();
        let weight = bytes(random.floats(outputs * inputs * taps[0] * taps[1]));
        Self { weight, bias: bytes(random.floats(outputs)), inputs, outputs, taps }
    }

    fn panels(&self, at: usize) -> Panels<'static> {
        let [rows, columns] = self.taps;
        let input = rows * columns;
        let strides = Strides { output: self.inputs * input, input, row: columns, column: 1, group: 0 };
        let (weight, bias, kernel) = (0, Some(1), self.taps);
        let Self { inputs, outputs, .. } = *self;
        let (groups, order, before, after, part) = (1, &[][..], None, None, None);
        Panels { weight, bias, strides, groups, outputs, inputs, kernel, order, before, after, part, at }
    }

    fn pack(&self, load: Load<'_>) -> Vec<f32> {
        let mut packed = vec![f32::NAN; load.at() + load.len()];
        pack(&[load], &[Data::F32(&self.weight), Data::F32(&self.bias)], &mut packed);
        packed
    }

    fn weight(&self, output: usize, input: usize, row: usize, column: usize) -> f64 {
        Data::F32(&self.weight)
            .get(((output * self.inputs + input) * self.taps[0] + row) * self.taps[1] + column)
            .into()
    }
}

/// A convolution, the arena before it, its weights.
struct Case {
    layer: Winograd,
    kernel: Kernel,
    arena: Vec<f32>,
    weights: Vec<f32>,
}

impl Case {
    /// Element `(y, x, c)` of the convolution before its activation, and the sum of its terms' magnitudes.
    fn element(&self, y: usize, x: usize, c: usize) -> (f64, f64) {
        let Winograd { input, beside, rows, columns, .. } = &self.layer;
        let cell = |axis: &Axis, o: usize, k: usize, repeat: usize, size: usize| {
            let cell = (o * axis.stride + k * axis.dilation).checked_sub(axis.before)? / repeat;
            (cell < size).then_some(cell)
        };
        let mut terms = vec![f64::from(Data::F32(&self.kernel.bias).get(c))];
        let mut first = 0;
        for Source { slot, repeat } in [Some(input), beside.as_ref()].into_iter().flatten() {
            for (row, column) in (0..rows.kernel).flat_map(|y| (0..columns.kernel).map(move |x| (y, x))) {
                let Some(iy) = cell(rows, y, row, repeat[0], slot.height) else { continue };
                let Some(ix) = cell(columns, x, column, repeat[1], slot.width) else { continue };
                for i in 0..slot.channels {
                    let value = f64::from(self.arena[at(slot, iy, ix, i)]);
                    terms.push(value * self.kernel.weight(c, first + i, row, column));
                }
            }
            first += slot.channels;
        }
        if let Some(slot) = &self.layer.residual {
            terms.push(f64::from(self.arena[at(slot, y, x, c)]));
        }
        (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum())
    }

    /// Element `(y, x, c)` of the output.
    fn output(&self, y: usize, x: usize, c: usize) -> (f64, f64) {
        let activated = |y: usize, x: usize| {
            let (value, scale) = self.element(y, x, c);
            (activate(self.layer.activation, value), scale)
        };
        let Some(op) = self.layer.pool else { return activated(y, x) };
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| activated(2 * y + i, 2 * x + j));
        let scale = cells.iter().map(|cell| cell.1).fold(0.0, f64::max);
        let values = cells.map(|cell| cell.0);
        match op {
            PoolOp::Max => (values.into_iter().fold(f64::NEG_INFINITY, f64::max), scale),
            _ => (values.iter().sum::<f64>() / 4.0, scale),
        }
    }
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Clip { min, max } => x.clamp(min.into(), max.into()),
        Activation::Tanh => x.tanh(),
        other => unreachable!("{other:?} is not drawn"),
    }
}

fn axis(kernel: usize, [stride, dilation]: [usize; 2], before: usize, after: usize) -> Axis {
    Axis { kernel, stride, dilation, before, after }
}

/// A random case, or `None` if its window does not fit its input.
fn draw(random: &mut Random) -> Option<Case> {
    let padding = random.pick(&[[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0], [2, 1, 0, 2], [3, 0, 5, 6]]);
    let tile =
        random.pick(&[Tile::Four, Tile::Two, Tile::Phase, Tile::StridedFour, Tile::StridedTwo, Tile::Blocks]);
    let in_blocks = tile == Tile::Blocks;
    let taps = if in_blocks { random.pick(&[[7, 7], [3, 5], [8, 2], [5, 7], [1, 1]]) } else { [3, 3] };
    let (in_phases, stride) = (tile == Tile::Phase, tile.stride());
    let pool =
        (!in_phases && stride == 1 && random.chance(3)).then(|| random.pick(&[PoolOp::Max, PoolOp::Average]));
    let near = in_phases || stride > 1 || pool.is_some();
    let dilation = if near { [1, 1] } else { random.pick(&[[1, 1], [1, 1], [2, 2], [3, 1], [1, 6]]) };
    let rows = axis(taps[0], [stride, dilation[0]], padding[0] * dilation[0], padding[1] * dilation[0]);
    let columns = axis(taps[1], [stride, dilation[1]], padding[2] * dilation[1], padding[3] * dilation[1]);
    let repeat = if in_phases {
        [2, 2]
    } else if in_blocks {
        [1, 1]
    } else {
        random.pick(&[[1, 1], [1, 1], [2, 2], [1, 3]])
    };
    let size = |random: &mut Random| if random.chance(4) { random.range(1, 4) } else { random.range(3, 15) };
    let input = (size(random), size(random));
    let full = (rows.output(input.0 * repeat[0])?, columns.output(input.1 * repeat[1])?);
    let written = if pool.is_some() { (full.0 / 2, full.1 / 2) } else { full };
    if written.0 * written.1 == 0 {
        return None;
    }
    // A second tensor of the same size, by the same number of repetitions or by none.
    let second = (!in_phases && !in_blocks && random.chance(3))
        .then(|| (random.pick(&[1, 5, 16, 33]), random.chance(2)));
    let channels = random.pick(if in_blocks {
        &[1, 2, 3, 4]
    } else if second.is_some() {
        &[16, 32]
    } else {
        &[1, 3, 8, 16, 19, 32, 40][..]
    });
    let inputs = channels + second.map_or(0, |(channels, _)| channels);
    let outputs = random.pick(&[1, 7, 16, 17, 24, 32, 40, 70]);
    if full.0 * full.1 * inputs * outputs > 300_000 {
        return None;
    }
    let block = random.range(1, 16);
    let offset = random.range(0, 9);
    let slot = random.slot(offset, input.0, input.1, channels);
    let mut read = end(&slot);
    let beside = second.map(|(channels, repeated)| {
        let factors = repeat;
        let repeat = if repeated { repeat } else { [1, 1] };
        let [height, width] =
            if repeated { [input.0, input.1] } else { [input.0 * factors[0], input.1 * factors[1]] };
        let slot = random.slot(read + 2, height, width, channels);
        read = end(&slot);
        Source { slot, repeat }
    });
    let input = Source { slot, repeat };
    // Scratch and output in either order.
    let floats = Winograd::scratch(tile, block, [inputs, outputs]);
    let place = |offset: usize| Slot::arena(offset, [1, 1, floats]);
    let (output, scratch, mut last) = if random.chance(2) {
        let scratch = place(read + 1);
        let output = random.slot(end(&scratch), written.0, written.1, outputs);
        (output, scratch, end(&output))
    } else {
        let output = random.slot(read + 1, written.0, written.1, outputs);
        (output, place(end(&output) + 3), end(&output) + 3 + floats)
    };
    let residual = random.chance(3).then(|| {
        let in_place = pool.is_none() && random.chance(2);
        if in_place { output } else { random.slot(last, full.0, full.1, outputs) }
    });
    last = residual.as_ref().map_or(last, |slot| last.max(end(slot)));
    let activations =
        [Activation::Linear, Activation::Relu, Activation::Clip { min: -0.25, max: 0.5 }, Activation::Tanh];
    let activation = random.pick(&activations[..if pool.is_some() { 3 } else { 4 }]);
    let kernel = Kernel::new(random, inputs, outputs, taps);
    let weights = random.range(0, 20);
    let layer = Winograd {
        input,
        beside,
        output,
        residual,
        rows,
        columns,
        tile,
        block,
        scratch,
        weights,
        activation,
        pool,
    };
    let packed = kernel.pack(Load::Winograd { kernel: kernel.panels(weights), tile });
    Some(Case { layer, kernel, arena: random.floats(last + 5), weights: packed })
}

#[test]
fn matches_the_sum_over_all_taps() {
    let mut random = Random::new(11);
    let mut cases = 0;
    while cases < 400 {
        let Some(case) = draw(&mut random) else { continue };
        cases += 1;
        let Slot { height, width, channels, .. } = case.layer.output;
        let mut expected: Vec<(f64, f64)> = (0..height * width * channels)
            .map(|index| case.output(index / channels / width, index / channels % width, index % channels))
            .collect();
        // An error comes from all cells that a tile reads, also where an output itself sees little but padding.
        let scale = expected.iter().map(|element| element.1).fold(0.0, f64::max);
        expected.iter_mut().for_each(|element| element.1 = scale);
        for level in Level::available() {
            // What the scratch memory holds, not even NaN, is of no account.
            let scratch = case.layer.scratch.offset..end(&case.layer.scratch);
            let mut before = case.arena.clone();
            before[scratch.clone()].fill(f32::NAN);
            let mut arena = before.clone();
            case.layer.run(&mut Run::new(level, &case.weights, &[], &mut arena));
            before[scratch.clone()].copy_from_slice(&arena[scratch]);
            let what = format!("case {cases} on {level}: {:?}", case.layer);
            check(&what, &case.layer.output, &before, &arena, &expected);
        }
    }
}

#[test]
fn the_error_is_at_most_three_times_that_of_a_direct_convolution() {
    let mut random = Random::new(3);
    let cases = [64, 256].into_iter().flat_map(|inputs| {
        [Tile::Two, Tile::Four, Tile::StridedTwo, Tile::StridedFour, Tile::Phase]
            .map(|tile| (inputs, tile, 3))
    });
    for (inputs, tile, taps) in cases.chain([(3, Tile::Blocks, 7)]) {
        let (repeat, sampling) = match tile {
            Tile::Phase => (2, Sampling::Upsampled([2, 2])),
            _ => (1, Sampling::Direct),
        };
        let window = axis(taps, [tile.stride(), 1], taps / 2, taps / 2);
        let kernel = Kernel::new(&mut random, inputs, 16, [taps, taps]);
        let input = Slot::arena(0, [12 * tile.stride() / repeat, 12 * tile.stride() / repeat, inputs]);
        let output = Slot::arena(input.span(), [12, 12, 16]);
        let direct = Conv2d {
            input,
            output,
            residual: None,
            rows: window,
            columns: window,
            sampling,
            groups: 1,
            weights: 0,
            activation: Activation::Linear,
            pool: None,
        };
        let packed = kernel.pack(Load::Panels(kernel.panels(0)));
        assert_eq!(packed.len(), padded(16) * (1 + taps * taps * inputs));
        let scratch = Slot::arena(end(&output), [1, 1, Winograd::scratch(tile, 9, [inputs, 16])]);
        let mut arena = random.floats(end(&scratch));
        // As after a rectifier.
        arena.iter_mut().for_each(|x| *x = x.max(0.0));
        let layer = Winograd {
            input: Source { slot: input, repeat: [repeat; 2] },
            beside: None,
            output,
            residual: None,
            rows: window,
            columns: window,
            tile,
            block: 9,
            scratch,
            weights: 0,
            activation: Activation::Linear,
            pool: None,
        };
        let transformed = kernel.pack(Load::Winograd { kernel: kernel.panels(0), tile });
        let case = Case {
            layer,
            kernel: Kernel { weight: kernel.weight.clone(), bias: kernel.bias.clone(), ..kernel },
            arena: arena.clone(),
            weights: transformed,
        };
        for level in Level::available() {
            let mut memory = arena.clone();
            let mut error = |run: &dyn Fn(&mut Run<'_>), weights: &[f32]| {
                run(&mut Run::new(level, weights, &[], &mut memory));
                let mut sum = 0.0;
                for index in 0..output.len() {
                    let (y, x, c) = (index / 16 / 12, index / 16 % 12, index % 16);
                    sum += (f64::from(memory[at(&output, y, x, c)]) - case.element(y, x, c).0).powi(2);
                }
                sum.sqrt()
            };
            let by_taps = error(&|run| direct.run(run), &packed);
            let by_tiles = error(&|run| case.layer.run(run), &case.weights);
            let ratio = by_tiles / by_taps;
            println!("{inputs} inputs, {tile:?}, {level}: {ratio:.2}");
            assert!(ratio < 3.0, "{inputs} inputs, {tile:?}, {level}: {ratio}");
        }
    }
}

#[test]
fn nan_passes_the_limits() {
    let mut random = Random::new(7);
    let input = Slot::arena(0, [9, 9, 16]);
    let output = Slot::arena(input.span(), [9, 9, 20]);
    let scratch = Slot::arena(end(&output), [1, 1, Winograd::scratch(Tile::Four, 5, [16, 20])]);
    let kernel = Kernel::new(&mut random, 16, 20, [3, 3]);
    let weights = kernel.pack(Load::Winograd { kernel: kernel.panels(0), tile: Tile::Four });
    let layer = Winograd {
        input: Source { slot: input, repeat: [1, 1] },
        beside: None,
        output,
        residual: None,
        rows: axis(3, [1, 1], 1, 1),
        columns: axis(3, [1, 1], 1, 1),
        tile: Tile::Four,
        block: 5,
        scratch,
        weights: 0,
        activation: Activation::Relu6,
        pool: None,
    };
    let mut before = random.floats(end(&scratch));
    before[at(&input, 4, 4, 3)] = f32::NAN;
    for level in Level::available() {
        let mut arena = before.clone();
        layer.run(&mut Run::new(level, &weights, &[], &mut arena));
        for (y, x) in [(3, 3), (4, 5), (5, 4)] {
            assert!((0..20).all(|c| arena[at(&output, y, x, c)].is_nan()), "({y}, {x}) on {level}");
        }
    }
}
