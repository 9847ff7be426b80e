//! Packed weights against straightforward index formulas in double precision.

mod trial;

use convolve_runtime::weights::{
    Data, DepthwiseWeights, Fold, Load, Order, PANEL, Panels, Part, Strides, Tile, pack, padded,
};
use trial::Rng;

fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Tensors 1 to 4 are the norm before, 5 to 8 the norm after, 9 the bias.
const BEFORE: Fold = Fold { weight: 1, bias: 2, mean: 3, variance: 4, epsilon: 1e-3 };
const AFTER: Fold = Fold { weight: 5, bias: 6, mean: 7, variance: 8, epsilon: 1e-5 };
const BIAS: usize = 9;

struct Tensors(Vec<Vec<f32>>);

impl Tensors {
    fn new(weight: usize, inputs: usize, outputs: usize) -> Self {
        let mut rng = Rng(weight as u64);
        let mut tensors = vec![rng.floats(weight, 1.0)];
        for channels in [inputs, outputs] {
            tensors.extend([1.0, 1.0, 1.0, 0.4].map(|size| rng.floats(channels, size)));
            let variances = tensors.last_mut().expect("four were added");
            variances.iter_mut().for_each(|x| *x += 0.5);
        }
        tensors.push(rng.floats(outputs, 1.0));
        Self(tensors)
    }

    /// What the loads make of these tensors, in memory that was not zero before.
    fn pack(&self, load: Load<'_>) -> Vec<f32> {
        let stored: Vec<Vec<u8>> = self.0.iter().map(|tensor| bytes(tensor)).collect();
        let data: Vec<Data<'_>> = stored.iter().map(|bytes| Data::F32(bytes)).collect();
        let mut packed = vec![f32::NAN; load.at() + load.len() + 3];
        pack(&[load], &data, &mut packed);
        assert!(packed[..load.at()].iter().chain(&packed[load.at() + load.len()..]).all(|x| x.is_nan()));
        packed
    }

    fn get(&self, tensor: usize, element: usize) -> f64 {
        f64::from(self.0[tensor][element])
    }

    fn norm(&self, fold: Option<Fold>, channel: usize) -> (f64, f64) {
        fold.map_or((1.0, 0.0), |fold| {
            let deviation = (self.get(fold.variance, channel) + f64::from(fold.epsilon)).sqrt();
            let scale = self.get(fold.weight, channel) / deviation;
            (scale, self.get(fold.bias, channel) - self.get(fold.mean, channel) * scale)
        })
    }
}

fn near(got: f32, want: f64, what: &str) {
    assert!((f64::from(got) - want).abs() <= 6e-8 * want.abs().max(1e-3), "{what}: {got}, expected {want}");
}

fn check_panels(kernel: Panels<'_>) {
    let Panels { groups, outputs, inputs, kernel: [height, width], strides, .. } = kernel;
    let tensors = Tensors::new(groups * outputs * inputs * height * width, groups * inputs, groups * outputs);
    let packed = tensors.pack(Load::Panels(kernel));
    let position = |i: usize| {
        let mut start = 0;
        for run in kernel.order {
            if i < start + run.pixels * run.channels {
                let (pixel, channel) = ((i - start) / run.channels, (i - start) % run.channels);
                return start + channel * run.pixels + pixel;
            }
            start += run.pixels * run.channels;
        }
        i
    };
    let wide = padded(outputs);
    for g in 0..groups {
        for o in 0..wide {
            let mut shifted = 0.0;
            for row in 0..height {
                for column in 0..width {
                    for i in 0..inputs {
                        let tap = ((o / PANEL * height + row) * width + column) * inputs + i;
                        let at = kernel.at + groups * wide + g * wide * height * width * inputs + tap * PANEL;
                        let got = packed[at + o % PANEL];
                        if o >= outputs {
                            assert_eq!(got, 0.0);
                            continue;
                        }
                        let element = g * strides.group
                            + o * strides.output
                            + position(i) * strides.input
                            + row * strides.row
                            + column * strides.column;
                        let weight = tensors.get(0, element);
                        let (before, shift) = tensors.norm(kernel.before, g * inputs + position(i));
                        let (after, _) = tensors.norm(kernel.after, g * outputs + o);
                        shifted += weight * shift;
                        near(got, weight * before * after, "weight");
                    }
                }
            }
            let got = packed[kernel.at + g * wide + o];
            if o >= outputs {
                assert_eq!(got, 0.0);
                continue;
            }
            let (scale, shift) = tensors.norm(kernel.after, g * outputs + o);
            let own = kernel.bias.map_or(0.0, |bias| tensors.get(bias, g * outputs + o));
            near(got, (own + shifted) * scale + shift, "bias");
        }
    }
}

