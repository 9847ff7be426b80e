use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Numbers of the error codes. They are stable, and explained by `convolve explain`.
pub mod code {
    /// Of [`File`](super::WeightsError::File).
    pub const FILE: u16 = 902;
    /// Of [`Missing`](super::WeightsError::Missing).
    pub const MISSING: u16 = 903;
    /// Of [`Surplus`](super::WeightsError::Surplus).
    pub const SURPLUS: u16 = 904;
    /// Of [`Shape`](super::WeightsError::Shape).
    pub const SHAPE: u16 = 905;
    /// Of [`Type`](super::WeightsError::Type).
    pub const TYPE: u16 = 906;
    /// Of [`NotFinite`](super::WeightsError::NotFinite).
    pub const NOT_FINITE: u16 = 907;
}

/// Why a weights file does not fit a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WeightsError {
    /// The bytes are not a safetensors file, or not all of one.
    File {
        /// What is wrong with them.
        reason: String,
    },
    /// The file lacks a tensor.
    Missing {
        /// Its name.
        tensor: String,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// The file holds a tensor that the model does not know.
    Surplus {
        /// Its name.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The missing tensor that it may be.
        suggestion: Option<String>,
    },
    /// A tensor has another shape.
    Shape {
        /// Its name.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor's elements are not F32, F16 or BF16.
    Type {
        /// Its name.
        tensor: String,
        /// Their type, as safetensors calls it.
        found: String,
    },
    /// An element is infinite or not a number.
    NotFinite {
        /// The tensor's name.
        tensor: String,
        /// The first such element, counted in the flattened tensor.
        element: usize,
        /// Its value.
        value: f32,
    },
}

impl WeightsError {
    /// The tensor it is about; none where the file as a whole is wrong.
    #[must_use]
    pub fn tensor(&self) -> Option<&str> {
        match self {
            Self::File { .. } => None,
            Self::Missing { tensor, .. }
            | Self::Surplus { tensor, .. }
            | Self::Shape { tensor, .. }
            | Self::Type { tensor, .. }
            | Self::NotFinite { tensor, .. } => Some(tensor),
        }
    }

    /// The number of its error [`code`]: 903 for `C0903`.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::File { .. } => code::FILE,
            Self::Missing { .. } => code::MISSING,
            Self::Surplus { .. } => code::SURPLUS,
            Self::Shape { .. } => code::SHAPE,
            Self::Type { .. } => code::TYPE,
            Self::NotFinite { .. } => code::NOT_FINITE,
        }
    }

    /// What is wrong, without the code.
    pub fn reason(&self) -> impl fmt::Display {
        fmt::from_fn(|f| self.write_reason(f))
    }

    fn write_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { reason } => write!(f, "this is not a whole safetensors file: {reason}"),
            Self::Missing { tensor, expected } => {
                write!(f, "the file has no tensor `{tensor}` {expected:?}{}", Owner(tensor))
            }
            Self::Surplus { tensor, found, suggestion } => {
                write!(f, "the file has a tensor `{tensor}` {found:?}, which no layer uses")?;
                suggestion.iter().try_for_each(|name| write!(f, "; should it be called `{name}`?"))
            }
            Self::Shape { tensor, found, expected } => {
                write!(f, "tensor `{tensor}` is {found:?}, but must be {expected:?}{}", Owner(tensor))?;
                transposition(tensor, found, expected).map_or(Ok(()), |hint| write!(f, "; {hint}"))
            }
            Self::Type { tensor, found } => {
                write!(f, "tensor `{tensor}` holds {found}, but must hold F32, F16 or BF16{}", Owner(tensor))
            }
            Self::NotFinite { tensor, element, value } => {
                write!(f, "element {element} of tensor `{tensor}` is {value}{}", Owner(tensor))
            }
        }
    }
}

/// `[C0903] the file has no tensor …`
impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[C{:04}] {}", self.code(), self.reason())
    }
}

impl core::error::Error for WeightsError {}

/// Says which layer a tensor belongs to.
struct Owner<'a>(&'a str);

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.rsplit_once('.').map_or(Ok(()), |(layer, _)| write!(f, " (layer `{layer}`)"))
    }
}

/// What a shape of the right sizes in the wrong order looks like.
fn transposition(tensor: &str, found: &[usize], expected: &[usize]) -> Option<&'static str> {
    let sorted = |shape: &[usize]| {
        let mut sizes = shape.to_vec();
        sizes.sort_unstable();
        sizes
    };
    if sorted(found) != sorted(expected) {
        return None;
    }
    let swapped = match *expected {
        [_, _] => true,
        [_, _, a, b] if tensor.ends_with(".weight") => found.starts_with(&[a, b]),
        [a, b, _, _] => found.ends_with(&[a, b]),
        _ => false,
    };
    Some(match tensor.rsplit('.').next() {
        Some("weight") if swapped => "it looks like the Keras layout (`layout: keras`)",
        Some("kernel") if swapped => "it looks like the PyTorch layout (`layout: pytorch`)",
        _ => "it looks transposed",
    })
}
