//! What every layer of a network gives, by the layer's name: for looking into networks, of the feature `trace`.
//!
//! A generated model keeps little of what lies between its layers, unless its network says `#[trace]` or `trace: true`,
//! and pays nothing for this module, which takes any network's text. The same
//! specification and weights are given to a [`Tracer`], which keeps what is asked for and computes the rest with the
//! same kernels: values differ from those inside of the generated model by rounding alone.
//!
//! ```
//! use convolve::trace::Tracer;
//!
//! // Of `cnn! { pub Net = "net.yaml" }` this would be `include_str!("net.yaml")`.
//! let specification = "
//! input: [4, 4, 1]
//! layers:
//!   - max_pool2d: { name: most, kernel_size: 2 }
//!   - avg_pool2d: { name: mean, kernel_size: 2 }
//! ";
//! // There are no weights to read; else this is the content of a safetensors file.
//! let tracer = Tracer::yaml(specification, &[])?;
//! let image: Vec<f32> = (0..16).map(|pixel| pixel as f32).collect();
//! let trace = tracer.run(&[&image])?;
//! let most = trace.get("most").expect("a layer of this name");
//! assert_eq!(most.shape.extents(), [2, 2, 1]);
//! assert_eq!(most.data, [5.0, 7.0, 13.0, 15.0]);
//! assert_eq!(trace.get("mean").expect("a layer of this name").data, [10.0]);
//! # Ok::<(), convolve::trace::Error>(())
//! ```
//!
//! A network in Rust is written once, in a macro, for the compiler and for the tracer:
//!
//! ```
//! use convolve::{cnn, trace::Tracer};
//!
//! macro_rules! halves {
//!     ($reader:ident) => {
//!         $reader! {
//!             pub fn Halves(image: Input<4, 4, 1>) -> Output<1, 1, 1> {
//!                 let first = max_pool2d(image, kernel_size = 2);
//!                 let second = max_pool2d(first, kernel_size = 2);
//!                 second
//!             }
//!         }
//!     };
//! }
//! halves!(cnn);
//!
//! let tracer = Tracer::rust(halves!(stringify), &[])?.only(&["first"])?;
//! assert_eq!(tracer.run(&[&[1.0; 16]])?.values()[0].data, [1.0; 4]);
//! # Ok::<(), convolve::trace::Error>(())
//! ```

pub use convolve_compiler::graph::Shape;
pub use convolve_compiler::trace::{Error, Trace, Tracer, Value};
