//! Ready-made networks, compiled by Convolve, to embed in other crates.
//!
//! Each is a type of its own, made of a file in `specs/`:
//!
//! | type | input | output | weights |
//! |---|---|---|---|
//! | [`Mnist`] | 28×28×1, 0 to 1 | probabilities of the digits 0 to 9 | trained, from Keras |
//! | [`MnistPytorch`] | 28×28×1, 0 to 1 | probabilities of the digits 0 to 9 | trained, from PyTorch |
//! | [`MnistInline`] | 28×28×1, 0 to 1 | probabilities of the digits 0 to 9 | trained, from Keras |
//! | [`Digits`] | 28×28×1, 0 to 1 | probabilities of the digits 0 to 9 | trained, by `examples/train_digits.rs` |
//! | [`DigitSegmentation`] | 64×64×1, 0 to 1 | 64×64×1, 0 to 1 | trained, by `examples/train_segmentation.rs` |
//! | [`UNet`] | 256×256×1 | 256×256×1, 0 to 1 | your own |
//! | [`DilatedNet`] | 28×28×1 | three of 28×28×32 | your own |
//! | [`SameMax2`] | 28×28×1 | 28×28×32 and 14×14×32 | your own |
//! | [`ValidMax2`] | 28×28×1 | 26×26×32 and 13×13×32 | your own |
//! | [`SameAvg3`] | 28×28×1 | 28×28×32 and 9×9×32 | your own |
//! | [`ValidAvg3`] | 28×28×1 | 26×26×32 and 8×8×32 | your own |
//! | [`AtrousPyramid`] | 33×33×512 | 33×33×21 logits | your own |
//! | [`ResNet18`] | 224×224×3 | 1000 logits | torchvision's names |
//! | [`ResNet50`] | 224×224×3 | 1000 logits | torchvision's names |
//! | [`MobileNetV2`] | 224×224×3 | 1000 logits | torchvision's names |
//!
//! ```
//! use convolve_models::{Mnist, data};
//!
//! let digits = data::mnist_test();
//! let model = Mnist::new();
//! let mut workspace = convolve::Workspace::new();
//! let probabilities = model.predict(&digits.images[0], &mut workspace);
//! assert_eq!(digits.labels[0], 7);
//! assert!(probabilities[7] > 0.99);
//! ```
#![forbid(unsafe_code)]

pub mod data;

convolve::cnn! {
    /// Handwritten digits, with weights trained by Keras.
    pub Mnist = "specs/mnist.yaml"
}

convolve::cnn! {
    /// Handwritten digits, with weights trained by PyTorch.
    pub MnistPytorch = "specs/mnist_pytorch.yaml"
}

convolve::cnn! {
    /// The network of [`Mnist`], written in Rust.
    #[weights("weights/mnist_keras.safetensors", layout = keras)]
    pub fn MnistInline(image: Input<28, 28, 1>) -> Output<10> {
        let conv1 = conv2d(image, filters = 32, kernel_size = 3, padding = same, activation = relu);
        let pooled1 = max_pool2d(conv1, kernel_size = 2);
        let conv2 = conv2d(pooled1, filters = 64, kernel_size = 3, padding = same, activation = relu);
        let pooled2 = max_pool2d(conv2, kernel_size = 2);
        let fc1 = dense(flatten(pooled2), units = 128, activation = relu);
        let fc2 = dense(fc1, units = 10, activation = softmax);
        fc2
    }
}

convolve::cnn! {
    /// The network of [`Mnist`], to be trained, with weights trained by Convolve.
    pub Digits = "specs/digits.yaml"
}

convolve::cnn! {
    /// A small [`UNet`], to be trained, with weights trained by Convolve: marks the pixels of handwritten digits over noise,
    /// as [`data::Scene`] composes them.
    pub DigitSegmentation = "specs/digit_segmentation.yaml"
}

convolve::cnn! {
    /// U-Net of two levels: marks every pixel of a grey image as object (1) or background (0).
    pub UNet = "specs/unet.yaml"
}

convolve::cnn! {
    /// Three dilated convolutions of the same image, at rates 1, 2 and 4.
    pub DilatedNet = "specs/dilated.yaml"
}

convolve::cnn! {
    /// A 3×3 convolution with `same` padding, then the maximum over 2×2 windows.
    pub SameMax2 = "specs/same_max2.yaml"
}

convolve::cnn! {
    /// A 3×3 convolution with `valid` padding, then the maximum over 2×2 windows.
    pub ValidMax2 = "specs/valid_max2.yaml"
}

convolve::cnn! {
    /// A 3×3 convolution with `same` padding, then the average over 3×3 windows.
    pub SameAvg3 = "specs/same_avg3.yaml"
}

convolve::cnn! {
    /// A 3×3 convolution with `valid` padding, then the average over 3×3 windows.
    pub ValidAvg3 = "specs/valid_avg3.yaml"
}

convolve::cnn! {
    /// Atrous spatial pyramid: classifies the features of every pixel in contexts of dilation 1, 6, 12 and 18.
    pub AtrousPyramid = "specs/atrous_pyramid.yaml"
}

convolve::cnn! {
    /// ResNet-18 (He et al. 2015).
    pub ResNet18 = "specs/resnet18.yaml"
}

convolve::cnn! {
    /// ResNet-50 (He et al. 2015).
    pub ResNet50 = "specs/resnet50.yaml"
}

convolve::cnn! {
    /// MobileNetV2 at width 1 (Sandler et al. 2018).
    pub MobileNetV2 = "specs/mobilenetv2.yaml"
}
