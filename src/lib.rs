//! A compile-time graph compiler for convolutional networks.
//!
//! [`cnn!`] turns a network, written in place or in a YAML file, into a struct with fixed-size inputs and
//! outputs, whose shapes are proven by `cargo check`.
#![no_std]
#![forbid(unsafe_code)]

pub use convolve_runtime::memory::{Aligned, TooSmall};
pub use convolve_runtime::{Level, Model, WeightsError, Workspace};

#[doc(hidden)]
pub use convolve_macros::cnn_with_root as __cnn;
#[doc(hidden)]
pub use convolve_runtime::__private;

/// Compiles networks: written in the call, or in a YAML file.
///
/// ```ignore
/// convolve::cnn! {
///     /// Tells digits apart.
///     pub fn Digits(image: Input<28, 28, 1>) -> Output<10> {
///         let c1 = conv2d(image, filters = 32, kernel_size = 3, activation = relu);
///         let p1 = max_pool2d(c1, kernel_size = 2);
///         dense(flatten(p1), units = 10, activation = softmax)
///     }
/// }
///
/// convolve::cnn! { pub UNet = "specs/unet.yaml" }
/// ```
///
/// A path is relative to the crate's directory or to the source file.
#[macro_export]
macro_rules! cnn {
    ($($tokens:tt)*) => {
        $crate::__cnn! { [$crate] $($tokens)* }
    };
}
