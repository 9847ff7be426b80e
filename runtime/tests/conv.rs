//! Convolutions of random geometry against a sum over all taps in `f64`, on every SIMD level.

mod common;

use common::{Random, at, check, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Conv2d, Pool, PoolOp, PooledConv2d, Sampling, Windows};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::weights::padded;

/// A convolution, the arena before it, its weights.
struct Case {
    conv: Conv2d,
    arena: Vec<f32>,
    weights: Vec<f32>,
}

impl Case {
    /// Inputs and outputs of a group.
    fn group(&self) -> (usize, usize) {
        (self.conv.input.channels / self.conv.groups, self.conv.output.channels / self.conv.groups)
    }

    fn bias(&self, output: usize) -> f64 {
        let (_, outputs) = self.group();
        f64::from(self.weights[self.conv.weights + output / outputs * padded(outputs) + output % outputs])
    }

    /// The weight of a tap, read as the layout `[group][outputs / 16][rows][columns][inputs][16]` says.
    fn weight(&self, output: usize, ky: usize, kx: usize, input: usize) -> f64 {
        let (inputs, outputs) = self.group();
        let (rows, columns) = (self.conv.rows.kernel, self.conv.columns.kernel);
        let (group, o) = (output / outputs, output % outputs);
        let panel = group * (padded(outputs) / 16) + o / 16;
        let index = (((panel * rows + ky) * columns + kx) * inputs + input) * 16 + o % 16;
        f64::from(self.weights[self.conv.weights + self.conv.groups * padded(outputs) + index])
    }

    /// The input cell of a tap along one axis.
    fn source(
        sampling: Sampling,
        axis: &Axis,
        side: usize,
        o: usize,
        k: usize,
        size: usize,
    ) -> Option<usize> {
        let cell = match sampling {
            Sampling::Transposed => {
                let reach = (o + axis.before).checked_sub(k * axis.dilation)?;
                if reach % axis.stride != 0 {
                    return None;
                }
                reach / axis.stride
            }
            Sampling::Direct => (o * axis.stride + k * axis.dilation).checked_sub(axis.before)?,
            Sampling::Upsampled(factors) => {
                (o * axis.stride + k * axis.dilation).checked_sub(axis.before)? / factors[side]
            }
        };
        (cell < size).then_some(cell)
    }

    /// Element `(y, x, c)` of the convolution before its activation, and the sum of its terms' magnitudes.
    fn element(&self, y: usize, x: usize, c: usize) -> (f64, f64) {
        let Conv2d { input, rows, columns, sampling, .. } = &self.conv;
        let (inputs, outputs) = self.group();
        let mut terms = vec![self.bias(c)];
        for ky in 0..rows.kernel {
            let Some(iy) = Self::source(*sampling, rows, 0, y, ky, input.height) else { continue };
            for kx in 0..columns.kernel {
                let Some(ix) = Self::source(*sampling, columns, 1, x, kx, input.width) else { continue };
                for i in 0..inputs {
                    let value = self.arena[at(input, iy, ix, c / outputs * inputs + i)];
                    terms.push(f64::from(value) * self.weight(c, ky, kx, i));
                }
            }
        }
        if let Some(slot) = &self.conv.residual {
            terms.push(f64::from(self.arena[at(slot, y, x, c)]));
        }
        (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum())
    }

    /// The convolution's outputs, of this size, pooled.
    fn pooled(&self, pooled: &Slot, [height, width]: [usize; 2], axis: &Axis, op: PoolOp) -> Vec<(f64, f64)> {
        let window = |o: usize, size: usize| {
            let first = (o * axis.stride).saturating_sub(axis.before);
            first..(o * axis.stride + axis.kernel - axis.before).min(size)
        };
        let mut expected = Vec::new();
        for y in 0..pooled.height {
            for x in 0..pooled.width {
                for c in 0..pooled.channels {
                    let cells: Vec<(f64, f64)> = window(y, height)
                        .flat_map(|y| window(x, width).map(move |x| (y, x)))
                        .map(|(y, x)| self.element(y, x, c))
                        .map(|(value, scale)| (activate(self.conv.activation, value), scale))
                        .collect();
                    let values = cells.iter().map(|cell| cell.0);
                    let value = match op {
                        PoolOp::Max => values.fold(f64::NEG_INFINITY, f64::max),
                        _ => values.sum::<f64>() / cells.len() as f64,
                    };
                    expected.push((value, cells.iter().map(|cell| cell.1).fold(0.0, f64::max)));
                }
            }
        }
        expected
    }

    fn run(&self, level: Level) -> Vec<f32> {
        let mut arena = self.arena.clone();
        self.conv.run(&mut Run::new(level, &self.weights, &[], &mut arena));
        arena
    }
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Clip { min, max } => x.clamp(min.into(), max.into()),
        Activation::LeakyRelu { negative_slope } => x.max(x * f64::from(negative_slope)),
        Activation::Tanh => x.tanh(),
        other => unreachable!("{other:?} is not drawn"),
    }
}

