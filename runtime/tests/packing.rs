//! Packed weights against straightforward index formulas in double precision.

mod tensors;
mod trial;

use convolve_runtime::weights::{Data, DepthwiseWeights, Load, Order, PANEL, Panels, Strides, pack, padded};
use tensors::{AFTER, BEFORE, BIAS, Tensors, bytes, near};

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
