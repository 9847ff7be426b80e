//! Layers, arguments, words and sources that do not exist, are missing, or stand twice.

convolve::cnn! {
    pub fn UnknownLayer(x: Input<8, 8, 3>) -> Output {
        conv2(x, filters = 4, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn LayerOfPytorch(x: Input<8, 8, 3>) -> Output {
        let c = Conv2d(x, filters = 4, kernel_size = 3);
        batchnorm2d(c)
    }
}

convolve::cnn! {
    pub fn LayerOfKeras(x: Input<8, 8, 3>) -> Output {
        let p = max_pooling2d(x, kernel_size = 2);
        zero_padding2d(p, padding = 1)
    }
}

convolve::cnn! {
    pub fn FarFromAnyLayer(x: Input<8, 8, 3>) -> Output {
        transformer(x)
    }
}

convolve::cnn! {
    pub fn UnknownArgument(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_sise = 3)
    }
}

convolve::cnn! {
    pub fn ArgumentOfPytorch(x: Input<8, 8, 3>) -> Output {
        let c = conv2d(x, out_channels = 4, kernel_size = 3);
        dropout(c, p = 0.5)
    }
}

convolve::cnn! {
    pub fn ArgumentOfKeras(x: Input<8, 8, 3>) -> Output {
        let c = conv2d(x, filters = 4, kernel_size = 3, strides = 2, dilation_rate = 1);
        max_pool2d(c, pool_size = 2)
    }
}

convolve::cnn! {
    pub fn FarFromAnyArgument(x: Input<8, 8, 3>) -> Output {
        dense(x, units = 3, colour = red)
    }
}

convolve::cnn! {
    pub fn NoArguments(x: Input<8, 8, 3>) -> Output {
        flatten(x, axis = 1)
    }
}

convolve::cnn! {
    pub fn MissingArgument(x: Input<8, 8, 3>) -> Output {
        conv2d(x, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn MissingArguments(x: Input<8, 8, 3>) -> Output {
        conv2d(x)
    }
}

convolve::cnn! {
    pub fn ArgumentTwice(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, filters = 8)
    }
}

convolve::cnn! {
    pub fn UnknownActivation(x: Input<8, 8, 3>) -> Output {
        dense(x, units = 3, activation = rleu)
    }
}

convolve::cnn! {
    pub fn ActivationArgument(x: Input<8, 8, 3>) -> Output {
        let e = elu(x, aplha = 0.3);
        dense(e, units = 3, activation = elu(slope = 1))
    }
}

convolve::cnn! {
    pub fn ActivationMissesArgument(x: Input<8, 8, 3>) -> Output {
        clip(x, min = 0)
    }
}

convolve::cnn! {
    pub fn UnknownPadding(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = smae)
    }
}

convolve::cnn! {
    pub fn UnknownPaddingMode(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = 1, padding_mode = reflection)
    }
}

convolve::cnn! {
    pub fn UnknownMode(x: Input<8, 8, 3>) -> Output {
        let p = pad2d(x, padding = 1, mode = mirror);
        upsample2d(p, scale_factor = 2, mode = bicubic)
    }
}

convolve::cnn! {
    pub fn UnknownOrder(x: Input<8, 8, 3>) -> Output {
        space_to_depth(x, block_size = 2, order = rcd)
    }
}

convolve::cnn! {
    pub fn UnknownSource(x: Input<8, 8, 3>) -> Output {
        let first = relu(x);
        add(first, frist)
    }
}

convolve::cnn! {
    pub fn SourceBelow(x: Input<8, 8, 3>) -> Output {
        let sum = add(x, later);
        let later = relu(sum);
        later
    }
}

convolve::cnn! {
    pub fn UnknownOutput(x: Input<8, 8, 3>) -> Output {
        let mask = relu(x);
        msak
    }
}

convolve::cnn! {
    pub fn InputTwice(x: Input<4>, x: Input<4>) -> Output {
        add(x, x)
    }
}

convolve::cnn! {
    pub fn WhichInput(left: Input<4>, right: Input<4>) -> Output {
        relu()
    }
}

convolve::cnn! {
    pub fn IllegalName(x: Input<8, 8, 3>) -> Output {
        relu(x, name = "a-b")
    }
}

convolve::cnn! {
    pub fn my_network(x: Input<8, 8, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    pub fn UnusedLayer(x: Input<8, 8, 3>) -> Output {
        let used = relu(x);
        let unused = tanh(used);
        sigmoid(used)
    }
}

convolve::cnn! {
    pub fn UnusedInput(left: Input<4>, right: Input<4>) -> Output {
        relu(left)
    }
}

fn main() {}
