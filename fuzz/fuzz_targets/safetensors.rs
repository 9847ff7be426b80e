//! Any bytes as a weights file: every tensor found and read, or every mistake told.
#![no_main]

use convolve_runtime::weights::{Initial, Parameter, file};

const PARAMETERS: [Parameter<'static>; 3] = [
    Parameter { name: "conv1.weight", shape: &[2, 1, 3, 3], initial: Initial::Constant(0.0) },
    Parameter { name: "conv1.bias", shape: &[2], initial: Initial::Constant(0.0) },
    Parameter { name: "scale", shape: &[], initial: Initial::Constant(0.0) },
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match file::open(bytes, &PARAMETERS) {
        Ok(tensors) => {
            for (tensor, parameter) in tensors.iter().zip(PARAMETERS) {
                let elements: usize = parameter.shape.iter().product();
                assert!((0..elements).all(|index| tensor.get(index).is_finite()));
            }
        }
        Err(mistakes) => {
            let words: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            assert!(!words.is_empty());
        }
    }
});
