//! Safetensors files, good and bad.
#![cfg(feature = "std")]

mod trial;

use convolve_runtime::weights::file::{Type, locate, open};
use convolve_runtime::weights::{Data, Initial, Parameter, WeightsError};
use safetensors::tensor::{Dtype, TensorView};
use trial::Rng;

fn parameter<'a>(name: &'a str, shape: &'a [usize]) -> Parameter<'a> {
    Parameter { name, shape, initial: Initial::Constant(0.0) }
}

fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A file of tensors of this type, shape and content.
fn file(tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), data).expect("the bytes fit the shape"))
    });
    safetensors::serialize(views, None).expect("the tensors are well formed")
}

fn messages(file: &[u8], parameters: &[Parameter<'_>]) -> Vec<String> {
    let errors = open(file, parameters).expect_err("the file is wrong");
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_that_fits() {
    let file = file(&[
        ("b.weight", Dtype::F32, &[2, 1], bytes(&[1.5, -2.0])),
        ("a.weight", Dtype::F16, &[2], vec![0, 0x3c, 0, 0xc0]),
        ("a.bias", Dtype::BF16, &[1], vec![0x80, 0x3f]),
    ]);
    let parameters = [parameter("a.bias", &[1]), parameter("b.weight", &[2, 1]), parameter("a.weight", &[2])];
    let data = open(&file, &parameters).expect("the file fits");
    let values: Vec<Vec<f32>> = data
        .iter()
        .zip(&parameters)
        .map(|(data, parameter)| (0..parameter.shape.iter().product()).map(|i| data.get(i)).collect())
        .collect();
    assert_eq!(values, [vec![1.0], vec![1.5, -2.0], vec![1.0, -2.0]]);

    let places = locate(&file, &parameters).expect("the file fits");
    assert_eq!(
        places.iter().map(|place| place.element).collect::<Vec<_>>(),
        [Type::Bf16, Type::F32, Type::F16]
    );
    assert_eq!(file[places[1].bytes.clone()], bytes(&[1.5, -2.0]));
    assert_eq!(places[1].data(&file), Data::F32(&bytes(&[1.5, -2.0])));
}

#[test]
fn everything_wrong_is_said_at_once_and_in_order() {
    let file = file(&[
        ("conv.weigth", Dtype::F32, &[1], bytes(&[0.0])),
        ("head.kernel", Dtype::F32, &[3, 2], bytes(&[0.0; 6])),
        ("norm.num_batches_tracked", Dtype::I64, &[], vec![0; 8]),
        ("other.num_batches_tracked", Dtype::I64, &[], vec![0; 8]),
        ("norm.running_mean", Dtype::F64, &[1], vec![0; 8]),
        ("alpha", Dtype::F32, &[4], bytes(&[0.0, 1.0, f32::NEG_INFINITY, f32::NAN])),
        ("half", Dtype::F16, &[2], vec![0, 0, 0, 0x7e]),
    ]);
    let parameters = [
        parameter("norm.running_mean", &[1]),
        parameter("conv.weight", &[1]),
        parameter("alpha", &[4]),
        parameter("half", &[2]),
        parameter("head.kernel", &[2, 3]),
    ];
    assert_eq!(
        messages(&file, &parameters),
        [
            "[C0907] element 2 of tensor `alpha` is -inf",
            "[C0903] the file has no tensor `conv.weight` [1] (layer `conv`)",
            "[C0904] the file has a tensor `conv.weigth` [1], which no layer uses; should it be called `conv.weight`?",
            "[C0907] element 1 of tensor `half` is NaN",
            "[C0905] tensor `head.kernel` is [3, 2], but must be [2, 3] (layer `head`); it looks like the PyTorch layout \
             (`layout: pytorch`)",
            "[C0906] tensor `norm.running_mean` holds F64, but must hold F32, F16 or BF16 (layer `norm`)",
            "[C0904] the file has a tensor `other.num_batches_tracked` [], which no layer uses",
        ]
    );
}

#[test]
fn layouts_are_recognised() {
    for (name, expected, found, layout) in [
        ("c.weight", &[8, 4, 3, 5][..], &[3, 5, 4, 8][..], "Keras"),
        ("c.weight", &[8, 1, 3, 3], &[3, 3, 8, 1], "Keras"),
        ("c.kernel", &[3, 5, 4, 8], &[8, 4, 3, 5], "PyTorch"),
        ("c.weight", &[10, 20], &[20, 10], "Keras"),
        ("c.weight", &[8, 4, 3, 5], &[4, 8, 3, 5], "transposed"),
    ] {
        let count = found.iter().product();
        let file = file(&[(name, Dtype::F32, found, bytes(&vec![0.0; count]))]);
        let [message] = &messages(&file, &[parameter(name, expected)])[..] else { panic!("one error") };
        assert!(message.contains(layout), "{message}");
    }
    let file = file(&[("c.weight", Dtype::F32, &[8, 3], bytes(&[0.0; 24]))]);
    let [message] = &messages(&file, &[parameter("c.weight", &[8, 4])])[..] else { panic!("one error") };
    assert!(!message.contains("layout") && !message.contains("transposed"), "{message}");
}

#[test]
fn damaged_files_are_errors() {
    let whole = file(&[
        ("a.weight", Dtype::F32, &[3, 2], bytes(&[1.0; 6])),
        ("a.bias", Dtype::F16, &[3], vec![0; 6]),
    ]);
    let parameters = [parameter("a.weight", &[3, 2]), parameter("a.bias", &[3])];
    assert!(open(&whole, &parameters).is_ok());
    for end in 0..whole.len() {
        let errors = open(&whole[..end], &parameters).expect_err("a truncated file is wrong");
        assert!(matches!(errors[..], [WeightsError::File { .. }]), "cut to {end}: {errors:?}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(open(&longer, &parameters).is_err());

    let mut rng = Rng(1);
    for _ in 0..20_000 {
        let mut damaged = whole.clone();
        for _ in 0..=rng.below(3) {
            let place = rng.below(damaged.len());
            damaged[place] = rng.next() as u8;
        }
        // Whether it still fits depends on the place; it must not panic.
        if let Err(errors) = open(&damaged, &parameters) {
            assert!(errors.iter().all(|error| !error.to_string().is_empty()));
        }
        let noise: Vec<u8> = (0..rng.below(80)).map(|_| rng.next() as u8).collect();
        assert!(open(&noise, &parameters).is_err());
    }
}

#[test]
fn sizes_that_overflow_are_errors() {
    let with_header = |header: &str| {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file
    };
    for header in [
        r#"{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
        r#"{"a":{"dtype":"U8","shape":[2305843009213693951],"data_offsets":[0,2305843009213693951]}}"#,
        r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
        "{}",
        "[]",
        "",
    ] {
        assert!(open(&with_header(header), &[parameter("a", &[1])]).is_err(), "{header}");
    }
    assert!(open(&u64::MAX.to_le_bytes(), &[]).is_err());

    // Offsets that fit one by one, but whose end and the header's length together do not.
    let size = (1u64 << 61) - 1;
    let tensors: Vec<String> = (0..8)
        .map(|i| {
            let (start, end) = (i * size, (i + 1) * size);
            format!(r#""{i}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    assert!(open(&with_header(&format!("{{{}}}", tensors.join(","))), &[]).is_err());

    // A name may hold any digits.
    let name = r#"9999999999999999999999\\\"9999999999999999999999"#;
    let file = file(&[(name, Dtype::F32, &[1], bytes(&[1.0]))]);
    assert!(open(&file, &[parameter(name, &[1])]).is_ok());
}
