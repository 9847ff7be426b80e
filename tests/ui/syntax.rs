//! Rust that has no place in a network, and typing mistakes.

convolve::cnn! {}

convolve::cnn! {
    pub fn Methods(x: Input<8, 8, 1>) -> Output {
        let a = x.conv2d(filters = 4);
        let b: Layer = relu(a);
        let (c, d) = split(b);
        let e = if c { d } else { b };
        while true {
            relu(e);
        }
        &e
    }
}

convolve::cnn! {
    pub fn Values(x: Input<8, 8, 1>) -> Output {
        let a = conv2d(x, filters = 2 * 4, kernel_size = , activation = 'r');
        let b = conv2d(a, 4, kernel_size = 3);
        let c = add([a, b]);
        relu(kernel_size = 3, c)
    }
}

convolve::cnn! {
    pub fn Loops(x: Input<8, 8, 1>) -> Output {
        for i in 0..=3 {
            x = relu(x);
        }
        for i in 0..n {
            x = relu(x);
        }
        for i in 0..3 {
            let x = relu(x);
            let y = relu(x);
        }
        relu(y);
    }
}

convolve::cnn! {
    #[derive(Debug)]
    pub fn Signature<T>(x: Input<8, 8, 1>) -> Output { relu(x) }

    pub fn Shapeless(x: Input) -> Tensor { relu(x) }

    fn block(x: Layr, n: usze) -> Layer { relu(x) }

    pub fn Call(x: Input<8>) -> Output { block(x, n = 3) }

    pub fn NoInput() -> Output { relu(x) }
}

fn main() {
    Methods::new();
}
