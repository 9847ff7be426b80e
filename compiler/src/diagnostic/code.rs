//! The kinds of mistakes, by numbers that stay: what `docs/errors.md` explains, a section for each.

use core::fmt;
use core::str::FromStr;

use convolve_runtime::weights::{WeightsError, code as weights};

/// Declares the codes: number, variant, title.
macro_rules! codes {
    ($($number:expr, $code:ident, $title:literal;)*) => {
        /// A kind of mistake, or of doubtful network. A number that has been given is never given again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = $title] $code = $number,)*
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// What is wrong, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$code => $title,)*
                }
            }
        }
    };
}

codes! {
    // The text of a file or a macro.
    101, NotText, "the file is not plain text";
    102, Syntax, "this is not YAML";
    103, Indentation, "the indentation fits nothing above it";
    104, Anchor, "an alias or merge key has nothing to stand for";
    105, UnsupportedYaml, "this part of YAML has no meaning here";
    106, TextTooLarge, "the text exceeds a limit";

    // What a specification consists of.
    201, MissingPart, "a part of the specification is missing";
    202, UnknownKey, "a key is unknown";
    203, GivenTwice, "a key or an argument is given twice";
    204, WrongForm, "a key takes a value of another form";
    205, NotALayer, "an entry of the list is not one layer";
    206, ArgumentForm, "the arguments of a layer are written in another form";
    207, NetworkName, "this cannot be the network's name";

    // The grammar of `cnn!`.
    301, UnexpectedToken, "something else was expected here";
    302, Attribute, "an attribute means nothing here";
    303, NotOffered, "this part of Rust has no place in a network";
    304, Signature, "the signature is neither a network's nor a block's";
    305, NotBound, "a name is not bound here";
    306, NoResult, "a body or a statement gives nothing";

    // Layers, their arguments and their names.
    401, UnknownLayer, "there is no such layer or block";
    402, UnknownArgument, "there is no such argument";
    403, MissingArgument, "a required argument is missing";
    404, UnknownActivation, "there is no such activation";
    405, SourceCount, "a layer reads another number of sources";
    406, UnknownSource, "there is no layer of this name";
    407, SourceBelow, "a layer reads one that stands further down";
    408, AmbiguousInput, "it is not said which input a layer reads";
    409, NameTwice, "two things have the same name";
    410, LayerName, "this cannot be a layer's name";

    // Blocks, their parameters, and repetition.
    501, BlockName, "the name of a block or a parameter is taken";
    502, UnknownParameter, "there is no such parameter";
    503, PartOfValue, "a parameter or number is only part of a value";
    504, BlockCycle, "a block contains itself";
    505, RepeatedMerge, "a layer of several sources is repeated";
    506, TooManyLayers, "the network expands beyond a limit";

    // Values of arguments.
    601, WrongType, "a value is of the wrong kind";
    602, OutOfRange, "a number is outside its range";
    603, UnknownWord, "the word is none of those that are known here";
    604, ListLength, "a list has the wrong number of elements";
    605, Contradiction, "two arguments contradict each other";

    // Shapes.
    701, WindowTooLarge, "a window is larger than its input";
    702, EmptyWindow, "a window of a pooling reads nothing but padding";
    703, PaddingTooFar, "the input cannot fill a padding of this mode";
    704, NothingLeft, "nothing is left of the input";
    705, NotDivisible, "a number does not divide what it parts";
    706, ReshapeCount, "a reshape changes the number of elements";
    707, NeedsMap, "a layer reads a map, but gets a vector";
    708, ShapesDiffer, "the shapes of what is joined differ";
    709, OrdersDiffer, "the elements of two vectors stand in different orders";
    710, TooManyElements, "a tensor is too large";
    711, DeclaredOutputs, "the outputs are not what is declared";

    // The network as a whole.
    801, Unused, "an input or a layer is never read";
    802, NotTrainable, "the network cannot be trained";

    // Files, and the tensors of weights.
    901, UnreadableFile, "a file cannot be read";
    weights::FILE, NotSafetensors, "the weights are not a whole safetensors file";
    weights::MISSING, MissingTensor, "the weights lack a tensor";
    weights::SURPLUS, SurplusTensor, "the weights have a tensor that no layer uses";
    weights::SHAPE, TensorShape, "a tensor of the weights has another shape";
    weights::TYPE, TensorType, "a tensor of the weights has another type";
    weights::NOT_FINITE, NotFinite, "a weight is not a finite number";
    908, OtherLayout, "the weights are in the other layout";
}

impl Code {
    /// The code of what is wrong with weights.
    #[must_use]
    pub fn of_weights(error: &WeightsError) -> Self {
        Self::numbered(error.code()).unwrap_or(Self::NotSafetensors)
    }

    /// Its number: the hundreds are the theme.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    fn numbered(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

/// `C0101`
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{:04}", self.number())
    }
}

/// There is no such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such error code")
    }
}

impl core::error::Error for UnknownCode {}

/// From `C0101` or `c0101`.
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().copied().find(|code| code.to_string().eq_ignore_ascii_case(text));
        found.ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_and_are_written_and_read() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.number() < b.number()));
        for code in Code::ALL {
            assert!((101..1000).contains(&code.number()));
            assert_eq!(code.to_string().parse(), Ok(*code));
            assert_eq!(code.to_string().to_lowercase().parse(), Ok(*code));
        }
        assert_eq!(Code::NotText.to_string(), "C0101");
        for wrong in ["", "C101", "101", "C0100", "E0101"] {
            assert_eq!(wrong.parse::<Code>(), Err(UnknownCode), "{wrong}");
        }
    }
}