const ACTIVATIONS: [Activation; 6] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Relu6,
    Activation::Clip { min: -0.25, max: 0.5 },
    Activation::LeakyRelu { negative_slope: 0.125 },
    Activation::Tanh,
];

fn axis(random: &mut Random, transposed: bool) -> Axis {
    let kernel = random.pick(&[1, 1, 2, 3, 3, 3, 4, 5, 7]);
    let dilation = random.pick(&[1, 1, 1, 2, 3, 6]);
    let extent = dilation * (kernel - 1) + 1;
    let most = if transposed { extent - 1 } else { extent + 2 };
    let (before, after) = if random.chance(3) {
        (0, 0)
    } else if random.chance(2) {
        (extent / 2, extent / 2)
    } else {
        (random.range(0, most), random.range(0, most))
    };
    Axis { kernel, stride: random.pick(&[1, 1, 1, 2, 3, 5]), dilation, before, after }
}

/// A random case, or `None` if its window does not fit its input.
fn draw(random: &mut Random) -> Option<Case> {
    let sampling = match random.range(0, 5) {
        0 => Sampling::Transposed,
        1 => Sampling::Upsampled([random.range(1, 3), random.range(2, 4)]),
        _ => Sampling::Direct,
    };
    let (rows, columns) =
        (axis(random, sampling == Sampling::Transposed), axis(random, sampling == Sampling::Transposed));
    let size = |random: &mut Random| if random.chance(4) { random.range(1, 4) } else { random.range(3, 19) };
    let input = (size(random), size(random));
    let output = |random: &mut Random, axis: &Axis, side: usize, cells: usize| match sampling {
        Sampling::Direct => axis.output(cells),
        Sampling::Upsampled(factors) => axis.output(cells * factors[side]),
        Sampling::Transposed => {
            let tail = random.range(0, axis.stride - 1);
            axis.transposed(cells, tail)
        }
    };
    let height = output(random, &rows, 0, input.0)?;
    let width = output(random, &columns, 1, input.1)?;
    let groups = random.pick(&[1, 1, 1, 2, 3]);
    let (inputs, outputs) =
        (random.pick(&[1, 2, 3, 5, 8, 16, 19]), random.pick(&[1, 3, 7, 8, 10, 16, 17, 24, 32, 40, 150]));
    if height * width * inputs * outputs * rows.kernel * columns.kernel * groups > 2_000_000 {
        return None;
    }
    let offset = random.range(0, 9);
    let input = random.slot(offset, input.0, input.1, groups * inputs);
    let output = random.slot(end(&input) + 3, height, width, groups * outputs);
    let residual = random.chance(3).then(|| {
        let other = random.slot(end(&output), height, width, groups * outputs);
        if random.chance(2) { output } else { other }
    });
    let floats = end(residual.as_ref().unwrap_or(&output)) + 5;
    let at = random.range(0, 20);
    let weights = at + groups * padded(outputs) * (1 + rows.kernel * columns.kernel * inputs);
    Some(Case {
        conv: Conv2d {
            input,
            output,
            residual,
            rows,
            columns,
            sampling,
            groups,
            weights: at,
            activation: random.pick(&ACTIVATIONS),
            pool: None,
        },
        arena: random.floats(floats),
        weights: random.floats(weights),
    })
}

/// The case's convolution, pooled; nothing if the pooling does not fit.
fn pooled(random: &mut Random, mut case: Case) -> Option<(Case, Pool)> {
    let full = case.conv.output;
    if case.conv.sampling == Sampling::Transposed {
        return None;
    }
    let kernel = random.range(1, 3);
    let axis =
        Axis { kernel, stride: random.range(1, 3), dilation: 1, before: kernel / 2, after: kernel / 2 };
    let height = axis.output(full.height)?;
    let width = axis.output(full.width)?;
    let scratch = Slot { offset: case.arena.len(), height: kernel, ..full };
    let output = random.slot(end(&scratch), height, width, full.channels);
    case.arena.extend(random.floats(end(&output) + 3 - case.arena.len()));
    let op = random.pick(&[PoolOp::Max, PoolOp::Average]);
    let pool = Pool { input: scratch, output, op, windows: Windows::Sliding(axis, axis) };
    case.conv.output = output;
    case.conv.pool = Some(pool);
    Some((case, pool))
}

#[test]
fn matches_the_sum_over_all_taps() {
    let mut random = Random::new(1);
    let mut cases = 0;
    while cases < 600 {
        let Some(case) = draw(&mut random) else { continue };
        cases += 1;
        let Slot { height, width, channels, .. } = case.conv.output;
        let expected: Vec<(f64, f64)> = (0..height * width * channels)
            .map(|index| {
                let (value, scale) =
                    case.element(index / channels / width, index / channels % width, index % channels);
                (activate(case.conv.activation, value), scale)
            })
            .collect();
        for level in Level::available() {
            let after = case.run(level);
            check(
                &format!("case {cases} on {level}: {:?}", case.conv),
                &case.conv.output,
                &case.arena,
                &after,
                &expected,
            );
        }
    }
}

