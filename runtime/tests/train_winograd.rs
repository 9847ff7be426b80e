//! The gradient of a kernel in Winograd's tiles against the sum over all pixels in `f64`, on every SIMD level.

mod common;

use common::{Random, at, end};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::WinogradWeights;
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use convolve_runtime::team::Team;
use convolve_runtime::train::{Pass, Restored};
use convolve_runtime::weights::{PANEL, Tile, padded};

/// Images whose gradients are added up.
const IMAGES: usize = 3;

/// Gradients of a kernel and its biases, where they lie as [`Restored`] leaves them; and of each output channel the sum of
/// the gradients' magnitudes, which those of the terms do not exceed, for no cell exceeds one.
fn expected(kernel: &WinogradWeights, arenas: &[Vec<f32>]) -> (Vec<f64>, Vec<f64>) {
    let WinogradWeights { input, gradient, rows, columns, .. } = kernel;
    let (inputs, outputs) = (input.channels, gradient.channels);
    let mut sums = vec![0.0; padded(outputs) * (1 + 9 * inputs)];
    let mut sizes = vec![0.0; padded(outputs)];
    let cell = |axis: &Axis, o: usize, k: usize, size: usize| {
        (o + k * axis.dilation).checked_sub(axis.before).filter(|&cell| cell < size)
    };
    for arena in arenas {
        for (y, x) in (0..gradient.height).flat_map(|y| (0..gradient.width).map(move |x| (y, x))) {
            for o in 0..outputs {
                let factor = f64::from(arena[at(gradient, y, x, o)]);
                sums[o] += factor;
                sizes[o] += factor.abs();
                for tap in 0..9 {
                    let Some(iy) = cell(rows, y, tap / 3, input.height) else { continue };
                    let Some(ix) = cell(columns, x, tap % 3, input.width) else { continue };
                    for i in 0..inputs {
                        let row = (o / PANEL * 9 + tap) * inputs + i;
                        sums[padded(outputs) + row * PANEL + o % PANEL] +=
                            factor * f64::from(arena[at(input, iy, ix, i)]);
                    }
                }
            }
        }
    }
    (sums, sizes)
}

fn axis(random: &mut Random) -> Axis {
    let dilation = random.pick(&[1, 1, 2, 3]);
    Axis { kernel: 3, stride: 1, dilation, before: random.range(0, 3), after: random.range(0, 3) }
}

#[test]
fn gradients_of_random_kernels() {
    for seed in 0..150 {
        let random = &mut Random::new(seed);
        let (rows, columns) = (axis(random), axis(random));
        let [height, width] = [&rows, &columns].map(|axis| {
            let most = if random.chance(4) { 24 } else { 10 };
            // As many cells as give at least one output.
            let least = (2 * axis.dilation + 1).saturating_sub(axis.before + axis.after).max(1);
            random.range(least, least + most)
        });
        let outputs = [(height, &rows), (width, &columns)]
            .map(|(size, axis)| size + axis.before + axis.after - 2 * axis.dilation);
        let channels = [random.range(1, 40), random.range(1, 70)];
        let input = random.slot(3, height, width, channels[0]);
        let gradient = random.slot(end(&input) + 1, outputs[0], outputs[1], channels[1]);
        let (tile, block) = (random.pick(&[Tile::Two, Tile::Four]), random.range(1, 20));
        let floats = WinogradWeights::scratch(tile, block, channels);
        let scratch = Slot::arena(end(&gradient), [1, 1, floats]);
        let kernel_floats = padded(channels[1]) * (1 + 9 * channels[0]);
        let kernel = WinogradWeights {
            input,
            gradient,
            rows,
            columns,
            tile,
            block,
            scratch,
            bias: Some(0),
            sums: kernel_floats,
        };
        let arenas: Vec<Vec<f32>> = (0..IMAGES).map(|_| random.floats(end(&scratch))).collect();
        let (wants, sizes) = expected(&kernel, &arenas);
        for level in Level::available() {
            let tiles = padded(channels[1]) * tile.elements() * channels[0];
            let mut sums = vec![0.0; kernel_floats + tiles];
            for arena in &arenas {
                let mut arena = arena.clone();
                let run = Run::new(level, &[], &[], &mut arena);
                let mut pass = Pass { run, sums: &mut sums, totals: &[], images: IMAGES, key: 0 };
                kernel.run(&mut pass);
            }
            let [inputs, outputs] = channels;
            let restored = Restored { from: kernel_floats, to: 0, inputs, outputs, tile };
            restored.make(level, &Team::ALONE, &mut sums);
            for (index, (&sum, want)) in sums.iter().zip(&wants).enumerate() {
                // Panels of the biases, or of one output channel in each lane.
                let output = if index < padded(outputs) {
                    index
                } else {
                    (index - padded(outputs)) / (9 * inputs * PANEL) * PANEL + index % PANEL
                };
                let right = (f64::from(sum) - want).abs() <= 1e-6 * sizes[output];
                assert!(right, "sum {index} on {level} is {sum}, not {want}, seed {seed}: {kernel:?}");
            }
        }
    }
}
