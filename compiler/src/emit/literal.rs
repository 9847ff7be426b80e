//! Values of the runtime's types as Rust expressions; `rt` is the runtime's `__private` module.

use core::ops::Range;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activate, Activation, Affine, Binary, BinaryOp, BlockOrder, Blocks, Conv2d, Copy, Dense, Depthwise,
    Normalize, NormalizeOver, Pad, PadMode, Pool, PoolOp, PooledConv2d, Resize, ResizeMode, Sampling, Scaled,
    Softmax, Source, Squeeze, Strips, Windows, Winograd, WinogradWeights,
};
use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::train::{
    ActivateGradient, BatchMoments, BatchNorm, BatchNormGradient, BatchNormGradientSums, BatchSquares,
    BatchSum, BinaryGradient, ConvWeights, CopyGradient, DenseWeights, DepthwiseGradient, Derived, Dropout,
    Factor, Head, MaxPool, NormalizeGradient, PadGradient, Phase, Place, PoolGradient, Pooled, Program,
    ResizeGradient, Restored, Rows, Saved, Segment, SoftmaxGradient, Statistics, Step,
};
use convolve_runtime::weights::{
    DepthwiseWeights, Fold, Initial, Load, Order, Panels, Parameter, Part, Stored, Strides, Tile,
};
use proc_macro2::{Literal as Token, TokenStream};
use quote::{ToTokens, quote};

use crate::plan::Kernel;

/// A value that can be written down.
pub(super) trait Literal {
    /// The expression that is the value.
    fn literal(&self) -> TokenStream;
}

