//! Reading the arguments of one layer. A mistake is reported and gives `None`; the other arguments are
//! still read, so that all mistakes of a layer come at once.

use convolve_runtime::geometry::Axis;

use super::expand::{Given, Layer};
use super::notation::Notation;
use super::values::{self, LARGEST, kind_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::{Place, Spanned, Value};

/// The arguments of a layer.
pub(super) struct Arguments<'a> {
    pub(super) layer: &'a Layer,
    pub(super) notation: Notation,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

/// Padding as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// Enough for `ceil(input / stride)` windows, the odd cell after, or before.
    Same { lower: bool },
    /// Top, bottom, left, right.
    Cells([usize; 4]),
}

impl<'a> Arguments<'a> {
    /// The argument as written.
    pub(super) fn given(&self, name: &str) -> Option<&'a Given> {
        self.layer.arguments.iter().find(|given| given.name.value == name)
    }

    /// Where to point for this argument: its value, or the layer if it is not written.
    pub(super) fn place(&self, name: &str) -> Place {
        self.given(name).map_or(self.layer.kind_place, |given| given.value.place)
    }

    /// "`stride` of `c1`".
    pub(super) fn what(&self, name: &str) -> String {
        format!("`{name}` of `{}`", self.layer.name)
    }

    /// Reports a mistake in an argument, with the place that used it if a parameter brought it.
    pub(super) fn report(&mut self, name: &str, mistake: Diagnostic) {
        let used = self.given(name).and_then(|given| given.used);
        let kind = self.layer.kind.name;
        self.diagnostics.push(match used {
            Some(used) => mistake.related(used, format!("used here as `{name}` of `{kind}`")),
            None => mistake,
        });
    }

    /// Reads an argument with `read`, or takes `default`; `None` for a required one that is missing, which is
    /// reported elsewhere.
    fn read<T>(
        &mut self,
        name: &str,
        default: Option<T>,
        read: impl Fn(&Spanned<Value>, &str) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        let Some(given) = self.given(name) else { return default };
        match read(&given.value, &self.what(name)) {
            Ok(value) => Some(value),
            Err(mistake) => {
                self.report(name, mistake);
                None
            }
        }
    }

    /// The remedy for a number that is none, or too small or large: the smallest that works.
    fn least(&self, name: &str, least: usize) -> String {
        format!("the smallest value is {}", self.notation.argument(name, least))
    }

    /// A whole number of at least `least`.
    pub(super) fn integer(&mut self, name: &str, default: Option<usize>, least: usize) -> Option<usize> {
        let help = self.least(name, least);
        self.read(name, default, |value, what| {
            values::integer_between(value, what, least, LARGEST).map_err(|mistake| mistake.help(&help))
        })
    }

    /// A finite number.
    pub(super) fn number(&mut self, name: &str, default: Option<f32>) -> Option<f32> {
        self.read(name, default, values::number)
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, name: &str, default: bool) -> Option<bool> {
        self.read(name, Some(default), values::truth)
    }

    /// One of these words, by its index; the first is the default.
    pub(super) fn word(&mut self, name: &str, words: &[&str]) -> Option<usize> {
        self.read(name, Some(0), |value, what| values::word(value, what, words))
    }

    /// One number for both axes, or `[vertical, horizontal]`.
    pub(super) fn pair(
        &mut self,
        name: &str,
        default: Option<[usize; 2]>,
        least: usize,
    ) -> Option<[usize; 2]> {
        let help = self.least(name, least);
        let integer = |value: &Spanned<Value>, what: &str| {
            values::integer_between(value, what, least, LARGEST).map_err(|mistake| mistake.help(&help))
        };
        self.read(name, default, |value, what| match &value.value {
            Value::List(items) => match items.as_slice() {
                [vertical, horizontal] => Ok([integer(vertical, what)?, integer(horizontal, what)?]),
                _ => Err(Diagnostic::error(
                    Code::ListLength,
                    value.place,
                    format!("{what} is a list of {}", items.len()),
                )
                .label("expected a number or `[vertical, horizontal]`")),
            },
            Value::Integer(_) => integer(value, what).map(|number| [number; 2]),
            other => {
                Err(Diagnostic::error(Code::WrongType, value.place, format!("{what} is {}", kind_of(other)))
                    .label("expected a whole number or `[vertical, horizontal]`")
                    .help(&help))
            }
        })
    }

    /// One number for all sides, `[vertical, horizontal]` or `[top, bottom, left, right]`.
    pub(super) fn sides(&mut self, name: &str) -> Option<[usize; 4]> {
        self.read(name, None, sides)
    }

    /// `padding` of a window: a word or [`sides`](Self::sides).
    pub(super) fn padding(&mut self) -> Option<Padding> {
        self.read("padding", Some(Padding::Cells([0; 4])), |value, what| match &value.value {
            Value::Word(_) => Ok(match values::word(value, what, &["valid", "same", "same_lower"])? {
                0 => Padding::Cells([0; 4]),
                word => Padding::Same { lower: word == 2 },
            }),
            _ => sides(value, what).map(Padding::Cells),
        })
    }
}

fn sides(value: &Spanned<Value>, what: &str) -> Result<[usize; 4], Diagnostic> {
    let cells = |value: &Spanned<Value>| values::integer_between(value, what, 0, LARGEST);
    match &value.value {
        Value::List(items) => match items.as_slice() {
            [v, h] => {
                let (v, h) = (cells(v)?, cells(h)?);
                Ok([v, v, h, h])
            }
            [top, bottom, left, right] => Ok([cells(top)?, cells(bottom)?, cells(left)?, cells(right)?]),
            _ => Err(Diagnostic::error(
                Code::ListLength,
                value.place,
                format!("{what} is a list of {}", items.len()),
            )
            .label("expected `[vertical, horizontal]` or `[top, bottom, left, right]`")),
        },
        Value::Integer(_) => cells(value).map(|cells| [cells; 4]),
        other => {
            Err(Diagnostic::error(Code::WrongType, value.place, format!("{what} is {}", kind_of(other)))
                .label("expected a whole number, `[vertical, horizontal]` or `[top, bottom, left, right]`"))
        }
    }
}

impl Padding {
    /// The axes of a window with this padding; `None` if a size overflows.
    pub(super) fn axes(
        self,
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> Option<[Axis; 2]> {
        let axis = |i: usize| {
            let bare =
                Axis { kernel: kernel[i], stride: stride[i], dilation: dilation[i], before: 0, after: 0 };
            let (before, after) = match self {
                Self::Cells(cells) => (cells[2 * i], cells[2 * i + 1]),
                Self::Same { lower } => split(bare.same_padding(input[i])?, lower),
            };
            Some(Axis { before, after, ..bare })
        };
        Some([axis(0)?, axis(1)?])
    }
}

/// Halves a padding; the odd cell goes after, or before.
pub(super) fn split(total: usize, lower: bool) -> (usize, usize) {
    let (small, large) = (total / 2, total - total / 2);
    if lower { (large, small) } else { (small, large) }
}
