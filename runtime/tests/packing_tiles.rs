//! Kernels packed for tiles, and in parts, against index formulas in double precision.

mod tensors;
mod trial;

use convolve_runtime::weights::{Fold, Load, PANEL, Panels, Part, Strides, Tile, padded};
use tensors::{AFTER, BEFORE, BIAS, Tensors, near};

/// `G` of a tile, as rows over its points. Of strided ones, first that of two taps for the first and the third one, then the
/// second by itself.
fn kernel_transform(tile: Tile) -> Vec<Vec<f64>> {
    let (inner, outer) = (0.5f64.sqrt(), 2f64.sqrt());
    let strided = |rows: Vec<Vec<f64>>| {
        let spread = rows.into_iter().map(|row| vec![row[0], 0.0, row[1]]);
        spread.chain([vec![0.0, 1.0, 0.0]]).collect()
    };
    match tile {
        Tile::Four => rows(&[0.0, inner, -inner, outer, -outer], 3),
        Tile::Two => rows(&[0.0, 1.0, -1.0], 3),
        Tile::Phase => rows(&[0.5, -0.5, 1.25, -1.25], 2),
        Tile::StridedFour => strided(rows(&[0.5, -0.5, 1.25, -1.25], 2)),
        Tile::StridedTwo => strided(rows(&[1.0, -1.0], 2)),
        Tile::Blocks => unreachable!("its kernel has other taps"),
    }
}

fn rows(points: &[f64], taps: usize) -> Vec<Vec<f64>> {
    let scale = |p: f64| points.iter().filter(|&&q| q != p).map(|q| p - q).product::<f64>();
    let power = |p: f64, tap: usize| (0..tap).map(|_| p).product::<f64>();
    let row = |&p: &f64| (0..taps).map(|tap| power(p, tap) / scale(p)).collect();
    let last = (0..taps).map(|tap| if tap == taps - 1 { 1.0 } else { 0.0 }).collect();
    points.iter().map(row).chain([last]).collect()
}

/// The taps that are summed to each tap of a tile's kernel in a phase.
fn summed(tile: Tile, phase: usize, tap: usize) -> std::ops::Range<usize> {
    match (tile.phases(), phase, tap) {
        (1, ..) => tap..tap + 1,
        (_, 0, 0) => 0..2,
        (_, 0, _) => 2..3,
        (_, _, 0) => 0..1,
        _ => 1..3,
    }
}

#[test]
fn transformed_panels_of_both_layouts_with_and_without_norms() {
    let (outputs, inputs) = (20, 5);
    let taps = |side: usize| (0..side).flat_map(move |y| (0..side).map(move |x| (y, x)));
    let pytorch = Strides { output: inputs * 9, input: 9, row: 3, column: 1, group: 0 };
    let keras =
        Strides { output: 1, input: outputs, row: 3 * inputs * outputs, column: inputs * outputs, group: 0 };
    let tensors = Tensors::new(outputs * inputs * 9, inputs, outputs);
    let norms = [(None, None), (Some(BEFORE), Some(AFTER))];
    let tiles = [Tile::Four, Tile::Two, Tile::Phase, Tile::StridedFour, Tile::StridedTwo];
    let cases = norms.into_iter().flat_map(|norms| tiles.map(|tile| (norms, tile)));
    for ((before, after), tile) in cases {
        for strides in [pytorch, keras] {
            let packed = tensors.pack(Load::Winograd { kernel: kernel(strides, before, after), tile });
            let weight = |o: usize, i: usize, y: usize, x: usize| {
                let at = o * strides.output + i * strides.input + y * strides.row + x * strides.column;
                tensors.get(0, at)
            };
            let (side, g) = (tile.kernel_side(), kernel_transform(tile));
            for o in 0..padded(outputs) {
                let elements = taps(tile.phases()).flat_map(|phase| taps(side).map(move |at| (phase, at)));
                for (index, ((down, across), (row, column))) in elements.enumerate() {
                    for i in 0..inputs {
                        let cell = (o / PANEL * tile.kernels() + index) * inputs + i;
                        let got = packed[16 + padded(outputs) + cell * PANEL + o % PANEL];
                        if o >= outputs {
                            assert_eq!(got, 0.0);
                            continue;
                        }
                        let scale = tensors.norm(before, i).0 * tensors.norm(after, o).0;
                        let mut sum = 0.0;
                        for (y, x) in taps(if tile.phases() > 1 { 2 } else { 3 }) {
                            let of_phase = summed(tile, down, y)
                                .flat_map(|y| summed(tile, across, x).map(move |x| (y, x)))
                                .map(|(y, x)| weight(o, i, y, x))
                                .sum::<f64>();
                            sum += g[row][y] * g[column][x] * of_phase * scale;
                        }
                        near(got, sum, "transformed weight");
                    }
                }
                if o < outputs {
                    let shift = |i: usize| tensors.norm(before, i).1;
                    let shifted: f64 = (0..inputs)
                        .flat_map(|i| taps(3).map(move |(y, x)| (i, y, x)))
                        .map(|(i, y, x)| weight(o, i, y, x) * shift(i))
                        .sum();
                    let (scale, shift) = tensors.norm(after, o);
                    near(packed[16 + o], (tensors.get(BIAS, o) + shifted) * scale + shift, "bias");
                }
            }
        }
    }
}

/// A kernel of 3 × 3 taps with 5 inputs and 20 outputs.
fn kernel(strides: Strides, before: Option<Fold>, after: Option<Fold>) -> Panels<'static> {
    Panels {
        weight: 0,
        bias: Some(BIAS),
        strides,
        groups: 1,
        outputs: 20,
        inputs: 5,
        kernel: [3, 3],
        order: &[],
        before,
        after,
        part: None,
        at: 16,
    }
}

#[test]
fn the_parts_of_a_kernel_are_what_it_is_made_of() {
    let (outputs, inputs) = (20, 5);
    let tensors = Tensors::new(outputs * inputs * 9, inputs, outputs);
    let strides = Strides { output: inputs * 9, input: 9, row: 3, column: 1, group: 0 };
    let whole = kernel(strides, Some(BEFORE), Some(AFTER));
    let loads: [fn(Panels<'static>) -> Load<'static>; 4] = [
        Load::Panels,
        |kernel| Load::Phases { kernel, repeat: [2, 2] },
        |kernel| Load::Winograd { kernel, tile: Tile::Four },
        |kernel| Load::Winograd { kernel, tile: Tile::Phase },
    ];
    for load in loads {
        let all = tensors.pack(load(whole));
        let part = |first: usize, inputs: usize, biased: bool| {
            let part = Some(Part { first, biased });
            tensors.pack(load(Panels { inputs, part, ..whole }))
        };
        let (first, second) = (part(0, 2, true), part(2, 3, false));
        for o in 0..outputs {
            let [a, b, sum] = [&first, &second, &all].map(|packed| f64::from(packed[16 + o]));
            // Each of the three was rounded.
            assert!(
                (a + b - sum).abs() <= 1e-7 * (a.abs() + b.abs() + sum.abs()),
                "{a} + {b}, expected {sum}"
            );
        }
        let panels = |packed: &[f32], inputs: usize| -> Vec<Vec<f32>> {
            let end = packed.len() - 3;
            packed[16 + padded(outputs)..end].chunks(inputs * PANEL).map(<[f32]>::to_vec).collect()
        };
        let parts = panels(&first, 2).into_iter().zip(panels(&second, 3));
        let joined: Vec<Vec<f32>> = parts.map(|(first, second)| [first, second].concat()).collect();
        assert_eq!(joined, panels(&all, inputs));
    }
}
