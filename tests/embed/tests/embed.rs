//! Embedded networks at work: in an application, on a small stack, in several threads.

use convolve::Model;
use convolve::Workspace;
use convolve_embed::Reader;
use convolve_models::data::mnist_test;
use convolve_models::{Mnist, MnistPytorch, UNet};

#[test]
fn digits_are_read() {
    let digits = mnist_test();
    let mut reader = Reader::new();
    let read: Vec<u8> = digits.images[..8].iter().map(|image| reader.read(image).0).collect();
    assert_eq!(read, digits.labels[..8]);
}

#[test]
fn a_unet_runs_on_a_stack_of_64_kib() {
    let thread = std::thread::Builder::new().stack_size(64 << 10);
    let run = || {
        let model = UNet::init(1);
        let mut workspace = Workspace::new();
        let image: Box<[[[f32; 1]; 256]; 256]> =
            vec![[[0.5]; 256]; 256].try_into().unwrap_or_else(|_| unreachable!("256 rows"));
        let mask = model.predict(&image, &mut workspace);
        assert!(mask.as_flattened().as_flattened().iter().all(|x| (0.0..=1.0).contains(x)));
    };
    thread.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn threads_share_a_model() {
    let digits = mnist_test();
    let model = MnistPytorch::new();
    let read = |index: usize| {
        let mut workspace = Workspace::new();
        model.predict(&digits.images[index], &mut workspace).to_owned()
    };
    let alone: Vec<_> = (0..4).map(read).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|index| scope.spawn(move || read(index))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn a_batch_is_as_one_by_one() {
    let digits = mnist_test();
    let model = Mnist::new();
    let mut workspace = Workspace::new();
    let mut outputs = [[0.0; 10]; 5];
    model.predict_batch(&digits.images[..5], &mut outputs, &mut workspace);
    for (image, output) in digits.images.iter().zip(&outputs) {
        assert_eq!(model.predict(image, &mut workspace), output);
    }
}

#[test]
fn a_network_tells_its_sizes() {
    assert_eq!((Mnist::INPUT_SHAPE, Mnist::OUTPUT_SHAPE), ([28, 28, 1], [10]));
    // Keras counts the same.
    assert_eq!(Mnist::PARAMETERS, 421_642);
    assert_eq!(Mnist::WORKSPACE_BYTES, <Mnist as Model>::WORKSPACE_BYTES);
    assert!(Mnist::SUMMARY.contains("conv2"));
}

#[test]
fn weights_that_do_not_fit_are_a_typed_error() {
    let errors = Mnist::from_safetensors(b"no weights").expect_err("not a safetensors file");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("safetensors"));
}
