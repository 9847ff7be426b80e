//! Values of the wrong kind, and numbers out of range.

convolve::cnn! {
    pub fn WordForNumber(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = many, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn NumberForWord(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, activation = 3)
    }
}

convolve::cnn! {
    pub fn ListForNumber(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = [4, 8], kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn NumberForTruth(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, bias = 1)
    }
}

convolve::cnn! {
    pub fn TruthForPadding(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = true)
    }
}

convolve::cnn! {
    pub fn FractionalFilters(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 3.5, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn ZeroFilters(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 0, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn NegativeFilters(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = -4, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn ZeroKernel(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 0)
    }
}

convolve::cnn! {
    pub fn ZeroStride(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, stride = 0)
    }
}

convolve::cnn! {
    pub fn ZeroDilation(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, dilation = 0)
    }
}

convolve::cnn! {
    pub fn ZeroGroups(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, groups = 0)
    }
}

convolve::cnn! {
    pub fn NegativePadding(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = -1)
    }
}

convolve::cnn! {
    pub fn ThreePaddings(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = [1, 2, 3])
    }
}

convolve::cnn! {
    pub fn ThreeKernels(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = [3, 3, 3])
    }
}

convolve::cnn! {
    pub fn HugeFilters(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 1000000000000, kernel_size = 3)
    }
}

convolve::cnn! {
    pub fn HugeNumber(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 170141183460469231731687303715884105727)
    }
}

convolve::cnn! {
    pub fn HugePadding(x: Input<8, 8, 3>) -> Output {
        conv2d(x, filters = 4, kernel_size = 3, padding = 9223372036854775807)
    }
}

convolve::cnn! {
    pub fn TooManyElements(x: Input<256, 256, 3>) -> Output {
        conv2d(x, filters = 100000, kernel_size = 1)
    }
}

convolve::cnn! {
    pub fn ZeroPoolStride(x: Input<8, 8, 3>) -> Output {
        max_pool2d(x, kernel_size = 2, stride = 0)
    }
}

convolve::cnn! {
    pub fn ZeroScale(x: Input<8, 8, 3>) -> Output {
        upsample2d(x, scale_factor = 0)
    }
}

convolve::cnn! {
    pub fn HugeScale(x: Input<8, 8, 3>) -> Output {
        upsample2d(x, scale_factor = 1000000)
    }
}

convolve::cnn! {
    pub fn AlignedNearest(x: Input<8, 8, 3>) -> Output {
        upsample2d(x, scale_factor = 2, align_corners = true)
    }
}

convolve::cnn! {
    pub fn ZeroUnits(x: Input<8, 8, 3>) -> Output {
        dense(x, units = 0)
    }
}

convolve::cnn! {
    pub fn DropoutRate(x: Input<8, 8, 3>) -> Output {
        dropout(x, rate = 1.5)
    }
}

convolve::cnn! {
    pub fn NegativeEpsilon(x: Input<8, 8, 3>) -> Output {
        batch_norm(x, epsilon = -0.001)
    }
}

convolve::cnn! {
    pub fn ZeroBlock(x: Input<8, 8, 3>) -> Output {
        depth_to_space(x, block_size = 0)
    }
}

convolve::cnn! {
    pub fn ZeroOutputSize(x: Input<8, 8, 3>) -> Output {
        adaptive_avg_pool2d(x, output_size = 0)
    }
}

convolve::cnn! {
    pub fn ZeroSubsample(x: Input<8, 8, 3>) -> Output {
        subsample2d(x, stride = 0)
    }
}

convolve::cnn! {
    pub fn ClipBackwards(x: Input<8, 8, 3>) -> Output {
        clip(x, min = 6, max = 0)
    }
}

convolve::cnn! {
    pub fn NegativeSlope(x: Input<8, 8, 3>) -> Output {
        leaky_relu(x, negative_slope = steep)
    }
}

convolve::cnn! {
    pub fn ZeroRepeat(x: Input<8, 8, 3>) -> Output {
        relu(x, repeat = 0)
    }
}

convolve::cnn! {
    pub fn EndlessRepeat(x: Input<8, 8, 3>) -> Output {
        relu(x, repeat = 1000000000)
    }
}

convolve::cnn! {
    pub fn EmptyInput(x: Input<8, 0, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    pub fn NegativeInput(x: Input<8, -8, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    pub fn TwoDimensions(x: Input<28, 28>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    pub fn HugeInput(x: Input<100000, 100000, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    pub fn EndlessLoop(x: Input<8, 8, 3>) -> Output {
        let mut y = x;
        for i in 0..1000000000 {
            y = relu(y);
        }
        y
    }
}

convolve::cnn! {
    pub fn LoopBound(x: Input<8, 8, 3>) -> Output {
        let mut y = x;
        for i in 0..-1 {
            y = relu(y);
        }
        y
    }
}

convolve::cnn! {
    #[precision(strcit)]
    pub fn NoSuchPrecision(x: Input<8, 8, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    #[precision(half)]
    pub fn NoSuchPrecisionEither(x: Input<8, 8, 3>) -> Output {
        relu(x)
    }
}

convolve::cnn! {
    #[precison(strict)]
    pub fn NoSuchAttribute(x: Input<8, 8, 3>) -> Output {
        relu(x)
    }
}

fn main() {}
