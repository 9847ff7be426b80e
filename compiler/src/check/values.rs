//! Reading values: numbers within limits, words out of a list, pairs.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::spec::{Spanned, Value};

/// Largest number that a size, stride or count may be, and the most elements of a tensor.
pub(super) const LARGEST: usize = 1 << 31;

/// What a value is, for a message: "the number 3", "a list".
pub(super) fn kind_of(value: &Value) -> String {
    match value {
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Bool(truth) => format!("`{truth}`"),
        Value::Word(word) => format!("`{}`", shortened(word)),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Call(name, _) => format!("`{}` with arguments", shortened(&name.value)),
        Value::Parameter(name) => format!("the parameter `{}`", shortened(name)),
        Value::Nothing => "nothing".to_owned(),
    }
}

/// A word of the user's, cut where it would swamp the message.
fn shortened(word: &str) -> String {
    const MOST: usize = 40;
    match word.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

/// A whole number in `least..=most`; `what` names it in the message.
pub(super) fn integer_between(
    value: &Spanned<Value>,
    what: &str,
    least: usize,
    most: usize,
) -> Result<usize, Diagnostic> {
    let number = match value.value {
        Value::Integer(number) => number,
        ref other => {
            return Err(Diagnostic::error(
                Code::WrongType,
                value.place,
                format!("{what} is {}, not a whole number", kind_of(other)),
            )
            .label("expected a whole number"));
        }
    };
    if number < least as i128 {
        return Err(Diagnostic::error(
            Code::OutOfRange,
            value.place,
            format!("{what} is {number}, but must be at least {least}"),
        )
        .label(format!("at least {least}")));
    }
    match usize::try_from(number) {
        Ok(number) if number <= most => Ok(number),
        _ => Err(Diagnostic::error(
            Code::OutOfRange,
            value.place,
            format!("{what} is {number}, but may be at most {most}"),
        )
        .label(format!("at most {most}"))),
    }
}

/// A finite number.
pub(super) fn number(value: &Spanned<Value>, what: &str) -> Result<f32, Diagnostic> {
    let wide = match value.value {
        Value::Integer(number) => number as f64,
        Value::Float(number) => number,
        ref other => {
            return Err(Diagnostic::error(
                Code::WrongType,
                value.place,
                format!("{what} is {}, not a number", kind_of(other)),
            )
            .label("expected a number"));
        }
    };
    let narrow = wide as f32;
    if narrow.is_finite() {
        Ok(narrow)
    } else {
        Err(Diagnostic::error(
            Code::OutOfRange,
            value.place,
            format!("{what} is {wide:e}, which float32 cannot hold"),
        )
        .label("not a finite float32"))
    }
}

/// `true` or `false`.
pub(super) fn truth(value: &Spanned<Value>, what: &str) -> Result<bool, Diagnostic> {
    match value.value {
        Value::Bool(truth) => Ok(truth),
        ref other => Err(Diagnostic::error(
            Code::WrongType,
            value.place,
            format!("{what} is {}, not `true` or `false`", kind_of(other)),
        )
        .label("expected `true` or `false`")),
    }
}

/// One of these words, by its index.
pub(super) fn word(value: &Spanned<Value>, what: &str, words: &[&str]) -> Result<usize, Diagnostic> {
    let listed = || words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match &value.value {
        Value::Word(found) => words.iter().position(|word| word == found).ok_or_else(|| {
            let lower = found.to_lowercase();
            let mistake = Diagnostic::error(
                Code::UnknownWord,
                value.place,
                format!("{what} cannot be {}", kind_of(&value.value)),
            )
            .label(format!("expected one of {}", listed()));
            mistake.maybe_help(
                suggest(&lower, words.iter().copied()).map(|meant| format!("did you mean `{meant}`?")),
            )
        }),
        other => Err(Diagnostic::error(
            Code::WrongType,
            value.place,
            format!("{what} cannot be {}", kind_of(other)),
        )
        .label(format!("expected one of {}", listed()))),
    }
}

/// The divisors of `number` on both sides of `near`, which is none.
pub(super) fn divisors_beside(near: usize, number: usize) -> impl Iterator<Item = usize> {
    let small = (1..).take_while(|n| n * n <= number).filter(|n| number.is_multiple_of(*n));
    let all: BTreeSet<usize> = small.flat_map(|n| [n, number / n]).collect();
    let (below, above) = (all.range(..near).next_back(), all.range(near..).next());
    [below.copied(), above.copied()].into_iter().flatten()
}

/// The greatest common divisor (Euclid's).
pub(super) const fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
