//! What `cnn!` expands to passes a strict crate's lints, and finds Convolve under the name it has here.
#![forbid(unsafe_code)]
#![deny(missing_docs, unused, nonstandard_style, rust_2018_idioms, missing_debug_implementations)]
#![deny(unreachable_pub, clippy::all, clippy::pedantic)]
#![no_implicit_prelude]

pub mod inside {
    //! Not at the root, and with blocks, several inputs, several outputs.

    ::nn::cnn! {
        /// Two tensors in, two out.
        pub fn Pair(image: Input<6, 6, 2>, scale: Input<2>) -> (Output<6, 6, 2>, Output<72>) {
            let scaled = twice(image * scale, filters = 2);
            (scaled, flatten(scaled))
        }

        fn twice(x: Layer, filters: usize) -> Layer {
            let mut x = x;
            for i in 0..2 {
                x = conv2d(x, filters = filters, kernel_size = 3, padding = same, activation = relu);
            }
            x
        }

        pub(crate) fn Private(x: Input<4>) -> Output<2> {
            dense(x, units = 2)
        }
    }
}

::nn::cnn! { pub FromFile = "src/net.yaml" }

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of zeros and products with one are exact")]
mod tests {
    use ::nn::Workspace;
    use ::std::assert_eq;
    use ::std::prelude::rust_2024::*;

    #[test]
    fn all_models_run() {
        let pair = super::inside::Pair::init(1);
        let mut workspace = Workspace::new();
        let (map, vector) = pair.predict(&[[[0.5; 2]; 6]; 6], &[1.0, 2.0], &mut workspace);
        let flat: Vec<f32> = map.iter().flatten().flatten().copied().collect();
        assert_eq!(flat, vector);

        let output = *super::inside::Private::init(1).predict(&[0.0; 4], &mut Workspace::new());
        assert_eq!(output, [0.0; 2], "biases start at zero");
        let output = *super::FromFile::init(1).predict(&[0.0; 3], &mut Workspace::new());
        assert_eq!(output, [0.5; 2]);
    }
}
