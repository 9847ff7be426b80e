//! The values of literals.

use proc_macro2::Literal;
use syn::Lit;

use crate::spec::Value;

/// What a literal means, or why it means nothing here. A number's suffix must be a type's, and is stepped over.
pub(super) fn value(literal: &Literal) -> Result<Value, String> {
    const TYPES: [&str; 15] = [
        "", "usize", "isize", "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128", "f32",
        "f64",
    ];
    let known = |suffix: &str| match TYPES.contains(&suffix) {
        true => Ok(()),
        false => Err("this is no number".to_owned()),
    };
    match Lit::new(literal.clone()) {
        Lit::Str(text) => Ok(Value::Word(text.value())),
        Lit::Int(number) if matches!(number.suffix(), "f32" | "f64") => {
            number.base10_parse().map(Value::Float).map_err(|_| "this is no number".into())
        }
        Lit::Int(number) => {
            known(number.suffix())?;
            let parsed = number.base10_parse().map(Value::Integer);
            parsed.map_err(|_| "this number is far too large".into())
        }
        Lit::Float(number) => {
            known(number.suffix())?;
            number.base10_parse().map(Value::Float).map_err(|_| "this is no number".into())
        }
        _ => Err("characters and bytes have no meaning here".into()),
    }
}

/// The text of a string literal.
pub(super) fn string(literal: &Literal) -> Option<String> {
    match Lit::new(literal.clone()) {
        Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Literal {
        text.parse().expect("a literal")
    }

    #[test]
    fn numbers_of_every_form() {
        for (text, expected) in [
            ("64", Value::Integer(64)),
            ("1_000usize", Value::Integer(1000)),
            ("0x1F", Value::Integer(31)),
            ("0b101u8", Value::Integer(5)),
            ("0o17", Value::Integer(15)),
            ("0.3", Value::Float(0.3)),
            ("2.", Value::Float(2.0)),
            ("1e-3", Value::Float(0.001)),
            ("3f32", Value::Float(3.0)),
            ("170141183460469231731687303715884105727", Value::Integer(i128::MAX)),
        ] {
            assert_eq!(value(&literal(text)), Ok(expected), "{text}");
        }
        for text in ["170141183460469231731687303715884105728", "5px", "'a'", "b\"a\""] {
            assert!(value(&literal(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn strings_of_every_form() {
        for (text, expected) in [
            (r#""a b""#, "a b"),
            (r##"r#"a"b"#"##, "a\"b"),
            (r#""a\\b\"""#, "a\\b\""),
            ("r\"c:\\d\"", "c:\\d"),
        ] {
            assert_eq!(string(&literal(text)).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(string(&literal("c\"a\"")), None);
    }
}
