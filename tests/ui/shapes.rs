//! Layers that do not fit what they read.

convolve::cnn! {
    pub fn KernelTooLarge(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 9)
    }
}

convolve::cnn! {
    pub fn DilatedKernelTooLarge(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, dilation = 4)
    }
}

convolve::cnn! {
    pub fn TallKernel(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = [9, 1])
    }
}

convolve::cnn! {
    pub fn PoolTooLarge(x: Input<8, 8, 3>) -> Output {
        max_pool2d(x, kernel_size = 9)
    }
}

convolve::cnn! {
    pub fn PoolOfPadding(x: Input<8, 8, 3>) -> Output {
        max_pool2d(x, kernel_size = 2, padding = 2)
    }
}

convolve::cnn! {
    pub fn DepthwiseTooLarge(x: Input<8, 8, 3>) -> Output {
        depthwise_conv2d(x, kernel_size = 11)
    }
}

convolve::cnn! {
    pub fn GroupsOfInput(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, groups = 2)
    }
}

convolve::cnn! {
    pub fn GroupsOfFilters(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, groups = 3)
    }
}

convolve::cnn! {
    pub fn GroupNorm(x: Input<8, 8, 3>) -> Output {
        group_norm(x, groups = 2)
    }
}

convolve::cnn! {
    pub fn OutputPadding(x: Input<8, 8, 3>) -> Output {
        conv2d_transpose(x, filters = 4, kernel_size = 3, stride = 2, output_padding = 2)
    }
}

convolve::cnn! {
    pub fn TransposedToNothing(x: Input<8, 8, 3>) -> Output {
        conv2d_transpose(x, filters = 4, kernel_size = 1, padding = 4)
    }
}

convolve::cnn! {
    pub fn ReflectTooFar(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = 8, padding_mode = reflect)
    }
}

convolve::cnn! {
    pub fn CircularTooFar(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = 9, padding_mode = circular)
    }
}

convolve::cnn! {
    pub fn PadReflectTooFar(x: Input<8, 8, 3>) -> Output {
        pad2d(x, padding = [8, 0], mode = reflect)
    }
}

convolve::cnn! {
    pub fn PadSymmetricTooFar(x: Input<8, 8, 3>) -> Output {
        pad2d(x, padding = 9, mode = symmetric)
    }
}

convolve::cnn! {
    pub fn CropTooMuch(x: Input<8, 8, 3>) -> Output {
        crop2d(x, cropping = 4)
    }
}

convolve::cnn! {
    pub fn ReshapeCount(x: Input<8, 8, 3>) -> Output {
        reshape(x, shape = [7, 7, 3])
    }
}

convolve::cnn! {
    pub fn DepthOfChannels(x: Input<8, 8, 3>) -> Output {
        depth_to_space(x, block_size = 2)
    }
}

convolve::cnn! {
    pub fn SpaceOfSize(x: Input<8, 8, 3>) -> Output {
        space_to_depth(x, block_size = 3)
    }
}

convolve::cnn! {
    pub fn ConvolutionOfVector(x: Input<8, 8, 3>) -> Output {
        conv2d(flatten(x), filters = 4, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn PoolOfVector(x: Input<8, 8, 3>) -> Output {
        max_pool2d(global_avg_pool2d(x), kernel_size = 2)
    }
}

convolve::cnn! {
    pub fn UpsampleOfVector(x: Input<8, 8, 3>) -> Output {
        upsample2d(flatten(x), scale_factor = 2)
    }
}

convolve::cnn! {
    pub fn ConcatSizes(x: Input<8, 8, 3>) -> Output {
        let a = conv2d(x, filters = 4, kernel_size = 3);
        let b = max_pool2d(a, kernel_size = 2);
        concat(a, b)
    }
}

convolve::cnn! {
    pub fn ConcatRanks(x: Input<8, 8, 3>) -> Output {
        let flat = flatten(x);
        concat(x, flat)
    }
}

convolve::cnn! {
    pub fn AddChannels(x: Input<8, 8, 3>) -> Output {
        let a = conv2d(x, filters = 4, kernel_size = 3, padding = same);
        a + x
    }
}

convolve::cnn! {
    pub fn AddSizes(x: Input<8, 8, 3>) -> Output {
        let a = conv2d(x, filters = 3, kernel_size = 3);
        x + a
    }
}

convolve::cnn! {
    pub fn MulVector(x: Input<8, 8, 3>) -> Output {
        let weights = dense(global_avg_pool2d(x), units = 4);
        x * weights
    }
}

convolve::cnn! {
    pub fn SubOfThree(x: Input<8, 8, 3>) -> Output {
        sub(x, x, x)
    }
}

convolve::cnn! {
    pub fn ConcatOfOne(x: Input<8, 8, 3>) -> Output {
        concat(x)
    }
}

convolve::cnn! {
    pub fn ReluOfTwo(x: Input<8, 8, 3>) -> Output {
        relu(x, x)
    }
}

convolve::cnn! {
    pub fn ReluOfNone(x: Input<8, 8, 3>) -> Output {
        relu()
    }
}

convolve::cnn! {
    pub fn DeclaredOutput(x: Input<8, 8, 3>) -> Output<12> {
        dense(flatten(x), units = 10)
    }
}

convolve::cnn! {
    pub fn DeclaredOutputs(x: Input<8, 8, 3>) -> (Output, Output) {
        relu(x)
    }
}

convolve::cnn! {
    pub fn SeveralAtOnce(x: Input<8, 8, 3>) -> Output {
        let a = conv2d(x, filters = 4, kernel_size = 9);
        let b = conv2d(a, filters = 4, kernel_size = 3);
        let c = dense(x, units = 0);
        add(b, c)
    }
}

fn main() {}
