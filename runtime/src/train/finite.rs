use core::fmt;

/// Where the first number appeared that is infinite or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFinite<'p> {
    /// In what a layer gave.
    Output {
        /// The layer.
        layer: &'p str,
    },
    /// In the loss.
    Loss,
    /// In a parameter's gradient.
    Gradient {
        /// The parameter.
        tensor: &'p str,
    },
}

impl fmt::Display for NotFinite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output { layer } => write!(f, "the output of layer `{layer}` is not finite"),
            Self::Loss => f.write_str("the loss is not finite"),
            Self::Gradient { tensor } => write!(f, "the gradient of `{tensor}` is not finite"),
        }
    }
}
