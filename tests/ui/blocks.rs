//! Blocks that contain themselves, or are used in another way than they are declared.

convolve::cnn! {
    pub fn UnknownBlock(x: Input<8, 8, 3>) -> Output {
        twcie(x, filters = 4)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn MissingParameter(x: Input<8, 8, 3>) -> Output {
        twice(x)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn UnknownParameter(x: Input<8, 8, 3>) -> Output {
        twice(x, filters = 4, kernel_size = 3)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn BadParameter(x: Input<8, 8, 3>) -> Output {
        twice(x, filters = -4)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn TooSmallForBlock(x: Input<6, 6, 3>) -> Output {
        let first = twice(x, filters = 4);
        twice(first, filters = 4)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn ContainsItself(x: Input<8, 8, 3>) -> Output {
        again(x)
    }

    fn again(x: Layer) -> Layer {
        again(relu(x))
    }
}

convolve::cnn! {
    pub fn ContainEachOther(x: Input<8, 8, 3>) -> Output {
        ping(x)
    }

    fn ping(x: Layer) -> Layer {
        pong(x)
    }

    fn pong(x: Layer) -> Layer {
        ping(x)
    }
}

convolve::cnn! {
    pub fn NamedLikeLayer(x: Input<8, 8, 3>) -> Output {
        relu(x)
    }

    fn relu(x: Layer) -> Layer {
        tanh(x)
    }
}

convolve::cnn! {
    pub fn BlockTwice(x: Input<8, 8, 3>) -> Output {
        same(x)
    }

    fn same(x: Layer) -> Layer {
        relu(x)
    }

    fn same(x: Layer) -> Layer {
        tanh(x)
    }
}

convolve::cnn! {
    pub fn ParameterTwice(x: Input<8, 8, 3>) -> Output {
        scale(x, by = 2)
    }

    fn scale(x: Layer, by: usize, by: usize) -> Layer {
        upsample2d(x, scale_factor = by)
    }
}

convolve::cnn! {
    pub fn UndeclaredParameter(x: Input<8, 8, 3>) -> Output {
        dense(x, units = filters)
    }
}

convolve::cnn! {
    pub fn SourcesOfBlock(x: Input<8, 8, 3>) -> Output {
        twice(x, x, filters = 4)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn InnerNames(x: Input<8, 8, 3>) -> Output {
        let t = twice(x, filters = 4);
        add(t, a)
    }

    fn twice(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3);
        conv2d(a, filters = filters, kernel_size = 3)
    }
}

fn main() {}
