//! Weights files that are missing, broken, or of another network.

convolve::cnn! {
    #[weights("weights/absent.safetensors")]
    pub fn NoSuchFile(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/good.safetensors", layout = torhc)]
    pub fn NoSuchLayout(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/good.safetensors", storage = bfloat16)]
    pub fn NoSuchStorage(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights(storage = int8)]
    pub fn NoSuchStorageEither(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/good.safetensors", store = bf16)]
    pub fn NoSuchArgument(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/keras.safetensors")]
    pub fn OtherLayout(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/good.safetensors", layout = keras)]
    pub fn OtherLayoutToo(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/missing.safetensors")]
    pub fn MissingTensor(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/surplus.safetensors")]
    pub fn SurplusTensor(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/misshapen.safetensors")]
    pub fn MisshapenTensors(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/nan.safetensors")]
    pub fn NotANumber(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/truncated.safetensors")]
    pub fn TruncatedFile(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/text.safetensors")]
    pub fn NoSafetensors(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights/empty.safetensors")]
    pub fn EmptyFile(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

convolve::cnn! {
    #[weights("weights")]
    pub fn ADirectory(x: Input<3>) -> Output {
        let d = dense(x, units = 2);
        d
    }
}

fn main() {}
