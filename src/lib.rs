//! A compile-time graph compiler for convolutional networks.
//!
//! [`cnn!`] turns a network, written in place or in a YAML file, into a struct with fixed-size inputs and
//! outputs, whose shapes are proven by `cargo check`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "trace")]
pub mod trace;

pub use convolve_runtime::memory::{Aligned, TooSmall};
pub use convolve_runtime::tensor::Tensor;
pub use convolve_runtime::trace::{Layer, Layers, Traced, Unfused};
pub use convolve_runtime::{Level, Model, Workspace};
#[cfg(feature = "std")]
pub use convolve_runtime::{Threads, WeightsError};

#[cfg(feature = "train")]
pub use convolve_train as train;

#[doc(hidden)]
pub use convolve_macros::cnn_with_root as __cnn;
#[doc(hidden)]
pub use convolve_runtime::__private;

/// Compiles networks: written in the call, or in a YAML file.
///
/// ```
/// convolve::cnn! {
///     /// Tells digits apart.
///     pub fn Digits(image: Input<28, 28, 1>) -> Output<10> {
///         let c1 = conv2d(image, filters = 8, kernel_size = 3, activation = relu);
///         let p1 = max_pool2d(c1, kernel_size = 2);
///         dense(flatten(p1), units = 10, activation = softmax)
///     }
/// }
///
/// let model = Digits::init(42);
/// let mut workspace = convolve::Workspace::new();
/// let probabilities: &[f32; 10] = model.predict(&[[[0.5]; 28]; 28], &mut workspace);
/// assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
/// ```
///
/// With `#[trace]`, the type also tells what every layer gives; without, nothing of it is there:
///
/// ```
/// convolve::cnn! {
///     #[trace]
///     pub fn Halves(image: Input<4, 4, 1>) -> Output<1, 1, 1> {
///         let half = max_pool2d(image, kernel_size = 2);
///         max_pool2d(half, kernel_size = 2)
///     }
/// }
///
/// let mut workspace = convolve::Workspace::new();
/// let layers = Halves::init(0).trace(&[[[1.0], [2.0], [3.0], [4.0]]; 4], &mut workspace);
/// let half = layers.get("half").expect("a layer of this name");
/// assert_eq!((half.shape, half.data), (&[2, 2, 1][..], &[2.0, 4.0, 2.0, 4.0][..]));
/// ```
///
/// A file is compiled by `convolve::cnn! { pub UNet = "specs/unet.yaml" }`.
/// Its path is relative to the crate's directory or to the source file; a change of it rebuilds the crate.
#[macro_export]
macro_rules! cnn {
    ($($tokens:tt)*) => {
        $crate::__cnn! { [$crate] $($tokens)* }
    };
}

/// The code of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