#[test]
fn panels_of_both_layouts_with_and_without_norms() {
    for (groups, outputs, inputs, [height, width]) in
        [(1, 5, 3, [3, 3]), (1, 32, 4, [1, 1]), (3, 17, 2, [1, 3]), (2, 16, 5, [2, 2])]
    {
        let taps = height * width;
        let pytorch = Strides {
            output: inputs * taps,
            input: taps,
            row: width,
            column: 1,
            group: outputs * inputs * taps,
        };
        let all = groups * outputs;
        let keras = Strides {
            output: 1,
            input: all,
            row: width * inputs * all,
            column: inputs * all,
            group: outputs,
        };
        for strides in [pytorch, keras] {
            for (before, after) in
                [(None, None), (Some(BEFORE), None), (None, Some(AFTER)), (Some(BEFORE), Some(AFTER))]
            {
                for bias in [None, Some(BIAS)] {
                    let kernel = [height, width];
                    check_panels(Panels {
                        weight: 0,
                        bias,
                        strides,
                        groups,
                        outputs,
                        inputs,
                        kernel,
                        order: &[],
                        before,
                        after,
                        part: None,
                        at: 32,
                    });
                }
            }
        }
    }
}

/// `G` of F(4 × 4, 3 × 3), F(2 × 2, 3 × 3) and F(4 × 4, 2 × 2), as rows over the points 0, ±√½, ±√2, then 0, ±1, then
/// ±½, ±5/4.
fn kernel_transform(tile: Tile) -> Vec<Vec<f64>> {
    let (inner, outer) = (0.5f64.sqrt(), 2f64.sqrt());
    let points = match tile {
        Tile::FOUR => vec![0.0, inner, -inner, outer, -outer],
        Tile::TWO => vec![0.0, 1.0, -1.0],
        _ => vec![0.5, -0.5, 1.25, -1.25],
    };
    let scale = |p: f64| points.iter().filter(|&&q| q != p).map(|q| p - q).product::<f64>();
    let taps = tile.taps as i32;
    let row = |&p: &f64| (0..taps).map(|power| p.powi(power) / scale(p)).collect();
    let last = (0..taps).map(|tap| if tap == taps - 1 { 1.0 } else { 0.0 }).collect();
    points.iter().map(row).chain([last]).collect()
}