#[test]
fn pools_the_rows_that_it_computed() {
    let mut random = Random::new(2);
    let mut cases = 0;
    while cases < 100 {
        let Some(case) = draw(&mut random) else { continue };
        let full = case.conv.output;
        let Some((case, pool)) = pooled(&mut random, case) else { continue };
        cases += 1;
        let Windows::Sliding(axis, _) = pool.windows else { unreachable!() };
        let expected = case.pooled(&pool.output, [full.height, full.width], &axis, pool.op);
        for level in Level::available() {
            let after = case.run(level);
            // The scratch may hold anything.
            let mut before = case.arena.clone();
            let scratch = pool.input.offset..end(&pool.input);
            before[scratch.clone()].copy_from_slice(&after[scratch]);
            check(
                &format!("case {cases} on {level}: {:?}", case.conv),
                &pool.output,
                &before,
                &after,
                &expected,
            );
        }
    }
}

#[test]
fn pools_sums_in_registers() {
    let mut random = Random::new(3);
    let mut cases = 0;
    while cases < 200 {
        let Some(Case { mut conv, arena, weights }) = draw(&mut random) else { continue };
        let Conv2d { output: full, rows, columns, activation, .. } = conv;
        let is_padded = [rows, columns].iter().any(|axis| axis.before + axis.after > 0);
        let limits = activation.limits().is_some();
        if is_padded || conv.sampling != Sampling::Direct || conv.groups > 1 || !limits {
            continue;
        }
        if full.height.min(full.width) < 2 {
            continue;
        }
        cases += 1;
        conv.residual = None;
        pool_in_registers(&mut random, Case { conv, arena, weights });
    }
}

#[test]
fn pools_sums_of_small_windows() {
    let mut random = Random::new(4);
    for outputs in 1..=40 {
        let rows = Axis { kernel: 3, ..Axis::POINT };
        let [height, width] = [9, 19].map(|most| random.range(4, most));
        let input = Slot { pitch: 1, ..random.slot(3, height, width, 1) };
        let output = random.slot(end(&input), input.height - 2, input.width - 2, outputs);
        let conv = Conv2d {
            input,
            output,
            residual: None,
            rows,
            columns: rows,
            sampling: Sampling::Direct,
            groups: 1,
            weights: 5,
            activation: random.pick(&[Activation::Linear, Activation::Relu, Activation::Relu6]),
            pool: None,
        };
        let (arena, weights) = (random.floats(end(&output)), random.floats(5 + padded(outputs) * 10));
        pool_in_registers(&mut random, Case { conv, arena, weights });
    }
}

/// Compares a convolution that is pooled in registers, 2 × 2 to one, with the sums over all taps.
fn pool_in_registers(random: &mut Random, Case { conv, mut arena, weights }: Case) {
    let Conv2d { input, output: full, rows, columns, weights: at, activation, .. } = conv;
    let two = Axis { kernel: 2, stride: 2, ..Axis::POINT };
    let [height, width] = [full.height, full.width].map(|cells| cells / 2);
    let output = random.slot(arena.len(), height, width, full.channels);
    arena.extend(random.floats(output.span() + 3));
    let op = random.pick(&[PoolOp::Max, PoolOp::Average]);
    let pooled = PooledConv2d { input, output, rows, columns, weights: at, activation, op };
    let case = Case { conv, arena, weights };
    let expected = case.pooled(&output, [full.height, full.width], &two, op);
    for level in Level::available() {
        let mut after = case.arena.clone();
        pooled.run(&mut Run::new(level, &case.weights, &[], &mut after));
        check(&format!("{pooled:?} on {level}"), &output, &case.arena, &after, &expected);
    }
}

#[test]
fn nan_passes_the_limits() {
    let mut random = Random::new(7);
    for activation in [Activation::Linear, Activation::Relu, Activation::Relu6] {
        let input = random.slot(0, 3, 9, 2);
        let output = Slot { channels: 20, pitch: 20, offset: input.span(), ..input };
        let conv = Conv2d {
            input,
            output,
            residual: None,
            rows: Axis::POINT,
            columns: Axis::POINT,
            sampling: Sampling::Direct,
            groups: 1,
            weights: 0,
            activation,
            pool: None,
        };
        let mut case = Case { conv, arena: random.floats(end(&output)), weights: random.floats(32 * 3) };
        case.arena[at(&input, 1, 4, 1)] = f32::NAN;
        for level in Level::available() {
            let after = case.run(level);
            for pixel in 0..27 {
                for c in 0..20 {
                    let value = after[at(&output, pixel / 9, pixel % 9, c)];
                    assert_eq!(
                        value.is_nan(),
                        pixel == 13,
                        "{activation:?} on {level}: pixel {pixel}, channel {c}"
                    );
                }
            }
        }
    }
}