/// Structs, by all of their fields.
macro_rules! structs {
    ($($name:ident $(<$life:lifetime>)? { $($field:ident),* $(,)? })*) => { $(
        impl Literal for $name $(<$life>)? {
            fn literal(&self) -> TokenStream {
                let Self { $($field),* } = self;
                $(let $field = $field.literal();)*
                quote!(rt::$name { $($field: #$field),* })
            }
        }
    )* };
}

structs! {
    Axis { kernel, stride, dilation, before, after }
    Conv2d { input, output, residual, rows, columns, sampling, groups, weights, activation, pool }
    Depthwise { input, output, rows, columns, multiplier, weights, activation }
    Dense { input, output, residual, weights, stored, activation }
    Pool { input, output, op, windows }
    PooledConv2d { input, output, rows, columns, weights, activation, op }
    Pad { input, output, top, left, mode }
    Copy { input, output, top, left, stride }
    Resize { input, output, mode }
    Blocks { input, output, block, order }
    Binary { left, right, output, op, activation }
    Affine { input, output, weights, activation }
    Normalize { input, output, over, epsilon, weights, activation }
    Activate { input, output, activation }
    Softmax { input, output, log }
    Scaled { conv, scale, scratch }
    Squeeze { first, depthwise, mean, rows, scratch }
    Strips { first, depthwise, last, rows, scratch }
    Winograd {
        input, beside, output, residual, rows, columns, tile, block, scratch, weights, activation, pool,
    }
    Source { slot, repeat }
    Parameter<'_> { name, shape, initial }
    Strides { output, input, row, column, group }
    Fold { weight, bias, mean, variance, epsilon }
    Order { pixels, channels }
    Panels<'_> { weight, bias, strides, groups, outputs, inputs, kernel, order, before, after, part, at }
    Part { first, biased }
    DepthwiseWeights { weight, bias, strides, channels, multiplier, kernel, before, after, at }
    Program<'_> {
        tensors, loads, trained, kept, weights, derived, restored, statistics, sums, arena, shared, rows_arena, steps, layers, rows,
        dense, segments, phases, inputs, output, gradient, head,
    }
    Phase { segments, sums }
    Statistics { channels, pixels, sum, squares, mean, variance, rate, unbiased }
    Restored { from, to, inputs, outputs, tile }
    WinogradWeights { input, gradient, rows, columns, tile, block, scratch, bias, sums }
    DenseWeights { input, gradient, weights, bias }
    ConvWeights { input, gradient, rows, columns, sampling, groups, weights, bias, scratch }
    DepthwiseGradient { input, gradient, output, rows, columns, multiplier, weights, bias }
    ActivateGradient { gradient, saved, output, activation }
    MaxPool { input, output, choice, windows, activation }
    PoolGradient { gradient, output, pooled, windows }
    PadGradient { gradient, output, top, left, mode }
    CopyGradient { gradient, output, top, left, stride }
    ResizeGradient { gradient, output, mode }
    BinaryGradient { gradient, output, factor }
    SoftmaxGradient { gradient, result, output, log }
    NormalizeGradient { input, gradient, output, over, epsilon, weights }
    BatchMoments { gamma, beta, sums, squares, epsilon }
    BatchSum { input, at }
    BatchSquares { input, sums, at }
    BatchNorm { input, output, moments, activation }
    BatchNormGradientSums { input, gradient, moments }
    BatchNormGradient { input, gradient, output, moments }
    Dropout { input, output, rate, layer }
}

/// Enums, by all of their variants.
macro_rules! enums {
    ($($name:ident $(<$life:lifetime>)? {
        $($variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?),* $(,)?
    })*) => { $(
        impl Literal for $name $(<$life>)? {
            fn literal(&self) -> TokenStream {
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($field),* })? => {
                        $($(let $item = $item.literal();)*)?
                        $($(let $field = $field.literal();)*)?
                        quote!(rt::$name::$variant $(($(#$item),*))? $({ $($field: #$field),* })?)
                    })*
                }
            }
        }
    )* };
}

enums! {
    Tile { Four, Two, StridedFour, StridedTwo, Phase, Blocks }
    Sampling { Direct, Upsampled(factors), Transposed }
    PoolOp { Max, Average, AverageWithPadding }
    Windows { Sliding(rows, columns), Adaptive }
    PadMode { Constant(value), Reflect, Symmetric, Edge, Wrap }
    ResizeMode { Nearest, Bilinear, BilinearAlignCorners }
    BlockOrder { DepthLast, DepthFirst }
    BinaryOp { Add, Sub, Mul, Maximum }
    NormalizeOver { Channels, Groups(groups) }
    Activation {
        Linear, Relu, Relu6, LeakyRelu { negative_slope }, Prelu { slopes }, Elu { alpha }, Selu,
        Celu { alpha }, Gelu, GeluApproximate, Silu, Mish, Sigmoid, HardSigmoid, HardSwish, Tanh, Softplus,
        Softsign, Exp, Clip { min, max },
    }
    Stored { F32, Bf16 }
    Initial { Constant(value), Kernel { fan_in, fan_out } }
    Load<'_> {
        Panels(panels), Halves(panels), Phases { kernel, repeat }, Winograd { kernel, tile }, Depthwise(depthwise), Vector { weight, len, order, at },
        Affine { fold, len, order, at },
    }
    Head { Identity, Softmax, LogSoftmax, Sigmoid }
    Place { Image(slot), Row(slot) }
    Segment { Each(steps), All(rows), Loss }
    Saved { Input(slot), Result(slot) }
    Pooled { Max { choice }, Average, AverageWithPadding }
    Factor { One, MinusOne, Other(slot), Larger { own, other } }
    Rows { Dense(kernel), Activate(kernel), ActivateGradient(kernel) }
    Derived {
        Exchanged { from, to, taps, groups, inputs, outputs }, Tiles { from, to, inputs, outputs, tile, back },
    }
    Step {
        Conv2d(kernel), Winograd(kernel), Depthwise(kernel), Pool(kernel), Pad(kernel), Copy(kernel), Resize(kernel),
        Blocks(kernel), Binary(kernel), Normalize(kernel), Activate(kernel), Softmax(kernel), MaxPool(kernel), ConvWeights(kernel),
        WinogradWeights(kernel), ActivateGradient(kernel), PoolGradient(kernel), DepthwiseGradient(kernel), PadGradient(kernel),
        CopyGradient(kernel), ResizeGradient(kernel), BinaryGradient(kernel), SoftmaxGradient(kernel),
        NormalizeGradient(kernel), BatchSum(kernel), BatchSquares(kernel), BatchNorm(kernel),
        BatchNormGradientSums(kernel), BatchNormGradient(kernel), Dropout(kernel), Gather { from, to },
        Scatter { from, to },
    }
}

impl Literal for Kernel {
    fn literal(&self) -> TokenStream {
        match self {
            Self::Conv2d(kernel) => kernel.literal(),
            Self::Depthwise(kernel) => kernel.literal(),
            Self::Dense(kernel) => kernel.literal(),
            Self::Pool(kernel) => kernel.literal(),
            Self::PooledConv2d(kernel) => kernel.literal(),
            Self::Pad(kernel) => kernel.literal(),
            Self::Copy(kernel) => kernel.literal(),
            Self::Resize(kernel) => kernel.literal(),
            Self::Blocks(kernel) => kernel.literal(),
            Self::Binary(kernel) => kernel.literal(),
            Self::Affine(kernel) => kernel.literal(),
            Self::Normalize(kernel) => kernel.literal(),
            Self::Activate(kernel) => kernel.literal(),
            Self::Softmax(kernel) => kernel.literal(),
            Self::Scaled(kernel) => kernel.literal(),
            Self::Squeeze(kernel) => kernel.literal(),
            Self::Strips(kernel) => kernel.literal(),
            Self::Winograd(kernel) => kernel.literal(),
        }
    }
}

impl Literal for Slot {
    fn literal(&self) -> TokenStream {
        let size = [self.height, self.width, self.channels].literal();
        let (offset, pitch) = (self.offset.literal(), self.pitch.literal());
        match self.memory {
            Memory::Arena if self.is_dense() => quote!(rt::Slot::arena(#offset, #size)),
            Memory::Arena => quote!(rt::Slot::view(#offset, #size, #pitch)),
            Memory::Shared => {
                quote!(rt::Slot { memory: rt::Memory::Shared, ..rt::Slot::view(#offset, #size, #pitch) })
            }
            Memory::Input(index) => {
                let index = index.literal();
                quote!(rt::Slot::input(#index, #size))
            }
        }
    }
}

impl Literal for usize {
    fn literal(&self) -> TokenStream {
        Token::usize_unsuffixed(*self).into_token_stream()
    }
}

impl Literal for u64 {
    fn literal(&self) -> TokenStream {
        Token::u64_unsuffixed(*self).into_token_stream()
    }
}

impl Literal for Range<usize> {
    fn literal(&self) -> TokenStream {
        let (start, end) = (self.start.literal(), self.end.literal());
        quote!(rt::core::ops::Range { start: #start, end: #end })
    }
}

impl Literal for bool {
    fn literal(&self) -> TokenStream {
        quote!(#self)
    }
}

impl Literal for f32 {
    fn literal(&self) -> TokenStream {
        let sign = if self.is_sign_negative() { quote!(-) } else { quote!() };
        let size = if self.is_nan() {
            quote!(rt::f32::NAN)
        } else if self.is_infinite() {
            quote!(rt::f32::INFINITY)
        } else {
            Token::f32_unsuffixed(self.abs()).into_token_stream()
        };
        quote!(#sign #size)
    }
}

impl Literal for &str {
    fn literal(&self) -> TokenStream {
        quote!(#self)
    }
}

impl<T: Literal> Literal for Option<T> {
    fn literal(&self) -> TokenStream {
        match self {
            Some(value) => {
                let value = value.literal();
                quote!(rt::Some(#value))
            }
            None => quote!(rt::None),
        }
    }
}

impl<T: Literal, const N: usize> Literal for [T; N] {
    fn literal(&self) -> TokenStream {
        let items = self.iter().map(T::literal);
        quote!([#(#items),*])
    }
}

impl<T: Literal> Literal for &[T] {
    fn literal(&self) -> TokenStream {
        let items = self.iter().map(T::literal);
        quote!(&[#(#items),*])
    }
}