/// The taps that are summed to each tap of a tile's kernel in a phase.
fn summed(tile: Tile, phase: usize, tap: usize) -> std::ops::Range<usize> {
    match (tile.taps, phase, tap) {
        (3, ..) => tap..tap + 1,
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
    let tiles = [Tile::FOUR, Tile::TWO, Tile::PHASE];
    let cases = norms.into_iter().flat_map(|norms| tiles.map(|tile| (norms, tile)));
    for ((before, after), tile) in cases {
        for strides in [pytorch, keras] {
            let packed = tensors.pack(Load::Winograd { kernel: kernel(strides, before, after), tile });
            let weight = |o: usize, i: usize, y: usize, x: usize| {
                let at = o * strides.output + i * strides.input + y * strides.row + x * strides.column;
                tensors.get(0, at)
            };
            let (side, g) = (tile.side(), kernel_transform(tile));
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
                        for (y, x) in taps(tile.taps) {
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
        |kernel| Load::Winograd { kernel, tile: Tile::FOUR },
        |kernel| Load::Winograd { kernel, tile: Tile::PHASE },
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
            assert!((a + b - sum).abs() <= 1e-7 * (a.abs() + b.abs() + sum.abs()), "{a} + {b}, expected {sum}");
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

#[test]
fn a_dense_layer_after_flattened_maps() {
    let order = [
        Order { pixels: 6, channels: 4 },
        Order { pixels: 1, channels: 3 },
        Order { pixels: 2, channels: 5 },
    ];
    let inputs = 24 + 3 + 10;
    for before in [None, Some(BEFORE)] {
        check_panels(Panels {
            weight: 0,
            bias: Some(BIAS),
            strides: Strides { output: inputs, input: 1, row: 0, column: 0, group: 0 },
            groups: 1,
            outputs: 20,
            inputs,
            kernel: [1, 1],
            order: &order,
            before,
            after: None,
            part: None,
            at: 0,
        });
    }
}

#[test]
fn depthwise_of_both_layouts() {
    for (channels, multiplier, [height, width]) in [(5, 1, [3, 3]), (16, 2, [3, 1]), (7, 3, [2, 2])] {
        let (outputs, taps) = (channels * multiplier, height * width);
        let pytorch = Strides { output: taps, input: 0, row: width, column: 1, group: multiplier * taps };
        let keras = Strides { output: 1, input: 0, row: width * outputs, column: outputs, group: multiplier };
        for strides in [pytorch, keras] {
            for (before, after, bias) in
                [(None, None, Some(BIAS)), (Some(BEFORE), Some(AFTER), None), (None, Some(AFTER), Some(BIAS))]
            {
                let tensors = Tensors::new(outputs * taps, channels, outputs);
                let kernel = [height, width];
                let load = Load::Depthwise(DepthwiseWeights {
                    weight: 0,
                    bias,
                    strides,
                    channels,
                    multiplier,
                    kernel,
                    before,
                    after,
                    at: 16,
                });
                let packed = tensors.pack(load);
                let wide = padded(outputs);
                for o in 0..outputs {
                    let (input, multiple) = (o / multiplier, o % multiplier);
                    let (before, shift) = tensors.norm(before, input);
                    let (after, after_shift) = tensors.norm(after, o);
                    let mut shifted = 0.0;
                    for row in 0..height {
                        for column in 0..width {
                            let element = input * strides.group
                                + multiple * strides.output
                                + row * strides.row
                                + column * strides.column;
                            let weight = tensors.get(0, element);
                            shifted += weight * shift;
                            let got = packed[16 + (1 + row * width + column) * wide + o];
                            near(got, weight * before * after, "weight");
                        }
                    }
                    let own = bias.map_or(0.0, |bias| tensors.get(bias, o));
                    near(packed[16 + o], (own + shifted) * after + after_shift, "bias");
                }
                for vector in packed[16..16 + load.len()].chunks(wide) {
                    assert!(vector[outputs..].iter().all(|&x| x == 0.0));
                }
            }
        }
    }
}

#[test]
fn vectors_and_affine() {
    let order = [Order { pixels: 2, channels: 3 }, Order { pixels: 1, channels: 2 }];
    let places = [0, 2, 4, 1, 3, 5, 6, 7];
    let tensors = Tensors::new(8, 8, 8);
    for (order, places) in [(&order[..], places), (&[][..], [0, 1, 2, 3, 4, 5, 6, 7])] {
        let packed = tensors.pack(Load::Vector { weight: 0, len: 8, order, at: 16 });
        for (at, place) in places.into_iter().enumerate() {
            near(packed[16 + at], tensors.get(0, place), "element");
        }
        assert_eq!(packed[24..32], [0.0; 8]);

        let packed = tensors.pack(Load::Affine { fold: BEFORE, len: 8, order, at: 16 });
        for (at, place) in places.into_iter().enumerate() {
            let (scale, shift) = tensors.norm(Some(BEFORE), place);
            near(packed[16 + at], scale, "scale");
            near(packed[32 + at], shift, "shift");
        }
        assert_eq!(packed[24..32], [0.0; 8]);
        assert_eq!(packed[40..48], [0.0; 8]);
    }
}

#[test]
fn half_precision_widens_exactly() {
    for bits in 0..=u16::MAX {
        let stored = bits.to_le_bytes();
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let expected = match exponent {
            0 => mantissa * 2f64.powi(-24),
            31 if mantissa == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1.0 + mantissa / 1024.0) * 2f64.powi(exponent - 15),
        } * sign;
        let got = f64::from(Data::F16(&stored).get(0));
        assert!(
            got == expected && got.is_sign_negative() == (bits >> 15 == 1)
                || got.is_nan() && expected.is_nan()
        );

        let single = f32::from_bits(u32::from(bits) << 16);
        assert_eq!(Data::Bf16(&stored).get(0).to_bits(), single.to_bits());
    }
    assert_eq!(Data::F16(&[0, 0, 0, 0x3c]).get(1), 1.0);
    assert_eq!(Data::Bf16(&[0, 0, 0x80, 0x3f]).get(1), 1.0);
}

#[test]
fn every_type_packs_alike() {
    let floats = [0.5f32, -1.5, 2.0, 0.25, 3.0, -0.125];
    let halves: Vec<u8> =
        [0x3800u16, 0xbe00, 0x4000, 0x3400, 0x4200, 0xb000].iter().flat_map(|b| b.to_le_bytes()).collect();
    let brains: Vec<u8> = floats.iter().flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect();
    let load = Load::Panels(Panels {
        weight: 0,
        bias: None,
        strides: Strides { output: 3, input: 1, row: 0, column: 0, group: 0 },
        groups: 1,
        outputs: 2,
        inputs: 3,
        kernel: [1, 1],
        order: &[],
        before: None,
        after: None,
        part: None,
        at: 0,
    });
    let packed = |data: Data<'_>| {
        let mut packed = vec![0.0; load.len()];
        pack(&[load], &[data], &mut packed);
        packed
    };
    let expected = packed(Data::F32(&bytes(&floats)));
    assert_eq!(expected[16..18], [0.5, 0.25]);
    assert_eq!(packed(Data::F16(&halves)), expected);
    assert_eq!(packed(Data::Bf16(&brains)), expected);
}
