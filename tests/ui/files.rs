//! Mistakes around the files that a call names.

convolve::cnn! { pub Shape = "files/shape.yaml" }

convolve::cnn! { pub Missing = "files/missing.yaml" }

convolve::cnn! { pub Other = "files/named.yaml" }

convolve::cnn! {
    #[weights("missing.safetensors", layout = keras)]
    pub fn Weightless(x: Input<4>) -> Output<3> {
        dense(x, units = 3)
    }
}

fn main() {
    Shape::new();
}
