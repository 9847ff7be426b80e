/// What the last layer applies to its sums. A loss differentiates through it, which is exact where probabilities
/// would already have been rounded to zero or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Nothing that the loss need know of.
    Identity,
    /// Softmax over the channels of each pixel.
    Softmax,
    /// The logarithm of softmax.
    LogSoftmax,
    /// The logistic function of each element.
    Sigmoid,
}
