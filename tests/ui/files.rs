//! Mistakes around the files that a call names.

convolve::cnn! { pub Shape = "shape.yaml" }

convolve::cnn! { pub Missing = "missing.yaml" }

convolve::cnn! { pub Other = "named.yaml" }

convolve::cnn! {
    #[weights("missing.safetensors", layout = keras)]
    pub fn Weightless(x: Input<4>) -> Output<3> {
        dense(x, units = 3)
    }
}

fn main() {
    Shape::new();
}
